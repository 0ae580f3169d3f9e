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


def cat(rgb, **more):
    return Eye.load("cat").see(rgb, field_of_view=10, luminance=50, **more)


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
    for i, (ours, frame) in enumerate(zip(seen, frames)):
        past = [(0.04 * (i - before), frames[before]) for before in range(i)]
        assert ours.shape == frame.shape
        assert np.abs(ours.astype(int) - cat(frame, past=past)).mean() < 3  # the codec's loss
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


# -- options, with an eye that notes how it is asked to look -----------------------------------------


@pytest.fixture
def looks(monkeypatch, tmp_path):
    """The conditions of each look; what is seen is black. Two photographs, and a clip of 2 frames."""
    found = []

    def look(eye, rgb, **conditions):
        found.append((eye.parts["acuity"]["cutoff"], conditions))
        return np.zeros_like(rgb)

    monkeypatch.setattr(Eye, "see", look)
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 6), "white").save(name)
    return found


def ask(*arguments) -> int:
    return main(["see", *arguments])


def test_an_eye_looks_under_the_conditions_that_the_options_state(looks):
    assert ask("a.png", "-o", "x.png", "--fov", "40") == 0
    options = ["--fov", "2", "--luminance", "0.5", "--defocus", "-1.5", "--noise", "7", "--eye", "human"]  # fmt: skip
    options += ["--perspective", "--display", "red-cyan"]
    assert ask("a.png", "-o", "x.png", *options, "--eccentricity") == 0
    cutoffs = [Eye.load(name).parts["acuity"]["cutoff"] for name in ("cat", "human")]
    assert looks == [
        (
            cutoffs[0],
            {
                "field_of_view": 40,
                "luminance": 100,
                "defocus": 0,
                "eccentricity": False,
                "perspective": False,
                "past": [],
                "display": "auto",
                "noise": None,
            },
        ),
        (
            cutoffs[1],
            {
                "field_of_view": 2,
                "luminance": 0.5,
                "defocus": -1.5,
                "eccentricity": True,
                "perspective": True,
                "past": [],
                "display": "red-cyan",
                "noise": [7, 1, *b"a.png"],
            },
        ),
    ]


@pytest.mark.parametrize(
    "given, missing",
    [(["--fov", "4"], "-o/--output"), (["-o", "x.png"], "--fov"), ([], "-o/--output, --fov")],
)
def test_output_and_field_of_view_have_no_default(looks, capsys, given, missing):
    with pytest.raises(SystemExit):
        ask("a.png", *given)
    said = capsys.readouterr().err
    assert said.endswith(f"the following arguments are required: {missing}\n") and not looks


def test_noise_has_a_seed_of_its_own_in_every_file_and_frame(looks):
    write_clip("c.mkv", smooth(2))
    assert ask("a.png", "b.png", "c.mkv", "-o", "new", "--fov", "40", "--noise", "0") == 0
    seeds = [conditions["noise"] for _, conditions in looks]
    clip = [*b"c.mkv"]
    assert seeds == [[0, 1, *b"a.png"], [0, 1, *b"b.png"], [0, 1, *clip], [0, 2, *clip]]


def test_of_a_clip_the_eye_has_seen_the_frames_before(looks):
    """Those of the last half second, by their times; a photograph has none."""
    write_clip("c.mkv", smooth(20))
    assert ask("a.png", "c.mkv", "-o", "new", "--fov", "40") == 0
    pasts = [conditions["past"] for _, conditions in looks]
    assert pasts[0] == [] and pasts[1] == []
    for number, past in enumerate(pasts[1:]):
        reach = min(number, 13)  # at 25 a second, with the one that was shown when it began
        assert sorted(s for s, _ in past) == pytest.approx(
            [(i + 1) / 25 for i in range(reach)], abs=2e-3
        )


def test_beside_what_is_seen_the_original_is_on_the_left(looks):
    assert ask("a.png", "-o", "x.png", "--fov", "40", "--beside") == 0
    both = np.asarray(Image.open("x.png"))
    assert both.shape == (6, 16, 3) and both[:, :8].min() == 255 and both[:, 8:].max() == 0


@pytest.mark.parametrize(
    "option, low, high, words",
    [
        ("--fov", 0.001, 120, "a number from 0.001 to 120 degrees"),
        ("--luminance", 1e-6, 1e6, "a number from 1e-06 to 1e+06 cd/m²"),
        ("--defocus", -20, 20, "a number from -20 to 20 dioptres"),
    ],
)
def test_conditions_from_end_to_end_of_their_range_are_taken(
    looks, capsys, option, low, high, words
):
    fov = [] if option == "--fov" else ["--fov", "40"]
    for value in (low, high):
        assert ask("a.png", "-o", "x.png", *fov, option, repr(value)) == 0
    capsys.readouterr()
    for value in (low - abs(low) / 100, high * 1.01, float("nan")):
        assert ask("a.png", "-o", "x.png", *fov, option, repr(value)) == 1
        assert capsys.readouterr().err.endswith(f"{option} is {value:g}; it must be {words}\n")
    assert len(looks) == 2


def test_a_seed_is_a_whole_number_from_0(looks, capsys):
    assert ask("a.png", "-o", "x.png", "--fov", "40", "--noise", "-1") == 1
    words = "--noise is -1; a seed is a whole number from 0\n"
    assert capsys.readouterr().err.endswith(words) and looks == []


@pytest.mark.parametrize("fov, warned", [("0.99", True), ("1", False)])
def test_a_tiny_field_of_view_is_warned_of(looks, capsys, fov, warned):
    assert ask("a.png", "-o", "x.png", "--fov", fov) == 0
    words = (
        f"catsight see: warning: --fov is {fov}, so each picture spans only {fov}° of the visual "
        "field; a phone's photo spans about 60\n"
    )
    assert (words in capsys.readouterr().err) == warned


def test_where_the_files_are_is_printed(looks, capsys):
    assert ask("a.png", "-o", "x.png", "--fov", "40", "--eye", "human") == 0
    said = capsys.readouterr()
    assert said.out == "written: x.png\n" and "see as the human: 1/1 files in" in said.err
    assert ask("a.png", "b.png", "-o", "new", "--fov", "40") == 0
    assert capsys.readouterr().out == "written: 2 files in new\n"


def test_files_that_fail_are_counted_and_listed(looks, tmp_path, capsys):
    for name in ("c.png", "d.png"):
        (tmp_path / name).write_bytes(b"no picture")
    assert ask("a.png", "c.png", "b.png", "d.png", "-o", "new", "--fov", "40") == 1
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert said.out == "" and lines[0].startswith("see as the cat: 2/4 files in")
    assert lines[1].endswith("2 of 4 files failed; the others are in new")
    for line, name in zip(lines[2:], ("c.png", "d.png"), strict=True):
        assert line.startswith(f"  {name} cannot be read as a photo: ")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.png", "b.png"]


def test_a_picture_too_large_for_its_format_is_named(looks, capsys):
    Image.new("L", (17_000, 1)).save("wide.png")
    assert ask("wide.png", "-o", "x.webp", "--fov", "40") == 1
    assert "x.webp cannot be written: " in capsys.readouterr().err
