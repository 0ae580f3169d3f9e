"""Shapley values: compared with all orders one by one, with closed forms, and by the command."""

import itertools
import json
from functools import partial

import numpy as np
import pytest

from catsight import tables
from catsight.__main__ import main
from catsight.metrics import cka_linear
from catsight.metrics.attribution import attribution, divide, name, weight
from catsight.metrics.compare import estimates
from catsight.metrics.estimate import Estimate
from catsight.study.measures import MEASURES
from catsight.tables.names import WHOLE
from support import by_hand
from support.by_hand import Arrays
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
        own = [i.split("-")[0] for i in IDS]
        of = {"cka_linear": cka_linear, "rsa": partial(by_hand.rsa_over_groups, groups=own)}[metric]
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


def test_the_table_counts_frames_and_groups(attributed):
    _, rows = attributed
    assert (rows["n_groups"] == 6).all() and (rows["n_frames"] == len(IDS)).all()
    assert rows["reason"].isna().all() and (rows["ci_low"] < rows["ci_high"]).all()


def test_the_name_of_a_subset_does_not_depend_on_its_order():
    assert name(["rods", "pupil"], PARTS) == "pupil+rods" and name([], PARTS) == ""


# -- in memory -------------------------------------------------------------------------------------

#: The names of views by the subset that is swapped in them. Listed in an order of their own.
SUBSETS = {"rods": "human+rods", "": "human", "pupil+rods": "cat", "pupil": "human+pupil"}
GROUPS = {f"{group}-{i}": group for group in "abcdef" for i in range(2 + (group > "c"))}
CONFIDENCE = 0.8
NAMES = ("cka_linear", "cka_rbf_unbiased", "energy", "retrieval_mrr", "rsa")


def study() -> dict[str, Arrays]:
    """Views of two layers of different widths."""
    rng = np.random.default_rng(4)
    human = {f"b.{i}/mean": rng.normal(size=(15, 5 + i)) for i in range(2)}
    amount = {"": 0.0, "pupil": 0.7, "rods": 0.9, "pupil+rods": 1.2}
    return {
        view: Arrays({c: x + amount[subset] * rng.normal(size=x.shape) for c, x in human.items()})
        for subset, view in SUBSETS.items()
    }


def table(features, **changes):
    spec = COMPARING | {
        "parts": ["pupil", "rods"], "subsets": SUBSETS, "view": "cat", "confidence": CONFIDENCE, "measures": measures(*NAMES),
    }  # fmt: skip
    rows = attribution(features, GROUPS, spec | changes)
    return {(row["metric"], row["layer"], row["part"]): row for row in rows}


@pytest.fixture(scope="module")
def in_memory():
    features = study()
    return features, table(features)


@pytest.mark.parametrize("metric", NAMES)
def test_losses_and_intervals_are_those_of_leaving_groups_out(metric, in_memory):
    """A part's loss is no cosine and no share: its interval is of the logarithm if it is positive
    however groups are left out, or else on its own scale. The whole loss has the interval of the
    alignment itself.
    """
    features, rows = in_memory
    labels, facts = np.array(list(GROUPS.values())), measures(metric)[metric]
    without = [list(range(15)), *(np.flatnonzero(labels != out) for out in "abcdef")]

    def worth(view, layer):
        x, y = (features[v][f"{layer}/mean"] for v in ("human", view))
        sign = -1 if facts["similarity"] else 1
        return sign * np.array([by_hand.measure(metric, x, y, keep, labels) for keep in without])

    of = {layer: {s: worth(view, layer) for s, view in SUBSETS.items()} for layer in ("b.0", "b.1")}
    of["all"] = {s: (of["b.0"][s] + of["b.1"][s]) / 2 for s in SUBSETS}
    for layer, v in of.items():
        none, pupil, rods, both = (v[s] for s in ("", "pupil", "rods", "pupil+rods"))
        losses = {
            "pupil": ((pupil - none) + (both - rods)) / 2,
            "rods": ((rods - none) + (both - pupil)) / 2,
            WHOLE: both - none,
        }
        for part, values in losses.items():
            row = rows[metric, layer, part]
            assert row["value"] == pytest.approx(values[0])
            if facts["share"] and part == WHOLE:  # two of six frames are not found first
                assert row["ci_low"] is row["ci_high"] is None and "replicates" not in row
                continue
            ends = by_hand.interval(values, CONFIDENCE, loss=part != WHOLE)
            if part == WHOLE and facts["similarity"]:
                own = by_hand.interval(1 - values, CONFIDENCE, cosine=facts["cosine"])
                ends = (1 - own[1], 1 - own[0])
            assert (row["ci_low"], row["ci_high"]) == pytest.approx(ends, rel=1e-6), (layer, part)
            assert row["replicates"] == pytest.approx(values[1:]) and row["parts"] == [6]
        alone = {"pupil": (pupil - none)[0], "rods": (rods - none)[0]}
        last = {"pupil": (both - rods)[0], "rods": (both - pupil)[0]}
        for part in alone:
            row = rows[metric, layer, part]
            assert (row["alone"], row["last"]) == pytest.approx((alone[part], last[part]))
        assert not {"alone", "last"} & set(rows[metric, layer, WHOLE])


