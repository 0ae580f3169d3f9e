"""Sentences on the differences that corrected tests tell, and on those that they do not."""

import math
import re
from collections.abc import Sequence

import pandas as pd

from catsight.figures import labels, select, verdicts
from catsight.figures.headline import Results
from catsight.figures.labels import listed
from catsight.figures.verdicts import Contrast

#: More differences of one kind than this are left to the tables; more networks than that, too.
_MOST, _IN_DETAIL = 3, 2


def quotable(results: Results) -> str:
    """One sentence that may be quoted alone: what the view in focus costs, and what else costs how
    much.

    It compares with the first other view of which a difference, or equivalence, is shown.
    """
    subject, names = _subject(results), results.told
    one = len(names) == 1
    kind = "vision networks" if results.trained else "networks with random weights"
    who = results.label(names[0]) if one else f"{len(names)} {kind}"
    others = of_views(results)
    shown = [view for view in others if others[view].told or others[view].equivalent]
    if results.distance:
        said = f"{subject} changes the features of {who}"
        if shown:
            return f"{said} {_beside(results, shown[0], others[shown[0]], 'as much as', 'does')}."
        return f"{said}; whether other changes of the picture do more or less is open."
    rows = pd.DataFrame([results.focal(name) for name in names])
    if rows["value"].isna().all():
        reason = labels.reason(rows.iloc[0])
        return f"What {_lower(subject)} costs {who} is not known: {reason}."
    loss = _losses(results, 1 - rows["value"].mean())
    said = f"{subject} costs {who} about {loss} of {'its' if one else 'their'} representation"
    said += " of a scene" + ("" if one else " on average")
    said += ", depending on how its colours are shown" if len(results.renderings) else ""
    if not select.has_interval(rows).any():
        said = f"In these pictures {_lower(said)}"
    if shown:
        return f"{said}, {_beside(results, shown[0], others[shown[0]], 'what', 'costs')}."
    unsure = "; whether other changes of the picture cost more or less is open" if others else ""
    return f"{said}{unsure}."


def _losses(results: Results, own: float) -> str:
    """The loss by the view in focus in percent, or from the least to the most of all renderings."""
    if results.renderings.empty:
        return labels.share(own)
    rows = results.renderings[results.renderings["encoder"].isin(results.told)]
    means = rows.groupby("display")["value"].mean()
    ends = [labels.share(1 - value) for value in (means.max(), means.min())]
    return ends[0] if ends[0] == ends[1] else f"{ends[0].removesuffix(' %')} to {ends[1]}"


def _subject(results: Results) -> str:
    """The view in focus as the subject of a sentence: ``A cat’s eye``, or its name."""
    about = results.choices.views[results.choices.focus].get("about", "")
    eye = re.fullmatch(r"an? (\w+) eye", about)
    return f"A {eye[1]}’s eye" if eye else f"“{results.choices.focus}”"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _beside(results: Results, view: str, one: Contrast, what: str, does: str) -> str:
    """``3.6 times what compression as a JPEG of quality 50 costs``, or the other way round."""
    other = results.choices.views[view].get("change") or f"“{view}”"
    if not one.told:
        return f"about {what} {other} {does}"
    if one.ratio is None:
        return f"not {what} {other} {does}"
    if one.larger is one:
        return f"{labels.factor(one.ratio)} times {what} {other} {does}"
    return f"while {other} {does} {labels.factor(one.larger.ratio or 1)} times as much"


def of_views(results: Results) -> dict[str, Contrast]:
    """The view in focus against each other view, controls that are matched to it first, then other
    controls: their means over networks, or the values of the only one.
    """
    choices, only = results.choices, results.told[0] if len(results.told) == 1 else None
    found = {
        view: one
        for view in choices.compared[1:]
        for one in results.compared("view", view_a=choices.focus, view_b=view, encoder_a=only)
    }

    def place(view: str) -> tuple[bool, bool]:
        return choices.views[view]["match"] != choices.focus, not choices.views[view]["control"]

    return {view: found[view] for view in sorted(found, key=place)}


