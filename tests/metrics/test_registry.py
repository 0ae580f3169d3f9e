"""Measures, analyses and their records: they have the same names, and a new measure takes a
function and a record.
"""

from importlib import import_module
from typing import get_args

import numpy as np
import pytest

from catsight import CatsightError
from catsight.metrics import correspondence, plan, registry, similarity, suite
from catsight.metrics.command import ANALYSES as COMMANDS
from catsight.metrics.compare import estimates
from catsight.metrics.maps import MAPPED
from catsight.metrics.parts import comparer
from catsight.study.code_digest import reached
from catsight.study.config.metrics import Metrics
from catsight.study.measures import MEASURES, Measure
from catsight.study.metrics import ANALYSES
from support.toy_tables import IDS, SPEC


def test_every_measure_has_a_record():
    assert set(suite.names()) == set(MEASURES)
    assert not set(suite.METRICS) & set(registry.PLAIN)
    assert set(MAPPED) == {name for name, record in MEASURES.items() if record.mappable}


def test_a_study_may_choose_what_measures_take():
    for key, choices in (
        ("rsa_distance", similarity.DISTANCES),
        ("rsa_comparison", similarity.COMPARISONS),
        ("retrieval_distance", correspondence.DISTANCES),
        ("null", plan.NULLS),
    ):
        assert get_args(Metrics.model_fields[key].annotation) == choices, key


def test_commands_run_what_the_digests_of_their_jobs_cover():
    records = [record for record in ANALYSES.values() if record.stage == "metrics"]
    assert set(COMMANDS) == {record.core for record in records}
    for record in records:
        core, columns = (f"catsight.{root}" for root in record.roots)
        command = COMMANDS[record.core]
        assert command.rows.__module__ == core
        assert command.columns is getattr(import_module(columns), record.name.upper())


def test_analyses_depend_on_the_measures_that_they_use_alone():
    """Maps and pairs have no tests and no distances of distributions."""
    others = {f"catsight.metrics.{one}" for one in ("distribution", "inference", "permutations")}
    for name in ("maps", "pairs"):
        assert not reached(f"catsight.metrics.{name}") & others


def test_an_unknown_null_is_named():
    groups = {i: i.split("-")[0] for i in IDS}
    with pytest.raises(CatsightError, match="null is 'pairs'; it may be paired, unpaired"):
        comparer(groups, SPEC | {"null": "pairs"}, permutations=0)


@pytest.fixture
def largest_gap(monkeypatch):
    """A toy measure, added by its function and its record alone; the record."""
    monkeypatch.setitem(registry.PLAIN, "largest_gap", None)  # removed again after the test

    @registry.measure
    def largest_gap(x, y):
        return float(np.abs(x - y).max())

    return Measure("largest_gap", "Largest gap", similarity=False)


class Arrays(dict):
    """Features by column, as the analyses use them."""

    @property
    def columns(self):
        return list(self)


def test_a_new_measure_takes_a_function_and_a_record(largest_gap):
    rng = np.random.default_rng(0)
    human = Arrays({f"blocks.{i}/mean": rng.normal(size=(24, 6)) for i in range(2)})
    cat = Arrays({name: x + rng.normal(size=x.shape) for name, x in human.items()})
    groups = {i: i.split("-")[0] for i in IDS}
    spec = SPEC | {"measures": {"largest_gap": largest_gap.facts}}
    rows = estimates({"human": human, "cat": cat}, groups, spec)
    assert [row["layer"] for row in rows] == ["blocks.0", "blocks.1", "all"]
    for row in rows[:2]:
        x, y = (view[f"{row['layer']}/mean"] for view in (human, cat))
        assert row["metric"] == "largest_gap" and row["value"] == np.abs(x - y).max()
        assert row["ci_low"] < row["ci_high"] and "p_value" not in row


def test_a_measure_that_does_not_exist_is_named():
    groups = {i: i.split("-")[0] for i in IDS}
    x = np.random.default_rng(0).normal(size=(24, 6))
    with pytest.raises(CatsightError, match=r"no measure 'ckaa'; there are cka_linear, .*, rsa"):
        comparer(groups, SPEC, permutations=0).compare(x, x, ["ckaa"])
