"""Alignment of two representations of the same frames: linear CKA and RSA.

``x`` and ``y`` are float arrays (n frames, features); row i of both is the same frame. A value is ``nan`` where it is
undefined. Conventions: Kornblith et al. 2019 (CKA), Song et al. 2012 (unbiased HSIC), Kriegeskorte et al. 2008 (RSA).
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata


def cka_linear(x: np.ndarray, y: np.ndarray, *, unbiased: bool = False) -> float:
    """Linear centred kernel alignment (Kornblith, Norouzi, Lee & Hinton 2019, eq. 4 with linear kernels).

    1 where the two are the same up to rotation and scale; the biased value lies in 0..1 and is high for few frames and
    many features even by chance. ``unbiased`` uses the U-statistic of HSIC (Song, Smola, Gretton, Bedo & Borgwardt
    2012, eq. 4) in all three places: near 0 for unrelated data, and possibly below. Needs 2 frames, 4 if unbiased.
    """
    return cka_from_grams(gram(x), gram(y), unbiased=unbiased)


def rsa(x: np.ndarray, y: np.ndarray, *, distance: str = "correlation", comparison: str = "spearman") -> float:
    """Correlation of the two representational dissimilarity matrices (RDMs), over all pairs of frames.

    ``distance``: correlation (1 - Pearson r), cosine (1 - cosine) or euclidean. ``comparison``: spearman (average
    ranks) or pearson. Needs 3 frames.
    """
    return rsa_from_rdms(rdm(x, distance), rdm(y, distance), comparison)


def gram(x: np.ndarray) -> np.ndarray:
    """Gram matrix (n, n) of the frames, of features centred in float64 first (large offsets cost no precision)."""
    x = np.asarray(x, dtype=np.float64)
    x = x - x.mean(axis=0)
    return x @ x.T


def cka_from_grams(k: np.ndarray, m: np.ndarray, *, unbiased: bool = False) -> float:
    """CKA of two Gram matrices (n, n), which need not be centred."""
    hsic = _hsic_unbiased if unbiased else _hsic_biased
    if len(k) < (4 if unbiased else 2):
        return np.nan
    cross, own_k, own_m = hsic(k, m), hsic(k, k), hsic(m, m)
    # sqrt(a * a) is exactly a, so the CKA of a Gram matrix with itself is exactly 1
    return cross / np.sqrt(own_k * own_m) if own_k > 0 and own_m > 0 else np.nan


def rdm(x: np.ndarray, distance: str = "correlation") -> np.ndarray:
    """Dissimilarities of all pairs of frames as a symmetric matrix (n, n) with 0 on its diagonal."""
    x = np.asarray(x, dtype=np.float64)
    if distance == "euclidean":
        x = x - x.mean(axis=0)
        square = np.square(x).sum(axis=1)
        result = np.sqrt(np.maximum(square[:, None] + square[None, :] - 2 * x @ x.T, 0))
    else:
        if distance == "correlation":
            x = x - x.mean(axis=1, keepdims=True)
        elif distance != "cosine":
            raise ValueError(f"distance is '{distance}'; it may be correlation, cosine or euclidean")
        norm = np.linalg.norm(x, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            result = 1 - (x @ x.T) / np.outer(norm, norm)  # nan for a frame whose features do not vary
    np.fill_diagonal(result, 0)
    return result


def rsa_from_rdms(a: np.ndarray, b: np.ndarray, comparison: str = "spearman") -> float:
    """Correlation over the pairs i < j of two RDMs (n, n)."""
    if comparison not in ("spearman", "pearson"):
        raise ValueError(f"comparison is '{comparison}'; it may be spearman or pearson")
    if len(a) < 3:
        return np.nan
    upper = np.triu_indices(len(a), 1)
    a, b = a[upper], b[upper]
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return np.nan
    if comparison == "spearman":
        a, b = rankdata(a), rankdata(b)
    a, b = a - a.mean(), b - b.mean()
    spread = np.square(a).sum() * np.square(b).sum()
    return float((a * b).sum() / np.sqrt(spread)) if spread > 0 else np.nan


def _hsic_biased(k: np.ndarray, m: np.ndarray) -> float:
    return float((_centre(k) * _centre(m)).sum())


def _centre(k: np.ndarray) -> np.ndarray:
    return k - k.mean(axis=0)[None, :] - k.mean(axis=1)[:, None] + k.mean()


def _hsic_unbiased(k: np.ndarray, m: np.ndarray) -> float:
    n = len(k)
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    rows_k, rows_m = k.sum(axis=0), m.sum(axis=0)
    trace = (k * m).sum()
    product = rows_k.sum() * rows_m.sum() / ((n - 1) * (n - 2))
    return float((trace + product - 2 * (rows_k * rows_m).sum() / (n - 2)) / (n * (n - 3)))


def measures(rsa_distance: str, rsa_comparison: str) -> dict[str, tuple[Callable, Callable]]:
    """The metrics by name: a function from features (n, d) to a matrix (n, n), and one from two such to the value.

    The second takes submatrices, so that leaving out frames needs no second pass over the features.
    """
    return {
        "cka_linear": (gram, cka_from_grams),
        "cka_linear_unbiased": (gram, lambda k, m: cka_from_grams(k, m, unbiased=True)),
        "rsa": (lambda x: rdm(x, rsa_distance), lambda a, b: rsa_from_rdms(a, b, rsa_comparison)),
    }
