"""Tables of benchmarks/calibration.py about `networks`: studies of a few of the 320 scenes in the
file of benchmarks/scenes.py. The truth is the value of all scenes."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from functools import cache, partial
from pathlib import Path

import numpy as np
from simulation import INTERVALS, Held, ends, heading, held, means, plan_of, row, run, whole

from catsight.metrics.attribution import divide
from catsight.metrics.estimate import Estimate, mean_over_layers
from catsight.metrics.stability import ceilings
from catsight.metrics.suite import compare
from catsight.study.measures import MEASURES
from catsight.tables.names import WHOLE

GROUPS = (7, 15, 25, 40)
VIEWS = ("cat", "blur", "jpeg")
#: The encoder whose losses are divided among parts of the eye, and the views of their subsets.
DIVIDED = "efficientnet_lite0"
SUBSETS = {
    "": "human",
    "acuity": "human+acuity",
    "colour": "human+colour",
    "acuity+colour": "human+acuity+colour",
}
#: Measures whose ceilings, shares and means over layers are tabulated.
FEW = ("cka_linear_unbiased", "rsa")
#: (kind, encoder, view or part, layer, measure)
Key = tuple[str, str, str, str, str]
Found = dict[Key, tuple[float, ...]]


@cache
def scenes(path: Path) -> Mapping[str, np.ndarray]:
    """The arrays of the file, by name; frames sorted by scene."""
    with np.load(path) as file:
        order = np.argsort(file["group"], kind="stable")
        return {name: file[name][order] for name in file.files}


def layers(path: Path, encoder: str) -> list[str]:
    """The layers of an encoder, in its order."""
    start = f"{encoder}/human/"
    return [name.removeprefix(start) for name in scenes(path) if name.startswith(start)]


def encoders(path: Path) -> list[str]:
    """The encoders in the file."""
    return list(dict.fromkeys(name.split("/")[0] for name in scenes(path) if "/" in name))


def drawn(path: Path, seed: int, groups: int) -> tuple[np.ndarray, Callable[[str], np.ndarray]]:
    """The groups of the frames of so many scenes, and a function from a name to their features."""
    arrays = scenes(path)
    scene = arrays["group"]
    chosen = np.random.default_rng([seed, groups]).permutation(scene[-1] + 1)[:groups]
    rows = np.isin(scene, chosen)
    return scene[rows], lambda name: arrays[name][rows]


def study(seed: int, groups: int, path: Path) -> Found:
    """Value and interval, or of all scenes the value, of all that is tabulated."""
    group, features = drawn(path, seed, groups)
    plan = plan_of(group) if groups < len(np.unique(scenes(path)["group"])) else whole(group)
    found: Found = {}
    for encoder in encoders(path):
        of: dict[str, list[dict[str, Estimate]]] = {}
        for i, layer in enumerate(layers(path, encoder)):
            x = features(f"{encoder}/human/{layer}")
            measures = FEW if i % 3 else INTERVALS
            estimates = {
                view: compare(x, features(f"{encoder}/{view}/{layer}"), plan, measures)
                for view in (*VIEWS, "original")
            }
            for view in VIEWS:
                of.setdefault(view, []).append(estimates[view])
                for name, estimate in estimates[view].items():
                    found["layer", encoder, view, layer, name] = ends(name, estimate)
            few = {view: {m: of_view[m] for m in FEW} for view, of_view in estimates.items()}
            for view, name, kind, estimate in ceilings(few, ["original"]):
                if kind == "of_ceiling":
                    found[kind, encoder, view, layer, name] = ends(name, estimate)
        for view, of_layers in of.items():
            for name in FEW:
                mean = mean_over_layers([layer[name] for layer in of_layers])
                found["mean", encoder, view, "all", name] = ends(name, mean)
    return found | dict(_losses(path, plan, features))


def _losses(
    path: Path, plan: object, features: Callable[[str], np.ndarray]
) -> Iterator[tuple[Key, tuple[float, ...]]]:
    """The loss due to each part of the eye, in each layer and in their mean."""
    of_layers: dict[tuple[str, str], list[Estimate]] = {}
    for layer in layers(path, DIVIDED):
        x = features(f"{DIVIDED}/human/{layer}")
        worth = {
            subset: compare(x, features(f"{DIVIDED}/{view}/{layer}"), plan, FEW)  # type: ignore[arg-type]
            for subset, view in SUBSETS.items()
        }
        for name in FEW:
            losses = divide({s: of[name] for s, of in worth.items()}, ["acuity", "colour"], True)
            for part in ("acuity", "colour", WHOLE):
                loss = losses[part, "value"]
                of_layers.setdefault((part, name), []).append(loss)
                yield ("part", DIVIDED, part, layer, name), ends(name, loss, difference=True)
    for (part, name), losses_of in of_layers.items():
        mean = mean_over_layers(losses_of)
        yield ("part", DIVIDED, part, "all", name), ends(name, mean, difference=True)


def networks(studies: int, pool: Executor, path: Path) -> None:
    """Prints how often intervals hold the value of all scenes."""
    (large,) = pool.map(partial(study, groups=int(scenes(path)["group"][-1]) + 1, path=path), [0])
    truths = means([large])
    of = {
        g: run(partial(study, groups=g, path=path), studies, pool, f"networks {g}") for g in GROUPS
    }
    columns = ["", "", *GROUPS]
    heading("Share of 95 % intervals that hold the truth (median width; lowest): networks", columns)
    for label, name, keys in _rows(truths):
        cells = []
        for g in GROUPS:
            truth = {key: None if MEASURES[name].depends_on_n else truths[key] for key in keys}
            each = [held([one[key] for one in of[g]], truth[key]) for key in keys]
            cells.append(_together([one for one in each if one.given >= 0.5]))
        row([f"`{name}`", label, *cells])


def _together(each: list[Held]) -> str:
    """The mean share, the median width and, of several, the lowest share."""
    if not each:
        return "–"
    share, width = np.mean([one.share for one in each]), np.median([one.width for one in each])
    lowest = f"; {min(one.share for one in each):.2f}" if len(each) > 1 else ""
    return f"{share:.3f} ({width:.2g}{lowest})"


def _rows(truths: Mapping[Key, float]) -> Iterator[tuple[str, str, list[Key]]]:
    """(label, measure, keys whose coverage is averaged)"""
    of_layers = [key for key in truths if key[0] == "layer"]
    for low, high in ((-1, 0.95), (0.95, 0.99), (0.99, 1)):
        name = "cka_linear_unbiased"
        keys = [key for key in of_layers if key[-1] == name and low <= truths[key] < high]
        if keys:
            yield f"{len(keys)} layers, {max(low, 0):g} to {high:g}", name, keys
    for name in INTERVALS[1:]:
        keys = [key for key in of_layers if key[-1] == name]
        yield f"{len(keys)} layers", name, keys
    for kind, label in (("mean", "mean over layers, {} {}"), ("part", "loss by {1}, {0}")):
        for key in truths:
            if key[0] == kind and key[3] == "all":
                yield label.format(*key[1:3]), key[-1], [key]
    for name in FEW:
        for view in VIEWS:
            keys = [key for key in truths if key[0] == "of_ceiling" and key[2] == view]
            keys = [key for key in keys if key[-1] == name]
            yield f"of the ceiling, {len(keys)} layers, {view}", name, keys
        keys = [key for key in truths if key[0] == "part" and key[3] != "all" and key[-1] == name]
        yield f"loss by parts, {len(keys)} layers", name, keys
