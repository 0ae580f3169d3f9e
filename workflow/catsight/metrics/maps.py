"""The table of maps: every layer against every layer, between views or between encoders."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations_with_replacement, product
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg.blas import ssyrk

from catsight.errors import CatsightError
from catsight.metrics.arrays import centre, square_distances, upper
from catsight.metrics.dealing import deal
from catsight.metrics.grouping import Grouping
from catsight.metrics.reading import Features, places
from catsight.metrics.similarity import (
    ROUNDING,
    Ranks,
    ratio,
    rbf,
    rbf_over_groups,
    rdm,
    u_shift,
    unit,
)
from catsight.run.metrics_specs import MapsSpec
from catsight.run.progress import Progress

#: Pairs of frames whose float32 products are summed before they are added in float64.
_PAIRS = 1 << 14
_FLAT = "the features of one of the layers do not vary enough"


class Pairs(NamedTuple):
    """The similarities of pairs of frames in a layer, so that layers of any widths are compared by
    products of these.

    ``off`` (pairs,) float32: of different frames, weighted. ``of_frames`` (n,) float64: a small
    rest by frame, whose products are added or subtracted (:class:`Mapped`).
    """

    off: np.ndarray
    of_frames: np.ndarray


class Settings(NamedTuple):
    """The settings of the measures: see :func:`catsight.metrics.cka_rbf` and ``rsa``."""

    bandwidth: float
    distance: str
    comparison: str
    grouping: Grouping


class Mapped(NamedTuple):
    """How maps of a measure are made.

    ``pairs``: the :class:`Pairs` of a layer's features (n, d). ``sign``: whether the products of
    ``of_frames`` are added (1) or subtracted (-1). ``groups``: whether frames of one group make no
    pairs; otherwise every frame is a group.
    """

    pairs: Callable[[np.ndarray, Settings], Pairs]
    sign: int = 1
    groups: bool = False


def similarity_map(
    xs: Sequence[np.ndarray],
    ys: Sequence[np.ndarray],
    metric: str = "cka_linear_unbiased",
    *,
    groups: Sequence | None = None,
    bandwidth: float = 1.0,
    distance: str = "correlation",
    comparison: str = "spearman",
) -> np.ndarray:
    """The ``metric`` of each of ``xs`` with each of ``ys``: float64 (len(xs), len(ys)).

    All are features (n, ·) of the same frames, in ``groups`` (n,) if given. ``metric``: one of
    :data:`MAPPED`. nan if undefined. Each layer's kernel is computed once; a map then costs one
    product of matrices. Kernels are float32, sums float64: within 1e-5 of the metric itself.
    """
    mapped = _mapped(metric)
    grouping = _grouping(range(len(xs[0])) if groups is None else groups, mapped)
    settings = Settings(bandwidth, distance, comparison, grouping)
    rows = [mapped.pairs(x, settings) for x in xs]
    columns = rows if ys is xs else [mapped.pairs(y, settings) for y in ys]
    return _map(rows, columns, mapped.sign)


def maps(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: MapsSpec
) -> list[dict[str, Any]]:
    """The rows of the table of maps: between the views of ``spec["encoder"]``.

    If the spec names no encoder, between encoders, by whose names the ``features`` then come.
    """
    return (between_views if "encoder" in spec else between_encoders)(features, groups, spec)


def between_views(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: MapsSpec
) -> list[dict[str, Any]]:
    """The rows of layers of the reference view by layers of each other view."""
    encoder, reference = spec["encoder"], spec["reference"]
    sides = {view: (encoder, view) for view in features}
    pairs = [(reference, view) for view in features if view != reference]
    return list(_rows(f"maps {encoder}", features, sides, pairs, groups, spec))


def between_encoders(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: MapsSpec
) -> list[dict[str, Any]]:
    """The rows of layers by layers of each pair of encoders, and of each encoder with itself."""
    sides = {encoder: (encoder, spec["reference"]) for encoder in features}
    pairs = list(combinations_with_replacement(features, 2))
    return list(_rows("maps between encoders", features, sides, pairs, groups, spec))


def _rows(
    what: str,
    features: Mapping[str, Features],
    sides: Mapping[str, tuple[str, str]],
    pairs: Sequence[tuple[str, str]],
    groups: Mapping[str, str],
    spec: MapsSpec,
) -> Iterator[dict[str, Any]]:
    """The rows for ``pairs`` of names of ``features``.

    ``sides``: the encoder and the view of each name.
    """
    frames = deal(list(groups.values()), spec["frames"], spec["seed"])[0]
    dealt = [list(groups.values())[frame] for frame in frames]
    of_rsa = spec["bandwidth"], spec["rsa_distance"], spec["rsa_comparison"]
    columns = {name: places(of.columns) for name, of in features.items()}
    poolings = dict.fromkeys(place["pooling"] for own in columns.values() for place in own.values())
    with Progress(what, len(poolings) * len(spec["metrics"]), "maps") as progress:
        for pooling, metric in product(poolings, spec["metrics"]):
            mapped = _mapped(metric)
            settings = Settings(*of_rsa, _grouping(dealt, mapped))
            here = {
                name: {
                    column: place for column, place in own.items() if place["pooling"] == pooling
                }
                for name, own in columns.items()
            }
            layers = {
                name: [mapped.pairs(features[name][column][frames], settings) for column in own]
                for name, own in here.items()
            }
            for one, other in pairs:
                if not (layers[one] and layers[other]):
                    continue  # a CNN has no class token
                names = ("encoder", "view", "other_encoder", "other_view")
                about: dict[str, Any] = dict(zip(names, sides[one] + sides[other]))
                about |= {"pooling": pooling, "metric": metric, "n_frames": len(frames)}
                values = _map(layers[one], layers[other], mapped.sign)
                for cell in _cells(values, list(here[one].values()), list(here[other].values())):
                    yield about | cell
            progress.advance()


def _cells(
    values: np.ndarray, rows: Sequence[Mapping[str, Any]], columns: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The cells of a map, row by row; ``rows`` and ``columns`` are the :func:`places` of layers."""
    for (i, row), (j, column) in product(enumerate(rows), enumerate(columns)):
        cell = {"layer": row["layer"], "layer_index": row["layer_index"]}
        cell |= {"other_layer": column["layer"], "other_index": column["layer_index"]}
        if np.isfinite(values[i, j]):
            yield cell | {"value": float(values[i, j])}
        else:
            yield cell | {"reason": _FLAT}


