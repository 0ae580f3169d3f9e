"""Photon noise: receptors catch light in whole quanta."""

from collections.abc import Sequence

import numpy as np

from catsight.views.camera import Lens

#: Mean reflectance of a scene (the grey card of photography): the luminance of a picture's white is
#: 1/0.18 times the one that the eye is adapted to.
MEAN_REFLECTANCE = 0.18


def add_photon_noise(
    planes: np.ndarray,
    white: np.ndarray,
    px_per_degree: float | np.ndarray,
    seed: int | Sequence[int],
) -> np.ndarray:
    """Catches (n, h, w), relative to white, with the Poisson noise of whole quanta; float32.

    ``white`` (n,) is the number of quanta that each receptor counts of 1 deg² of a white surface in
    its integration time; ``px_per_degree`` may be one for each pixel, (h, w). The noise is the same
    for the same ``seed``.
    """
    per_pixel = np.asarray(white)[:, None, None] / px_per_degree**2
    counts = np.random.default_rng(seed).poisson(np.maximum(planes, 0) * per_pixel)
    return (counts / per_pixel).astype(np.float32)


def of_pixels(
    planes: np.ndarray, white: np.ndarray, lens: Lens, seed: int | Sequence[int]
) -> np.ndarray:
    """Planes on the grid of a ``lens`` with the noise of the quanta of each picture's pixel.

    One pixel may cover several of the grid, and is seen as one. Arguments as those of
    :func:`add_photon_noise`.
    """
    if lens.grid is None:
        return add_photon_noise(planes, white, lens.density, seed)
    clean = np.maximum(lens.onto_pixels(planes), 0)
    noise = add_photon_noise(clean, white, lens.density, seed) - clean
    return planes + lens.onto_grid(noise)
