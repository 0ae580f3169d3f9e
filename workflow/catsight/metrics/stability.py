"""The table of stability: how a value depends on which frames there are, and on how many.

Rows by ``kind``. Whole groups are drawn, without replacement (a bootstrap would repeat frames, and
repeated frames look aligned):

- ``size``: the value with fewer and fewer groups. A biased estimator drifts, an unbiased one only
  scatters.
- ``split_half``: whether the profile over layers is the same in two halves of the groups, as the
  correlation of the halves' profiles. It is corrected to the size of the whole study (Spearman
  1910, Brown 1910: 2 r / (1 + r)).
- ``ceiling``: the alignment that remains with a control view, which changes what should not matter;
  and, as ``of_ceiling``, the alignment of each other view as a fraction of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from catsight.metrics import suite
from catsight.metrics.comparison import FEWEST_FRAMES
from catsight.metrics.dealing import deal
from catsight.metrics.estimate import Estimate, interval, undefined
from catsight.metrics.parts import comparer
from catsight.metrics.plan import Plan
from catsight.metrics.reading import Features, places
from catsight.run.metrics_specs import MeasureFacts, StabilitySpec
from catsight.run.progress import Progress
from catsight.tables.names import ALL_LAYERS

#: How many numbers of groups are examined, from the fewest to all.
SIZES = 6
#: The fewest groups that are drawn.
FEWEST_GROUPS = 4


def stability(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: StabilitySpec
) -> list[dict[str, Any]]:
    """The rows of the table of stability.

    ``features`` by view; ``groups`` maps each frame to its group, in the order of the frames.
    """
    reference, measures, controls = spec["reference"], spec["measures"], spec["controls"]
    columns = places(features[reference].columns)
    others = [view for view in features if view != reference]
    similarities = [name for name, facts in measures.items() if facts["similarity"]]
    draws = Draws(groups, spec)
    whole = comparer(groups, spec, permutations=0)
    common = {"encoder": spec["encoder"], "reference": reference}
    of_study = {"n_frames": len(groups), "n_groups": len(set(groups.values()))}
    rows: list[dict[str, Any]] = []
    # (view, pooling, measure) -> of each layer the values of halves
    halves: dict[tuple[str, str, str], list[np.ndarray]] = {}
    with Progress(f"stability {spec['encoder']}", len(columns), "layers") as progress:
        for column, place in columns.items():
            x = features[reference][column]
            estimates = {}
            for view in others:
                y = features[view][column]
                if controls:
                    estimates[view] = whole.compare(x, y, similarities)
                for name, estimate in draws.compare(x, y, measures).items():
                    about = common | place | {"view": view, "metric": name}
                    rows += [about | row for row in draws.by_size(estimate)]
                    of_layers = halves.setdefault((view, place["pooling"], name), [])
                    of_layers.append(draws.halves(estimate))
            for view, name, kind, estimate in ceilings(estimates, controls):
                about = common | place | {"view": view, "metric": name, "kind": kind}
                ends = _interval(measures[name], estimate, spec["confidence"])
                rows.append(about | ends | of_study)
            progress.advance()
    for (view, pooling, name), of_layers in halves.items():
        about = common | {"layer": ALL_LAYERS, "pooling": pooling, "view": view, "metric": name}
        about |= {"kind": "split_half"}
        rows.append(about | reliability(of_layers) | of_study)
    return rows


class Draws:
    """Random subsets of the groups: ``spec["draws"]`` of each of some sizes, and as many halves.

    At most ``spec["frames"]`` frames are drawn from.
    """

    def __init__(self, groups: Mapping[str, str], spec: StabilitySpec):
        ids = list(groups)
        self.rows = deal(list(groups.values()), spec["frames"], spec["seed"])[0]
        frames = {ids[row]: groups[ids[row]] for row in self.rows}
        names, membership = np.unique(list(frames.values()), return_inverse=True)
        count, rng = len(names), np.random.default_rng(spec["seed"])
        self.draws, self.count, self.frames = spec["draws"], count, len(frames)
        self.sizes: list[int] = []
        if count > FEWEST_GROUPS:
            sizes = np.unique(np.geomspace(FEWEST_GROUPS, count, SIZES).round().astype(int))
            self.sizes = [int(size) for size in sizes if size < count]
        picked = [rng.permutation(count)[:size] for size in self.sizes for _ in range(self.draws)]
        if count >= 2 * FEWEST_GROUPS:
            for _ in range(self.draws):
                order = rng.permutation(count)
                picked += [order[: count // 2], order[count // 2 : 2 * (count // 2)]]
        left_out = [np.flatnonzero(~np.isin(membership, drawn)) for drawn in picked]
        self.plan = Plan(frames, spec, permutations=0, left_out=left_out)
        self.kept = [self.frames - len(out) for out in left_out]

    def compare(self, x: np.ndarray, y: np.ndarray, measures: Iterable[str]) -> dict[str, Estimate]:
        """The ``measures`` of features of all frames, on each subset."""
        return suite.compare(x[self.rows], y[self.rows], self.plan, measures)

    def by_size(self, estimate: Estimate) -> list[dict[str, Any]]:
        """The mean over draws, and the range of their middle 95 %, for each number of groups."""
        whole = {"kind": "size", "n_groups": self.count, "n_frames": self.frames}
        if estimate.reason:
            return [whole | {"reason": estimate.reason}]
        rows = []
        for i, size in enumerate(self.sizes):
            part = slice(i * self.draws, (i + 1) * self.draws)
            frames, values = np.array(self.kept[part]), estimate.values[1:][part]
            row: dict[str, Any] = {
                "kind": "size",
                "n_groups": size,
                "n_frames": int(frames.mean()),
                "draws": self.draws,
            }
            values = values[(frames >= FEWEST_FRAMES) & np.isfinite(values)]
            missing = self.draws - len(values)
            if missing:
                rows.append(row | {"reason": f"undefined in {missing} of {self.draws} draws"})
                continue
            low, high = np.quantile(values, [0.025, 0.975])
            ends = {"low": float(low), "high": float(high)}
            rows.append(row | {"value": float(values.mean())} | ends)
        return [*rows, whole | {"draws": 1, "value": float(estimate.values[0])}]

    def halves(self, estimate: Estimate) -> np.ndarray:
        """The values (draws, 2) of two halves of the groups; (0, 2) if there are too few groups."""
        if estimate.reason:
            return np.zeros((0, 2))
        return estimate.values[1 + len(self.sizes) * self.draws :].reshape(-1, 2)


def reliability(halves: Sequence[np.ndarray]) -> dict[str, Any]:
    """The columns of a split half, from the values (draws, 2) of each layer in two halves."""
    if len(halves) < 3:
        return {"reason": "fewer than 3 layers, no profile to compare"}
    draws = min(map(len, halves))  # 0 for a layer in which the measure is undefined
    if draws == 0:
        return {"reason": f"fewer than {2 * FEWEST_GROUPS} groups, too few to halve, or undefined"}
    profiles = np.array(halves)  # (layers, draws, 2)
    one, other = (profiles[..., half] - profiles[..., half].mean(axis=0) for half in (0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        r = (one * other).sum(axis=0) / np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))
        corrected = 2 * r / (1 + r)
    # opposite profiles have no reliability, however strongly they are opposed
    corrected = np.where(r < 0, 0, corrected)
    if not np.isfinite(corrected).all():
        return {"reason": "undefined: the same value in all layers"}
    low, high = np.quantile(corrected, [0.025, 0.975])
    ends = {"low": float(low), "high": float(high)}
    return {"value": float(corrected.mean()), **ends, "draws": draws}


def ceilings(
    estimates: Mapping[str, Mapping[str, Estimate]], controls: Sequence[str]
) -> list[tuple[str, str, str, Estimate]]:
    """(view, measure, kind, estimate), from estimates by view and measure.

    ``ceiling``: each control's own. ``of_ceiling``: every other view's over the controls' mean.
    """
    found = []
    for name in estimates[controls[0]] if controls and estimates else ():
        of_controls = [estimates[control][name] for control in controls]
        found += [(control, name, "ceiling", own) for control, own in zip(controls, of_controls)]
        for view, of_view in estimates.items():
            if view not in controls:
                found.append((view, name, "of_ceiling", _fraction(of_view[name], of_controls)))
    return found


def _fraction(own: Estimate, of_controls: Sequence[Estimate]) -> Estimate:
    """An estimate over the mean of the controls'."""
    for estimate in (own, *of_controls):
        if estimate.reason:
            return undefined(estimate.reason)
    top = np.mean([estimate.values for estimate in of_controls], axis=0)
    if not np.all(top > 0):
        return undefined("the control itself is not aligned")
    return own._replace(values=own.values / top, null=None)


def _interval(facts: MeasureFacts, estimate: Estimate, confidence: float) -> dict[str, Any]:
    value = float(estimate.values[0])
    if not np.isfinite(value):
        return {"reason": estimate.reason}
    ends = interval(facts, estimate, confidence)
    row = {"value": value, "reason": ends.reason}
    return row | {"low": ends.low, "high": ends.high} if np.isfinite(ends.low) else row
