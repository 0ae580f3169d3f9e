"""Filters: the views other than eyes', one function each.

A filter takes a picture, uint8 sRGB (h, w, 3), and its own keys of the view by name. It returns a
changed picture, and leaves the one that it was given as it is. :mod:`catsight.study.filters` holds
the record of each filter: its keys, their defaults and its label.
"""

import difflib
import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from catsight.errors import CatsightError
from catsight.views.blur import contrast_lost, gaussian_blur
from catsight.views.colour import decode_srgb, encode_srgb
from catsight.views.differences import LUMINANCE, chromatic_difference, luminance_difference
from catsight.views.grey import desaturation
from catsight.views.matching import Matched, matched


def original(rgb: np.ndarray) -> np.ndarray:
    """The frame as it is."""
    return rgb


def paired(rgb: np.ndarray) -> np.ndarray:
    """The picture that was recorded with the frame, as it is (see :data:`OF_THE_PARTNER`)."""
    return rgb


def catvision(rgb: np.ndarray) -> np.ndarray:
    """The published filter ("Purrturbed but Stable", arXiv 2511.02404), run from its own package.

    The package is ``catvision``. The filter works on pixels, without viewing conditions; the
    package describes what it does, which differs from an eye's optics and colour.
    """
    try:
        from catvision import CatVisionFilter
    except ImportError:
        raise CatsightError(
            "the view 'catvision' needs the package of that name: run `make setup`, "
            "or pip install 'catsight[paper]'"
        ) from None
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    return np.ascontiguousarray(
        CatVisionFilter().apply_cat_vision(bgr, use_biological_accuracy=True)[..., ::-1]
    )


def catvision_clip(rgb: np.ndarray, *, past: Sequence[tuple[float, np.ndarray]]) -> np.ndarray:
    """The published filter over the frames of the ``past`` and the picture, with all its stages.

    The package's stage for time takes the number of a frame in the sequence for its frequency, so
    the result depends on how long the past is. Without a past it is :func:`catvision`.
    """
    if not past:
        return catvision(rgb)
    from catvision import CatVisionFilter

    clip = [picture[..., ::-1] for _, picture in reversed(past)] + [rgb[..., ::-1]]
    fps = max(1, round(1 / past[0][0]))
    seen = CatVisionFilter().apply_cat_vision_to_sequence(
        [np.ascontiguousarray(bgr) for bgr in clip], fps=fps
    )
    return np.ascontiguousarray(seen[-1][..., ::-1])


def jpeg(rgb: np.ndarray, *, quality: int) -> np.ndarray:
    """The picture after baseline JPEG compression of that ``quality`` (libjpeg's, 1 to 95)."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as picture:
        return np.asarray(picture.convert("RGB"))


def greyscale(rgb: np.ndarray) -> np.ndarray:
    """The picture with each pixel's luminance as a grey."""
    grey = decode_srgb(rgb) @ LUMINANCE
    return encode_srgb(np.repeat(grey[..., None], 3, axis=2))


def blur(rgb: np.ndarray, *, match: np.ndarray) -> Matched:
    """The picture blurred until it has lost as much luminance contrast as ``match`` has.

    The strength is the standard deviation of the Gaussian in widths of the picture, at most that of
    its longer side.
    """
    height, width = rgb.shape[:2]
    blurred, lost = gaussian_blur(rgb), contrast_lost(rgb)
    return matched(
        lambda widths: blurred(widths * width),
        lambda widths: lost(widths * width),
        wanted=luminance_difference(match, rgb),
        strongest=max(1.0, height / width),
    )


def desaturate(rgb: np.ndarray, *, match: np.ndarray) -> Matched:
    """The picture mixed with its grey until it has lost as much colour as ``match`` has.

    The strength is the share of the grey. The luminance of every pixel stays.
    """
    mixed, lost = desaturation(rgb)
    return matched(mixed, lost, wanted=chromatic_difference(match, rgb), strongest=1.0)


#: Filter -> its function of a picture and the filter's keys. The key ``match`` of a view names
#: another view; the function gets what that view delivers, and returns a :class:`Matched`.
FILTERS: dict[str, Callable[..., Any]] = {
    "original": original,
    "catvision": catvision,
    "catvision_clip": catvision_clip,
    "paired": paired,
    "jpeg": jpeg,
    "greyscale": greyscale,
    "blur": blur,
    "desaturate": desaturate,
}
#: Filters of the picture that was recorded with the frame, instead of the frame.
OF_THE_PARTNER = frozenset({"paired"})
#: Filters that also take the ``past`` of a frame, as :func:`catsight.views.rows.past` gives it.
OF_THE_PAST = frozenset({"catvision_clip"})


def find(name: str) -> Callable[..., Any]:
    """The function of the filter ``name``. Raises :class:`CatsightError` if there is none."""
    if name not in FILTERS:
        near = difflib.get_close_matches(str(name), FILTERS, 1)
        guess = f" (did you mean {near[0]}?)" if near else ""
        raise CatsightError(
            f"the filter '{name}' is unknown{guess}; it may be {', '.join(sorted(FILTERS))}"
        )
    return FILTERS[name]
