"""Any photograph to what a screen would show: uint8 sRGB, upright, opaque."""

import io
import re
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError

# decode() compares the size with its own limit before it decodes; Pillow's would come first and is
# not the user's
Image.MAX_IMAGE_PIXELS = None

#: How the kinds of file begin that are read ...
_KINDS = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "WEBP": rb"RIFF....WEBP",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
}
#: ... and some that a folder of photos may well hold, and that are not.
_OTHER_KINDS = {
    "a HEIC or AVIF picture or a video": rb"....ftyp",
    "a GIF": rb"GIF8",
    "a BMP": rb"BM",
    "a Photoshop file": rb"8BPS",
    "a PDF": rb"%PDF",
}
#: What else can be done with some of them.
_STILLS = {"a GIF": ", or take its stills with source: video"}
_STILLS["a HEIC or AVIF picture or a video"] = "; of a video, take stills with source: video"
#: sRGB grey that shows through where a picture is transparent. A white or black ground would be the
#: strongest contrast in the picture, and spread into it through the eye's blur; mid-grey is the
#: least that could be added.
_GROUND = 128

# TIFF tags
_SUBFILE_TYPE, _BITS, _PHOTOMETRIC, _ORIENTATION, _PLANES, _ICC, _DNG_VERSION = (
    254,
    258,
    262,
    274,
    284,
    34675,
    50706,
)

#: What turns a picture upright, by its EXIF orientation.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Rejected(Exception):
    """A file that cannot be used: ``reason`` is one of a few short words, ``detail`` a sentence.

    Reasons: "unreadable", "empty", "not an image", "not a clip", "unsupported", "too large",
    "truncated", "bad depth"; of tables "no pictures", "no bytes"; of pairs "unmatched", "unequal
    sizes"; of all together "duplicate".
    """

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


def decode(path: str | Path, max_pixels: int) -> np.ndarray:
    """The first picture in a JPEG, PNG, WebP or TIFF file, as uint8 sRGB (h, w, 3).

    Turned upright as EXIF says; brought from its ICC profile to sRGB (perceptual intent; without a
    profile it is taken to be sRGB); 16 bits become 8 by rounding v / 257; floats are taken for sRGB
    values where they lie in 0..1; transparency shows mid-grey. Raises :class:`Rejected`; for a
    picture of more than ``max_pixels`` before decoding it.
    """
    path = Path(path)
    if path.is_symlink() and path.is_dir():
        raise Rejected(
            "unreadable", "it is a link to a folder, which is not followed; name that folder itself"
        )
    if path.exists() and not path.is_file():  # opening a named pipe would wait for ever
        raise Rejected("unreadable", "it is not a regular file")
    try:
        with open(path, "rb") as file:
            return _decode(file, max_pixels, path)
    except OSError as error:
        raise Rejected("unreadable", f"the system says: {error.strerror}") from None


def decode_bytes(data: bytes, max_pixels: int, name: str) -> np.ndarray:
    """The picture in the bytes of such a file, as :func:`decode`; ``name`` is what warnings call
    it.
    """
    return _decode(io.BytesIO(data), max_pixels, name)


def _decode(file: BinaryIO, max_pixels: int, name: str | Path) -> np.ndarray:
    try:
        picture, profile, orientation = _open(file, max_pixels)
        rgb = _srgb(picture, profile, name)
        if orientation in _TURNS:
            rgb = np.asarray(Image.fromarray(rgb).transpose(_TURNS[orientation]))
        return rgb
    except Rejected:
        raise
    except MemoryError:
        raise Rejected("too large", "it needs more memory than there is") from None
    except Exception as error:  # on damaged files decoders raise whatever comes
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's, not the decoder's
        raise Rejected("truncated", f"it ends early or is damaged inside ({error})") from None


