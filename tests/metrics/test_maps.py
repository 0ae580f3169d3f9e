"""Maps of each layer against each: they agree with the measures of each pair."""

import json

import numpy as np
import pytest

from catsight import CatsightError, tables
from catsight.__main__ import main
from catsight.metrics import cka_linear, cka_rbf, rsa
from catsight.metrics.maps import MAPPED, maps, similarity_map
from catsight.metrics.plan import Plan
from catsight.metrics.suite import compare
from support.by_hand import Arrays
from support.toy_tables import FUNCTIONS, IDS, write_features, write_frames

SPEC = {
    "encoder": "toy", "reference": "human", "seed": 0, "bandwidth": 1.0, "rsa_distance": "correlation",
    "rsa_comparison": "spearman", "metrics": ["cka_linear_unbiased_frames", "rsa_frames"], "frames": 1000, "code": "0", "versions": {},
}  # fmt: skip


def layers(count: int, n: int = 60, seed: int = 0) -> list[np.ndarray]:
    """Layers of one network: each mixes the previous one, with another width and an offset."""
    rng = np.random.default_rng(seed)
    x = [rng.normal(size=(n, 10))]
    for i in range(1, count):
        x.append(
            0.2
            * np.tanh(x[-1] - x[-1].mean(axis=0))
            @ rng.normal(size=(x[-1].shape[1], 10 + 7 * i))
            + 100
        )
    return x


@pytest.mark.parametrize("metric", FUNCTIONS)
def test_a_map_agrees_with_the_measure(metric):
    xs, ys = layers(3), layers(4, seed=1)
    ys[0] = xs[0] + np.random.default_rng(2).normal(size=xs[0].shape)
    found = similarity_map(xs, ys, metric)
    wanted = [[FUNCTIONS[metric](x, y) for y in ys] for x in xs]
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    own = similarity_map(xs, xs, metric)
    np.testing.assert_allclose(np.diag(own), 1, atol=1e-6)
    np.testing.assert_allclose(own, own.T, atol=1e-6)


@pytest.mark.parametrize("sizes", [[1] * 30, [3] * 12, [1, 5, 2, 2, 7, 1, 3, 4]])
@pytest.mark.parametrize("metric", MAPPED)
def test_a_map_of_groups_agrees_with_the_table_of_metrics(metric, sizes):
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.repeat([f"g{i}" for i in range(len(sizes))], sizes)).tolist()
    x = rng.normal(size=(len(groups), 6)) + 3
    y = x + rng.normal(size=x.shape)
    plan = Plan({str(i): group for i, group in enumerate(groups)}, SPEC | {"null": "paired"}, 0)
    found = similarity_map([x], [y, x], metric, groups=groups)
    np.testing.assert_allclose(found, [[compare(x, y, plan, [metric])[metric].values[0], 1]], 1e-5)


@pytest.mark.parametrize("metric", MAPPED)
def test_one_frame_that_differs_makes_no_map_over_groups(metric):
    x = np.tile([1.0, 2, 3, 4, 6], (12, 1))
    x[3] += [5, 0, 0, 1, 0]
    found = similarity_map([x], [x], metric)
    assert np.isnan(found[0, 0]) == ("unbiased" in metric or "rbf" in metric)


@pytest.mark.parametrize("metric", FUNCTIONS)
def test_a_constant_layer_is_undefined_on_a_map(metric):
    xs = [*layers(2), np.ones((60, 5))]
    found = similarity_map(xs, xs, metric)
    assert np.isnan(found[2]).all() and np.isnan(found[:, 2]).all()
    assert np.isfinite(found[:2, :2]).all()


def test_there_are_no_maps_of_other_measures():
    with pytest.raises(CatsightError) as error:
        similarity_map(layers(1), layers(1), "energy")
    assert str(error.value) == (
        f"there are no maps of the measure 'energy'; there are maps of {', '.join(MAPPED)}"
    )
    with pytest.raises(CatsightError) as error:
        similarity_map(layers(1), layers(1), "rsa", comparison="kendall")
    assert str(error.value) == (
        "there are no maps of rsa with rsa_comparison kendall; use spearman or pearson"
    )


def run(command, tmp_path, given, spec=SPEC):
    arguments = ["metrics", command, "--spec", json.dumps(spec), "--store", str(tmp_path / "store")]
    arguments += [
        "--frames",
        str(write_frames(tmp_path / "f.parquet")),
        "--output",
        str(tmp_path / "map.parquet"),
    ]
    for name, features in given.items():
        arguments += [
            "--features",
            name,
            str(write_features(tmp_path / f"{name}.parquet", features)),
        ]
    assert main(arguments) == 0
    return tables.read(tmp_path / "map.parquet").to_pylist()


