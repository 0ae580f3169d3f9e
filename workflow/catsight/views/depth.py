"""Depth: a scene whose parts lie out of focus by different amounts."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

#: Dioptres within which parts of a scene are blurred alike. Through the cat's slit at 100 cd/m²,
#: 11.5 mm tall, a step smears by 5 minutes of arc, half a cycle of the cat's acuity.
STEP = 0.125


def defocus_map(depth: np.ndarray, focus: float, accommodation: float) -> np.ndarray:
    """Dioptres (h, w) by which pixels at ``depth`` metres are out of focus for an eye focused at
    ``focus`` metres.

    Nothing nearer than 1/``accommodation`` metres can be brought into focus. An infinite depth is
    one.
    """
    return 1 / depth.astype(np.float64) - min(1 / focus, accommodation)


def blur_by_depth(
    planes: np.ndarray, defocus: np.ndarray, blur: Callable[[np.ndarray, float], np.ndarray]
) -> np.ndarray:
    """Planes (n, h, w) with each pixel blurred by its own ``defocus`` (h, w), nearer things lying
    over farther ones.

    ``blur(planes, dioptres)`` blurs planes all alike. The scene is cut into layers of :data:`STEP`
    dioptres. From far to near each layer, continued behind the nearer ones by its nearest pixels,
    is blurred together with its outline and laid over what lies behind: so a blurred foreground is
    half transparent at its edges, and never mixes into a sharp background behind it (Barsky et al.
    2003, object-space layers).
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
    """Where a layer is, (h, w): its own pixels, and behind nearer things where it is what lies
    nearest to them.
    """
    nearer = layer > step
    if not nearer.any():
        return layer == step
    rows, columns = ndimage.distance_transform_edt(
        nearer, return_distances=False, return_indices=True
    )
    return layer[rows, columns] == step


def _continued(planes: np.ndarray, layer: np.ndarray, step: int) -> np.ndarray:
    """Planes in which what does not lie in a layer shows the nearest pixel that does."""
    if (layer == step).all():
        return planes
    rows, columns = ndimage.distance_transform_edt(
        layer != step, return_distances=False, return_indices=True
    )
    return planes[:, rows, columns]
