"""JPEG files without their end mark, and damage that Pillow's decoder passes over."""

import io

import numpy as np
import pytest
from PIL import Image

from catsight.frames.decode import decode, decode_bytes
from catsight.frames.item import Rejected
from catsight.frames.jpeg import scans, sound, with_end

MANY = 10**7
Y, X = np.mgrid[:120, :176]
SMOOTH = np.stack([X * 255 / 175, Y * 255 / 119, 128 + 90 * np.sin(X / 9) * np.cos(Y / 7)], -1)
#: Kinds of JPEG: mode, and options of Pillow's encoder.
KINDS = [
    ("RGB", {}), ("RGB", {"subsampling": 0}), ("RGB", {"subsampling": 1}), ("L", {}),
    ("RGB", {"progressive": True}), ("L", {"progressive": True}), ("CMYK", {}),
    ("RGB", {"quality": 20}), ("RGB", {"quality": 98, "optimize": True}),
    ("RGB", {"restart_marker_blocks": 4}),
]  # fmt: skip


def jpeg(mode="RGB", size=None, **options):
    file = io.BytesIO()
    picture = Image.fromarray(SMOOTH.astype(np.uint8)).convert(mode)
    picture = picture.resize(size) if size else picture
    picture.save(file, "JPEG", **{"quality": 90} | options)
    return file.getvalue()


@pytest.mark.parametrize(("mode", "options"), KINDS)
@pytest.mark.parametrize("size", [(176, 120), (33, 17), (8, 8)])
def test_a_jpeg_that_lacks_its_end_mark_alone_is_the_same_picture(mode, options, size):
    whole = jpeg(mode, size, **options)
    seen = decode_bytes(whole, MANY, "a")
    np.testing.assert_array_equal(decode_bytes(whole[:-2], MANY, "a"), seen)
    assert with_end(whole) == whole and with_end(whole + b"\0\0") == whole + b"\0\0"
    assert with_end(whole[:-2]) == whole


@pytest.mark.parametrize(("mode", "options"), KINDS)
def test_a_jpeg_that_lacks_more_is_cut_short_or_whole_but_never_made_up(mode, options):
    """What can be read of every cut file is the whole picture, to the last value."""
    whole = jpeg(mode, **options)
    seen, short = decode_bytes(whole, MANY, "a"), 0
    for length in (*range(len(whole) - 40, len(whole) - 2), len(whole) // 2, len(whole) * 9 // 10):
        try:
            got = decode_bytes(whole[:length], MANY, "a")
        except Rejected as problem:
            assert problem.reason == "truncated"
            short += 1
        else:
            np.testing.assert_array_equal(got, seen)
    assert short >= 36  # bits that fill up the last byte may be missing


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_progressive_jpeg_that_is_cut_between_scans_is_cut_short(mode, capfd):
    """At each mark before a scan or its tables, libjpeg takes it for whole."""
    whole = jpeg(mode, progressive=True)
    starts = [at for at in range(len(whole)) if whole[at : at + 2] in (b"\xff\xda", b"\xff\xc4")]
    first = whole.index(b"\xff\xda")
    places = [at for at in starts if at > first]
    assert len(places) >= 8
    for place in places:
        with pytest.raises(Rejected, match="truncated"):
            decode_bytes(whole[:place], MANY, "a")
        assert "scans" not in capfd.readouterr().err
        decode_bytes(whole[:place] + b"\xff\xd9", MANY, "a")
        assert "its last scans are missing" in capfd.readouterr().err


@pytest.mark.parametrize(("mode", "options"), KINDS)
def test_scans_and_their_end_are_found(mode, options):
    """Whatever follows the end, as the second picture of a phone's photograph."""
    whole = jpeg(mode, **options)
    for data in (whole, whole + b"SEFT", whole + whole[: len(whole) // 2]):
        assert scans(data)[:2] == (True, True) and with_end(data) is data
    assert scans(whole[:-2])[:2] == (False, True)
    assert scans(whole[: whole.index(b"\xff\xda")]) == (False, False, 0)


@pytest.mark.parametrize(("mode", "options"), KINDS)
def test_a_whole_jpeg_is_sound(mode, options, capfd):
    for size in ((176, 120), (33, 17), (1, 1)):
        data = jpeg(mode, size, **options)
        assert sound(data) and sound(data + b"any bytes after it")
        decode_bytes(data, MANY, "a")
    assert capfd.readouterr().err == ""


def test_damage_inside_is_noted_with_the_files_name(tmp_path, capfd):
    """Half of it and an end mark; a block that is lost; a block of zeros."""
    whole = jpeg()
    middle = (whole.index(b"\xff\xda") + len(whole)) // 2
    damaged = {
        "half.jpg": whole[:middle] + b"\xff\xd9",
        "lost.jpg": whole[:middle] + whole[middle + 512 :],
        "zeros.jpg": whole[:middle] + bytes(1024) + whole[middle + 1024 :],
    }
    for name, data in damaged.items():
        path = tmp_path / name
        path.write_bytes(data)
        decode(path, MANY)
        assert capfd.readouterr().err == (
            f"frames: {path}: a strict decoder finds damage inside; it is used as it is, so look "
            "at it\n"
        )


def test_a_jpeg_that_is_too_large_is_refused_before_anything_is_decoded(monkeypatch):
    def never(data):
        raise AssertionError("it was decoded")

    for step in ("with_end", "sound"):
        monkeypatch.setattr(f"catsight.frames.jpeg.{step}", never)
    with pytest.raises(Rejected, match="too large"):
        decode_bytes(jpeg(), 99, "a")
