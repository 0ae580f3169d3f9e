"""JPEG files: whether they are whole inside, which Pillow's decoder does not say."""

import io

from PIL import Image

#: The mark at a JPEG's end, and what may be put before it (see :func:`with_end`).
_END = b"\xff\xd9"
_FILLS = [bytes([one]) * 64 for one in (0x00, 0x55, 0xAA, 0x33, 0xCC, 0x0F, 0xF0)] + [
    b"\xff\0" * 64
]


def with_end(data: bytes) -> bytes:
    """The JPEG with the mark of its end, if that is all that it lacks.

    If the picture's data are complete, the decoder has no use for what follows them: whatever is
    put there, it delivers the same picture. Otherwise the last blocks are made of it. With the
    mark alone, the decoder would take a file that is cut short for a whole one.
    """
    if data.rstrip(b"\0").endswith(_END):
        return data
    try:
        first = _pixels(data + _FILLS[0] + _END)
        same = all(_pixels(data + fill + _END) == first for fill in _FILLS[1:])
    except OSError:
        return data
    return data + _END if same else data


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
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
        return picture.tobytes()
