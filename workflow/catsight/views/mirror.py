"""Filtering in the frequency domain of pictures that are continued by their mirror images.

No padding is needed, and nothing wraps around the edges.
"""

import os

import numpy as np
from scipy import fft

# The cosine transform implies that the picture is mirrored at its edges. It holds the frequencies
# of one quadrant, which suffice for a transfer that is symmetric left and right. The transfer of a
# tilted slit is not symmetric: the picture is then mirrored explicitly for the Fourier transform,
# at four times the cost.


def frequencies(
    shape: tuple[int, int], px_per_degree: float, tilted: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The axes ``fx`` and ``fy`` of the spectra of pictures of ``shape`` (h, w).

    In c/deg, to the right and upwards.
    """
    height, width = shape
    if tilted:
        fx = fft.rfftfreq(2 * width, 1 / px_per_degree)
        return fx, -fft.fftfreq(2 * height, 1 / px_per_degree)
    fx = np.arange(width) * px_per_degree / (2 * width)
    return fx, np.arange(height) * px_per_degree / (2 * height)


def spectra(planes: np.ndarray, tilted: bool, overwrite: bool = False) -> np.ndarray:
    """The spectra of planes (n, h, w) at :func:`frequencies`.

    With ``overwrite`` the planes' memory may be reused.
    """
    if not tilted:
        return fft.dctn(planes, axes=(1, 2), workers=threads(), overwrite_x=overwrite)
    height, width = planes.shape[1:]
    return fft.rfft2(
        np.pad(planes, ((0, 0), (0, height), (0, width)), mode="symmetric"), workers=threads()
    )


def planes(spectra: np.ndarray, shape: tuple[int, int], tilted: bool) -> np.ndarray:
    """The planes (n, h, w) of pictures of ``shape`` (h, w) from their spectra.

    The spectra's memory may be reused.
    """
    if not tilted:
        return fft.idctn(spectra, axes=(1, 2), workers=threads(), overwrite_x=True)
    height, width = shape
    return fft.irfft2(spectra, (2 * height, 2 * width), workers=threads(), overwrite_x=True)[
        :, :height, :width
    ]


def threads() -> int:
    """The number of threads that this process may use."""
    # Snakemake sets the variable to the threads of the job
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
