"""Shapley values: compared with all orders one by one, with closed forms, and by the command."""

import itertools
import json

import numpy as np
import pytest

from catsight import tables
from catsight.__main__ import main
from catsight.metrics import cka_linear, rsa
from catsight.metrics.attribution import divide, name, weight
from catsight.metrics.estimate import Estimate
from catsight.tables.names import WHOLE
from support.toy_tables import COMPARING, IDS, measures, write_features, write_frames

PARTS = ["pupil", "acuity", "colour", "rods"]


def subsets(parts=PARTS):
    return [
        "+".join(some)
        for count in range(len(parts) + 1)
        for some in itertools.combinations(parts, count)
    ]


def game(worth, parts=PARTS):
    return {
        subset: Estimate(np.asarray(worth(frozenset(subset.split("+")) - {""}), float))
        for subset in subsets(parts)
    }


def test_shapley_is_the_mean_over_all_orders():
    """In a game without any structure."""
    rng = np.random.default_rng(0)
    random = {
        frozenset(some): rng.normal(size=5)
        for n in range(5)
        for some in itertools.combinations(PARTS, n)
    }
    due = divide(game(random.__getitem__), PARTS, similarity=False)
    orders = list(itertools.permutations(PARTS))
    for part in PARTS:
        before = [frozenset(order[: order.index(part)]) for order in orders]
        expected = np.mean([random[others | {part}] - random[others] for others in before], axis=0)
        np.testing.assert_allclose(due[part, "value"].values, expected, atol=1e-12)
        np.testing.assert_allclose(
            due[part, "alone"].values, random[frozenset([part])] - random[frozenset()]
        )
        everything = frozenset(PARTS)
        np.testing.assert_allclose(
            due[part, "last"].values, random[everything] - random[everything - {part}]
        )
    np.testing.assert_allclose(
        sum(due[part, "value"].values for part in PARTS), due[WHOLE, "value"].values, atol=1e-12
    )


def test_without_interaction_each_part_gets_its_own_loss():
    own = dict(zip(PARTS, (0.3, 0.1, 0.0, -0.05)))
    due = divide(game(lambda some: [sum(own[part] for part in some)]), PARTS, similarity=False)
    for part in PARTS:
        assert due[part, "value"].values[0] == pytest.approx(own[part], abs=1e-12)


def test_a_joint_loss_of_two_parts_is_halved():
    due = divide(game(lambda some: [1.0 * ({"pupil", "rods"} <= some)]), PARTS, similarity=False)
    shares = [due[part, "value"].values[0] for part in PARTS]
    np.testing.assert_allclose(shares, [0.5, 0, 0, 0.5], atol=1e-12)
    assert due["pupil", "alone"].values[0] == 0 and due["pupil", "last"].values[0] == 1


def test_a_fall_of_a_similarity_is_a_loss():
    losses = divide(game(lambda some: [1 - 0.1 * len(some)]), PARTS, similarity=True)
    assert losses[WHOLE, "value"].values[0] == pytest.approx(0.4)
    assert losses["pupil", "value"].values[0] == pytest.approx(0.1)


def test_weights_of_all_sets_that_can_come_before_sum_to_one():
    for count in range(1, 6):
        assert sum(
            weight(len(some), count)
            for n in range(count)
            for some in itertools.combinations(range(count - 1), n)
        ) == pytest.approx(1)


def test_a_game_with_an_undefined_subset_is_undefined_for_its_reason():
    worth = game(lambda some: [0.5])
    worth["pupil+rods"] = Estimate(np.array([np.nan]), reason="the view's features do not vary")
    assert {estimate.reason for estimate in divide(worth, PARTS, similarity=True).values()} == {
        "the view's features do not vary"
    }


@pytest.fixture(scope="module")
def attributed(tmp_path_factory):
    """A study of two parts, run by the command: features of each subset, and the table's rows."""
    folder, rng = tmp_path_factory.mktemp("attributed"), np.random.default_rng(0)
    base = {f"blocks.{i}/mean": rng.normal(size=(24, 6)) for i in range(2)}
    noise = {
        subset: {c: rng.normal(size=(24, 6)) for c in base}
        for subset in ("pupil", "rods", "pupil+rods")
    }
    amount = {"pupil": 0.2, "rods": 0.6, "pupil+rods": 1.0}
    features = {"": base} | {
        s: {c: base[c] + amount[s] * noise[s][c] for c in base} for s in amount
    }
    names = {"": "human", "pupil": "human+pupil", "rods": "human+rods", "pupil+rods": "cat"}
    spec = COMPARING | {
        "parts": ["pupil", "rods"],
        "subsets": names,
        "view": "cat",
        "measures": measures("cka_linear", "energy", "rsa"),
    }
    arguments = [
        "--store",
        str(folder / "store"),
        "--frames",
        str(write_frames(folder / "frames.parquet")),
    ]
    for subset, view in names.items():
        arguments += [
            "--features",
            view,
            str(write_features(folder / f"{view}.parquet", features[subset])),
        ]
    out = folder / "out.parquet"
    assert (
        main(
            ["metrics", "attribution", "--spec", json.dumps(spec), *arguments, "--output", str(out)]
        )
        == 0
    )
    return features, tables.read(out).to_pandas()


def test_the_table_agrees_with_the_functions(attributed):
    features, rows = attributed
    assert len(rows) == 3 * 3 * 3  # two layers and their mean, metrics, parts and the whole
    for (layer, metric), some in rows[rows["layer"] != "all"].groupby(["layer", "metric"]):
        if metric == "energy":
            continue
        of = {"cka_linear": cka_linear, "rsa": rsa}[metric]
        x = np.float32(features[""][f"{layer}/mean"])
        worth = {
            subset: 1 - of(x, np.float32(columns[f"{layer}/mean"]))
            for subset, columns in features.items()
        }
        value = some.set_index("part")["value"]
        assert value[WHOLE] == pytest.approx(worth["pupil+rods"], abs=1e-6)
        pupil = (worth["pupil"] + worth["pupil+rods"] - worth["rods"]) / 2
        assert value["pupil"] == pytest.approx(pupil, abs=1e-6)
        assert some.set_index("part")["alone"]["rods"] == pytest.approx(worth["rods"], abs=1e-6)
        assert some.set_index("part")["last"]["rods"] == pytest.approx(
            worth["pupil+rods"] - worth["pupil"], abs=1e-6
        )


def test_parts_sum_to_the_whole_in_every_row(attributed):
    _, rows = attributed
    table = rows.pivot_table(index=["layer", "metric"], columns="part", values="value")
    np.testing.assert_allclose(table["pupil"] + table["rods"], table[WHOLE], atol=1e-12)
    of_layers = table.drop("all", level="layer").groupby("metric").mean()
    np.testing.assert_allclose(table.loc["all"], of_layers, atol=1e-12)
    assert (table[WHOLE] > 0).all() and (table["rods"] > table["pupil"]).all()


def test_intervals_are_over_groups_and_contain_the_value(attributed):
    """Most of them: they are centred on the value corrected for its bias."""
    _, rows = attributed
    assert (
        rows["ci_low"].notna().all()
        and (rows["n_groups"] == len({i.split("-")[0] for i in IDS})).all()
    )
    assert (rows["ci_low"] < rows["ci_high"]).all()
    held = (rows["ci_low"] <= rows["value"]) & (rows["value"] <= rows["ci_high"])
    assert held.mean() > 0.8


def test_the_name_of_a_subset_does_not_depend_on_its_order():
    assert name(["rods", "pupil"], PARTS) == "pupil+rods" and name([], PARTS) == ""
