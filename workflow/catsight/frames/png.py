"""PNG files: what is said about the picture, and the picture, apart from each other."""

import io
import zlib
from typing import BinaryIO

import numpy as np
from PIL import PngImagePlugin

from catsight.frames.container import check_colours
from catsight.frames.raster import Raster

# since texts are left out, it limits profiles, whose tables may take more than Pillow's megabyte
PngImagePlugin.MAX_TEXT_CHUNK = 64 << 20

#: Optional chunks that are used, and how long they are, if always the same.
_USED = {b"cICP": 4, b"iCCP": None, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"eXIf": None}
_START, _END = b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND\xaeB`\x82"


def split(file: BinaryIO) -> tuple[BinaryIO, bytearray]:
    """A PNG without its pixels, and one of nothing but these.

    The first has no optional chunks but those that are used and sound, since decoders refuse a
    picture for others; the second has the header, the palette, transparency and the pixels. If only
    the mark of the end is missing, it is put there. Raises :class:`Rejected` for light or colours
    that sRGB cannot hold (cICP).
    """
    about, picture, kinds, coded = bytearray(_START), bytearray(_START), set(), b""
    size = file.seek(0, io.SEEK_END)
    file.seek(len(_START))
    while len(head := file.read(8)) == 8:
        length, kind = int.from_bytes(head[:4]), head[4:]
        if kind == b"IEND":
            break
        needed = kind[:1].isupper() or kind == b"tRNS"  # transparency is part of the picture
        used = length > 0 and _USED.get(kind, -1) in (None, length)
        if not (needed or used):
            file.seek(length + 4, io.SEEK_CUR)
            continue
        data = file.read(min(length, size))  # memory is taken before the file ends
        checksum = file.read(4)
        chunk = head + data + checksum
        if needed:
            picture += chunk
        if kind != b"IDAT" and (needed or zlib.crc32(kind + data) == int.from_bytes(checksum)):
            about += chunk
            kinds.add(kind)
            coded = data if kind == b"cICP" else coded
    if coded:  # a profile says the same of colours, and is used
        check_colours(coded[1], 0 if b"iCCP" in kinds else coded[0])
    return io.BytesIO(about + _END), picture + _END


def decode(picture: bytearray, profile: bytes | None) -> Raster:
    """The picture in the second part of :func:`split`.

    uint8 or uint16; palettes and keys of transparency are applied.
    """
    from imagecodecs import png_decode

    values = png_decode(picture)
    values = values.reshape(*values.shape[:2], -1)
    colours = "gray" if values.shape[2] < 3 else "rgb"
    return Raster(values, colours, np.iinfo(values.dtype).max, profile)
