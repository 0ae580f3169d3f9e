"""Claims over renderings of colours: what holds in all of them stays, what does not is withdrawn."""

import numpy as np
import pandas as pd
import pytest

from catsight.metrics import contrasts as module
from catsight.metrics import ensemble
from support import compared
from support.compared import METRIC, SPEC

DISPLAYS = ("red-cyan", "least-change")


def shown(change=lambda row: 0.0, displays=DISPLAYS, views=("cat",)):
    """The rows of metrics in other renderings: each value and replicate with ``change`` added."""
    found = []
    for display in displays:
        for row in compared.metrics(views=compared.VIEWS):
            if row["view"] in views:
                row |= {"display": display, "own": False}
                more = change(row)
                replicates = (np.array(row["replicates"]) + more).tolist()
                found.append(row | {"value": row["value"] + more, "replicates": replicates})
    own = [row | {"own": True, "display": "auto"} for row in found if row["display"] == displays[0]]
    return own + found


def found(renderings, spec=SPEC):
    rows = {"metrics": compared.metrics(), "attribution": compared.attribution()}
    each = list(module.contrasts(rows | {"renderings": renderings}, spec))
    return [pd.DataFrame([row for one in each for row in one[i].to_pylist()]) for i in range(2)]


def alone():
    """The contrasts of the study without renderings."""
    return found([])


def row_of(table, kind, a, b, **where):
    here = (table["kind"] == kind) & (table["member_a"] == a) & (table["member_b"] == b)
    for column, value in where.items():
        here &= table[column].isna() if value is None else table[column] == value
    (row,) = table[here].to_dict("records")
    return row


def counts(row):
    return [row[f"n_{name}"] for name in ("renderings", "above", "below", "equivalent")]


def test_a_claim_that_every_rendering_tells_is_counted_in_all():
    """A shift of all values by as much changes no sign."""
    table, _ = found(shown(lambda row: -0.05))
    row = row_of(table, "encoder", "net", "vit", view_a="cat")
    assert row["z"] < 0 and row["p_holm"] < 0.05  # the later encoder has the higher value
    assert counts(row) == [3, 0, 3, 0]


def test_a_claim_that_flips_its_sign_in_one_rendering_is_not_told_in_all():
    def change(row):
        return 0.08 if row["encoder"] == "net" and row["display"] == "red-cyan" else 0.0

    table, _ = found(shown(change))
    assert counts(row_of(table, "encoder", "net", "vit", view_a="cat")) == [3, 1, 2, 0]
    # others of the same set hold
    assert counts(row_of(table, "encoder", "res", "vit", view_a="cat")) == [3, 0, 3, 0]
    # and the cat beside views that have one rendering
    assert counts(row_of(table, "view", "cat", "jpeg", encoder_a="vit")) == [3, 0, 3, 0]
    assert counts(row_of(table, "view", "cat", "jpeg", encoder_a="net")) == [3, 0, 3, 0]


def test_a_difference_that_one_rendering_cannot_tell_is_counted_there_as_none():
    cat = {row["encoder"]: row["value"] for row in compared.metrics(views=("cat",)) if row["layer"] == "all"}  # fmt: skip

    def change(row):
        alike = row["encoder"] == "net" and row["display"] == "red-cyan"
        return cat["vit"] - cat["net"] if alike else 0.0

    table, _ = found(shown(change))
    assert counts(row_of(table, "encoder", "net", "vit", view_a="cat"))[1:3] == [0, 2]


def test_the_interval_reaches_over_those_of_all_renderings():
    renderings = shown(lambda row: -0.05 if row["display"] == "red-cyan" else 0.02)
    table, _ = found(renderings)
    row, ends = row_of(table, "encoder", "net", "vit", view_a="cat"), []
    metrics = {"metrics": compared.metrics()}
    for display in (None, *DISPLAYS):
        rows = metrics["metrics"]
        if display:
            rows = [one for one in rows if one["view"] != "cat"]
            rows = rows + [one for one in renderings if one["display"] == display]
        each = list(module.contrasts({"metrics": rows}, SPEC))
        own = pd.DataFrame([one for sets in each for one in sets[0].to_pylist()])
        own = row_of(own, "encoder", "net", "vit", view_a="cat")
        ends.append((own["ratio_sim_low"], own["ratio_sim_high"]))
    lows, highs = zip(*ends)
    assert len(set(lows)) == 3  # renderings do change it
    assert row["ratio_all_low"] == min(lows) and row["ratio_all_high"] == max(highs)


