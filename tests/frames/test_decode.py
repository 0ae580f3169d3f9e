"""Every kind of picture, against its known pixels; every kind of bad file, against its reason."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from catsight.frames import decode as decoding
from catsight.frames.decode import Rejected, decode, decode_bytes, read_depth
from catsight.frames.raster import over_grey

MANY = 10**8


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def save(path, values, mode=None, **options):
    picture = values if isinstance(values, Image.Image) else Image.fromarray(values)
    if mode:
        picture = picture.convert(mode)
    picture.save(path, **options)
    return path


def noise(rng, *shape, dtype=np.uint8):
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


# -- plain pictures --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.webp", {"lossless": True}),
        ("a.tif", {}),
        ("a.tif", {"compression": "tiff_lzw"}),
        ("a.tif", {"compression": "tiff_adobe_deflate"}),
        ("a.JPG", {"format": "PNG"}),  # a wrong name does not matter
    ],
)
def test_lossless_files_come_back_as_they_were(tmp_path, rng, name, options):
    values = noise(rng, 20, 30, 3)
    np.testing.assert_array_equal(decode(save(tmp_path / name, values, **options), MANY), values)


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_lossy_files_come_back_nearly(tmp_path, name):
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    values = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], np.uint8(128)), axis=-1)
    got = decode(save(tmp_path / name, values, quality=95), MANY)
    assert got.dtype == np.uint8 and got.shape == (64, 64, 3)
    assert np.abs(got.astype(int) - values).mean() < 2


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_grey_has_three_equal_channels(tmp_path, name):
    values = np.repeat(np.linspace(0, 255, 32).astype(np.uint8)[None], 32, axis=0)
    got = decode(save(tmp_path / name, values), MANY)
    assert (got == got[..., :1]).all()
    assert np.abs(got[..., 0].astype(int) - values).max() <= (2 if name == "a.jpg" else 0)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_one_bit(tmp_path, rng, name):
    bits = rng.random((20, 30)) < 0.5
    np.testing.assert_array_equal(
        decode(save(tmp_path / name, bits), MANY)[..., 1], bits * np.uint8(255)
    )


def test_first_picture_of_an_animation_and_of_a_multipage_file(tmp_path, rng):
    first, second = noise(rng, 8, 9, 3), noise(rng, 8, 9, 3)
    for name, options in [("a.png", {}), ("a.webp", {"lossless": True}), ("a.tif", {})]:
        path = save(
            tmp_path / name,
            first,
            save_all=True,
            append_images=[Image.fromarray(second)],
            **options,
        )
        np.testing.assert_array_equal(decode(path, MANY), first, err_msg=name)


def test_phone_pictures_with_a_second_one_behind_them(tmp_path):
    first, second = np.full((16, 16, 3), 200, np.uint8), np.full((16, 16, 3), 20, np.uint8)
    path = save(
        tmp_path / "a.jpg",
        first,
        format="MPO",
        save_all=True,
        append_images=[Image.fromarray(second)],
    )
    np.testing.assert_array_equal(decode(path, MANY), first)


# -- upright ---------------------------------------------------------------------------------------

# Exif 2.3, tag 0x0112: what the picture's row 0 and column 0 are
STORED = {
    1: lambda a: a,  # top, left
    2: lambda a: a[:, ::-1],  # top, right
    3: lambda a: a[::-1, ::-1],  # bottom, right
    4: lambda a: a[::-1],  # bottom, left
    5: lambda a: a.swapaxes(0, 1),  # left, top
    6: lambda a: a.swapaxes(0, 1)[::-1],  # right, top
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],  # right, bottom
    8: lambda a: a.swapaxes(0, 1)[:, ::-1],  # left, bottom
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "kind", ["png", "webp", "tif", "deflated tif", "deep tif", "deep png", "float tif"]
)
def test_orientation(tmp_path, rng, orientation, kind):
    upright = noise(rng, 4, 6, 3)
    stored = np.ascontiguousarray(STORED[orientation](upright))
    path = tmp_path / f"a.{kind.split()[-1]}"
    tag = [(274, "H", 1, orientation, True)]
    if kind == "float tif":
        tifffile.imwrite(path, (stored / 255).astype(np.float32), photometric="rgb", extratags=tag)
    elif kind == "deep tif":
        tifffile.imwrite(path, stored.astype(np.uint16) * 257, photometric="rgb", extratags=tag)
    elif kind == "deep png":
        path.write_bytes(deep_png(stored.astype(np.uint16) * 257, 2, orientation))
    elif kind in ("tif", "deflated tif"):
        compression = "tiff_adobe_deflate" if kind != "tif" else None
        save(path, stored, tiffinfo={274: orientation}, compression=compression)
    else:
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(path, stored, exif=exif, **({"lossless": True} if kind == "webp" else {}))
    np.testing.assert_array_equal(decode(path, MANY), upright)


def test_orientation_of_a_jpeg(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = np.zeros((32, 16, 3), np.uint8)
    stored[16:] = 255
    got = decode(save(tmp_path / "a.jpg", stored, exif=exif, quality=95), MANY)
    assert got.shape == (16, 32, 3)
    assert got[:, :14].min() > 240 and got[:, 18:].max() < 15  # stored bottom is the left side


# -- colour profiles -------------------------------------------------------------------------------

# Colorants of sRGB (IEC 61966-2-1) and Display P3, adapted to D50: columns are red, green, blue
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
P3 = np.array(
    [[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]
)


def profile(kind, space, pcs, tags):
    """An ICC profile, version 2.1, by the specification ICC.1:2001-04."""
    offset, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += struct.pack(">4sII", name, offset + len(body), len(data))
        body += data
    header = struct.pack(
        ">I4sI4s4s4s12x4s", offset + len(body), b"", 0x02100000, kind, space, pcs, b"acsp"
    )
    header = header.ljust(68, b"\0") + xyz(0.9642, 1.0, 0.8249)[8:]
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def xyz(*values):
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))


def curve(gamma):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def matrix_profile(colorants, gamma):
    tags = {b"wtpt": xyz(0.9642, 1.0, 0.8249)}
    for i, channel in enumerate([b"r", b"g", b"b"]):
        tags |= {channel + b"XYZ": xyz(*colorants[:, i]), channel + b"TRC": curve(gamma)}
    return profile(b"mntr", b"RGB ", b"XYZ ", tags)


def srgb_coded(linear):
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(("colorants", "gamma"), [(SRGB, 1.0), (SRGB, 1.8), (P3, 2.2), (P3, 1.0)])
@pytest.mark.parametrize("kind", ["png", "tif", "webp", "deep tif", "float tif"])
def test_colours_pass_through_the_profile(tmp_path, rng, colorants, gamma, kind):
    values = noise(rng, 16, 16, 3)
    icc, path = matrix_profile(colorants, gamma), tmp_path / f"a.{kind.split()[-1]}"
    if kind == "deep tif":
        tifffile.imwrite(path, values.astype(np.uint16) * 257, photometric="rgb", iccprofile=icc)
    elif kind == "float tif":
        tifffile.imwrite(path, (values / 255).astype(np.float32), photometric="rgb", iccprofile=icc)
    else:
        save(path, values, icc_profile=icc, **({"lossless": True} if kind == "webp" else {}))
    expected = srgb_coded((values / 255.0) ** gamma @ (np.linalg.inv(SRGB) @ colorants).T)
    got = decode(path, MANY).astype(float)
    assert np.abs(got - expected).max() <= 2  # the colour engine works in 16-bit fixed point
    assert np.abs(got - values).max() > 10  # and the profile is not sRGB's


def test_grey_passes_through_a_grey_profile(tmp_path):
    icc = profile(
        b"mntr", b"GRAY", b"XYZ ", {b"wtpt": xyz(0.9642, 1.0, 0.8249), b"kTRC": curve(1.0)}
    )
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    got = decode(save(tmp_path / "a.png", values, icc_profile=icc), MANY)
    assert (np.ptp(got.astype(int), axis=-1) <= 1).all()
    assert np.abs(got[..., 1] - srgb_coded(values / 255)).max() <= 2


def test_transparent_colours_pass_through_the_profile_before_they_are_mixed(tmp_path):
    values = np.full((4, 4, 4), 100, np.uint8)
    values[..., 3] = 51
    got = decode(save(tmp_path / "a.png", values, icc_profile=matrix_profile(SRGB, 1.0)), MANY)
    expected = 0.2 * srgb_coded(np.float64(100 / 255)) + 0.8 * 128
    assert np.abs(got - expected).max() <= 1


def cmyk_profile():
    """A profile of made-up inks: the paper is white; black ink alone gives mid-grey, L* = 50."""
    clut = np.full((2, 2, 2, 2, 3), 128, np.uint8)  # c, m, y, k; L*, a*, b* with 128 the neutral
    clut[..., 0] = 0
    clut[0, 0, 0, 0, 0], clut[0, 0, 0, 1, 0] = 255, 128
    ramp = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0])
    lut += (
        struct.pack(">9i", *(np.eye(3, dtype=int).ravel() * 65536))
        + ramp * 4
        + clut.tobytes()
        + ramp * 3
    )
    return profile(b"prtr", b"CMYK", b"Lab ", {b"wtpt": xyz(0.9642, 1.0, 0.8249), b"A2B0": lut})


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk(tmp_path, name):
    inks = np.zeros((16, 32, 4), np.uint8)
    inks[:, 16:, 3] = 255
    picture = Image.frombytes("CMYK", (32, 16), inks.tobytes())
    plain = decode(save(tmp_path / name, picture, quality=95), MANY)
    assert plain[:, :14].min() > 250 and plain[:, 18:].max() < 5
    profiled = decode(save(tmp_path / name, picture, icc_profile=cmyk_profile(), quality=95), MANY)
    assert profiled[:, :14].min() > 250
    assert np.abs(profiled[:, 18:].astype(int) - 119).max() <= 3  # L* = 50 is Y = 0.184, sRGB 119


def test_a_broken_profile_is_ignored_with_a_note(tmp_path, rng, capsys):
    values = noise(rng, 8, 8, 3)
    path = save(tmp_path / "a.png", values, icc_profile=b"no profile at all")
    np.testing.assert_array_equal(decode(path, MANY), values)
    assert "a.png" in (said := capsys.readouterr().err) and "profile" in said
    # a sound profile, but of another kind of colour than the picture's
    icc = profile(
        b"mntr", b"GRAY", b"XYZ ", {b"wtpt": xyz(0.9642, 1.0, 0.8249), b"kTRC": curve(1.0)}
    )
    np.testing.assert_array_equal(decode(save(path, values, icc_profile=icc), MANY), values)
    assert "profile" in capsys.readouterr().err


# -- 16 bits, floats -------------------------------------------------------------------------------


def deep_png(values, colour_type, orientation=None):
    """A 16-bit PNG, by the specification; Pillow writes none in colour."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    exif = b""
    if orientation:
        exif = chunk(
            b"eXIf", b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)
        )
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    end = exif + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + end


