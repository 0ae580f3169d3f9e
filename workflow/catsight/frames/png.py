"""PNG files without what is no part of their picture."""

import io
import zlib
from typing import BinaryIO

from PIL import PngImagePlugin

from catsight.frames.container import check_colours

# since texts are left out, it limits profiles, whose tables may take more than Pillow's megabyte
PngImagePlugin.MAX_TEXT_CHUNK = 64 << 20

#: Chunks that say nothing about the picture: texts of any size, and a time.
_REMARKS = (b"tEXt", b"zTXt", b"iTXt", b"tIME")


def without_remarks(file: BinaryIO) -> BinaryIO:
    """The PNG without texts, and without optional chunks that are damaged; itself if it has none.

    Decoders refuse a picture for a text of more than a megabyte, or a wrong checksum in one. The
    position of ``file`` is at its start, before and after. Of a file that is cut short, what is
    there is kept. Raises :class:`Rejected` for light or colours that sRGB cannot hold (cICP).
    """
    kept, dropped, place, kinds = [(0, 8)], False, 8, set()
    file.seek(place)
    while len(head := file.read(8)) == 8:
        length, kind = int.from_bytes(head[:4]), head[4:]
        end = place + 12 + length
        optional = kind[:1].islower() and kind != b"tRNS"  # transparency is part of the picture
        if kind in _REMARKS or (optional and not _sound(file, kind, length)):
            dropped = True
        else:
            kept.append((place, end))
            kinds.add(kind)
            if kind == b"cICP":
                file.seek(place + 8)
                coded = file.read(2)
        if kind == b"IEND":
            break
        place = end
        file.seek(place)
    if b"cICP" in kinds:  # a profile says the same of colours, and is used
        check_colours(coded[1], 1 if b"iCCP" in kinds else coded[0])
    file.seek(0)
    if not dropped:
        return file
    parts = []
    for start, end in kept:
        file.seek(start)
        parts.append(file.read(end - start))
    file.seek(0)
    return io.BytesIO(b"".join(parts))


def _sound(file: BinaryIO, kind: bytes, length: int) -> bool:
    """Whether a chunk, whose data begin here, is whole and has its checksum."""
    data = file.read(length)
    return zlib.crc32(kind + data) == int.from_bytes(file.read(4)) and len(data) == length
