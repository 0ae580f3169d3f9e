"""What was found, in plain sentences that claim no more than corrected tests tell."""

import pandas as pd

from catsight.figures import labels, select, told
from catsight.figures.choices import Choices
from catsight.figures.headline import Results
from catsight.figures.labels import listed, number
from catsight.tables.names import ALL_LAYERS, WHOLE

#: More encoders than this are summed up instead of listed; more others are left out.
_LISTED, _IN_DETAIL = 4, 2
#: A first-order share of a number of the eye that is worth a word.
_TELLING = 0.1
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
        f"of other scenes, to {select.FEW_GROUPS} or more."
    )


def sentences(
    metrics: pd.DataFrame,
    choices: Choices,
    attribution: pd.DataFrame | None = None,
    contrasts: pd.DataFrame | None = None,
    best: pd.DataFrame | None = None,
    physiology: pd.DataFrame | None = None,
    renderings: pd.DataFrame | None = None,
    readout: pd.DataFrame | None = None,
) -> list[str]:
    """A few sentences on a study, from its tables: the first may be quoted alone; then what
    corrected tests tell, what they do not tell and what that would take, and on what it rests.
    """
    results = Results.of(metrics, choices, contrasts, best, renderings)
    found = [
        told.quotable(results),
        _level(results),
        told.renderings(results),
        told.views(results),
        told.encoders(results),
        _untrained(results),
        _answers(results, readout),
        _parts(results, attribution),
        _physiology(results, physiology),
        told.layers(results),
        told.open_questions(results),
        _cautions(results),
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


def _untrained(results: Results) -> str:
    """The values that random weights give, if others are trained."""
    if not (results.trained and results.untrained):
        return ""  # if no encoder is trained, the cautions say so
    values = [
        f"{results.estimate(results.focal(name))} in {results.label(name)}"
        for name in results.untrained[:_LISTED]
    ]
    return (
        "Random weights, which show what architecture and pixels alone give, have "
        f"{listed(values)}."
    )


def _answers(results: Results, readout: pd.DataFrame | None) -> str:
    """How far the view in focus changes what networks with a trained head answer."""
    if readout is None:
        return ""
    choices = results.choices
    rows = readout[(readout["kind"] == "mean") & (readout["view"] == choices.focus)]
    said = []
    for name in list(choices.present(rows))[:_IN_DETAIL]:
        own = rows[(rows["encoder"] == name) & rows["value"].notna()].set_index("metric")
        values = {metric: results.estimate(row) for metric, row in own.iterrows()}
        if not {"same_first", "divergence"} <= set(values):
            continue
        five = values.get("shared_five")  # heads of no more than five classes have none
        said.append(
            f"{results.label(name)} gives the same first answer to {values['same_first']} of "
            f"frames in “{choices.focus}” as in “{choices.reference}”"
            f"{f', and shares {five} of its first five' if five else ''}; all its answers diverge "
            f"by {values['divergence']}, of at most 1 bit."
        )
    if not said:
        return ""
    return f"{' '.join(said)} No labels are used: a changed answer need not be worse."


def _parts(results: Results, attribution: pd.DataFrame | None) -> str:
    """How much of the loss is due to which part of the eye, the largest share first."""
    if attribution is None:
        return ""
    rows = attribution[attribution["metric"] == results.metric]
    rows = select.pooled(rows, results.choices)
    rows = rows[(rows["layer"] == ALL_LAYERS) & rows["value"].notna()]
    names = [name for name in results.encoders if name in set(rows["encoder"])][:_IN_DETAIL]
    said = [_shares(results, rows[rows["encoder"] == name], name) for name in names]
    if not any(said):
        return ""
    return f"{' '.join(filter(None, said))} Intervals are in the table “Parts of the eye”."


def _shares(results: Results, rows: pd.DataFrame, encoder: str) -> str:
    """One encoder's loss and the share of each part; empty if either is unknown."""
    parts, own = results.choices.parts, rows.set_index("part")
    shares = own[own.index.isin(list(parts))].sort_values("value", ascending=False)
    if shares.empty or WHOLE not in own.index:
        return ""
    first, *rest = [f"{parts[part]} takes {number(v, 3)}" for part, v in shares["value"].items()]
    each = listed([first, *(words.replace(" takes", "") for words in rest)])
    said = f"Of the {number(own.loc[WHOLE, 'value'], 3)} lost in {results.label(encoder)}, {each}"
    return f"{said}; {told.parts(results, encoder)}." if rest else f"{said}."


def _physiology(results: Results, physiology: pd.DataFrame | None) -> str:
    """How far drawn eyes spread the loss, beside the interval due to frames, and the number of the
    eye that most of it is due to.
    """
    if physiology is None:
        return ""
    rows = select.pooled(physiology[physiology["metric"] == results.metric], results.choices)
    rows = rows[rows["layer"] == ALL_LAYERS]
    names = [name for name in results.told if name in set(rows["encoder"])][:_IN_DETAIL]
    said = [_spread(results, rows[rows["encoder"] == name], name) for name in names]
    return " ".join(filter(None, said))


def _spread(results: Results, rows: pd.DataFrame, encoder: str) -> str:
    """One encoder's sentence; empty if some draw has no value."""
    spread = rows[(rows["kind"] == "spread") & rows["low"].notna()]
    if spread.empty:
        return ""
    low, high = spread[["low", "high"]].iloc[0]
    draws = rows[rows["kind"] == "draw"]
    said = (
        f"Eyes drawn within what is known of the eye of “{spread['view'].iloc[0]}” lose "
        f"{number(low, 3)} to {number(high, 3)} in {results.label(encoder)} "
        f"({int((draws['draw'] > 0).sum())} draws, without the least and the largest 5 %)"
    )
    own = draws[(draws["draw"] == 0) & select.has_interval(draws)]
    if own.empty:
        said += ", and the photographs alone leave no interval"
    else:
        ends = own[["ci_low", "ci_high"]].iloc[0]
        ends = ends if results.distance else 1 - ends[::-1]
        times = labels.factor((high - low) / (ends.iloc[1] - ends.iloc[0]))
        said += (
            f", {times} times as wide as what the frames leave open of the eye as stated, "
            f"{number(ends.iloc[0], 3)} to {number(ends.iloc[1], 3)}"
        )
    shares = rows[rows["kind"] == "share"].dropna(subset="share")
    if shares.empty or shares["share"].max() < _TELLING:
        return f"{said}; no number of the eye stands out."
    most = shares.loc[shares["share"].idxmax()]
    return (
        f"{said}; {labels.share(most['share'])} of that variance is due to {most['number']} alone."
    )


def _cautions(results: Results) -> str:
    """How many groups the findings rest on, and what they do not cover."""
    groups = results.groups
    count = labels.counted(groups, "independent group", "independent groups")
    words = [f"All this rests on {count} of frames"]
    if groups < select.FEW_GROUPS:
        known = bool(select.has_interval(results.rows).any())
        so = "intervals are wide" if known else "there are no intervals"
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
    return f"{'; '.join(words)}."
