"""The comparison of `tests/corpus.py`, with decoders that are made here."""

import os
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import corpus
from catsight.frames.item import Rejected
from corpus import Finding, compare, difference, examine, findings, summary
from support import decoders
from support.decoders import Clip

GREY = np.full((10, 20, 3), 100, np.uint8)


def off(by, count=1):
    """The grey picture with ``count`` values that are off by ``by``."""
    values = GREY.copy()
    values.reshape(-1)[:count] += np.uint8(by)
    return values


def test_a_difference_is_more_than_a_thousandth_of_values_beyond_the_tolerance():
    assert difference(GREY, GREY, 3) == (0, 0, "")
    assert difference(off(3, 600), GREY, 3) == (3, 3, "")
    assert difference(off(4, 1), GREY, 3) == (
        round(4 / 600, 3),
        4,
        "0.2% of the values are more than 3 off",
    )
    assert difference(GREY, off(150, 60), 3) == (15, 150, "10.0% of the values are more than 3 off")
    large = np.zeros((100, 10, 3), np.uint8)
    speck = large.copy()
    speck[0, 0] = 255  # a thousandth
    assert difference(large, speck, 3)[1:] == (255, "")
    assert difference(GREY, GREY.transpose(1, 0, 2), 3) == (
        255, 255, "shape (10, 20, 3) against (20, 10, 3)",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("theirs", "mean", "words"),
    [
        (Clip([0, 0.5, 1.0014], {0: GREY, 1: GREY}), 0, ""),
        (Clip([0, 0.5, 1], {0: GREY, 9: off(9, 600)}), 0, ""),
        (Clip([0, 0.5, 1], {0: GREY, 1: off(9, 300)}), 4.5, "in frame 1, 50.0% of the values are more than 3 off"),
        (Clip([0, 0.5], {0: GREY}), 0, "3 frames against 2"),
        (Clip([0, 0.6, 1.2], {0: GREY}), 0, "frame 1 is at 0.500 s against 0.600 s"),
    ],
)  # fmt: skip
def test_clips_agree_in_the_number_times_and_pixels_of_frames(theirs, mean, words):
    ours = Clip([0, 0.5, 1], {0: GREY, 1: GREY})
    assert compare(ours, theirs, 3)[::2] == (mean, words)


def failing(path):
    raise ValueError("of any kind")


def rejecting(reason, path):
    raise Rejected(reason, "why")


def gives(value, path):
    return value


def found(own, *others, name="a.png"):
    """The verdict, cause, program and mean by own decoder and others called "0", "1", …"""
    known = {
        str(i): partial(gives, one) if not callable(one) else one for i, one in enumerate(others)
    }
    nothing = {"x": failing}
    kinds = (nothing, known) if name.endswith(".mp4") else (known, nothing)
    return examine(Path(name), own, kinds, 3)[1:5]


def test_the_program_that_agrees_or_is_nearest_is_named():
    own = partial(gives, GREY)
    assert found(own, GREY, failing) == ("agrees", "", "0", 0)
    assert found(own, failing, off(50, 600), off(2, 600)) == ("agrees", "", "2", 2)
    assert found(own, off(50, 600), off(9, 600), off(20, 600)) == (
        "differs", "100.0% of the values are more than 3 off", "1", 9,
    )  # fmt: skip
    assert found(own, failing, failing) == ("alone", "", "", None)
    clip = Clip([0], {0: GREY})
    assert found(partial(gives, clip), clip, name="a.mp4") == ("agrees", "", "0", 0)


def test_rejections_and_errors_are_told_apart():
    assert found(partial(rejecting, "truncated"), failing, GREY) == (
        "rejected",
        "truncated: why",
        "1",
        None,
    )
    assert found(partial(rejecting, "truncated"), failing)[2] == ""
    assert found(partial(rejecting, "not an image"), GREY, name="a.JPEG")[0] == "rejected"
    assert found(partial(rejecting, "not an image"), GREY, name="notes.txt")[::2] == ("ignored", "")
    assert found(failing, GREY) == ("exception", "ValueError: of any kind", "", None)


def dies_of(name, path):
    if path.name == name:
        os._exit(1)
    return Finding(str(path), "agrees")


def test_a_crash_is_a_finding_and_the_other_files_go_on():
    paths = [Path(name) for name in "abc"]
    assert [one.verdict for one in findings(paths, partial(dies_of, "b"))] == [
        "agrees",
        "crash",
        "agrees",
    ]