def read_depth(file: str | Path | BinaryIO, shape: tuple[int, int]) -> np.ndarray:
    """The distance of each pixel in metres, float32 ``shape`` (h, w), from a .npy file; infinity is
    a distance.

    Raises :class:`Rejected` where the file holds anything else than as many numbers from 0.01
    upwards.
    """
    called = f"its depth map {file}" if isinstance(file, str | Path) else "its depth map"
    try:
        depth = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise Rejected("bad depth", f"{called} cannot be read: {error}") from None
    if not isinstance(depth, np.ndarray) or depth.dtype.kind not in "fiu" or depth.shape != shape:
        held = f"{depth.dtype} {depth.shape}" if isinstance(depth, np.ndarray) else "several arrays"
        raise Rejected(
            "bad depth", f"{called} holds {held}; it must hold numbers, {shape} as the photo"
        )
    if not (depth >= 0.01).all():
        raise Rejected("bad depth", f"{called} must hold metres, each at least 0.01 (and no NaN)")
    return depth.astype(np.float32)


def _open(file: BinaryIO, max_pixels: int) -> tuple[Image.Image, bytes | None, int]:
    """The decoded picture with 8 bits a channel, its ICC profile, and its EXIF orientation."""
    kind = _kind(file.read(16))
    file.seek(0)
    try:
        opened = Image.open(file, formats=[kind])
    except UnidentifiedImageError:
        if kind == "TIFF":  # Pillow knows no colour in floating point
            return _open_with_tifffile(file, max_pixels)
        raise OSError("its header is incomplete") from None
    check_size(opened.width, opened.height, max_pixels)
    tags = getattr(opened, "tag_v2", {}) if kind == "TIFF" else {}
    if (
        tags.get(_SUBFILE_TYPE, 0) & 1 or _DNG_VERSION in tags
    ):  # what Pillow would show is a thumbnail
        raise Rejected("unsupported", "it is a camera's raw file; develop it to JPEG, PNG or TIFF")
    bits = max(tags.get(_BITS, (16,)))
    if tags.get(_PLANES) == 2 and bits > 8:  # Pillow 13 takes separate planes for 8 bits deep
        return _open_with_tifffile(file, max_pixels)

    rawmode = _rawmode(opened)
    opened.load()
    picture: Image.Image = opened
    profile, orientation = picture.info.get("icc_profile"), _orientation(picture)
    if picture.mode.startswith("I;16"):
        white = 2**bits - 1
        values = np.asarray(picture).astype(np.uint16)
        picture = _picture(
            values if tags.get(_PHOTOMETRIC) != 0 else white - values, white
        )  # 0: white is zero
    elif picture.mode == "F":
        picture = _picture(np.asarray(picture))
    elif swapped := _swapped(rawmode):
        values = np.asarray(picture).astype(np.uint16) << 8 | np.asarray(
            _open_as(file, kind, swapped)
        )
        picture = _picture(values, mode=picture.mode)
    return picture, profile, orientation


def _open_with_tifffile(file: BinaryIO, max_pixels: int) -> tuple[Image.Image, bytes | None, int]:
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
        except ValueError as error:
            if "imagecodecs" in str(error):
                raise Rejected(
                    "unsupported",
                    f"its compression is {getattr(page.compression, 'name', '?')}; save it with zip",
                ) from None
            raise
        values = np.moveaxis(values, 0, -1) if page.axes == "SYX" else values
        tags = {code: page.tags.valueof(code) for code in (_ICC, _ORIENTATION)}
        return _picture(values), tags[_ICC], tags[_ORIENTATION] or 1