def test_table_between_views(tmp_path):
    human = {f"blocks.{i}/{p}": x for i, x in enumerate(layers(3, 24)) for p in ("cls", "mean")}
    cat = {name: x + np.random.default_rng(1).normal(size=x.shape) for name, x in human.items()}
    rows = run("maps", tmp_path, {"human": human, "cat": cat})
    assert len(rows) == 2 * 2 * 9
    for row in rows:
        x, y = (
            human[f"{row['layer']}/{row['pooling']}"],
            cat[f"{row['other_layer']}/{row['pooling']}"],
        )
        wanted = FUNCTIONS[row["metric"].removesuffix("_frames")](
            x.astype(np.float32), y.astype(np.float32)
        )
        assert row["value"] == pytest.approx(wanted, abs=1e-5)
        assert (row["view"], row["other_view"], row["n_frames"]) == ("human", "cat", 24)
        assert (
            f"blocks.{row['layer_index']}" == row["layer"]
            and f"blocks.{row['other_index']}" == row["other_layer"]
        )


def test_table_between_encoders(tmp_path):
    given = {
        "cnn": {f"stage.{i}/mean": x for i, x in enumerate(layers(2, 24))},
        "vit": {
            f"blocks.{i}/{p}": x
            for i, x in enumerate(layers(3, 24, seed=1))
            for p in ("cls", "mean")
        },
    }
    rows = run("maps", tmp_path, given, {key: SPEC[key] for key in SPEC if key != "encoder"})
    counts = {}
    for row in rows:
        pair = (row["encoder"], row["other_encoder"], row["pooling"])
        counts[pair] = counts.get(pair, 0) + 1
        x, y = given[row["encoder"]], given[row["other_encoder"]]
        x, y = x[f"{row['layer']}/{row['pooling']}"], y[f"{row['other_layer']}/{row['pooling']}"]
        wanted = FUNCTIONS[row["metric"].removesuffix("_frames")](
            x.astype(np.float32), y.astype(np.float32)
        )
        assert row["value"] == pytest.approx(wanted, abs=1e-5)
    # a CNN has no class token
    wanted = {
        ("cnn", "cnn", "mean"): 8,
        ("cnn", "vit", "mean"): 12,
        ("vit", "vit", "mean"): 18,
        ("vit", "vit", "cls"): 18,
    }
    assert counts == wanted


def test_a_map_is_made_of_a_limited_number_of_frames(tmp_path):
    human = {"blocks.0/mean": layers(1, 24)[0]}
    rows = run("maps", tmp_path, {"human": human, "cat": human}, SPEC | {"frames": 20})
    assert {row["n_frames"] for row in rows} == {20} and len(IDS) == 24
    assert all(row["value"] == pytest.approx(1) for row in rows)


