"""What was found, in plain sentences that claim no more than the intervals allow."""

from collections.abc import Mapping

import pandas as pd

from catsight.figures import labels, select
from catsight.figures.choices import Choices
from catsight.figures.headline import Results, order
from catsight.figures.labels import listed, number
from catsight.tables.names import ALL_LAYERS, WHOLE

#: Fewer than this are too few for the shares of parts of the eye by some measures: their intervals
#: are too narrow.
FEW_FOR_SHARES = 25
#: More encoders than this are summed up instead of listed; more others are left out.
_LISTED, _IN_DETAIL = 4, 2
#: The :func:`order` of intervals that overlap.
_OPEN = "overlapping"
#: Said of layers that were chosen by their values.
EXTREMES = "They are the extremes of many layers, so their intervals look better than they are."
#: What weights may be trained for and still stand for their architecture.
_GENERAL = ("supervised", "self-supervised", "language")


def notice(metrics: pd.DataFrame, choices: Choices) -> str:
    """The notice at the top of a report whose main measure has no interval because groups are too
    few; otherwise empty.
    """
    results = Results.of(metrics, choices)
    if results.groups >= select.FEW_GROUPS or select.has_interval(results.rows).any():
        return ""
    return (
        f"Too few groups of frames for error bars: this study has {results.groups}. The values "
        "below may "
        "be due to these pictures alone, and differences between them mean nothing. Add pictures "
        f"of other scenes, to {select.FEW_GROUPS} or more, and take several frames of each "
        "(frames.glances: 6)."
    )


def sentences(
    metrics: pd.DataFrame, choices: Choices, attribution: pd.DataFrame | None = None
) -> list[str]:
    """Up to five sentences on a study, from its table of metrics and, if it has one, that of
    ``attribution``.
    """
    results = Results.of(metrics, choices)
    parts = _parts(results, attribution)
    verdict = _training(results)
    level, changes = _level(results), _changes(results)
    found = [
        *((changes, level) if choices.matched else (level,)),
        "" if parts else _untrained(results, verdict),
        "" if choices.matched else changes,
        parts,
        _depth(results),
        _cautions(results, verdict if parts else ""),
    ]
    return [sentence for sentence in found if sentence]


def _level(results: Results) -> str:
    """How well the view in focus agrees with the reference."""
    choices, names = results.choices, results.told
    distance = choices.distance(results.metric)
    start = (
        f"On average over layers, features of “{choices.focus}” "
        f"{'differ from' if distance else 'agree with'} those of “{choices.reference}” by"
    )
    end = (
        f"({choices.label(results.metric)}: {choices.agreement(results.metric)} is full agreement; "
        f"{labels.interval(choices)} in brackets)."
    )
    rows = {name: results.focal(name) for name in names}
    known = [name for name in names if pd.notna(rows[name]["value"])]
    if len(names) <= _LISTED or len(known) < 2:
        each = [f"{results.estimate(rows[name])} in {results.label(name)}" for name in names]
        return f"{start} {listed(each)} {end}"
    low = min(known, key=lambda name: rows[name]["value"])
    high = max(known, key=lambda name: rows[name]["value"])
    return (
        f"{start} at least {results.estimate(rows[low])} in {results.label(low)} and at most "
        f"{results.estimate(rows[high])} in {results.label(high)}, of {len(names)} encoders {end}"
    )


def _changes(results: Results) -> str:
    """How the effect of the view in focus compares with other views, a matched control first."""
    choices, focal = results.choices, f"“{results.choices.focus}”"
    others = [view for view in choices.changes if view != choices.focus]
    others.sort(key=lambda view: view != choices.matched)
    sides = {view: _sides(results, view) for view in others[:3]}
    unknown = [view for view in sides if set(sides[view].values()) <= {None}]
    undecided = {
        view: f"Whether {focal} changes features more or less than {_named(results, view)} is "
        f"undecided in {results.label(*side)}: the intervals overlap."
        for view, side in sides.items()
        if list(side.values()) == [_OPEN]
    }
    clauses = {
        view: _beside(results, view, side)
        for view, side in sides.items()
        if view not in unknown and view not in undecided
    }
    subject, told = f"{focal} changes features", []
    if choices.matched in undecided:
        told = [undecided.pop(choices.matched), _values(results)]
    elif choices.matched in clauses:
        told = [f"{subject} {clauses.pop(choices.matched)}.", _values(results)]
        subject = "It changes them"
    if clauses:
        told.append(f"{subject} {listed(list(clauses.values()))}.")
    if any(len(side) > 1 and _OPEN in side.values() for side in sides.values()):
        told.append("Those whose intervals overlap are undecided.")
    told += undecided.values()
    if unknown:
        names = listed([f"“{view}”" for view in unknown])
        told.append(f"Without intervals, {focal} cannot be compared with {names}.")
    return " ".join(filter(None, told))