def _mapped(metric: str) -> Mapped:
    if metric not in MAPPED:
        raise CatsightError(
            f"there are no maps of the measure '{metric}'; there are maps of {', '.join(MAPPED)}"
        )
    return MAPPED[metric]


# -- pairs of a layer ------------------------------------------------------------------------------


def _grouping(groups: Sequence, mapped: Mapped) -> Grouping:
    return Grouping(groups if mapped.groups else range(len(groups)))


def _gram(x: np.ndarray) -> np.ndarray:
    """The Gram matrix (n, n), float32, of centred features over the largest of them."""
    x = np.asarray(x, dtype=np.promote_types(np.asarray(x).dtype, np.float32))
    x = unit(centre(x)).astype(np.float32, copy=False)
    lower = ssyrk(1.0, x.T, trans=1, lower=1)  # half the products of x @ x.T
    return np.where(np.tri(len(x), dtype=bool), lower, lower.T)


def _linear(x: np.ndarray, settings: Settings) -> Pairs:
    return _biased(_gram(x))


def _linear_unbiased(x: np.ndarray, settings: Settings) -> Pairs:
    return _unbiased(_gram(x[settings.grouping.order]), settings.grouping)


def _rbf(x: np.ndarray, settings: Settings) -> Pairs:
    kernel, _ = rbf(square_distances(np.asarray(x, dtype=np.float64)), settings.bandwidth)
    kernel -= kernel.mean(axis=0)
    kernel -= kernel.mean(axis=1, keepdims=True)
    return _biased(kernel)


def _rbf_unbiased(x: np.ndarray, settings: Settings) -> Pairs:
    grouping = settings.grouping
    squares = square_distances(np.asarray(x[grouping.order], dtype=np.float64))
    return _unbiased(rbf_over_groups(squares, grouping, settings.bandwidth)[0], grouping)


def _biased(kernel: np.ndarray) -> Pairs:
    """Twice the pairs i < j of a centred kernel, and its diagonal."""
    return Pairs(
        np.sqrt(2, dtype=np.float32) * upper(kernel).astype(np.float32),
        np.diag(kernel).astype(np.float64),
    )


