"""The eye files: what they state, and what they refuse."""

import copy
import json
import math

import numpy as np
import pytest
import yaml

from catsight import CatsightError
from catsight.inputs import eyes, yaml_files
from catsight.look.eye import disagreement
from catsight.study.parts import PART_LABELS
from catsight.views import Eye

PIGMENT = {"optical_density": 0.2, "quantum_efficiency": 0.1}
TABULATED = PIGMENT | {"tabulated": "Stockman & Sharpe 2 Degree Cone Fundamentals"}


#: The unit of every number of the three eyes, by the last of its keys.
UNITS = {
    "area_max": "mm²", "area_min": "mm²", "height_min": "mm", "height_max": "mm", "width_min": "mm",
    "tilt": "deg", "field_area": "deg²", "age": "years", "dioptres": "D", "accommodation": "D",
    "focus": "nm", "strength": "of a human's", "cutoff": "c/deg", "chromatic_cutoff": "c/deg", "dim_luminance": "cd/m²",
    "half_luminance": "cd/m²", "half_eccentricity": "deg", "contrast.high": "c/deg",
    "contrast.low": "c/deg", "half_wavelength": "nm", "media.width": "nm", "peak": "nm",
    "integration_time": "s", "flicker": "Hz", "glare": "of the light",
}  # fmt: skip


def written(node, where=""):
    """The parts of an eye as a file states them, each with its unit, source and confidence."""
    if isinstance(node, dict):
        return {key: written(child, f"{where}.{key}") for key, child in node.items()}
    unit = next((unit for key, unit in UNITS.items() if where.endswith(f".{key}")), "none")
    return {"value": node, "unit": unit, "source": "a test", "confidence": "low"}


@pytest.mark.parametrize("name", eyes.names())
def test_every_number_has_unit_source_and_confidence(name):
    def check(node, where):
        assert isinstance(node, dict), f"{where} is a bare value"
        if "value" in node:
            assert set(node) - {"low", "high"} == {"value", "unit", "source", "confidence"}, where
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
            r"pupil.area_max is -1; it must be greater than 0 mm² \(largest area\)",
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
        (
            "pupil",
            "area_max",
            134.1,
            "pupil.area_max is 134.1 and height_max 13, a slit wider than tall; area_max may be at "
            "most 132.7 mm²",
        ),
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
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(written(eye)))
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
        Eye(eye)


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
        match=r"the eye 'cta' is unknown \(did you mean cat\?\); it may be cat, deuteranope, dog",
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
        "  acuity.cutoff is 0; it must be greater than 0 c/deg (grating acuity of the cones in good light)\n"
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
    """Units and sources change nothing; what is loaded may be changed."""
    cat = eyes.load("cat")
    assert tuple(cat) == eyes.PARTS
    assert cat["pupil"]["area_max"] == 133
    assert cat["colour"]["cones"]["S"] == {
        "peak": 450, "optical_density": 0.2, "quantum_efficiency": 0.01,
    }  # fmt: skip
    cat["pupil"]["residual"]["dioptres"] = 9
    assert eyes.load("cat")["pupil"]["residual"]["dioptres"] == 0.5
    for name in ("mine.yaml", "mine.yml"):
        (tmp_path / name).write_text(yaml.safe_dump(written(eyes.load("dog"))))
        assert eyes.load(str(tmp_path / name)) == eyes.load("dog")


def test_the_eyes_that_come_with_catsight():
    known = eyes.names()
    assert known == [
        "cat", "deuteranope", "dog", "ferret", "horse", "human", "macaque", "mouse", "protanope",
        "tritanope",
    ]  # fmt: skip
    for name in ("x" * 5000, "no/eye.yaml", "../eyes/lynx"):
        with pytest.raises(CatsightError) as raised:
            eyes.load(name)
        assert str(raised.value) == (
            f"the eye '{name}' is unknown; it may be {', '.join(known)}, or the path of a YAML file"
        )
    with pytest.raises(CatsightError) as raised:
        eyes.load("catt")
    assert str(raised.value) == (
        f"the eye 'catt' is unknown (did you mean cat?); it may be {', '.join(known)}, or the path "
        "of a YAML file"
    )


