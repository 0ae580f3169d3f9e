"""Stability: draws, halves and ceilings, compared with the measures of the same subsets."""

import json

import numpy as np
import pytest

from catsight import tables
from catsight.__main__ import main
from catsight.metrics import cka_linear, procrustes, retrieval, stability
from catsight.metrics.estimate import Estimate
from support import by_hand
from support.by_hand import Arrays
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


def kept(drawn: stability.Draws) -> list[np.ndarray]:
    """The frames of each draw, as given."""
    order = np.argsort(drawn.plan.grouping.order)
    return [np.flatnonzero(row[order]) for row in drawn.plan.keep_frames[1:]]


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
    for i, keep in enumerate(kept(drawn), start=1):
        a, b, own = x[keep], y[keep], membership[keep]
        assert len(keep) == 3 * len(set(own))  # whole groups
        assert found["cka_linear"].values[i] == pytest.approx(cka_linear(a, b))
        grams = (v @ v.T for v in (a - a.mean(axis=0), b - b.mean(axis=0)))
        if len(set(own)) < 7:  # one by one over tuples of four groups
            wanted = by_hand.cka_over_groups(*grams, own)
            assert found["cka_linear_unbiased"].values[i] == pytest.approx(wanted)
        assert found["rsa"].values[i] == pytest.approx(by_hand.rsa_over_groups(a, b, own))
        assert found["procrustes"].values[i] == pytest.approx(procrustes(a, b))
        # frames that are left out are not candidates, either
        assert found["retrieval_top1"].values[i] == pytest.approx(retrieval(a, b).top1)
        among_others = retrieval(a, b, groups=own).mean_reciprocal_rank
        assert found["retrieval_mrr_between"].values[i] == pytest.approx(among_others)


