"""Video clips, frame by frame."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from catsight.errors import CatsightError
from catsight.progress import Progress

#: What is read as a clip.
SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif")
#: What a clip is written as: by its suffix, the encoder and its setting of quality.
CODECS = {
    ".mp4": ("libx264", {"crf": "16"}),
    ".mov": ("libx264", {"crf": "16"}),
    ".mkv": ("libx264", {"crf": "16"}),
    ".webm": ("libvpx-vp9", {"crf": "20", "b": "0"}),
}

#: What a frame says of its colours where it says nothing.
_UNSTATED = 2


def change(source: Path, target: Path, see: Callable[[np.ndarray], np.ndarray]) -> None:
    """Writes the clip ``source`` as ``target``, every frame through ``see`` (uint8 sRGB (h, w, 3) to the same).

    Frames keep their time stamps; sound is left out. One frame is in memory at a time. Raises :class:`CatsightError`
    where ``source`` is no clip or ``target`` has another suffix than those of :data:`CODECS`.
    """
    import av

    if target.suffix.lower() not in CODECS:
        raise CatsightError(f"{target}: a clip is written as {', '.join(CODECS)}; name the output so")
    codec, quality = CODECS[target.suffix.lower()]
    try:
        with av.open(source) as clip, av.open(target, "w") as out:
            if not clip.streams.video:
                raise CatsightError(f"{source} holds no pictures, only {', '.join(s.type for s in clip.streams)}")
            stream = clip.streams.video[0]
            stream.thread_type = "AUTO"
            seen: Any = None  # a stream of PyAV, whose hints do not tell pictures from sound
            with Progress(f"see {source.name}", _count(stream)) as progress:
                for rgb, stamp in _frames(clip, stream):
                    picture = _even(see(rgb))
                    if seen is None:
                        seen = out.add_stream(codec, rate=stream.average_rate or 25, options=quality)
                        seen.height, seen.width = picture.shape[:2]
                        seen.pix_fmt = "yuv420p"
                        seen.codec_context.time_base = seen.time_base = stream.time_base
                        # what the numbers mean: BT.709, limited range
                        seen.codec_context.colorspace = seen.codec_context.color_primaries = 1
                        seen.codec_context.color_range = 1
                    frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                    frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
                    frame.pts, frame.time_base = stamp, stream.time_base
                    out.mux(seen.encode(frame))
                    progress.advance()
            if seen is None:
                raise CatsightError(f"{source} holds no frame that can be decoded")
            out.mux(seen.encode(None))
    except av.FFmpegError as error:
        raise CatsightError(f"{source} cannot be read as a clip: {error.strerror or error}") from None


def _frames(clip, stream) -> Iterator[tuple[np.ndarray, int]]:
    """Each frame upright, uint8 sRGB (h, w, 3), and its time stamp in the stream's time base."""
    last = -1
    for frame in clip.decode(stream):
        rgb = _rgb(frame)
        # a clip need not state every time, but times must rise
        last = max(last + 1, frame.pts if frame.pts is not None else last + 1)
        yield np.ascontiguousarray(np.rot90(rgb, frame.rotation // 90)), last


def _rgb(frame) -> np.ndarray:
    """A frame as it is stored, uint8 sRGB (h, w, 3)."""
    # where a clip does not say what its numbers mean, it is taken for BT.601, or for BT.709 in high definition
    matrix = {"src_colorspace": "ITU709"} if frame.colorspace == _UNSTATED and frame.height >= 720 else {}
    if frame.format.components[0].bits <= 8:
        return frame.to_ndarray(format="rgb24", **matrix)
    # straight to 8 bits the converter came out 2 levels too dark
    return np.rint(frame.to_ndarray(format="rgb48le", **matrix) / 257).astype(np.uint8)


def _even(picture: np.ndarray) -> np.ndarray:
    """The picture with its last row or column repeated where there is an odd number: codecs halve the colours."""
    height, width = picture.shape[:2]
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _count(stream) -> int | None:
    if stream.frames:
        return stream.frames
    if stream.duration and stream.average_rate:
        return round(float(stream.duration * stream.time_base * stream.average_rate))
    return None