@pytest.mark.parametrize(
    ("name", "peaks", "acuity"),
    [
        ("horse", {"S": 428, "L": 539}, (23, 24)),
        ("ferret", {"S": 430, "L": 558}, (3, 3.6)),
        ("mouse", {"S": 360, "M": 508}, (0.5, 0.5)),
        ("macaque", None, (38, 46)),
    ],
)
def test_other_animals_have_their_published_cones_and_acuity(name, peaks, acuity):
    """Horse: Carroll et al. 2001, Timney & Keil 1992. Ferret: Calderone & Jacobs 2003. Mouse:
    Jacobs et al. 2004, Prusky et al. 2000. A macaque has the human's cones. Slits of horse and
    ferret lie. Contrast sensitivity ends at the acuity.
    """
    parts = eyes.load(name)
    cones = parts["colour"]["cones"]
    if peaks is None:
        assert cones == eyes.load("human")["colour"]["cones"]
    else:
        assert {key: cone["peak"] for key, cone in cones.items()} == peaks
    assert acuity[0] <= parts["acuity"]["cutoff"] <= acuity[1]
    if parts["pupil"]["shape"] == "vesica":
        assert parts["pupil"]["tilt"] == 90
    assert disagreement(Eye(parts)) is None


def test_a_file_of_an_eye_is_named(tmp_path):
    (tmp_path / "mine.yaml").write_text("pupil: {}\n")
    with pytest.raises(CatsightError) as raised:
        eyes.load(str(tmp_path / "mine.yaml"))
    assert str(raised.value).startswith(f"{tmp_path / 'mine.yaml'} is not valid:\n  ")


def test_every_part_has_a_label():
    assert tuple(PART_LABELS) == eyes.PARTS


# -- what an entry holds beside its value ------------------------------------------------------------


def refusal(folder, change):
    """The lines below the first of what is said of a cat whose file was changed."""
    eye = copy.deepcopy(yaml_files.load_yaml(yaml_files.find("eyes") / "cat.yaml"))
    change(eye)
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(eye))
    with pytest.raises(CatsightError) as raised:
        eyes.load(str(path))
    head, *lines = str(raised.value).splitlines()
    assert head == f"{path} is not valid:"
    return [line.strip() for line in lines]


@pytest.mark.parametrize(
    ("key", "change", "words"),
    [
        ("pupil.area_max", {"unit": "cm²"}, "has the unit 'cm²'; it must be 'mm²'"),
        ("acuity.cutoff", {"unit": "arcmin"}, "has the unit 'arcmin'; it must be 'c/deg'"),
        ("acuity.contrast.low", {"unit": None}, "has the unit None; it must be 'c/deg'"),
        ("pupil.chromatic.strength", {"unit": "none"}, "has the unit 'none'; it must be \"of a human's\""),
        ("colour.cones.S.peak", {"unit": "µm"}, "has the unit 'µm'; it must be 'nm'"),
        ("colour.cones.S.optical_density", {"unit": "nm"}, "has the unit 'nm'; it must be 'none'"),
        ("temporal.cones.integration_time", {"unit": "ms"}, "has the unit 'ms'; it must be 's'"),
        ("rods.half_luminance", {"unit": "td"}, "has the unit 'td'; it must be 'cd/m²'"),
        ("rods.pigment.peak", {"unit": ...}, "lacks its unit, 'nm'"),
        ("pupil.shape", {"unit": ...}, "lacks its unit, 'none'"),
        ("rods.tapetum", {"source": ...}, "lacks its source"),
        ("rods.tapetum", {"source": " "}, ".source is ' '; it must be text"),
        ("rods.slope", {"confidence": ...}, "lacks its confidence"),
        ("rods.slope", {"confidence": "sure"}, ".confidence is 'sure'; it must be one of high, medium, low"),
        ("rods.slope", {"sources": "mine"}, ".sources is not a key (did you mean source?); rods.slope may hold value, unit, source, confidence, low, high"),
        ("acuity.cutoff", {"high": ...}, "has one end of a range; it must have both low and high, or neither"),
        ("acuity.cutoff", {"low": 7}, "is 6, outside its range, low 7 to high 9"),
        ("acuity.cutoff", {"high": 5.5}, "is 6, outside its range, low 3 to high 5.5"),
        ("acuity.cutoff", {"high": "nine"}, "is 6, from low 3 to high 'nine'; a range is of numbers"),
        ("acuity.cutoff", {"high": math.inf}, "is 6, from low 3 to high inf; a range is of numbers"),
        ("pupil.shape", {"low": "disc", "high": "vesica"}, "is 'vesica', from low 'disc' to high 'vesica'; a range is of numbers"),
    ],
)  # fmt: skip
def test_an_entry_is_refused_by_its_key(tmp_path, key, change, words):
    """With what it states and what it must; ... takes a note away."""

    def make(eye):
        entry = eye
        for name in key.split("."):
            entry = entry[name]
        entry.update(change)
        for name, value in change.items():
            if value is ...:
                del entry[name]

    (line,) = refusal(tmp_path, make)
    assert line == key + ("" if words.startswith(".") else " ") + words


