"""Faulty and unusual files: each handled as docs/frames.md says."""

import io
import os
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catsight import CatsightError
from catsight.frames import item
from catsight.inputs import files
from catsight.inputs.pictures import decode_png
from support.job_of_frames import Job, encoded, noise

DOCS = (Path(__file__).parents[2] / "docs" / "frames.md").read_text()


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


def bomb(side):
    """A PNG that has side² px by its header, in few bytes."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + chunk(b"IDAT", zlib.compress(bytes(3 * side + 1) * 8))
        + chunk(b"IEND", b"")
    )


def animated(kind):
    file = io.BytesIO()
    stills = [Image.fromarray(noise(i, 20, 20)) for i in range(3)]
    stills[0].save(file, kind, save_all=True, append_images=stills[1:], lossless=True)
    return file.getvalue()


def test_every_kind_of_bad_file_has_its_reason(job):
    job.add("good.png", noise(0))
    job.add("empty.jpg", b"")
    job.add("bomb.png", bomb(10_001))
    job.add("huge.png", bomb(100_000))
    job.add("moving.gif", animated("GIF"))
    job.add("liar.jpg", encoded(noise(1), "PNG"))  # by its bytes it is a PNG, and that counts
    job.add("liar.png", b"<html>a page that says not found</html>")
    job.add("clip.jpg", b"\0\0\0\x20ftypisom\0\0\2\0")
    job.add("moving.webp", animated("WEBP"))
    job.add("cut.png", encoded(noise(3, 40, 40))[:900])
    job.add(".hidden.png", noise(4))
    job.add(".thumbnails/a.png", noise(5))
    job.add("Thumbs.db", b"x")
    (job.folder / "loop.png").symlink_to("loop.png")
    (job.folder / "round").symlink_to(".")
    (job.folder / "gone.png").symlink_to("nowhere.png")
    os.mkfifo(job.folder / "pipe.png")
    rows = job(max_pixels=100_000_000)
    assert sorted(rows) == ["good.png", "liar.jpg", "moving.webp"]
    np.testing.assert_array_equal(decode_png(rows["liar.jpg"]["image"]["bytes"]), noise(1))
    np.testing.assert_array_equal(
        decode_png(rows["moving.webp"]["image"]["bytes"]), noise(0, 20, 20)
    )  # the first
    assert {name: reason for name, (reason, _) in job.left_out.items()} == {
        "empty.jpg": "empty", "bomb.png": "too large", "huge.png": "too large", "moving.gif": "unsupported",
        "liar.png": "not an image", "clip.jpg": "unsupported", "cut.png": "truncated", "loop.png": "unreadable",
        "round": "unreadable", "gone.png": "unreadable", "pipe.png": "unreadable",
    }  # fmt: skip
    assert (
        "source: video" in job.left_out["moving.gif"][1]
        and "source: video" in job.left_out["clip.jpg"][1]
    )
    assert "link to a folder" in job.left_out["round"][1]


def test_a_link_to_a_file_elsewhere_is_followed_and_watched(job):
    elsewhere = job.root / "elsewhere.png"
    elsewhere.write_bytes(encoded(noise(0)))
    (job.folder / "link.png").symlink_to(elsewhere)
    assert list(job()) == ["link.png"]
    job.list()
    elsewhere.write_bytes(encoded(noise(1)))
    with pytest.raises(CatsightError, match=r"link\.png has changed"):
        job.make(store="other")


def test_a_folder_that_must_not_be_written_to(job):
    """Nothing is written beside the pictures (times of change, as root may write anywhere)."""
    job.add("a/b.png", noise(0))
    for folder in (job.folder / "a", job.folder):
        os.chmod(folder, 0o555)
    before = {path: path.stat().st_mtime_ns for path in [job.folder, *job.folder.rglob("*")]}
    assert list(job()) == ["a/b.png"]
    assert {
        path: path.stat().st_mtime_ns for path in [job.folder, *job.folder.rglob("*")]
    } == before
    for folder in (job.folder, job.folder / "a"):
        os.chmod(folder, 0o755)


@pytest.mark.parametrize(
    "path",
    [
        "a.png",
        "a/b c.png",
        "line\nbreak",
        "back\\slash\\xe9",
        "\\",
        "猫",
        b"\xe9\\\xff".decode("utf-8", "surrogateescape"),
    ],
)
def test_paths_survive_a_table(path):
    assert files.from_text(files.as_text(path)) == path


@pytest.mark.parametrize("path", ["../a.png", "/etc/passwd", "a/../../b", ".."])
def test_paths_that_leave_their_folder_are_refused(path):
    with pytest.raises(ValueError, match="leaves its folder"):
        files.from_text(path)


def test_the_page_lists_every_reason():
    package = Path(item.__file__).parent
    reasons = {
        reason
        for path in package.glob("*.py")
        for reason in re.findall(r'Rejected\(\s*"([a-z ]+)"', path.read_text())
    }
    assert len(reasons) > 8 and "duplicate" in reasons
    for reason in reasons:
        assert f"| {reason} |" in DOCS, reason
