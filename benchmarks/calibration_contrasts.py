"""Tables of benchmarks/calibration.py about differences that are tested together."""

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import truths
from calibration_networks import VIEWS, drawn, encoders, layers, scenes
from simulation import heading, plan_of, row, run, whole

from catsight.metrics.contrasts import Found, together
from catsight.metrics.estimate import Estimate, mean_over_layers
from catsight.metrics.hypotheses import Hypotheses, Member
from catsight.metrics.suite import compare
from catsight.study.measures import MEASURES

METRIC, GROUPS = "cka_linear_unbiased", (7, 15, 25, 40)
EQUAL = (0.97,) * 6
DIFFERENT = (0.99, 0.985, 0.98, 0.975, 0.97, 0.96)
#: Margins of equivalence (loss ratios).
MARGINS = (1.25, 2.0, 4.0)
SPEC: Any = {
    "study": "calibration",
    "reference": "human",
    "measures": {METRIC: MEASURES[METRIC].facts},
    "confidence": 0.95,
    "seed": 0,
}


class Outcome(NamedTuple):
    """What a study said of all pairs of its members; ``right``: the direction of each difference.

    ``any``: whether any corrected test rejects. ``together``: whether all simultaneous intervals
    hold the true differences. ``each``: which single tests reject, in the right direction.
    ``equivalent``: which single tests of equivalence reject. ``best``: whether the set of the best
    holds the best, and ``size``, how many it holds.
    """

    any: bool
    together: bool
    each: np.ndarray
    equivalent: np.ndarray
    best: bool
    size: int


def outcome(
    estimates: Sequence[Estimate], values: Sequence[float], groups: int, margin: float = 1.25
) -> Outcome:
    """The contrasts of all pairs of ``estimates``, whose true values are ``values``."""
    members = [
        Member(
            str(i), {"encoder": str(i)}, one.values, tuple(one.parts), groups, groups, frozenset()
        )
        for i, one in enumerate(estimates)
    ]
    pairs = np.array(list(combinations(range(len(members)), 2)))
    found: Found = together(
        Hypotheses("encoder", "all", METRIC, members, pairs), SPEC | {"margin": margin}
    )
    of = {name: found.contrasts[name].to_numpy() for name in ("z", "sim_low", "sim_high")}
    p, p_holm, p_equal = (
        found.contrasts[name].to_numpy() for name in ("p_value", "p_holm", "p_equivalence")
    )
    z = np.arctanh(values)
    true = z[pairs[:, 0]] - z[pairs[:, 1]]
    in_set = np.array(found.best["in_set"].to_pylist())
    return Outcome(
        any=bool((p_holm <= 0.05).any()),
        together=bool(((of["sim_low"] <= true) & (true <= of["sim_high"])).all()),
        each=(p <= 0.05) & (np.sign(of["z"]) * np.sign(true) >= 0),
        equivalent=p_equal <= 0.05,
        best=bool(in_set[np.argmax(values)]),
        size=int(in_set.sum()),
    )


def of_model(
    seed: int, groups: int, alignments: tuple[float, ...], sizes: str, margin: float = 1.25
) -> Outcome:
    """A study of encoders of these true alignments."""
    studies = truths.encoders(seed, groups, list(alignments), sizes)
    plan = plan_of(studies[0].group)
    estimates = [compare(x, y, plan, [METRIC])[METRIC] for x, y, _ in studies]
    return outcome(estimates, alignments, groups, margin)


def view_means(seed: int, groups: int, path: Path) -> dict[str, list[Estimate]]:
    """The mean over layers of each view, in a study of some of the scenes: by encoder."""
    group, features = drawn(path, seed, groups)
    plan = plan_of(group) if groups <= max(GROUPS) else whole(group)
    means = {}
    for encoder in encoders(path):
        of_views: dict[str, list[Estimate]] = {view: [] for view in VIEWS}
        for layer in layers(path, encoder):
            x = features(f"{encoder}/human/{layer}")
            for view, found in of_views.items():
                y = features(f"{encoder}/{view}/{layer}")
                found.append(compare(x, y, plan, [METRIC])[METRIC])
        means[encoder] = [mean_over_layers(found) for found in of_views.values()]
    means["mean of both"] = [mean_over_layers(of_view) for of_view in zip(*means.values())]
    return means