def rounded(values):
    return np.floor(values / 257 + 0.5).astype(np.uint8)


def test_16_bit_grey(tmp_path):
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    (tmp_path / "a.png").write_bytes(deep_png(values, 0))
    tifffile.imwrite(tmp_path / "a.tif", values)
    tifffile.imwrite(tmp_path / "big-endian.tif", values, byteorder=">")
    tifffile.imwrite(tmp_path / "zip.tif", values, compression="zlib")
    tifffile.imwrite(tmp_path / "negative.tif", 65535 - values, photometric="miniswhite")
    for path in sorted(tmp_path.iterdir()):
        got = decode(path, MANY)
        assert (got == got[..., :1]).all(), path.name
        np.testing.assert_array_equal(got[..., 0], rounded(values), err_msg=path.name)


def test_16_bit_colour(tmp_path, rng):
    values = noise(rng, 50, 60, 3, dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(deep_png(values, 2))
    for name, options in {
        "a": {},
        "big-endian": {"byteorder": ">"},
        "zip": {"compression": "zlib", "predictor": True},
        "big-endian-zip": {"compression": "zlib", "byteorder": ">"},
        "tiled": {"tile": (32, 32)},
        "bigtiff": {"bigtiff": True},
    }.items():
        tifffile.imwrite(tmp_path / f"{name}.tif", values, photometric="rgb", **options)
    planes = np.moveaxis(values, -1, 0)
    tifffile.imwrite(tmp_path / "planes.tif", planes, photometric="rgb", planarconfig="separate")
    for path in sorted(tmp_path.iterdir()):
        np.testing.assert_array_equal(decode(path, MANY), rounded(values), err_msg=path.name)


@pytest.mark.parametrize("make", ["png", "tif"])
def test_16_bit_colour_with_transparency(tmp_path, rng, make):
    values = noise(rng, 20, 30, 4, dtype=np.uint16)
    path = tmp_path / f"a.{make}"
    if make == "png":
        path.write_bytes(deep_png(values, 6))
    else:
        tifffile.imwrite(path, values, photometric="rgb", extrasamples=["unassalpha"])
    alpha = values[..., 3:] / 65535
    expected = values[..., :3] / 257 * alpha + 128 * (1 - alpha)
    assert np.abs(decode(path, MANY) - expected).max() <= 0.5 + 1e-4


def test_16_bit_cmyk(tmp_path):
    inks = np.zeros((4, 4, 4), np.uint16)
    inks[..., 0] = 30000
    tifffile.imwrite(tmp_path / "a.tif", inks, photometric="separated")
    red, green, blue = decode(tmp_path / "a.tif", MANY)[0, 0]
    assert abs(int(red) - (255 - 117)) <= 1 and green == blue == 255  # 30000 / 257 = 116.7


def test_floats_are_taken_where_they_clearly_run_from_0_to_1(tmp_path, rng):
    for name, shape in [("grey.tif", (20, 30)), ("colour.tif", (20, 30, 3))]:
        values = rng.random(shape).astype(np.float32)
        tifffile.imwrite(
            tmp_path / name, values, photometric="rgb" if len(shape) == 3 else "minisblack"
        )
        expected = np.rint(values.astype(float) * 255)
        got = decode(tmp_path / name, MANY)
        np.testing.assert_array_equal(got if len(shape) == 3 else got[..., 0], expected)
    for bad in (values * 255, values - 0.5, np.where(values > 0.5, np.nan, values), values * 0):
        tifffile.imwrite(tmp_path / "bad.tif", bad.astype(np.float32), photometric="rgb")
        with pytest.raises(Rejected, match=r"unsupported.*0 to 1"):
            decode(tmp_path / "bad.tif", MANY)


# -- transparency ----------------------------------------------------------------------------------


def test_transparency_shows_mid_grey(tmp_path, rng):
    values = noise(rng, 20, 30, 4)
    alpha = values[..., 3:] / 255
    expected = values[..., :3] * alpha + 128 * (1 - alpha)
    for name, options in [
        ("a.png", {}),
        ("a.tif", {}),
        ("a.webp", {"lossless": True, "exact": True}),
    ]:
        got = decode(save(tmp_path / name, values, **options), MANY)
        assert np.abs(got - expected).max() <= 0.5 + 1e-9, name
    grey = values[..., [0, 3]]
    got = decode(save(tmp_path / "la.png", Image.frombytes("LA", (30, 20), grey.tobytes())), MANY)
    assert np.abs(got - (grey[..., :1] * alpha + 128 * (1 - alpha))).max() <= 0.5 + 1e-9


def test_opaque_alpha_changes_nothing(tmp_path, rng):
    values = noise(rng, 20, 30, 4)
    values[..., 3] = 255
    np.testing.assert_array_equal(decode(save(tmp_path / "a.png", values), MANY), values[..., :3])


def test_palettes(tmp_path):
    picture = Image.frombytes("P", (3, 1), bytes([0, 1, 2]))
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    plain = [[[10, 20, 30], [40, 50, 60], [70, 80, 90]]]
    np.testing.assert_array_equal(decode(save(tmp_path / "a.png", picture), MANY), plain)
    np.testing.assert_array_equal(
        decode(save(tmp_path / "b.png", picture, transparency=1), MANY),
        [[plain[0][0], [128] * 3, plain[0][2]]],
    )
    half = decode(save(tmp_path / "c.png", picture, transparency=bytes([255, 0, 51])), MANY)
    np.testing.assert_array_equal(
        half, [[plain[0][0], [128] * 3, [116, 118, 120]]]
    )  # 0.2 v + 0.8 * 128, rounded


def test_a_transparent_colour(tmp_path, rng):
    values = noise(rng, 4, 5, 3)
    got = decode(save(tmp_path / "a.png", values, transparency=tuple(values[0, 0].tolist())), MANY)
    assert (got[0, 0] == 128).all()
    np.testing.assert_array_equal(got[1:], values[1:])
    grey = np.array([[7, 8]], np.uint8)
    np.testing.assert_array_equal(
        decode(save(tmp_path / "b.png", grey, transparency=7), MANY)[0, :, 0], [128, 8]
    )


# -- what cannot be used ---------------------------------------------------------------------------


def reason(path, max_pixels=MANY):
    with pytest.raises(Rejected) as caught:
        decode(path, max_pixels)
    assert (
        caught.value.detail and "0x" not in caught.value.detail
    )  # no addresses: tables must repeat
    return caught.value.reason


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow says so as well
@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.jpg", {}),
        ("a.jpg", {"progressive": True}),
        ("a.png", {}),
        ("a.webp", {}),
        ("a.tif", {}),
        ("a.tif", {"compression": "tiff_lzw"}),
        ("a.tif", {"compression": "jpeg"}),
    ],
)
def test_truncated(tmp_path, rng, name, options, part):
    whole = save(tmp_path / name, noise(rng, 64, 64, 3), **options).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(part * len(whole))])
    assert reason(tmp_path / name) == "truncated"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_cut_inside_the_header(tmp_path, rng):
    for name in ("a.jpg", "a.png", "a.webp", "a.tif"):
        whole = save(tmp_path / name, noise(rng, 8, 8, 3)).read_bytes()
        (tmp_path / name).write_bytes(whole[:20])
        assert reason(tmp_path / name) == "truncated", name


