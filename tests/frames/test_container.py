"""What is said of a clip that cannot be used, how its pixels become square, and how ends are missed."""

import io
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest
from PIL import Image

from catsight.frames import container
from catsight.frames.clip import stills
from catsight.frames.container import message, square
from catsight.frames.item import Rejected


def refusal(path, max_pixels=10**6):
    with pytest.raises(Rejected) as raised, container.open_clip(path, max_pixels):
        pass
    return raised.value.reason, raised.value.detail


def test_what_is_no_readable_file(tmp_path, monkeypatch):
    assert refusal(tmp_path) == ("unreadable", "it is not a regular file")
    assert refusal(tmp_path / "gone.mp4") == (
        "unreadable", "the system says: No such file or directory",
    )  # fmt: skip
    (tmp_path / "a.mp4").write_bytes(b"")
    assert refusal(str(tmp_path / "a.mp4")) == ("empty", "the file holds no bytes")
    (tmp_path / "a.mp4").write_bytes(b"no clip at all\n")
    assert refusal(tmp_path / "a.mp4") == (
        "not a clip", "its format cannot be read (Invalid data found when processing input)",
    )  # fmt: skip
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x40ftypisom")
    assert refusal(tmp_path / "a.mp4") == ("truncated", "it is cut short: its end is missing")


@pytest.mark.parametrize(
    ("width", "height", "aspect", "size"),
    [
        (64, 48, None, (64, 48)),
        (64, 48, Fraction(0), (64, 48)),
        (64, 48, Fraction(1), (64, 48)),
        (64, 48, Fraction(4, 3), (85, 48)),
        (64, 48, Fraction(3, 4), (64, 64)),
    ],
)
def test_neither_side_is_shortened(width, height, aspect, size):
    assert square(width, height, aspect) == size


def test_the_decoders_words_are_used_if_there_are_any():
    assert message(OSError(2, "No such file")) == "No such file"
    assert message(ValueError("odd")) == "odd"


def stream(**changes):
    about = {"width": 64, "height": 48, "color_trc": 1, "color_primaries": 1} | changes
    aspect = about.pop("aspect", None)
    return SimpleNamespace(codec_context=SimpleNamespace(**about), sample_aspect_ratio=aspect)


def checked(most=64 * 48, **changes):
    with pytest.raises(Rejected) as raised:
        container._check(stream(**changes), most)
    return raised.value.reason, raised.value.detail


def test_a_header_is_checked_before_anything_is_decoded():
    container._check(stream(), 64 * 48)
    assert checked(64 * 48 - 1)[1].startswith("64 × 48 px are more than")
    assert checked(aspect=Fraction(2))[1].startswith("128 × 48 px are more than")
    for missing in ({"width": 0}, {"height": 0}):
        assert checked(**missing) == (
            "unsupported", "the size of its frames is missing or impossible",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("key", "number", "words"),
    [
        ("color_trc", 8, "light is coded as linear"),
        ("color_trc", 9, "light is coded as logarithmic"),
        ("color_trc", 10, "light is coded as logarithmic"),
        ("color_trc", 16, "light is coded as PQ (HDR)"),
        ("color_trc", 17, "light is coded as SMPTE 428"),
        ("color_trc", 18, "light is coded as HLG (HDR)"),
        ("color_primaries", 9, "colours are coded as BT.2020"),
        ("color_primaries", 10, "colours are coded as CIE XYZ"),
        ("color_primaries", 11, "colours are coded as DCI-P3"),
        ("color_primaries", 12, "colours are coded as Display P3"),
    ],
)
def test_colours_that_srgb_cannot_hold_are_named(key, number, words):
    """By the numbers of ITU-T H.273."""
    assert checked(**{key: number}) == (
        "unsupported", f"its {words}, which sRGB cannot hold; convert it to BT.709",
    )  # fmt: skip


