"""Operations on pixels in strips are those on the whole picture."""

import numpy as np
import pytest

from catsight.views import strips
from catsight.views.colour import decode_srgb, encode_srgb

#: Of one strip; of several, the last one cut; wider than a strip.
SHAPES = [(7, 5), (260, 300), (3, 40_000)]
MATRIX = np.array([[0.5, -0.25, 2.0], [0.125, 1.0, 0.75]])


@pytest.fixture(params=SHAPES, ids=str)
def planes(request):
    return np.random.default_rng(0).random((3, *request.param), dtype=np.float32)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_decoding_puts_channels_first(shape):
    rgb = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    linear = strips.decode(rgb)
    assert linear.dtype == np.float32
    np.testing.assert_array_equal(linear, decode_srgb(rgb).transpose(2, 0, 1))


@pytest.mark.parametrize("overwrite", [False, True])
def test_mixing_is_a_product_of_matrices(planes, overwrite):
    before = planes.copy()
    mixed = strips.mix(MATRIX, planes, overwrite=overwrite)
    np.testing.assert_allclose(mixed, np.einsum("mn,nhw->mhw", MATRIX, before), rtol=1e-5)
    assert np.shares_memory(mixed, planes) == overwrite
    if not overwrite:
        np.testing.assert_array_equal(planes, before)


def test_mixing_takes_one_matrix_for_each_pixel_too(planes):
    matrix = np.random.default_rng(2).random((2, 3, *planes.shape[1:]))
    wanted = np.einsum("mnhw,nhw->mhw", matrix, planes)
    np.testing.assert_allclose(strips.mix(matrix, planes), wanted, rtol=1e-5)
    np.testing.assert_allclose(strips.mix(matrix, planes, overwrite=True), wanted, rtol=1e-5)


def test_a_product_may_have_more_planes_than_there_are():
    planes = np.random.default_rng(3).random((2, 4, 5), dtype=np.float32)
    mixed = strips.mix(MATRIX.T, planes)
    np.testing.assert_allclose(mixed, np.einsum("mn,nhw->mhw", MATRIX.T, planes), rtol=1e-5)


def test_complex_spectra_stay_complex():
    spectra = np.full((3, 2, 2), 1 + 2j, np.complex64)
    np.testing.assert_allclose(strips.mix(MATRIX, spectra)[:, 0, 0], [2.25 + 4.5j, 1.875 + 3.75j])


def test_each_channel_is_encoded_from_its_plane(planes):
    rgb = strips.encode(planes, np.array([2, 0, 2]))
    codes = encode_srgb(planes)
    assert rgb.shape == (*planes.shape[1:], 3) and rgb.dtype == np.uint8
    for channel, plane in enumerate((2, 0, 2)):
        np.testing.assert_array_equal(rgb[..., channel], codes[plane])
