"""Depth: a scene whose parts are out of focus by different amounts."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from catsight.errors import CatsightError
from catsight.views.conditions import RANGES

#: Dioptres between the layers of a scene; each layer is blurred uniformly. Through the cat's slit
#: at 100 cd/m², 11.5 mm tall, a step smears by 5 minutes of arc, half a cycle of the cat's acuity.
STEP = 0.125


def out_of_focus(
    depth: np.ndarray,
    shape: tuple[int, int],
    focus: float | None,
    gaze: tuple[float, float],
    accommodation: float,
    defocus: float,
) -> np.ndarray:
    """Dioptres (h, w) by which each pixel of a picture of ``shape`` (h, w) is out of focus.

    ``depth`` holds its distance in metres, ``focus`` the distance in focus; by default it is the
    median distance around the ``gaze``, fractions of width and height. ``defocus`` is added. Raises
    :class:`CatsightError` for a depth that is not one of the picture.
    """
    depth = np.asarray(depth)
    if depth.shape != shape:
        raise CatsightError(
            f"depth has the shape {depth.shape}; it must have the picture's, {shape}"
        )
    if depth.dtype.kind not in "fiu" or not (depth >= 0.01).all():
        raise CatsightError(
            "depth must be in metres, each value a number of at least 0.01 (or infinity)"
        )
    if focus is None:
        near = tuple(
            slice(max(min(int(at * n), n - 1) - n // 16, 0), int(at * n) + n // 16 + 1)
            for at, n in zip(gaze[::-1], shape)
        )
        focus = float(np.clip(np.median(depth[near]), *RANGES["focus"][1:]))
    dioptres = defocus_map(depth, focus, accommodation) + defocus
    return np.clip(dioptres, *RANGES["defocus"][1:])


def defocus_map(depth: np.ndarray, focus: float, accommodation: float) -> np.ndarray:
    """Dioptres (h, w) by which pixels at ``depth`` metres are out of focus.

    The eye is focused at ``focus`` metres, but not nearer than 1/``accommodation`` metres. A depth
    may be infinite.
    """
    return 1 / depth.astype(np.float64) - min(1 / focus, accommodation)


def blur_by_depth(
    planes: np.ndarray, defocus: np.ndarray, blur: Callable[[np.ndarray, float], np.ndarray]
) -> np.ndarray:
    """Planes (n, h, w) with each pixel blurred by its own ``defocus`` (h, w), in dioptres.

    ``blur(planes, dioptres)`` blurs planes uniformly. The scene is cut into layers of :data:`STEP`
    dioptres, which are composed from far to near. Each layer is continued behind the nearer ones by
    its nearest pixels, blurred together with its outline, and laid over the layers behind it. So a
    blurred foreground is half transparent at its edges, and does not mix into a sharp background
    (Barsky et al. 2003, object-space layers).
    """
    layer = np.rint(defocus / STEP).astype(int)
    steps = np.unique(layer)
    seen = blur(_continued(planes, layer, steps[0]), steps[0] * STEP)
    for step in steps[1:]:
        outline = np.broadcast_to(_outline(layer, step).astype(planes.dtype), planes.shape)
        covered = blur(outline, step * STEP)
        seen += blur(_continued(planes, layer, step) * outline, step * STEP) - covered * seen
    return seen


def _outline(layer: np.ndarray, step: int) -> np.ndarray:
    """The extent of a layer, (h, w) bool: its own pixels, and its continuation behind nearer ones.

    A pixel of a nearer layer counts if, of the layers not nearer than this one, this layer has the
    pixel closest to it.
    """
    nearer = layer > step
    if not nearer.any():
        return layer == step
    rows, columns = ndimage.distance_transform_edt(
        nearer, return_distances=False, return_indices=True
    )
    return layer[rows, columns] == step


def _continued(planes: np.ndarray, layer: np.ndarray, step: int) -> np.ndarray:
    """Planes in which each pixel outside a layer takes the value of the closest one inside."""
    if (layer == step).all():
        return planes
    rows, columns = ndimage.distance_transform_edt(
        layer != step, return_distances=False, return_indices=True
    )
    return planes[:, rows, columns]
