"""PNG files: remarks of all sizes, damage to what is no part of the picture, and coded colours."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from catsight.frames.decode import decode_bytes
from catsight.frames.item import Rejected
from catsight.frames.png import split

MANY = 10**7
RGB = np.random.default_rng(0).integers(0, 256, (9, 11, 3), dtype=np.uint8)


def chunk(kind, data, checksum=None):
    right = zlib.crc32(kind + data)
    return (
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", right if checksum is None else checksum)
    )


def png(*more, rgb=RGB, **options):
    """A PNG with further chunks before its picture's."""
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG", **options)
    data = file.getvalue()
    return data[:33] + b"".join(more) + data[33:]


@pytest.mark.parametrize(
    "remark",
    [
        chunk(b"tEXt", b"a\0" + b"b" * 3_000_000),
        chunk(b"zTXt", b"workflow\0\0" + zlib.compress(b"0," * 2_000_000)),
        chunk(b"iTXt", b"XML\0\1\0\0\0" + zlib.compress(b"<x>" * 1_000_000)),
        chunk(b"tEXt", b"a\0bc", checksum=0),
        chunk(b"tIME", b"any", checksum=7),
        chunk(b"pHYs", bytes(9), checksum=7),
        chunk(b"gAMA", struct.pack(">I", 100_000), checksum=7),
        chunk(b"eXIf", b"Exif", checksum=7),
        chunk(b"prVt", b"of some program", checksum=7),
        *(
            chunk(kind, b"")
            for kind in (b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"eXIf", b"pHYs", b"bKGD")
        ),
        *(chunk(kind, b"\0\0\1") for kind in (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"pHYs")),
    ],
)
def test_what_is_no_part_of_the_picture_does_not_matter(remark):
    np.testing.assert_array_equal(decode_bytes(png(remark), MANY, "a"), RGB)


@pytest.mark.parametrize("default", [False, True], ids=["first frame", "default picture"])
def test_of_an_animation_the_default_picture_is_shown(default):
    file = io.BytesIO()
    others = [Image.fromarray(RGB // n) for n in (2, 3)]
    Image.fromarray(RGB).save(
        file, "PNG", save_all=True, append_images=others, default_image=default
    )
    data = file.getvalue()
    assert b"acTL" in data and b"fdAT" in data
    np.testing.assert_array_equal(decode_bytes(data, MANY, "a"), RGB)
    # out of order, which concerns the other frames alone
    at = data.rindex(b"fcTL") - 4
    repeated = data[:at] + data[at : at + 38] + data[at:]
    np.testing.assert_array_equal(decode_bytes(repeated, MANY, "a"), RGB)


def test_a_profile_of_more_than_a_megabyte_is_used():
    """Its second half is no part of it, as of those with large tables."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    padded = (len(profile) + 2_000_000).to_bytes(4) + profile[4:] + bytes(2_000_000)
    seen = decode_bytes(png(icc_profile=padded), MANY, "a")
    np.testing.assert_allclose(seen.astype(int), RGB, atol=1)


def test_damage_to_the_picture_itself_is_found_as_before():
    whole = png(chunk(b"tEXt", b"a\0b"))
    at = whole.index(b"IDAT") + 12
    for bad in (whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :], whole[:-30], whole[:at]):
        with pytest.raises(Rejected, match="truncated"):
            decode_bytes(bad, MANY, "a")


def test_damaged_transparency_is_damage():
    """A key of transparency, which would otherwise show as its colour."""
    key = chunk(b"tRNS", struct.pack(">3H", *RGB[0, 0].tolist()))
    assert (decode_bytes(png(key), MANY, "a")[0, 0] == 128).all()
    with pytest.raises(Rejected, match="truncated"):
        decode_bytes(png(chunk(b"tRNS", bytes(6), checksum=3)), MANY, "a")


def test_a_file_is_split_into_its_pixels_and_what_is_said_about_them():
    text, gamma = chunk(b"tEXt", b"a\0b"), chunk(b"gAMA", struct.pack(">I", 45455))
    about, pixels = split(io.BytesIO(png(text, gamma, chunk(b"pHYs", bytes(9)), text)))
    whole = png()
    first = whole.index(b"IDAT") - 4
    assert about.read() == whole[:first] + gamma + whole[-12:]
    assert pixels == whole


def test_a_missing_mark_of_the_end_is_put_there():
    np.testing.assert_array_equal(decode_bytes(png()[:-12], MANY, "a"), RGB)


@pytest.mark.parametrize(
    ("coded", "words"),
    [
        ([9, 16, 0, 1], "its light is coded as PQ (HDR), which sRGB cannot hold"),
        ([9, 18, 0, 1], "its light is coded as HLG (HDR)"),
        ([1, 8, 0, 1], "its light is coded as linear"),
        ([12, 13, 0, 1], "its colours are coded as Display P3"),
        ([9, 13, 0, 1], "its colours are coded as BT.2020"),
        ([4, 13, 0, 1], "its colours are coded as BT.470 M"),
    ],
)
def test_coded_light_and_colours_that_srgb_cannot_hold_are_named(coded, words):
    with pytest.raises(Rejected) as caught:
        decode_bytes(png(chunk(b"cICP", bytes(coded))), MANY, "a")
    assert caught.value.reason == "unsupported" and words in caught.value.detail


def test_coded_srgb_is_used_and_wide_colours_with_their_profile():
    srgb = chunk(b"cICP", bytes([1, 13, 0, 1]))
    np.testing.assert_array_equal(decode_bytes(png(srgb), MANY, "a"), RGB)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wide = png(chunk(b"cICP", bytes([12, 13, 0, 1])), icc_profile=profile)
    np.testing.assert_allclose(decode_bytes(wide, MANY, "a").astype(int), RGB, atol=1)


def gamma(value):
    return chunk(b"gAMA", struct.pack(">I", round(100_000 * value)))


#: White, red, green, blue of sRGB, and of Adobe RGB, as cHRM.
_PLACES = [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000]
_ADOBE = [31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000]


def places(values):
    return chunk(b"cHRM", struct.pack(">8I", *values))


def encoded(linear):
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def test_a_stated_gamma_is_applied():
    """1.0 is linear light; 0.45455 is sRGB's; a chunk sRGB overrules both."""
    wanted = encoded(RGB / 255)
    np.testing.assert_allclose(decode_bytes(png(gamma(1.0)), MANY, "a"), wanted, atol=0.51)
    np.testing.assert_array_equal(decode_bytes(png(gamma(0.45455)), MANY, "a"), RGB)
    np.testing.assert_array_equal(decode_bytes(png(gamma(0.45)), MANY, "a"), RGB)
    ruled = png(gamma(1.0), chunk(b"sRGB", b"\0"))
    np.testing.assert_array_equal(decode_bytes(ruled, MANY, "a"), RGB)


def test_stated_primaries_are_applied_as_colour_science_does():
    colour = pytest.importorskip("colour")
    spaces = colour.RGB_COLOURSPACES
    seen = decode_bytes(png(gamma(1 / 2.2), places(_ADOBE)), MANY, "a")
    linear = colour.RGB_to_RGB(
        (RGB / 255) ** 2.2,
        spaces["Adobe RGB (1998)"],
        spaces["sRGB"],
        chromatic_adaptation_transform=None,
    )
    np.testing.assert_allclose(seen, encoded(np.clip(linear, 0, 1)), atol=0.8)
    np.testing.assert_array_equal(
        decode_bytes(png(gamma(0.45455), places(_PLACES)), MANY, "a"), RGB
    )
