"""The tables of contrasts and of the best: differences between a study's values, tested together.

A study's tables keep each value without each block of groups. All values left out the same blocks,
so the standard error of any difference, and the correlation of any two, follow from the tables,
without the features.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from catsight import tables
from catsight.metrics import ensemble, multiple, power
from catsight.metrics.differences import Differences, bounds, differences, loss_ratios, on_values
from catsight.metrics.hypotheses import Hypotheses, Member, hypotheses
from catsight.run.metrics_specs import ContrastsSpec, MeasureFacts
from catsight.tables.columns.best import BEST
from catsight.tables.columns.contrasts import CONTRASTS

#: What contrasts read of the tables of metrics, attribution, doses and renderings, where these have
#: it.
_READ = (
    "encoder", "family", "training", "layer", "layer_index", "pooling", "reference", "view",
    "metric", "part", "swept", "dose", "value", "replicates", "parts", "n_groups", "n_frames",
    "reason", "display", "own",
)  # fmt: skip
#: Columns that say what a member is.
_PLACE = ("encoder", "view", "layer", "dose", "part", "members")


class Found(NamedTuple):
    """The contrasts that are corrected together, and the members that they compare, as tables."""

    contrasts: pa.Table
    best: pa.Table


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a table of the study, as :func:`contrasts` takes them."""
    has = tables.schema(path).names
    return tables.read(path, [name for name in _READ if name in has]).to_pylist()


def contrasts(
    found: Mapping[str, Sequence[Mapping[str, Any]]], spec: ContrastsSpec
) -> Iterator[Found]:
    """The contrasts of a study, set by set of those that are corrected together.

    ``found``: the rows of metrics, and of attribution, doses and renderings if the study has
    these. Where renderings change the values, the verdicts are counted over them.
    """
    renderings = list(ensemble.by_rendering(found, spec))
    for asked in hypotheses(found, spec):
        own, key = together(asked, spec), (asked.kind, asked.name)
        others = [together(sets[key], spec) for sets in renderings if key in sets]
        if others:
            alpha = 1 - spec["confidence"]
            own = Found(
                ensemble.with_contrasts(own.contrasts, [one.contrasts for one in others], alpha),
                ensemble.with_best(own.best, [one.best for one in others]),
            )
        yield own


def together(asked: Hypotheses, spec: ContrastsSpec) -> Found:
    """The two tables' rows of one set of hypotheses.

    A contrast of values that are undefined, or of which other groups were left out, has a reason
    and no numbers, and does not count among those that are corrected.
    """
    facts = spec["measures"][asked.metric]
    reasons = _reasons(asked.members)
    usable = np.array([reason is None for reason in reasons])
    which = np.flatnonzero(usable[asked.pairs].all(axis=1))
    why = [reasons[a] or reasons[b] for a, b in asked.pairs]
    given: Differences | None = None
    if len(which):
        blocks = next(one for one, here in zip(asked.members, usable) if here)
        values = np.full((len(usable), len(blocks.values)), np.nan)
        for row, member, here in zip(values, asked.members, usable):
            if here:
                row[:] = member.values
        given = differences(values, asked.pairs[which], _scale(asked, facts), blocks.parts)
        varies = given.error > 0
        for place in which[~varies]:
            why[place] = "the same difference whichever group is left out"
        which, given = which[varies], given.take(varies)
    tested = given if given is not None and len(which) else None
    columns = _sides(asked, spec) | {"reason": why}
    if tested is not None:
        groups = np.array([asked.members[a].n_groups for a in asked.pairs[which, 0]])
        numbers = _numbers(tested, groups, spec)
        columns |= {name: _spread(one, which, len(why)) for name, one in numbers.items()}
    best = _best(asked, tested, which, reasons, facts, spec) if asked.ranked else {}
    return Found(_table(columns, CONTRASTS), _table(best, BEST))


def _scale(asked: Hypotheses, facts: MeasureFacts) -> str:
    """The scale of these differences, where values allow it: see :func:`differences`."""
    if asked.kind == "part":
        return "log"
    if facts["cosine"]:
        return "fisher"
    return "plain" if facts["similarity"] else "log"


def _reasons(members: Sequence[Member]) -> list[str | None]:
    """Why each member cannot be compared; None if it can: then it has as many blocks as most."""
    layouts = Counter(member.layout for member in members if member.reason is None)
    usual = layouts.most_common(1)[0][0] if layouts else None
    return [
        f"{member.name}: {member.reason}"
        if member.reason
        else None
        if member.layout == usual
        else f"{member.name}: not of the same groups as the others"
        for member in members
    ]


def _numbers(
    found: Differences, groups: np.ndarray, spec: ContrastsSpec
) -> dict[str, np.ndarray | float | int | None]:
    """The columns of the contrasts that have a test."""
    alpha, margin = 1 - spec["confidence"], spec["margin"]
    z, error, df = found.z, found.error, found.df
    level = multiple.shared_level(found.influences, alpha, spec["seed"])
    own, joint = (multiple.half_widths(error, df, one) for one in (alpha, level))
    p = multiple.p_values(z, error, df)
    p_holm = multiple.holm(p)
    needed = power.needed(z, power.spread(error, df, groups), level)
    untold = p_holm > alpha
    columns: dict[str, np.ndarray | float | int | None] = {
        "scale": found.scale,
        "difference": on_values(found, z),
        "diff_low": on_values(found, z - own),
        "diff_high": on_values(found, z + own),
        "z": z,
        "se_z": error,
        "df": df,
        "ci_low": z - own,
        "ci_high": z + own,
        "sim_low": z - joint,
        "sim_high": z + joint,
        "p_value": p,
        "p_holm": p_holm,
        "n_hypotheses": len(z),
        "level": level,
        "margin": margin,
    }
    columns |= _ratios(found, own, "ratio_low", "ratio_high")
    columns |= _ratios(found, joint, "ratio_sim_low", "ratio_sim_high")
    columns |= {
        f"groups_{name}": np.where(untold & np.isfinite(one), one, np.nan)
        for name, one in zip(("needed", "low", "high"), needed)
    }
    return columns | _equivalence(found, margin, alpha)