def test_the_summary_lists_what_differs_and_groups_causes():
    lines = summary(
        [
            Finding("a.png", "agrees", "", "x", 0.1, 2),
            Finding("b.png", "differs", "much", "x", 1.234, 9),
            Finding("c.png", "rejected", "too large: 12 × 3,000 px in 'c'", "x"),
            Finding("d.png", "rejected", "too large: 7 × 9 px in 'd'", "x"),
            Finding("e.png", "rejected", "too large: 7 × 9 px in 'e'"),
            Finding("f.png", "exception", "KeyError: 3"),
            Finding("g.txt", "ignored"),
        ]
    )
    assert list(lines) == [
        "differs: b.png: x much (mean 1.23, at most 9)",
        "exception: f.png:  KeyError: 3",
        "rejected: 2 × too large: … × … px in … [x can]",
        "rejected: 1 × too large: … × … px in …",
        "7 files: 3 rejected, 1 agrees, 1 differs, 1 exception, 1 ignored",
    ]


@pytest.mark.parametrize(("suffix", "read"), [("csv", pd.read_csv), ("json", pd.read_json)])
def test_the_command_writes_what_it_found(tmp_path, monkeypatch, capsys, suffix, read):
    (tmp_path / "in").mkdir()
    Image.fromarray(GREY).save(tmp_path / "in/grey.png")
    (tmp_path / "in/cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    command = ["corpus.py", f"{tmp_path}/in", "-o", f"{tmp_path}/out.{suffix}"]
    for shown, code in ((GREY, 0), (off(99, 600), 1)):
        monkeypatch.setattr(corpus, "programs", lambda: ({"x": partial(gives, shown)}, {}))  # noqa: B023
        monkeypatch.setattr(sys, "argv", command)
        assert corpus.main() == code
        verdict = "differs" if code else "agrees"
        assert f"2 files: 1 rejected, 1 {verdict}" in capsys.readouterr().out
        table = read(tmp_path / f"out.{suffix}")
        assert list(table.columns) == list(Finding._fields)
        assert list(table["verdict"]) == ["rejected", verdict]
    monkeypatch.setattr(corpus, "programs", lambda: ({}, {}))
    for arguments, words in ((command[1:], "install"), ([f"{tmp_path}/gone"], "does not exist")):
        monkeypatch.setattr(sys, "argv", ["corpus.py", *arguments])
        with pytest.raises(SystemExit) as stopped:
            corpus.main()
        assert stopped.value.code == 2 and words in capsys.readouterr().err


#: A program that copies the PNG that it is given, or writes two frames.
COPY = """#!/bin/sh
echo "$0 $*" >> log
case "$0 $*" in
  *vipsheader*) echo "icc-profile-data: 9 bytes" ;;
  *identify*) echo ;;
  *ffmpeg*) cp in 1.png; cp in 2.png
    printf "#tb 0: 1/50\\n#sar 0: 2/1\\n0, 3, 3, 1, 9, 0x1\\n0, 5, 8, 1, 9, 0x1\\n" > times ;;
  *) cp in out.png ;;
esac
"""


def test_programs_read_the_file_in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Stands in for the programs; that their results are right, only a system that has them shows."""
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    (tmp_path / "bin").mkdir()
    for name in ("vipsthumbnail", "vipsheader", "magick", "ffmpeg"):
        (tmp_path / "bin" / name).write_text(COPY)
        (tmp_path / "bin" / name).chmod(0o755)
    odd = tmp_path / "-o [n=1].png"
    rgba = np.dstack([GREY, np.full((10, 20), 51, np.uint8)])
    Image.fromarray(rgba).save(odd)
    over = np.full((10, 20, 3), round(100 * 0.2 + 128 * 0.8), np.uint8)
    pictures, clips = decoders.programs()
    assert list(pictures) == ["libvips", "ImageMagick"]
    for read in pictures.values():
        np.testing.assert_array_equal(read(odd), over)
    for read in clips.values():
        times, frames = read(odd)
        assert times == [0, 0.1] and frames.keys() == {0, 1}
        np.testing.assert_array_equal(frames[1], over.repeat(2, axis=1))
    monkeypatch.setenv("PATH", f"{tmp_path}/none")
    assert decoders.programs() == ({}, {})