def _sides(results: Results, view: str) -> dict[str, str | None]:
    """Whether each encoder's features are changed less or more by the view in focus than by
    ``view``; overlapping if that is undecided, None without intervals of both.
    """
    words = {"above": "less", "below": "more", _OPEN: _OPEN, None: None}
    if results.choices.distance(results.metric):
        words |= {"above": "more", "below": "less"}
    pairs = {name: results.mean(name, view) for name in results.encoders}
    return {
        name: words[order(results.focal(name), other)]
        for name, other in pairs.items()
        if other is not None
    }


def _named(results: Results, view: str) -> str:
    """The view, and what it does if it is a control matched to the view in focus."""
    about = results.choices.views[view]
    if about["match"] == results.choices.focus:
        return f"“{view}”, {about['change']},"
    return f"“{view}”"


def _beside(results: Results, view: str, sides: Mapping[str, str | None]) -> str:
    """In which encoders the view in focus changes features less or more than ``view`` does."""
    name, found = _named(results, view), list(sides.values())
    if len(found) == 1:
        return f"{found[0]} than {name} in {results.label(*sides)}"
    less, more = found.count("less"), found.count("more")
    if less:
        words = f"less than {name} in {less} of {len(found)} encoders"
        words += f" and more in {more}" if more else ""
    elif more:
        words = f"more than {name} in {more} of {len(found)} encoders"
    else:
        words = f"neither less nor more than {name} in any of {len(found)} encoders"
    notes = []
    if undecided := found.count(_OPEN):
        notes.append(f"{undecided} undecided")
    if unknown := found.count(None):
        notes.append(f"{unknown} without an interval")
    return f"{words} ({', '.join(notes)})" if notes else words


def _values(results: Results) -> str:
    """The values of the view in focus beside those of the first matched control."""
    choices, matched = results.choices, results.choices.matched
    if not matched or len(results.told) > _LISTED:
        return ""
    pairs = []
    for name in results.told:
        focal, other = results.focal(name), results.mean(name, matched)
        if other is not None and pd.notna(focal["value"]) and pd.notna(other["value"]):
            values = f"{number(focal['value'])} against {number(other['value'])}"
            pairs.append(f"{values} in {results.label(name)}")
    what = "Distance from" if choices.distance(results.metric) else "Agreement with"
    return f"{what} “{choices.reference}” is {listed(pairs)}." if pairs else ""


def _untrained(results: Results, verdict: str) -> str:
    """The values that random weights give."""
    if not verdict:
        return ""  # if no encoder is trained, the cautions say so
    values = [
        f"{results.estimate(results.focal(name))} in {results.label(name)}"
        for name in results.untrained[:_LISTED]
    ]
    return (
        "Random weights, which show what architecture and pixels alone give, have "
        f"{listed(values)}; {verdict}."
    )


def _training(results: Results) -> str:
    """Whether the intervals of trained encoders lie above or below those of untrained ones."""
    if not (results.trained and results.untrained):
        return ""
    sides = {
        order(results.focal(one), results.focal(other))
        for one in results.trained
        for other in results.untrained
    }
    if None in sides:
        return "without intervals, trained and untrained encoders cannot be compared"
    if sides == {"overlapping"}:
        return "trained and untrained encoders do not differ detectably (their intervals overlap)"
    if len(sides) > 1:
        return (
            "some trained encoders differ from untrained ones and some do not, so there is no rule"
        )
    return f"the intervals of all trained encoders lie {sides.pop()} those of untrained ones"


