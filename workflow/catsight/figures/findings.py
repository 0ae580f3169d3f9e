"""What was found, in plain sentences made from the numbers, that claim no more than the intervals
allow.
"""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from catsight.figures import labels, select
from catsight.figures.choices import Choices
from catsight.figures.labels import estimate, listed, number
from catsight.tables.names import ALL_LAYERS, WHOLE

#: Fewer groups than this are too few: a 95 % interval holds the truth in less than 93 % of studies,
#: for some metrics (benchmarks/calibration.py).
FEW_GROUPS = 15
#: Fewer than this are too few for what is due to a part of the eye, by these metrics: intervals are
#: too narrow.
FEW_FOR_SHARES = 25
#: More encoders than this are summed up instead of listed.
_LISTED = 4
#: What weights may be trained for and still stand for their architecture.
_GENERAL = ("supervised", "self-supervised", "language")


def sentences(
    metrics: pd.DataFrame, choices: Choices, attribution: pd.DataFrame | None = None
) -> list[str]:
    """Up to five sentences on the study whose tables of metrics and of ``attribution`` (where it
    has one) these are.
    """
    rows = select.shown(metrics, choices)
    metric = choices.headline(rows)
    rows = rows[rows["metric"] == metric]
    means = select.summaries(rows)
    focal = means[means["view"] == choices.focus].set_index("encoder")
    encoders = {name: about for name, about in choices.encoders.items() if name in focal.index}
    trained = [name for name, about in encoders.items() if about["training"] != "untrained"]
    untrained = [name for name in encoders if name not in trained]
    label = {name: about["label"] for name, about in encoders.items()}
    divided = (
        []
        if attribution is None
        else [name for name in encoders if name in set(attribution["encoder"])][:2]
    )
    parts = _parts(attribution, divided, label, metric, choices) if divided else ""
    found = [
        _level(focal, trained or untrained, label, choices, metric),
        "" if parts else _controls(focal, trained, untrained, label),
        _changes(means, list(encoders), choices, metric),
        parts,
        _depth(select.layers(rows), (trained or untrained)[:2], label, choices, metric),
        _cautions(rows, trained, encoders, _verdict(focal, trained, untrained) if parts else ""),
    ]
    return [sentence for sentence in found if sentence]


def order(one: Mapping, other: Mapping) -> str | None:
    """Where ``one``'s interval lies as against ``other``'s: below, above, overlapping; None where
    one has none.
    """
    if any(pd.isna(row[end]) for row in (one, other) for end in ("value", "ci_low", "ci_high")):
        return None
    if one["ci_high"] < other["ci_low"]:
        return "below"
    return "above" if one["ci_low"] > other["ci_high"] else "overlapping"


def _level(
    focal: pd.DataFrame, names: Sequence[str], label: Mapping, choices: Choices, metric: str
) -> str:
    what = choices.label(metric)
    if what[1].islower() and not what.startswith(("Procrustes", "Wasserstein")):
        what = what[0].lower() + what[1:]
    focal_view, reference = choices.focus, choices.reference
    verb, full = ("differ from", "0") if choices.distance(metric) else ("agree with", "1")
    start = f"On average over layers, features of the view “{focal_view}” {verb} those of “{reference}” by"
    end = f"({what}, where {full} is full agreement; {labels.interval(choices)} in brackets)."
    if len(names) <= _LISTED or focal.loc[list(names), "value"].notna().sum() < 2:
        return f"{start} {listed([f'{estimate(focal.loc[n])} in {label[n]}' for n in names])} {end}"
    values = focal.loc[list(names), "value"]
    low, high = values.idxmin(), values.idxmax()
    return (
        f"{start} {estimate(focal.loc[low])} in {label[low]} at the least and {estimate(focal.loc[high])} in "
        f"{label[high]} at the most, of {len(names)} encoders {end}"
    )


def _controls(
    focal: pd.DataFrame, trained: Sequence[str], untrained: Sequence[str], label: Mapping
) -> str:
    if not (trained and untrained):
        return ""  # where none is trained, the cautions say so
    values = listed([f"{estimate(focal.loc[n])} in {label[n]}" for n in untrained[:_LISTED]])
    verdict = _verdict(focal, trained, untrained)
    return (
        f"Random weights, as a control for architecture and pixels alone, give {values}; {verdict}."
    )


def _verdict(focal: pd.DataFrame, trained: Sequence[str], untrained: Sequence[str]) -> str:
    """How the trained encoders lie to the untrained ones, as far as their intervals say."""
    if not (trained and untrained):
        return ""
    sides = {order(focal.loc[a], focal.loc[b]) for a in trained for b in untrained}
    if None in sides:
        return "without intervals throughout, the two kinds cannot be compared"
    if sides == {"below"}:
        return "every trained encoder’s interval lies below them"
    if sides == {"above"}:
        return "every trained encoder’s interval lies above them"
    if sides == {"overlapping"}:
        return "the trained encoders’ intervals overlap with these, so a difference due to training is not shown"
    return "some of the trained encoders’ intervals overlap with these or lie on either side, so no rule is shown"