def _kind(head: bytes) -> str:
    """The kind of file, by its first 16 bytes."""
    if not head:
        raise Rejected("empty", "the file holds no bytes")
    for kind, start in _KINDS.items():
        if re.match(start, head, re.DOTALL):
            return kind
    for kind, start in _OTHER_KINDS.items():
        if re.match(start, head, re.DOTALL):
            raise Rejected(
                "unsupported",
                f"it is {kind}; convert it to JPEG, PNG, WebP or TIFF{_STILLS.get(kind, '')}",
            )
    raise Rejected("not an image", "it does not begin like a JPEG, PNG, WebP or TIFF file")


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raises :class:`Rejected` where ``width`` times ``height`` is more than ``max_pixels``."""
    if width * height > max_pixels:
        raise Rejected(
            "too large",
            f"{width} × {height} px are more than frames.max_pixels, which is {max_pixels}",
        )


def _orientation(picture: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; TIFFs that Pillow has loaded are upright already, and say 1."""
    try:
        return picture.getexif().get(_ORIENTATION, 1)
    except Exception as error:  # broken EXIF is no reason to lose the picture
        print(
            f"frames: a picture's EXIF cannot be read ({error}); taken as upright", file=sys.stderr
        )
        return 1


# Of 16-bit colour Pillow keeps the high bytes only: 8 bits by cutting off instead of rounding,
# which lowers or raises half of all values by one. The same file opened as if its byte order were
# the other one gives the low bytes.


def _rawmode(picture: ImageFile.ImageFile) -> str:
    """How Pillow is going to unpack the file's pixels, as "RGB;16B"."""
    arguments = (picture.tile[0].args if picture.tile else None) or ""
    return arguments if isinstance(arguments, str) else str(arguments[0])


def _swapped(rawmode: str) -> str | None:
    """``rawmode`` with the other byte order, where it is one of 16-bit colour."""
    if not (match := re.fullmatch("(RGB|RGBA|RGBX|CMYK);16([LBN])", rawmode)):
        return None
    other = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
    return f"{match[1]};16{other[match[2]]}"


def _open_as(file: BinaryIO, kind: str, rawmode: str) -> Image.Image:
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


def _picture(values: np.ndarray, white: int = 65535, mode: str | None = None) -> Image.Image:
    """An 8-bit picture of values (h, w) or (h, w, channels): integers from 0 to ``white``, or
    floats from 0 to 1.
    """
    if values.dtype.kind == "f":
        low, high = float(values.min()), float(values.max())
        if not (low >= 0 and 1 / 255 < high <= 1):  # also where there is a NaN
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


def _srgb(picture: Image.Image, profile: bytes | None, path: str | Path) -> np.ndarray:
    """uint8 sRGB (h, w, 3) of a picture with 8 bits a channel."""
    if picture.mode == "1":
        picture = picture.convert("L")
    if picture.mode in ("P", "PA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("LA" if picture.mode in ("L", "La") else "RGBA")
    alpha = (
        np.asarray(picture.getchannel("A"))[..., None] if picture.mode in ("LA", "RGBA") else None
    )
    picture = picture.convert(
        {"LA": "L", "RGBA": "RGB", "RGBX": "RGB", "YCbCr": "RGB"}.get(picture.mode, picture.mode)
    )
    if picture.mode not in ("L", "RGB", "CMYK"):
        raise Rejected("unsupported", f"its colours are {picture.mode}; convert it to RGB")
    if profile:
        picture = _through_profile(picture, profile, path)
    rgb = np.asarray(picture.convert("RGB"))
    if alpha is None:
        return rgb
    return over_grey(rgb, alpha)


def over_grey(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """uint8 sRGB (h, w, 3) with mid-grey showing through, by its ``alpha``, 0 to 255 (h, w, 1)."""
    # on sRGB values, as every viewer and browser does it
    alpha = alpha.astype(np.uint16)
    return ((rgb * alpha + _GROUND * (255 - alpha) + 127) // 255).astype(np.uint8)


def _through_profile(picture: Image.Image, profile: bytes, path: str | Path) -> Image.Image:
    try:
        source, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        # optimised, Little CMS interpolates greys coarsely: a linear grey came out up to 9.7 levels
        # off
        flags = ImageCms.Flags.NOOPTIMIZE if picture.mode == "L" else ImageCms.Flags.NONE
        return (
            ImageCms.profileToProfile(picture, source, srgb, outputMode="RGB", flags=flags)
            or picture
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        print(
            f"frames: {path}: its colour profile cannot be used ({error}); taken as sRGB",
            file=sys.stderr,
        )
        return picture
