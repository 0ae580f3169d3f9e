"""Drawn eyes: which numbers are drawn, from where, and what the rest of a study has of it."""

import copy
import json
import math

import pytest
import yaml

from catsight import CatsightError
from catsight.inputs import eyes, yaml_files
from catsight.study import Study, physiology

SMALL = {
    "study": "s", "frames": {"source": "dead-leaves", "count": 4, "shards": 3},
    "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}}, "encoders": {"vit_b16": None},
}  # fmt: skip
#: Of these, the second is drawn on a logarithmic scale.
RANGES = {
    "acuity.cutoff": {"low": 3.0, "high": 9.0, "logarithmic": False},
    "rods.half_luminance": {"low": 3.0, "high": 30.0, "logarithmic": True},
    "pupil.residual.dioptres": {"low": 0.0, "high": 1.0, "logarithmic": False},
}


def study(**keys) -> Study:
    return Study(SMALL | {"physiology": {"view": "cat", **keys}})


def at(eye, key):
    for one in key.split("."):
        eye = eye[one]
    return eye


@pytest.fixture
def written():
    """The cat's file, as it is written."""
    return copy.deepcopy(yaml_files.load_yaml(yaml_files.find("eyes", "cat.yaml")))


def saved(folder, written, name="mine.yaml"):
    (folder / name).write_text(yaml.safe_dump(written))
    return str(folder / name)


def without_ranges(node):
    if not isinstance(node, dict):
        return node
    left = {
        key: child
        for key, child in node.items()
        if "value" not in node or key not in ("low", "high")
    }
    return {key: without_ranges(child) for key, child in left.items()}


def test_draws_of_each_number_are_one_in_each_stratum():
    """Of its range, or of the logarithms of a range of more than three times."""
    drawn = physiology.draw(eyes.load("cat"), RANGES, 12, 0)
    for key, within in RANGES.items():
        assert all(list(values) == list(RANGES) for values in drawn)
        low, high = within["low"], within["high"]
        found = [values[key] for values in drawn]
        if within["logarithmic"]:
            low, high, *found = map(math.log, (low, high, *found))
        strata = sorted(math.floor(12 * (one - low) / (high - low)) for one in found)
        assert strata == list(range(12)), key


def test_numbers_are_drawn_independently():
    drawn = physiology.draw(eyes.load("cat"), RANGES, 400, 0)
    orders = [sorted(range(400), key=lambda i: drawn[i][key]) for key in RANGES]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        ranks = [{i: rank for rank, i in enumerate(orders[k])} for k in (one, other)]
        d2 = sum((ranks[0][i] - ranks[1][i]) ** 2 for i in range(400))
        assert abs(1 - 6 * d2 / (400 * (400**2 - 1))) < 0.15  # Spearman's; 3 standard errors


def test_a_wide_range_is_logarithmic():
    ranges = physiology.eye_ranges({"eye": "cat"})
    stated = eyes.ranges("cat")
    assert set(ranges) == {key for key, (low, high) in stated.items() if low < high}
    for key, within in ranges.items():
        low, high = stated[key]
        wide = low > 0 and high / low > 3
        assert within == {"low": float(low), "high": float(high), "logarithmic": wide}
    assert ranges["rods.half_luminance"]["logarithmic"]
    assert not ranges["acuity.cutoff"]["logarithmic"]  # exactly three times
    assert not ranges["pupil.chromatic.strength"]["logarithmic"]  # from 0


def test_a_part_from_another_eye_has_the_ranges_of_its_own_file(tmp_path, written):
    written["acuity"]["cutoff"] |= {"low": 5, "high": 7}
    written["rods"]["tapetum"] |= {"low": 0.4, "high": 0.4}  # no range
    mine = saved(tmp_path, written)
    ranges = physiology.eye_ranges({"eye": "cat", "swap": {"acuity": mine, "rods": mine}})
    assert ranges["acuity.cutoff"] == {"low": 5.0, "high": 7.0, "logarithmic": False}
    assert "rods.tapetum" not in ranges
    assert "rods.tapetum" in physiology.eye_ranges({"eye": "cat", "swap": {"acuity": mine}})