def views(results: Results) -> str:
    """What is told of the view in focus against others; of controls, the question that each
    answers, and the answer.
    """
    choices, told = results.choices, []
    for view, one in of_views(results).items():
        larger, asked = one.larger, choices.question(view)
        if one.told and asked and one.ratio is not None:
            answer = "Yes," if larger is one else f"No, “{view}” changes them more,"
            told.append(f"{asked} {answer} {larger.times} as much.")
        elif one.told:
            told.append(f"{larger.first} changes features {_much(larger)} {larger.second} does.")
        elif one.equivalent:
            within = f"their losses are equivalent within ×{one.margin:g} ({one.interval})"
            told.append(f"{asked or f'{one.first} and {one.second}:'} About as much: {within}.")
    if not told:
        return ""
    only = results.label(results.told[0]) if len(results.told) == 1 else ""
    where = f"In {only}" if only else "On average over networks"
    return (
        f"{where}: {' '.join(told)} In brackets stand {labels.interval(choices)}s, corrected for "
        "what is tested together."
    )


def _much(one: Contrast) -> str:
    return f"{one.times} as much as" if one.ratio is not None else "not as much as"


def renderings(results: Results) -> str:
    """What each rendering of colours costs, and what is claimed of them; empty if there is one."""
    rows, focus = results.renderings, results.choices.focus
    if rows.empty:
        return ""
    each = []
    for name in results.told[:_IN_DETAIL]:
        shown = rows[rows["encoder"] == name]
        values = [f"{results.estimate(row)} {row['display']}" for _, row in shown.iterrows()]
        each.append(f"{listed(values)} in {results.label(name)}")
    said = [
        f"How the colours of “{focus}” are shown to a network is a choice, and features agree by "
        f"{'; '.join(each)}. To the eye itself all {rows['display'].nunique()} renderings are the "
        "same picture, but for colours that a screen cannot show. So differences of views, "
        "networks and layers are claimed only if all of them tell it, with the same sign, and "
        "intervals of these reach over all"
    ]
    if results.choices.attribution["view"]:
        said.append("; shares of the parts of the eye are of the study’s own rendering")
    said.append(".")
    if pairs := _depending(results):
        said.append(f" What depends on how colours are shown: {listed(pairs)}.")
    return "".join(said)


def _depending(results: Results) -> list[str]:
    """The pairs on whose difference renderings disagree, with what each says; of many some."""
    focus = results.choices.focus
    some = [
        *of_views(results).values(),
        *results.compared("encoder", view_a=focus),
        *_groups(results, "family"),
        *_groups(results, "training"),
    ]
    found = [f"{one.first} against {one.second} ({one.depends})" for one in some if one.depends]
    more = len(found) - 2 * _MOST
    return found if more <= 0 else [*found[: 2 * _MOST], f"{more} more in the table “Contrasts”"]


def encoders(results: Results) -> str:
    """In which networks, families and kinds of training the view in focus changes features less."""
    focus = results.choices.focus
    best, told = results.candidates("encoder", view=focus), []
    names = [verdicts.name("encoder", one, results.choices) for one in _left(best)]
    if len(names) == 1 < len(best):
        told.append(f"“{focus}” changes features least in {names[0]}.")
    elif len(names) < len(best) and len(names) <= 2 * _MOST:
        told.append(f"“{focus}” changes features least in {listed(names, 'or')}.")
    pairs = [*_groups(results, "family"), *_groups(results, "training")]
    for some in (results.compared("encoder", view_a=focus), pairs):
        each = [
            f"{one.times} as much in {one.first} as in {one.second}" for one in _strongest(some)
        ]
        if each:
            told.append(f"{'It' if told else f'“{focus}”'} changes features {listed(each)}.")
    return " ".join(told)


def _groups(results: Results, kind: str) -> list[Contrast]:
    """The contrasts of families or kinds of training; not those of one network with another."""
    found = results.compared(kind, view_a=results.choices.focus)
    return [one for one in found if one.of_several]


def _strongest(some: Sequence[Contrast]) -> list[Contrast]:
    """The differences that are told with the smallest p-values, what loses more first."""
    told = [one.larger for one in some if one.told and one.ratio is not None]
    return sorted(told, key=lambda one: one.p or 0)[:_MOST]


def _left(best: pd.DataFrame) -> list[str]:
    return verdicts.left(best)["member"].tolist() if len(best) else []