def test_damaged_inside(tmp_path, rng):
    data = bytearray(save(tmp_path / "a.png", noise(rng, 64, 64, 3)).read_bytes())
    data[5000:5100] = bytes(100)
    (tmp_path / "a.png").write_bytes(data)
    assert reason(tmp_path / "a.png") == "truncated"


def test_empty_and_not_an_image(tmp_path):
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("no picture, whatever its name says\n")
    (tmp_path / "short.png").write_bytes(b"\x89P")
    assert reason(tmp_path / "empty.jpg") == "empty"
    assert reason(tmp_path / "text.jpg") == "not an image"
    assert reason(tmp_path / "short.png") == "not an image"


def test_other_kinds_of_picture(tmp_path, rng):
    values = noise(rng, 8, 8, 3)
    for name in ("a.gif", "a.bmp"):
        assert reason(save(tmp_path / name, values)) == "unsupported"
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    assert reason(tmp_path / "a.heic") == "unsupported"
    tifffile.imwrite(
        tmp_path / "raw.tif", values, photometric="rgb", subfiletype=1
    )  # a raw file's thumbnail
    assert reason(tmp_path / "raw.tif") == "unsupported"
    tifffile.imwrite(tmp_path / "deep.tif", values.astype(np.uint32), photometric="rgb")
    assert reason(tmp_path / "deep.tif") == "unsupported"
    tifffile.imwrite(tmp_path / "grey.tif", values[..., 0].astype(np.uint32))
    assert reason(tmp_path / "grey.tif") == "unsupported"
    save(tmp_path / "lab.tif", Image.fromarray(values).convert("RGB"))
    Image.frombytes("LAB", (8, 8), values.tobytes()).save(tmp_path / "lab.tif")
    assert reason(tmp_path / "lab.tif") == "unsupported"