def test_what_no_rendering_changes_is_as_in_a_study_without():
    plain, with_renderings = alone()[0], found(shown())[0]
    count = [name for name in plain.columns if name.startswith(("n_", "ratio_all"))]
    kept = [name for name in plain.columns if name not in count]
    pd.testing.assert_frame_equal(plain[kept], with_renderings[kept])
    assert plain["n_renderings"].isna().all()
    touched = with_renderings[with_renderings["n_renderings"].notna()]
    assert set(touched["kind"]) == {"encoder", "family", "training", "view", "layer"}
    assert (touched["view_a"] == "cat").all()
    untouched = with_renderings[with_renderings["n_renderings"].isna()]
    assert set(untouched.loc[untouched["kind"] != "part", "view_a"]) == {"dog", "jpeg"}
    assert set(untouched["kind"]) == {"encoder", "family", "training", "layer", "part"}


def test_the_same_pictures_in_all_renderings_change_nothing_but_the_counts():
    table, _ = found(shown())
    touched = table[table["n_renderings"].notna()]
    told = touched["p_holm"] <= 0.05
    assert ((touched["n_above"] + touched["n_below"]) == 3 * told).all()
    assert (touched["ratio_all_low"] == touched["ratio_sim_low"]).all()
    assert (touched["ratio_all_high"] == touched["ratio_sim_high"]).all()


def test_equivalence_is_counted_too():
    def change(row):
        return -0.2 if row["encoder"] == "net" and row["display"] == "red-cyan" else 0.0

    table, _ = found(shown(change), SPEC | {"margin": 2.0})
    assert counts(row_of(table, "encoder", "net", "vit", view_a="cat"))[3] == 2
    assert counts(row_of(table, "encoder", "res", "vit", view_a="cat"))[3] == 3


def test_who_may_be_the_best_in_any_rendering_is_in_the_set():
    def change(row):
        return 0.2 if row["encoder"] == "net" and row["display"] == "red-cyan" else 0.0

    name = f"encoders, cat, {METRIC}"
    before, after = (
        table[table["hypotheses"] == name].set_index("member")
        for table in (alone()[1], found(shown(change))[1])
    )
    assert before["in_set"].to_dict() == {one: one == "zero" for one in compared.ENCODERS}
    wanted = {one: one in ("zero", "net") for one in compared.ENCODERS}
    assert after["in_set"].to_dict() == wanted
    assert after.loc["net", "p_leaves"] == 1 and (after["n_renderings"] == 3).all()


@pytest.mark.parametrize("lost", ["value", "row"])
def test_a_rendering_without_a_value_tells_nothing_and_excludes_nobody(lost):
    renderings = shown()
    gone = [
        row
        for row in renderings
        if (row["encoder"], row["display"], row["layer"]) == ("net", "red-cyan", "all")
        and not row["own"]
    ]
    for row in gone:
        if lost == "row":
            renderings.remove(row)
        else:
            row |= {"value": None, "replicates": None, "reason": "few"}
    table, best = found(renderings)
    row = row_of(table, "encoder", "net", "vit", view_a="cat")
    assert counts(row) == [3, 0, 2, 0] and np.isnan(row["ratio_all_low"])
    assert row["ratio_sim_low"] > 0
    best = best[best["hypotheses"] == f"encoders, cat, {METRIC}"].set_index("member")
    assert best["in_set"].to_dict() == {one: one in ("zero", "net") for one in compared.ENCODERS}


def test_each_rendering_has_the_rows_that_it_changes_and_metrics_for_the_rest():
    rows = {"metrics": compared.metrics(), "renderings": shown(lambda row: 0.01)}
    (first, _) = list(ensemble.by_rendering(rows, SPEC))
    (asked,) = (one for key, one in first.items() if key == ("encoder", f"encoders, cat, {METRIC}"))
    own = {row["encoder"]: row["value"] for row in rows["metrics"] if (row["view"], row["layer"]) == ("cat", "all")}  # fmt: skip
    assert {one.name: one.values[0] for one in asked.members} == pytest.approx(
        {name: value + 0.01 for name, value in own.items()}
    )
    assert ("encoder", f"encoders, dog, {METRIC}") not in first
    (pair,) = (one for key, one in first.items() if key[1] == f"cat and jpeg, by encoder, {METRIC}")
    jpeg = {row["encoder"]: row["value"] for row in rows["metrics"] if (row["view"], row["layer"]) == ("jpeg", "all")}  # fmt: skip
    of_jpeg = {one.place["encoder"]: one.values[0] for one in pair.members if one.name == "jpeg"}
    assert of_jpeg == jpeg
