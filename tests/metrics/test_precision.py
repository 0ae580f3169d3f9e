"""Losses near full agreement: 1 - CKA is right to 1e-3 of itself down to 1e-6.

Compared with exact fractions (linear), and with extended precision (RBF).
"""

from fractions import Fraction

import numpy as np
import pytest

from catsight.metrics import cka_linear, cka_rbf, inference, suite
from catsight.metrics.plan import Plan
from catsight.metrics.streamed import streamed_cka
from support import by_hand
from support.toy_tables import SPEC

GROUPS = [*"aabccdeefg"]
FRAMES = {f"{i}": group for i, group in enumerate(GROUPS)}
N = len(GROUPS)


def views(loss: float, case: str) -> tuple[np.ndarray, np.ndarray]:
    """Float32 features whose 1 - CKA is about ``loss``.

    ``massive``: a feature that is a thousand times as large as the others, as in DINOv2. ``offset``:
    one with a mean of a thousand. ``live``: one frame that stands far out.
    """
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 6))
    y = x + np.sqrt(loss) * rng.normal(size=x.shape)
    for values in (x, y):
        if case == "massive":
            values[:, 2] *= 1000
        if case == "offset":
            values[:, 2] += 1000
        if case == "live":
            values[4] *= 30
    return x.astype(np.float32), y.astype(np.float32)


def exact_loss(cross: Fraction, own: Fraction, other: Fraction) -> float:
    """1 - cross / √(own other), of fractions."""
    square = cross * cross / (own * other)
    return float((1 - square) / (1 + Fraction(float(square) ** 0.5)))


def fractions(x: np.ndarray) -> np.ndarray:
    """The exact Gram matrix."""
    exact = np.array([[Fraction(float(value)) for value in row] for row in x], dtype=object)
    exact = exact - exact.sum(axis=0) / Fraction(len(x))
    return exact @ exact.T


def hsic(k: np.ndarray, m: np.ndarray, kind: str):
    """Of centred kernels: of all frames, biased or not, or over groups."""
    if kind == "groups":
        return by_hand.hsic_over_groups(k, m, GROUPS)
    if kind == "biased":
        return (k * m).sum()
    a, b = (v - np.diag(np.diag(v)) for v in (k, m))
    terms = (a * b).sum() + a.sum() * b.sum() / Fraction((N - 1) * (N - 2))
    return terms - 2 * (a.sum(axis=1) @ b.sum(axis=1)) / Fraction(N - 2)


KINDS = {"": "biased", "_unbiased": "groups", "_unbiased_frames": "frames"}
CASES = ("plain", "massive", "offset", "live")


@pytest.mark.parametrize("loss", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("case", CASES)
def test_the_loss_of_linear_cka_is_exact_to_a_thousandth(case, loss):
    """In the table, streamed and by the functions."""
    x, y = views(loss, case)
    k, m = fractions(x), fractions(y)
    names = ["cka_linear" + suffix for suffix in KINDS]
    found = {
        name: estimate.values[0]
        for name, estimate in suite.compare(x, y, Plan(FRAMES, SPEC, 0), names).items()
    }
    streamed = streamed_cka(x, y, GROUPS, inference.blocks(GROUPS))
    others = {
        "": [cka_linear(x, y), cka_linear(np.tile(x, 9), np.tile(y, 9)), streamed.biased[0]],
        "_unbiased": [cka_linear(x, y, unbiased=True, groups=GROUPS), streamed.over_groups[0]],
        "_unbiased_frames": [
            cka_linear(x, y, unbiased=True),
            cka_linear(np.tile(x, 9), np.tile(y, 9), unbiased=True),  # more features than frames
        ],
    }
    for suffix, kind in KINDS.items():
        wanted = exact_loss(hsic(k, m, kind), hsic(k, k, kind), hsic(m, m, kind))
        assert 0.005 < abs(wanted) / loss < 20
        for value in (found["cka_linear" + suffix], *others[suffix]):
            assert 1 - value == pytest.approx(wanted, rel=1e-3), suffix


@pytest.mark.parametrize("loss", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("case", CASES)
def test_the_loss_of_rbf_cka_is_right_to_a_thousandth(case, loss):
    x, y = views(loss, case)
    squares = [
        np.square(v[:, None] - v[None]).sum(axis=2) for v in (np.longdouble(x), np.longdouble(y))
    ]
    names = ["cka_rbf" + suffix for suffix in KINDS]
    found = suite.compare(x, y, Plan(FRAMES, SPEC, 0), names)
    others = {
        "": [cka_rbf(x, y)],
        "_unbiased": [cka_rbf(x, y, unbiased=True, groups=GROUPS)],
        "_unbiased_frames": [cka_rbf(x, y, unbiased=True)],
    }
    for suffix, kind in KINDS.items():
        kernels = []
        for of in squares:
            rows = by_hand.balanced(GROUPS) if kind == "groups" else np.arange(N)
            labels = np.array(GROUPS)[rows] if kind == "groups" else rows
            i, j = by_hand.pairs_apart(labels)
            kernels.append(np.exp(-of / (2 * np.median(of[rows[i], rows[j]]))))
        if kind == "biased":
            kernels = [v - v.mean(0) - v.mean(1)[:, None] + v.mean() for v in kernels]
        k, m = kernels
        cross, own, other = (
            by_hand.hsic_over_groups(a, b, GROUPS if kind == "groups" else range(N))
            if kind != "biased"
            else (a * b).sum()
            for a, b in ((k, m), (k, k), (m, m))
        )
        wanted = float(1 - cross / np.sqrt(own * other))
        for value in (found["cka_rbf" + suffix].values[0], *others[suffix]):
            assert 1 - value == pytest.approx(wanted, rel=1e-3), suffix


def test_float32_is_not_precise_enough():
    """So that the tests above can fail: products in float32 miss by more than a thousandth."""
    x, y = views(1e-6, "massive")
    k, m = fractions(x), fractions(y)
    wanted = exact_loss(*(hsic(a, b, "biased") for a, b in ((k, m), (k, k), (m, m))))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    k, m = x @ x.T, y @ y.T
    found = 1 - np.sum(k * m) / np.sqrt(np.sum(k * k) * np.sum(m * m))
    assert found != pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("name", [f"cka_linear{suffix}" for suffix in KINDS])
def test_replicates_of_nearly_equal_views_are_as_precise(name):
    """What is compared are losses without each group, too."""
    x, y = views(1e-6, "massive")
    found = suite.compare(x, y, Plan(FRAMES, SPEC, 0), [name])[name].values
    kind = KINDS[name.removeprefix("cka_linear")]
    for value, out in zip(found[1:], sorted(set(GROUPS))):
        kept = [i for i, group in enumerate(GROUPS) if group != out]
        k, m = fractions(x[kept]), fractions(y[kept])
        if kind == "groups":
            own = [GROUPS[i] for i in kept]
            sums = [by_hand.hsic_over_groups(a, b, own) for a, b in ((k, m), (k, k), (m, m))]
        elif kind == "biased":
            sums = [(a * b).sum() for a, b in ((k, m), (k, k), (m, m))]
        else:
            sums = [
                by_hand.hsic_over_groups(a, b, range(len(kept)))
                for a, b in ((k, m), (k, k), (m, m))
            ]
        assert 1 - value == pytest.approx(exact_loss(*sums), rel=1e-3)
