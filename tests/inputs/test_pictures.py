"""Pictures in tables: PNG and back, and the encoding of sRGB."""

import io

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from catsight.inputs.pictures import decode_png, encode_png, srgb_encode


def test_a_picture_survives_as_png():
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    data = encode_png(rgb)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    np.testing.assert_array_equal(decode_png(data), rgb)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), rgb)


def test_only_pngs_are_read_and_always_as_rgb():
    for kind in ("JPEG", "GIF"):
        file = io.BytesIO()
        Image.new("RGB", (3, 3)).save(file, kind)
        with pytest.raises(UnidentifiedImageError):
            decode_png(file.getvalue())
    file = io.BytesIO()
    Image.new("L", (3, 2), 9).save(file, "PNG")
    np.testing.assert_array_equal(decode_png(file.getvalue()), np.full((2, 3, 3), 9, np.uint8))


def test_files_are_compressed_for_speed():
    """By level 3 of zlib: less than by 1, and more than by 9, of a smooth picture."""
    y, x = np.mgrid[:64, :96]
    rgb = np.stack([x * 2, y * 3, (x * y) % 251], axis=2).astype(np.uint8)
    sizes = {}
    for level in (0, 2, 3, 4):
        file = io.BytesIO()
        Image.fromarray(rgb).save(file, "PNG", compress_level=level)
        sizes[level] = len(file.getvalue())
    assert len(encode_png(rgb)) == sizes[3] and len(set(sizes.values())) == 4


def test_srgb_is_linear_in_the_dark_and_a_power_above():
    """IEC 61966-2-1: 12.92 times up to 0.0031308, and half the light is 0.7354."""
    light = np.array([0, 0.0031308, 0.0031309, 0.5, 1])
    wanted = [0, 0.0404499, 0.0404512, 0.7353569, 1]
    np.testing.assert_allclose(srgb_encode(light), wanted, atol=2e-7)
