"""Stills of a clip: uint8 sRGB, upright, with square pixels."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np
from PIL import Image

from catsight.frames.container import check_frame, check_kept, message, open_clip, packets, square
from catsight.frames.item import Rejected
from catsight.frames.raster import over_grey

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_Picture = TypeVar("_Picture")

#: How the names of clips end.
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
# FFmpeg's codes: an unstated matrix (AVCOL_SPC), full range (AVCOL_RANGE)
_UNSTATED, _FULL = 2, 2
#: libswscale's bicubic, accurate rounding, full chroma and bit-exact: at most 0.5 levels off,
#: against 2.7 without.
_EXACT = 4 | 0x40000 | 0x2000 | 0x80000
#: Side, px, of the pictures that are compared to find a change of scene.
_SIDE = 64
#: A sensible threshold for a change of scene (:func:`changes`). Of 331 cuts between glances of
#: different photographs 99 % reach it (0.2: 92 %). Below it are a pan of 1 or 4 % of the width a
#: frame (0.01; 0.04 and 0.12 where a clip begins in it), a shaking hand (0.09), fades over 8 and 25
#: frames (0.08, 0.03), a dissolve over 12 (0.03), a zoom (0.03), noise of 20 levels (0.01). A jerk
#: of 20 % of the width is above it (0.26).
SCENE = 0.12


#: Values of 16 bits as 8 bits, rounded: a table takes less memory than the division of a picture.
_EIGHT_BITS = np.rint(np.arange(65536) / 257).astype(np.uint8)
#: Pixels of the past that are kept, all pictures together: 2 pictures of 8K, 8 of 4K.
_PAST_PIXELS = 1 << 26
#: Seconds. If stamps go back by more, time begins again; by less, they are out of order.
_JUMP = Fraction(1, 2)


class Still(NamedTuple):
    """One frame of a clip."""

    number: int  #: among all frames, from 0
    seconds: float  #: after the first frame
    rgb: np.ndarray  #: uint8 sRGB (h, w, 3)
    #: frames before it, the latest first, each with the seconds in between
    past: Sequence[tuple[float, np.ndarray]] = ()


def stills(
    path: str | os.PathLike,
    *,
    every: int | None = None,
    seconds: float | None = None,
    scenes: float | None = None,
    past: float = 0,
    max_pixels: int,
) -> Iterator[Still]:
    """Frames of a clip, in order.

    Exactly one of three choices: every ``every``-th frame, from the first on; or, for each multiple
    of ``seconds``, the first frame at or after it, by the frames' time stamps, once (so the time
    between frames may vary); or the first frame of each scene, which begins where the score of
    change is at least ``scenes`` (:func:`changes`). Each comes with the frames of the ``past``
    seconds before it, but for the first frame of a clip or scene.

    Raises :class:`Rejected`. Before the first frame: if the file is not a clip ("not a clip",
    "unreadable", "empty"), has more than ``max_pixels`` ("too large", before decoding), or colours
    that sRGB cannot hold ("unsupported": HDR, wide gamuts). After the last good frame: if the file
    is damaged or cut short ("truncated"), if the decoder notices (:func:`frames`).

    One frame at a time is in memory, besides the past and those that the decoder keeps: without a
    past 80 MB with Python itself, after 10 as after 1,500 frames of 640 × 480 px, decoded and
    converted in 3.2 ms each.
    """
    if sum(choice is not None for choice in (every, seconds, scenes)) != 1:
        raise TypeError("exactly one of every, seconds and scenes must be given")
    if not all(choice is None or choice > 0 for choice in (every, seconds, scenes)):
        raise ValueError(
            f"every is {every}, seconds {seconds}, scenes {scenes}; each must be more than 0"
        )
    with open_clip(path, max_pixels) as (clip, stream):
        check_kept(stream.codec_context, past > 0 and scenes is None)
        first, matrix, due = None, None, Fraction(0)
        # through text: 0.1 is a tenth, not the nearest binary fraction
        step = None if seconds is None else Fraction(str(seconds))
        change = changes()
        most = _PAST_PIXELS // (stream.codec_context.width * stream.codec_context.height)
        before: Past[VideoFrame] = Past(0 if scenes is not None else past, most)
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
                upright = partial(rgb, aspect=stream.sample_aspect_ratio, matrix=matrix)
                seen = upright(frame)
                earlier = ((ago, upright(one)) for ago, one in before.of(time))
                yield Still(number, float(time), seen, same_size(earlier, seen))
            before.add(time, frame)


class Past(Generic[_Picture]):
    """The pictures of the last ``seconds`` of a clip, and the one shown when they began."""

    #: The most pictures that are kept, if memory allows so many: half of them are the latest, and
    #: the others as far apart as that allows.
    MOST = 16

    def __init__(self, seconds: float, most: int = MOST):
        self.most = min(max(most, 2), self.MOST)
        # through text: 0.1 is a tenth, not the nearest binary fraction
        self.seconds = Fraction(str(seconds))
        self.kept: list[tuple[Fraction, _Picture]] = []

    def add(self, time: Fraction, picture: _Picture) -> None:
        """Notes a picture that appears at a ``time`` in seconds, after all before."""
        if not self.seconds:
            return
        self.kept.append((time, picture))
        while len(self.kept) > 1 and time - self.kept[1][0] >= self.seconds:
            del self.kept[0]
        if len(self.kept) > self.most:
            older, self.kept = self.kept[: -self.most // 2], self.kept[-self.most // 2 :]
            spread = older[:1]
            for one in older[1:]:
                if one[0] - spread[-1][0] >= self.seconds / max(1, self.most // 2 - 1):
                    spread.append(one)
            self.kept = spread + self.kept

    def of(self, time: Fraction) -> list[tuple[float, _Picture]]:
        """The pictures before ``time``, the latest first, each with the seconds in between."""
        # the last one that had appeared when the seconds began
        first = max(
            (at for at, (shown, _) in enumerate(self.kept) if time - shown >= self.seconds),
            default=0,
        )
        return [(float(time - shown), one) for shown, one in reversed(self.kept[first:])]


def same_size(
    past: Iterable[tuple[float, np.ndarray]], rgb: np.ndarray
) -> list[tuple[float, np.ndarray]]:
    """The pictures of a past that are of the size of ``rgb``, up to the first that is not."""
    return list(takewhile(lambda one: one[1].shape == rgb.shape, past))


def changes() -> Callable[["VideoFrame"], float]:
    """A function that scores the frames of a clip, in order, as changes of scene: 0 to 1.

    The score is min(d, |d - d'|). d is the mean absolute difference between the luma of a frame and
    of the frame before, as a fraction of white, in pictures of 64 × 64 px; d' is the frame before's
    d. So a pan or a fade, in which all frames differ alike, scores low, and only a jump scores high
    (as in FFmpeg's scene filter). The first frame scores 1; a flash is a change there and back. A
    frame of 1920 × 1080 px takes 0.3 ms.
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


def frames(clip: "InputContainer", stream: "VideoStream") -> Iterator[tuple["VideoFrame", int]]:
    """Every frame, and its time stamp in the stream's time base; stamps increase.

    A missing stamp is one frame after the one before; one that does not increase becomes one tick
    more than the one before. If time jumps back by more than half a second, it goes on from there,
    one frame after the one before. Interlaced frames come with both fields woven; frames of an
    animated PNG or GIF are whole pictures.

    Raises :class:`Rejected`, reason "truncated", after the frames before the damage: if a packet is
    cut short, or the decoder fails or reports a frame as concealed. (:func:`open_clip` notices a
    missing end.) Damage that no decoder notices passes, which a few flipped bits may be, since most
    clips hold no checksums.
    """
    import av

    rate = stream.average_rate or stream.guessed_rate or 25
    step = max(1, round(1 / (rate * _tick(stream))))
    jump, moved = round(_JUMP / _tick(stream)), 0
    last, number = None, 0
    decoder = _alpha_decoder(stream)
    try:
        for packet, damaged in packets(clip, stream, jump):
            # of a packet that is cut short, only the frames that the decoder still holds
            if damaged:
                decoded = (decoder or stream.codec_context).decode(None)
            else:
                decoded = decoder.decode(packet) if decoder else packet.decode()
            for frame in decoded:
                if frame.is_corrupt:
                    raise Rejected("truncated", f"it is damaged after {number} frames")
                if last is None:
                    last = frame.pts or 0
                else:
                    at = last + step if frame.pts is None else frame.pts + moved
                    if last - at > jump:  # time begins again, as where recordings were joined
                        moved += last + step - at
                        at = last + step
                    last = max(last + 1, at)
                yield frame, last
                number += 1
            if damaged:
                raise Rejected("truncated", f"it is cut short or damaged after {number} frames")
    except av.FFmpegError as error:
        raise Rejected(
            "truncated", f"it is damaged after {number} frames ({message(error)})"
        ) from None
    if not number:
        raise Rejected("truncated", "it holds no frame that can be decoded")


def _alpha_decoder(stream: "VideoStream") -> Any:
    """libvpx for a WebM with transparency, which FFmpeg's own decoders leave out; else None."""
    import av

    if {key.lower(): value for key, value in stream.metadata.items()}.get("alpha_mode") != "1":
        return None
    own = stream.codec_context
    name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(own.name)
    if name is None:
        return None
    decoder: Any = av.CodecContext.create(name, "r")
    decoder.extradata = own.extradata
    return decoder


def display_matrix(frame: "VideoFrame") -> np.ndarray | None:
    """The display matrix of a clip, int32 (9,), from its first frame; None if it has none.

    Call it with the first frame only: reading it keeps a frame in memory until garbage collection.
    """
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    return None if matrix is None else np.frombuffer(matrix, dtype=np.int32).copy()


def rgb(
    frame: "VideoFrame", aspect: Fraction | None = None, matrix: np.ndarray | None = None
) -> np.ndarray:
    """A frame as a screen shows it, uint8 sRGB (h, w, 3): upright, with square pixels, opaque.

    Turned and mirrored as the display ``matrix`` says. ``aspect`` is a pixel's width by its height;
    if they differ, the shorter side is stretched. YCbCr without a stated matrix is taken as BT.601,
    or as BT.709 in high definition; the transfer function is taken as that of sRGB, as every player
    does. Transparency shows mid-grey. Values are at most 0.5 levels off, of 10 bits and more 0.75.
    A frame of 1920 × 1080 px takes 12 ms (1.5 ms without exact rounding), besides its decoding.
    """
    layout = frame.format
    options: dict[str, Any] = {"interpolation": _EXACT}
    if frame.colorspace == _UNSTATED and frame.height >= 720 and not layout.is_rgb:
        options["src_colorspace"] = "ITU709"
    clear = layout.has_palette or any(part.is_alpha for part in layout.components)
    # libswscale truncates full-range values of more than 8 bits; so they are converted to 16 bits,
    # and rounded here
    whole = layout.is_rgb or len(layout.components) == 1 or frame.color_range == _FULL
    if layout.components[0].bits > 8 and whole:
        values = frame.to_ndarray(format="rgba64le" if clear else "rgb48le", **options)
        values = _EIGHT_BITS[values]
    else:
        values = frame.to_ndarray(format="rgba" if clear else "rgb24", **options)
    if clear:
        values = over_grey(values[..., :3], values[..., 3:])
    if (size := square(frame.width, frame.height, aspect)) != (frame.width, frame.height):
        check_frame(*size)  # a frame may be larger than the first
        values = np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC))
    if matrix is None:
        return values
    # a point (x, y) goes to (a x + c y, b x + d y)
    a, b, _, c, d = matrix[:5]
    if abs(b) > abs(a):
        values, a, d = values.swapaxes(0, 1), c, b
    return np.ascontiguousarray(values[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])


def _tick(stream: "VideoStream") -> Fraction:
    """Seconds between two consecutive time stamps."""
    assert stream.time_base is not None  # a stream that was opened has one
    return stream.time_base
