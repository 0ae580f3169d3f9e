"""Reduces pictures of more than 8 bits a channel to 8, and reads TIFFs that Pillow cannot.

Pillow keeps only the high bytes of 16-bit colour: it truncates instead of rounding, which puts half
of all values one level off. Here the same file is opened a second time with the other byte order,
which gives the low bytes.
"""

import re
import sys
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile

from catsight.frames.item import Rejected, check_size

# TIFF tags
_BITS, _PHOTOMETRIC, _ORIENTATION, _PLANES, _ICC = 258, 262, 274, 284, 34675


def needs_tifffile(picture: ImageFile.ImageFile) -> bool:
    """Whether a picture that Pillow opened is a TIFF with separate planes of more than 8 bits.

    Pillow 13 takes them for planes of 8 bits.
    """
    return _tags(picture).get(_PLANES) == 2 and _bits(picture) > 8


def load(picture: ImageFile.ImageFile, file: BinaryIO) -> Image.Image:
    """Decodes a picture that Pillow opened from ``file``; the result has 8 bits a channel."""
    # what the file says, before loading turns the picture upright
    white, photometric = 2 ** _bits(picture) - 1, _tags(picture).get(_PHOTOMETRIC)
    rawmode = _rawmode(picture)
    picture.load()
    if picture.mode.startswith("I;16"):
        values = np.asarray(picture).astype(np.uint16)
        if photometric == 0:  # white is zero
            values = white - values
        return eight_bits(values, white)
    if picture.mode == "F":
        return eight_bits(np.asarray(picture))
    if swapped := _swapped(rawmode):
        low = np.asarray(_open_as(file, str(picture.format), swapped))
        values = np.asarray(picture).astype(np.uint16) << 8 | low
        return eight_bits(values, mode=picture.mode)
    return picture


def load_with_tifffile(file: BinaryIO, max_pixels: int) -> tuple[Image.Image, bytes | None, int]:
    """The first page of a TIFF with 8 bits a channel, its ICC profile, and its EXIF orientation."""
    from tifffile import PHOTOMETRIC, TiffFile

    file.seek(0)
    with TiffFile(file) as tiff:
        page = tiff.pages.first
        check_size(int(page.imagewidth), int(page.imagelength), max_pixels)
        if page.photometric not in (PHOTOMETRIC.RGB, PHOTOMETRIC.MINISBLACK):
            raise Rejected(
                "unsupported",
                f"its colours are {getattr(page.photometric, 'name', '?')}; convert it to RGB",
            )
        if page.samplesperpixel not in (1, 3, 4):
            raise Rejected("unsupported", f"it has {page.samplesperpixel} channels a pixel")
        try:
            values = page.asarray()
        except Exception as error:
            if "imagecodecs" not in str(error):
                raise
            coding = [f"compression {getattr(page.compression, 'name', '?')}"]
            if page.predictor > 1:
                coding.append(f"predictor {getattr(page.predictor, 'name', '?')}")
            raise Rejected(
                "unsupported",
                f"its values ({page.bitspersample} bits, {', '.join(coding)}) need a decoder that "
                "catsight does not have; save it with 8 or 16 bits, with zip or uncompressed",
            ) from None
        values = np.moveaxis(values, 0, -1) if page.axes == "SYX" else values
        profile, orientation = (page.tags.valueof(code) for code in (_ICC, _ORIENTATION))
        return eight_bits(values), profile, orientation or 1


def eight_bits(values: np.ndarray, white: int = 65535, mode: str | None = None) -> Image.Image:
    """An 8-bit picture of values (h, w) or (h, w, channels), rounded.

    They are integers from 0 to ``white``, or floats from 0 to 1. Raises :class:`Rejected` for
    others.
    """
    if values.dtype.kind == "f":
        low, high = float(values.min()), float(values.max())
        if not (low >= 0 and 1 / 255 < high <= 1):  # also if there is a NaN
            raise Rejected(
                "unsupported",
                f"its floating-point values run from {low:g} to {high:g}, not from 0 to 1",
            )
        values, white = values.astype(np.float64), 1
    elif values.dtype != np.uint16:
        raise Rejected(
            "unsupported", f"its values are {values.dtype}; save it with 8 or 16 bits a channel"
        )
    mode = mode or {(): "L", (3,): "RGB", (4,): "RGBA"}[values.shape[2:]]
    values = np.rint(values * (255 / white)).astype(np.uint8)
    height, width = values.shape[:2]
    return Image.frombytes(mode, (width, height), np.ascontiguousarray(values))


def _tags(picture: Image.Image) -> dict:
    """The TIFF tags of a picture; empty for other formats."""
    return getattr(picture, "tag_v2", {}) if picture.format == "TIFF" else {}


def _bits(picture: Image.Image) -> int:
    """The most bits that one of its channels has; 16 if the picture does not say."""
    return max(_tags(picture).get(_BITS, (16,)))


def _rawmode(picture: ImageFile.ImageFile) -> str:
    """How Pillow is going to unpack the file's pixels, as "RGB;16B"."""
    arguments = (picture.tile[0].args if picture.tile else None) or ""
    return arguments if isinstance(arguments, str) else str(arguments[0])


def _swapped(rawmode: str) -> str | None:
    """``rawmode`` with the other byte order if it is one of 16-bit colour, else None."""
    if not (match := re.fullmatch("(RGB|RGBA|RGBX|CMYK);16([LBN])", rawmode)):
        return None
    other = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
    return f"{match[1]};16{other[match[2]]}"


def _open_as(file: BinaryIO, kind: str, rawmode: str) -> Image.Image:
    """The picture in ``file``, its pixels unpacked as ``rawmode`` says."""
    file.seek(0)
    picture = Image.open(file, formats=[kind])
    picture.tile = [
        tile._replace(
            args=rawmode if isinstance(tile.args, str) else (rawmode, *(tile.args or ())[1:])
        )
        for tile in picture.tile
    ]
    picture.load()
    return picture