def bomb(width, height):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_not_decoded(tmp_path, rng):
    (tmp_path / "bomb.png").write_bytes(bomb(100_000, 100_000))
    assert reason(tmp_path / "bomb.png") == "too large"
    # the file is cut short as well, which only decoding it would show
    assert reason(tmp_path / "bomb.png", 10**10 - 1) == "too large"
    path = save(tmp_path / "a.png", noise(rng, 10, 20, 3))
    assert reason(path, 199) == "too large"
    assert decode(path, 200).shape == (10, 20, 3)
    for name, values in [
        ("deep.tif", np.zeros((10, 20, 3), np.uint16)),
        ("f.tif", np.ones((10, 20, 3), np.float32)),
    ]:
        tifffile.imwrite(tmp_path / name, values, photometric="rgb")
        assert reason(tmp_path / name, 199) == "too large"


def test_the_limit_is_ours_alone():
    assert (
        Image.MAX_IMAGE_PIXELS is None
    )  # Pillow's own would reject or warn of pictures that the user allows


def test_unreadable(tmp_path, rng, monkeypatch):
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    assert reason(tmp_path / "link.png") == "unreadable"
    os.mkfifo(tmp_path / "pipe.png")
    assert reason(tmp_path / "pipe.png") == "unreadable"
    path = save(tmp_path / "a.png", noise(rng, 4, 4, 3))

    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    # not chmod: nothing is forbidden to root
    monkeypatch.setattr("builtins.open", forbidden)
    assert reason(path) == "unreadable"