def test_the_views_differ_from_the_studys_in_the_drawn_numbers_alone():
    drawn = study(draws=10)
    assert list(drawn.draws.views) == [f"cat~{i:02}" for i in range(1, 11)]
    assert [eye["view"] for eye in drawn.draws.eyes] == list(drawn.draws.views)
    cat = drawn.views["cat"]
    for eye in drawn.draws.eyes:
        view = drawn.all_views[eye["view"]]
        assert {key: at(view["eye"], key) for key in eye["values"]} == eye["values"]
        restored = physiology.with_values(view["eye"], drawn.draws.own)
        assert view | {"eye": restored} == cat
    assert drawn.draws.own == {key: at(cat["eye"], key) for key in drawn.draws.ranges}
    assert cat["eye"] == eyes.load("cat")
    assert not set(drawn.draws.views) & set(drawn.whole_views)


def test_the_spec_holds_ranges_and_draws(tmp_path):
    drawn = study(draws=10)
    spec = json.loads(drawn.spec("physiology", "vit_b16"))
    metrics = json.loads(drawn.spec("metrics", "vit_b16"))
    made = ("code", "versions", "permutations")
    own = {key: spec.pop(key) for key in ("view", "own", "ranges", "draws")}
    assert {key: one for key, one in spec.items() if key not in made} == {
        key: one for key, one in metrics.items() if key not in made
    }
    assert spec["permutations"] == 0 and own["view"] == "cat"
    assert own["own"]["acuity.cutoff"] == 6
    assert own["ranges"]["acuity.cutoff"] == {"low": 3.0, "high": 9.0, "logarithmic": False}
    assert [set(eye["values"]) for eye in own["draws"]] == [set(own["ranges"])] * 10


def test_impossible_eyes_are_drawn_again():
    """Half of all pairs of area and height are a slit wider than tall."""
    drawn = study(draws=40)
    assert len(drawn.draws.eyes) == 40
    for eye in drawn.draws.eyes:
        values = eye["values"]
        disc = math.pi * values["pupil.height_max"] ** 2 / 4
        assert values["pupil.area_max"] <= 1.01 * disc
        for key, within in drawn.draws.ranges.items():
            assert within["low"] <= values[key] <= within["high"]
    areas = [eye["values"]["pupil.area_max"] for eye in drawn.draws.eyes]
    assert len(set(areas)) == 40 and max(areas) > 140


def test_ranges_in_which_no_eye_is_possible_are_refused():
    impossible = {"pupil.height_max": {"low": 10.5, "high": 11.0, "logarithmic": False}}
    with pytest.raises(CatsightError) as raised:
        physiology.draw(eyes.load("cat"), impossible, 10, 0)
    assert str(raised.value).startswith(
        "config: physiology draws hardly any eye that is possible: of 500 only 0; narrow the "
        "ranges in the eye's file. The drawn eye is not valid:\n  pupil.area_max is 133 and"
    )


def test_the_seed_decides():
    one, same, other = (study(draws=10, seed=seed).draws.eyes for seed in (0, 0, 1))
    assert one == same and one != other
    assert (
        study(draws=10, seed=0).draws.eyes
        == Study(SMALL | {"seed": 9, "physiology": {"view": "cat", "draws": 10}}).draws.eyes
    )  # the study's own seed is for frames


def test_a_value_has_six_digits_and_does_not_leave_its_range():
    within = {"low": 1.2345678, "high": 1.2345679, "logarithmic": False}
    (values,) = {tuple(v.values()) for v in physiology.draw(eyes.load("cat"), {"acuity.cutoff": within}, 10, 0)}  # fmt: skip
    assert values == (1.2345679,)  # and not 1.23457
    for values in physiology.draw(eyes.load("cat"), RANGES, 20, 0):
        assert all(float(f"{one:.6g}") == one for one in values.values())


