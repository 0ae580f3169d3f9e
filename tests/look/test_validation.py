"""``catsight validate``: the page is that of the present eyes, and a verdict can fail."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from matplotlib.figure import Figure

from catsight import CatsightError
from catsight.__main__ import main
from catsight.inputs import yaml_files
from catsight.look import validation, validation_figure
from catsight.look import validation_values as values
from catsight.look.validation import Compared, Row
from catsight.views import colour
from catsight.views.optics import watson2013

PAGE = yaml_files.find("validation.yaml").parents[1] / "docs" / "validation.md"


@pytest.fixture(scope="module")
def published():
    return validation.load()


@pytest.fixture(scope="module")
def compared(published):
    return validation.compare(published)


def test_the_page_is_that_of_the_present_eyes(published, compared):
    """If not: look at what has changed, and run `catsight validate`."""
    assert validation.page(published, compared) == PAGE.read_text(encoding="utf-8")
    assert validation.problems(compared) == []
    assert PAGE.with_suffix(".png").stat().st_size < 150_000


def row(**changes):
    return Row(**{
        "what": "a width", "source": "Somebody 1999", "read": "abstract", "value": "pupil_width",
        "at": {"eye": "human", "luminance": 1}, "published": 2.0,
    } | changes)  # fmt: skip


@pytest.mark.parametrize(
    ("band", "within", "value", "difference", "agrees"),
    [
        (2.0, 0.25, 2.25, 0.25, True),
        (2.0, 0.25, 1.75, -0.25, True),
        (2.0, 0.25, 2.26, 0.26, False),
        (-2.0, 0.25, -1.7, 0.3, False),
        (2.0, 0.0, 2.0, 0, True),
        ([1, 3], 0.0, 1.0, 0, True),
        ([1, 3], 0.0, 3.5, 0.5, False),
        ([1, 3], 0.0, 0.5, -0.5, False),
        ([1, 3], 0.5, 0.5, -0.5, True),
        ([1, math.inf], 0.0, 1e9, 0, True),
        ([1, math.inf], 0.0, 0.9, -0.1, False),
        (2.0, 1.0, math.nan, math.nan, False),
    ],
)
def test_verdicts(band, within, value, difference, agrees):
    one = Compared(row(published=band, within=within), value)
    assert one.difference == pytest.approx(difference, nan_ok=True)
    assert one.agrees == agrees


def test_a_difference_needs_a_reason_and_agreement_must_have_none():
    agreeing, differing = {"published": 2.0, "within": 0.1}, {"published": 3.0, "within": 0.1}
    assert Compared(row(**agreeing), 2.0).problem is None
    assert Compared(row(**differing, why="Another animal."), 2.0).problem is None
    assert Compared(row(**differing), 2.0).problem == (
        "'a width' (Somebody 1999) is 2, published 3 ± 0.1; mend the eye, or say why it differs"
    )
    assert Compared(row(**agreeing, why="Another animal."), 2.0).problem == (
        "'a width' (Somebody 1999) agrees; remove its `why`"
    )


def written(folder, **changes):
    """A file with one published value: the human's pupil at 1 cd/m², 5.12 mm."""
    one = {
        "what": "a width", "source": "Somebody 1999", "read": "abstract", "value": "pupil_width",
        "at": {"eye": "human", "luminance": 1}, "published": 5.12, "within": 0.01, "unit": "mm",
    } | changes  # fmt: skip
    path = folder / "mine.yaml"
    topics = [{"topic": "Pupils", "rows": [{key: x for key, x in one.items() if x is not None}]}]
    evidence = {"abstract": "the abstract"}
    path.write_text(
        yaml.safe_dump({"topics": topics, "evidence": evidence, "missing": ["x"], "signed": []})
    )
    yaml_files.load_yaml.cache_clear()
    return path


