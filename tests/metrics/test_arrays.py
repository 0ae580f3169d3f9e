"""Checks, centring and distances that all measures share."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from catsight.metrics import cka_linear, retrieval
from catsight.metrics.arrays import centre, pair, square_distances, upper


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.ones(3), r"y must be real numbers \(n frames, features\), not float64 \(3,\)"),
        (np.ones((3, 2, 2)), r"not float64 \(3, 2, 2\)"),
        (np.ones((3, 0)), r"not float64 \(3, 0\)"),
        (np.ones((0, 2)), r"not float64 \(0, 2\)"),
        (np.ones((3, 2)) * 1j, r"not complex128 \(3, 2\)"),
        ([[1, 2], [3, np.inf], [np.nan, 1]], r"y\[1, 1\] is inf; all features must be finite"),
        (np.ones((4, 2)), "x has 3 frames and y has 4; row i of both must be the same frame"),
    ],
)
def test_what_is_no_matrix_of_finite_features_is_named(given, words):
    with pytest.raises(ValueError, match=words):
        pair(np.ones((3, 2)), given)
    if "frames" not in words:
        with pytest.raises(
            ValueError, match=words.replace("y", "x", 1) if words[0] == "y" else words
        ):
            pair(given, np.ones((3, 2)), paired=False)


def test_the_same_features_are_asked_for_only_if_needed():
    x, y = np.ones((3, 2)), np.ones((3, 5))
    assert pair(x, y)[1].shape == (3, 5)
    with pytest.raises(ValueError, match="x has 2 features and y has 5; they must be the same"):
        pair(x, y, same_features=True)
    assert pair(x, np.ones((7, 2)), paired=False)[1].shape == (7, 2)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("float16", "float32"), ("float32", "float32"), ("float64", "float64"), ("int8", "float32"), ("int64", "float64")],
)  # fmt: skip
def test_features_keep_at_least_the_precision_of_float32(given, kept):
    x = np.arange(6).reshape(3, 2).astype(given)
    assert {values.dtype.name for values in pair(x, x)} == {kept}
    assert (pair(x, x)[0] == x).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_feature_is_exactly_0_when_centred(dtype):
    """The mean of 0.1 is not 0.1 in binary."""
    x = np.random.default_rng(0).normal(size=(13, 3)).astype(dtype)
    x[:, 1] = 0.1
    found = centre(x)
    assert found.dtype == dtype and (found[:, 1] == 0).all()
    np.testing.assert_allclose(found, x - x.mean(axis=0), atol=1e-6)
    x[:, 0] += 1000
    again = centre(x)[:, 0] - (x[:, 0] - x[:, 0].astype(float).mean())
    assert np.abs(again).max() < 1e-4


@pytest.mark.parametrize("offset", [0, 1e5])
def test_squared_distances_are_those_of_scipy(offset):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(9, 4)) + offset, rng.normal(size=(7, 4)) + offset
    np.testing.assert_allclose(square_distances(x), cdist(x, x, "sqeuclidean"), atol=1e-8)
    np.testing.assert_allclose(square_distances(x, y), cdist(x, y, "sqeuclidean"), atol=1e-8)
    assert (np.diag(square_distances(x)) == 0).all()


def test_equal_frames_have_no_distance_at_all():
    """Not the rounding of large products."""
    x = np.random.default_rng(0).normal(size=(9, 40)) * 1e6
    x[5] = x[2]
    assert square_distances(x)[5, 2] == square_distances(x)[2, 5] == 0
    assert (square_distances(x, x[[2, 7]])[[2, 5, 7], [0, 0, 1]] == 0).all()
    near = x.copy()
    near[5, 0] += 1
    assert square_distances(near)[5, 2] == pytest.approx(1, rel=0.5)


def test_distances_are_never_negative():
    x = np.random.default_rng(0).normal(size=(60, 200)) * 1e-3 + 1
    x[30:] = x[:30]
    assert (square_distances(x) >= 0).all() and (square_distances(x, x) >= 0).all()


def test_upper_holds_pairs_row_by_row():
    assert upper(np.arange(16).reshape(4, 4)).tolist() == [1, 2, 3, 6, 7, 11]
    assert upper(np.ones((1, 1))).tolist() == []


def test_integers_are_features_too():
    x = np.arange(24).reshape(8, 3) ** 2 % 7
    assert cka_linear(x, x) == pytest.approx(1) and retrieval(x + 1, x + 1).top1 > 0.5
