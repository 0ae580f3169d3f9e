"""The eye files: what they state, and what they refuse."""

import json
import math

import numpy as np
import pytest
import yaml

from catsight import CatsightError
from catsight.inputs import eyes, yaml_files
from catsight.study.parts import PART_LABELS
from catsight.views import Eye

PIGMENT = {"optical_density": 0.2, "quantum_efficiency": 0.1}
TABULATED = PIGMENT | {"tabulated": "Stockman & Sharpe 2 Degree Cone Fundamentals"}


@pytest.mark.parametrize("name", eyes.names())
def test_every_number_has_unit_source_and_confidence(name):
    def check(node, where):
        assert isinstance(node, dict), f"{where} is a bare value"
        if "value" in node:
            assert set(node) == {"value", "unit", "source", "confidence"}, where
            assert node["confidence"] in ("high", "medium", "low"), where
            assert len(str(node["source"])) > 6, where
            assert isinstance(node["unit"], str) and node["unit"], where
        else:
            for key, child in node.items():
                check(child, f"{where}.{key}")

    check(yaml_files.load_yaml(yaml_files.find("eyes") / f"{name}.yaml"), name)


@pytest.mark.parametrize(
    ("part", "key", "value", "words"),
    [
        (
            "pupil",
            "area_max",
            -1,
            r"pupil.area_max is -1; it must be greater than 0 \(largest area, mm²\)",
        ),
        ("pupil", "tilt", 400, r"pupil.tilt is 400; it must be at most 180"),
        ("pupil", "height_max", math.nan, "pupil.height_max is nan; it must be finite"),
        ("pupil", "shape", "keyhole", "pupil.shape is 'keyhole'; it must be one of vesica, disc"),
        ("pupil", "slant", 3, r"pupil.slant is not a key.*; pupil may hold"),
        ("acuity", "cutoff", 0, "acuity.cutoff is 0; it must be greater than 0"),
        (
            "colour",
            "reflectances",
            "smits1999",
            "colour.reflectances is 'smits1999'; it must be one of mallett2019",
        ),
        ("rods", "tapetum", 1.2, r"rods.tapetum is 1.2; it must be at most 1 \(reflectance"),
        ("rods", "half_luminance", "dusk", "rods.half_luminance is 'dusk'; it must be a number"),
        ("pupil", "area_min", 150, "pupil.area_min is 150; it may be at most area_max, 133"),
        ("pupil", "height_min", 14, "pupil.height_min is 14; it may be at most height_max, 13"),
        ("pupil", "model", "watson_yellott2012", "pupil lacks 'field_area'"),
        (
            "colour",
            "cones",
            {"S": PIGMENT | {"peak": 554}, "L": PIGMENT | {"peak": 554.5}},
            r"colour.cones.L.peak is 554.5, and that of S is 554; two pigments must differ by 1 nm",
        ),
        (
            "colour",
            "cones",
            {"UV": TABULATED, "L": PIGMENT | {"peak": 554}},
            "colour.cones.UV has no column in the table.*; one that has is called L, M or S",
        ),
        (
            "colour",
            "cones",
            {"L": TABULATED | {"tabulated": "Cats 1999"}},
            "colour.cones.L.tabulated is 'Cats 1999'; it must be one of Stockman & Sharpe 2 Degree",
        ),
    ],
)
def test_absurd_numbers_are_named_with_their_range(tmp_path, part, key, value, words):
    eye = eyes.load("cat")
    eye[part][key] = value
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(eye))
    with pytest.raises(CatsightError, match=words):
        eyes.load(str(tmp_path / "mine.yaml"))
    with pytest.raises(CatsightError, match=words):
        Eye(eye)


def test_a_human_pupil_is_round():
    eye = eyes.load("human")
    eye["pupil"]["shape"] = "vesica"
    with pytest.raises(
        CatsightError,
        match=r"pupil.shape is 'vesica'; with the model watson_yellott2012 it must be disc",
    ):
        Eye(eye)


@pytest.mark.parametrize("part", eyes.PARTS)
def test_a_part_that_lacks_or_does_not_exist_is_named(part):
    eye = eyes.load("dog")
    with pytest.raises(CatsightError, match=f"the eye lacks '{part}'"):
        Eye({name: eye[name] for name in eye if name != part})
    with pytest.raises(CatsightError, match="whiskers is not a key"):
        Eye(eye | {"whiskers": {}})


def test_a_slit_wider_than_tall_is_refused():
    eye = eyes.load("cat")
    eye["pupil"] |= {"height_min": 3, "height_max": 4}
    with pytest.raises(
        CatsightError, match=r"a slit wider than tall; area_max may be at most 12\.57 mm²"
    ):
        Eye(eye).pupil(0.01)