def test_the_command_writes_the_page_and_fails_if_a_value_should_agree(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(validation_figure, "draw", lambda compared: Figure())
    page = tmp_path / "page.md"

    def ran(**changes):
        mine = written(tmp_path, **changes)
        return main(["validate", "-o", str(page), "--published", str(mine)])

    assert ran() == 0
    text = page.read_text(encoding="utf-8")
    assert "Of 1 values 1 agree and 0 differ" in text and "Nobody yet." in text
    line = "| a width | 5.12 ± 0.01 mm | 5.12 | < 0.001 | agrees | Somebody 1999 | abstract |"
    assert line in text and (tmp_path / "page.png").exists()
    assert ran(published=6.0) == 1
    assert "'a width' (Somebody 1999) is 5.12, published 6 ± 0.01; mend" in capsys.readouterr().err
    assert ran(published=[6, 7], within=0, why="Another animal.") == 0
    text = page.read_text(encoding="utf-8")
    assert "| 6 to 7 mm | 5.12 | −0.88 | **differs** |" in text
    assert "- *a width*: Another animal." in text
    assert ran(published=[6, math.inf], within=1.0) == 0
    assert "| above 6 ± 1 mm | 5.12 | −0.88 | agrees |" in page.read_text(encoding="utf-8")
    assert ran(why="Another animal.", fitted=True) == 1
    assert "| agrees, *fitted* |" in page.read_text(encoding="utf-8")
    assert main(["validate", "-o", str(tmp_path / "page.txt")]) == 1
    assert "the page is an .md file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": "width"}, "'a width' names 'width', which is unknown; there are transfer, "),
        ({"read": "hearsay"}, "'a width' names 'hearsay', which is unknown; there are abstract"),
        ({"source": None}, "missing 1 required positional argument: 'source'"),
        ({"colour": 1}, "unexpected keyword argument 'colour'"),
        ({"published": [3, 2]}, "'a width' has a band that ends before it begins"),
    ],
)
def test_a_row_that_is_not_valid_is_named(tmp_path, changes, words):
    with pytest.raises(CatsightError) as raised:
        validation.load(written(tmp_path, **changes))
    told = str(raised.value)
    assert told.startswith(f"{tmp_path}/mine.yaml is not a file of published values: ")
    assert words in told


# -- the values themselves -------------------------------------------------------------------------


def test_optics_are_those_of_the_eye_without_its_nerves():
    f = np.array([3.0, 12, 40])
    for diameter in (3.0, 6.0):
        seen = [values.transfer("human", diameter, x) for x in f]
        np.testing.assert_allclose(seen, watson2013(f, diameter), rtol=1e-6)
    half = values.half_contrast("human", 3.0)
    assert watson2013(half, 3.0) == pytest.approx(0.5, abs=1e-4)
    assert half == pytest.approx(11.55, abs=0.01)
    # 0.705 / (12 mm · 1.1 D) per radian is 0.932 c/deg, less what chromatic aberration takes
    assert 0.88 < values.half_contrast("cat", 12.0, 1.1) < 0.932
    assert values.half_contrast_ratio(3.0, 1.1) == pytest.approx(
        half / values.half_contrast("cat", 3.0, 1.1)
    )
    with_defocus = values.transfer("human", 3.0, 6.0, receptor="L", defocus=0.5)
    assert with_defocus < values.transfer("human", 3.0, 6.0, receptor="L") - 0.1


def test_acuity_off_the_line_of_sight_is_in_octaves():
    assert values.octaves("cat", 10) == pytest.approx(-1)
    assert values.octaves("human", 6.9) == pytest.approx(-2)
    assert values.colour_acuity("human") == 11.5


def test_peaks_lie_between_the_wavelengths_of_the_table(monkeypatch):
    nm = values.WAVELENGTHS
    curve = SimpleNamespace(receptors=("S", "L"), sensitivities=[-((nm - 452.0) ** 2), nm * 0.0])
    monkeypatch.setattr(values, "load", lambda eye: curve)
    assert values.receptor_peak("any", "S") == pytest.approx(452)


def test_a_neutral_point_is_caught_as_daylight_is():
    eye = values.load("cat")
    at = values.neutral_point("cat")
    white = colour.caught(eye.sensitivities[:2], "D65").sum(axis=1)
    alone = [np.interp(at, values.WAVELENGTHS, one) for one in eye.sensitivities[:2]]
    assert alone[0] / alone[1] == pytest.approx(white[0] / white[1], rel=0.01)