def test_a_bare_number_in_a_file_is_refused(tmp_path):
    """It has no unit; the parts of an eye in code are bare."""
    assert refusal(tmp_path, lambda eye: eye["rods"].update(tapetum=0.4)) == [
        "rods.tapetum is 0.4 alone; write {value: 0.4, unit: none, source: …, "
        "confidence: high, medium or low}"
    ]
    eyes.check(eyes.load("cat"), "mine")


def test_every_entry_amiss_is_a_line(tmp_path):
    def change(eye):
        eye["pupil"]["tilt"] = {"value": 0}
        eye["rods"]["slope"]["unit"] = "dB"

    assert refusal(tmp_path, change) == [
        "pupil.tilt lacks its unit, 'deg'",
        "pupil.tilt lacks its source",
        "pupil.tilt lacks its confidence",
        "rods.slope has the unit 'dB'; it must be 'none'",
    ]


def test_an_end_of_a_range_must_be_a_possible_value(tmp_path):
    def change(eye):
        eye["rods"]["tapetum"] |= {"low": -0.1, "high": 1.5}

    assert refusal(tmp_path, change) == [
        "low: rods.tapetum is -0.1; it must be at least 0 (reflectance of the tapetum; 0 without one)",
        "high: rods.tapetum is 1.5; it must be at most 1 (reflectance of the tapetum; 0 without one)",
    ]  # fmt: skip


def test_ranges_are_those_of_the_file_and_change_no_value(tmp_path):
    """A range may end at the value, or be a point."""
    dog = written(eyes.load("dog"))
    dog["acuity"]["cutoff"] |= {"low": 5, "high": 20}
    dog["colour"]["cones"]["S"]["peak"] |= {"low": 429, "high": 429.5}
    dog["rods"]["tapetum"] |= {"low": 0.4, "high": 0.4}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(dog))
    assert eyes.ranges(str(path)) == {
        "acuity.cutoff": (5, 20), "colour.cones.S.peak": (429, 429.5), "rods.tapetum": (0.4, 0.4),
    }  # fmt: skip
    assert eyes.load(str(path)) == eyes.load("dog")


def test_the_cat_and_the_human_have_the_ranges_of_their_sources():
    cat, human = eyes.ranges("cat"), eyes.ranges("human")
    assert cat["acuity.cutoff"] == (3, 9) and human["acuity.cutoff"] == (40, 60)
    assert cat["pupil.residual.dioptres"] == (0.25, 1.1)
    assert cat["colour.cones.L.peak"] == (550, 561) and cat["rods.tapetum"] == (0.25, 0.9)
    with pytest.raises(CatsightError, match="the eye 'lion' is unknown"):
        eyes.ranges("lion")