def of_networks(
    seed: int, groups: int, path: Path, values: dict[str, list[float]]
) -> dict[str, Outcome]:
    """The contrasts of the views in a study of some of the scenes: by encoder."""
    means = view_means(seed, groups, path)
    return {encoder: outcome(means[encoder], values[encoder], groups) for encoder in means}


def contrasts(studies: int, pool: Executor) -> None:
    """Prints how differences between six encoders, all pairs, are told and missed."""
    heading("Share of studies of six encoders (15 pairs): model", ["", "sizes", *GROUPS])
    for sizes in ("equal", "lognormal"):

        def found(
            *alignments: float, margin: float = 1.25, sizes: str = sizes
        ) -> list[list[Outcome]]:
            work = partial(of_model, alignments=alignments, sizes=sizes, margin=margin)
            return [run(partial(work, groups=g), studies, pool, f"contrasts {g}") for g in GROUPS]

        def add(label: str, cells: Sequence[float], sizes: str = sizes) -> None:
            row([label, sizes, *(f"{cell:.3f}" for cell in cells)])

        equal, different = found(*EQUAL), found(*DIFFERENT)
        add("equal: any told apart (Holm)", [_mean(of, "any") for of in equal])
        add("equal: any told apart (uncorrected)", [_any(of) for of in equal])
        add("equal: simultaneous intervals hold", [_mean(of, "together") for of in equal])
        add("different: simultaneous intervals hold", [_mean(of, "together") for of in different])
        add("different: the set of the best holds it", [_mean(of, "best") for of in different])
        add("different: members of that set", [_mean(of, "size") for of in different])
        for margin in MARGINS:
            lower = float(np.tanh(np.arctanh(0.97) - np.log(margin) / 2))
            apart, alike = (found(0.97, other, margin=margin) for other in (lower, 0.97))
            add(f"loss ratio {margin}: wrongly equivalent", [_equivalent(of) for of in apart])
            add(f"loss ratio 1: equivalent within {margin}", [_equivalent(of) for of in alike])


def power(studies: int, pool: Executor, path: Path) -> None:
    """Prints how often two views are told apart, by mean over layers: `networks`."""
    all_scenes = int(scenes(path)["group"][-1]) + 1
    large = view_means(0, all_scenes, path)
    values = {encoder: [float(one.values[0]) for one in of] for encoder, of in large.items()}
    heading("Power of single tests (p <= 0.05), and simultaneous intervals", ["", "", *GROUPS])
    of = {
        g: run(
            partial(of_networks, groups=g, path=path, values=values), studies, pool, f"power {g}"
        )
        for g in GROUPS
    }
    for encoder in large:
        for i, (a, b) in enumerate(combinations(range(len(VIEWS)), 2)):
            label = f"{VIEWS[a]} ({values[encoder][a]:.3f}) against {VIEWS[b]} "
            label += f"({values[encoder][b]:.3f})"
            cells = [np.mean([one[encoder].each[i] for one in of[g]]) for g in GROUPS]
            row([encoder, label, *(f"{cell:.3f}" for cell in cells)])
        cells = [np.mean([one[encoder].together for one in of[g]]) for g in GROUPS]
        row([encoder, "all simultaneous intervals hold", *(f"{cell:.3f}" for cell in cells)])


def _mean(found: Sequence[Outcome], field: str) -> float:
    return float(np.mean([getattr(one, field) for one in found]))


def _equivalent(found: Sequence[Outcome]) -> float:
    return float(np.mean([one.equivalent[0] for one in found]))


def _any(found: Sequence[Outcome]) -> float:
    """How often any single test rejects, of encoders that are equal."""
    return float(np.mean([one.each.any() for one in found]))
