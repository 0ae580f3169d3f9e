"""``catsight eye``: the figure, what is refused before the work, and what is warned of."""

from pathlib import Path

import yaml
from PIL import Image

from catsight.__main__ import main
from catsight.inputs import yaml_files
from catsight.look.eye import disagreement
from catsight.views import Eye


def test_two_eyes_of_one_name_are_refused(tmp_path, capsys):
    mine = str(tmp_path / "cat.yaml")
    for names, words in (
        (["cat", mine], f"cat and {mine} have the same name in the figure; rename a file"),
        (["cat", "dog", "cat"], "cat is named twice; name each eye once"),
    ):
        assert main(["eye", *names, "-o", str(tmp_path / "two.png")]) == 1
        assert words in capsys.readouterr().err
    assert not (tmp_path / "two.png").exists()


def test_an_impossible_resolution_is_refused(tmp_path, capsys):
    assert main(["eye", "cat", "-o", str(tmp_path / "eyes.png"), "--dpi", "0"]) == 1
    assert "--dpi is 0; it must be a whole number from 10 to 2400" in capsys.readouterr().err


def test_eye_command(tmp_path, capsys):
    assert main(["eye", "cat", "human", "-o", str(tmp_path / "eyes.png"), "--dpi", "60"]) == 0
    assert Image.open(tmp_path / "eyes.png").size[0] > 400
    said = capsys.readouterr()
    assert said.out == f"written: {tmp_path / 'eyes.png'}\n"
    assert "eye: 2/2 eyes" in said.err and "warning" not in said.err
    assert main(["eye", "lion", "-o", str(tmp_path / "lion.png")]) == 1
    assert "the eye 'lion' is unknown; it may be cat, dog, human" in capsys.readouterr().err
    assert main(["eye", "cat", "-o", str(tmp_path / "eyes.bmp")]) == 1
    assert "figures are .png or .svg files" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["eyes.png"]


def test_an_eye_that_states_two_acuities_is_warned_of(tmp_path, capsys):
    with open(yaml_files.find("eyes") / "cat.yaml") as file:
        eye = yaml.safe_load(file)
    eye["acuity"]["cutoff"]["value"] = 11
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump(eye))
    assert main(["eye", str(mine), "-o", str(tmp_path / "eyes.png"), "--dpi", "60"]) == 0
    told = capsys.readouterr().err
    assert "catsight eye: warning: mine: acuity.cutoff is 11 c/deg, but by acuity.contrast" in told
    assert "no grating finer than 6 c/deg" in told
    # following the advice mends it
    factor = float(told.partition("contrast.low by ")[2].split()[0])
    for name in ("high", "low"):
        eye["acuity"]["contrast"][name]["value"] *= factor
    mended = tmp_path / "mended.yaml"
    mended.write_text(yaml.safe_dump(eye))
    assert disagreement(Eye.load(str(mended))) is None


def test_the_eyes_that_come_with_catsight_do_not_contradict_themselves():
    for path in Path(yaml_files.find("eyes")).glob("*.yaml"):
        assert disagreement(Eye.load(str(path))) is None, path.stem