# -- the words of each reason ----------------------------------------------------------------------


def refusal(path, max_pixels=MANY):
    with pytest.raises(Rejected) as caught:
        decode(path, max_pixels)
    return caught.value.reason, caught.value.detail


OTHER = "it is {}; convert it to JPEG, PNG, WebP or TIFF{}"


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        (b"", "empty", "the file holds no bytes"),
        (b"text", "not an image", "it does not begin like a JPEG, PNG, WebP or TIFF file"),
        (b"RIFFabcdWAVE", "not an image", "it does not begin like a JPEG, PNG, WebP or TIFF file"),
        (b"\0\0\0\x18ftypheic", "unsupported", OTHER.format("a HEIC or AVIF picture or a video", "; of a video, take stills with source: video")),
        (b"\n\n\n\nftyp", "unsupported", OTHER.format("a HEIC or AVIF picture or a video", "; of a video, take stills with source: video")),
        (b"GIF89a", "unsupported", OTHER.format("a GIF", ", or take its stills with source: video")),
        (b"BM1234", "unsupported", OTHER.format("a BMP", "")),
        (b"8BPS12", "unsupported", OTHER.format("a Photoshop file", "")),
        (b"%PDF-1", "unsupported", OTHER.format("a PDF", "")),
        (b"\x89PNG\r\n\x1a\n", "truncated", "it ends early or is damaged inside (its header is incomplete)"),
    ],
)  # fmt: skip
def test_each_kind_of_file_is_named_by_how_it_begins(tmp_path, data, reason, detail):
    (tmp_path / "a.jpg").write_bytes(data)
    assert refusal(tmp_path / "a.jpg") == (reason, detail)
    assert refusal(str(tmp_path / "a.jpg")) == (reason, detail)


