"""Display: how catches become colours again, for a viewer or network of three primaries.

What an eye of two kinds of cones sees is a plane of light; which plane of sRGB shows it is a
choice. Every choice here is metameric: to that eye the rendering is the original.
"""

from collections.abc import Callable

import numpy as np

from catsight.views.models import model


def back_projection(catches: np.ndarray, display: str = "auto") -> np.ndarray:
    """The linear map from receptor catches to linear sRGB, (3, n), that inverts ``catches`` (n, 3).

    With three receptors it is the inverse, and with one a grey, whatever the ``display``; with two
    it gives the colour of that rendering's plane that has these two catches. So
    ``back_projection(M) @ M`` is a map V on linear sRGB that merges all colours with the same
    catches: it keeps white, changes no catch (M V = M), and is a projection (V V = V). Raises
    :class:`CatsightError` for an unknown ``display``.
    """
    basis = model(DISPLAYS, display, "display")(catches)
    if len(catches) != 2:
        basis = np.eye(3) if len(catches) == 3 else np.ones((3, 1))
    return basis @ np.linalg.inv(catches @ basis)


def _pair(alone: int) -> np.ndarray:
    """One primary, and the other two together: colours (3, 2) that add up to white."""
    basis = np.tile([1.0, 0.0], (3, 1))
    basis[alone] = [0.0, 1.0]
    return basis


def _best_pair(catches: np.ndarray) -> np.ndarray:
    """The pair whose colours the two receptors tell apart best.

    Rows of ``catches`` sum to 1, so the determinant of ``catches @ basis`` is the difference
    between the two catches of the one primary; the largest makes the best conditioned basis, which
    clips fewest colours. It is yellow and blue (y, y, b) for a cat, a dog, a protanope and a
    deuteranope, as in Viénot, Brettel & Mollon 1999, Color Res. Appl. 24, 243; and red and cyan
    (r, c, c) for a tritanope.
    """
    return _pair(int(np.argmax(np.abs(catches[0] - catches[-1]))))


def _least_change(catches: np.ndarray) -> np.ndarray:
    """White and a colour d (3, 2): of all planes through white the one that changes colours least.

    V moves a colour x along the line n that the eye confuses, onto the plane with the normal w:
    V = 1 - n w' / (w' n). Its difference from the identity has the norm |n| |w| / |w' n|. As w is
    perpendicular to white, that is least for w = n - mean(n), and d is perpendicular to n.
    """
    confused = np.linalg.svd(catches)[2][-1]
    return np.stack([np.ones(3), np.cross(confused, np.ones(3))], axis=1)


#: The colours (3, 2) whose mixtures stand for all that two receptors tell apart, by the name of the
#: rendering; the keys are :data:`catsight.inputs.viewing.DISPLAYS`.
DISPLAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "auto": _best_pair,
    "yellow-blue": lambda _: _pair(2),
    "red-cyan": lambda _: _pair(0),
    "green-magenta": lambda _: _pair(1),
    "least-change": _least_change,
}
