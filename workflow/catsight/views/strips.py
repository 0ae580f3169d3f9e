"""Operations on each pixel, in strips of rows that fit the processor's cache.

Sums are written out instead of being left to BLAS, whose threads would still spin when those of the
transforms begin.
"""

from collections.abc import Iterator

import numpy as np

from catsight.views import colour

#: Pixels of a strip: 128 kB of float32.
_PIXELS = 1 << 15


def decode(rgb: np.ndarray) -> np.ndarray:
    """Linear light, float32 (3, h, w), of uint8 sRGB (h, w, 3)."""
    linear = np.empty((3, *rgb.shape[:2]), np.float32)
    for rows in _strips(rgb.shape[:2]):
        for channel, plane in enumerate(linear[:, rows]):
            colour.decode_srgb(rgb[rows, :, channel], out=plane)
    return linear


def mix(matrix: np.ndarray, planes: np.ndarray, overwrite: bool = False) -> np.ndarray:
    """The product (m, h, w) of a ``matrix`` and planes (n, h, w).

    The matrix is (m, n), or one for each pixel, (m, n, h, w). With ``overwrite``, which needs
    m <= n, the product takes the memory of the first planes.
    """
    matrix = matrix.astype(np.float32, copy=False)
    if overwrite:
        mixed = planes[: len(matrix)]
    else:
        mixed = np.empty((len(matrix), *planes.shape[1:]), planes.dtype)
    for rows in _strips(planes.shape[1:]):
        weights = matrix[:, :, rows] if matrix.ndim == 4 else matrix
        sums = [row[0] * planes[0, rows] for row in weights]
        for total, row in zip(sums, weights):
            for weight, plane in zip(row[1:], planes[1:, rows]):
                total += weight * plane
        for plane, total in zip(mixed[:, rows], sums):
            plane[:] = total
    return mixed


def encode(planes: np.ndarray, channels: np.ndarray) -> np.ndarray:
    """uint8 sRGB (h, w, 3) of linear planes (n, h, w); ``channels`` (3,) says each one's plane."""
    rgb = np.empty((*planes.shape[1:], 3), np.uint8)
    for rows in _strips(planes.shape[1:]):
        codes = colour.encode_srgb(planes[:, rows])
        for channel, plane in enumerate(channels):
            rgb[rows, :, channel] = codes[plane]
    return rgb


def _strips(shape: tuple[int, int]) -> Iterator[slice]:
    """The rows of each strip of a picture of ``shape`` (h, w)."""
    height, width = shape
    rows = max(1, _PIXELS // width)
    return (slice(top, top + rows) for top in range(0, height, rows))
