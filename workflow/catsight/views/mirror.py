"""Filtering of pictures that are continued beyond their edges by their mirror images: no padding,
no wrap-around.
"""

import os

import numpy as np
from scipy import fft

# The cosine transform takes a picture for mirrored at its edges. It holds the frequencies of one
# quadrant, which is all there is to a transfer that is the same left and right. That of a tilted
# slit is not: there the picture is mirrored in full, at four times the cost, for the Fourier
# transform.


def frequencies(
    shape: tuple[int, int], px_per_degree: float, tilted: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The axes ``fx`` and ``fy`` (c/deg; right and up) of the spectra of pictures of ``shape`` (h,
    w).
    """
    height, width = shape
    if tilted:
        return fft.rfftfreq(2 * width, 1 / px_per_degree), -fft.fftfreq(
            2 * height, 1 / px_per_degree
        )
    return np.arange(width) * px_per_degree / (2 * width), np.arange(height) * px_per_degree / (
        2 * height
    )


def spectra(planes: np.ndarray, tilted: bool, overwrite: bool = False) -> np.ndarray:
    """The spectra of planes (n, h, w), in their place if they may be ``overwrite``-n, at
    :func:`frequencies`.
    """
    if not tilted:
        return fft.dctn(planes, axes=(1, 2), workers=threads(), overwrite_x=overwrite)
    height, width = planes.shape[1:]
    return fft.rfft2(
        np.pad(planes, ((0, 0), (0, height), (0, width)), mode="symmetric"), workers=threads()
    )


def planes(spectra: np.ndarray, shape: tuple[int, int], tilted: bool) -> np.ndarray:
    """The planes (n, h, w) of pictures of ``shape`` (h, w) from their spectra, which may be
    overwritten.
    """
    if not tilted:
        return fft.idctn(spectra, axes=(1, 2), workers=threads(), overwrite_x=True)
    height, width = shape
    return fft.irfft2(spectra, (2 * height, 2 * width), workers=threads(), overwrite_x=True)[
        :, :height, :width
    ]


def threads() -> int:
    """How many threads this process may use."""
    # Snakemake sets the variable to the job's threads
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
