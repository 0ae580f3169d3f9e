"""Pictures with a bright bar, and how the places of a layer follow it.

A bar moves down a dark picture, then across it. A place is known by the bars that change it most:
in raster order, the first rows of places follow the bars at the top, and each row's first places
those at the left.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import torch

#: Positions of the bar along each side of the picture.
BARS = 4
#: Rounding in float32, as a part of a value; a smaller change is none.
ROUNDING = 3e-7


class Responses(NamedTuple):
    """How much a layer's places change with the bars, summed over the channels."""

    rows: np.ndarray  #: (bars, *places), bars from the top to the bottom
    columns: np.ndarray  #: (bars, *places), bars from the left to the right
    floor: np.ndarray  #: (*places), changes that are only rounding


class Order(NamedTuple):
    """How the places of a layer follow the bars, if they are in raster order."""

    #: the smallest of the correlations of the row with the bar from the top, and of the column with
    #: the bar from the left, in the upper and in the lower half; -1 to 1
    follows: float
    local: float  #: the standard deviation over places of the mean bar that changes them
    side: int  #: places along each side


def patterns(channels: int, height: int, width: int) -> "torch.Tensor":
    """Pictures (1 + 2 * BARS, channels, height, width) from 0 (black) to 1: a dark texture, alone
    and with a white bar at each row and each column of a grid of BARS a side.
    """
    import torch

    generator = torch.Generator().manual_seed(0)
    dark = 0.1 + 0.3 * torch.rand(channels, height, width, generator=generator)
    pictures = dark.repeat(1 + 2 * BARS, 1, 1, 1)
    for i in range(BARS):
        pictures[1 + i, :, i * height // BARS : (i + 1) * height // BARS] = 1
        pictures[1 + BARS + i, :, :, i * width // BARS : (i + 1) * width // BARS] = 1
    return pictures


def order_of(responses: Responses) -> Order:
    """How places (h, w), taken to be in raster order, follow the bars."""
    height, width = responses.floor.shape
    local = min(spreads(responses))
    if local == 0:
        return Order(0.0, 0.0, height)
    top, left = (_centres(bars, responses.floor)[0] for bars in responses[:2])
    down, across = np.mgrid[:height, :width]
    half = (height + 1) // 2
    follows = min(
        _correlation(top, down),
        _correlation(left[:half], across[:half]),
        _correlation(left[half:], across[half:]),
    )
    return Order(follows, local, height)


def spreads(responses: Responses) -> tuple[float, float]:
    """How much places of any shape differ in the bars that change them, whatever their order: the
    standard deviations of the mean bar from the top, and of that from the left; 0 if they differ no
    more than by rounding.
    """
    found = [_centres(bars, responses.floor) for bars in responses[:2]]
    least = max(1e-4, *(unsure.mean() for _, unsure in found))
    top, left = (float(centres.std()) for centres, _ in found)
    return top if top > least else 0.0, left if left > least else 0.0


def shares(bars: np.ndarray, floor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The share of each bar in the changes of a place, all alike where there are none; and how much
    of a share is rounding.
    """
    total = bars.sum(0)
    seen = total > BARS * floor
    safe = np.where(seen, total, 1)
    return np.where(seen, bars / safe, 1 / BARS), np.where(seen, floor / safe, 0)


def _centres(bars: np.ndarray, floor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the bars that change a place, weighted by the change; and how unsure it is."""
    weights, unsure = shares(bars, floor)
    return np.tensordot(np.arange(BARS), weights, 1), BARS * unsure


def _correlation(a: Any, b: Any) -> float:
    """Pearson's correlation; 0 if one of them does not vary."""
    if a.size < 2 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
