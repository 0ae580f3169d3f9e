"""``catsight metrics stability``: how much a value depends on which frames there are, and on how
many.

Three questions, each answered for whole groups drawn without replacement (a bootstrap would repeat
frames, and repeated frames look aligned):

- ``size``: the value with ever fewer groups. A biased estimator drifts, an unbiased one only
scatters.
- ``split_half``: is the profile over layers the same in two halves of the groups? The correlation
of the halves' profiles, stepped up to the whole study (Spearman 1910, Brown 1910: 2 r / (1 + r)).
- ``ceiling``: the alignment that is left by a control view, which changes what should not matter;
and, as ``of_ceiling``, each other view's as a fraction of it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from catsight.metrics import parts
from catsight.metrics.compare import ALL_LAYERS
from catsight.metrics.reading import Features, places, run
from catsight.metrics.suite import COSINES, FEWEST_FRAMES, Estimate, Plan, interval
from catsight.run.progress import Progress
from catsight.tables.columns.stability import STABILITY

#: Numbers of groups at which values are looked at, between the fewest and all.
SIZES = 6
#: The fewest groups that are drawn.
FEWEST_GROUPS = 4
#: Metrics that have a ceiling: 1 is full agreement.
SIMILARITIES = (
    *COSINES,
    "retrieval_top1",
    "retrieval_top1_between",
    "retrieval_mrr",
    "retrieval_mrr_between",
)


def main(arguments: Sequence[str]) -> None:
    """How much one encoder's values depend on which frames there are and how many, and what is the
    most they can be.
    """
    run("stability", main.__doc__, arguments, stability, STABILITY)


def stability(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: Mapping
) -> list[dict]:
    """The rows of the table of stability. ``features`` by view; ``groups`` maps each frame to its
    group, in order.
    """
    reference = spec["reference"]
    columns = places(features[reference].columns)
    others = [view for view in features if view != reference]
    drawn = Draws(groups, spec)
    whole = parts.plan(groups, {**spec, "permutations": 0})
    common = {"encoder": spec["encoder"], "reference": reference}
    rows: list[dict] = []
    halves: dict[
        tuple, list[np.ndarray]
    ] = {}  # (view, pooling, metric) -> of each layer the halves' values
    with Progress(f"stability {spec['encoder']}", len(columns), "layers") as progress:
        for column, place in columns.items():
            x = features[reference][column]
            estimates = {}
            for view in others:
                y = features[view][column]
                if spec["controls"]:
                    estimates[view] = whole.compare(
                        x, y, [name for name in spec["names"] if name in SIMILARITIES]
                    )
                for metric, estimate in drawn.compare(x, y, spec["names"]).items():
                    about = common | place | {"view": view, "metric": metric}
                    rows += [about | row for row in drawn.by_size(estimate)]
                    halves.setdefault((view, place["pooling"], metric), []).append(
                        drawn.halves(estimate)
                    )
            for view, metric, kind, estimate in ceilings(estimates, spec["controls"]):
                about = common | place | {"view": view, "metric": metric, "kind": kind}
                rows.append(about | _interval(metric, estimate, spec["confidence"]) | _all(groups))
            progress.advance()
    for (view, pooling, metric), of_layers in halves.items():
        about = common | {"layer": ALL_LAYERS, "pooling": pooling, "view": view, "metric": metric}
        rows.append(
            about | {"kind": "split_half"} | reliability(np.array(of_layers)) | _all(groups)
        )
    return rows


class Draws:
    """Subsets of the groups, drawn with the study's seed: ``spec["draws"]`` of each of some sizes,
    and as many halves.

    At most ``spec["frames"]`` frames are drawn from.
    """

    def __init__(self, groups: Mapping[str, str], spec: Mapping):
        ids = list(groups)
        self.rows = parts.deal(list(groups.values()), spec["frames"], spec["seed"])[0]
        frames = {ids[row]: groups[ids[row]] for row in self.rows}
        names, membership = np.unique(list(frames.values()), return_inverse=True)
        count, rng = len(names), np.random.default_rng(spec["seed"])
        sizes = np.unique(np.geomspace(min(FEWEST_GROUPS, count), count, SIZES).round().astype(int))
        self.sizes = [int(size) for size in sizes if size < count] * (count > FEWEST_GROUPS)
        self.draws, self.count, self.frames = spec["draws"], count, len(frames)
        picked = [rng.permutation(count)[:size] for size in self.sizes for _ in range(self.draws)]
        if count >= 2 * FEWEST_GROUPS:
            for _ in range(self.draws):
                order = rng.permutation(count)
                picked += [order[: count // 2], order[count // 2 : 2 * (count // 2)]]
        left_out = [np.flatnonzero(~np.isin(membership, groups_in)) for groups_in in picked]
        self.plan = Plan(frames, {**spec, "permutations": 0}, left_out=left_out)
        self.kept = [self.frames - len(out) for out in left_out]

    def compare(self, x: np.ndarray, y: np.ndarray, metrics: Sequence[str]) -> dict[str, Estimate]:
        """The ``metrics`` of features of all frames, on each subset."""
        return self.plan.compare(x[self.rows], y[self.rows], metrics)

    def by_size(self, estimate: Estimate) -> list[dict]:
        """For each number of groups the mean over draws, and the range of the middle 95 % of them."""
        if estimate.reason:
            return [
                {
                    "kind": "size",
                    "n_groups": self.count,
                    "n_frames": self.frames,
                    "reason": estimate.reason,
                }
            ]
        rows = []
        for i, size in enumerate(self.sizes):
            part = slice(i * self.draws, (i + 1) * self.draws)
            frames, values = np.array(self.kept[part]), estimate.values[1:][part]
            row = {
                "kind": "size",
                "n_groups": size,
                "n_frames": int(frames.mean()),
                "draws": self.draws,
            }
            values = values[(frames >= FEWEST_FRAMES) & np.isfinite(values)]
            if len(values) < self.draws:
                rows.append(
                    row
                    | {"reason": f"undefined in {self.draws - len(values)} of {self.draws} draws"}
                )
                continue
            low, high = np.quantile(values, [0.025, 0.975])
            rows.append(
                row | {"value": float(values.mean()), "low": float(low), "high": float(high)}
            )
        whole = {"kind": "size", "n_groups": self.count, "n_frames": self.frames, "draws": 1}
        return [*rows, whole | {"value": float(estimate.values[0])}]

    def halves(self, estimate: Estimate) -> np.ndarray:
        """The values (draws, 2) in two halves of the groups; (0, 2) where those are too few."""
        values = (
            estimate.values[1 + len(self.sizes) * self.draws :]
            if not estimate.reason
            else np.zeros(0)
        )
        return values.reshape(-1, 2)


def reliability(halves: np.ndarray) -> dict:
    """What a row says of the values of each layer in two halves of the groups, (layers, draws, 2)."""
    layers, draws = halves.shape[:2]
    if layers < 3:
        return {"reason": "fewer than 3 layers, no profile to compare"}
    if draws == 0:
        return {"reason": f"fewer than {2 * FEWEST_GROUPS} groups, too few to halve, or undefined"}
    one, other = (halves[..., half] - halves[..., half].mean(axis=0) for half in (0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        r = (one * other).sum(axis=0) / np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))
        stepped_up = 2 * r / (1 + r)
    # opposite profiles have no reliability, however strongly they are opposed
    stepped_up = np.where(r < 0, 0, stepped_up)
    if not np.isfinite(stepped_up).all():
        return {"reason": "undefined: the same value in all layers"}
    low, high = np.quantile(stepped_up, [0.025, 0.975])
    return {
        "value": float(stepped_up.mean()),
        "low": float(low),
        "high": float(high),
        "draws": draws,
    }


def ceilings(
    estimates: Mapping[str, Mapping[str, Estimate]], controls: Sequence[str]
) -> list[tuple]:
    """(view, metric, kind, estimate): each control's own, and every other view's over the mean of
    the controls'.
    """
    found = []
    for metric in estimates[controls[0]] if controls and estimates else ():
        of_controls = [estimates[control][metric] for control in controls]
        found += [(control, metric, "ceiling", own) for control, own in zip(controls, of_controls)]
        for view, of_view in estimates.items():
            if view in controls:
                continue
            own = of_view[metric]
            reason = next(
                (estimate.reason for estimate in (own, *of_controls) if estimate.reason), None
            )
            top = (
                np.nan if reason else np.mean([estimate.values for estimate in of_controls], axis=0)
            )
            if np.all(top > 0):
                estimate = own._replace(values=own.values / top, null=None)
            else:
                estimate = Estimate(
                    np.array([np.nan]), reason=reason or "the control itself is not aligned"
                )
            found.append((view, metric, "of_ceiling", estimate))
    return found


def _interval(metric: str, estimate: Estimate, confidence: float) -> dict:
    value = float(estimate.values[0])
    if not np.isfinite(value):
        return {"reason": estimate.reason}
    ends = interval(metric, estimate, confidence)
    given = dict(zip(("low", "high"), ends[:2])) if np.isfinite(ends.low) else {}
    return {"value": value, "reason": ends.reason} | given


def _all(groups: Mapping[str, str]) -> dict:
    return {"n_frames": len(groups), "n_groups": len(set(groups.values()))}