def _parts(
    attribution: pd.DataFrame, names: Sequence[str], label: Mapping, metric: str, choices: Choices
) -> str:
    """What of the loss is due to which part of the eye, the largest share first."""
    rows = select.pooled(attribution[attribution["metric"] == metric], choices)
    rows = rows[(rows["layer"] == ALL_LAYERS) & rows["value"].notna()]
    told = []
    for name in names:
        own = rows[rows["encoder"] == name].set_index("part")
        shares = own[own.index.isin(list(choices.parts))].sort_values("value", ascending=False)
        if shares.empty or "whole" not in own.index:
            continue
        told_parts = listed(
            [f"{choices.parts[part]} {estimate(share, 3)}" for part, share in shares.iterrows()]
        )
        side = order(shares.iloc[0], shares.iloc[1]) if len(shares) > 1 else "above"
        verdict = {
            "above": "the first lies apart from the next",
            None: "not to be ranked without intervals",
        }.get(side, "the first two overlap, so which is larger is not settled")
        if (
            side == "above"
            and choices.measure(metric)["narrow_shares"]
            and own["n_groups"].min() < FEW_FOR_SHARES
        ):
            verdict = f"not to be ranked: with fewer than {FEW_FOR_SHARES} groups these intervals are too narrow"
        told.append(
            f"of the {number(own.loc['whole', 'value'], 3)} lost in {label[name]}, {told_parts} ({verdict})"
        )
    if not told:
        return ""
    return f"Divided among the parts of the eye by swapping them in all orders, {'; '.join(told)}."


def _changes(means: pd.DataFrame, encoders: Sequence[str], choices: Choices, metric: str) -> str:
    focal, *others = choices.changes
    others.sort(
        key=lambda view: choices.views[view]["match"] != focal
    )  # a matched change says most
    further, nearer = ("above", "below") if choices.distance(metric) else ("below", "above")
    table = means.set_index(["encoder", "view"])
    parts = []
    for view in others[:3]:
        pairs = [
            (table.loc[(e, focal)], table.loc[(e, view)])
            for e in encoders
            if (e, view) in table.index
        ]
        sides = [order(*pair) for pair in pairs]
        words = {
            nearer: "less far in",
            "overlapping": "overlapping intervals in",
            None: "no interval in",
        }
        rest = "; ".join(
            f"{words[side]} {sides.count(side)}" for side in words if sides.count(side)
        )
        name = f"“{view}”" + (
            ", as large a change of the pixels," if choices.views[view]["match"] == focal else ""
        )
        parts.append(
            f"than {name} in {sides.count(further)} of {len(sides)} encoders"
            + (rest and f" ({rest})")
        )
    if not parts:
        return ""
    return (
        f"On average over layers, and counting only intervals that lie apart, “{focal}” moves features further from "
        f"“{choices.reference}” {listed(parts)}."
    )


def _depth(
    rows: pd.DataFrame, names: Sequence[str], label: Mapping, choices: Choices, metric: str
) -> str:
    rows = rows[(rows["view"] == choices.focus) & rows["value"].notna()]
    parts = []
    for name in names:
        own = rows[rows["encoder"] == name].reset_index(drop=True)
        if len(own) < 2:
            continue
        low, high = own.loc[own["value"].idxmin()], own.loc[own["value"].idxmax()]
        side = order(low, high)
        verdict = {
            "below": "intervals apart",
            None: "not to be compared without both intervals",
        }.get(side, "overlapping intervals")
        parts.append(
            f"in {label[name]} from {estimate(low)} at {low['layer']} (relative depth {low['depth']:.2f}) to "
            f"{estimate(high)} at {high['layer']} ({high['depth']:.2f}; {verdict})"
        )
    if not parts:
        return ""
    what = "difference" if choices.distance(metric) else "agreement"
    return f"From layer to layer this {what} goes {listed(parts)}; these layers were picked after looking."


def _cautions(
    rows: pd.DataFrame, trained: Sequence[str], encoders: Mapping[str, Mapping], verdict: str = ""
) -> str:
    groups = int(rows["n_groups"].min())
    unit = "group of frames" if groups == 1 else "groups of frames"
    words = f"All this rests on {groups} independent {unit}"
    if groups < FEW_GROUPS:
        words += f", too few (fewer than {FEW_GROUPS}): intervals are rough, and other photographs may give other values"
    tuned = [n for n in trained if encoders[n]["training"] not in _GENERAL]
    for name in tuned:
        words += f"; {encoders[name]['label']} was trained for {encoders[name]['training']} and speaks for that alone"
    if not trained:
        words += "; no encoder here is trained, so nothing is said about learned features"
    elif verdict:
        words += (
            f"; beside random weights, as a control for architecture and pixels alone, {verdict}"
        )
    return f"{words}."
