"""``catsight see`` on photographs, clips and folders."""

import io
import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from catsight.__main__ import main
from catsight.views import Eye

OPTIONS = ["--fov", "10", "--luminance", "50"]


def cat(rgb):
    return Eye.load("cat").see(rgb, field_of_view=10, luminance=50)


@pytest.fixture
def rgb():
    return np.random.default_rng(5).integers(0, 256, (30, 40, 3), dtype=np.uint8)


def see(*arguments) -> int:
    return main(["see", *map(str, arguments), *OPTIONS])


def write_clip(path, frames, stamps=None, rotation=0, codec="libx264"):
    """Writes a lossless clip in RGB at 25 frames/s, or with these time stamps in 1/100 s."""
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264rgb" if codec == "libx264" else codec, rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "rgb24" if codec == "libx264" else "yuv420p"
        if codec == "libx264":
            stream.options = {"crf": "0"}
        stream.codec_context.time_base = stream.time_base = Fraction(1, 100)
        for i, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = (4 * i if stamps is None else stamps[i]), Fraction(1, 100)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def read_clip(path):
    """Frames as stored, their times in s, and the clip's streams."""
    with av.open(path) as clip:
        frames = list(clip.decode(video=0))
        return (
            [f.to_ndarray(format="rgb24") for f in frames],
            [float(f.time) for f in frames],
            [s.type for s in clip.streams],
        )


def smooth(count=5, height=64, width=96):
    """Moving waves of colour, which a codec changes little."""
    y, x = np.mgrid[:height, :width]
    waves = [
        np.stack([128 + 100 * np.sin((x + 9 * i) / 15 + k) * np.cos(y / 20) for k in range(3)], -1)
        for i in range(count)
    ]
    return [np.rint(wave).astype(np.uint8) for wave in waves]


def test_a_photo(rgb, tmp_path):
    Image.fromarray(rgb).save(tmp_path / "a.png")
    assert see(tmp_path / "a.png", "-o", tmp_path / "cat.png") == 0
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "cat.png")), cat(rgb))
    assert see(tmp_path / "a.png", "-o", tmp_path / "both.png", "--beside") == 0
    both = np.asarray(Image.open(tmp_path / "both.png"))
    np.testing.assert_array_equal(both, np.concatenate([rgb, cat(rgb)], axis=1))


def test_a_photo_is_read_as_the_frames_are(rgb, tmp_path):
    """It is turned upright, as a frame is; the rest is tested with the frames."""
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(rgb).save(tmp_path / "turned.png", exif=exif)
    assert see(tmp_path / "turned.png", "-o", tmp_path / "seen.png") == 0
    upright = np.ascontiguousarray(np.rot90(rgb, -1))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "seen.png")), cat(upright))


