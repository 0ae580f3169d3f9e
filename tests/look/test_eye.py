from PIL import Image

from catsight.__main__ import main


def test_two_eyes_of_one_name_are_refused(tmp_path, capsys):
    assert main(["eye", "cat", str(tmp_path / "cat.yaml"), "-o", str(tmp_path / "two.png")]) == 1
    assert "two of the eyes have the same name" in capsys.readouterr().err
    assert not (tmp_path / "two.png").exists()


def test_an_absurd_resolution_is_named(tmp_path, capsys):
    assert main(["eye", "cat", "-o", str(tmp_path / "eyes.png"), "--dpi", "0"]) == 1
    assert "--dpi is 0; it must be a whole number from 10 to 2400" in capsys.readouterr().err


def test_eye_command(tmp_path, capsys):
    assert main(["eye", "cat", "human", "-o", str(tmp_path / "eyes.png"), "--dpi", "60"]) == 0
    assert Image.open(tmp_path / "eyes.png").size[0] > 400
    assert main(["eye", "lion", "-o", str(tmp_path / "lion.png")]) == 1
    assert "the eye 'lion' is unknown; it may be cat, dog, human" in capsys.readouterr().err
    assert main(["eye", "cat", "-o", str(tmp_path / "eyes.bmp")]) == 1
    assert "figures are written as .png or .svg" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["eyes.png"]