def test_the_words_about_files_that_cannot_be_opened(tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(tmp_path)
    assert refusal(tmp_path / "link") == (
        "unreadable", "it is a link to a folder, which is not followed; name that folder itself",
    )  # fmt: skip
    assert refusal(tmp_path) == ("unreadable", "it is not a regular file")
    assert refusal(tmp_path / "no") == ("unreadable", "the system says: No such file or directory")
    path = save(tmp_path / "a.png", np.zeros((2, 3, 3), np.uint8))
    assert refusal(path, 5) == (
        "too large", "3 × 2 px are more than frames.max_pixels, which is 5",
    )  # fmt: skip
    for error, wanted in (
        (MemoryError(), ("too large", "it needs more memory than there is")),
        (OSError(5, "Input/output error"), ("unreadable", "the system says: Input/output error")),
        (ValueError("odd"), ("truncated", "it ends early or is damaged inside (odd)")),
        (OSError("odd"), ("truncated", "it ends early or is damaged inside (odd)")),
        (OSError(22, "odd"), ("truncated", "it ends early or is damaged inside ([Errno 22] odd)")),
        (Rejected("x", "y"), ("x", "y")),
    ):

        def fail(*_, error=error):
            raise error

        monkeypatch.setattr(decoding, "to_srgb", fail)
        assert refusal(path) == wanted


def test_raw_files_and_strange_tiffs_are_named(tmp_path, rng):
    values = noise(rng, 8, 8, 3)
    raw = ("unsupported", "it is a camera's raw file; develop it to JPEG, PNG or TIFF")
    tifffile.imwrite(tmp_path / "first.tif", values, photometric="rgb", subfiletype=1)
    assert refusal(tmp_path / "first.tif") == (
        "unsupported", "its first page is a thumbnail; save it with the picture first",
    )  # fmt: skip
    for name, options in (
        ("thumbnail.tif", {"subfiletype": 1, "subifds": 1}),
        ("dng.tif", {"extratags": [(50706, "B", 4, (1, 4, 0, 0), True)]}),
    ):
        with tifffile.TiffWriter(tmp_path / name) as tiff:
            tiff.write(values, photometric="rgb", **options)
            if "subifds" in options:  # where cameras put the picture itself
                tiff.write(values, photometric="rgb")
        assert refusal(tmp_path / name) == raw
    tifffile.imwrite(tmp_path / "page.tif", values, photometric="rgb", subfiletype=2)
    np.testing.assert_array_equal(decode(tmp_path / "page.tif", MANY), values)
    Image.frombytes("LAB", (8, 8), values.tobytes()).save(tmp_path / "lab.tif")
    assert refusal(tmp_path / "lab.tif") == (
        "unsupported",
        "its colours are LAB; convert it to RGB",
    )
    for kind in (np.uint32, np.int16):
        tifffile.imwrite(tmp_path / "deep.tif", values.astype(kind), photometric="rgb")
        assert refusal(tmp_path / "deep.tif") == (
            "unsupported", f"its values are {np.dtype(kind)}; save it with 8 or 16 bits a channel",
        )  # fmt: skip
    floats = np.linspace(-1, 3, 192, dtype=np.float32).reshape(8, 8, 3)
    tifffile.imwrite(tmp_path / "float.tif", floats, photometric="rgb")
    assert refusal(tmp_path / "float.tif") == (
        "unsupported", "its floating-point values run from -1 to 3, not from 0 to 1",
    )  # fmt: skip
    two = np.full((8, 8, 2), 0.5, np.float32)
    tifffile.imwrite(tmp_path / "two.tif", two, photometric="minisblack", planarconfig="contig")
    assert refusal(tmp_path / "two.tif") == ("unsupported", "it has 2 channels a pixel")


def test_floats_may_be_as_dark_as_one_level_and_as_bright_as_white(tmp_path):
    for low, high, fits in (
        (0, 1, True),
        (0, 1.001, False),
        (-1e-6, 1, False),
        (0, 0.0039, False),
        (0, 0.004, True),
    ):
        tifffile.imwrite(tmp_path / "a.tif", np.array([[low, high]], np.float32))
        if fits:
            wanted = np.rint(np.float32([low, high]) * 255)
            np.testing.assert_array_equal(decode(tmp_path / "a.tif", MANY)[0, :, 0], wanted)
        else:
            with pytest.raises(Rejected, match="not from 0 to 1"):
                decode(tmp_path / "a.tif", MANY)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (np.float32, None), (np.float64, None),
        (np.complex64, "holds complex64 (2, 3); it must hold numbers, (2, 3) as the photo"),
        (bool, "holds bool (2, 3); it must hold numbers, (2, 3) as the photo"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("named", [False, True])
def test_depth_maps_hold_numbers(tmp_path, kind, words, named):
    path = tmp_path / "a.npy"
    np.save(path, np.full((2, 3), 7, kind))
    file = path if named else io.BytesIO(path.read_bytes())
    called = f"its depth map {path}" if named else "its depth map"
    if words is None:
        depth = read_depth(file, (2, 3))
        assert depth.dtype == np.float32 and (depth == 7).all()
    else:
        with pytest.raises(Rejected) as caught:
            read_depth(file, (2, 3))
        assert (caught.value.reason, caught.value.detail) == ("bad depth", f"{called} {words}")


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32])
def test_whole_numbers_need_their_unit(tmp_path, kind):
    """A depth camera's map of millimetres must not pass as metres."""
    path = tmp_path / "a.npy"
    np.save(path, np.full((2, 3), 200, kind))
    with pytest.raises(Rejected) as caught:
        read_depth(path, (2, 3))
    assert caught.value.detail == (
        f"its depth map {path} holds whole numbers ({kind.__name__}), which may be millimetres; "
        "set depth_unit to mm or m"
    )
    assert (read_depth(path, (2, 3), "m") == 200).all()
    np.testing.assert_allclose(read_depth(path, (2, 3), "mm"), 0.2)
    np.save(path, np.array([[9.0, 500.0]]))
    with pytest.raises(Rejected, match=r"must hold millimetres, each at least 10"):
        read_depth(path, (1, 2), "mm")