def _unbiased(kernel: np.ndarray, grouping: Grouping) -> Pairs:
    """The terms of HSIC over distinct groups (:func:`catsight.metrics.between.hsic`).

    Of a kernel whose means over groups are U-centred, so that the rows' sums drop out; if every
    group is one frame, the pairs alone remain.
    """
    kernel = np.asarray(kernel, dtype=np.float64)
    count, largest = len(grouping.sizes), np.abs(kernel).max()
    shift = u_shift(np.where(np.eye(count, dtype=bool), 0, grouping.blocks(kernel)))
    shift = shift[grouping.of]
    kernel = kernel - shift[:, None] - shift[None, :]
    if np.abs(kernel[grouping.apart]).max(initial=0) <= ROUNDING * largest:
        kernel = np.zeros_like(kernel)  # one frame alone differs from the others
    ordered = count * (count - 1)
    places, weights = grouping.pairs
    terms = [np.sqrt(2 / ordered) * kernel[places] * np.sqrt(1 if weights is None else weights)]
    if weights is None:
        terms[0] /= grouping.sizes[0]
    rows = np.zeros(len(kernel))
    if grouping.single:
        terms[0] *= np.sqrt((count - 1) / (count - 3))
    else:
        frames = np.where(grouping.own, 0, grouping.columns(kernel))
        frames *= np.sqrt(grouping.weights)[:, None]
        groups = grouping.blocks(kernel)
        of_three = ordered * (count - 2)
        terms.append(np.sqrt(2 / of_three) * frames.ravel())
        terms.append(np.sqrt(4 / (of_three * (count - 3))) * upper(groups))
        rows = np.sqrt(2 / of_three) * frames.sum(axis=1)
    return Pairs(np.concatenate(terms).astype(np.float32), rows)


def _rdm(x: np.ndarray, settings: Settings) -> Pairs:
    if settings.comparison not in ("spearman", "pearson"):
        raise CatsightError(
            f"there are no maps of rsa with rsa_comparison {settings.comparison}; use spearman or "
            "pearson"
        )
    grouping = settings.grouping
    places, weights = grouping.pairs
    values = rdm(x[grouping.order], settings.distance)[places]
    if settings.comparison == "spearman" and np.isfinite(values).all():
        values = Ranks(values)(weights=weights)
    values = values - np.average(values, weights=weights)
    if weights is not None:
        values *= np.sqrt(weights)
    return Pairs((values / (np.abs(values).max() or 1)).astype(np.float32), np.zeros(len(x)))


# -- maps of pairs ---------------------------------------------------------------------------------


def _map(rows: Sequence[Pairs], columns: Sequence[Pairs], sign: int) -> np.ndarray:
    """The cosine of each of ``rows`` with each of ``columns``, by the products of their pairs."""
    rest = np.array([[one.of_frames @ other.of_frames for other in columns] for one in rows])
    own = [
        [_square_sum(one.off) + sign * one.of_frames @ one.of_frames for one in side]
        for side in (rows, columns)
    ]
    cross = _products(rows, columns) + sign * rest
    return ratio(cross, *np.meshgrid(*own, indexing="ij"))


def _products(rows: Sequence[Pairs], columns: Sequence[Pairs]) -> np.ndarray:
    """Sums of products over pairs of frames (rows, columns), float64."""
    total = np.zeros((len(rows), len(columns)))
    for start in range(0, len(rows[0].off), _PAIRS):
        a, b = (
            np.stack([pairs.off[start : start + _PAIRS] for pairs in side])
            for side in (rows, columns)
        )
        total += a @ b.T
    return total


def _square_sum(values: np.ndarray) -> float:
    """The sum of squares, added in the same steps as in :func:`_products`."""
    return sum(
        float(np.vdot(part, part)) for part in np.split(values, range(_PAIRS, len(values), _PAIRS))
    )


#: The measures of which maps can be made.
MAPPED = {
    "cka_linear": Mapped(_linear),
    "cka_linear_unbiased": Mapped(_linear_unbiased, -1, groups=True),
    "cka_linear_unbiased_frames": Mapped(_linear_unbiased, -1),
    "cka_rbf": Mapped(_rbf),
    "cka_rbf_unbiased": Mapped(_rbf_unbiased, -1, groups=True),
    "cka_rbf_unbiased_frames": Mapped(_rbf_unbiased, -1),
    "rsa": Mapped(_rdm, groups=True),
    "rsa_frames": Mapped(_rdm),
}
