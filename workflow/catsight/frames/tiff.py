"""TIFFs of more than 8 bits a channel or with a palette: Pillow cuts them to 8, or reads none."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from catsight.frames.item import Rejected, check_size
from catsight.frames.raster import CHANNELS, Raster

if TYPE_CHECKING:
    from tifffile import TiffPage

# TIFF tags
_BITS, _COMPRESSION, _PHOTOMETRIC, _ORIENTATION, _ICC = 258, 259, 262, 274, 34675
#: LZMA, Zstandard and WebP, of which Pillow may have been built without a decoder.
_NEWER_COMPRESSIONS = (34925, 50000, 50001)
#: None, LZW, deflate, packed bits and those: their decoders write no more than a strip or tile
#: holds (WebP's, 16,383 px square). Others bring a size of their own, which may be anything.
_COMPRESSIONS = (1, 5, 8, 32773, 32946, *_NEWER_COMPRESSIONS)
# values of tags: which photometric interpretation is a palette, what extra samples are opacity
_PALETTE, _PREMULTIPLIED, _OPACITY = 3, 1, 2

#: Bytes for each pixel of the largest picture that values may take, with one strip or tile of them:
#: 8 are four channels of 16 bits.
_BYTES = 10

#: What tifffile says where a decoder is missing.
_MISSING = ("imagecodecs", "not supported", "not available")


def needs_tifffile(tags: Mapping) -> bool:
    """Whether Pillow would cut or refuse the values of a TIFF with these tags."""
    return (
        max(tags.get(_BITS, (1,))) > 8
        or tags.get(_PHOTOMETRIC) == _PALETTE
        or tags.get(_COMPRESSION) in _NEWER_COMPRESSIONS
    )


def read(file: BinaryIO, max_pixels: int) -> tuple[Raster, int]:
    """The first page of a TIFF, and its EXIF orientation."""
    from tifffile import TiffFile

    size = file.seek(0, 2)
    file.seek(0)
    with TiffFile(file) as tiff:
        page: Any = tiff.pages.first
        check_size(int(page.imagewidth), int(page.imagelength), max_pixels)
        check_size(int(page.tilewidth), int(page.tilelength), max_pixels)
        _check_bytes(page, max_pixels)
        colours, extra = _layout(page)
        channels = CHANNELS[colours] + (extra is not None)
        # tifffile shows missing parts as black
        if any(at + count > size for at, count in zip(page.dataoffsets, page.databytecounts)):
            raise OSError("data are missing at its end")
        values = _values(page, channels)
        profile, orientation = (page.tags.valueof(code) for code in (_ICC, _ORIENTATION))
        white = 65535 if page.photometric == _PALETTE else _white(values, page)
        if page.photometric == 0:  # white is zero
            values[..., 0] = white - values[..., 0]
        raster = Raster(values, colours, white, profile or None, extra == _PREMULTIPLIED)
        return raster, orientation or 1


def _check_bytes(page: "TiffPage", max_pixels: int) -> None:
    """Raises :class:`Rejected` if a page's values and a strip or tile take too much memory."""
    pixels = page.imagewidth * page.imagelength
    if page.is_tiled:
        pixels += page.tilewidth * page.tilelength
    elif page.compression != 1:
        pixels += page.imagewidth * min(page.rowsperstrip, page.imagelength)
    size = page.dtype.itemsize if page.dtype else 1
    taken = int(pixels) * int(page.samplesperpixel) * int(page.imagedepth) * size
    if taken > _BYTES * max_pixels:
        raise Rejected(
            "too large",
            f"its values take {taken:,} bytes, more than {_BYTES} for each of frames.max_pixels, "
            f"which is {max_pixels}",
        )


def _layout(page: "TiffPage") -> tuple[str, int | None]:
    """Little CMS's name for a page's colours, and the kind of its opacity, which comes next.

    Raises :class:`Rejected` for colours that are not read.
    """
    colours = {0: "gray", 1: "gray", 2: "rgb", _PALETTE: "rgb", 5: "cmyk"}.get(page.photometric)
    if colours is None:
        raise Rejected(
            "unsupported",
            f"its colours are {getattr(page.photometric, 'name', '?')}; convert it to RGB",
        )
    if page.imagedepth > 1:
        raise Rejected("unsupported", f"it is a volume of {page.imagedepth} planes")
    extra = page.extrasamples[0] if page.extrasamples else None
    given = int(page.samplesperpixel) + (2 if page.photometric == _PALETTE else 0)
    opaque = extra not in (_PREMULTIPLIED, _OPACITY)
    if given < CHANNELS[colours] or (colours == "gray" and given > 1 and opaque):
        raise Rejected("unsupported", f"it has {page.samplesperpixel} channels a pixel")
    return colours, None if opaque else extra


def _values(page: "TiffPage", channels: int) -> np.ndarray:
    """A page's values (h, w, channels), those of a palette looked up; an opacity, if any, last.

    Raises :class:`Rejected` if no decoder is there for them, or they are of another type.
    """
    if page.compression not in _COMPRESSIONS:
        raise _no_decoder(page)
    try:
        values = page.asarray()
    except Exception as error:
        if any(words in str(error) for words in _MISSING):
            raise _no_decoder(page) from None
        raise
    if values.dtype == bool:
        values = values.astype(np.uint8)
    if values.dtype == np.float16:  # whose products with 65535 are infinite
        values = values.astype(np.float32)
    if page.axes == "SYX":
        values = np.moveaxis(values, 0, -1)
    values = values.reshape(int(page.imagelength), int(page.imagewidth), -1)
    if page.photometric == _PALETTE:
        looked_up = _palette(page)[values[..., 0]]
        if channels == 3:
            return looked_up
        opacity = values[..., 1:2].astype(np.uint16) * np.uint16(257)
        return np.concatenate([looked_up, opacity], axis=-1)
    return values[..., :channels]


def _no_decoder(page: "TiffPage") -> Rejected:
    coding = [f"compression {getattr(page.compression, 'name', page.compression)}"]
    if page.predictor > 1:
        coding.append(f"predictor {getattr(page.predictor, 'name', page.predictor)}")
    return Rejected(
        "unsupported",
        f"its values ({page.bitspersample} bits, {', '.join(coding)}) need a decoder that "
        "catsight does not have; save it with 8 or 16 bits, with zip or uncompressed",
    )


def _palette(page: "TiffPage") -> np.ndarray:
    """A page's palette, uint16 (entries, 3), from 0 to 65535.

    TIFF's palettes have 16 bits, but some writers put 8 into the low or the high byte.
    """
    palette = np.asarray(page.colormap, np.uint16).T
    if palette.max() < 256:
        return palette * np.uint16(257)
    return (palette >> 8) * np.uint16(257) if not (palette & 255).any() else palette


def _white(values: np.ndarray, page: "TiffPage") -> float:
    """The value that is white. Raises :class:`Rejected` for values of which that is not known."""
    if values.dtype.kind == "f":
        low, high = float(values.min()), float(values.max())
        if not (low >= 0 and 1 / 255 < high <= 1):  # also if there is a NaN
            raise Rejected(
                "unsupported",
                f"its floating-point values run from {low:g} to {high:g}, not from 0 to 1",
            )
        return 1.0
    if values.dtype not in (np.uint8, np.uint16) or isinstance(page.bitspersample, tuple):
        raise Rejected(
            "unsupported", f"its values are {values.dtype}; save it with 8 or 16 bits a channel"
        )
    return 2**page.bitspersample - 1