def test_the_whole_loss_has_the_interval_of_the_table_of_metrics(in_memory):
    """One number has one interval wherever it is shown."""
    features, rows = in_memory
    views = {view: features[view] for view in ("human", "cat")}
    spec = COMPARING | {"confidence": CONFIDENCE, "measures": measures(*NAMES), "permutations": 0}
    for row in estimates(views, GROUPS, spec):
        whole = rows[row["metric"], row["layer"], WHOLE]
        ends = [row["ci_low"], row["ci_high"]]
        if MEASURES[row["metric"]].similarity and None not in ends:
            ends = [1 - row["ci_high"], 1 - row["ci_low"]]
        assert [whole["ci_low"], whole["ci_high"]] == pytest.approx(ends, nan_ok=True)


def test_rows_say_what_they_are_of(in_memory):
    """Layers in their order, then their means; the whole first, then the parts in their order."""
    _, rows = in_memory
    keys = [(layer, name_, part) for layer in ("b.0", "b.1", "all") for name_ in NAMES for part in (WHOLE, "pupil", "rods")]  # fmt: skip
    assert [(layer, name_, part) for name_, layer, part in rows] == keys
    common = {
        "encoder": "toy", "family": "cnn", "training": "untrained", "reference": "human", "view": "cat",
        "n_frames": 15, "n_groups": 6, "pooling": "mean",
    }  # fmt: skip
    for (name_, layer, part), row in rows.items():
        assert {key: row[key] for key in common} == common
        share = part == WHOLE and measures(name_)[name_]["share"]
        assert (row["reason"] is None) == (not share)
        place = (None, None) if layer == "all" else (int(layer[-1]), float(layer[-1]))
        assert (row.get("layer_index"), row.get("depth")) == place


#: Key -> another value, and the measures whose rows change.
OPTIONS = {
    "confidence": (0.95, set(NAMES)),
    "bandwidth": (2.0, {"cka_rbf_unbiased"}),
    "rsa_distance": ("euclidean", {"rsa"}),
    "rsa_comparison": ("pearson", {"rsa"}),
    "retrieval_distance": ("euclidean", {"retrieval_mrr"}),
    "seed": (1, set()),  # six groups are not dealt
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_changes_the_measures_that_take_it(option, in_memory):
    features, rows = in_memory
    changed, wanted = OPTIONS[option]
    others = table(features, **{option: changed})
    assert {key[0] for key, row in rows.items() if row != others[key]} == wanted
    assert table(features) == rows


def test_an_undefined_value_has_its_reason_and_so_has_the_mean(in_memory):
    features, _ = in_memory
    flat = np.ones_like(features["human+rods"]["b.1/mean"])
    changed = features | {"human+rods": Arrays(features["human+rods"] | {"b.1/mean": flat})}
    rows = table(changed, measures=measures("rsa"))
    for part in (WHOLE, "pupil", "rods"):
        assert rows["rsa", "b.0", part]["value"] is not None
        row, mean = rows["rsa", "b.1", part], rows["rsa", "all", part]
        assert row["reason"] == "the view's features do not vary" and "value" not in row
        assert mean["reason"] == "undefined in a layer: the view's features do not vary"
    assert rows["rsa", "b.1", "rods"]["alone"] is None


def test_too_few_groups_have_a_value_and_no_interval():
    features = study()
    three = {view: Arrays({c: x[:6] for c, x in of.items()}) for view, of in features.items()}
    spec = COMPARING | {"parts": ["pupil", "rods"], "subsets": SUBSETS, "view": "cat", "measures": measures("energy")}  # fmt: skip
    rows = attribution(three, dict(list(GROUPS.items())[:6]), spec)
    for row in rows:
        assert row["value"] is not None and row["ci_low"] is row["ci_high"] is None
        assert row["reason"] == "fewer than 4 groups, too few for an interval"
        assert (row["n_frames"], row["n_groups"]) == (6, 3)


def test_every_comparison_is_counted(in_memory, capsys):
    """Four subsets of two layers."""
    table(in_memory[0], measures=measures("energy"))
    assert capsys.readouterr().err.startswith("attribution toy: 8/8 comparisons in ")
