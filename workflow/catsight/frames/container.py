"""Files of clips: opened, and checked before anything is decoded."""

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from catsight.frames.item import Rejected, check_size

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

#: The formats that are read, whatever a file is called. Not playlists, which make FFmpeg read or
#: fetch other files; nor MPEG programme streams (.mpg), at which PyAV before 18 crashes.
_FORMATS = "mov,matroska,webm,avi,mpegts,asf,gif,apng"

#: Transfer functions and primaries that a screen for sRGB would show wrongly.
_TRANSFERS = {
    8: "linear",
    9: "logarithmic",
    10: "logarithmic",
    16: "PQ (HDR)",
    17: "SMPTE 428",
    18: "HLG (HDR)",
}
_PRIMARIES = {4: "BT.470 M", 8: "film", 9: "BT.2020", 10: "CIE XYZ", 11: "DCI-P3", 12: "Display P3"}

#: The most pixels of a clip's frames, those of 8K.
LARGEST = 8192 * 4320
#: Frames that decoders keep at most, with the one in work: as many as a clip says that others refer
#: to. Those of other codecs keep fewer.
_KEPT, _KEPT_BY_OTHERS = {"h264": 17, "hevc": 17, "av1": 17, "vp9": 10}, 4
#: Bytes of all these frames together, and if frames of the past are kept besides. 17 of 7680 × 4320
#: px take 850 MB with 8 bits and half the chroma, with all that comes on top 1.4 GB.
_LARGEST_KEPT, _LARGEST_KEPT_WITH_PAST = 900_000_000, 600_000_000

#: Packets between one that FFmpeg calls damaged at a join of recordings, and the first after it.
_AHEAD = 3

#: The boxes at the top of MP4 and MOV files.
_BOXES = frozenset(
    b"ftyp moov mdat moof mfra free skip wide uuid meta sidx ssix styp pdin emsg prft pnot".split()
)


@contextmanager
def open_clip(
    path: str | os.PathLike, max_pixels: int
) -> Iterator[tuple["InputContainer", "VideoStream"]]:
    """A clip and its stream of pictures: the default, or else the largest, not a cover.

    Raises :class:`Rejected` if it cannot be used; also at the end of the block, if the end of an
    MP4, MOV, MKV, WebM, AVI or GIF file is missing.
    """
    import av

    path = Path(path)
    # the decoder's own limit, for a clip whose frames grow; coded frames are somewhat larger than
    # displayed ones
    limits = {"max_pixels": str(2 * max_pixels + 65536)}
    if path.exists() and not path.is_file():  # opening a named pipe would block
        raise Rejected("unreadable", "it is not a regular file")
    try:  # a file, not a name: FFmpeg may take a name for a protocol, or refuse it if not UTF-8
        file = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise Rejected("unreadable", f"the system says: {error.strerror}") from None
    with file:
        if not file.seek(0, os.SEEK_END):
            raise Rejected("empty", "the file holds no bytes")
        file.seek(0)
        try:
            # titles and comments are in any encoding, and none of them is used
            clip = av.open(
                file,
                "r",
                options=limits | {"format_whitelist": _FORMATS},
                metadata_errors="replace",
            )
        except (av.FFmpegError, ValueError) as error:
            if _cut_short(file):
                raise Rejected("truncated", "it is cut short: its end is missing") from None
            raise Rejected("not a clip", f"its format cannot be read ({message(error)})") from None
        with clip:
            stream = _pictures(clip)
            _check(stream, max_pixels)
            most = min(max_pixels, LARGEST) * 9 // 8 + 65536
            stream.codec_context.options = {"max_pixels": str(most)}
            # with threads by frame, the number of frames lost before a damaged one varies
            stream.thread_type = "SLICE"
            try:
                yield clip, stream
            except Rejected as problem:
                if problem.reason == "truncated" and _encrypted(clip, stream):
                    raise Rejected("unsupported", "it is encrypted; decrypt it") from None
                raise
            if _cut_short(file):
                raise Rejected("truncated", "it is cut short: its end is missing")


def packets(
    clip: "InputContainer", stream: "VideoStream", jump: int
) -> Iterator[tuple["Packet", bool]]:
    """The packets of a stream, and whether each is damaged.

    Where transport streams were joined, their count of packets begins again, and FFmpeg takes that
    for a loss. It is none if time, too, jumps back there, by more than ``jump`` ticks.
    """
    rest, ahead = iter(clip.demux(stream)), deque["Packet"]()
    while (packet := ahead.popleft() if ahead else next(rest, None)) is not None:
        damaged = packet.is_corrupt
        if damaged:
            ahead.extend(islice(rest, _AHEAD - len(ahead)))
            stamps = [one.dts for one in (packet, *ahead) if one.dts is not None]
            damaged = not any(before - after > jump for before, after in pairwise(stamps))
        yield packet, damaged


def check_frame(width: int, height: int) -> None:
    """Raises :class:`Rejected` for frames that are larger than those of a clip may be."""
    if width * height > LARGEST:
        raise Rejected(
            "too large",
            f"{width} × {height} px are more than {LARGEST} (8K), which frames of a clip may have",
        )


def square(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """The size of a picture whose pixels are made square; neither side is shortened.

    ``aspect`` is a pixel's width by its height; None or 0 if the clip does not say.
    """
    if not aspect:
        return width, height
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))


def message(error: Exception) -> str:
    """FFmpeg's message for an error."""
    return getattr(error, "strerror", None) or str(error)