def test_halves_share_no_group():
    drawn = stability.Draws(frames(21, 2), SPEC)
    halves = kept(drawn)[len(drawn.sizes) * 10 :]
    assert len(halves) == 20
    for one, other in zip(halves[::2], halves[1::2]):
        groups = [set(half // 2) for half in (one, other)]
        assert len(groups[0]) == len(groups[1]) == 10 and not groups[0] & groups[1]


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
    reason = "fewer than 8 groups, too few to halve, or undefined"
    assert stability.reliability(np.ones((12, 0, 2))) == {"reason": reason}


def test_ceilings():
    def estimate(*values):
        return Estimate(np.array(values))

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
    groups = list(frames(12, 2).values())
    for row in whole:
        x, y = (given[view][f"{row['layer']}/mean"].astype(np.float32) for view in ("human", "cat"))
        assert row["value"] == pytest.approx(by_hand.rsa_over_groups(x, y, groups))
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
        elif row["metric"] == "cka_linear_unbiased":
            assert row["value"] is None and row["reason"] == "fewer than 4 groups"
        else:
            assert row["n_groups"] == 3 and row["value"] is not None


def test_a_measure_that_is_undefined_in_one_layer_has_no_split_half(tmp_path):
    human, cat = ({f"blocks.{i}/mean": view for i in range(3)} for view in views(24))
    cat["blocks.1/mean"] = np.ones((24, 40))
    rows = run(tmp_path, {"human": human, "cat": cat}, SPEC)
    halves = [row for row in rows if row["kind"] == "split_half"]
    assert len(halves) == 3
    assert all(row["value"] is None and "undefined" in row["reason"] for row in halves)


# -- in memory -------------------------------------------------------------------------------------


def test_a_size_has_the_mean_of_its_draws_and_their_middle_95_percent():
    """Of draws 0, 1, ... 40 the quantiles lie at 1 and 39, and so on, size by size."""
    drawn = stability.Draws(frames(12, 2), SPEC | {"draws": 41})
    assert drawn.sizes == [4, 5, 6, 8, 10]
    values = np.concatenate([[7.0], *(np.arange(41.0)[::-1] + 100 * i for i in range(5))])
    halves = np.arange(82.0)
    rows = drawn.by_size(Estimate(np.concatenate([values, halves])))
    for i, (row, size) in enumerate(zip(rows, drawn.sizes)):
        wanted = {"kind": "size", "n_groups": size, "n_frames": 2 * size, "draws": 41}
        wanted |= {"value": 20 + 100 * i, "low": 1 + 100 * i, "high": 39 + 100 * i}
        assert row == pytest.approx(wanted)
    whole = {"kind": "size", "n_groups": 12, "n_frames": 24, "draws": 1, "value": 7.0}
    assert rows[5:] == [whole]
    np.testing.assert_array_equal(
        drawn.halves(Estimate(np.concatenate([values, halves]))), halves.reshape(41, 2)
    )


def test_a_size_with_an_undefined_draw_says_so():
    drawn = stability.Draws(frames(12, 1), SPEC | {"draws": 3})
    values = np.ones(1 + 3 * 5 + 6)
    values[1 + 3 * 2 : 1 + 3 * 2 + 2] = np.nan
    rows = drawn.by_size(Estimate(values))
    assert [row.get("reason") for row in rows] == [
        None,
        None,
        "undefined in 2 of 3 draws",
        *[None] * 3,
    ]
    assert "value" not in rows[2] and rows[3]["value"] == 1


@pytest.mark.parametrize(
    ("groups", "sizes", "halves"),
    [(3, [], 0), (4, [], 0), (5, [4], 0), (7, [4, 5, 6], 0), (8, [4, 5, 6, 7], 10)],
)
def test_few_groups_have_few_sizes_and_no_halves(groups, sizes, halves):
    """Four groups are the fewest of a draw, and of a half."""
    drawn = stability.Draws(frames(groups, 2), SPEC)
    assert drawn.sizes == sizes
    assert drawn.plan.blocks == 10 * len(sizes) + 2 * halves


def test_a_draw_of_fewer_than_four_frames_has_no_value():
    """Of unequal groups, whose numbers of frames are averaged."""
    groups = {f"{i}": str(i) for i in range(9)}
    drawn = stability.Draws(groups | {f"9-{i}": "9" for i in range(30)}, SPEC)
    rows = drawn.by_size(Estimate(np.ones(1 + drawn.plan.blocks)))
    counts = [len(frames) for frames in kept(drawn)]
    for i, row in enumerate(rows[:-1]):
        assert row["n_frames"] == int(np.mean(counts[10 * i : 10 * (i + 1)])) and "value" in row


def test_draws_repeat_with_their_seed_alone():
    def blocks(seed):
        drawn = stability.Draws(frames(20, 2), SPEC | {"seed": seed})
        return [frames.tolist() for frames in kept(drawn)]

    assert blocks(0) == blocks(0) != blocks(1)
    assert len({tuple(out) for out in blocks(0)}) > 60  # every draw is another


def test_at_most_so_many_frames_are_drawn_from():
    drawn = stability.Draws(frames(60, 2), SPEC | {"frames": 50})
    assert len(drawn.rows) == 40 and drawn.frames == 40 and drawn.count == 20
    other = stability.Draws(frames(60, 2), SPEC | {"frames": 50, "seed": 1})
    assert set(drawn.rows) != set(other.rows)


def test_reliability_is_the_mean_corrected_correlation_and_its_middle_95_percent():
    """Spearman-Brown, draw by draw; opposite profiles count 0."""
    rng = np.random.default_rng(0)
    halves = (
        rng.normal(size=(5, 1, 1)) + rng.normal(size=(5, 30, 2)) * np.linspace(0.3, 2, 30)[:, None]
    )
    r = np.array(
        [
            np.corrcoef(one, other)[0, 1]
            for one, other in zip(*np.moveaxis(halves, 2, 0).swapaxes(1, 2))
        ]
    )
    corrected = np.where(r < 0, 0, 2 * r / (1 + r))
    assert (r < 0).sum() > 2
    low, high = np.percentile(corrected, [2.5, 97.5])
    wanted = {"value": corrected.mean(), "low": low, "high": high, "draws": 30}
    assert stability.reliability(halves) == pytest.approx(wanted)
    assert low == 0 and 0 < high < 1


def test_a_profile_needs_three_layers():
    three = np.array([[[0, 0]], [[1, 1]], [[2, 5.0]]])
    assert stability.reliability(three)["draws"] == 1
    assert stability.reliability(three[:2]) == {
        "reason": "fewer than 3 layers, no profile to compare"
    }


def test_the_ceiling_is_the_mean_over_controls():
    def estimate(*values):
        return Estimate(np.array(values))

    of = {
        "jpeg": {"rsa": estimate(0.9, 0.8, 0.7)},
        "cat": {"rsa": estimate(0.4, 0.35, 0.3)},
        "noise": {"rsa": estimate(0.7, 0.6, 0.3)},
        "dog": {"rsa": estimate(0.8, 0.7, 0.5)},
    }
    found = [(*key, list(e.values)) for *key, e in stability.ceilings(of, ["jpeg", "noise"])]
    assert found == [
        ("jpeg", "rsa", "ceiling", [0.9, 0.8, 0.7]),
        ("noise", "rsa", "ceiling", [0.7, 0.6, 0.3]),
        ("cat", "rsa", "of_ceiling", pytest.approx([0.5, 0.5, 0.6])),
        ("dog", "rsa", "of_ceiling", pytest.approx([1, 1, 1])),
    ]
    of["jpeg"]["rsa"], of["noise"]["rsa"] = estimate(0.1, 0.2), estimate(-0.1, 0.1)
    of["cat"]["rsa"] = of["dog"]["rsa"] = estimate(0.1, 0.2)
    _, _, *others = stability.ceilings(of, ["jpeg", "noise"])
    assert {e.reason for *_, e in others} == {"the control itself is not aligned"}
    assert stability.ceilings(of, []) == [] and stability.ceilings({}, ["jpeg"]) == []


GROUPS = {f"{group}-{i}": group for group in "abcdefghi" for i in range(1 + (group < "e"))}


def in_memory(**changes):
    """The rows of three views of three layers, by kind; one view is a control."""
    rng = np.random.default_rng(2)
    human = Arrays({f"b.{i}/mean": rng.normal(size=(13, 5)) for i in range(3)})
    views = {"human": human}
    for view, noise in (("cat", 1.6), ("original", 0.9)):
        views[view] = Arrays({c: x + noise * rng.normal(size=x.shape) for c, x in human.items()})
    spec = SPEC | {
        "controls": ["original"],
        "measures": measures("cka_linear", "energy", "rsa", "retrieval_mrr"),
    }
    rows = stability.stability(views, GROUPS, spec | changes)
    kinds = {row["kind"]: [] for row in rows}
    for row in rows:
        kinds[row["kind"]].append(row)
    return views, kinds


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_ceilings_have_the_interval_of_leaving_groups_out(confidence):
    """Of each control's values, and of the ratios of other views' values to these."""
    views, kinds = in_memory(confidence=confidence)
    labels = np.array(list(GROUPS.values()))
    without = [list(range(13)), *(np.flatnonzero(labels != out) for out in "abcdefghi")]

    def values(view, row):
        x, y = (views[v][f"{row['layer']}/mean"] for v in ("human", view))
        return np.array([by_hand.measure(row["metric"], x, y, keep, labels) for keep in without])

    rows = kinds["ceiling"] + kinds["of_ceiling"]
    assert len(rows) == 2 * 3 * 3  # kinds, layers, and measures that are similarities
    for row in rows:
        assert (row["n_frames"], row["n_groups"]) == (13, 9)
        assert row["view"] == ("original" if row["kind"] == "ceiling" else "cat")
        of = values(row["view"], row)
        if row["kind"] == "of_ceiling":
            of = of / values("original", row)
        facts = measures(row["metric"])[row["metric"]]
        ends = by_hand.interval(of, confidence, cosine=facts["cosine"])
        assert row["value"] == pytest.approx(of[0])
        if facts["share"] and (reason := by_hand.few_groups_differ(of)):
            assert row["reason"] == reason and "low" not in row
            continue
        if facts["share"]:
            # a fraction of the ceiling may exceed 1
            ends = min(of[0], max(ends[0], 0)), max(of[0], min(ends[1], 1))
        assert (row["low"], row["high"]) == pytest.approx(tuple(ends), rel=1e-6), row


def test_rows_of_each_kind_say_what_they_are_of():
    _, kinds = in_memory()
    common = {"encoder": "toy", "reference": "human", "pooling": "mean"}
    for row in [row for rows in kinds.values() for row in rows]:
        assert common.items() <= row.items()
        if row["kind"] == "split_half":
            assert row["layer"] == "all" and "layer_index" not in row
        else:
            assert (
                row["layer"] == f"b.{row['layer_index']}" and row["depth"] == row["layer_index"] / 2
            )
    assert [(row["view"], row["metric"]) for row in kinds["split_half"]] == [
        (view, name) for view in ("cat", "original") for name in ("cka_linear", "energy", "retrieval_mrr", "rsa")
    ]  # fmt: skip
    for row in kinds["split_half"]:
        assert (row["n_frames"], row["n_groups"]) == (13, 9)
        assert row["metric"] == "retrieval_mrr" or row["draws"] == 10
    assert "ceiling" not in in_memory(controls=[])[1]


#: Key -> another value, and the kinds whose values or limits change.
OPTIONS = {
    "seed": (1, {"size", "split_half"}),
    "draws": (12, {"size", "split_half"}),
    "confidence": (0.8, {"ceiling", "of_ceiling"}),
    "rsa_comparison": ("pearson", {"size", "split_half", "ceiling", "of_ceiling"}),
    "frames": (9, {"size", "split_half"}),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_changes_the_rows_that_depend_on_it_alone(option):
    changed, wanted = OPTIONS[option]
    (_, before), (_, again), (_, after) = in_memory(), in_memory(), in_memory(**{option: changed})
    assert before == again
    assert {kind for kind in before if before[kind] != after.get(kind)} == wanted


def test_every_layer_is_counted(capsys):
    in_memory(controls=[])
    assert capsys.readouterr().err.startswith("stability toy: 3/3 layers in ")
