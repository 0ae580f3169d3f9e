"""The table of frames by themselves: which frames a view changes, layer by layer.

A measure of all frames may hide that a few of them lose everything. Each frame is compared with
frames of other groups alone, in both representations:

- ``pnka``: whether its similarities to them are in the same proportions (:func:`pnka`);
- ``overlap``: whether the same ones are its nearest neighbours
  (:mod:`catsight.metrics.neighbours`);
- ``reciprocal_rank``: 1 / its rank among them if they are searched for it (the mean over
  groups is ``retrieval_mrr_between``).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from catsight.metrics import correspondence
from catsight.metrics.arrays import pair
from catsight.metrics.dealing import deal
from catsight.metrics.grouping import Grouping
from catsight.metrics.neighbours import Neighbourhoods, enough
from catsight.metrics.reading import Features, places
from catsight.run.metrics_specs import PerFrameSpec
from catsight.run.progress import Progress
from catsight.tables.columns.per_frame import PER_FRAME
from catsight.tables.names import ALL_LAYERS

#: The columns that hold values.
VALUES = ("pnka", "overlap", "reciprocal_rank")
#: A frame that is nearer to the mean than this fraction of the farthest one's distance lies at it,
#: but for rounding.
_AT_MEAN = 1e-7


class Values(NamedTuple):
    """The values (n, 3) of frames, in the order of :data:`VALUES`, and why some are nan (n,)."""

    values: np.ndarray
    reasons: np.ndarray


def per_frame(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: PerFrameSpec
) -> pa.Table:
    """The rows of every frame, of each view but the reference and each layer or mean over layers.

    ``features`` by view; ``groups`` maps each frame to its group, in the order of the frames. More
    than ``spec["at_once"]`` frames are compared in parts (catsight.metrics.dealing).
    """
    ids, names = np.array(list(groups), dtype=object), np.array(list(groups.values()), dtype=object)
    parts = deal(list(groups.values()), spec["at_once"], spec["seed"]) if groups else []
    reference = spec["reference"]
    columns = places(features[reference].columns)
    others = [view for view in features if view != reference]
    about = {"encoder": spec["encoder"], "reference": reference}
    found: dict[tuple[str, str], list[list[Values]]] = {}  # (view, pooling) -> layers -> parts
    tables = [PER_FRAME.empty_table()]

    def add(place: dict[str, Any], values: Iterable[Values]) -> None:
        tables.extend(_rows(about | place, ids[i], names[i], of) for i, of in zip(parts, values))

    with Progress(
        f"per frame {spec['encoder']}", len(columns) * len(others), "comparisons"
    ) as progress:
        for column, place in columns.items():
            x = features[reference][column]
            for view in others:
                y = features[view][column]
                layer = [compare(x[i], y[i], ids[i], names[i], spec) for i in parts]
                found.setdefault((view, place["pooling"]), []).append(layer)
                add(place | {"view": view}, layer)
                progress.advance()
    for (view, pooling), layers in found.items():
        means = (mean_over_layers(of) for of in zip(*layers))
        add({"layer": ALL_LAYERS, "view": view, "pooling": pooling}, means)
    return pa.concat_tables(tables)


def compare(
    x: np.ndarray, y: np.ndarray, frames: Sequence[str], groups: Sequence[str], spec: PerFrameSpec
) -> Values:
    """The values of each of the ``frames``, with features ``x`` (n, d) and ``y`` (n, e)."""
    k, count = spec["neighbours"], len(set(groups))
    values, own = np.full((len(x), len(VALUES)), np.nan), np.full(len(x), "", dtype=object)
    if count < 2:
        return Values(values, own + "only one group, so there are no frames of other groups")
    values[:, 0] = pnka(x, y, groups=groups)
    own[np.isnan(values[:, 0])] = "its features are the mean of all frames'"
    sizes = Counter(groups)
    lonely = np.array([len(x) - sizes[group] == 1 for group in groups])
    values[lonely, 0] = np.nan  # the cosine of two numbers is 1 or -1
    own[lonely] = "only one frame of another group, too few to relate to"
    both = Neighbourhoods(x, y, groups, k)
    values[:, 1] = both.overlaps()
    apart = correspondence.distances(x, y, spec["retrieval_distance"])
    if np.isfinite(apart).all():
        values[:, 2] = 1 / (1 + correspondence.as_near(apart, groups).sum(axis=1))
    of_all = []
    if not enough(count, k):
        of_all.append(f"fewer than {k + 2} groups, too few for {k} nearest neighbours")
    if not both.defined:
        zero = next(i for i in range(len(x)) if not (x[i].any() and y[i].any()))
        of_all.append(f"the features of frame '{frames[zero]}' are all 0, so no frame is nearest")
    return Values(values, _each("; ".join(filter(None, (reason, *of_all))) for reason in own))


def mean_over_layers(layers: Sequence[Values]) -> Values:
    """The frames' means over ``layers``; nan, with the first layer's reason, if one is nan."""
    reasons = (next(filter(None, of), "") for of in zip(*(layer.reasons for layer in layers)))
    return Values(
        np.mean([layer.values for layer in layers], axis=0),
        _each(reason and f"undefined in a layer: {reason}" for reason in reasons),
    )


def pnka(x: np.ndarray, y: np.ndarray, *, groups: Sequence | None = None) -> np.ndarray:
    """Pointwise normalised kernel alignment (n,): how alike each frame's similarities are.

    The cosine between row i of the Gram matrices of ``x`` (n, d) and ``y`` (n, e), both centred
    (Kolling, Speicher, Nanda, Toneva & Gummadi 2025, "Investigating the effects of fairness
    interventions using pointwise representational similarity", TMLR; "Pointwise representational
    similarity", 2023). 1 if frame i relates to all frames alike, up to scale.

    With ``groups`` (n,), only frames of other groups count, and groups have equal weight, also in
    the mean that is subtracted: so neither a frame's similarity to itself makes the value high, nor
    that to other frames of its photograph. nan for a frame at the mean of all frames.
    """
    x, y = pair(x, y)
    grouping = Grouping(range(len(x)) if groups is None else groups)
    # in order of the frames
    weights, of = np.empty(len(x)), np.empty(len(x), dtype=np.int64)
    weights[grouping.order], of[grouping.order] = grouping.weights, grouping.of
    one, other = (_relations(values, weights) for values in (x, y))
    if groups is not None:
        apart = of[:, None] != of[None, :]
        one, other = one * apart, other * apart
    with np.errstate(invalid="ignore", divide="ignore"):
        one, other = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (one, other))
    return np.clip(np.einsum("ij,ij->i", one, other), -1, 1)


def _relations(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The centred Gram matrix (n, n) of ``x``, its columns times the root of the frames' weights.

    0 in the row of a frame that lies at the weighted mean.
    """
    x = np.subtract(x, x[:1], dtype=np.float64)  # so that large offsets cost no precision
    x -= np.average(x, axis=0, weights=weights)
    lengths = np.linalg.norm(x, axis=1)
    x[lengths <= _AT_MEAN * lengths.max()] = 0
    return x @ (x * np.sqrt(weights)[:, None]).T


def _each(reasons: Iterable[str]) -> np.ndarray:
    return np.array(list(reasons), dtype=object)


def _rows(about: dict[str, Any], ids: np.ndarray, groups: Sequence[str], found: Values) -> pa.Table:
    """The rows of the frames ``ids``; columns that are not known are null."""
    each = {"frame_id": ids, "group": groups, "reason": [one or None for one in found.reasons]}
    each |= {name: pa.array(of, from_pandas=True) for name, of in zip(VALUES, found.values.T)}
    constant = dict.fromkeys(PER_FRAME.names) | about | {"at_once": len(ids)}
    columns = {key: [value] * len(ids) for key, value in constant.items()} | each
    return pa.table(columns).cast(PER_FRAME)
