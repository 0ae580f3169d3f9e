"""Pixels as a file holds them, and their way to uint8 sRGB: the whole depth is kept to the end."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from catsight.frames.item import note

#: sRGB grey behind transparent pictures. A white or black ground would be the strongest contrast in
#: the picture, and spread into it through the eye's blur; mid-grey adds the least.
_GROUND = 128
#: Channels of colour, by Little CMS's name for the colours.
CHANNELS = {"gray": 1, "rgb": 3, "cmyk": 4}
#: Pixels that are converted at a time, so that only these are ever copied.
_AT_ONCE = 1 << 20
#: Little CMS's flag that keeps it from interpolating greys and 16 bits coarsely: a linear grey came
#: out up to 9.7 levels off, and colours of 16 bits at the border of sRGB up to 10.
_NO_OPTIMISATION = 0x100


class Raster(NamedTuple):
    """A picture as it was decoded.

    ``values``: uint8, uint16 or floats (h, w, channels), from 0 to ``white``: the channels of
    ``colours`` ("gray", "rgb" or "cmyk"), then an opacity or none. ``profile``: its ICC profile;
    None for sRGB. ``premultiplied``: whether colours are stored times their opacity.
    """

    values: np.ndarray
    colours: str
    white: float = 255
    profile: bytes | None = None
    premultiplied: bool = False


def to_srgb(raster: Raster, name: str | Path) -> np.ndarray:
    """uint8 sRGB (h, w, 3) of a picture: through its profile, over mid-grey, and only then rounded.

    The intent is perceptual. With a profile that cannot be used, values are taken as sRGB's, with a
    note that calls the file by its ``name``.
    """
    height, width = raster.values.shape[:2]
    if raster.profile is not None:
        try:
            _through_profile(raster.values[:1, :1, : CHANNELS[raster.colours]], raster, "u1")
        except (RuntimeError, ValueError) as error:
            note(name, f"its colour profile cannot be used ({error}); taken as sRGB")
            raster = raster._replace(profile=None)
    values, profile = raster.values, raster.profile
    if (
        values.shape[2:] == (3,)
        and values.dtype == np.uint8
        and (raster.white, profile) == (255, None)
    ):
        return values  # a copy of a large picture would take much memory
    result = np.empty((height, width, 3), np.uint8)
    for part in parts(height, width):
        result[part] = _rows(raster._replace(values=raster.values[part]))
    return result


def over_grey(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """uint8 sRGB (h, w, 3) of values from 0 to 255 over mid-grey.

    ``alpha`` is their opacity, 0 to 255 (h, w, 1).
    """
    # mixes sRGB values, as every viewer and browser does
    result = np.empty((*alpha.shape[:2], 3), np.uint8)
    for part in parts(*alpha.shape[:2]):
        opacity = alpha[part] / np.float32(255)
        result[part] = np.rint(rgb[part] * opacity + _GROUND * (1 - opacity))
    return result


def parts(height: int, width: int) -> Iterator[slice]:
    """Rows of a picture that are converted at a time, in order; the last may be fewer."""
    rows = max(1, _AT_ONCE // width)
    return (slice(start, start + rows) for start in range(0, height, rows))


def _rows(raster: Raster) -> np.ndarray:
    """uint8 sRGB (h, w, 3) of some rows of a picture."""
    channels = CHANNELS[raster.colours]
    values, white = raster.values[..., :channels], raster.white
    alpha = raster.values[..., channels:]
    if raster.premultiplied:
        values = _divided(values, alpha, white)
    if raster.profile is not None:
        exact = white != 255 or alpha.size  # else the profile's result is the last step
        values, white = (
            (_through_profile(values, raster, "u2"), 65535)
            if exact
            else (_through_profile(values, raster, "u1"), 255)
        )
    elif raster.colours == "cmyk":  # inks that absorb their third of the light, and black
        values = (white - values[..., :3].astype(float)) * (white - values[..., 3:]) / white
    if alpha.size:
        return over_grey(values * (255 / white), alpha * (255 / raster.white))
    if values.dtype == np.uint8 and white == 255:
        return values
    return np.rint(values * (255 / white)).astype(np.uint8)


def _divided(values: np.ndarray, alpha: np.ndarray, white: float) -> np.ndarray:
    """Colours without the opacity that they were multiplied by; black where nothing is opaque."""
    shares = np.divide(values, alpha, out=np.zeros(values.shape), where=alpha > 0)
    colours = np.minimum(shares, 1) * white
    return (colours if values.dtype.kind == "f" else np.rint(colours)).astype(values.dtype)


def _through_profile(values: np.ndarray, raster: Raster, kind: str) -> np.ndarray:
    """sRGB (h, w, 3) of the type ``kind``, "u1" or "u2", from 0 to its largest value.

    Raises RuntimeError or ValueError if the profile cannot be used.
    """
    from imagecodecs import CMS, cms_profile, cms_transform

    profile, colours = raster.profile or b"", raster.colours
    if raster.white not in (255, 65535):
        values = np.rint(values * (65535 / raster.white)).astype(np.uint16)
    if colours == "gray" and profile[16:20] == b"RGB ":
        values, colours = np.repeat(values, 3, axis=-1), "rgb"
    grey = colours == "gray"
    return cms_transform(
        np.ascontiguousarray(values[..., 0] if grey else values),
        profile,
        cms_profile("srgb"),
        colorspace=colours,
        outcolorspace="rgb",
        outdtype=kind,
        intent=CMS.INTENT.PERCEPTUAL,
        flags=_NO_OPTIMISATION if grey or kind == "u2" else None,
    )