def _parts(results: Results, attribution: pd.DataFrame | None) -> str:
    """How much of the loss is due to which part of the eye, the largest share first."""
    if attribution is None:
        return ""
    rows = attribution[attribution["metric"] == results.metric]
    rows = select.pooled(rows, results.choices)
    rows = rows[(rows["layer"] == ALL_LAYERS) & rows["value"].notna()]
    names = [name for name in results.encoders if name in set(rows["encoder"])][:_IN_DETAIL]
    told = [_shares(results, rows[rows["encoder"] == name], results.label(name)) for name in names]
    if not any(told):
        return ""
    return f"{' '.join(filter(None, told))} Intervals are in the table “Parts of the eye”."


def _shares(results: Results, rows: pd.DataFrame, label: str) -> str:
    """One encoder's loss and the share of each part; empty if either is unknown."""
    parts, own = results.choices.parts, rows.set_index("part")
    shares = own[own.index.isin(list(parts))].sort_values("value", ascending=False)
    if shares.empty or WHOLE not in own.index:
        return ""
    first, *rest = [f"{parts[part]} takes {number(v, 3)}" for part, v in shares["value"].items()]
    each = listed([first, *(words.replace(" takes", "") for words in rest)])
    said = f"Of the {number(own.loc[WHOLE, 'value'], 3)} lost in {label}, {each}"
    if len(shares) == 1:
        return f"{said}."
    side = order(shares.iloc[0], shares.iloc[1])
    narrow = results.choices.measure(results.metric)["narrow_shares"]
    if side is None:
        verdict = "without intervals, it is open which is largest"
    elif side == "overlapping":
        verdict = "the intervals of the first two overlap, so it is open which is larger"
    elif narrow and own["n_groups"].min() < FEW_FOR_SHARES:
        verdict = (
            f"with fewer than {FEW_FOR_SHARES} groups these intervals are too narrow to rank them"
        )
    else:
        verdict = "the first is larger than the next"
    return f"{said}; {verdict}."


def _depth(results: Results) -> str:
    """The layers at which agreement is lowest and highest."""
    choices = results.choices
    rows = select.layers(results.rows)
    rows = rows[(rows["view"] == choices.focus) & rows["value"].notna()]
    what = "difference" if choices.distance(results.metric) else "agreement"
    told = []
    for name in results.told[:_IN_DETAIL]:
        own = rows[rows["encoder"] == name].reset_index(drop=True)
        if len(own) < 2:
            continue
        low, high = own.loc[own["value"].idxmin()], own.loc[own["value"].idxmax()]
        if not select.has_interval(own).any():
            continue  # without intervals, the layers cannot be told apart
        verdict = {
            "below": "the intervals lie apart",
            None: "without both intervals they cannot be compared",
        }.get(order(low, high), "the intervals overlap")
        told.append(
            f"In {results.label(name)}, {what} is lowest at {_layer(results, low)} and highest "
            f"at {_layer(results, high)}; {verdict}."
        )
    return " ".join([*told, EXTREMES]) if told else ""


def _layer(results: Results, row: pd.Series) -> str:
    return f"{row['layer']} ({results.estimate(row)}, relative depth {row['depth']:.2f})"


def _cautions(results: Results, verdict: str) -> str:
    """How many groups the findings rest on, and what they do not cover."""
    groups = results.groups
    count = labels.counted(groups, "independent group", "independent groups")
    words = [f"All this rests on {count} of frames"]
    if groups < select.FEW_GROUPS:
        known = bool(select.has_interval(results.rows).any())
        so = "intervals are rough" if known else "there are no intervals"
        words[0] += (
            f", too few (fewer than {select.FEW_GROUPS}): {so}, and other photographs may give "
        )
        words[0] += "other values"
    for name in results.trained:
        training = results.choices.encoders[name]["training"]
        if training not in _GENERAL:
            label = results.label(name)
            words.append(f"{label} was trained for {training} and speaks for that alone")
    if not results.trained:
        words.append("no encoder here is trained, so nothing is said about learned features")
    elif verdict:
        words.append(verdict)
    return f"{'; '.join(words)}."
