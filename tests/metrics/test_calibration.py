"""A fast version of benchmarks/calibration.py: levels and coverage, within chance."""

import os
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

_BENCHMARKS = str(Path(__file__).parents[2] / "benchmarks")
# the benchmark sets the number of threads, and its modules lie beside it
with mock.patch.dict(os.environ), mock.patch.object(sys, "path", [_BENCHMARKS, *sys.path]):
    import calibration
    import simulation
    import truths


@pytest.fixture(autouse=True)
def one_thread():
    """Small products of matrices are slower on several threads."""
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize(("groups", "sizes"), [(40, "equal"), (15, "geometric"), (7, "uniform")])
@pytest.mark.parametrize(
    ("studies", "fewest", "most"), [(20, 0, 6), pytest.param(120, 1, 15, marks=pytest.mark.slow)]
)
def test_a_true_null_is_rejected_at_its_level(groups, sizes, studies, fewest, most):
    """In 1 of 20 studies on average; the binomial lies in these bounds in all but 3 of 1000 tries."""
    found = [calibration.null_p_values(seed, groups, sizes) for seed in range(studies)]
    for metric in found[0]:
        assert fewest <= sum(study[metric] <= 0.05 for study in found) <= most, metric


def _held(metric, truth, groups, alignment, sizes, studies=100):
    """The share of studies whose interval holds the truth; the value lies in all of them."""
    found = []
    for seed in range(studies):
        x, y, group = truths.model(seed, groups, alignment, sizes)
        found.append(simulation.measured(x, y, simulation.plan_of(group), [metric])[metric])
    assert all(low <= value <= high for value, low, high in found)
    return simulation.held(found, truth).share


@pytest.mark.parametrize("sizes", ["equal", "lognormal"])
def test_intervals_of_cka_hold_the_truth_near_full_alignment(sizes):
    """In 95 % of 800 studies, with a standard error of 0.8 %. Before: 88 %, of unequal groups 80 %."""
    held = [
        _held("cka_linear_unbiased", alignment, groups, alignment, sizes)
        for alignment in (0.97, 0.995)
        for groups in (7, 15, 25, 40)
    ]
    assert np.mean(held) > 0.92


@pytest.mark.parametrize("metric", ["cka_rbf_unbiased", "rsa", "energy_scaled"])
def test_intervals_of_other_measures_hold_the_truth(metric):
    x, y, group = truths.model(0, 1000, 0.97, "single")
    ((truth,),) = simulation.measured(x, y, simulation.whole(group), [metric]).values()
    held = _held(metric, truth, 15, 0.97, "lognormal", studies=150)
    assert held > 0.88


@pytest.mark.parametrize("sizes", ["equal", "lognormal"])
def test_intervals_of_losses_hold_the_truth(sizes):
    """Of the difference of two alignments of the same frames, as in attribution."""
    found = [calibration.loss(seed, 15, sizes) for seed in range(200)]
    assert simulation.held(found, calibration.LOSS).share > 0.9


def test_the_true_alignment_of_the_model_is_what_was_asked_for():
    """Of 40,000 groups, by Kornblith's formula; the closed form is of ever more."""
    for i, study in enumerate(truths.encoders(1, 40_000, [0.9, 0.99], "single")):
        x, y = (values - values.mean(axis=0) for values in study[:2])
        norms = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
        assert np.linalg.norm(x.T @ y) ** 2 / norms == pytest.approx((0.9, 0.99)[i], abs=0.004)
