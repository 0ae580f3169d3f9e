"""The hypotheses of a study: which of its values are compared, and which are corrected together.

The values are those of its tables; each set of hypotheses answers one question, such as "which
encoders differ under the cat's eye?", so those of one question are corrected together.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from catsight.run.metrics_specs import ContrastsSpec
from catsight.tables.names import ALL_LAYERS, WHOLE, shown_pooling

Row = Mapping[str, Any]


class Member(NamedTuple):
    """A value that is compared with others.

    ``name``: what tells it from them. ``place``: its columns encoder, view, layer, dose, part and
    members (encoders that it is a mean over). ``values`` (1 + blocks,): of all groups, and without
    each block; only the first, if that, where a ``reason`` says why there is no more. ``parts``:
    the numbers of blocks of each part. ``poolings``: those of its encoders.
    """

    name: str
    place: dict[str, Any]
    values: np.ndarray
    parts: tuple[int, ...]
    n_groups: int
    n_frames: int
    poolings: frozenset[str]
    reason: str | None = None

    @property
    def layout(self) -> tuple[Any, ...]:
        """What two members must share: only then were the same groups left out of both."""
        return len(self.values), self.parts, self.n_groups, self.n_frames


class Hypotheses(NamedTuple):
    """Contrasts that are corrected together: ``pairs`` (contrasts, 2) of the ``members``.

    ``ranked``: all pairs are there, so the best may be told.
    """

    kind: str
    name: str
    metric: str
    members: list[Member]
    pairs: np.ndarray
    ranked: bool = True
    swept: str | None = None


def hypotheses(found: Mapping[str, Sequence[Row]], spec: ContrastsSpec) -> Iterator[Hypotheses]:
    """All that a study's tables let us compare: ``found`` are the rows of metrics, and of
    attribution and doses if the study has these.
    """
    for metric in spec["measures"]:
        values = _members(found["metrics"], spec, metric, ("view", "layer"))
        means = {key: one for key, one in values.items() if key[2] == ALL_LAYERS}
        encoders = _encoders(found["metrics"], means)
        averaged = _averaged(encoders)
        for view in spec["views"]:
            yield from _of_encoders(encoders, means, view, metric)
        yield from _of_views(list(encoders), averaged, means, spec, metric)
        for encoder in encoders:
            for view in spec["views"]:
                layers = [
                    one._replace(name=key[2])
                    for key, one in values.items()
                    if key[:2] == (encoder, view) and key[2] != ALL_LAYERS
                ]
                yield from _all_pairs("layer", f"layers of {encoder}, {view}", metric, layers)
        yield from _of_parts(found.get("attribution", ()), averaged, spec, metric)
        yield from _of_doses(found.get("doses", ()), averaged, spec, metric)


# -- each kind -------------------------------------------------------------------------------------


def _of_encoders(
    encoders: Mapping[str, Row], means: Mapping[Any, Member], view: str, metric: str
) -> Iterator[Hypotheses]:
    """Encoders on a view, families of trained encoders, and kinds of training."""
    own = {
        name: means[name, view, ALL_LAYERS]
        for name in encoders
        if (name, view, ALL_LAYERS) in means
    }
    members = [one._replace(name=name) for name, one in own.items()]
    yield from _all_pairs("encoder", f"encoders, {view}", metric, members)
    trained = _averaged(encoders)
    for kind, column, among in (("family", "family", trained), ("training", "training", own)):
        sets: dict[str, list[str]] = {}
        for name in own:
            if name in among:
                sets.setdefault(str(encoders[name][column]), []).append(name)
        members = [_mean([own[name] for name in some], label) for label, some in sets.items()]
        words = {"family": "families", "training": "kinds of training"}[kind]
        yield from _all_pairs(kind, f"{words}, {view}", metric, members)


def _of_views(
    encoders: Sequence[str],
    averaged: Sequence[str],
    means: Mapping[Any, Member],
    spec: ContrastsSpec,
    metric: str,
) -> Iterator[Hypotheses]:
    """The view in focus against each other view: over encoders, then in each encoder."""
    focus = spec["focus"]
    if focus is None:
        return

    def of(names: Sequence[str], view: str) -> list[Member]:
        return [means[name, view, ALL_LAYERS]._replace(name=view) for name in names]

    views = [
        view
        for view in spec["views"]
        if all((name, view, ALL_LAYERS) in means for name in encoders)
    ]
    others = [view for view in views if view != focus]
    if focus not in views or not others:
        return
    if len(averaged) > 1:
        members = [_mean(of(averaged, view), view) for view in (focus, *others)]
        pairs = np.array([(0, 1 + i) for i in range(len(others))])
        name = f"{focus} and other views, mean over encoders, {metric}"
        yield Hypotheses("view", name, metric, members, pairs, ranked=False)
    for view in others:
        members = of(encoders, focus) + of(encoders, view)
        pairs = np.arange(len(members)).reshape(2, -1).T
        name = f"{focus} and {view}, by encoder, {metric}"
        yield Hypotheses("view", name, metric, members, pairs, ranked=False)


def _of_parts(
    rows: Sequence[Row], averaged: Sequence[str], spec: ContrastsSpec, metric: str
) -> Iterator[Hypotheses]:
    """The parts of the eye: what each takes of the loss, in each encoder and in their mean."""
    values = _members(rows, spec, metric, ("part", "layer"))
    own = {key[:2]: one for key, one in values.items() if key[2] == ALL_LAYERS and key[1] != WHOLE}
    yield from _in_encoders("part", "parts of the eye", metric, own, averaged)


def _of_doses(
    rows: Sequence[Row], averaged: Sequence[str], spec: ContrastsSpec, metric: str
) -> Iterator[Hypotheses]:
    """All pairs of doses of a sweep, in each encoder and in their mean.

    All pairs, since they hold the two questions that are asked, whether neighbours differ and
    whether anything does, and no choice of a dose by its value.
    """
    for swept in dict.fromkeys(row["swept"] for row in rows):
        own_rows = [row for row in rows if row["swept"] == swept]
        values = _members(own_rows, spec, metric, ("dose", "layer"))
        own = {key[:2]: one for key, one in values.items() if key[2] == ALL_LAYERS}
        for one in _in_encoders("dose", f"doses of {swept}", metric, own, averaged):
            yield one._replace(swept=swept)


def _in_encoders(
    kind: str,
    words: str,
    metric: str,
    values: Mapping[tuple[str, Any], Member],
    averaged: Sequence[str],
) -> Iterator[Hypotheses]:
    """All pairs of parts or doses: of the mean over encoders, if there are several, and of each.

    ``values`` by encoder and part or dose.
    """
    encoders = list(dict.fromkeys(encoder for encoder, _ in values))
    names = list(dict.fromkeys(name for _, name in values))
    over = [encoder for encoder in encoders if encoder in averaged] or encoders
    if len(over) > 1:
        members = [
            _mean([values[encoder, name] for encoder in over], _word(name))
            for name in names
            if all((encoder, name) in values for encoder in over)
        ]
        yield from _all_pairs(kind, f"{words}, mean over encoders", metric, members)
    for encoder in encoders:
        members = [
            values[encoder, name]._replace(name=_word(name))
            for name in names
            if (encoder, name) in values
        ]
        yield from _all_pairs(kind, f"{words}, {encoder}", metric, members)


def _all_pairs(kind: str, words: str, metric: str, members: list[Member]) -> Iterator[Hypotheses]:
    if len(members) > 1:
        pairs = np.array(list(combinations(range(len(members)), 2)))
        yield Hypotheses(kind, f"{words}, {metric}", metric, members, pairs)


# -- members ---------------------------------------------------------------------------------------


def _members(
    rows: Sequence[Row], spec: ContrastsSpec, metric: str, by: tuple[str, str]
) -> dict[tuple[str, Any, str], Member]:
    """The values of one metric by encoder and the two columns ``by``, layers in network order.

    Of each encoder those of the pooling that is shown.
    """
    rows = [
        row for row in rows if row["metric"] == metric and row["reference"] == spec["reference"]
    ]
    has: dict[str, set[str]] = {}
    for row in rows:
        has.setdefault(row["encoder"], set()).add(row["pooling"])
    pooling = {encoder: shown_pooling(some, spec["pooling"]) for encoder, some in has.items()}
    shown = [row for row in rows if row["pooling"] == pooling[row["encoder"]]]
    shown.sort(key=lambda row: (row["encoder"], _or_last(row["layer_index"])))
    return {(row["encoder"], row[by[0]], row[by[1]]): _member(row) for row in shown}


def _or_last(index: int | None) -> float:
    return np.inf if index is None else index


def _member(row: Row) -> Member:
    place = {name: row.get(name) for name in ("encoder", "view", "layer", "dose", "part")}
    value, replicates, reason = row["value"], row["replicates"], None
    if value is None or replicates is None:
        reason = row["reason"] or "no interval"
    values = [] if value is None else [value] if replicates is None else [value, *replicates]
    return Member(
        name="",
        place=place,
        values=np.array(values, dtype=np.float64),
        parts=tuple(row["parts"] or ()),
        n_groups=row["n_groups"],
        n_frames=row["n_frames"],
        poolings=frozenset([row["pooling"]]),
        reason=reason,
    )


def _mean(members: Sequence[Member], name: str) -> Member:
    """The mean over encoders, replicate by replicate; without numbers if one has none."""
    first, encoders = members[0], [one.place["encoder"] for one in members]
    place = {**first.place, "encoder": None, "members": encoders}
    reasons = (f"{one.place['encoder']}: {one.reason}" for one in members if one.reason)
    reason = next(reasons, None)
    if reason is None and len({one.layout for one in members}) > 1:
        reason = "not of the same groups in all encoders"
    values = first.values if len(members) == 1 else np.array([])
    if reason is None:
        values = np.mean([one.values for one in members], axis=0)
    poolings = frozenset().union(*(one.poolings for one in members))
    return first._replace(name=name, place=place, values=values, poolings=poolings, reason=reason)


def _encoders(rows: Sequence[Row], means: Mapping[Any, Member]) -> dict[str, Row]:
    """A row of each encoder, which says its family and training."""
    about = {row["encoder"]: row for row in rows}
    return {name: about[name] for name in dict.fromkeys(encoder for encoder, _, _ in means)}


def _averaged(encoders: Mapping[str, Row]) -> list[str]:
    """The encoders that means are taken over: the trained ones, or all if none is trained."""
    trained = [name for name, row in encoders.items() if row["training"] != "untrained"]
    return trained or list(encoders)


def _word(name: Any) -> str:
    return name if isinstance(name, str) else f"{name:g}"
