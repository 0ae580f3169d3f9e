"""JPEG files: whether they are whole inside, which Pillow's decoder does not say."""

import hashlib
import io
import re
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile

from catsight.frames.item import Rejected, note
from catsight.frames.raster import parts

#: The marks before which a length stands or the picture ends; entropy-coded data hold none.
_MARK = re.compile(rb"\xff([\xc0-\xcf\xd9-\xfe])")
#: The mark at a JPEG's end, and what may be put before it (see :func:`with_end`).
_END = b"\xff\xd9"
_FILLS = [bytes([one]) * 64 for one in (0x00, 0x55, 0xAA, 0x33, 0xCC, 0x0F, 0xF0)] + [
    b"\xff\0" * 64
]

#: Scans of a picture of ``max_pixels`` that are decoded; encoders write up to about 20. An empty
#: scan takes 15 bytes, and 33 ms if the picture has 100 million pixels.
_SCANS = 32
#: The most of them where a picture is decoded nine times, to see whether it lacks its end mark
#: alone. With more it counts as cut short.
_TRIED = 4

#: The marks of a frame (ITU-T T.81, T.87), and the kinds of JPEG that no libjpeg decodes.
_FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), 0xF7)
_UNKNOWN = {0xF7: "-LS"} | dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), " in steps")


def with_end(data: bytes) -> bytes:
    """The JPEG with the mark of its end, if that is all that it lacks.

    If the picture's data are complete, the decoder has no use for what follows them: whatever is
    put there, it delivers the same picture. Otherwise the last blocks are made of it. With the
    mark alone, the decoder would take a file that is cut short for a whole one.
    """
    ended, whole, _ = scans(data)
    if ended or not whole:
        return data
    try:
        first = _pixels(data + _FILLS[0] + _END)
        same = all(_pixels(data + fill + _END) == first for fill in _FILLS[1:])
    except OSError:
        return data
    return data + _END if same else data


def scans(data: bytes) -> tuple[bool, bool, int]:
    """Whether a JPEG's end mark is there, and whether its scans before it say all of the picture;
    and their number.

    They do if each coefficient of each component comes to its last bit: a progressive picture that
    is cut between two scans is whole for the decoder, only coarse (ITU-T T.81, B.2.3 and G.1.1.1).
    """
    place, lacking, count = 2, set[tuple[int, int]](), 0
    while (found := _MARK.search(data, place)) and (mark := found[1][0]) != 0xD9:
        length = int.from_bytes(data[found.end() : found.end() + 2])
        place = found.end() + length
        body = data[found.end() + 2 : place]
        count += mark == 0xDA
        if mark in _FRAMES:
            lacking = {(component, at) for component in body[6::3] for at in range(64)}
        elif mark == 0xDA and len(body) == 4 + 2 * body[0]:
            first, last, bits = body[-3:]
            if not bits & 15:  # bits that are left to later scans
                band = range(first, last + 1)
                lacking -= {(component, at) for component in body[1:-3:2] for at in band}
    return found is not None, not lacking, count


def checked(
    file: BinaryIO, size: tuple[int, int], max_pixels: int, name: str | Path
) -> ImageFile.ImageFile:
    """The JPEG in ``file``, complete (:func:`with_end`); with a note if there is damage inside.

    Raises :class:`Rejected` if it is of a kind that is not decoded, or has so many scans of its
    ``size`` in pixels that they take minutes.
    """
    check_coding(file)
    file.seek(0)
    data = file.read()
    ended, whole, count = scans(data)
    if count * size[0] * size[1] > _SCANS * max_pixels:
        raise Rejected(
            "too large",
            f"its {count} scans of {size[0]} × {size[1]} px are more than {_SCANS} times "
            f"frames.max_pixels, which is {max_pixels}",
        )
    if whole and not ended and count * size[0] * size[1] <= _TRIED * max_pixels:
        data = with_end(data)
    if ended and not whole:
        note(name, "its last scans are missing, so it is coarser than it was")
    elif not sound(data):
        note(name, "a strict decoder finds damage inside; it is used as it is, so look at it")
    return Image.open(io.BytesIO(data), formats=["JPEG"])


def check_coding(file: BinaryIO) -> None:
    """Raises :class:`Rejected` for a JPEG that its decoder does not know, with the cause."""
    file.seek(0)
    data, place = file.read(), 2
    while place + 9 < len(data) and data[place] == 0xFF:
        mark, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4])
        if mark in _FRAMES:
            bits = data[place + 4]
            coding = _UNKNOWN.get(mark, "") + (f" of {bits} bits" if bits != 8 else "")
            if coding:
                raise Rejected(
                    "unsupported",
                    f"it is a JPEG{coding}, which catsight has no decoder for; save it as a JPEG "
                    "of 8 bits, PNG or TIFF",
                )
        place += 1 if mark == 0xFF else 2 + length


def sound(data: bytes) -> bool:
    """Whether a strict decoder finds no damage in the JPEG: FFmpeg's, which stops at a fault.

    A JPEG that this decoder does not know (of 12 bits, lossless) counts as sound.
    """
    import av

    context = av.CodecContext.create("mjpeg", "r")
    context.options = {"err_detect": "explode"}
    context.thread_count = 1
    try:
        context.decode(av.Packet(data))
        context.decode(None)
    except av.error.InvalidDataError:
        return False
    except av.FFmpegError:
        return True
    return True


def _pixels(data: bytes) -> bytes:
    """A digest of the picture: two large pictures would take much memory."""
    digest = hashlib.sha256()
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
        picture.load()
        for rows in parts(picture.height, picture.width):
            end = min(rows.stop, picture.height)
            digest.update(picture.crop((0, rows.start, picture.width, end)).tobytes())
    return digest.digest()
