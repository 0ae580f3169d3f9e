"""Which files ``catsight see`` makes of which sources, and what it refuses before the work."""

import re
from pathlib import Path

import pytest

from catsight import CatsightError
from catsight.look import outputs

PHOTOS = ".jpg, .jpeg, .png, .webp, .tif, .tiff"
CLIPS = ".mp4, .m4v, .mov, .mkv, .webm, .avi, .mts, .m2ts, .wmv, .gif, .apng"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Photographs and clips without content: only names are planned."""
    monkeypatch.chdir(tmp_path)
    names = (
        "a.jpg",
        "b.PNG",
        "c.mov",
        "in/a.jpg",
        "in/a.png",
        "in/b.tif",
        "in/clip.GIF",
        "in/notes.txt",
        "none/x.txt",
    )
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def planned(*sources, output):
    jobs = outputs.plan([Path(one) for one in sources], output)
    return {str(job.source): str(job.target) for job in jobs}


@pytest.mark.parametrize(
    "sources, output, jobs",
    [
        (["a.jpg"], "x.png", {"a.jpg": "x.png"}),
        (["a.jpg"], "x.TIFF", {"a.jpg": "x.TIFF"}),
        (["c.mov"], "x.webm", {"c.mov": "x.webm"}),
        (["a.jpg"], "new/", {"a.jpg": "new/a.png"}),
        (["a.jpg"], "new", {"a.jpg": "new/a.png"}),
        (["a.jpg"], "none", {"a.jpg": "none/a.png"}),
        (["c.mov", "b.PNG"], "new", {"c.mov": "new/c.mp4", "b.PNG": "new/b.png"}),
        # two of one name keep their suffixes; other files of a folder are no pictures
        (["in"], "new", {"in/a.jpg": "new/a.jpg.png", "in/a.png": "new/a.png.png", "in/b.tif": "new/b.png",
                         "in/clip.GIF": "new/clip.mp4"}),
        (["a.jpg", "a.jpg"], "new", {"a.jpg": "new/a.png"}),
    ],
)  # fmt: skip
def test_the_files_to_make(here, sources, output, jobs):
    found = planned(*sources, output=output)
    assert found == jobs and list(found) == list(jobs)


@pytest.mark.parametrize(
    "sources, output, words",
    [
        (["gone.jpg"], "x.png", "gone.jpg is missing"),
        (["none"], "new", f"none holds no photo or clip; looked for {PHOTOS}, {CLIPS}"),
        (["in"], "x.png", "in is a folder, so --output must be a folder, too: -o x/"),
        (["a.jpg", "b.PNG"], "x.png", "there are 2 sources, so --output must be a folder, too: -o x/"),
        (["a.jpg", "b.PNG", "c.mov"], "x.png", "there are 3 sources, so --output must be a folder, too: -o x/"),
        (["a.jpg"], "x.mp4", f"x.mp4: a photo is written as {PHOTOS}; change the output's suffix"),
        (["c.mov"], "x.gif", "x.gif: a clip is written as .mp4, .mov, .mkv, .webm; change the output's suffix"),
        (["in"], "in", "in holds the sources; name another folder"),
        (["a.jpg"], "a.jpg", "a.jpg is a source and would be overwritten; name another output"),
        (["a.jpg", "in/a.jpg"], "new", "a.jpg and in/a.jpg would both become new/a.jpg.png; give them to separate "
                                       "commands, with an output folder each"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused(here, sources, output, words):
    with pytest.raises(CatsightError, match=f"^{re.escape(words)}$"):
        planned(*sources, output=output)


def test_a_file_is_no_folder(here):
    (here / "file").write_text("")
    with pytest.raises(CatsightError, match=r"^file is a file; name another folder$"):
        planned("in", output="file")


def test_a_source_is_not_overwritten_under_another_name(here):
    """By a link, or as one of a folder's."""
    (here / "link.png").hardlink_to("a.jpg")
    with pytest.raises(CatsightError, match=r"^link\.png is a source and would be overwritten"):
        planned("a.jpg", output="link.png")
    (here / "in/b.PNG").write_text("")
    (here / "new").mkdir()
    (here / "new/b.png").hardlink_to("b.PNG")
    with pytest.raises(CatsightError, match=r"^new/b\.png is a source and would be overwritten"):
        planned("b.PNG", output="new")


@pytest.mark.parametrize(
    "source, output, warned",
    [("in", "in/seen", True), ("in", "in-seen", False), ("in/a.jpg", "in/seen", False)],
)
def test_a_folder_inside_the_sources_is_warned_of(here, capsys, source, output, warned):
    planned(source, output=output)
    assert capsys.readouterr().err == (
        "catsight see: warning: in/seen is inside in, so a study of in would read the pictures that "
        "are written there, too\n"
        if warned
        else ""
    )