@pytest.mark.parametrize("number", [1, 2, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_transfer_functions_of_other_screens_are_read(number):
    container._check(stream(color_trc=number, color_primaries=5), 64 * 48)


def test_a_clip_of_covers_or_sound_holds_no_pictures():
    cover = SimpleNamespace(type="video", disposition=container_disposition())
    for streams, words in (
        ([], "only a cover"),
        (["audio"], "only audio"),
        (["subtitle", "audio", "audio"], "only audio, subtitle"),
    ):
        others = [SimpleNamespace(type=kind) for kind in streams]

        class Streams(list):
            video = (cover,)

        with pytest.raises(Rejected) as raised:
            container._pictures(SimpleNamespace(streams=Streams([cover, *others])))
        assert raised.value.reason == "not a clip"
        assert raised.value.detail == f"it holds no pictures, {words}"


def container_disposition():
    from av.stream import Disposition

    return Disposition.attached_pic


def box(kind, size, length=None):
    return (size if length is None else length).to_bytes(4) + kind + bytes(size - 8)


LONG = (1).to_bytes(4) + b"mdat" + (100).to_bytes(8) + bytes(84)
EBML = b"\x1a\x45\xdf\xa3\x84abcd\x18\x53\x80\x67"  # a header of 4 bytes, and the segment's mark


@pytest.mark.parametrize(
    ("whole", "least"),
    [
        (box(b"ftyp", 32) + box(b"mdat", 100), 1),
        (box(b"free", 16) + box(b"moov", 50), 1),
        (box(b"wide", 8) + LONG, 1),
        (b"RIFF" + (200).to_bytes(4, "little") + bytes(200), 1),
        (EBML + b"\x8a" + bytes(10), 1),
        (EBML + b"\x40\x80" + bytes(128), 1),
        (b"GIF89a" + bytes(2000) + b";", 1),
        (b"GIF89a" + bytes(2000) + b";\0\0", 3),
    ],
)
def test_a_missing_end_is_noticed_to_the_byte(whole, least):
    assert not container._cut_short(io.BytesIO(whole))
    assert container._cut_short(io.BytesIO(whole[:-least]))


@pytest.mark.parametrize(
    "whole",
    [
        box(b"ftyp", 32) + box(b"mdat", 50, length=0),  # to the end of the file
        EBML + b"\xff" + bytes(10),  # of unknown length
        EBML + b"\x01" + b"\xff" * 7 + bytes(10),
        b"another format" + bytes(100),
    ],
)
def test_files_that_do_not_say_where_they_end_are_not_cut_short(whole):
    assert not container._cut_short(io.BytesIO(whole))
    assert not container._cut_short(io.BytesIO(whole[:-5]))


def test_a_gif_ends_where_its_blocks_do_whatever_follows(tmp_path):
    """Not where a byte looks like its trailer, which pictures hold by chance."""
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (40, 60), dtype=np.uint8)
    frames = [Image.fromarray(noise + i).convert("P") for i in range(4)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], comment=b"a; b", loop=0)
    whole = file.getvalue()
    assert whole.count(b";") > 2
    for end in (b"", b"\0\0", b"\r\n", b"any words\0" * 300):
        assert not container._cut_short(io.BytesIO(whole + end))
    for length in (len(whole) - 1, len(whole) - 2, *range(14, len(whole) - 2, 97)):
        assert container._cut_short(io.BytesIO(whole[:length])), length


def test_after_the_whole_film_anything_may_follow(tmp_path):
    film = box(b"ftyp", 32) + box(b"moov", 50) + box(b"mdat", 100)
    for more in (b"0123456789abcdef" * 2, b"\xff" * 40, box(b"junk", 30, length=5000)):
        assert not container._cut_short(io.BytesIO(film + more))
    # but a box of the film is missed, and so is what follows an unfinished film
    assert container._cut_short(io.BytesIO(film + box(b"mdat", 30, length=5000)))
    assert container._cut_short(io.BytesIO(film + box(b"moof", 30, length=5000)))
    assert container._cut_short(io.BytesIO(film[:82] + box(b"junk", 30, length=5000)))


def test_titles_may_be_in_any_encoding(tmp_path):
    path = tmp_path / "a.gif"
    pictures = [Image.new("L", (8, 8), grey) for grey in (0, 255)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], comment=b"\xa9 caf\xe9")
    with container.open_clip(path, 64) as (clip, stream):
        assert len(list(clip.decode(stream))) == 2
        assert "caf" in clip.metadata["comment"]


def test_an_encrypted_clip_is_not_called_damaged(tmp_path):
    """ISO/IEC 23001-7, which says it with each packet; Matroska says it at its start."""
    path = tmp_path / "a.mp4"
    key = {
        "encryption_scheme": "cenc-aes-ctr",
        "encryption_key": "0" * 32,
        "encryption_kid": "1" * 32,
    }
    with av.open(path, "w", container_options=key) as out:
        coded = out.add_stream("libx264", rate=25)
        coded.width, coded.height, coded.pix_fmt = 64, 48, "yuv420p"
        noise = np.random.default_rng(0).integers(0, 256, (5, 48, 64, 3), np.uint8)
        for frame in noise:
            out.mux(coded.encode(av.VideoFrame.from_ndarray(frame)))
        out.mux(coded.encode(None))
    with pytest.raises(Rejected) as raised:
        list(stills(path, every=1, max_pixels=10**6))
    assert str(raised.value) == "unsupported: it is encrypted; decrypt it"
    matroska = SimpleNamespace(metadata={"enc_key_id": "AAAA"})
    assert container._encrypted(None, matroska)
