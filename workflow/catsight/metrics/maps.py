"""``catsight metrics layers`` and ``encoders``: every layer against every layer, between views and between encoders."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg.blas import ssyrk

from catsight import tables
from catsight.errors import CatsightError
from catsight.metrics import scale
from catsight.metrics.arrays import square_distances, upper
from catsight.metrics.reading import Features, run
from catsight.metrics.similarity import Ranks, hsic_unbiased, ratio, rbf, rdm
from catsight.progress import Progress

#: Pairs of frames whose float32 products are added up before they go into a float64 sum.
_PAIRS = 1 << 14


def layers(arguments: Sequence[str]) -> None:
    """Compares each layer of the reference view with each layer of every other view, within one encoder."""
    run("layers", layers.__doc__, arguments, between_views, tables.MAPS)


def encoders(arguments: Sequence[str]) -> None:
    """Compares each layer of each encoder with each layer of every encoder, on the reference view."""
    run("encoders", encoders.__doc__, arguments, between_encoders, tables.MAPS, of="encoder")


class Pairs(NamedTuple):
    """A layer, seen as the likeness of each pair of frames: so two layers of any widths compare by one product.

    ``off`` (n (n - 1) / 2,) float32 are the entries i < j of a centred kernel or of a standardised RDM, ``diagonal``
    (n,) float64 the diagonal, 0 for an RDM.
    """

    off: np.ndarray
    diagonal: np.ndarray


def similarity_map(
    xs: Sequence[np.ndarray],
    ys: Sequence[np.ndarray],
    metric: str = "cka_linear_unbiased",
    *,
    bandwidth: float = 1.0,
    distance: str = "correlation",
    comparison: str = "spearman",
) -> np.ndarray:
    """The ``metric`` of each of ``xs`` with each of ``ys``, float64 (len(xs), len(ys)).

    All are features (n, ·) of the same frames. ``metric``: cka_linear, cka_rbf (or either _unbiased), or rsa. nan where
    it is undefined. Each layer's kernel is made once; a map then costs one product of matrices. Kernels are float32,
    sums float64: within 1e-5 of the metric itself.
    """
    make = _maker(metric, {"bandwidth": bandwidth, "rsa_distance": distance, "rsa_comparison": comparison})
    rows = [make(x) for x in xs]
    return _map(rows, rows if ys is xs else [make(y) for y in ys], metric)


def between_views(features: Mapping[str, Features], groups: Mapping[str, str], spec: Mapping) -> list[dict]:
    """The rows of the table of maps: layers of the reference view by layers of each other view."""
    reference, encoder = spec["reference"], spec["encoder"]
    chosen = scale.deal(list(groups.values()), spec["frames"], spec["seed"])[0]
    found = []
    others = [view for view in features if view != reference]
    columns = by_pooling(features[reference].columns)
    with Progress(f"layers {encoder}", len(others) * len(columns) * len(spec["metrics"]), "maps") as progress:
        for pooling, names in columns.items():
            for metric in spec["metrics"]:
                make = _maker(metric, spec)
                rows = [make(features[reference][name][chosen]) for name in names]
                for view in others:
                    values = _map(rows, [make(features[view][name][chosen]) for name in names], metric)
                    found += _rows((encoder, reference, names), (encoder, view, names), values, pooling, metric, chosen)
                    progress.advance()
    return found


def between_encoders(features: Mapping[str, Features], groups: Mapping[str, str], spec: Mapping) -> list[dict]:
    """The rows of the table of maps: layers by layers of each pair of encoders, and of each with itself."""
    chosen = scale.deal(list(groups.values()), spec["frames"], spec["seed"])[0]
    columns = {encoder: by_pooling(of.columns) for encoder, of in features.items()}
    poolings = list(dict.fromkeys(pooling for own in columns.values() for pooling in own))
    found = []
    with Progress("encoders", len(poolings) * len(spec["metrics"]), "maps") as progress:
        for pooling in poolings:
            for metric in spec["metrics"]:
                make = _maker(metric, spec)
                having = {encoder: own[pooling] for encoder, own in columns.items() if pooling in own}
                made = {
                    encoder: [make(features[encoder][name][chosen]) for name in names]
                    for encoder, names in having.items()
                }
                for one, other in _pairs_of(having):
                    values = _map(made[one], made[other], metric)
                    sides = ((encoder, spec["reference"], having[encoder]) for encoder in (one, other))
                    found += _rows(*sides, values, pooling, metric, chosen)
                progress.advance()
    return found


def by_pooling(columns: Sequence[str]) -> dict[str, list[str]]:
    """The columns of each pooling, in network order."""
    found: dict[str, list[str]] = {}
    for column in columns:
        found.setdefault(column.rpartition("/")[2], []).append(column)
    return found


def _pairs_of(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    names = list(names)
    return ((one, other) for i, one in enumerate(names) for other in names[i:])


def _rows(one: tuple, other: tuple, values: np.ndarray, pooling: str, metric: str, chosen: np.ndarray) -> list[dict]:
    (encoder, view, columns), (other_encoder, other_view, other_columns) = one, other
    return [
        {
            "encoder": encoder, "view": view, "layer": column.rpartition("/")[0], "layer_index": i,
            "other_encoder": other_encoder, "other_view": other_view, "other_layer": other_column.rpartition("/")[0],
            "other_index": j, "pooling": pooling, "metric": metric, "n_frames": len(chosen),
            "value": float(values[i, j]) if np.isfinite(values[i, j]) else None,
            "reason": None if np.isfinite(values[i, j]) else "the features of one of the layers do not vary enough",
        }
        for i, column in enumerate(columns)
        for j, other_column in enumerate(other_columns)
    ]  # fmt: skip


def _maker(metric: str, spec: Mapping) -> Callable[[np.ndarray], Pairs]:
    if metric.startswith("cka_linear"):
        return _linear
    if metric.startswith("cka_rbf"):
        return lambda x: _rbf(x, spec["bandwidth"])
    if metric == "rsa" and spec["rsa_comparison"] in ("spearman", "pearson"):
        return lambda x: _rdm(x, spec["rsa_distance"], spec["rsa_comparison"])
    raise CatsightError(
        f"no map of {metric}, {spec['rsa_comparison']}: it may be of CKA, or of RSA by spearman or pearson"
    )


def _linear(x: np.ndarray) -> Pairs:
    x = np.asarray(x, dtype=np.promote_types(np.asarray(x).dtype, np.float32))
    x = x - x[:1]  # exact where features share a large offset
    x -= x.mean(axis=0, dtype=np.float64).astype(x.dtype)
    largest = max(x.max(), -x.min())
    if largest > 0:
        x /= largest
    x = x.astype(np.float32, copy=False)
    lower = ssyrk(1.0, x.T, trans=1, lower=1)  # half the products of x @ x.T
    return Pairs(upper(lower.T), np.diag(lower).astype(np.float64))


def _rbf(x: np.ndarray, bandwidth: float) -> Pairs:
    kernel, _ = rbf(square_distances(np.asarray(x, dtype=np.float64)), bandwidth)
    kernel -= kernel.mean(axis=0)
    kernel -= kernel.mean(axis=1, keepdims=True)
    return Pairs(upper(kernel).astype(np.float32), np.diag(kernel).copy())


def _rdm(x: np.ndarray, distance: str, comparison: str) -> Pairs:
    values = upper(rdm(x, distance))
    if comparison == "spearman" and np.isfinite(values).all():
        values = Ranks(values)()
    values = values - values.mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        return Pairs((values / np.linalg.norm(values)).astype(np.float32), np.zeros(len(x)))


def _map(rows: Sequence[Pairs], columns: Sequence[Pairs], metric: str) -> np.ndarray:
    products = _products(rows, columns)
    if metric == "rsa":
        return products
    n, unbiased = len(rows[0].diagonal), metric.endswith("_unbiased")

    def hsic(product: float, one: Pairs, other: Pairs) -> float:
        total, on_diagonal = 2 * product, one.diagonal @ other.diagonal
        if unbiased:
            return hsic_unbiased(total + on_diagonal, on_diagonal, -one.diagonal, -other.diagonal, n)
        return total + on_diagonal

    own = [[hsic(_square_sum(one.off), one, one) for one in side] for side in (rows, columns)]
    cross = [[hsic(products[i, j], one, other) for j, other in enumerate(columns)] for i, one in enumerate(rows)]
    return ratio(np.array(cross), *np.meshgrid(*own, indexing="ij"))


def _products(rows: Sequence[Pairs], columns: Sequence[Pairs]) -> np.ndarray:
    """Sums of products over pairs of frames (rows, columns), float64."""
    total = np.zeros((len(rows), len(columns)))
    for start in range(0, len(rows[0].off), _PAIRS):
        a, b = (np.stack([pairs.off[start : start + _PAIRS] for pairs in side]) for side in (rows, columns))
        total += a @ b.T
    return total


def _square_sum(values: np.ndarray) -> float:
    """As :func:`_products` adds up."""
    return sum(float(np.vdot(part, part)) for part in np.split(values, range(_PAIRS, len(values), _PAIRS)))
