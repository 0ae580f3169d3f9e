"""Points in a plane: places from distances, and room for names beside them."""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

#: How far from its point a name may stand, in inches, and in how many directions.
_REACH, _DIRECTIONS = (0.07, 0.14, 0.22, 0.3, 0.4, 0.52, 0.66, 0.82, 1.0, 1.3), 24
#: Inches that are left free around names and points.
_FREE, _DOT = 0.02, 0.035
#: What a line through a name is worth in hidden square inches.
_CROSSING = 0.005


Line = tuple[tuple[float, float], tuple[float, float]]


class Box(NamedTuple):
    """A name's room, in inches: where its left lower corner is, and its size."""

    x: float
    y: float
    wide: float
    tall: float

    def overlap(self, other: "Box") -> float:
        """Square inches that both cover."""
        wide = min(self.x + self.wide, other.x + other.wide) - max(self.x, other.x)
        tall = min(self.y + self.tall, other.y + other.tall) - max(self.y, other.y)
        return max(wide, 0.0) * max(tall, 0.0)

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.x < x < self.x + self.wide and self.y < y < self.y + self.tall

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of the room."""
        return self.x + self.wide / 2, self.y + self.tall / 2


def scaled(distances: np.ndarray) -> tuple[np.ndarray, float]:
    """Points (n, 2) whose distances are as near to ``distances`` (n, n) as two dimensions allow,
    and their share of the variance, 0 to 1.

    Classical scaling (Torgerson 1952; Gower 1966): the two largest principal axes of the doubly
    centred squares. The share is that of their eigenvalues in the sum of all, without signs (Mardia
    1978): 1 if the points keep all distances. Distances below 0 count as 0.
    """
    squares = np.maximum(distances, 0) ** 2
    squares = squares - squares.mean(axis=0) - squares.mean(axis=1)[:, None] + squares.mean()
    values, vectors = np.linalg.eigh(-squares / 2)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = np.maximum(values[:2], 0)
    points = np.zeros((len(distances), 2))
    points[:, : len(kept)] = vectors[:, :2] * np.sqrt(kept)
    everything = np.abs(values).sum()
    return points, float(kept.sum() / everything) if everything > 0 else 1.0


def turned(points: np.ndarray, first: int) -> np.ndarray:
    """The points (n, 2) mirrored so that the ``first`` lies left of the middle, and the one
    furthest from it in height lies above: the signs of principal axes are arbitrary.
    """
    x, y = points.T
    highest = y[np.abs(y).argmax()]
    return np.stack([-x if x[first] > 0 else x, -y if highest < 0 else y], axis=1)


def named(
    points: np.ndarray, sizes: Sequence[tuple[float, float]], room: tuple[float, float]
) -> list[Box]:
    """A box for each of the ``points`` (n, 2), near it, clear of other boxes and points, and of the
    lines that join them, which run through no other point.

    All in inches. ``sizes``: the width and height of each name; ``room``: that of the panel, from
    0. The nearest place that is free is taken, or else the one that hides least.
    """
    dots = [Box(x - _DOT, y - _DOT, 2 * _DOT, 2 * _DOT) for x, y in points]
    found: list[Box] = []
    lines: list[Line] = []
    for (x, y), (wide, tall) in zip(points, sizes):
        wide, tall = wide + 2 * _FREE, tall + 2 * _FREE
        others = [one for one in dots if not one.holds(x, y)]
        best, least = None, np.inf
        for reach, step in product(_REACH, range(_DIRECTIONS)):
            angle = 2 * np.pi * step / _DIRECTIONS
            across = x + np.cos(angle) * (reach + wide / 2)
            up = y + np.sin(angle) * (reach + tall / 2)
            box = Box(across - wide / 2, up - tall / 2, wide, tall)
            hidden = wide * tall - box.overlap(Box(0, 0, *room))
            hidden += sum(box.overlap(one) for one in [*found, *dots])
            hidden += _CROSSING * sum(crosses(one, box) for one in lines)
            line = (x, y), box.middle
            hidden += _CROSSING * sum(crosses(line, one) for one in [*found, *others])
            if hidden < least - 1e-9:
                best, least = box, hidden
            if least < 1e-9:
                break
        assert best is not None  # the first place is better than none
        found.append(best)
        lines.append(((x, y), best.middle))
    return found


def crosses(line: Line, box: Box) -> bool:
    """Whether a straight line between two points runs through a box (Liang & Barsky 1984)."""
    enters, leaves = 0.0, 1.0
    sides = ((box.x, box.wide), (box.y, box.tall))
    for start, end, (low, size) in zip(*line, sides):
        if start == end:
            if not low < start < low + size:
                return False
            continue
        ends = sorted(((low - start) / (end - start), (low + size - start) / (end - start)))
        enters, leaves = max(enters, ends[0]), min(leaves, ends[1])
    return enters < leaves
