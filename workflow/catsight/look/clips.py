"""Video clips, frame by frame."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from catsight.errors import CatsightError
from catsight.frames import clip
from catsight.frames.decode import Rejected
from catsight.run.progress import Progress

#: What a clip is written as: by its suffix, the encoder and its setting of quality.
CODECS = {
    ".mp4": ("libx264", {"crf": "16"}),
    ".mov": ("libx264", {"crf": "16"}),
    ".mkv": ("libx264", {"crf": "16"}),
    ".webm": ("libvpx-vp9", {"crf": "20", "b": "0"}),
}
#: Pixels of the largest frame that is read.
_MOST = 200_000_000


def change(source: Path, target: Path, see: Callable[[np.ndarray], np.ndarray]) -> None:
    """Writes the clip ``source`` as ``target``, every frame through ``see`` (uint8 sRGB (h, w, 3)
    to the same).

    Frames keep their time stamps; sound is left out. One frame is in memory at a time. Raises
    :class:`CatsightError` where ``source`` is no clip or ``target`` has another suffix than those
    of :data:`CODECS`.
    """
    import av

    if target.suffix.lower() not in CODECS:
        raise CatsightError(
            f"{target}: a clip is written as {', '.join(CODECS)}; name the output so"
        )
    codec, quality = CODECS[target.suffix.lower()]
    try:
        with clip.open_clip(source, _MOST) as (opened, stream), av.open(target, "w") as out:
            seen: Any = None  # a stream of PyAV, whose hints do not tell pictures from sound
            matrix = None
            with Progress(f"see {source.name}", _count(stream)) as progress:
                for shown, stamp in clip.frames(opened, stream):
                    if seen is None:
                        matrix = clip.display_matrix(shown)
                    picture = _even(see(clip.rgb(shown, stream.sample_aspect_ratio, matrix)))
                    if seen is None:
                        seen = out.add_stream(
                            codec, rate=stream.average_rate or 25, options=quality
                        )
                        seen.height, seen.width = picture.shape[:2]
                        seen.pix_fmt = "yuv420p"
                        seen.codec_context.time_base = seen.time_base = stream.time_base
                        # what the numbers mean: BT.709, limited range
                        seen.codec_context.colorspace = seen.codec_context.color_primaries = 1
                        seen.codec_context.color_range = 1
                    frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                    frame = frame.reformat(
                        format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
                    )
                    frame.pts, frame.time_base = stamp, stream.time_base
                    out.mux(seen.encode(frame))
                    progress.advance()
            out.mux(seen.encode(None))
    except Rejected as problem:
        raise CatsightError(f"{source} cannot be read as a clip: {problem.detail}") from None
    except av.FFmpegError as error:
        raise CatsightError(f"{target} cannot be written: {error.strerror or error}") from None


def _even(picture: np.ndarray) -> np.ndarray:
    """The picture with its last row or column repeated where there is an odd number: codecs halve
    the colours.
    """
    height, width = picture.shape[:2]
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _count(stream) -> int | None:
    if stream.frames:
        return stream.frames
    if stream.duration and stream.average_rate:
        return round(float(stream.duration * stream.time_base * stream.average_rate))
    return None
