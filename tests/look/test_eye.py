"""``catsight eye``: the figure, what is refused before the work, and what is warned of."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from PIL import Image

from catsight.__main__ import main
from catsight.figures import eyes as figure
from catsight.figures import style
from catsight.inputs import yaml_files
from catsight.look.eye import disagreement
from catsight.views import Eye
from catsight.views import portraits as views


@pytest.fixture(scope="module")
def portrait():
    """The portrait of a cat; that of another eye takes seconds, too."""
    (row,) = views.portraits({"cat": (Eye.load("cat"), 100.0)})
    return row


@pytest.fixture
def asked(monkeypatch, portrait):
    """Which eyes portraits are made of, at which luminance; all look like the cat's."""
    found = []

    def stand_in(eyes):
        found.extend(
            (name, eye.parts["acuity"]["cutoff"], light) for name, (eye, light) in eyes.items()
        )
        return [portrait | {"eye": name, "adapted_to": light} for name, (_, light) in eyes.items()]

    monkeypatch.setattr(views, "portraits", stand_in)
    return found


@pytest.fixture
def drawn(monkeypatch):
    """Tables, and where the figure is saved, instead of a figure."""
    found = []
    monkeypatch.setattr(figure, "draw", lambda table: found.append(table) or "figure")
    monkeypatch.setattr(style, "save", lambda *arguments: found.append(arguments))
    return found


def test_the_figure_is_written_and_named(asked, tmp_path, capsys):
    output = tmp_path / "eyes.png"
    assert main(["eye", "cat", "human", "-o", str(output), "--dpi", "60"]) == 0
    # seven columns of 1.5 inches
    assert Image.open(output).size[0] == pytest.approx(7 * 1.5 * 60, abs=1)
    said = capsys.readouterr()
    assert said.out == f"written: {output}\n"
    assert "eye: 2/2 eyes" in said.err and "warning" not in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["eyes.png"]


def test_each_eye_is_drawn_once_in_the_order_given(asked, drawn, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["eye", "human", "cat", "--luminance", "2.5"]) == 0
    cutoffs = {name: Eye.load(name).parts["acuity"]["cutoff"] for name in ("human", "cat")}
    assert asked == [(name, cutoff, 2.5) for name, cutoff in cutoffs.items()]
    table, saved = drawn
    assert list(table["eye"]) == ["human", "cat"] and list(table["adapted_to"]) == [2.5, 2.5]
    assert saved == ("figure", Path("eyes.png"), 200)
    assert main(["eye", "dog"]) == 0
    assert asked[-1][::2] == ("dog", 100)


def test_an_eye_that_is_unknown_is_refused(tmp_path, capsys):
    assert main(["eye", "lion", "-o", str(tmp_path / "lion.png")]) == 1
    assert (
        "the eye 'lion' is unknown; it may be cat, deuteranope, dog, ferret"
        in capsys.readouterr().err
    )
    assert not list(tmp_path.iterdir())


def refused(capsys, *arguments):
    assert main(["eye", *arguments]) == 1
    return capsys.readouterr().err


def test_two_eyes_of_one_name_are_refused(capsys, asked):
    words = "cat and mine/cat.yaml have the same name in the figure; rename a file\n"
    assert refused(capsys, "cat", "mine/cat.yaml").endswith(f": {words}")
    words = "cat is named twice; name each eye once\n"
    assert refused(capsys, "cat", "dog", "cat").endswith(f": {words}")
    assert asked == []


@pytest.mark.parametrize("dpi, allowed", [(9, False), (10, True), (2400, True), (2401, False)])
def test_an_impossible_resolution_is_refused(dpi, allowed, capsys, asked, drawn):
    assert main(["eye", "cat", "--dpi", str(dpi)]) == (0 if allowed else 1)
    words = f"--dpi is {dpi}; it must be a whole number from 10 to 2400\n"
    assert capsys.readouterr().err.endswith(words) != allowed
    assert [one[2] for one in drawn[1:]] == ([dpi] if allowed else [])


@pytest.mark.parametrize("count", [10, 11])
def test_eleven_eyes_are_too_many(count, capsys, asked, drawn, tmp_path):
    names = [str(tmp_path / f"e{i}.yaml") for i in range(count)]
    for name in names:
        Path(name).write_bytes(Path(yaml_files.find("eyes"), "cat.yaml").read_bytes())
    assert main(["eye", *names]) == (0 if count == 10 else 1)
    words = "11 eyes are too many for one figure; draw at most 10\n"
    assert capsys.readouterr().err.endswith(words) == (count == 11)


@pytest.mark.parametrize("name", ["x.png", "x.SVG", "x.bmp", "x"])
def test_figures_are_png_or_svg(name, capsys, asked, drawn):
    allowed = name in ("x.png", "x.SVG")
    assert main(["eye", "cat", "-o", name]) == (0 if allowed else 1)
    words = f"{name}: figures are .png or .svg files; change the output's suffix\n"
    assert capsys.readouterr().err.endswith(words) != allowed


def test_an_eye_that_states_two_acuities_is_warned_of(tmp_path, capsys, asked, drawn):
    with open(yaml_files.find("eyes") / "cat.yaml") as file:
        eye = yaml.safe_load(file)
    eye["acuity"]["cutoff"] |= {"value": 11, "high": 11}
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump(eye))
    assert main(["eye", str(mine), "dog"]) == 0
    told = capsys.readouterr().err
    assert "catsight eye: warning: mine: acuity.cutoff is 11 c/deg, but by acuity.contrast" in told
    assert "no grating finer than 6 c/deg" in told and told.count("warning") == 1
    # following the advice mends it
    factor = float(told.partition("contrast.low by ")[2].split()[0])
    for name in ("high", "low"):
        eye["acuity"]["contrast"][name]["value"] *= factor
    mended = tmp_path / "mended.yaml"
    mended.write_text(yaml.safe_dump(eye))
    assert disagreement(Eye.load(str(mended))) is None


def seeing_up_to(limit, cutoff=10):
    """An eye that sees gratings up to one frequency, and states another."""
    return SimpleNamespace(
        parts={"acuity": {"cutoff": cutoff}},
        contrast_sensitivity=lambda frequency: np.where(frequency <= limit, 1.0, 0.99),
    )


@pytest.mark.parametrize(
    "limit, agrees", [(7.9, False), (8.1, True), (10, True), (12.4, True), (12.7, False)]
)
def test_the_statements_may_differ_by_a_quarter(limit, agrees):
    assert (disagreement(seeing_up_to(limit)) is None) == agrees


def test_what_is_said_of_two_acuities():
    told = (
        "acuity.cutoff is 10 c/deg, but by acuity.contrast no grating finer than {} c/deg is seen. "
        "Pictures use cutoff; the panel of contrast sensitivity uses contrast"
    )
    mend = ". Multiply contrast.high and contrast.low by {} to match"
    assert disagreement(seeing_up_to(4.01)) == told.format("4") + mend.format("2.50")
    assert disagreement(seeing_up_to(0)) == told.format("0")


def test_the_eyes_that_come_with_catsight_do_not_contradict_themselves():
    for path in Path(yaml_files.find("eyes")).glob("*.yaml"):
        assert disagreement(Eye.load(str(path))) is None, path.stem
