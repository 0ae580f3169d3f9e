"""``catsight metrics layers`` and ``encoders``: every layer against every layer, between views and
between encoders.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations_with_replacement, product
from typing import NamedTuple

import numpy as np
from scipy.linalg.blas import ssyrk

from catsight.errors import CatsightError
from catsight.metrics import parts
from catsight.metrics.arrays import square_distances, upper
from catsight.metrics.reading import Features, places, run
from catsight.metrics.similarity import Ranks, hsic_unbiased, ratio, rbf, rdm
from catsight.run.progress import Progress
from catsight.tables.columns.maps import MAPS

#: Pairs of frames whose float32 products are added up before they go into a float64 sum.
_PAIRS = 1 << 14
_FLAT = "the features of one of the layers do not vary enough"


def layers(arguments: Sequence[str]) -> None:
    """Compares each layer of the reference view with each layer of every other view, within one
    encoder.
    """
    run("layers", layers.__doc__, arguments, between_views, MAPS)


def encoders(arguments: Sequence[str]) -> None:
    """Compares each layer of each encoder with each layer of every encoder, on the reference view."""
    run("encoders", encoders.__doc__, arguments, between_encoders, MAPS, of="encoder")


class Pairs(NamedTuple):
    """A layer, seen as the likeness of each pair of frames: so two layers of any widths compare by
    one product.

    ``off`` (n (n - 1) / 2,) float32 are the entries i < j of a centred kernel or of a standardised
    RDM, ``diagonal`` (n,) float64 the diagonal, 0 for an RDM.
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

    All are features (n, ·) of the same frames. ``metric``: cka_linear, cka_rbf (or either
    _unbiased), or rsa. nan where it is undefined. Each layer's kernel is made once; a map then
    costs one product of matrices. Kernels are float32, sums float64: within 1e-5 of the metric
    itself.
    """
    make = _maker(
        metric, {"bandwidth": bandwidth, "rsa_distance": distance, "rsa_comparison": comparison}
    )
    rows = [make(x) for x in xs]
    return _map(rows, rows if ys is xs else [make(y) for y in ys], metric)


def between_views(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: Mapping
) -> list[dict]:
    """The rows of the table of maps: layers of the reference view by layers of each other view."""
    reference = spec["reference"]
    sides = {view: (spec["encoder"], view) for view in features}
    pairs = [(reference, view) for view in features if view != reference]
    return _rows(f"layers {spec['encoder']}", features, sides, pairs, groups, spec)


def between_encoders(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: Mapping
) -> list[dict]:
    """The rows of the table of maps: layers by layers of each pair of encoders, and of each with
    itself.
    """
    sides = {encoder: (encoder, spec["reference"]) for encoder in features}
    return _rows(
        "encoders", features, sides, [*combinations_with_replacement(features, 2)], groups, spec
    )


def _rows(
    what: str,
    features: Mapping[str, Features],
    sides: Mapping[str, tuple[str, str]],
    pairs: Sequence[tuple[str, str]],
    groups: Mapping[str, str],
    spec: Mapping,
) -> list[dict]:
    """The rows for ``pairs`` of names of ``features``; ``sides`` says of which encoder and view
    these are.
    """
    chosen = parts.deal(list(groups.values()), spec["frames"], spec["seed"])[0]
    columns = {name: places(of.columns) for name, of in features.items()}
    poolings = list(
        dict.fromkeys(place["pooling"] for own in columns.values() for place in own.values())
    )
    found = []
    with Progress(what, len(poolings) * len(spec["metrics"]), "maps") as progress:
        for pooling, metric in product(poolings, spec["metrics"]):
            make = _maker(metric, spec)
            having = {
                name: {
                    column: place for column, place in own.items() if place["pooling"] == pooling
                }
                for name, own in columns.items()
            }
            made = {
                name: [make(features[name][column][chosen]) for column in own]
                for name, own in having.items()
            }
            for one, other in pairs:
                if not (made[one] and made[other]):
                    continue  # a CNN has no class token
                values = _map(made[one], made[other], metric)
                names = ("encoder", "view", "other_encoder", "other_view")
                common: dict = dict(zip(names, sides[one] + sides[other]))
                common |= {"pooling": pooling, "metric": metric, "n_frames": len(chosen)}
                for (i, row), (j, column) in product(
                    *(enumerate(having[name].values()) for name in (one, other))
                ):
                    found.append(
                        common
                        | {"layer": row["layer"], "layer_index": row["layer_index"]}
                        | {"other_layer": column["layer"], "other_index": column["layer_index"]}
                        | (
                            {"value": float(values[i, j])}
                            if np.isfinite(values[i, j])
                            else {"reason": _FLAT}
                        )
                    )
            progress.advance()
    return found


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
            return hsic_unbiased(
                total + on_diagonal, on_diagonal, -one.diagonal, -other.diagonal, n
            )
        return total + on_diagonal

    own = [[hsic(_square_sum(one.off), one, one) for one in side] for side in (rows, columns)]
    cross = [
        [hsic(products[i, j], one, other) for j, other in enumerate(columns)]
        for i, one in enumerate(rows)
    ]
    return ratio(np.array(cross), *np.meshgrid(*own, indexing="ij"))


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
    """As :func:`_products` adds up."""
    return sum(
        float(np.vdot(part, part)) for part in np.split(values, range(_PAIRS, len(values), _PAIRS))
    )