def parts(results: Results, encoder: str) -> str:
    """Which parts of the eye take more of a network's loss than others: half a sentence."""
    pairs = results.compared("part", encoder_a=encoder)
    each = [f"{one.first} takes {one.times} what {one.second} takes" for one in _strongest(pairs)]
    leaders = _left(results.candidates("part", encoder=encoder))
    if len(leaders) == 1:
        each.insert(0, f"{verdicts.name('part', leaders[0], results.choices)} takes most")
    if not each:  # a share below 0 has no ratio
        each = [f"{one.first} and {one.second} differ" for one in pairs if one.told][:_MOST]
    if each:
        return listed(each)
    return "no two of these are told apart" if pairs else "these are not tested for differences"


def layers(results: Results) -> str:
    """Where in a network the view in focus changes features least, and most."""
    focus, told = results.choices.focus, []
    for name in results.told[:_IN_DETAIL]:
        rows = select.layers(results.rows)
        rows = rows[(rows["encoder"] == name) & (rows["view"] == focus) & rows["value"].notna()]
        best = results.candidates("layer", encoder=name, view=focus)
        if len(best) > 1 and set(best["layer"]) <= set(rows["layer"]):
            told.append(_peak(results, name, rows.set_index("layer", drop=False), best))
    return " ".join(told)


def _peak(results: Results, name: str, rows: pd.DataFrame, best: pd.DataFrame) -> str:
    """Where one network's agreement peaks; ``rows`` of its layers."""
    focus = results.choices.focus
    values = rows.loc[best["layer"], "value"] * (-1 if results.distance else 1)
    peak, worst = values.idxmax(), values.idxmin()
    there = rows.loc[verdicts.left(best)["layer"], "depth"]
    if len(there) == len(best):
        return f"In which layer of {results.label(name)} “{focus}” changes features least is open."
    where = _layer(results, rows.loc[peak])
    said = f"In {results.label(name)}, “{focus}” changes features least at {where}"
    if len(there) > 1:
        said += f", or at another layer from relative depth {there.min():.2f} to {there.max():.2f}"
    for one in results.compared("layer", encoder_a=name, view_a=focus):
        if one.told and one.ratio is not None and {one.first, one.second} == {peak, worst}:
            said += f"; {one.larger.times} as much at {_layer(results, rows.loc[worst])}"
    return f"{said}."


def _layer(results: Results, row: pd.Series) -> str:
    return f"{row['layer']} ({results.estimate(row)}, relative depth {row['depth']:.2f})"


def open_questions(results: Results) -> str:
    """What is not told apart, and how many groups that would take; or why nothing is tested."""
    focus = results.choices.focus
    topics = {
        "views": list(of_views(results).values()),
        "networks": results.compared("encoder", view_a=focus),
        "families": _groups(results, "family"),
        "kinds of training": _groups(results, "training"),
        "parts of the eye": _of_parts(results),
    }
    said = [
        _topic(what, left)
        for what, some in topics.items()
        if (left := [one for one in some if one.open])
    ]
    if said:
        groups = labels.groups(results.choices, results.groups)
        return (
            f"{groups} are too few to tell apart {'; '.join(said)}. The brackets say how many "
            f"{groups.split()[-1]} it would take, if the difference is as large as the one seen; "
            "since that is uncertain, plan for half as many again."
        )
    untested = [one.reason for some in topics.values() for one in some if one.p is None]
    return f"Differences are not tested: {untested[0]}." if untested else ""


def _of_parts(results: Results) -> list[Contrast]:
    """The contrasts of parts: of means over networks, or of the first network that has any."""
    found = [results.compared("part", encoder_a=name) for name in (None, *results.encoders)]
    return next(filter(None, found), [])


def _topic(what: str, left: Sequence[Contrast]) -> str:
    """What is open of one kind: each pair of a few, else the pair that would take the fewest."""
    left = sorted(left, key=lambda one: one.needed[0] if one.needed else math.inf)
    if len(left) <= _MOST:
        return listed([_pair(one) for one in left])
    return f"many {what}, of which {_pair(left[0])} would take the fewest"


def _pair(one: Contrast) -> str:
    enough = verdicts.enough(one)
    return f"{one.first} from {one.second}" + (f" ({enough})" if enough else "")
