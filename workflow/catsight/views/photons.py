"""Photon noise: receptors catch light in whole quanta."""

from collections.abc import Sequence

import numpy as np

#: Mean reflectance of a scene (the grey card of photography): the luminance of a picture's white is
#: 1/0.18 times the one that the eye is adapted to.
MEAN_REFLECTANCE = 0.18


def add_photon_noise(
    planes: np.ndarray, white: np.ndarray, px_per_degree: float, seed: int | Sequence[int]
) -> np.ndarray:
    """Catches (n, h, w), relative to white, with the Poisson noise of whole quanta; float32.

    ``white`` (n,) is the number of quanta that each receptor counts of 1 deg² of a white surface in
    its integration time. The noise is the same for the same ``seed``.
    """
    per_pixel = np.asarray(white)[:, None, None] / px_per_degree**2
    counts = np.random.default_rng(seed).poisson(np.maximum(planes, 0) * per_pixel)
    return (counts / per_pixel).astype(np.float32)
