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
def test_a_true_null_is_rejected_at_its_level(groups, each):
    """In 6 of 120 studies on average; the binomial lies in 1..15 in all but 3 of 1000 tries."""
    found = [calibration.null_p_values(seed, groups, each) for seed in range(120)]
    for metric in found[0]:
        assert 1 <= sum(study[metric] <= 0.05 for study in found) <= 15, metric


def test_intervals_of_fifteen_groups_contain_the_truth():
    """In 38 of 40 studies on average, by chance not in fewer than 32 (a bootstrap: in 10 to 20)."""
    truths = [calibration.study(seed, 1500, 1.0, each=1, intervals=False) for seed in range(2)]
    found = [calibration.study(seed, 15, 1.0) for seed in range(40)]
    for metric in calibration.INTERVALS:
        values, low, high = np.array([study[metric] for study in found]).T
        truth = np.mean([study[metric][0] for study in truths])
        if MEASURES[metric].depends_on_n:
            truth = values.mean()
        assert np.sum((low <= truth) & (truth <= high)) >= 32, metric