@pytest.mark.parametrize("name", eyes.names())
def test_the_order_of_keys_means_nothing(name):
    """A spec holds an eye with its keys sorted: the same eye."""
    eye = eyes.load(name)
    turned = json.loads(json.dumps(eye, sort_keys=True))
    turned["colour"]["cones"] = dict(reversed(turned["colour"]["cones"].items()))
    known = Eye(eye).receptors
    assert (
        Eye(turned).receptors
        == known
        == tuple(name for name in ("S", "M", "L", "rod") if name in known)
    )
    rgb = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    conditions = {"field_of_view": 2, "luminance": 5, "noise": 1}
    np.testing.assert_array_equal(
        Eye(turned).see(rgb, **conditions), Eye(eye).see(rgb, **conditions)
    )


def test_a_misspelt_eye_gets_a_near_miss():
    with pytest.raises(
        CatsightError,
        match=r"the eye 'cta' is unknown \(did you mean cat\?\); it may be cat, dog, human",
    ):
        eyes.load("cta")


def complaint(eye):
    with pytest.raises(CatsightError) as raised:
        eyes.check(eye, "mine")
    return str(raised.value)


def test_every_problem_is_a_line_after_whose_eye_it_is():
    eye = eyes.load("cat")
    eye["rods"]["tapetum"], eye["acuity"]["cutoff"] = 2, 0
    assert complaint(eye) == (
        "mine is not valid:\n"
        "  acuity.cutoff is 0; it must be greater than 0 (grating acuity in good light, c/deg)\n"
        "  rods.tapetum is 2; it must be at most 1 (reflectance of the tapetum; 0 without one)"
    )


def test_every_contradiction_is_a_line():
    """Of an eye whose numbers are each in range."""
    eye = eyes.load("cat")
    eye["pupil"] |= {"area_min": 140, "height_min": 13.5}
    eye["colour"]["cones"] = {
        "X": PIGMENT | {"peak": 560.25},
        "B": PIGMENT | {"peak": 559.5},
        "UV": TABULATED,
    }
    assert complaint(eye) == (
        "mine is not valid:\n"
        "  pupil.area_min is 140; it may be at most area_max, 133\n"
        "  pupil.height_min is 13.5; it may be at most height_max, 13\n"
        "  colour.cones.UV has no column in the table of its `tabulated`; one that has is called L, M or S\n"
        "  colour.cones.X.peak is 560.25, and that of B is 559.5; two pigments must differ by 1 nm"
    )  # fmt: skip


def test_numbers_may_touch():
    eye = eyes.load("cat")
    eye["pupil"] |= {"area_min": 133, "height_min": 13}
    eye["colour"]["cones"] = {"S": PIGMENT | {"peak": 559}, "L": PIGMENT | {"peak": 560}}
    eyes.check(eye, "mine")
    for name in "LMS":
        eye["colour"]["cones"] = {name: TABULATED}
        eyes.check(eye, "mine")


def test_an_eye_holds_values_alone_and_a_copy_of_them(tmp_path):
    """Bare values and those with a source are alike; what is loaded may be changed."""
    cat = eyes.load("cat")
    assert tuple(cat) == eyes.PARTS
    assert cat["pupil"]["area_max"] == 133
    assert cat["colour"]["cones"]["S"] == {
        "peak": 450, "optical_density": 0.2, "quantum_efficiency": 0.01,
    }  # fmt: skip
    cat["pupil"]["residual"]["dioptres"] = 9
    assert eyes.load("cat")["pupil"]["residual"]["dioptres"] == 0.5
    for name in ("mine.yaml", "mine.yml"):
        (tmp_path / name).write_text(yaml.safe_dump(eyes.load("dog")))
        assert eyes.load(str(tmp_path / name)) == eyes.load("dog")


def test_the_eyes_that_come_with_catsight():
    assert eyes.names() == ["cat", "dog", "human"]
    for name in ("x" * 5000, "no/eye.yaml", "../eyes/lynx"):
        with pytest.raises(CatsightError) as raised:
            eyes.load(name)
        assert str(raised.value) == (
            f"the eye '{name}' is unknown; it may be cat, dog, human, or the path of a YAML file"
        )
    with pytest.raises(CatsightError) as raised:
        eyes.load("catt")
    assert str(raised.value) == (
        "the eye 'catt' is unknown (did you mean cat?); it may be cat, dog, human, or the path of "
        "a YAML file"
    )


def test_a_file_of_an_eye_is_named(tmp_path):
    (tmp_path / "mine.yaml").write_text("pupil: {}\n")
    with pytest.raises(CatsightError) as raised:
        eyes.load(str(tmp_path / "mine.yaml"))
    assert str(raised.value).startswith(f"{tmp_path / 'mine.yaml'} is not valid:\n  ")


def test_every_part_has_a_label():
    assert tuple(PART_LABELS) == eyes.PARTS
