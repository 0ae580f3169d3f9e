"""Colours that a file states in another way than by an ICC profile, as an ICC profile."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

#: Chromaticities x, y of white, red, green and blue.
_SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
#: Adobe RGB (1998): its exponent, and its chromaticities.
_ADOBE_RGB = 2.19921875, (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
#: Entries of a transfer function that are kept.
_ENTRIES = 4096
#: The exponent that is sRGB's, nearly; how far others may be from it (as in libpng: 0.45 is often
#: written for 1 / 2.2), and chromaticities from sRGB's.
_SRGB_EXPONENT, _NEAR_EXPONENT, _NEAR = 2.2, 0.05, 0.01
# EXIF's and TIFF's tags: what a value's light is, where white and the primaries lie
_TRANSFER, _WHITE, _PRIMARIES = 301, 318, 319
# EXIF: its own tags and those of interoperability, and where colours are said
_EXIF, _INTEROP, _COLOUR_SPACE, _GAMMA, _INDEX = 0x8769, 0xA005, 0xA001, 0xA500, 1
# values of the colour space: Adobe RGB, in no standard but written by cameras; and "uncalibrated"
_IS_SRGB, _IS_ADOBE, _UNCALIBRATED = 1, 2, 65535


def stated(exif: Image.Exif, info: Mapping) -> bytes | None:
    """The ICC profile of the colours that a picture without one states; None for sRGB.

    EXIF says Adobe RGB by an "uncalibrated" colour space and the index R03 (DCF 2.0), or by a
    colour space of 2; EXIF and TIFF say others by WhitePoint, PrimaryChromaticities and
    TransferFunction, and EXIF by Gamma; PNG, whose chunks are in ``info``, by gAMA and cHRM, unless
    its chunk sRGB is there. Raises ValueError for a statement that cannot be used.
    """
    own, index = exif.get_ifd(_EXIF), str(exif.get_ifd(_INTEROP).get(_INDEX, ""))
    space = own.get(_COLOUR_SPACE)
    if space == _IS_ADOBE or (space == _UNCALIBRATED and index.startswith("R03")):
        return profile(*_ADOBE_RGB)
    if "srgb" in info:
        return None
    gamma, places = info.get("gamma"), info.get("chromaticity")
    exponent = 1 / gamma if gamma else None
    if not exponent and space != _IS_SRGB and own.get(_GAMMA):
        exponent = float(own[_GAMMA])
    if not places and (_WHITE in exif or _PRIMARIES in exif):
        places = *exif.get(_WHITE, _SRGB[:2]), *exif.get(_PRIMARIES, _SRGB[2:])
    table = exif.get(_TRANSFER)
    if space == _UNCALIBRATED and not (index or exponent or places or table):
        raise ValueError("EXIF calls them uncalibrated, and no more")
    return profile(exponent or _SRGB_EXPONENT, [float(place) for place in places or _SRGB], table)


def profile(
    exponent: float, chromaticities: Sequence[float], table: Sequence[int] | None = None
) -> bytes | None:
    """The ICC profile of RGB values whose linear light is their power ``exponent``; None for sRGB.

    ``chromaticities``: x, y of white, red, green and blue. ``table``: TIFF's TransferFunction
    instead of an exponent: for each value, from 0 to 65535, its linear light; of all channels, or
    of one after the other. Raises ValueError if there is no such profile.
    """
    from imagecodecs import cms_profile

    if len(chromaticities) != 8 or min(chromaticities[1::2]) <= 0:
        raise ValueError(f"chromaticities {[*chromaticities]} are impossible")
    white, primaries = chromaticities[:2], chromaticities[2:]
    if table is not None:
        count = len(table) // 3 if len(table).bit_count() != 1 else len(table)
        # Little CMS refuses tables of a whole 16 bits
        places = np.linspace(0, count - 1, min(count, _ENTRIES))
        tables = np.resize(table, (3, count)).astype(int)
        if (np.diff(tables) < 0).any() or (tables[:, 0] >= tables[:, -1]).any():
            raise ValueError("its transfer function does not rise")
        curves = np.stack([np.interp(places, np.arange(count), one) for one in tables])
        curves = np.rint(curves).astype(np.uint16)
        return cms_profile("rgb", whitepoint=white, primaries=primaries, transferfunction=curves)
    far = np.abs(np.subtract(chromaticities, _SRGB)).max()
    if abs(exponent / _SRGB_EXPONENT - 1) <= _NEAR_EXPONENT and far <= _NEAR:
        return None
    return cms_profile("rgb", whitepoint=white, primaries=primaries, gamma=exponent)
