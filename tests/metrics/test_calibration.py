"""A fast version of benchmarks/calibration.py, with its simulated studies: levels and coverage,
within chance.
"""

import importlib.util
import os
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

_SPEC = importlib.util.spec_from_file_location(
    "calibration", Path(__file__).parents[2] / "benchmarks" / "calibration.py"
)
calibration = importlib.util.module_from_spec(_SPEC)
with mock.patch.dict(os.environ):  # the benchmark sets its threads
    _SPEC.loader.exec_module(calibration)


@pytest.fixture(autouse=True)
def one_thread():
    """Small products are slower on several."""
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize(("groups", "each"), [(100, 1), (40, 5)])
def test_a_true_null_is_rejected_at_its_level(groups, each):
    """Of 120 studies 6 on average; a binomial of 0.05 lies between 1 and 15 in all but 3 of 1000
    tries.
    """
    found = [calibration.null_p_values(seed, groups, each) for seed in range(120)]
    for metric in found[0]:
        assert 1 <= sum(study[metric] <= 0.05 for study in found) <= 15, metric


def test_intervals_of_fifteen_groups_hold_the_truth():
    """Of 40 studies 38 on average; fewer than 32 do not come by chance (a bootstrap holds it in 10
    to 20).
    """
    truths = [calibration.study(seed, 1500, 1.0, each=1, intervals=False) for seed in range(2)]
    found = [calibration.study(seed, 15, 1.0) for seed in range(40)]
    for metric in calibration.INTERVALS:
        values, low, high = np.array([study[metric] for study in found]).T
        truth = np.mean([study[metric][0] for study in truths])
        if metric in calibration.OF_THIS_SIZE:
            truth = values.mean()
        assert np.sum((low <= truth) & (truth <= high)) >= 32, metric
