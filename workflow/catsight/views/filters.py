"""Views that are no eye: the frame as it is, and the filter of the published study."""

import numpy as np

from catsight.errors import CatsightError


def original(rgb: np.ndarray) -> np.ndarray:
    """The frame as it is; uint8 (h, w, 3)."""
    return rgb


def catvision(rgb: np.ndarray) -> np.ndarray:
    """The published filter ("Purrturbed but Stable", arXiv 2511.02404), run from its own package
    ``catvision``.

    Takes and gives uint8 sRGB (h, w, 3). It works on pixels, without viewing conditions; what it
    does is described in its package and differs from an eye's optics and colour.
    """
    try:
        from catvision import CatVisionFilter
    except ImportError:
        raise CatsightError(
            "the view 'catvision' needs the package of that name: `make setup`, or pip install 'catsight[paper]'"
        ) from None
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    return np.ascontiguousarray(
        CatVisionFilter().apply_cat_vision(bgr, use_biological_accuracy=True)[..., ::-1]
    )


FILTERS = {"original": original, "catvision": catvision}