def test_a_folder(rgb, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png", "b.tif"):
        Image.fromarray(rgb).save(tmp_path / "in" / name)
    write_clip(tmp_path / "in" / "c.mkv", smooth(2))
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    assert see(tmp_path / "in", "-o", tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a.png",
        "b.png.png",
        "b.tif.png",
        "c.mp4",
    ]


def test_a_bad_file_does_not_stop_the_others(rgb, tmp_path, capfd):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(b"no picture")
    for name in ("b.png", "c.jpg", "c.png", "c.jpg.tif"):  # no two write to one name
        Image.fromarray(rgb).save(tmp_path / "in" / name)
    assert see(tmp_path / "in", "-o", tmp_path / "out") == 1
    error = capfd.readouterr().err
    assert "1 of 5 files failed" in error
    assert "see as the cat: 4/5 files" in error
    assert "a.png cannot be read as a photo" in error
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["b.png", "c.jpg.png", "c.jpg.tif.png", "c.png.png"]


def test_a_clip(tmp_path):
    frames = smooth()
    write_clip(tmp_path / "clip.mkv", frames)
    assert see(tmp_path / "clip.mkv", "-o", tmp_path / "cat.mp4") == 0
    seen, times, streams = read_clip(tmp_path / "cat.mp4")
    assert len(seen) == 5 and streams == ["video"]
    np.testing.assert_allclose(times, 0.04 * np.arange(5), atol=1e-3)
    for ours, frame in zip(seen, frames):
        assert ours.shape == frame.shape
        assert np.abs(ours.astype(int) - cat(frame)).mean() < 3  # the codec's loss
    assert see(tmp_path / "clip.mkv", "-o", tmp_path / "both.mp4", "--beside") == 0
    both = read_clip(tmp_path / "both.mp4")[0]
    assert both[0].shape == (64, 192, 3)
    assert np.abs(both[0][:, :96].astype(int) - frames[0]).mean() < 3


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_times_that_vary_are_kept(tmp_path, suffix):
    stamps = [0, 3, 4, 20, 21]
    write_clip(tmp_path / "clip.mkv", smooth(), stamps)
    assert see(tmp_path / "clip.mkv", "-o", tmp_path / f"cat{suffix}") == 0
    _, times, _ = read_clip(tmp_path / f"cat{suffix}")
    np.testing.assert_allclose(times, np.array(stamps) / 100, atol=2e-3)


def test_an_odd_size_is_padded_not_cropped(tmp_path):
    frames = smooth(2, 63, 95)
    write_clip(tmp_path / "clip.mkv", frames)
    assert see(tmp_path / "clip.mkv", "-o", tmp_path / "cat.mp4") == 0
    seen = read_clip(tmp_path / "cat.mp4")[0][0]
    assert seen.shape == (64, 96, 3)
    assert np.abs(seen[:63, :95].astype(int) - cat(frames[0])).mean() < 3


def test_a_rotated_clip_is_shown_upright(tmp_path):
    """Phones store clips on their side, with a matrix that says how to turn them; the rest is
    tested with the frames.
    """
    frames = smooth(2)
    write_clip(tmp_path / "clip.mp4", frames)
    data = bytearray((tmp_path / "clip.mp4").read_bytes())
    struct.pack_into(">5i", data, data.index(b"tkhd") + 44, 0, 1 << 16, 0, -1 << 16, 0)
    (tmp_path / "clip.mp4").write_bytes(data)
    assert see(tmp_path / "clip.mp4", "-o", tmp_path / "cat.mp4") == 0
    upright = np.ascontiguousarray(np.rot90(frames[0], -1))
    assert np.abs(read_clip(tmp_path / "cat.mp4")[0][0].astype(int) - cat(upright)).mean() < 3


def test_ten_bits_and_limited_range(tmp_path):
    grey = np.full((64, 64, 3), 128, np.uint8)
    with av.open(tmp_path / "deep.mkv", "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.height = stream.width = 64
        stream.pix_fmt = "yuv420p10le"
        frame = av.VideoFrame.from_ndarray(grey, "rgb24").reformat(format="yuv420p10le")
        frame.pts = 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert see(tmp_path / "deep.mkv", "-o", tmp_path / "cat.mp4") == 0
    np.testing.assert_allclose(read_clip(tmp_path / "cat.mp4")[0][0].astype(int), 128, atol=2)


def test_colours_of_a_clip_are_kept(tmp_path):
    """A human sees the same colours, although they are read as BT.601 and written as BT.709."""
    frame = np.zeros((64, 96, 3), np.uint8)
    frame[:, :32], frame[:, 32:64], frame[:, 64:] = (200, 40, 40), (40, 180, 60), (40, 60, 200)
    write_clip(tmp_path / "clip.mp4", [frame] * 2, codec="mpeg4")
    command = ["see", str(tmp_path / "clip.mp4"), "-o", str(tmp_path / "out.mp4")]
    assert main([*command, "--eye", "human", "--fov", "3"]) == 0
    with av.open(tmp_path / "out.mp4") as clip:
        first = next(clip.decode(video=0))
        assert first.colorspace == 1
        seen = first.to_ndarray(format="rgb24", src_colorspace="ITU709")
    for column in (16, 48, 80):
        np.testing.assert_allclose(seen[32, column].astype(int), frame[32, column], atol=8)


def test_noise_differs_between_frames_and_not_between_runs(tmp_path):
    write_clip(tmp_path / "clip.mkv", [np.full((64, 64, 3), 118, np.uint8)] * 3)
    runs = []
    for name in ("one.mkv", "two.mkv"):
        command = ["see", str(tmp_path / "clip.mkv"), "-o", str(tmp_path / name), "--fov", "5"]
        command += ["--luminance", "1e-4", "--noise", "3"]
        assert main(command) == 0
        runs.append(read_clip(tmp_path / name)[0])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0][0] != runs[0][1]).any()


def test_what_cannot_be_read_leaves_nothing(rgb, tmp_path, capfd):
    write_clip(tmp_path / "whole.mp4", smooth())
    (tmp_path / "cut.mp4").write_bytes((tmp_path / "whole.mp4").read_bytes()[:200])
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "png")
    (tmp_path / "cut.png").write_bytes(buffer.getvalue()[:500])
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "none").mkdir()
    before = sorted(tmp_path.iterdir())
    for source, target, words in [
        ("cut.mp4", "out.mp4", "cut.mp4 cannot be read as a clip"),
        ("empty.mp4", "out.mp4", "empty.mp4 cannot be read as a clip"),
        ("cut.png", "out.png", "cut.png cannot be read as a photo: it ends early or is damaged"),
        ("gone.png", "out.png", "gone.png is missing"),
        ("none", "out", "none holds no photo or clip"),
        ("whole.mp4", "out.gif", "a clip is written as .mp4, .mov, .mkv, .webm"),
        ("whole.mp4", "whole.mp4", "whole.mp4 is a source and would be overwritten"),
        ("whole.mp4", "out.png", "a clip is written as"),
    ]:
        assert see(tmp_path / source, "-o", tmp_path / target) == 1
        assert words in capfd.readouterr().err
        assert sorted(tmp_path.iterdir()) == before