def test_a_range_changes_no_view(tmp_path, written):
    """Nor any other job's spec, unless eyes are drawn."""
    bare = saved(tmp_path, without_ranges(written), "bare.yaml")
    ranged = saved(tmp_path, written, "ranged.yaml")
    assert eyes.ranges(ranged) and not eyes.ranges(bare)
    plain, same = (
        Study(SMALL | {"views": SMALL["views"] | {"cat": {"eye": eye}}}) for eye in (bare, ranged)
    )
    for name in plain.views:
        assert plain.spec("views", name) == same.spec("views", name)
    assert plain.spec("portraits") == same.spec("portraits")
    assert plain.spec("metrics", "vit_b16") == same.spec("metrics", "vit_b16")


def test_an_eye_without_ranges_is_named(tmp_path, written):
    bare = saved(tmp_path, without_ranges(written))
    with pytest.raises(CatsightError) as raised:
        Study(
            SMALL
            | {"views": SMALL["views"] | {"lynx": {"eye": bare}}, "physiology": {"view": "lynx"}}
        )
    assert str(raised.value) == (
        "config: physiology.view is 'lynx', whose eye states no range; add low and high beside the "
        "value of a number in its file"
    )


def test_some_shards_are_enough():
    assert study(draws=10).drawn_shards == ["0", "1", "2"]
    assert study(draws=10, shards=2).drawn_shards == ["0", "1"]
    assert study(draws=10, shards=3).drawn_shards == ["0", "1", "2"]


def test_without_a_view_nothing_is_drawn():
    plain = Study(SMALL)
    assert plain.draws == physiology.Draws() and plain.draws.compared == []
    assert "physiology" not in plain.result_tables
    assert plain.all_views == plain.whole_views


# -- parts of drawn eyes ---------------------------------------------------------------------------

PARTS = ("pupil", "acuity", "colour", "rods")


def divided(parts=PARTS, **keys):
    asked = {"attribution": {"view": "cat", "parts": list(parts)}}
    return Study(SMALL | asked | {"physiology": {"view": "cat", "draws": 10, **keys}})


def test_parts_of_the_first_drawn_eyes_stand_in_the_reference():
    """The part's numbers are those of the draw, all others the human's."""
    found = divided(attributed=2)
    human, views = found.views["human"]["eye"], found.all_views
    assert len(found.divided) == 3 and found.divided[0] == found.swaps.subsets
    for number, subsets in zip(("~01", "~02"), found.divided[1:]):
        assert list(subsets) == list(found.swaps.subsets) and len(subsets) == 16
        assert (subsets[""], subsets["+".join(PARTS)]) == ("human", f"cat{number}")
        for label, name in subsets.items():
            some = label.split("+")
            for part in PARTS:
                whose = found.draws.views[f"cat{number}"]["eye"] if part in some else human
                assert views[name]["eye"][part] == whose[part]
            assert {**views[name], "eye": 0} == {**views["human"], "eye": 0}
    assert len(found.draws.swaps) == 2 * 14 and set(found.draws.swaps) <= set(views)
    assert sum("~03" in name for name in found.divided_views) == 0
    assert len(found.divided_views) == 1 + 3 * 15


def test_parts_that_are_left_out_stay_the_references():
    found = divided(parts=("pupil", "colour"), attributed=1)
    assert found.divided[1] == {
        "": "human", "pupil": "human+pupil~01", "colour": "human+colour~01", "pupil+colour": "human+pupil+colour~01",
    }  # fmt: skip
    whole = found.all_views["human+pupil+colour~01"]["eye"]
    assert whole["acuity"] == found.views["human"]["eye"]["acuity"]


def test_dividing_drawn_eyes_leaves_the_draws_and_the_whole_alone():
    plain, more = divided(), divided(attributed=3)
    assert plain.divided == [] and plain.divided_views == []
    assert (plain.draws.eyes, plain.draws.views) == (more.draws.eyes, more.draws.views)
    assert plain.spec("physiology", "vit_b16") == more.spec("physiology", "vit_b16")
    assert plain.spec("attribution", "vit_b16") == more.spec("attribution", "vit_b16")
    assert "drawn_parts" not in plain.result_tables and "drawn_parts" in more.result_tables
