"""The table of maps: every layer against every layer, between views or between encoders."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations_with_replacement, product
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg.blas import ssyrk

from catsight.errors import CatsightError
from catsight.metrics.arrays import square_distances, upper
from catsight.metrics.dealing import deal
from catsight.metrics.reading import Features, places
from catsight.metrics.similarity import Ranks, hsic_unbiased, ratio, rbf, rdm
from catsight.run.progress import Progress
from catsight.run.specs import MapsSpec

#: Pairs of frames whose float32 products are summed before they are added in float64.
_PAIRS = 1 << 14
_FLAT = "the features of one of the layers do not vary enough"


class Pairs(NamedTuple):
    """The similarity of each pair of frames in a layer.

    Layers of any widths are compared by one product of these. ``off`` (n (n - 1) / 2,) float32: the
    entries i < j of a centred kernel or of a standardised RDM. ``diagonal`` (n,) float64: the
    diagonal of the kernel, 0 for an RDM.
    """

    off: np.ndarray
    diagonal: np.ndarray


class Settings(NamedTuple):
    """The settings of the measures: see :func:`catsight.metrics.cka_rbf` and ``rsa``."""

    bandwidth: float
    distance: str
    comparison: str


class Mapped(NamedTuple):
    """How maps of a measure are made.

    ``pairs``: the :class:`Pairs` of a layer's features (n, d). ``of``: the map (rows, columns) of
    the pairs of two lists of layers.
    """

    pairs: Callable[[np.ndarray, Settings], Pairs]
    of: Callable[[Sequence[Pairs], Sequence[Pairs]], np.ndarray]


def similarity_map(
    xs: Sequence[np.ndarray],
    ys: Sequence[np.ndarray],
    metric: str = "cka_linear_unbiased",
    *,
    bandwidth: float = 1.0,
    distance: str = "correlation",
    comparison: str = "spearman",
) -> np.ndarray:
    """The ``metric`` of each of ``xs`` with each of ``ys``: float64 (len(xs), len(ys)).

    All are features (n, ·) of the same frames. ``metric``: one of :data:`MAPPED`. nan if undefined.
    Each layer's kernel is computed once; a map then costs one product of matrices. Kernels are
    float32, sums float64: within 1e-5 of the metric itself.
    """
    mapped, settings = _mapped(metric), Settings(bandwidth, distance, comparison)
    rows = [mapped.pairs(x, settings) for x in xs]
    columns = rows if ys is xs else [mapped.pairs(y, settings) for y in ys]
    return mapped.of(rows, columns)


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
    settings = Settings(spec["bandwidth"], spec["rsa_distance"], spec["rsa_comparison"])
    columns = {name: places(of.columns) for name, of in features.items()}
    poolings = dict.fromkeys(place["pooling"] for own in columns.values() for place in own.values())
    with Progress(what, len(poolings) * len(spec["metrics"]), "maps") as progress:
        for pooling, metric in product(poolings, spec["metrics"]):
            mapped = _mapped(metric)
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
                values = mapped.of(layers[one], layers[other])
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


def _linear(x: np.ndarray, settings: Settings) -> Pairs:
    x = np.asarray(x, dtype=np.promote_types(np.asarray(x).dtype, np.float32))
    x = x - x[:1]  # exact for features that share a large offset
    x -= x.mean(axis=0, dtype=np.float64).astype(x.dtype)
    largest = max(x.max(), -x.min())
    if largest > 0:
        x /= largest
    x = x.astype(np.float32, copy=False)
    lower = ssyrk(1.0, x.T, trans=1, lower=1)  # half the products of x @ x.T
    return Pairs(upper(lower.T), np.diag(lower).astype(np.float64))


def _rbf(x: np.ndarray, settings: Settings) -> Pairs:
    kernel, _ = rbf(square_distances(np.asarray(x, dtype=np.float64)), settings.bandwidth)
    kernel -= kernel.mean(axis=0)
    kernel -= kernel.mean(axis=1, keepdims=True)
    return Pairs(upper(kernel).astype(np.float32), np.diag(kernel).copy())


def _rdm(x: np.ndarray, settings: Settings) -> Pairs:
    if settings.comparison not in ("spearman", "pearson"):
        raise CatsightError(
            f"there are no maps of rsa with rsa_comparison {settings.comparison}; use spearman or "
            "pearson"
        )
    values = upper(rdm(x, settings.distance))
    if settings.comparison == "spearman" and np.isfinite(values).all():
        values = Ranks(values)()
    values = values - values.mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        return Pairs((values / np.linalg.norm(values)).astype(np.float32), np.zeros(len(x)))


# -- maps of pairs ---------------------------------------------------------------------------------


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


def _cka(rows: Sequence[Pairs], columns: Sequence[Pairs], hsic: Callable) -> np.ndarray:
    products = _products(rows, columns)
    own = [[hsic(_square_sum(one.off), one, one) for one in side] for side in (rows, columns)]
    cross = [
        [hsic(products[i, j], one, other) for j, other in enumerate(columns)]
        for i, one in enumerate(rows)
    ]
    return ratio(np.array(cross), *np.meshgrid(*own, indexing="ij"))


def _biased(rows: Sequence[Pairs], columns: Sequence[Pairs]) -> np.ndarray:
    def hsic(product: float, one: Pairs, other: Pairs) -> float:
        return 2 * product + one.diagonal @ other.diagonal

    return _cka(rows, columns, hsic)


def _unbiased(rows: Sequence[Pairs], columns: Sequence[Pairs]) -> np.ndarray:
    n = len(rows[0].diagonal)

    def hsic(product: float, one: Pairs, other: Pairs) -> float:
        on_diagonal = one.diagonal @ other.diagonal
        total = 2 * product + on_diagonal
        return hsic_unbiased(total, on_diagonal, -one.diagonal, -other.diagonal, n)

    return _cka(rows, columns, hsic)


def _square_sum(values: np.ndarray) -> float:
    """The sum of squares, added in the same steps as in :func:`_products`."""
    return sum(
        float(np.vdot(part, part)) for part in np.split(values, range(_PAIRS, len(values), _PAIRS))
    )


#: The measures of which maps can be made.
MAPPED = {
    "cka_linear": Mapped(_linear, _biased),
    "cka_linear_unbiased": Mapped(_linear, _unbiased),
    "cka_rbf": Mapped(_rbf, _biased),
    "cka_rbf_unbiased": Mapped(_rbf, _unbiased),
    "rsa": Mapped(_rdm, _products),
}
