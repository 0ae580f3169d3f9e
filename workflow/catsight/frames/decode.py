"""Decodes any photograph to the picture that a screen would show: uint8 sRGB, upright, opaque."""

import io
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from catsight.frames import colours, deep, jpeg, png
from catsight.frames.item import Rejected, check_size

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
#: An ICC profile; or an exponent and chromaticities (:func:`colours.to_srgb`).
_Profile = bytes | tuple[float, Sequence[float]]
#: sRGB grey behind transparent pictures. A white or black ground would be the strongest contrast in
#: the picture, and spread into it through the eye's blur; mid-grey adds the least.
_GROUND = 128

# TIFF tags; the orientation is also EXIF's
_SUBFILE_TYPE, _ORIENTATION, _SUB_PAGES, _DNG_VERSION = 254, 274, 330, 50706
# EXIF: its own tags and those of interoperability, and where colours are said
_EXIF, _INTEROP, _COLOUR_SPACE, _INDEX = 0x8769, 0xA005, 0xA001, 1

#: The operation that turns a picture upright, by its EXIF orientation.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(path: str | Path, max_pixels: int) -> np.ndarray:
    """The first picture in a JPEG, PNG, WebP or TIFF file, as uint8 sRGB (h, w, 3).

    Turned upright as EXIF says; converted from its ICC profile to sRGB (perceptual intent; without
    a profile it is taken as sRGB). 16 bits become 8 by rounding v / 257; floats from 0 to 1 are
    taken as sRGB values; transparency shows mid-grey. Raises :class:`Rejected`; for a picture of
    more than ``max_pixels`` before decoding it.
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
        picture, profile, orientation = _open(file, max_pixels, name)
        rgb = _srgb(picture, profile, name)
        if orientation in _TURNS:
            rgb = np.asarray(Image.fromarray(rgb).transpose(_TURNS[orientation]))
        return rgb
    except Rejected:
        raise
    except MemoryError:
        raise Rejected("too large", "it needs more memory than there is") from None
    except Exception as error:  # on damaged files decoders raise errors of any kind
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's, not the decoder's
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


def _open(
    file: BinaryIO, max_pixels: int, name: str | Path
) -> tuple[Image.Image, _Profile | None, int]:
    """The decoded picture with 8 bits a channel, its colours, and its EXIF orientation.

    Colours are its ICC profile, or what it states otherwise; None for sRGB.
    """
    kind = _kind(file.read(16))
    file.seek(0)
    if kind == "PNG":
        file = png.without_remarks(file)
    if kind == "JPEG":
        data = jpeg.with_end(file.read())
        file = io.BytesIO(data)
        if not jpeg.sound(data):
            print(
                f"frames: {name}: a strict decoder finds damage inside; it is used as it is, so "
                "look at it",
                file=sys.stderr,
            )
    try:
        opened = Image.open(file, formats=[kind])
    except UnidentifiedImageError:
        if kind == "TIFF":  # Pillow knows no colour in floating point
            return deep.load_with_tifffile(file, max_pixels)
        raise OSError("its header is incomplete") from None
    check_size(opened.width, opened.height, max_pixels)
    tags = getattr(opened, "tag_v2", {}) if kind == "TIFF" else {}
    # what Pillow would show of a raw file is a thumbnail
    thumbnail = tags.get(_SUBFILE_TYPE, 0) & 1
    if thumbnail and _SUB_PAGES not in tags and _DNG_VERSION not in tags:
        raise Rejected(
            "unsupported", "its first page is a thumbnail; save it with the picture first"
        )
    if thumbnail or _DNG_VERSION in tags:
        raise Rejected("unsupported", "it is a camera's raw file; develop it to JPEG, PNG or TIFF")
    if deep.needs_tifffile(opened):
        return deep.load_with_tifffile(file, max_pixels)
    picture = deep.load(opened, file)
    return picture, opened.info.get("icc_profile") or _stated(opened), _orientation(opened)


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


def _orientation(picture: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; TIFFs that Pillow has loaded are upright already, and say 1."""
    try:
        return picture.getexif().get(_ORIENTATION, 1)
    except Exception as error:  # broken EXIF is no reason to lose the picture
        print(
            f"frames: a picture's EXIF cannot be read ({error}); taken as upright", file=sys.stderr
        )
        return 1


def _stated(picture: Image.Image) -> tuple[float, Sequence[float]] | None:
    """Exponent and chromaticities that a picture without a profile states; None for sRGB.

    EXIF says Adobe RGB by an "uncalibrated" colour space and the index R03 (DCF 2.0); PNG says
    others by gAMA and cHRM, unless its chunk sRGB is there.
    """
    try:
        exif = picture.getexif()
        uncalibrated = exif.get_ifd(_EXIF).get(_COLOUR_SPACE) == 65535
        if uncalibrated and str(exif.get_ifd(_INTEROP).get(_INDEX, "")).startswith("R03"):
            return colours.ADOBE_RGB
    except Exception:  # broken EXIF is no reason to lose the picture; _orientation says so
        return None
    gamma, places = picture.info.get("gamma"), picture.info.get("chromaticity")
    if "srgb" in picture.info or not (gamma or places):
        return None
    stated = (1 / gamma if gamma else colours.SRGB_EXPONENT), places or colours.SRGB
    return None if colours.is_srgb(*stated) else stated


def _srgb(picture: Image.Image, profile: _Profile | None, name: str | Path) -> np.ndarray:
    """uint8 sRGB (h, w, 3) of a picture with 8 bits a channel."""
    if picture.mode == "1":
        picture = picture.convert("L")
    if picture.mode in ("P", "PA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("LA" if picture.mode in ("L", "La") else "RGBA")
    alpha = None
    if picture.mode in ("LA", "RGBA"):
        alpha = np.asarray(picture.getchannel("A"))[..., None]
    opaque = {"LA": "L", "RGBA": "RGB", "RGBX": "RGB", "YCbCr": "RGB"}
    picture = picture.convert(opaque.get(picture.mode, picture.mode))
    if picture.mode not in ("L", "RGB", "CMYK"):
        raise Rejected("unsupported", f"its colours are {picture.mode}; convert it to RGB")
    if isinstance(profile, bytes):
        picture = _through_profile(picture, profile, name)
    rgb = np.asarray(picture.convert("RGB"))
    if isinstance(profile, tuple):
        rgb = colours.to_srgb(rgb, *profile)
    return rgb if alpha is None else over_grey(rgb, alpha)


def over_grey(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """uint8 sRGB (h, w, 3) over mid-grey; ``alpha`` is its opacity, 0 to 255 (h, w, 1)."""
    # mixes sRGB values, as every viewer and browser does
    alpha = alpha.astype(np.uint16)
    return ((rgb * alpha + _GROUND * (255 - alpha) + 127) // 255).astype(np.uint8)


def _through_profile(picture: Image.Image, profile: bytes, name: str | Path) -> Image.Image:
    """A picture converted from its ICC profile to sRGB; as it is if the profile is unusable."""
    try:
        source, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        # with optimisation, Little CMS interpolates greys coarsely: a linear grey came out up to
        # 9.7 levels off
        flags = ImageCms.Flags.NOOPTIMIZE if picture.mode == "L" else ImageCms.Flags.NONE
        return (
            ImageCms.profileToProfile(picture, source, srgb, outputMode="RGB", flags=flags)
            or picture
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        print(
            f"frames: {name}: its colour profile cannot be used ({error}); taken as sRGB",
            file=sys.stderr,
        )
        return picture