def test_damage_of_every_kind_to_a_depth_map_is_a_rejection(tmp_path):
    """Whatever numpy raises: each byte of the header changed, each length, another format."""
    path = tmp_path / "a.npy"
    np.save(path, np.ones((2, 3)))
    whole = path.read_bytes()
    zipped = io.BytesIO()
    np.savez(zipped, d=np.ones((2, 3)))
    cases = [zipped.getvalue(), zipped.getvalue()[:60], b"", b"P5 3 2 255 abcdef"]
    cases += [whole[:n] for n in range(0, len(whole) - 1, 7)]
    cases += [whole[:n] + bytes([255 - whole[n]]) + whole[n + 1 :] for n in range(0, 80)]
    for data in cases:
        path.write_bytes(data)
        for file in (path, io.BytesIO(data)):
            try:
                depth = read_depth(file, (2, 3))
            except Rejected as problem:
                assert problem.reason == "bad depth"
            else:  # a changed byte of padding, or of numbers
                assert depth.shape == (2, 3)


def test_a_huge_depth_map_is_refused_by_its_header(tmp_path):
    """10¹⁴ numbers, which the file does not hold: nothing is read or reserved for them."""
    path = tmp_path / "a.npy"
    with open(path, "wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (10**7, 10**7)}
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(Rejected, match=r"holds float32 \(10000000, 10000000\); it must hold"):
        read_depth(path, (2, 3))


def test_depths_are_at_least_a_centimetre(tmp_path):
    def read(*depths):
        np.save(tmp_path / "a.npy", np.array([depths]))
        return read_depth(io.BytesIO((tmp_path / "a.npy").read_bytes()), (1, len(depths)))

    np.testing.assert_allclose(read(0.01, np.inf), [[0.01, np.inf]])
    for bad in (0.0099, -1, np.nan):
        with pytest.raises(Rejected) as caught:
            read(1.0, bad)
        assert caught.value.detail == (
            "its depth map must hold metres, each at least 0.01 (and no NaN)"
        )
    file = io.BytesIO()
    np.savez(file, a=1, b=2)
    file.seek(0)
    with pytest.raises(Rejected) as caught:
        read_depth(file, (1, 1))
    assert caught.value.detail == (
        "its depth map holds several arrays; it must hold numbers, (1, 1) as the photo"
    )
    with pytest.raises(Rejected) as caught:
        read_depth(io.BytesIO(b""), (1, 1))
    assert caught.value.detail.startswith("its depth map cannot be read: ")


def test_the_words_about_a_profile_and_exif_that_cannot_be_used(tmp_path, capsys, monkeypatch):
    path = save(tmp_path / "a.png", np.full((2, 2, 3), 9, np.uint8), icc_profile=b"none")
    decode(path, MANY)
    said = capsys.readouterr().err
    assert said.startswith(f"frames: {path}: its colour profile cannot be used (")
    assert said.endswith("); taken as sRGB\n")
    np.testing.assert_array_equal(
        decode_bytes(path.read_bytes(), MANY, "row 3"), np.full((2, 2, 3), 9)
    )
    assert capsys.readouterr().err.startswith("frames: row 3: its colour profile")

    def broken(self):
        raise ValueError("odd")

    monkeypatch.setattr(Image.Image, "getexif", broken)
    path = save(tmp_path / "b.jpg", np.full((2, 2, 3), 9, np.uint8))
    decode(path, MANY)
    assert capsys.readouterr().err == (
        f"frames: {path}: its EXIF cannot be read (odd); taken as upright\n"
    )


def test_opacity_mixes_with_mid_grey_and_rounds():
    rgb = np.array([[[0, 255, 100]]], np.uint8)
    for alpha, wanted in ((255, [0, 255, 100]), (0, [128, 128, 128]), (51, [102, 153, 122])):
        over = over_grey(rgb, np.full((1, 1, 1), alpha, np.uint8))
        np.testing.assert_array_equal(over[0, 0], wanted)


def adobe(index="R03", space=65535):
    """EXIF with its directory and that of interoperability, by its specification."""
    first = struct.pack(">HHHIII", 1, 0x8769, 4, 1, 26, 0)
    own = struct.pack(">HHHIHxxHHIII", 2, 0xA001, 3, 1, space, 0xA005, 4, 1, 56, 0)
    inner = struct.pack(">HHHI4sI", 1, 1, 2, 4, index.encode() + b"\0", 0)
    return b"Exif\0\0MM\0*\0\0\0\x08" + first + own + inner


def test_adobe_rgb_that_exif_states_is_converted_as_colour_science_does(tmp_path):
    """Greys stay; what sRGB cannot hold is clipped. Without the index R03, or with a profile, the
    picture is as it was.
    """
    colour = pytest.importorskip("colour")
    shades = np.array([[40, 200, 40], [200, 60, 50], [128, 128, 128], [90, 120, 180]], np.uint8)
    rgb = np.repeat(shades, 16, axis=0).reshape(8, 8, 3)
    rgb = np.repeat(np.repeat(rgb, 8, 0), 8, 1)
    spaces = colour.RGB_COLOURSPACES
    options = {"quality": 100, "subsampling": 0}
    stored = decode(save(tmp_path / "plain.jpg", rgb, **options), MANY)
    seen = decode(save(tmp_path / "a.jpg", rgb, exif=adobe(), **options), MANY)
    linear = colour.RGB_to_RGB(
        (stored / 255) ** 2.19921875, spaces["Adobe RGB (1998)"], spaces["sRGB"],
        chromatic_adaptation_transform=None,
    )  # fmt: skip
    wanted = 255 * colour.models.eotf_inverse_sRGB(np.clip(linear, 0, 1))
    np.testing.assert_allclose(seen, wanted, atol=0.6)
    assert np.abs(seen.astype(int) - stored).max() > 30
    for exif in (adobe("R98"), adobe(space=1)):
        other = decode(save(tmp_path / "b.jpg", rgb, exif=exif, **options), MANY)
        np.testing.assert_array_equal(other, stored)


def exif_with(**values):
    """EXIF of a colour space and a gamma."""
    exif = Image.Exif()
    tags = {"space": 0xA001, "gamma": 0xA500}
    exif[0x8769] = {tags[name]: value for name, value in values.items()}
    return exif


def test_a_gamma_that_exif_states_is_undone(tmp_path):
    """Light is the value to its power (EXIF 2.3, Gamma); sRGB's own, nearly, changes nothing."""
    greys = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16)[..., None], 3, -1)
    light = greys / 255
    wanted = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    linear = exif_with(space=65535, gamma=1.0)
    seen = decode(save(tmp_path / "a.webp", greys, lossless=True, exif=linear), MANY)
    np.testing.assert_allclose(seen, wanted, atol=0.7)
    for exif in (exif_with(space=1, gamma=1.0), exif_with(space=65535, gamma=2.2)):
        seen = decode(save(tmp_path / "b.webp", greys, lossless=True, exif=exif), MANY)
        np.testing.assert_array_equal(seen, greys)