@pytest.mark.parametrize("metric", FUNCTIONS)
def test_more_pairs_than_are_summed_at_once(metric):
    """190 frames have 17955 pairs, more than 16384."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(190, 6)), rng.normal(size=(190, 5))
    y[:, :3] += x[:, :3]
    found = similarity_map([x], [y, x], metric)
    np.testing.assert_allclose(found, [[FUNCTIONS[metric](x, y), 1]], atol=1e-5)


@pytest.mark.parametrize(
    ("metric", "option", "function"),
    [
        ("cka_rbf", {"bandwidth": 0.3}, lambda x, y: cka_rbf(x, y, bandwidth=0.3)),
        ("cka_rbf_unbiased", {"bandwidth": 0.3}, lambda x, y: cka_rbf(x, y, bandwidth=0.3, unbiased=True)),
        ("rsa", {"distance": "euclidean"}, lambda x, y: rsa(x, y, distance="euclidean")),
        ("rsa", {"distance": "cosine"}, lambda x, y: rsa(x, y, distance="cosine")),
        ("rsa", {"comparison": "pearson"}, lambda x, y: rsa(x, y, comparison="pearson")),
    ],
)  # fmt: skip
def test_a_map_takes_the_options_of_its_measure(metric, option, function):
    xs, ys = layers(2), layers(2, seed=1)
    ys[1] = xs[1] - 100 + 0.2 * np.random.default_rng(0).normal(size=xs[1].shape)
    found = similarity_map(xs, ys, metric, **option)
    np.testing.assert_allclose(found, [[function(x, y) for y in ys] for x in xs], atol=1e-5)
    assert np.abs(found - similarity_map(xs, ys, metric)).max() > 0.001


def test_the_measure_of_a_map_is_unbiased_linear_cka_unless_named():
    xs, ys = layers(2), layers(2, seed=1)
    wanted = similarity_map(xs, ys, "cka_linear_unbiased")
    np.testing.assert_array_equal(similarity_map(xs, ys), wanted)


def test_a_map_of_features_of_any_unit():
    """Squares of such float32 features overflow or vanish."""
    x, y = (layers(1, seed=seed)[0].astype(np.float32) for seed in (0, 1))
    wanted = cka_linear(x, y)
    for factor in (1e-30, 1e30):
        found = similarity_map([x * np.float32(factor)], [y], "cka_linear")[0, 0]
        assert found == pytest.approx(wanted, abs=1e-5)


# -- in memory -------------------------------------------------------------------------------------

GROUPS = {f"{i:02}": f"{i:02}" for i in range(60)}


def in_memory(**changes):
    human = Arrays({f"b.{i}/mean": x for i, x in enumerate(layers(2))})
    cat = Arrays({c: x + np.random.default_rng(1).normal(size=x.shape) for c, x in human.items()})
    spec = SPEC | {"metrics": ["cka_rbf", "rsa", "cka_linear"], "frames": 30} | changes
    return maps({"cat": cat, "human": human}, GROUPS, spec)


#: Key -> another value, and the measures whose rows change.
OPTIONS = {
    "seed": (1, {"cka_rbf", "rsa", "cka_linear"}),
    "frames": (20, {"cka_rbf", "rsa", "cka_linear"}),
    "bandwidth": (0.5, {"cka_rbf"}),
    "rsa_distance": ("cosine", {"rsa"}),
    "rsa_comparison": ("pearson", {"rsa"}),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_changes_the_maps_that_take_it(option):
    changed, wanted = OPTIONS[option]
    rows, others = in_memory(), in_memory(**{option: changed})
    assert rows == in_memory()
    differ = {row["metric"] for row, other in zip(rows, others) if row["value"] != other["value"]}
    assert differ == wanted


def test_rows_say_which_layers_they_are_of():
    rows = in_memory()
    assert [(row["metric"], row["layer_index"], row["other_index"]) for row in rows] == [
        (metric, i, j) for metric in ("cka_rbf", "rsa", "cka_linear") for i in (0, 1) for j in (0, 1)
    ]  # fmt: skip
    common = {
        "encoder": "toy", "other_encoder": "toy", "view": "human", "other_view": "cat", "pooling": "mean", "n_frames": 30,
    }  # fmt: skip
    for row in rows:
        assert common.items() <= row.items() and "reason" not in row
        assert (row["layer"], row["other_layer"]) == (
            f"b.{row['layer_index']}",
            f"b.{row['other_index']}",
        )


def test_maps_between_encoders_are_of_the_reference():
    """Each pair of encoders once, in their order, and each with itself."""
    x, y = (Arrays({"b.0/mean": layers(1, seed=seed)[0]}) for seed in (0, 1))
    spec = {key: SPEC[key] for key in SPEC if key != "encoder"} | {"metrics": ["rsa"]}
    rows = maps({"vit": x, "cnn": y}, GROUPS, spec)
    assert [(row["encoder"], row["other_encoder"]) for row in rows] == [
        ("vit", "vit"), ("vit", "cnn"), ("cnn", "cnn"),
    ]  # fmt: skip
    assert {(row["view"], row["other_view"]) for row in rows} == {("human", "human")}


def test_a_cell_without_a_value_has_a_reason():
    x = Arrays({"b.0/mean": layers(1)[0], "b.1/mean": np.ones((60, 3))})
    rows = maps({"human": x, "cat": x}, GROUPS, SPEC | {"metrics": ["rsa"]})
    for row in rows:
        flat = 1 in (row["layer_index"], row["other_index"])
        reason = "the features of one of the layers do not vary enough"
        assert row.get("reason") == (reason if flat else None) and ("value" in row) != flat


def test_every_map_is_counted(capsys):
    """Of each measure and pooling."""
    in_memory()
    assert capsys.readouterr().err.startswith("maps toy: 3/3 maps in ")
    x = Arrays({"b.0/mean": layers(1)[0], "b.0/cls": layers(1)[0]})
    spec = {key: SPEC[key] for key in SPEC if key != "encoder"}
    maps({"vit": x, "cnn": x}, GROUPS, spec)
    assert capsys.readouterr().err.startswith("maps between encoders: 4/4 maps in ")


def test_a_map_of_integers():
    x, y = (np.random.default_rng(seed).integers(0, 9, size=(20, 4)) for seed in (0, 1))
    for metric, function in FUNCTIONS.items():
        assert similarity_map([x], [y], metric)[0, 0] == pytest.approx(function(x, y), abs=1e-5)
