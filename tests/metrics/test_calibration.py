"""A fast version of benchmarks/calibration.py: levels and coverage, within chance."""

import importlib.util
import os
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from catsight.study.measures import MEASURES

_SPEC = importlib.util.spec_from_file_location(
    "calibration", Path(__file__).parents[2] / "benchmarks" / "calibration.py"
)
calibration = importlib.util.module_from_spec(_SPEC)
with mock.patch.dict(os.environ):  # the benchmark sets the number of threads
    _SPEC.loader.exec_module(calibration)


@pytest.fixture(autouse=True)
def one_thread():
    """Small products of matrices are slower on several threads."""
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize(("groups", "each"), [(100, 1), (40, 5)])
@pytest.mark.parametrize(
    ("studies", "fewest", "most"), [(20, 0, 6), pytest.param(120, 1, 15, marks=pytest.mark.slow)]
)
def test_a_true_null_is_rejected_at_its_level(groups, each, studies, fewest, most):
    """In 1 of 20 studies on average; the binomial lies in these bounds in all but 3 of 1000 tries."""
    found = [calibration.null_p_values(seed, groups, each) for seed in range(studies)]
    for metric in found[0]:
        assert fewest <= sum(study[metric] <= 0.05 for study in found) <= most, metric


@pytest.mark.parametrize(
    ("studies", "fewest"), [(12, 8), pytest.param(40, 32, marks=pytest.mark.slow)]
)
def test_intervals_of_fifteen_groups_contain_the_truth(studies, fewest):
    """In 38 of 40 studies on average, by chance not in fewer than 32 (a bootstrap: in 10 to 20)."""
    truths = [calibration.study(seed, 1000, 1.0, each=1, intervals=False) for seed in range(2)]
    found = [calibration.study(seed, 15, 1.0) for seed in range(studies)]
    for metric in calibration.INTERVALS:
        values, low, high = np.array([study[metric] for study in found]).T
        truth = np.mean([study[metric][0] for study in truths])
        if MEASURES[metric].depends_on_n:
            truth = values.mean()
        assert np.sum((low <= truth) & (truth <= high)) >= fewest, metric