def _pictures(clip: "InputContainer") -> "VideoStream":
    """The stream of pictures to read: the one that the file calls its default, else the largest.

    Covers are left out. Of several that are equal, the first.
    """
    from av.stream import Disposition

    found = [one for one in clip.streams.video if not one.disposition & Disposition.attached_pic]
    decoded = [one for one in found if one.codec_context is not None]
    if decoded:
        return max(decoded, key=lambda one: (one.disposition & Disposition.default, _area(one)))
    if found:
        raise Rejected("unsupported", "it is of a kind that FFmpeg has no decoder for; convert it")
    others = sorted({stream.type for stream in clip.streams if stream.type != "video"})
    raise Rejected("not a clip", f"it holds no pictures, only {', '.join(others) or 'a cover'}")


def _area(stream: "VideoStream") -> int:
    return stream.codec_context.width * stream.codec_context.height


def _check(stream: "VideoStream", max_pixels: int) -> None:
    """Raises :class:`Rejected` if the stream's header says that it cannot be used."""
    context = stream.codec_context
    if not context.width or not context.height:
        raise Rejected("unsupported", "the size of its frames is missing or impossible")
    size = square(context.width, context.height, stream.sample_aspect_ratio)
    check_frame(*size)
    check_size(*size, max_pixels)
    check_colours(context.color_trc, context.color_primaries)


def check_kept(context: "VideoCodecContext", past: bool) -> None:
    """Raises :class:`Rejected` if the frames that a decoder may keep take too much memory.

    ``past``: whether some of them are kept for longer.
    """
    if context.format is None:
        return
    frame = sum(
        part.width * part.height * ((part.bits + 7) // 8) for part in context.format.components
    )
    count = _KEPT.get(context.codec.canonical_name, _KEPT_BY_OTHERS)
    most = _LARGEST_KEPT_WITH_PAST if past else _LARGEST_KEPT
    if count * frame > most:
        raise Rejected(
            "too large",
            f"its decoder may keep {count} frames of {context.width} × {context.height} px "
            f"({context.format.name}), {count * frame:,} bytes, more than {most:,}; convert it to "
            f"8 bits or smaller frames{', or set past to 0' if past else ''}",
        )


def check_colours(transfer: int, primaries: int) -> None:
    """Raises :class:`Rejected` for light or colours that sRGB cannot hold, by the numbers of
    ITU-T H.273.
    """
    for what, name in (
        ("light is", _TRANSFERS.get(transfer)),
        ("colours are", _PRIMARIES.get(primaries)),
    ):
        if name:
            raise Rejected(
                "unsupported",
                f"its {what} coded as {name}, which sRGB cannot hold; convert it to BT.709",
            )


def _encrypted(clip: "InputContainer", stream: "VideoStream") -> bool:
    """Whether frames of a clip are encrypted, as Matroska says at its start, MP4 with each packet
    (ISO/IEC 23001-7).
    """
    import av

    if "enc_key_id" in stream.metadata:
        return True
    try:
        clip.seek(0)
        return any(packet.has_sidedata("encryption_info") for packet in clip.demux(stream))
    except av.FFmpegError:
        return False


def _cut_short(file: BinaryIO) -> bool:
    """Whether a file's end is missing: it is shorter than it says, or lacks its end mark.

    Always False for formats other than MP4, MOV, MKV, WebM, AVI and GIF.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(64)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        seen: set[bytes] = set()
        place, length = 0, 1
        # from box to box; the last one may have length 0, which means the rest of the file
        while length and place < size:
            file.seek(place)
            head = file.read(16)
            length = int.from_bytes(head[:4])
            length = int.from_bytes(head[8:16]) if length == 1 else length
            if head[4:8] not in _BOXES and seen >= {b"moov", b"mdat"}:
                return False  # after the whole film: bytes that some other program has added
            seen.add(head[4:8])
            place += length
        return place > size
    if head[:4] == b"\x1a\x45\xdf\xa3":  # EBML: a header, and one segment with all the rest
        header, place = _ebml_number(head, 4)
        segment, place = _ebml_number(head, place + (header or 0) + 4)
        return segment is not None and place + segment > size
    if head[:4] == b"RIFF":
        return 8 + int.from_bytes(head[4:8], "little") > size
    return head[:4] == b"GIF8" and not _gif_ends(file)


def _gif_ends(file: BinaryIO) -> bool:
    """Whether a GIF's blocks lead to its trailer, whatever follows it."""
    file.seek(10)
    flags = (file.read(3) + b"\0")[0]
    file.seek(13 + _palette(flags))
    while kind := file.read(1):
        if kind == b";":
            return True
        if kind == b",":  # a picture: its place and size, its palette, a byte of its code
            flags = (b"\0" + file.read(9))[-1]
            file.seek(_palette(flags) + 1, os.SEEK_CUR)
        elif kind == b"\0":  # a stray byte between blocks, which decoders skip
            continue
        elif kind == b"!":  # an extension, of one kind
            file.seek(1, os.SEEK_CUR)
        else:
            return False
        while length := file.read(1):  # blocks of data, up to one of length 0
            if length == b"\0":
                break
            file.seek(length[0], os.SEEK_CUR)
    return False


def _palette(flags: int) -> int:
    """Bytes of a GIF's palette, by the flags before it."""
    return 3 << (flags & 7) + 1 if flags & 128 else 0


def _ebml_number(head: bytes, place: int) -> tuple[int | None, int]:
    """The number of 1 to 8 bytes at ``place``, None if it means "unknown"; and where it ends."""
    count = 9 - int.from_bytes(head[place : place + 1]).bit_length()
    unknown = (1 << 7 * count) - 1
    number = int.from_bytes(head[place : place + count]) & unknown
    return (None if number == unknown else number), place + count
