"""Video clips, changed frame by frame."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from catsight.errors import CatsightError
from catsight.frames import clip
from catsight.frames.container import open_clip
from catsight.frames.item import Rejected
from catsight.inputs.files import appearing
from catsight.run.progress import Progress

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.stream import VideoStream


class _Format(NamedTuple):
    """How a clip is written: FFmpeg's container and codec, and the codec's settings of quality."""

    container: str
    codec: str
    quality: dict[str, str]


#: Formats of written clips by suffix.
FORMATS = {
    ".mp4": _Format("mp4", "libx264", {"crf": "16"}),
    ".mov": _Format("mov", "libx264", {"crf": "16"}),
    ".mkv": _Format("matroska", "libx264", {"crf": "16"}),
    ".webm": _Format("webm", "libvpx-vp9", {"crf": "20", "b": "0"}),
}
#: Pixels of the largest picture that is read.
MAX_PIXELS = 200_000_000

#: FFmpeg's numbers for the matrix and primaries of BT.709, and for limited range.
_BT709, _LIMITED = 1, 1


def change(source: Path, target: Path, see: Callable[[np.ndarray, float], np.ndarray]) -> None:
    """Writes the clip ``source`` as ``target``, applying ``see`` to every frame, in order.

    ``see`` takes a frame, uint8 sRGB (h, w, 3), and its time in seconds, and returns the like.

    Frames keep their time stamps; sound is left out. One frame is in memory at a time, besides
    those that ``see`` keeps. ``target`` has one of the suffixes of :data:`FORMATS`. Raises
    :class:`CatsightError` if ``source`` is not a clip that can be read, or ``target`` cannot be
    written.
    """
    import av

    chosen = FORMATS[target.suffix.lower()]
    try:
        with (
            appearing(target) as part,
            open_clip(source, MAX_PIXELS) as (opened, stream),
            av.open(part, "w", format=chosen.container) as out,
            Progress(f"see {source.name}", _count(stream)) as progress,
        ):
            written: Any = None  # PyAV's hints do not distinguish streams of pictures and sound
            matrix = None
            for frame, stamp in clip.frames(opened, stream):
                if written is None:
                    matrix = clip.display_matrix(frame)
                rgb = clip.rgb(frame, stream.sample_aspect_ratio, matrix)
                picture = _even(see(rgb, float(stamp * (stream.time_base or 0))))
                if written is None:
                    written = out.add_stream(
                        chosen.codec, rate=stream.average_rate or 25, options=chosen.quality
                    )
                    _describe(written, stream, picture)
                out.mux(written.encode(_frame(picture, stamp, stream)))
                progress.advance()
            out.mux(written.encode(None))  # the packets that the encoder still holds
    except Rejected as problem:
        raise CatsightError(f"{source} cannot be read as a clip: {problem.detail}") from None
    except av.FFmpegError as error:
        raise CatsightError(f"{target} cannot be written: {error.strerror or error}") from None


def _describe(written: Any, stream: "VideoStream", picture: np.ndarray) -> None:
    """Sets size, times and colours of a new stream of pictures like this one."""
    written.height, written.width = picture.shape[:2]
    written.pix_fmt = "yuv420p"
    written.codec_context.time_base = written.time_base = stream.time_base
    written.codec_context.colorspace = written.codec_context.color_primaries = _BT709
    written.codec_context.color_range = _LIMITED


def _frame(picture: np.ndarray, stamp: int, stream: "VideoStream") -> "VideoFrame":
    """The picture as the codec takes it, at that time of the stream."""
    import av

    frame = av.VideoFrame.from_ndarray(picture, "rgb24")
    frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
    frame.pts, frame.time_base = stamp, stream.time_base
    return frame


def _even(picture: np.ndarray) -> np.ndarray:
    """The picture with its last row or column repeated if their number is odd, because codecs halve
    the resolution of colour.
    """
    height, width = picture.shape[:2]
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _count(stream: "VideoStream") -> int | None:
    """The number of frames in a stream; None if the file does not state it."""
    if stream.frames:
        return stream.frames
    if stream.duration and stream.average_rate and stream.time_base:
        return round(float(stream.duration * stream.time_base * stream.average_rate))
    return None