def test_one_photo_that_fails_is_not_counted(tmp_path, capfd):
    (tmp_path / "a.png").write_bytes(b"no picture")
    assert see(tmp_path / "a.png", "-o", tmp_path / "cat.png") == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert "a.png cannot be read as a photo" in line


def test_impossible_conditions_are_refused_before_the_work(tmp_path, capfd):
    write_clip(tmp_path / "clip.mkv", smooth(2))
    command = ["see", str(tmp_path / "clip.mkv"), "-o", str(tmp_path / "o.mp4")]
    for options, words in (
        (["--fov", "400"], "--fov is 400; it must be a number from 0.001 to 120 degrees"),
        (["--fov", "nan"], "--fov is nan; it must be a number"),
        (["--fov", "4", "--luminance", "0"], "--luminance is 0; it must be a number from 1e-06"),
        (["--fov", "4", "--defocus", "-30"], "--defocus is -30; it must be a number from -20"),
        (["--fov", "4", "--noise", "-1"], "--noise is -1"),
    ):
        assert main([*command, *options]) == 1
        assert words in capfd.readouterr().err
        assert not (tmp_path / "o.mp4").exists()


def test_a_tiny_field_of_view_is_warned_of(rgb, tmp_path, capfd):
    Image.fromarray(rgb).save(tmp_path / "a.png")
    command = ["see", str(tmp_path / "a.png"), "-o", str(tmp_path / "b.png")]
    assert main([*command, "--fov", "0.2"]) == 0
    assert "warning: --fov is 0.2, so each picture spans only 0.2°" in capfd.readouterr().err
    assert main([*command, "--fov", "1"]) == 0
    assert "warning" not in capfd.readouterr().err


def test_several_photos_and_where_they_went(rgb, tmp_path, capsys):
    for name in ("a.png", "b.png", "more/c.png", "more/d.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(rgb).save(tmp_path / name)
    out = tmp_path / "out"
    sources = [tmp_path / "a.png", tmp_path / "b.png", tmp_path / "more", tmp_path / "a.png"]
    assert see(*sources, "-o", out) == 0
    assert capsys.readouterr().out == f"written: 4 files in {out}\n"
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.png", "c.png", "d.png"]
    # one photo goes into a folder too, or is the file that was named
    assert see(tmp_path / "a.png", "-o", f"{tmp_path}/new/") == 0
    assert capsys.readouterr().out == f"written: {tmp_path / 'new' / 'a.png'}\n"
    for name in ("seen.png", "seen.JPG", "seen.webp", "seen.tif"):
        assert see(tmp_path / "a.png", "-o", tmp_path / name) == 0
        assert capsys.readouterr().out == f"written: {tmp_path / name}\n"
        assert Image.open(tmp_path / name).size == (40, 30)


def test_outputs_that_cannot_be(rgb, tmp_path, capfd):
    (tmp_path / "photos").mkdir()
    for name in ("a.png", "photos/a.png"):
        Image.fromarray(rgb).save(tmp_path / name)
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    one, other, folder = tmp_path / "a.png", tmp_path / "photos" / "a.png", tmp_path / "photos"
    for sources, output, words in [
        (
            [folder],
            "q.png",
            f"photos is a folder, so --output must be a folder, too: -o {tmp_path}/q/",
        ),
        (
            [one, other],
            "q.png",
            f"there are 2 sources, so --output must be a folder, too: -o {tmp_path}/q/",
        ),
        ([one], "q.pdf", "q.pdf: a photo is written as .jpg, .jpeg, .png, .webp, .tif, .tiff"),
        ([one], "q.mp4", "q.mp4: a photo is written as .jpg"),
        ([folder], "file", "file is a file; name another folder"),
        ([folder], "photos", "photos holds the sources; name another folder"),
        ([one], "photos/a.png/x.png", "photos/a.png/x.png cannot be written"),
        ([one, other], "out", "a.png would both become"),
    ]:
        assert see(*sources, "-o", tmp_path / output) == 1
        assert words in capfd.readouterr().err
        assert sorted(tmp_path.rglob("*")) == before


def test_no_picture_gets_among_the_photos_of_a_study_unsaid(rgb, tmp_path, capfd, monkeypatch):
    """A study of a folder reads all pictures in it, so also those that `see` would write there."""
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.fromarray(rgb).save(photos / "a.jpg")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("photos")
    for output in ("photos", "photos/", "photos/../photos", "link"):
        assert see("photos", "-o", output) == 1
        assert f"{output.rstrip('/')} holds the sources; name another" in capfd.readouterr().err
        assert [path.name for path in photos.iterdir()] == ["a.jpg"]
    assert see("photos", "-o", "photos/seen") == 0
    said = capfd.readouterr().err
    assert "warning: photos/seen is inside photos, so a study of photos would read" in said
    assert see("photos", "-o", "photos-seen") == 0
    assert "warning" not in capfd.readouterr().err
