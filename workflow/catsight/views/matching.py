"""Changes of a picture that are made as strong as another view's."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

#: Differences below this are nothing: less than any rounding to 8 bits makes.
NOTHING = 1e-3
#: Pictures are rounded to 8 bits, so a strength that falls this short of a view is as strong.
_SHORT = 0.01


class Matched(NamedTuple):
    """A picture that was changed until it differs from the original as much as asked."""

    picture: np.ndarray  #: uint8 sRGB (h, w, 3)
    strength: float  #: of the change, in its own unit; 0 is none
    reached: bool  #: whether the picture differs by as much as asked


def matched(
    change: Callable[[float], np.ndarray],
    difference: Callable[[float], float],
    wanted: float,
    strongest: float,
) -> Matched:
    """The picture after the ``change`` that takes it as far from the original as ``wanted``.

    ``change`` is a function from the strength, from 0 to ``strongest``, to the changed picture.
    ``difference`` says how far it then is from the original, continuous in the strength and rising
    from 0. If even the strongest change is too weak, it is returned with ``reached`` False.
    """
    if wanted < NOTHING:
        return Matched(change(0.0), 0.0, True)
    difference = cache(difference)  # brentq asks for the ends again
    if difference(strongest) < wanted:
        reached = difference(strongest) >= (1 - _SHORT) * wanted
        return Matched(change(strongest), strongest, reached)
    found = brentq(
        lambda strength: difference(strength) - wanted, 0.0, strongest, xtol=1e-5 * strongest
    )
    return Matched(change(found), float(found), True)