def _ratios(found: Differences, half: np.ndarray, low: str, high: str) -> dict[str, np.ndarray]:
    """The loss ratio and the ends of its interval, which Fisher's z turns round."""
    ends = np.stack([loss_ratios(found, found.z - half), loss_ratios(found, found.z + half)])
    return {
        "loss_ratio": loss_ratios(found, found.z),
        low: ends.min(axis=0),
        high: ends.max(axis=0),
    }


def _equivalence(found: Differences, margin: float | None, alpha: float) -> dict[str, Any]:
    """Whether the loss ratios are shown to lie within the ``margin``, corrected by Holm."""
    if margin is None:
        return {}
    p = multiple.equivalence(found.z, found.error, found.df, bounds(found, margin))
    known = np.isfinite(p)
    corrected, equivalent = np.full_like(p, np.nan), np.full(len(p), None)
    corrected[known] = multiple.holm(p[known])
    equivalent[known] = corrected[known] <= alpha
    return {"p_equivalence": p, "p_equivalence_holm": corrected, "equivalent": equivalent}


def _best(
    asked: Hypotheses,
    tested: Differences | None,
    which: np.ndarray,
    reasons: Sequence[str | None],
    facts: MeasureFacts,
    spec: ContrastsSpec,
) -> dict[str, Any]:
    """The columns of the table of the best: which members no other beats.

    The best has the largest value; of distances, the smallest; of parts of the eye, the largest
    share of the loss.
    """
    members = asked.members
    usable = np.array([reason is None for reason in reasons])
    why = list(reasons)
    p = np.full(len(members), np.nan)
    if usable.sum() > 1:
        p[usable] = 1.0
        if tested is not None:
            sign = 1 if facts["similarity"] or asked.kind == "part" else -1
            found = multiple.p_best(
                asked.pairs[which],
                sign * tested.z,
                tested.influences,
                tested.df,
                len(p),
                spec["seed"],
            )
            p[usable] = found[usable]
    else:
        why = [reason or "no other has a value and an interval" for reason in reasons]
    alpha = 1 - spec["confidence"]
    columns = _common(asked, spec, [one.poolings for one in members])
    columns |= {name: [one.place.get(name) for one in members] for name in _PLACE}
    return columns | {
        "member": [one.name for one in members],
        "value": [_value(one) for one in members],
        "in_set": [None if np.isnan(one) else bool(one > alpha) for one in p],
        "p_leaves": p,
        "n_members": int(usable.sum()),
        "n_groups": [one.n_groups for one in members],
        "n_frames": [one.n_frames for one in members],
        "reason": why,
    }


def _sides(asked: Hypotheses, spec: ContrastsSpec) -> dict[str, Any]:
    """The columns that say what is compared."""
    pairs = [(asked.members[a], asked.members[b]) for a, b in asked.pairs]
    columns = _common(asked, spec, [a.poolings | b.poolings for a, b in pairs])
    for side, members in zip("ab", zip(*pairs)):
        columns |= {f"{name}_{side}": [one.place.get(name) for one in members] for name in _PLACE}
        columns[f"member_{side}"] = [one.name for one in members]
        columns[f"value_{side}"] = [_value(one) for one in members]
    columns["n_groups"] = [a.n_groups for a, _ in pairs]
    columns["n_frames"] = [a.n_frames for a, _ in pairs]
    return columns


def _common(
    asked: Hypotheses, spec: ContrastsSpec, poolings: Sequence[frozenset[str]]
) -> dict[str, Any]:
    return {
        "study": spec["study"],
        "kind": asked.kind,
        "hypotheses": asked.name,
        "reference": spec["reference"],
        "metric": asked.metric,
        "pooling": [", ".join(sorted(some)) for some in poolings],
        "swept": asked.swept,
    }


def _value(member: Member) -> float | None:
    return float(member.values[0]) if len(member.values) else None


def _spread(column: Any, which: np.ndarray, count: int) -> list[Any]:
    """A column of ``count`` rows with these values in the rows ``which``, None elsewhere."""
    result: list[Any] = [None] * count
    values = column.tolist() if isinstance(column, np.ndarray) else [column] * len(which)
    for place, value in zip(which, values):
        result[place] = value
    return result


def _table(columns: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    """The columns as a table; nan and what is not there are null, single values are repeated."""
    count = max((len(one) for one in columns.values() if isinstance(one, list)), default=0)
    arrays = []
    for field in schema:
        column = columns.get(field.name)
        values = column if isinstance(column, list | np.ndarray) else [column] * count
        arrays.append(pa.array(values, type=field.type, from_pandas=True))
    return pa.Table.from_arrays(arrays, schema=schema)
