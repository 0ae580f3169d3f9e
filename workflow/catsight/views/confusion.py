"""Confusion lines: the colours that an eye with two kinds of cones cannot tell apart."""

import numpy as np

#: Shares of the cone for shorter waves in both catches, in tenths. White has one half.
_SHARES = np.arange(1, 10) / 10


def confusion_lines(catches: np.ndarray) -> np.ndarray:
    """The ends of a dichromat's confusion lines in the gamut of sRGB, (lines, 2, 3).

    ``catches`` is the map (2, 3) from linear sRGB to the catches of its cones. All colours between
    two ends, linear sRGB from 0 to 1, have the same two catches: they differ along the map's null
    direction. On each line the first cone catches a certain share of what both catch: 0.1, 0.2 and
    so on, as far as the gamut has such colours. At 0.5 it is the neutral line, through white, of
    which both catch 1.

    With one kind of cone all colours of a luminance are one, and with three none are: no lines.
    """
    lines = [_ends(catches, share) for share in _SHARES] if len(catches) == 2 else []
    return np.array([ends for ends in lines if ends is not None]).reshape(-1, 2, 3)


def _ends(catches: np.ndarray, share: float) -> np.ndarray | None:
    """The ends (2, 3) of the line of that ``share``; None if it misses the gamut."""
    # a plane through black, which cuts the edges between primaries on different sides of it
    side = (1 - share) * catches[0] - share * catches[1]
    cut = [(i, j) for i, j in ((0, 1), (1, 2), (2, 0)) if (side[i] > 0) != (side[j] > 0)]
    if not cut:
        return None
    ends = np.zeros((2, 3))
    for end, (i, j) in zip(ends, cut, strict=True):
        end[[i, j]] = abs(side[j]), abs(side[i])
    ends /= ends @ catches.sum(axis=0)[:, None]
    return ends / ends.max()
