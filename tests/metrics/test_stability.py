"""Stability: draws, halves and ceilings, compared with the measures of the same subsets."""

import json

import numpy as np
import pytest

from catsight import tables
from catsight.__main__ import main
from catsight.metrics import cka_linear, procrustes, retrieval, rsa, stability
from catsight.metrics.estimate import Estimate
from support.toy_tables import COMPARING, measures, write_features, write_frames

SPEC = COMPARING | {
    "draws": 10,
    "frames": 1000,
    "controls": [],
    "measures": measures("cka_linear", "cka_linear_unbiased", "rsa"),
}


def frames(groups: int, each: int) -> dict[str, str]:
    return {f"{group}-{i}": str(group) for group in range(groups) for i in range(each)}


def views(n: int, dims: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scene = rng.normal(size=(n, dims))
    return scene, scene + rng.normal(size=(n, dims))


def test_values_of_draws_are_the_measures_of_those_frames():
    x, y = views(60)
    groups = frames(20, 3)
    drawn = stability.Draws(groups, SPEC)
    names = [
        "cka_linear",
        "cka_linear_unbiased",
        "rsa",
        "procrustes",
        "retrieval_top1",
        "retrieval_mrr_between",
    ]
    found = drawn.compare(x, y, names)
    membership = np.array(list(groups.values()))
    assert drawn.sizes[0] == 4 and drawn.sizes == sorted(drawn.sizes) and len(drawn.sizes) == 5
    for i, out in enumerate(drawn.plan.blocks, start=1):
        keep = np.setdiff1d(np.arange(60), out)
        a, b, own = x[keep], y[keep], membership[keep]
        assert len(keep) == 3 * len(set(own))  # whole groups
        assert found["cka_linear"].values[i] == pytest.approx(cka_linear(a, b))
        assert found["cka_linear_unbiased"].values[i] == pytest.approx(
            cka_linear(a, b, unbiased=True)
        )
        assert found["rsa"].values[i] == pytest.approx(rsa(a, b))
        assert found["procrustes"].values[i] == pytest.approx(procrustes(a, b))
        # frames that are left out are not candidates, either
        assert found["retrieval_top1"].values[i] == pytest.approx(retrieval(a, b).top1)
        among_others = retrieval(a, b, groups=own).mean_reciprocal_rank
        assert found["retrieval_mrr_between"].values[i] == pytest.approx(among_others)


def test_halves_share_no_group():
    drawn = stability.Draws(frames(21, 2), SPEC)
    halves = drawn.plan.blocks[len(drawn.sizes) * 10 :]
    assert len(halves) == 20
    for one, other in zip(halves[::2], halves[1::2]):
        kept = [set(np.setdiff1d(np.arange(42), out) // 2) for out in (one, other)]
        assert len(kept[0]) == len(kept[1]) == 10 and not kept[0] & kept[1]


def test_the_biased_estimator_drifts_and_the_unbiased_does_not():
    x, y = views(200)
    drawn = stability.Draws(frames(200, 1), SPEC)
    found = drawn.compare(x, y, ["cka_linear", "cka_linear_unbiased"])
    biased, unbiased = (drawn.by_size(found[name]) for name in found)
    values = [row["value"] for row in biased]
    assert all(a > b for a, b in zip(values, values[1:])) and values[0] > values[-1] + 0.15
    assert [row["n_groups"] for row in biased] == [*drawn.sizes, 200]
    # at the smallest sizes a few draws scatter; from about ten frames on they lie around the value of
    # the whole study
    for row in unbiased[2:-1]:
        assert row["low"] < unbiased[-1]["value"] < row["high"]


def test_reliability():
    rng = np.random.default_rng(0)
    profile = np.linspace(0, 1, 12)[:, None, None]
    assert stability.reliability(profile + np.zeros((12, 30, 2)))["value"] == pytest.approx(1)
    assert stability.reliability(np.concatenate([profile, 1 - profile], axis=2))["value"] == 0
    noise = rng.normal(size=(12, 4000, 2))
    # Spearman-Brown: halves that correlate by 0.5 make a whole with a reliability of 2/3
    r = stability.reliability(rng.normal(size=(400, 300, 1)) + rng.normal(size=(400, 300, 2)))
    assert r["value"] == pytest.approx(2 / 3, abs=0.01)
    assert stability.reliability(noise)["value"] < 0.3
    assert "fewer than 3 layers" in stability.reliability(profile[:2])["reason"]
    assert "the same value in all layers" in stability.reliability(np.ones((12, 3, 2)))["reason"]
    assert "too few to halve" in stability.reliability(np.ones((12, 0, 2)))["reason"]


def test_ceilings():
    def estimate(*values):
        return Estimate(np.array(values), sizes=[1] * (len(values) - 1))

    of = {
        "noisy": {"rsa": estimate(0.8, 0.7, 0.9)},
        "jpeg": {"rsa": estimate(0.6, 0.7, 0.7)},
        "cat": {"rsa": estimate(0.35, 0.35, 0.4)},
    }
    found = {
        (view, kind): estimate.values
        for view, _, kind, estimate in stability.ceilings(of, ["noisy", "jpeg"])
    }
    np.testing.assert_array_equal(found["noisy", "ceiling"], [0.8, 0.7, 0.9])
    np.testing.assert_allclose(found["cat", "of_ceiling"], [0.5, 0.5, 0.5])
    assert set(found) == {("noisy", "ceiling"), ("jpeg", "ceiling"), ("cat", "of_ceiling")}
    of["noisy"]["rsa"] = Estimate(np.full(3, np.nan), reason="flat")
    assert stability.ceilings(of, ["noisy"])[-1][-1].reason == "flat"


def run(tmp_path, features, spec, ids=None):
    arguments = [
        "metrics",
        "stability",
        "--spec",
        json.dumps(spec),
        "--store",
        str(tmp_path / "store"),
    ]
    ids = [*frames(12, 2)] if ids is None else ids
    arguments += [
        "--frames",
        str(write_frames(tmp_path / "f.parquet", ids)),
        "--output",
        str(tmp_path / "s.parquet"),
    ]
    for name, of in features.items():
        arguments += [
            "--features",
            name,
            str(write_features(tmp_path / f"{name}.parquet", of, ids)),
        ]
    assert main(arguments) == 0
    return tables.read(tmp_path / "s.parquet").to_pylist()


def test_table(tmp_path):
    human, cat = ({f"blocks.{i}/mean": view for i in range(4)} for view in views(24))
    original = {
        name: x + 0.1 * np.random.default_rng(1).normal(size=x.shape) for name, x in human.items()
    }
    for i, name in enumerate(cat):
        cat[name] = cat[name] + 2 * i * np.random.default_rng(i).normal(size=(24, 40))
    given = {"human": human, "cat": cat, "original": original}
    rows = run(tmp_path, given, SPEC | {"controls": ["original"]})
    kinds = {
        kind: [row for row in rows if row["kind"] == kind]
        for kind in ("size", "split_half", "ceiling", "of_ceiling")
    }
    assert len(rows) == sum(map(len, kinds.values()))
    assert {row["n_groups"] for row in kinds["size"]} >= {4, 12}
    whole = [
        r
        for r in kinds["size"]
        if r["n_groups"] == 12 and r["metric"] == "rsa" and r["view"] == "cat"
    ]
    top = {row["layer"]: row for row in kinds["ceiling"] if row["metric"] == "rsa"}
    for row in whole:
        x, y = (given[view][f"{row['layer']}/mean"].astype(np.float32) for view in ("human", "cat"))
        assert row["value"] == pytest.approx(rsa(x, y))
        of = next(
            r for r in kinds["of_ceiling"] if (r["layer"], r["metric"]) == (row["layer"], "rsa")
        )
        assert of["value"] == pytest.approx(row["value"] / top[row["layer"]]["value"])
        assert of["low"] < of["value"] and of["n_groups"] == 12
    (of_cat,) = (r for r in kinds["split_half"] if r["view"] == "cat" and r["metric"] == "rsa")
    assert of_cat["layer"] == "all" and of_cat["value"] > 0.5  # noise grows from layer to layer


def test_few_groups_and_flat_features_have_a_reason(tmp_path):
    human, cat = ({f"blocks.{i}/mean": view for i in range(3)} for view in views(24))
    flat = {name: np.ones_like(x) for name, x in cat.items()}
    ids = [*frames(3, 8)]
    rows = run(tmp_path, {"human": human, "cat": cat, "flat": flat}, SPEC, ids)
    for row in rows:
        if row["view"] == "flat" or row["kind"] == "split_half":
            assert row["value"] is None and row["reason"]
        else:
            assert row["n_groups"] == 3 and row["value"] is not None


def test_a_measure_that_is_undefined_in_one_layer_has_no_split_half(tmp_path):
    human, cat = ({f"blocks.{i}/mean": view for i in range(3)} for view in views(24))
    cat["blocks.1/mean"] = np.ones((24, 40))
    rows = run(tmp_path, {"human": human, "cat": cat}, SPEC)
    halves = [row for row in rows if row["kind"] == "split_half"]
    assert len(halves) == 3
    assert all(row["value"] is None and "undefined" in row["reason"] for row in halves)
