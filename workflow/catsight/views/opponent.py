"""Opponent channels: the nerves carry detail in a sum of the cones, and colour in differences."""

import numpy as np

# Photon noise is why this matters. Colours are small differences between catches, and the way back
# to sRGB multiplies them. Each kind of cone blurred alone, its noise would come out as coloured
# grain. The visual system pools colour over larger areas than detail (Mullen 1985, J. Physiol. 359,
# 381: 11 to 12 c/deg against some 50).


def into_channels(weights: np.ndarray) -> np.ndarray:
    """The map (n + 2, n + 1) from the catches of n kinds of cones, and rods, to channels.

    These are the cones' mean with ``weights`` (n,), which sum to 1; each kind's difference from
    that mean; and the rods.
    """
    n = len(weights)
    channels = np.zeros((n + 2, n + 1))
    channels[0, :n] = weights
    channels[1:-1, :n] = np.eye(n) - weights
    channels[-1, n] = 1
    return channels


def from_channels(n: int) -> np.ndarray:
    """The map (n + 1, n + 2) from the channels of n kinds of cones back to catches."""
    catches = np.zeros((n + 1, n + 2))
    catches[:n, 0] = 1
    catches[:n, 1:-1] = np.eye(n)
    catches[n, -1] = 1
    return catches


def senses(n: int) -> np.ndarray:
    """The place in :data:`acuity.SENSES` of each channel's limit of resolution, (n + 2,)."""
    return np.array([0, *[1] * n, 2])
