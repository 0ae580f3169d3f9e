"""Values of more than 8 bits keep their depth until profile, transparency and range are applied."""

import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import tifffile
from imagecodecs import cms_profile
from PIL import Image

from catsight.frames.decode import decode_bytes
from catsight.frames.item import Rejected

MANY = 10**8
_WHITE, _PRIMARIES = (0.3127, 0.3290), (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
LINEAR = cms_profile("rgb", whitepoint=_WHITE, primaries=_PRIMARIES, gamma=1.0)
LINEAR_GREY = cms_profile("gray", whitepoint=_WHITE, gamma=1.0)
#: The dark twentieth of a scene, in linear light: 64 levels of sRGB, but 14 of 8 linear bits.
DARK = np.linspace(0, 0.05, 256)


def srgb(linear):
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(values, colour_type, bits=16, *more):
    """A PNG of values (h, w, channels), by its specification; ``more``: chunks before the pixels."""
    height, width, _ = values.shape
    rows = b""
    for row in values:
        digits = "".join(f"{value:0{bits}b}" for value in row.ravel().tolist())
        digits += "0" * (-len(digits) % 8)
        rows += b"\0" + int(digits, 2).to_bytes(len(digits) // 8)
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    parts = (
        chunk(b"IHDR", header),
        *more,
        chunk(b"IDAT", zlib.compress(rows)),
        chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def icc(profile):
    return chunk(b"iCCP", b"any\0\0" + zlib.compress(profile))


def tiff(values, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()


def packed_tiff(grey, bits, profile=b""):
    """A grey TIFF, big-endian, whose rows of packed bits end at whole bytes, by its specification."""
    height, width = grey.shape
    data = b""
    for row in grey.tolist():
        digits = "".join(f"{value:0{bits}b}" for value in row)
        digits += "0" * (-len(digits) % 8)
        data += int(digits, 2).to_bytes(len(digits) // 8)
    pixels = len(data) + len(data) % 2
    data = data.ljust(pixels, b"\0") + profile
    data += bytes(len(data) % 2)
    tags = [  # of shorts (3), longs (4), and bytes (7)
        (256, 3, 1, width << 16), (257, 3, 1, height << 16), (258, 3, 1, bits << 16),
        (259, 3, 1, 1 << 16), (262, 3, 1, 1 << 16), (273, 4, 1, 8), (277, 3, 1, 1 << 16),
        (278, 3, 1, height << 16), (279, 4, 1, pixels),
    ]  # fmt: skip
    if profile:
        tags.append((34675, 7, len(profile), 8 + pixels))
    directory = b"".join(struct.pack(">HHII", *tag) for tag in tags)
    start = struct.pack(">2sHI", b"MM", 42, 8 + len(data))
    return start + data + struct.pack(">H", len(tags)) + directory + bytes(4)


def seen(data):
    return decode_bytes(data, MANY, "a").astype(float)


def ramp(channels, kind=np.uint16, white=65535):
    """DARK in every channel of a row of pixels, as (2, 256, channels)."""
    values = DARK if np.dtype(kind).kind == "f" else np.rint(DARK * white)
    return np.broadcast_to(values[None, :, None], (2, 256, channels)).astype(kind)


def opaque(values, white=65535):
    return np.concatenate([values, np.full_like(values[..., :1], white)], axis=-1)


_GAMMA = chunk(b"gAMA", struct.pack(">I", 100_000))
_DEEP = {
    "png rgb": lambda: png(ramp(3), 2, 16, icc(LINEAR)),
    "png rgba": lambda: png(opaque(ramp(3)), 6, 16, icc(LINEAR)),
    "png grey": lambda: png(ramp(1), 0, 16, icc(LINEAR_GREY)),
    "png grey of an rgb profile": lambda: png(ramp(1), 0, 16, icc(LINEAR)),
    "png grey and opacity": lambda: png(opaque(ramp(1)), 4, 16, icc(LINEAR_GREY)),
    "png key": lambda: png(ramp(3), 2, 16, icc(LINEAR), chunk(b"tRNS", b"\1\2\3\4\5\6")),
    "png grey key": lambda: png(ramp(1), 0, 16, icc(LINEAR_GREY), chunk(b"tRNS", b"\xff\1")),
    "png gamma": lambda: png(ramp(3), 2, 16, _GAMMA),
    "png grey gamma": lambda: png(ramp(1), 0, 16, _GAMMA),
    "tiff rgb": lambda: tiff(ramp(3), photometric="rgb", iccprofile=LINEAR),
    "tiff zip": lambda: tiff(
        ramp(3), photometric="rgb", compression="zlib", predictor=2, iccprofile=LINEAR
    ),
    "tiff lzw": lambda: tiff(
        ramp(3), photometric="rgb", compression="lzw", byteorder=">", iccprofile=LINEAR
    ),
    "tiff planes": lambda: tiff(
        np.moveaxis(ramp(3), -1, 0), photometric="rgb", planarconfig="separate", iccprofile=LINEAR
    ),
    "tiff opacity": lambda: tiff(
        opaque(ramp(3)), photometric="rgb", extrasamples=["unassalpha"], iccprofile=LINEAR
    ),
    "tiff premultiplied": lambda: tiff(
        opaque(ramp(3)), photometric="rgb", extrasamples=["assocalpha"], iccprofile=LINEAR
    ),
    "tiff grey": lambda: tiff(ramp(1)[..., 0], photometric="minisblack", iccprofile=LINEAR_GREY),
    "tiff white is zero": lambda: tiff(
        65535 - ramp(1)[..., 0], photometric="miniswhite", iccprofile=LINEAR_GREY
    ),
    "tiff grey and opacity": lambda: tiff(
        opaque(ramp(1)), photometric="minisblack", planarconfig="contig",
        extrasamples=["unassalpha"], iccprofile=LINEAR_GREY,
    ),
    "tiff 12 bits": lambda: packed_tiff(ramp(1, white=4095)[..., 0], 12, LINEAR_GREY),
    "tiff float": lambda: tiff(
        one_white(ramp(3, np.float32)), photometric="rgb", iccprofile=LINEAR
    ),
    "tiff half floats": lambda: tiff(
        one_white(ramp(3, np.float16)), photometric="rgb", iccprofile=LINEAR
    ),
    "tiff double grey": lambda: tiff(
        one_white(ramp(1, np.float64))[..., 0], photometric="minisblack", iccprofile=LINEAR_GREY
    ),
    "tiff float predictor": lambda: tiff(
        one_white(ramp(3, np.float32)), photometric="rgb", compression="zlib", predictor=3,
        iccprofile=LINEAR,
    ),
    "tiff palette": lambda: tiff(
        np.tile(np.arange(256, dtype=np.uint8), (2, 1)), photometric="palette",
        colormap=np.tile(np.rint(DARK * 65535).astype(np.uint16), (3, 1)), iccprofile=LINEAR,
    ),
}  # fmt: skip


def one_white(values):
    """With a white pixel at the end: floats all below 1/255 are in no range that is known."""
    values = values.copy()
    values[-1, -1] = 1
    return values


@pytest.mark.parametrize("name", _DEEP)
def test_a_dark_linear_ramp_keeps_all_its_levels(name):
    row = seen(_DEEP[name]())[0]
    wanted = srgb(DARK)
    coarse = 0.5 * 12.92 * 255 / 4095 if "12 bits" in name else 0  # half a step of 12 bits
    np.testing.assert_allclose(row, wanted[:, None].repeat(3, 1), atol=0.52 + coarse, err_msg=name)
    assert len(np.unique(row[:, 1])) >= (60 if coarse else 64)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_inks_absorb_light_one_after_the_other(kind):
    rng = np.random.default_rng(1)
    white = np.iinfo(kind).max
    inks = rng.integers(0, white + 1, (5, 7, 4), dtype=kind)
    wanted = 255 * (1 - inks[..., :3] / white) * (1 - inks[..., 3:] / white)
    np.testing.assert_allclose(seen(tiff(inks, photometric="separated")), wanted, atol=0.501)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_keys_of_transparency_are_compared_with_values_as_stored(bits):
    """Only the very value of the key is transparent, whatever it becomes in 8 bits."""
    values = np.array([[[0], [1], [2**bits - 1]]])
    grey = seen(png(values, 0, bits, chunk(b"tRNS", struct.pack(">H", 1))))[0, :, 0]
    wanted = np.rint(255 * values[0, :, 0] / (2**bits - 1))
    wanted[values[0, :, 0] == 1] = 128
    np.testing.assert_array_equal(grey, wanted)
    if bits >= 8:
        rgb = np.array([[[7, 8, 9], [7, 8, 10], [8, 8, 9]]])
        got = seen(png(rgb, 2, bits, chunk(b"tRNS", struct.pack(">3H", 7, 8, 9))))[0]
        np.testing.assert_array_equal(got[0], [128] * 3)
        np.testing.assert_array_equal(got[1:], np.rint(255 * rgb[0, 1:] / (2**bits - 1)))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes_of_pngs_with_opacities_and_a_profile(bits):
    entries = np.random.default_rng(2).integers(0, 256, (2**bits, 3), dtype=np.uint8)
    opacities = np.array([0, 51], np.uint8)  # those of the others are 255
    index = np.arange(2**bits).reshape(1, -1, 1)
    data = png(
        index, 3, bits, icc(LINEAR), chunk(b"PLTE", entries.tobytes()),
        chunk(b"tRNS", opacities.tobytes()),
    )  # fmt: skip
    share = np.r_[opacities, np.full(2**bits - 2, 255)][:, None] / 255
    wanted = srgb(entries / 255) * share + 128 * (1 - share)
    np.testing.assert_allclose(seen(data)[0], wanted, atol=1)


def test_palettes_of_tiffs_of_one_bit():
    """Whose values are not 0 and 1 to tifffile, but False and True."""
    bits = np.eye(11, dtype=bool)
    palette = (320, "H", 6, [257 * value for value in (9, 250, 99, 0, 200, 50)], True)
    data = bytearray(tiff(bits, photometric="minisblack", extratags=[palette]))
    with tifffile.TiffFile(io.BytesIO(data)) as opened:
        place = opened.pages.first.tags["PhotometricInterpretation"].valueoffset
    data[place] = 3  # a palette
    colours = np.where(bits[..., None], [250, 0, 50], [9, 99, 200])
    np.testing.assert_array_equal(seen(bytes(data)), colours)


@pytest.mark.parametrize("scale", [1, 256, 257])
def test_palettes_of_tiffs_whose_writers_put_8_bits_anywhere(scale):
    entries = np.arange(256, dtype=np.uint16)
    data = tiff(
        entries[None].astype(np.uint8),
        photometric="palette",
        colormap=np.stack([entries, entries[::-1], entries]) * np.uint16(scale),
    )
    np.testing.assert_array_equal(
        seen(data)[0], np.stack([entries, entries[::-1], entries], axis=1)
    )


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_colours_stored_times_their_opacity_pass_the_profile_without_it(kind):
    white = 65535 if kind is np.uint16 else 1
    linear, opacity = np.array([0.2, 0.5, 1.0]), np.array([0.25, 0.5, 1.0])
    values = (np.stack([linear * opacity] * 3 + [opacity], axis=-1)[None] * white).astype(kind)
    data = tiff(values, photometric="rgb", extrasamples=["assocalpha"], iccprofile=LINEAR)
    wanted = srgb(linear) * opacity + 128 * (1 - opacity)
    np.testing.assert_allclose(seen(data)[0, :, 1], wanted, atol=0.6)


def test_colours_above_their_opacity_are_white_at_most():
    """No writer should make them; shares above 1 would wrap around."""
    values = np.array([[[60000, 20000, 0, 30000]]], np.uint16)
    got = seen(tiff(values, photometric="rgb", extrasamples=["assocalpha"]))[0, 0]
    opacity = 30000 / 65535
    wanted = 255 * np.array([1, 20000 / 30000, 0]) * opacity + 128 * (1 - opacity)
    np.testing.assert_allclose(got, wanted, atol=0.51)


def test_a_colour_beside_sRGB_is_not_interpolated():
    """Colours of 16 bits that sRGB can just not hold: Little CMS's tables are 10 levels off."""
    wide = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
    profile = cms_profile("rgb", whitepoint=_WHITE, primaries=wide, gamma=2.2)
    rgb = np.random.default_rng(3).integers(0, 256, (40, 40, 3)).astype(np.uint16) * 257

    def to_xyz(primaries):
        columns = [
            [x / y, 1, (1 - x - y) / y] for x, y in np.reshape((*_WHITE, *primaries), (4, 2))
        ]
        white, columns = np.array(columns[0]), np.array(columns[1:]).T
        return columns * np.linalg.solve(columns, white)

    linear = (rgb / 65535) ** 2.2 @ (np.linalg.inv(to_xyz(_PRIMARIES)) @ to_xyz(wide)).T
    got = seen(tiff(rgb, photometric="rgb", iccprofile=profile))
    np.testing.assert_allclose(got, srgb(np.clip(linear, 0, 1)), atol=0.8)


def test_primaries_and_transfer_that_a_tiff_states():
    """As 3 tables or one; without a table, an exponent of 2.2; beside an ICC profile, ignored."""
    linear = np.arange(65536).tolist()
    rgb = ramp(3)
    white = [(301, "H", 65536, linear, True)]
    three = [(301, "H", 3 * 65536, linear * 3, True)]
    for tags in (white, three):
        np.testing.assert_allclose(
            seen(tiff(rgb, photometric="rgb", extratags=tags))[0, :, 0], srgb(DARK), atol=0.52
        )
    ratios = [(31270, 100_000), (32900, 100_000)]
    swapped = [(30, 100), (60, 100), (64, 100), (33, 100), (15, 100), (6, 100)]
    places = [
        (318, 5, 2, [part for ratio in ratios for part in ratio], True),
        (319, 5, 6, [part for ratio in swapped for part in ratio], True),
    ]
    pure = np.zeros((1, 2, 3), np.uint8)
    pure[0, 0, 0] = pure[0, 1, 2] = 255
    got = seen(tiff(pure, photometric="rgb", extratags=places))
    np.testing.assert_allclose(got[0], [[0, 255, 0], [0, 0, 255]], atol=1)


@pytest.mark.parametrize(
    "tag",
    [
        (318, 5, 2, [0, 1, 0, 1], True),
        (301, "H", 256, [65280] * 256, True),
        (301, "H", 256, list(range(65535, -1, -257)), True),
        (301, "H", 256, [*range(0, 40000, 200), *range(20000, 65536, 820)], True),
    ],
    ids=["a white point of 0", "all is white", "black is white", "it falls between"],
)
def test_a_statement_about_colours_that_makes_no_sense_is_noted(capsys, tag):
    rgb = np.full((2, 2, 3), 90, np.uint8)
    np.testing.assert_array_equal(seen(tiff(rgb, photometric="rgb", extratags=[tag])), rgb)
    assert "what it says of its colours cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"tile": (16, 16)}])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_deep_tiffs_that_are_cut_short_are_no_black_pictures(options, kept):
    values = np.random.default_rng(4).integers(0, 65536, (64, 64, 3), dtype=np.uint16)
    data = tiff(values, photometric="rgb", **options)
    for cut in (data[: int(kept * len(data))], data[:-1]):
        with pytest.raises(Rejected, match="truncated"):
            seen(cut)


def test_channels_that_are_no_colours_are_left_out_or_named():
    values = np.random.default_rng(5).integers(0, 65536, (6, 6, 5), dtype=np.uint16)
    more = tiff(values, photometric="rgb", extrasamples=["unspecified", "unspecified"])
    np.testing.assert_array_equal(seen(more), np.rint(values[..., :3] / 257))
    several = tiff(values, photometric="minisblack", planarconfig="contig")
    with pytest.raises(Rejected, match="5 channels a pixel"):
        seen(several)


#: Started by a process of its own, since a process begins with the peak of the one it comes from.
@pytest.mark.parametrize("bits", [2, 4, 6, 10, 14])
def test_packed_bits_run_to_white(bits):
    values = np.arange(2**bits).reshape(1, -1)[:, :: max(1, 2 ** (bits - 8))]
    values[0, -1] = 2**bits - 1
    got = seen(packed_tiff(values, bits))[0, :, 0]
    np.testing.assert_array_equal(got, np.rint(255 * values[0] / (2**bits - 1)))


@pytest.mark.parametrize("compression", ["lzma", "zstd", "webp"])
def test_compressions_that_pillow_may_lack(compression):
    values = np.random.default_rng(8).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    data = tiff(values, photometric="rgb", compression=compression)
    np.testing.assert_array_equal(seen(data), values)


@pytest.mark.parametrize(
    ("bits", "mark", "words"),
    [
        (12, 0xC1, "it is a JPEG of 12 bits, which catsight has no decoder for"),
        (8, 0xF7, "it is a JPEG-LS, which catsight has no decoder for"),
        (8, 0xC7, "it is a JPEG in steps, which catsight has no decoder for"),
    ],
)
def test_a_jpeg_that_its_decoder_does_not_know_is_not_called_damaged(bits, mark, words):
    """Frame headers of kinds that libjpeg does not decode, behind an application's segment."""
    segment = b"\xff\xe1" + struct.pack(">H", 6) + b"abcd"
    header = struct.pack(">BHHB", bits, 8, 8, 1) + bytes([1, 0x11, 0])
    frame = bytes([0xFF, mark]) + struct.pack(">H", 2 + len(header)) + header
    with pytest.raises(Rejected) as caught:
        seen(b"\xff\xd8" + segment + frame + bytes(30) + b"\xff\xd9")
    assert caught.value.reason == "unsupported" and words in caught.value.detail


@pytest.mark.parametrize("compression", ["lerc", "jpegxl", "jpeg2000"])
def test_compressions_that_bring_a_size_of_their_own_are_named(compression):
    data = tiff(ramp(3), photometric="rgb", compression=compression)
    with pytest.raises(Rejected) as caught:
        seen(data)
    assert caught.value.reason == "unsupported"
    assert f"compression {compression.upper()}" in caught.value.detail


def test_tiles_that_are_larger_than_a_picture_may_be_are_refused():
    with pytest.raises(Rejected, match="too large"):
        decode_bytes(tiff(ramp(3), photometric="rgb", tile=(1024, 1024)), 10**6, "a")


def test_a_volume_is_no_picture():
    values = np.zeros((16, 32, 32), np.uint16)
    with pytest.raises(Rejected, match="a volume of 16 planes"):
        seen(tiff(values, photometric="minisblack", volumetric=True, tile=(16, 16, 16)))


_MEASURE = """
import resource, subprocess, sys
decode = "from catsight.frames.decode import decode; import sys; decode(sys.argv[1], 10**8)"
subprocess.run([sys.executable, "-c", decode, sys.argv[1]], check=True)
unit = 1024 if sys.platform == "linux" else 1024**2
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // unit)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "tif"])
def test_24_megapixels_of_16_bits_and_opacity_take_less_than_800_megabytes(tmp_path, kind):
    row = np.random.default_rng(6).integers(0, 65536, (1, 6000, 4), dtype=np.uint16)
    values = np.broadcast_to(row, (4000, 6000, 4))
    path = tmp_path / f"a.{kind}"
    if kind == "png":
        rows = zlib.compress((b"\0" + row.astype(">u2").tobytes()) * 4000, 1)
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 6000, 4000, 16, 6, 0, 0, 0))
        parts = header, icc(LINEAR), chunk(b"IDAT", rows), chunk(b"IEND", b"")
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    else:
        tifffile.imwrite(
            path, values, photometric="rgb", extrasamples=["unassalpha"], iccprofile=LINEAR
        )
    used = subprocess.run(
        [sys.executable, "-c", _MEASURE, path], capture_output=True, text=True, check=True
    )
    assert int(used.stdout) < 800


def test_pictures_of_8_bits_come_back_as_pillow_decodes_them():
    """Interlaced or not, every kind that Pillow writes; palettes, too."""
    rng = np.random.default_rng(7)
    for mode in ("1", "L", "P", "RGB"):
        bands = 1 if mode != "RGB" else 3
        values = rng.integers(0, 256, (13, 17, bands), dtype=np.uint8)
        picture = Image.fromarray(values.squeeze())
        if mode == "P":
            picture = Image.fromarray(rng.integers(0, 256, (13, 17, 3), dtype=np.uint8)).quantize(
                40
            )
        file = io.BytesIO()
        picture.convert(mode).save(file, "PNG")
        wanted = np.asarray(Image.open(file).convert("RGB"))
        np.testing.assert_array_equal(seen(file.getvalue()), wanted, err_msg=mode)


def test_interlaced_pictures_of_16_bits():
    """Adam7 by the PNG specification: seven passes, each a picture of every n-th pixel."""
    values = np.random.default_rng(9).integers(0, 65536, (13, 11, 3), dtype=np.uint16)
    passes = [
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    ]
    rows = b"".join(
        b"\0" + row.astype(">u2").tobytes()
        for top, left, down, right in passes
        for row in values[top::down, left::right]
        if row.size
    )  # fmt: skip
    header = struct.pack(">IIBBBBB", 11, 13, 16, 2, 0, 0, 1)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    got = seen(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    np.testing.assert_array_equal(got, np.rint(values / 257))
