"""Decodes any photograph to the picture that a screen would show: uint8 sRGB, upright, opaque."""

import errno
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from catsight.frames import colours, jpeg, png, tiff
from catsight.frames.item import Rejected, check_size, note
from catsight.frames.raster import Raster, parts, to_srgb

# the limit here is max_pixels, checked before decoding; Pillow's own limit would come first
Image.MAX_IMAGE_PIXELS = None

#: The formats that are read, and how their files begin.
_KINDS = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "WEBP": rb"RIFF....WEBP",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
}
#: Formats that a folder of photos may well hold and that are not read: how their files begin, and
#: what can be done besides converting them.
_OTHER_KINDS = {
    "a HEIC or AVIF picture or a video": (
        rb"....ftyp",
        "; of a video, take stills with source: video",
    ),
    "a GIF": (rb"GIF8", ", or take its stills with source: video"),
    "a JPEG XL picture": (rb"\0\0\0\x0cJXL |\xff\x0a", ""),
    "a JPEG 2000 picture": (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", ""),
    "a JPEG XR picture": (rb"II\xbc", ""),
    "an OpenEXR picture": (rb"\x76\x2f\x31\x01", ""),
    "a Radiance picture": (rb"#\?RADIANCE|#\?RGBE", ""),
    "a PNM or PFM picture": (rb"P[1-7Ff]\s", ""),
    "a QOI picture": (rb"qoif", ""),
    "an SVG drawing": (rb"<svg|<\?xml", ""),
    "a BMP": (rb"BM", ""),
    "a Photoshop file": (rb"8BPS", ""),
    "a PDF": (rb"%PDF", ""),
}
# TIFF tags; the orientation is also EXIF's
_SUBFILE_TYPE, _ORIENTATION, _SUB_PAGES, _DNG_VERSION = 254, 274, 330, 50706
_TILE_WIDTH, _TILE_LENGTH = 322, 323

#: Bytes of a coded picture for each pixel of the largest that is read, of which 8 are four channels
#: of 16 bits; and the bytes that each file may have.
_BYTES, _LEAST = 10, 1 << 24

#: Pillow's modes that are turned into others, and Little CMS's names for the colours of these.
_SIMPLER = {"1": "L", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB"}
_COLOURS = {"L": "gray", "LA": "gray", "RGB": "rgb", "RGBA": "rgb", "CMYK": "cmyk"}

#: How the axes of a picture (h, w, 3) that is stored turned become upright, by its EXIF
#: orientation: whether they are swapped, and the steps along each after that.
_TURNS = {
    2: (False, 1, -1),
    3: (False, -1, -1),
    4: (False, -1, 1),
    5: (True, 1, 1),
    6: (True, 1, -1),
    7: (True, -1, -1),
    8: (True, -1, 1),
}


def decode(path: str | Path, max_pixels: int) -> np.ndarray:
    """The first picture in a JPEG, PNG, WebP or TIFF file, as uint8 sRGB (h, w, 3).

    Turned upright as EXIF says; converted from its ICC profile to sRGB (perceptual intent; without
    a profile, and if it says nothing of its colours in another way, it is taken as sRGB). Values of
    more than 8 bits are rounded to 8 at the very end; floats run from 0 to 1; transparency shows
    mid-grey. Raises :class:`Rejected`; for a picture of more than ``max_pixels`` before it decodes.
    """
    path = Path(path)
    if path.is_symlink() and path.is_dir():
        raise Rejected(
            "unreadable", "it is a link to a folder, which is not followed; name that folder itself"
        )
    if path.exists() and not path.is_file():  # opening a named pipe would block
        raise Rejected("unreadable", "it is not a regular file")
    try:
        with open(path, "rb") as file:
            return _decode(file, max_pixels, path)
    except OSError as error:
        raise Rejected("unreadable", f"the system says: {error.strerror}") from None


def decode_bytes(data: bytes, max_pixels: int, name: str) -> np.ndarray:
    """The picture in the bytes of such a file, as :func:`decode`; ``name`` is used in warnings."""
    return _decode(io.BytesIO(data), max_pixels, name)


def _decode(file: BinaryIO, max_pixels: int, name: str | Path) -> np.ndarray:
    try:
        raster, orientation = _open(file, max_pixels, name)
        rgb = to_srgb(raster, name)
        if orientation in _TURNS:
            swapped, down, right = _TURNS[orientation]
            upright = rgb.swapaxes(0, 1) if swapped else rgb
            rgb = np.ascontiguousarray(upright[::down, ::right])
        return rgb
    except Rejected:
        raise
    except MemoryError:
        raise Rejected("too large", "it needs more memory than there is") from None
    except Exception as error:  # on damaged files decoders raise errors of any kind
        # the system's, not the decoder's; but a place before the file's start is named by a file
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise Rejected("truncated", f"it ends early or is damaged inside ({error})") from None


def read_depth(
    file: str | Path | BinaryIO, shape: tuple[int, ...], unit: str | None = None
) -> np.ndarray:
    """The distance of each pixel in metres, float32 ``shape`` (h, w), from a .npy file.

    The file's numbers are in the ``unit``, "m" or "mm"; without one, numbers with a point are
    metres, and whole numbers, which most sensors give in millimetres, are refused. Infinity is a
    distance. Raises :class:`Rejected` unless the file holds numbers of that shape, all of at least
    1 cm; the shape is read before the numbers.
    """
    called = f"its depth map {file}" if isinstance(file, str | Path) else "its depth map"
    try:
        if isinstance(file, str | Path):
            with open(file, "rb") as opened:
                depth = _depth(opened, shape, called)
        else:
            depth = _depth(file, shape, called)
    except Rejected:
        raise
    except Exception as error:  # numpy's errors on damaged files are of many kinds
        raise Rejected("bad depth", f"{called} cannot be read: {error}") from None
    if unit is None and depth.dtype.kind != "f":
        raise Rejected(
            "bad depth",
            f"{called} holds whole numbers ({depth.dtype}), which may be millimetres; "
            "set depth_unit to mm or m",
        )
    metres = depth.astype(np.float32) * np.float32(0.001 if unit == "mm" else 1)
    if not (metres >= np.float32(0.01)).all():
        what = "millimetres, each at least 10" if unit == "mm" else "metres, each at least 0.01"
        raise Rejected("bad depth", f"{called} must hold {what} (and no NaN)")
    return metres


def _depth(file: BinaryIO, shape: tuple[int, ...], called: str) -> np.ndarray:
    """The numbers of a .npy file, once its header has been found to be right."""
    start = file.tell()
    if file.read(2) == b"PK":  # what numpy.savez writes
        raise Rejected(
            "bad depth",
            f"{called} holds several arrays; it must hold numbers, {shape} as the photo",
        )
    file.seek(start)
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"it is of version {version}; save it with numpy.save")
    held, _, dtype = read(file)
    if dtype.kind not in "fiu" or held != shape:
        raise Rejected(
            "bad depth",
            f"{called} holds {dtype} {held}; it must hold numbers, {shape} as the photo",
        )
    file.seek(start)
    return np.load(file, allow_pickle=False)


def _open(file: BinaryIO, max_pixels: int, name: str | Path) -> tuple[Raster, int]:
    """The decoded picture, and its EXIF orientation."""
    kind = _kind(file.read(16))
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if kind != "TIFF" and size > (most := max(_LEAST, _BYTES * max_pixels)):
        raise Rejected(  # all but TIFFs are read whole
            "too large",
            f"its file takes {size:,} bytes, more than {most:,}, which is {_BYTES} for each of "
            "frames.max_pixels",
        )
    if kind == "PNG":
        file, pixels = png.split(file)
    try:
        opened = Image.open(file, formats=[kind])
    except UnidentifiedImageError:
        if kind == "TIFF":  # Pillow knows no colour in floating point
            return tiff.read(file, max_pixels)
        if kind == "JPEG":
            jpeg.check_coding(file)
        raise OSError("its header is incomplete") from None
    check_size(opened.width, opened.height, max_pixels)
    exif = _exif(opened, name)
    profile = opened.info.get("icc_profile") or _stated(exif, opened.info, name)
    orientation = exif.get(_ORIENTATION, 1)
    if kind == "PNG":
        return png.decode(pixels, profile), orientation
    if kind == "TIFF":
        tags: Mapping = opened.tag_v2  # type: ignore[attr-defined]
        _check_page(tags)
        check_size(tags.get(_TILE_WIDTH, 0), tags.get(_TILE_LENGTH, 0), max_pixels)
        if tiff.needs_tifffile(tags):
            raster, orientation = tiff.read(file, max_pixels)
            return raster._replace(profile=profile), orientation
        orientation = 1  # Pillow turns it
    if kind == "WEBP":
        return _webp(opened, file, max_pixels)._replace(profile=profile), orientation
    if kind == "JPEG":
        opened = jpeg.checked(file, opened.size, max_pixels, name)
    return _raster(opened)._replace(profile=profile), orientation


def _check_page(tags: Mapping) -> None:
    """Raises :class:`Rejected` if the first page of a TIFF is not the picture."""
    # what Pillow would show of a raw file is a thumbnail
    thumbnail = tags.get(_SUBFILE_TYPE, 0) & 1
    if thumbnail and _SUB_PAGES not in tags and _DNG_VERSION not in tags:
        raise Rejected(
            "unsupported", "its first page is a thumbnail; save it with the picture first"
        )
    if thumbnail or _DNG_VERSION in tags:
        raise Rejected("unsupported", "it is a camera's raw file; develop it to JPEG, PNG or TIFF")


def _webp(picture: Any, file: BinaryIO, max_pixels: int) -> Raster:
    """The values of a WebP that Pillow opened, or of its first frame, of 8 bits a channel."""
    from imagecodecs import webp_decode

    if picture.is_animated:
        if 2 * picture.width * picture.height > max_pixels:
            raise Rejected(
                "too large",
                f"it is animated, and its decoder keeps two frames: {picture.width} × "
                f"{picture.height} px are more than half of frames.max_pixels, which is "
                f"{max_pixels}",
            )
        return _raster(picture)
    file.seek(0)  # Pillow would keep three copies
    return Raster(webp_decode(file.read(), hasalpha=picture.mode == "RGBA"), "rgb")


def _raster(picture: ImageFile.ImageFile) -> Raster:
    """The values of a picture that Pillow opened, of 8 bits a channel."""
    mode = _SIMPLER.get(picture.mode, picture.mode)
    if mode not in _COLOURS:
        raise Rejected("unsupported", f"its colours are {mode}; convert it to RGB")
    picture.load()
    # a part at a time: Pillow's own copies of a large picture take more than the picture
    values = np.empty((picture.height, picture.width, Image.getmodebands(mode)), np.uint8)
    for rows in parts(picture.height, picture.width):
        part = picture.crop((0, rows.start, picture.width, min(rows.stop, picture.height)))
        values[rows] = np.asarray(part.convert(mode)).reshape(-1, picture.width, values.shape[2])
    return Raster(values, _COLOURS[mode])


def _kind(head: bytes) -> str:
    """The format of a file, by its first 16 bytes."""
    if not head:
        raise Rejected("empty", "the file holds no bytes")
    for kind, start in _KINDS.items():
        if re.match(start, head, re.DOTALL):
            return kind
    for kind, (start, advice) in _OTHER_KINDS.items():
        if re.match(start, head, re.DOTALL):
            raise Rejected(
                "unsupported", f"it is {kind}; convert it to JPEG, PNG, WebP or TIFF{advice}"
            )
    raise Rejected("not an image", "it does not begin like a JPEG, PNG, WebP or TIFF file")


def _exif(picture: Image.Image, name: str | Path) -> Image.Exif:
    """A picture's EXIF; empty if it has none, or none that can be read."""
    if picture.format == "PNG" and "exif" not in picture.info:
        return Image.Exif()  # Pillow would look for it behind the pixels
    try:
        return picture.getexif()
    except Exception as error:  # broken EXIF is no reason to lose the picture
        note(name, f"its EXIF cannot be read ({error}); taken as upright")
        return Image.Exif()


def _stated(exif: Image.Exif, info: Mapping, name: str | Path) -> bytes | None:
    """The profile of the colours that a picture states in another way; None for sRGB."""
    try:
        return colours.stated(exif, info)
    except Exception as error:  # nor is a statement that makes no sense
        note(name, f"what it says of its colours cannot be used ({error}); taken as sRGB")
        return None
