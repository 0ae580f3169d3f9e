"""Stills of a clip: uint8 sRGB, upright, with square pixels."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from catsight.frames.decode import Rejected, check_size, over_grey

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

#: What is read as a clip ...
SUFFIXES = (
    ".mp4",
    ".m4v",
    ".mov",
    ".mkv",
    ".webm",
    ".avi",
    ".mts",
    ".m2ts",
    ".wmv",
    ".gif",
    ".apng",
)
#: ... whatever its name says. Playlists are not, since they have other files read, or fetched; nor
#: are MPEG programme streams (.mpg), at which PyAV before 18 crashes.
_FORMATS = "mov,matroska,webm,avi,mpegts,asf,gif,apng"

# what a frame says of its numbers
_UNSTATED, _FULL = 2, 2
#: Transfer functions and primaries that a screen for sRGB would show wrongly.
_TRANSFERS = {
    8: "linear",
    9: "logarithmic",
    10: "logarithmic",
    16: "PQ (HDR)",
    17: "SMPTE 428",
    18: "HLG (HDR)",
}
_PRIMARIES = {9: "BT.2020", 10: "CIE XYZ", 11: "DCI-P3", 12: "Display P3"}
#: libswscale's bicubic, accurate rounding, full chroma and bit-exact: 0.5 levels off at most,
#: against 2.7 without.
_EXACT = 4 | 0x40000 | 0x2000 | 0x80000
#: Side, px, of the pictures that are compared to find a change of scene.
_SIDE = 64
#: A sensible least score of a change of scene (:func:`changes`). Of 331 cuts between glances at
#: different photographs 99 % reach it (0.2: 92 %). What does not: a pan of 1 or 4 % of the width a
#: frame (0.01; 0.04 and 0.12 where a clip begins in it), a shaking hand (0.09), fades over 8 and 25
#: frames (0.08, 0.03), a dissolve over 12 (0.03), a zoom (0.03), noise of 20 levels (0.01). A jerk
#: of 20 % of the width does (0.26).
SCENE = 0.12


class Still(NamedTuple):
    """A frame of a clip: its number among all (from 0), its time after the first in s, uint8 sRGB
    (h, w, 3).
    """

    number: int
    seconds: float
    rgb: np.ndarray


def stills(
    path: str | os.PathLike,
    *,
    every: int | None = None,
    seconds: float | None = None,
    scenes: float | None = None,
    max_pixels: int,
) -> Iterator[Still]:
    """Frames of a clip, in order; one at a time is in memory, and those that decoders keep back.

    (80 MB with Python itself, after 10 as after 1,500 frames of 640 × 480 px, decoded and converted
    in 3.2 ms each.)

    Either ``every`` so many frames, from the first on; or for each multiple of ``seconds`` the
    first frame at or after it, by the frames' time stamps, once (so also where the time between
    frames varies); or the first frame of each scene. A scene begins where the score of change is at
    least ``scenes``: see :func:`changes`.

    Raises :class:`Rejected`: before the first frame where the file is no clip ("not a clip",
    "unreadable", "empty"), of more than ``max_pixels`` ("too large", before decoding), or in
    colours that sRGB cannot hold ("unsupported": HDR, wide gamuts); and after the last good frame
    where it is damaged or cut short ("truncated"): it does not end early without a word, as far as
    that can be told (:func:`frames`).
    """
    if sum(choice is not None for choice in (every, seconds, scenes)) != 1:
        raise TypeError("exactly one of every, seconds and scenes must be given")
    if not all(choice is None or choice > 0 for choice in (every, seconds, scenes)):
        raise ValueError(
            f"every is {every}, seconds {seconds}, scenes {scenes}; each must be more than 0"
        )
    with open_clip(path, max_pixels) as (clip, stream):
        first, matrix, due = None, None, Fraction(0)
        step = (
            None if seconds is None else Fraction(str(seconds))
        )  # 0.1 is a tenth, not the next binary fraction
        change = changes()
        for number, (frame, stamp) in enumerate(frames(clip, stream)):
            if first is None:
                first, matrix = stamp, display_matrix(frame)
            time = (stamp - first) * _tick(stream)
            if scenes is not None:
                wanted = change(frame) >= scenes
            elif step is not None:
                wanted = time >= due
                due = (time // step + 1) * step if wanted else due
            else:
                wanted = number % (every or 1) == 0
            if wanted:
                yield Still(number, float(time), rgb(frame, stream.sample_aspect_ratio, matrix))


def changes() -> Callable[["VideoFrame"], float]:
    """A function of a clip's frames, in turn, to how much each is a change of scene: 0 to 1, and 1
    for the first.

    min(d, |d - d'|), with d the mean absolute difference of its luma to the frame before's, as a
    fraction of white, in pictures of 64 × 64 px; and d' that of the frame before. So a pan or a
    fade, whose frames differ all alike, scores low, and only a jump scores high (as in FFmpeg's
    scene filter). A flash is a change there and back. A frame of 1920 × 1080 px takes 0.3 ms.
    """
    before, difference = None, 0.0

    def change(frame: "VideoFrame") -> float:
        nonlocal before, difference
        luma = (
            frame.reformat(width=_SIDE, height=_SIDE, format="gray", interpolation="AREA")
            .to_ndarray()
            .astype(float)
        )
        if before is None:
            before = luma
            return 1.0
        now = np.abs(luma - before).mean() / 255
        score = min(now, abs(now - difference))
        before, difference = luma, now
        return score

    return change


@contextmanager
def open_clip(
    path: str | os.PathLike, max_pixels: int
) -> Iterator[tuple["InputContainer", "VideoStream"]]:
    """A clip and its first stream of pictures that is not a cover.

    Raises :class:`Rejected`, at the end for what was cut off an MP4, MOV, MKV, WebM, AVI or GIF
    file.
    """
    import av
    from av.stream import Disposition

    path = Path(path)
    # the decoder's own limit, for a clip whose frames grow; coded sizes are somewhat larger than
    # those shown
    limits = {"max_pixels": str(2 * max_pixels + 65536)}
    if path.exists() and not path.is_file():  # opening a named pipe would wait for ever
        raise Rejected("unreadable", "it is not a regular file")
    try:  # as a file, so that no name is taken for a protocol, and none need be UTF-8
        file = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise Rejected("unreadable", f"the system says: {error.strerror}") from None
    with file:
        if not file.seek(0, os.SEEK_END):
            raise Rejected("empty", "the file holds no bytes")
        file.seek(0)
        try:
            clip = av.open(file, "r", options=limits | {"format_whitelist": _FORMATS})
        except (av.FFmpegError, ValueError) as error:
            if _cut_short(file):
                raise Rejected("truncated", "it is cut short: its end is missing") from None
            raise Rejected("not a clip", f"it is none that can be read ({_text(error)})") from None
        with clip:
            streams = [
                s for s in clip.streams.video if not s.disposition & Disposition.attached_pic
            ]
            if not streams:
                raise Rejected("not a clip", f"it holds no pictures, only {_kinds(clip)}")
            stream = streams[0]
            _check(stream, max_pixels)
            stream.codec_context.options = limits
            stream.thread_type = (
                "SLICE"  # threads by frames lose more or fewer frames before a damaged one
            )
            yield clip, stream
            if _cut_short(file):
                raise Rejected("truncated", "it is cut short: its end is missing")


def frames(clip: "InputContainer", stream: "VideoStream") -> Iterator[tuple["VideoFrame", int]]:
    """Every frame, and its time stamp in the stream's time base; stamps rise.

    A missing stamp is one frame after the one before, and of stamps that do not rise the later one
    is a tick later. Interlaced frames are given as they are, both fields woven. Of an animated PNG
    or GIF frames are whole pictures.

    Raises :class:`Rejected`, reason "truncated", after the frames before the damage: where a packet
    is cut short, or the decoder fails or says that it made a frame up. (What is missing at a file's
    end :func:`open_clip` tells.) What no decoder notices passes, and a few flipped bits may, since
    most clips hold no checksums.
    """
    import av

    rate = stream.average_rate or stream.guessed_rate or 25
    step = max(1, round(1 / (rate * _tick(stream))))
    last, number = None, 0
    try:
        for packet in clip.demux(stream):
            # before a packet that is cut short come the frames that the decoder has kept back
            for frame in (
                stream.codec_context.decode(None) if packet.is_corrupt else packet.decode()
            ):
                if frame.is_corrupt:
                    raise Rejected("truncated", f"it is damaged after {number} frames")
                if last is None:
                    last = frame.pts or 0
                else:
                    last = max(last + 1, last + step if frame.pts is None else frame.pts)
                yield frame, last
                number += 1
            if packet.is_corrupt:
                raise Rejected("truncated", f"it is cut short or damaged after {number} frames")
    except av.FFmpegError as error:
        raise Rejected(
            "truncated", f"it is damaged after {number} frames ({_text(error)})"
        ) from None
    if not number:
        raise Rejected("truncated", "it holds no frame that can be decoded")


def display_matrix(frame: "VideoFrame") -> np.ndarray | None:
    """How frames are to be turned, int32 (9,), as their first one says it; None if not at all.

    Not to be asked of every frame: one that was asked stays in memory until Python's collector of
    cycles comes round.
    """
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    return None if matrix is None else np.frombuffer(matrix, dtype=np.int32).copy()


def rgb(
    frame: "VideoFrame", aspect: Fraction | None = None, matrix: np.ndarray | None = None
) -> np.ndarray:
    """A frame as a screen shows it, uint8 sRGB (h, w, 3): upright, with square pixels, opaque.

    Turned and mirrored as the display ``matrix`` says. ``aspect`` is a pixel's width by its height;
    where they differ, the shorter side is stretched. Numbers that say nothing of their matrix are
    taken for BT.601, or for BT.709 in high definition; the transfer function is taken for that of
    sRGB, as every player does. Transparency shows mid-grey. Values are at most 0.5 levels off, of
    10 bits and more 0.75. A frame of 1920 × 1080 px takes 12 ms (1.5 ms without rounding exactly),
    besides its decoding.
    """
    layout = frame.format
    options: dict[str, Any] = {"interpolation": _EXACT}
    if frame.colorspace == _UNSTATED and frame.height >= 720 and not layout.is_rgb:
        options["src_colorspace"] = "ITU709"
    clear = layout.has_palette or any(part.is_alpha for part in layout.components)
    # where numbers use the whole range, libswscale shortens them by dropping bits; in 16 bits there
    # is nothing to drop
    whole = layout.is_rgb or len(layout.components) == 1 or frame.color_range == _FULL
    if layout.components[0].bits > 8 and whole:
        values = frame.to_ndarray(format="rgba64le" if clear else "rgb48le", **options)
        values = np.rint(values / 257).astype(np.uint8)
    else:
        values = frame.to_ndarray(format="rgba" if clear else "rgb24", **options)
    if clear:
        values = over_grey(values[..., :3], values[..., 3:])
    if (size := _square(frame.width, frame.height, aspect)) != (frame.width, frame.height):
        values = np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC))
    if matrix is None:
        return values
    # a point (x, y) goes to (a x + c y, b x + d y)
    a, b, _, c, d = matrix[:5]
    if abs(b) > abs(a):
        values, a, d = values.swapaxes(0, 1), c, b
    return np.ascontiguousarray(values[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])


def _tick(stream: "VideoStream") -> Fraction:
    """Seconds between two time stamps that follow each other."""
    assert stream.time_base is not None  # a stream that was opened has one
    return stream.time_base


def _square(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """The size of a picture with square pixels; neither side is shortened."""
    if not aspect:
        return width, height
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))


def _check(stream: "VideoStream", max_pixels: int) -> None:
    """Raises :class:`Rejected` where the stream says of itself that it cannot be used."""
    context = stream.codec_context
    if not context.width or not context.height:
        raise Rejected(
            "unsupported", "it does not say how large its frames are, or says what cannot be"
        )
    check_size(*_square(context.width, context.height, stream.sample_aspect_ratio), max_pixels)
    for what, name in (
        ("light", _TRANSFERS.get(context.color_trc)),
        ("colours", _PRIMARIES.get(context.color_primaries)),
    ):
        if name:
            raise Rejected(
                "unsupported",
                f"its {what} are coded as {name}, which sRGB cannot hold; convert it to BT.709",
            )


def _cut_short(file: BinaryIO) -> bool:
    """Whether an MP4 or MOV, MKV or WebM, AVI or GIF file is shorter than it says, or lacks its end
    mark.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(64)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        place, length = 0, 1
        while length and place < size:  # from box to box; the last one may say 0, for all the rest
            file.seek(place)
            head = file.read(16)
            length = int.from_bytes(head[:4])
            length = int.from_bytes(head[8:16]) if length == 1 else length
            place += length
        return place > size
    if head[:4] == b"\x1a\x45\xdf\xa3":  # EBML: a header, and one segment with all the rest
        header, place = _ebml_number(head, 4)
        segment, place = _ebml_number(head, place + (header or 0) + 4)
        return segment is not None and place + segment > size
    if head[:4] == b"RIFF":
        return 8 + int.from_bytes(head[4:8], "little") > size
    if head[:4] == b"GIF8":
        file.seek(max(0, size - 1024))
        return not file.read().rstrip(b"\0").endswith(b";")
    return False


def _ebml_number(head: bytes, place: int) -> tuple[int | None, int]:
    """The number of 1 to 8 bytes at ``place``, None where it says "unknown"; and where it ends."""
    count = 9 - int.from_bytes(head[place : place + 1]).bit_length()
    unknown = (1 << 7 * count) - 1
    number = int.from_bytes(head[place : place + count]) & unknown
    return (None if number == unknown else number), place + count


def _kinds(clip: "InputContainer") -> str:
    return (
        ", ".join(sorted({stream.type for stream in clip.streams if stream.type != "video"}))
        or "a cover"
    )


def _text(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