def test_a_colour_space_of_2_is_adobe_rgb_and_one_that_is_not_named_is_noted(tmp_path, capfd):
    rgb = np.full((16, 16, 3), (200, 50, 50), np.uint8)
    seen = [
        decode(save(tmp_path / "a.webp", rgb, lossless=True, exif=exif), MANY)
        for exif in (adobe(), exif_with(space=2))
    ]
    np.testing.assert_array_equal(*seen)
    assert (seen[0] != rgb).any() and capfd.readouterr().err == ""
    bare = save(tmp_path / "a.webp", rgb, lossless=True, exif=exif_with(space=65535))
    np.testing.assert_array_equal(decode(bare, MANY), rgb)
    assert "EXIF calls them uncalibrated, and no more); taken as sRGB" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"), (b"\xff\x0a", "a JPEG XL picture"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"), (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
        (b"\x76\x2f\x31\x01", "an OpenEXR picture"), (b"#?RADIANCE\n", "a Radiance picture"),
        (b"P6\n3 3 255\n", "a PNM or PFM picture"), (b"qoif", "a QOI picture"), (b"<svg xmlns=", "an SVG drawing"),
    ],
)  # fmt: skip
def test_a_kind_that_is_not_read_is_named(head, kind):
    with pytest.raises(Rejected) as caught:
        decode_bytes(head + bytes(40), MANY, "a")
    assert (caught.value.reason, caught.value.detail) == (
        "unsupported", f"it is {kind}; convert it to JPEG, PNG, WebP or TIFF",
    )  # fmt: skip


@pytest.mark.parametrize("error", [ValueError, RuntimeError, ImportError])
def test_values_that_need_another_decoder_are_named_as_such(tmp_path, rng, monkeypatch, error):
    """Not as damage, whatever tifffile raises for packed bits and predictors of floats."""

    def asarray(page):
        raise error("decoding of this requires the 'imagecodecs' package")

    monkeypatch.setattr(tifffile.TiffPage, "asarray", asarray)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, rng.random((8, 8, 3)), photometric="rgb", compression="zlib")
    assert refusal(path) == (
        "unsupported",
        "its values (64 bits, compression ADOBE_DEFLATE) need a decoder that catsight does not "
        "have; save it with 8 or 16 bits, with zip or uncompressed",
    )