def seeing(sensitivity, area=1.0, quanta=1.0):
    """An eye with that sensitivity to contrast by frequency and luminance."""
    return SimpleNamespace(
        contrast_sensitivity=sensitivity,
        pupil=lambda luminance: SimpleNamespace(area=area / luminance, width=2.0),
        quanta=lambda luminance: [7.0, quanta],
        colour_map=lambda luminance: np.arange(9).reshape(3, 3),
    )


def test_values_of_two_eyes(monkeypatch):
    """A cat of 10/f and a human of 5 throughout: alike at 2 c/deg. Both as the light to a power."""
    two = {
        "cat": seeing(lambda f, light: 10 / np.asarray(f) * light, quanta=300.0),
        "human": seeing(lambda f, light: 5 * light * np.ones_like(f), quanta=3.0),
    }
    monkeypatch.setattr(values, "load", two.__getitem__)
    assert values.border(1.0) == pytest.approx(2, abs=0.02)
    assert values.sensitivity("cat", 4.0, 3.0) == pytest.approx(7.5)
    assert values.sensitivity_ratio(0.5, 1.0) == pytest.approx(4)
    assert values.rod_advantage(1.0) == pytest.approx(2)
    assert values.colour_map("cat", "G", "B") == 5
    assert values.pupil_width("cat", 1.0) == 2
    assert values.pupil_range("cat") == pytest.approx(1e12)
    two["cat"] = seeing(lambda f, light: np.sqrt(light))
    two["cat"].pupil = lambda luminance: SimpleNamespace(area=4.0)
    assert values.de_vries_rose("cat", 1.0, [1e-3, 1e-2]) == pytest.approx(0.5)
    two["cat"] = two["human"]
    assert math.isnan(values.border(1.0))


def test_ratios_are_of_the_human_to_the_cat(monkeypatch):
    known = {("human", 16): 40.0, ("cat", 16): 5.0, ("human", 1): 8.0, ("cat", 1): 4.0}
    monkeypatch.setattr(values, "_acuity", lambda eye, luminance: known[eye, luminance])
    assert values.acuity_ratio(16) == 8
    assert values.fall_ratio("acuity", [16, 1]) == 4
    peaks = {("human", 16): (3.0, 200.0), ("cat", 16): (0.5, 100.0),
             ("human", 1): (1.0, 50.0), ("cat", 1): (0.5, 100.0)}  # fmt: skip
    monkeypatch.setattr(values, "_peak", lambda eye, luminance: peaks[eye, luminance])
    assert values.peak_ratio(16) == 2 and values.peak_frequency_ratio(16) == 6
    assert values.fall_ratio("sensitivity", [16, 1]) == 4


def test_flicker_rises_by_decade(monkeypatch):
    rates = {"human": lambda light: 30 + 12 * np.log10(light), "dog": lambda light: 60.0}
    eyes = {name: SimpleNamespace(flicker_fusion=rate) for name, rate in rates.items()}
    monkeypatch.setattr(values, "load", eyes.__getitem__)
    assert values.flicker_rise("human", [1, 100]) == pytest.approx(12)
    assert values.flicker_ratio(1.0) == 2


# -- the figure ------------------------------------------------------------------------------------


def test_points_are_where_the_published_values_are(compared, monkeypatch):
    monkeypatch.setattr(values, "acuity", lambda eye, luminance: 5.0)
    figure = validation_figure.draw(compared)
    panels = {axes.get_title(): axes for axes in figure.axes}
    assert len(panels) == 6
    points = {
        title: {
            (float(line.get_xdata()[0]), float(line.get_ydata()[0])): line.get_markerfacecolor()
            for line in axes.lines
            if line.get_marker() == "o"
        }
        for title, axes in panels.items()
    }
    human = points["human's optics: 3, 6 mm (dashed)"]
    assert {(5, 0.816), (30, 0.051), (4, 0.68)} <= set(human)
    assert human[4, 0.68] == "white" and human[5, 0.816] != "white"
    assert len(human) == 9  # those of single receptors are not on these curves
    assert set(points["cat's optics: 4.4, 12 mm (dashed)"]) == {(2.43, 0.5), (1.0, 0.5)}
    assert points["cat's receptors"][561.0, 1.0] == "white"
    bars = [line for line in panels["acuity, c/deg"].lines if line.get_linewidth() == 3]
    assert [list(bar.get_ydata()) for bar in bars][:2] == [[32.1, 44.2], [5.9, 9.9]]
