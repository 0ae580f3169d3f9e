"""How clips are written: containers, codecs, colours and size."""

import av
import numpy as np
import pytest

from catsight import CatsightError
from catsight.look import clips


def picture(i, height=32, width=48):
    return np.full((height, width, 3), 40 + 20 * i, np.uint8)


def write(path, count=3, codec="libx264", size=(32, 48), rate=25):
    """Writes a clip of grey frames."""
    with av.open(path, "w") as out:
        stream = out.add_stream(codec, rate=rate)
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        for i in range(count):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture(i, *size), "rgb24")))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    "suffix, container, codec",
    [
        (".mp4", "mov,mp4", "h264"),
        (".MOV", "mov,mp4", "h264"),
        (".mkv", "matroska", "h264"),
        (".webm", "matroska", "vp9"),
    ],
)
def test_each_suffix_has_its_container_and_codec(tmp_path, suffix, container, codec):
    target = tmp_path / f"seen{suffix}"
    clips.change(write(tmp_path / "clip.mkv"), target, lambda rgb, time: rgb)
    with av.open(target) as clip:
        (stream,) = clip.streams
        assert clip.format.name.startswith(container) and stream.codec_context.name == codec
        assert stream.pix_fmt == "yuv420p" and stream.average_rate == 25
        about = stream.codec_context
        # BT.709, limited range, as FFmpeg numbers them
        assert (about.colorspace, about.color_primaries, about.color_range) == (1, 1, 1)
    data = target.read_bytes()
    if codec == "h264":  # which states its settings
        assert b"crf=16.0" in data
    assert (data[4:8] == b"ftyp") == (container == "mov,mp4")
    assert (b"qt  " in data[:32]) == (suffix == ".MOV") and (b"webm" in data[:64]) == (
        suffix == ".webm"
    )


def test_every_frame_is_changed_in_turn(tmp_path):
    """And is written with an even number of rows and columns."""
    seen, times = [], []

    def see(rgb, time):
        seen.append(int(rgb.mean().round()))
        times.append(time)
        return np.full((33, 51, 3), 50 * len(seen), np.uint8)

    clips.change(write(tmp_path / "clip.mp4"), tmp_path / "out.mp4", see)
    np.testing.assert_allclose(seen, [40, 60, 80], atol=2)
    np.testing.assert_allclose(np.diff(times), 1 / 25, atol=1e-3)
    with av.open(tmp_path / "out.mp4") as clip:
        found = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
    assert {one.shape for one in found} == {(34, 52, 3)}
    np.testing.assert_allclose([one.mean() for one in found], [50, 100, 150], atol=2)


@pytest.mark.parametrize(
    "name, codec, said",
    [
        ("clip.mp4", "libx264", "see clip.mp4: 3/3 frames in "),  # which states how many it has,
        ("clip.mkv", "libx264", "see clip.mkv: 3/3 frames in "),  # or how long it is
        ("clip.webm", "libvpx-vp9", "see clip.webm: 3 frames in "),
        ("clip.m2ts", "mpeg4", "see clip.m2ts: 3 frames in "),  # and no rate
    ],
)
def test_frames_are_counted_of_those_that_the_clip_has(tmp_path, capsys, name, codec, said):
    clips.change(write(tmp_path / name, codec=codec), tmp_path / "out.mp4", lambda rgb, time: rgb)
    assert said in capsys.readouterr().err
    with av.open(tmp_path / "out.mp4") as clip:
        assert clip.streams.video[0].frames == 3


def test_colours_are_those_of_bt_709_in_limited_range(tmp_path):
    """The luma of its matrix, 0.2126 R + 0.7152 G + 0.0722 B, from 16 to 235."""
    red = np.full((32, 48, 3), (200, 40, 40), np.uint8)
    clips.change(write(tmp_path / "clip.mp4"), tmp_path / "out.mkv", lambda rgb, time: red)
    with av.open(tmp_path / "out.mkv") as clip:
        luma = next(clip.decode(video=0)).to_ndarray()[:32, :48]
    wanted = 16 + 219 / 255 * (0.2126 * 200 + (0.7152 + 0.0722) * 40)
    np.testing.assert_allclose(luma, wanted, atol=2)  # 91 by the matrix of BT.601, 74 in full range


@pytest.mark.parametrize(
    "name, codec, rate", [("clip.mkv", "libx264", 10), ("clip.m2ts", "mpeg4", 25)]
)
def test_the_rate_is_that_of_the_clip_or_else_25(tmp_path, name, codec, rate):
    """A transport stream of this codec states none."""
    clip = write(tmp_path / name, codec=codec, rate=rate)
    clips.change(clip, tmp_path / "out.mkv", lambda rgb, time: rgb)
    with av.open(tmp_path / "out.mkv") as written:
        assert written.streams.video[0].average_rate == rate


def test_what_cannot_be_read_or_written_is_named(tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"no clip")
    with pytest.raises(CatsightError, match=r"/bad\.mp4 cannot be read as a clip: \w+"):
        clips.change(tmp_path / "bad.mp4", tmp_path / "out.mp4", lambda rgb, time: rgb)
    clip = write(tmp_path / "clip.mp4")
    with pytest.raises(CatsightError, match=r"/out\.webm cannot be written: \w+"):
        clips.change(
            clip, tmp_path / "out.webm", lambda rgb, time: np.zeros((2, 70_000, 3), np.uint8)
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.mp4", "clip.mp4"]
