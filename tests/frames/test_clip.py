"""Stills of clips that are made here; the blocks of each frame encode its number."""

import gc
import io
import os
import struct
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest
import skimage.data
from PIL import Image

from catsight.frames import clip as video
from catsight.frames.clip import SCENE, SUFFIXES, changes, stills
from catsight.frames.decode import Rejected

MANY = 10**7
HEIGHT, WIDTH = 48, 64


def numbered(number, base=(40, 90, 160)):
    """A frame of 4 × 3 blocks of 16 px: white where the number has a bit, from the first block on."""
    bits = [number >> bit & 1 for bit in range(12)]
    picture = np.empty((3, 4, 3), np.uint8)
    picture[:] = base
    picture[np.reshape(bits, (3, 4)) == 1] = (250, 240, 230)
    return picture.repeat(16, axis=0).repeat(16, axis=1)


def number_of(rgb):
    centres = rgb[8::16, 8::16].astype(int)
    return sum(int(bright) << bit for bit, bright in enumerate((centres[..., 0] > 145).ravel()))


def write(
    path,
    frames,
    stamps=None,
    codec="ffv1",
    pix_fmt="bgr0",
    rate=25,
    source="rgb24",
    options=None,
    **says,
):
    """Writes a clip with time stamps in 1/1000 s, or of 25 frames a second.

    ``says`` are attributes of its stream's codec context: what the clip states of itself.
    """
    frames = [
        f if isinstance(f, av.VideoFrame) else av.VideoFrame.from_ndarray(f, source) for f in frames
    ]
    with av.open(path, "w") as out:
        stream = out.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width, stream.pix_fmt = frames[0].height, frames[0].width, pix_fmt
        for key, value in says.items():
            setattr(stream.codec_context, key, value)
        if stamps is not None:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for i, frame in enumerate(frames):
            if frame.format.name != pix_fmt:
                frame = frame.reformat(format=pix_fmt)
            frame.pts = i if stamps is None else stamps[i]
            frame.time_base = Fraction(1, rate) if stamps is None else Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.fixture
def clip(tmp_path):
    """40 frames at 25 a second, lossless."""
    return write(tmp_path / "clip.mkv", [numbered(i) for i in range(40)])


def numbers(path, **options):
    return [
        (still.number, number_of(still.rgb)) for still in stills(path, max_pixels=MANY, **options)
    ]


def refusal(path, *, max_pixels=MANY, **options):
    """The numbers of the frames before a clip was rejected, the reason and its detail."""
    seen = []
    with pytest.raises(Rejected) as problem:
        seen.extend(
            still.number for still in stills(path, max_pixels=max_pixels, **options or {"every": 1})
        )
    return seen, problem.value.reason, problem.value.detail


# -- which frames ----------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [1, 2, 7, 39, 40, 1000])
def test_every_nth_frame(clip, every):
    got = list(stills(clip, every=every, max_pixels=MANY))
    assert [still.number for still in got] == list(range(0, 40, every))
    for still in got:
        assert still.rgb.dtype == np.uint8 and still.rgb.flags.c_contiguous
        np.testing.assert_array_equal(still.rgb, numbered(still.number))
        assert still.seconds == pytest.approx(still.number / 25)


def test_by_seconds_where_the_rate_varies(tmp_path):
    stamps = [0, 40, 99, 100, 101, 250, 950, 951, 1000, 1300, 1301, 1302, 1400, 3000, 3001]
    path = write(tmp_path / "clip.mkv", [numbered(i) for i in range(len(stamps))], stamps)
    for seconds, expected in [
        (0.1, [0, 3, 5, 6, 8, 9, 12, 13]),
        (0.5, [0, 6, 8, 13]),
        (1, [0, 8, 13]),
        (1.3, [0, 9, 13]),
        (100, [0]),
    ]:
        got = list(stills(path, seconds=seconds, max_pixels=MANY))
        assert (
            [still.number for still in got] == [number_of(still.rgb) for still in got] == expected
        )
        assert [still.seconds for still in got] == [stamps[i] / 1000 for i in expected]


def test_a_still_has_the_frames_before_it(clip, tmp_path):
    """Those of the last fifth of a second, which are five; the latest first."""
    got = {still.number: still.past for still in stills(clip, every=3, past=0.2, max_pixels=MANY)}
    assert got[0] == []
    for number in (3, 6, 39):
        before = range(number - 1, max(number - 6, -1), -1)
        assert [number_of(rgb) for _, rgb in got[number]] == list(before)
        assert [seconds for seconds, _ in got[number]] == pytest.approx(
            [(number - one) / 25 for one in before]
        )
    assert all(not still.past for still in stills(clip, every=3, max_pixels=MANY))
    assert all(not still.past for still in stills(clip, scenes=0.01, past=0.2, max_pixels=MANY))
    # by time stamps where the rate varies, and not too many where it is high
    stamps = [0, 40, 99, 100, 101, 250, 950, 951, 1000]
    path = write(tmp_path / "varies.mkv", [numbered(i) for i in range(len(stamps))], stamps)
    last = list(stills(path, every=8, past=0.05, max_pixels=MANY))[-1]
    assert [(s, number_of(rgb)) for s, rgb in last.past] == [(0.049, 7), (0.05, 6)]
    path = write(tmp_path / "fast.mkv", [numbered(i) for i in range(300)], range(300))
    last = list(stills(path, every=299, past=0.25, max_pixels=MANY))[-1]
    ages = [1000 * s for s, _ in last.past]
    assert len(ages) <= 16 and ages[:8] == pytest.approx(range(1, 9)) and 200 < ages[-1] < 270


def test_the_picture_that_was_shown_when_the_past_began_belongs_to_it(tmp_path):
    """Of a screen that changes rarely: it is all that was seen until a moment ago."""
    path = write(tmp_path / "a.mkv", [numbered(i) for i in range(4)], [0, 980, 1000, 3000])
    got = list(stills(path, every=1, past=0.25, max_pixels=MANY))
    assert [[number_of(rgb) for _, rgb in still.past] for still in got] == [[], [0], [1, 0], [2]]
    assert [s for s, _ in got[2].past] == pytest.approx([0.02, 1.0])


def test_a_past_of_another_size_is_none(tmp_path):
    """Which a stream of pictures may hold; an eye cannot add them up."""
    now = np.zeros((4, 5, 3), np.uint8)
    other = np.zeros((4, 6, 3), np.uint8)
    past = [(0.1, now + 1), (0.2, other), (0.3, now)]
    assert [s for s, _ in video.same_size(past, now)] == [0.1]


def test_however_long_the_past_its_latest_pictures_are_all_there():
    kept = video.Past(2)
    for i in range(200):
        kept.add(Fraction(i, 30), i)
        ages, pictures = zip(*kept.of(Fraction(i + 1, 30)))
        recent = min(i + 1, 8)
        assert list(pictures[:recent]) == list(range(i, i - recent, -1)) and len(ages) <= 16
        assert list(pictures) == sorted(set(pictures), reverse=True)
    assert 1.9 < ages[-1] < 2.3


def test_time_begins_with_the_first_frame(tmp_path):
    path = write(tmp_path / "clip.mkv", [numbered(i) for i in range(4)], [1500, 1700, 2499, 2500])
    got = list(stills(path, seconds=1, max_pixels=MANY))
    assert [(still.number, still.seconds) for still in got] == [(0, 0.0), (3, 1.0)]


def test_missing_and_repeated_stamps(clip, monkeypatch):
    """Muxers write neither, but some files have them, or no stamps at all."""
    stated = {0: None, 1: None, 2: 200, 3: 200, 4: 150, 5: None, 6: 400}

    class Frame:
        def __init__(self, frame, number):
            self._frame, self.pts = frame, stated[number]

        def __getattr__(self, name):
            return getattr(self._frame, name)

    class Packet:
        is_corrupt = False

        def __init__(self, packet, number):
            self._packet, self._number = packet, number

        def decode(self):
            return [Frame(frame, self._number) for frame in self._packet.decode()]

    class Clip:
        def __init__(self, clip):
            self._clip = clip

        def demux(self, stream):
            for number, packet in zip(stated, self._clip.demux(stream)):
                yield Packet(packet, number)

    with video.open_clip(clip, MANY) as (opened, stream):
        assert [stamp for _, stamp in video.frames(Clip(opened), stream)] == [
            0,
            40,
            200,
            201,
            202,
            242,
            400,
        ]


def test_the_first_frame_of_each_scene(tmp_path):
    """Cuts are found; pans, fades, shaking and noise are not taken for cuts."""
    rng = np.random.default_rng(0)
    photos = [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.rocket()]

    def view(rgb, left=0.0, top=0.0, side=0.5):
        height, width = rgb.shape[:2]
        box = (left * width, top * height, (left + side) * width, (top + side) * height)
        return np.asarray(
            Image.fromarray(rgb).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC, box)
        )

    frames = [view(photos[0], 0.01 * i) for i in range(15)]  # a pan
    frames += [view(photos[1], *rng.uniform(0.2, 0.22, 2)) for _ in range(10)]  # a hand that shakes
    frames += [
        (view(photos[1]) * (1 - i / 20)).astype(np.uint8) for i in range(20)
    ]  # a jump, and a fade
    frames += [
        np.clip(view(photos[2]) + rng.normal(0, 15, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)
    ] * 3
    path = write(tmp_path / "clip.mkv", frames)
    assert [still.number for still in stills(path, scenes=SCENE, max_pixels=MANY)] == [
        0,
        15,
        25,
        45,
    ]
    assert [still.number for still in stills(path, scenes=1.0, max_pixels=MANY)] == [0]


def test_the_score_of_change_follows_its_formula():
    greys = [10, 60, 120, 120, 20]
    change = changes()
    got = [
        change(av.VideoFrame.from_ndarray(np.full((48, 64), grey, np.uint8), "gray"))
        for grey in greys
    ]
    # differences 50, 60, 0, 100
    np.testing.assert_allclose(got, [1, 50 / 255, 10 / 255, 0, 100 / 255], atol=0.005)


def test_frames_do_not_stay_in_memory(clip):
    gc.collect()
    gc.disable()
    try:
        held = [
            # of their types: isinstance() would resolve weak proxies
            sum(issubclass(type(one), av.VideoFrame) for one in gc.get_objects())
            for still in stills(clip, every=1, max_pixels=MANY)
            if still.number % 13 == 0  # looking through all objects takes a while
        ]
    finally:
        gc.enable()
    assert max(held) - held[0] <= 3


def test_exactly_one_choice_is_made(clip):
    with pytest.raises(TypeError, match="exactly one"):
        next(stills(clip, max_pixels=MANY))
    with pytest.raises(TypeError, match="exactly one"):
        next(stills(clip, every=1, seconds=1, max_pixels=MANY))
    with pytest.raises(ValueError, match="more than 0"):
        next(stills(clip, every=0, max_pixels=MANY))


# -- kinds of clips --------------------------------------------------------------------------------

CODECS = {
    ".mp4": ("libx264rgb", "rgb24", {"qp": "0"}), ".mov": ("libx264rgb", "rgb24", {"qp": "0"}),
    ".m4v": ("libx264", "yuv420p", {}), ".mkv": ("ffv1", "bgr0", {}), ".webm": ("libvpx-vp9", "yuv420p", {}),
    ".avi": ("ffv1", "bgr0", {}), ".mts": ("libx264", "yuv420p", {}),
    ".m2ts": ("libx264", "yuv420p", {}), ".wmv": ("wmv2", "yuv420p", {"b": "2000000"}), ".gif": ("gif", "rgb8", {}),
    ".apng": ("apng", "rgb24", {}),
}  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_kind_of_clip(tmp_path, suffix):
    codec, pix_fmt, options = CODECS[suffix]
    frames = [numbered(i) for i in range(40)]
    path = write(tmp_path / f"clip{suffix}", frames, codec=codec, pix_fmt=pix_fmt, options=options)
    got = list(stills(path, every=3, max_pixels=MANY))
    assert [(still.number, number_of(still.rgb)) for still in got] == [
        (i, i) for i in range(0, 40, 3)
    ]
    assert got[5].rgb.shape == (HEIGHT, WIDTH, 3)
    assert [still.seconds for still in got] == pytest.approx(
        [i / 25 for i in range(0, 40, 3)], abs=0.002
    )
    assert numbers(path.rename(path.with_suffix(".dat")), seconds=0.4) == [
        (i, i) for i in range(0, 40, 10)
    ]


@pytest.mark.parametrize("size", [(47, 63), (1, 1), (49, 5)])
def test_odd_sizes(tmp_path, size):
    picture = np.full((*size, 3), (30, 140, 200), np.uint8)
    path = write(tmp_path / "clip.mkv", [picture] * 2)
    for still in stills(path, every=1, max_pixels=MANY):
        np.testing.assert_array_equal(still.rgb, picture)
    if min(size) > 1:
        path = write(tmp_path / "halved.mkv", [picture] * 2, pix_fmt="yuv420p")
        for still in stills(path, every=1, max_pixels=MANY):
            assert still.rgb.shape == picture.shape
            assert np.abs(still.rgb.astype(int) - picture).max() <= 2  # 8-bit YCbCr


# the display matrix in 16.16, by how the frame is turned or mirrored
TURNS = {
    "not": ((1, 0, 0, 1), lambda rgb: rgb),
    "by a quarter": ((0, 1, -1, 0), lambda rgb: np.rot90(rgb, -1)),
    "by a half": ((-1, 0, 0, -1), lambda rgb: np.rot90(rgb, 2)),
    "back by a quarter": ((0, -1, 1, 0), lambda rgb: np.rot90(rgb, 1)),
    "mirrored": ((-1, 0, 0, 1), lambda rgb: rgb[:, ::-1]),
    "upside down": ((1, 0, 0, -1), lambda rgb: rgb[::-1]),
    "transposed": ((0, 1, 1, 0), lambda rgb: rgb.swapaxes(0, 1)),
    "transposed and turned": ((0, -1, -1, 0), lambda rgb: np.rot90(rgb, 2).swapaxes(0, 1)),
}


@pytest.mark.parametrize("turn", TURNS)
def test_turned_upright(tmp_path, turn):
    """As phones record it: in the header of an MP4's track."""
    (a, b, c, d), upright = TURNS[turn]
    path = write(
        tmp_path / "clip.mp4",
        [numbered(5), numbered(9)],
        codec="libx264rgb",
        pix_fmt="rgb24",
        options={"qp": "0"},
    )
    data = bytearray(path.read_bytes())
    struct.pack_into(">5i", data, data.index(b"tkhd") + 44, a << 16, b << 16, 0, c << 16, d << 16)
    path.write_bytes(data)
    got = [still.rgb for still in stills(path, every=1, max_pixels=MANY)]
    np.testing.assert_array_equal(got[0], upright(numbered(5)))
    np.testing.assert_array_equal(got[1], upright(numbered(9)))


@pytest.mark.parametrize(
    ("aspect", "shape"),
    [(Fraction(4, 3), (48, 85)), (Fraction(1, 2), (96, 64)), (Fraction(1), (48, 64))],
)
def test_pixels_become_square(tmp_path, aspect, shape):
    lossless = {"codec": "libx264rgb", "pix_fmt": "rgb24", "options": {"qp": "0"}}
    path = write(tmp_path / "clip.mp4", [numbered(5)] * 2, sample_aspect_ratio=aspect, **lossless)
    rgb = next(stills(path, every=1, max_pixels=MANY)).rgb
    assert rgb.shape == (*shape, 3)
    small = np.asarray(Image.fromarray(rgb).resize((4, 3), Image.Resampling.BOX))
    assert np.abs(small.astype(int) - numbered(5)[8::16, 8::16]).max() <= 12
    reasons = refusal(path, max_pixels=48 * 64) if shape != (48, 64) else None
    assert reasons is None or reasons[1] == "too large"


# -- colours ---------------------------------------------------------------------------------------


def planes(pix_fmt, values, bits):
    """A frame of blocks of 16 px with these values, (3, 4, channels), as the format stores them."""
    frame = av.VideoFrame(WIDTH, HEIGHT, pix_fmt)
    for plane, value in zip(frame.planes, np.moveaxis(values, -1, 0)):
        kind = np.uint8 if bits == 8 else np.uint16
        block = (16 * plane.height // HEIGHT, 16 * plane.width // WIDTH)
        rows = np.zeros((plane.height, plane.line_size // np.dtype(kind).itemsize), kind)
        rows[:, : plane.width] = value.repeat(block[0], axis=0).repeat(block[1], axis=1)
        plane.update(rows.tobytes())
    return frame


@pytest.mark.parametrize(
    "pix_fmt", ["yuv420p", "yuv444p", "yuv422p10le", "yuv420p10le", "yuv444p12le"]
)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", [1, 5, 6, None])
def test_numbers_mean_what_the_clip_says(tmp_path, pix_fmt, full, matrix):
    """BT.709 or BT.601, by the standards' equations; BT.601 if a small frame does not say."""
    bits = 12 if "12" in pix_fmt else 10 if "10" in pix_fmt else 8
    red, blue = (0.2126, 0.0722) if matrix == 1 else (0.299, 0.114)
    rgb = np.random.default_rng(bits).uniform(0.02, 0.98, (3, 4, 3))
    rgb[0, 0], rgb[0, 1] = 0, 1
    y = rgb @ [red, 1 - red - blue, blue]
    cb, cr = (rgb[..., 2] - y) / (2 - 2 * blue), (rgb[..., 0] - y) / (2 - 2 * red)
    unit = 2 ** (bits - 8)
    if full:
        white, around = 2**bits - 1, 2**bits - 1
        codes = np.stack([y * white, cb * around + 128 * unit, cr * around + 128 * unit], axis=-1)
    else:
        white, around = 219 * unit, 224 * unit
        codes = np.stack(
            [y * white + 16 * unit, cb * around + 128 * unit, cr * around + 128 * unit], axis=-1
        )
    frame = planes(pix_fmt, np.rint(codes), bits)
    says = {"color_range": 2 if full else 1} | ({} if matrix is None else {"colorspace": matrix})
    frame.color_range = says["color_range"]
    if matrix is not None:
        frame.colorspace = matrix
    path = write(tmp_path / "clip.mkv", [frame], pix_fmt=pix_fmt, **says)
    got = next(stills(path, every=1, max_pixels=MANY)).rgb[8::16, 8::16]
    # half a level of rounding, and up to 1.8 that 8 bits of Cb and Cr cost
    assert np.abs(got - 255 * rgb).max() <= (1 if bits > 8 else 2.4)


def test_high_definition_without_a_stated_matrix_is_bt_709(tmp_path):
    frame = av.VideoFrame.from_ndarray(np.full((720, 40, 3), (200, 60, 30), np.uint8), "rgb24")
    path = write(
        tmp_path / "clip.mkv",
        [frame.reformat(format="yuv444p", dst_colorspace="ITU709")],
        pix_fmt="yuv444p",
    )
    rgb = next(stills(path, every=1, max_pixels=MANY)).rgb
    assert np.abs(rgb[300, 20].astype(int) - (200, 60, 30)).max() <= 3


@pytest.mark.parametrize(
    ("pix_fmt", "bits"), [("gbrp10le", 10), ("gbrp16le", 16), ("gray10le", 10), ("gray16le", 16)]
)
def test_deep_rgb_and_grey(tmp_path, pix_fmt, bits):
    values = np.random.default_rng(0).integers(
        0, 2**bits, (3, 4, 3 if pix_fmt.startswith("gbr") else 1)
    )
    values[0, 0], values[0, 1] = 0, 2**bits - 1
    path = write(tmp_path / "clip.mkv", [planes(pix_fmt, values, bits)], pix_fmt=pix_fmt)
    got = next(stills(path, every=1, max_pixels=MANY)).rgb[8::16, 8::16]
    expected = values[..., [2, 0, 1]] if values.shape[2] == 3 else values.repeat(3, axis=2)
    assert np.abs(got - expected * 255 / (2**bits - 1)).max() <= 0.8


def test_transparency_shows_mid_grey(tmp_path):
    rgba = np.dstack([numbered(5), np.full((HEIGHT, WIDTH), 255, np.uint8)])
    rgba[:, :32, 3], rgba[:, 32:48, 3] = 0, 100
    got = next(
        stills(
            write(tmp_path / "a.mkv", [rgba], pix_fmt="bgra", source="rgba"),
            every=1,
            max_pixels=MANY,
        )
    ).rgb
    assert (got[:, :32] == 128).all()
    np.testing.assert_array_equal(got[:, 48:], numbered(5)[:, 48:])
    assert (
        np.abs(got[:, 32:48] - (numbered(5)[:, 32:48] * (100 / 255) + 128 * (155 / 255))).max()
        <= 0.6
    )

    hole = Image.fromarray(rgba, "RGBA")
    hole.save(
        tmp_path / "a.gif",
        save_all=True,
        append_images=[Image.new("RGBA", hole.size, (9, 9, 9, 255))],
    )
    got = list(stills(tmp_path / "a.gif", every=1, max_pixels=MANY))
    assert len(got) == 2 and (got[0].rgb[:, :30] == 128).all()


@pytest.mark.parametrize(
    ("says", "word"),
    [
        ({"color_trc": 16}, "PQ"),
        ({"color_trc": 18}, "HLG"),
        ({"color_primaries": 9}, "BT.2020"),
        ({"color_primaries": 12}, "P3"),
    ],
)
def test_what_srgb_cannot_hold_is_refused(tmp_path, says, word):
    path = write(
        tmp_path / "clip.mkv", [numbered(i) for i in range(3)], pix_fmt="yuv420p10le", **says
    )
    seen, reason, detail = refusal(path)
    assert seen == [] and reason == "unsupported" and word in detail


# -- what cannot be used ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "suffix", [".mkv", ".webm", ".mp4", ".mov", ".avi", ".gif", ".apng", "faststart.mp4"]
)
@pytest.mark.parametrize("part", [0.3, 0.9, 0.999])
def test_a_clip_that_is_cut_short_is_reported(tmp_path, suffix, part):
    codec, pix_fmt, options = CODECS[suffix.removeprefix("faststart")]
    rng = np.random.default_rng(0)
    frames = [
        np.clip(numbered(i) + rng.integers(-20, 20, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)
        for i in range(40)
    ]
    path = write(tmp_path / f"clip{suffix}", frames, codec=codec, pix_fmt=pix_fmt, options=options)
    if suffix == "faststart.mp4":
        _index_first(path)
    assert len(list(stills(path, every=1, max_pixels=MANY))) == 40
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data))])
    seen, reason, _ = refusal(path)
    assert reason == "truncated"
    assert seen == list(range(len(seen)))
    if suffix in (".mp4", ".mov"):  # whose index is at the end
        assert not seen
    else:
        assert 40 * part - 4 < len(seen) <= 40


def _index_first(path):
    """The same clip with its index before its frames."""
    with (
        av.open(path) as clip,
        av.open(path.with_suffix(".tmp.mp4"), "w", options={"movflags": "faststart"}) as out,
    ):
        stream = out.add_stream_from_template(clip.streams.video[0])
        for packet in clip.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    path.with_suffix(".tmp.mp4").replace(path)


def test_frames_before_the_damage_come_first(tmp_path):
    rng = np.random.default_rng(0)
    frames = [
        np.clip(numbered(i) + rng.integers(-20, 20, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)
        for i in range(40)
    ]
    path = write(
        tmp_path / "clip.mp4",
        frames,
        codec="libx264",
        pix_fmt="yuv420p",
        options={"bf": "0", "crf": "10"},
    )
    data = bytearray(path.read_bytes())
    start = len(data) // 2
    data[start : start + 4000] = rng.bytes(4000)
    path.write_bytes(data)
    seen, reason, detail = refusal(path)
    assert reason == "truncated" and f"damaged after {len(seen)} frames" in detail
    assert 10 < len(seen) < 30 and seen == list(range(len(seen)))
    assert refusal(path)[0] == seen  # and always as many


def test_a_hole_is_noticed(tmp_path):
    """In a camcorder's stream, whose packets are numbered."""
    frames = list(np.random.default_rng(0).integers(0, 256, (40, HEIGHT, WIDTH, 3), dtype=np.uint8))
    path = write(
        tmp_path / "clip.mts", frames, codec="libx264", pix_fmt="yuv420p", options={"bf": "0"}
    )
    data = path.read_bytes()
    middle = len(data) // 188 // 2 * 188
    path.write_bytes(data[:middle] + data[middle + 3 * 188 :])
    seen, reason, _ = refusal(path)
    assert reason == "truncated" and seen == list(range(len(seen))) and 10 < len(seen) < 25


@pytest.mark.parametrize("cover", [False, True])
def test_sound_alone_is_no_clip(tmp_path, cover):
    with av.open(tmp_path / "sound.mp4", "w") as out:
        stream = out.add_stream("aac", rate=44100)
        if cover:
            picture = out.add_stream("png", rate=1)
            picture.width, picture.height, picture.pix_fmt, picture.disposition = (
                WIDTH,
                HEIGHT,
                "rgb24",
                av.stream.Disposition.attached_pic.value,
            )
            frame = av.VideoFrame.from_ndarray(numbered(1), "rgb24")
            frame.pts = 0
            out.mux([*picture.encode(frame), *picture.encode(None)])
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 4096), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = 44100, 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert refusal(tmp_path / "sound.mp4") == ([], "not a clip", "it holds no pictures, only audio")


def test_frames_of_a_clip_are_of_8k_at_most(tmp_path, monkeypatch):
    path = write(tmp_path / "clip.mkv", [np.zeros((60, 80, 3), np.uint8)])
    monkeypatch.setattr("catsight.frames.container.LARGEST", 80 * 60)
    assert list(stills(path, every=1, max_pixels=10**8))
    monkeypatch.setattr("catsight.frames.container.LARGEST", 80 * 60 - 1)
    seen, reason, detail = refusal(path)
    assert (seen, reason) == ([], "too large")
    assert detail.startswith("80 × 60 px are more than 4799 (8K)")


def test_a_frame_that_is_stretched_beyond_8k_is_refused(monkeypatch):
    """A frame may be larger than the header says."""
    frame = av.VideoFrame.from_ndarray(np.zeros((60, 80, 3), np.uint8))
    monkeypatch.setattr("catsight.frames.container.LARGEST", 2 * 80 * 60)
    assert video.rgb(frame, Fraction(2)).shape == (60, 160, 3)
    with pytest.raises(Rejected, match="too large"):
        video.rgb(frame, Fraction(21, 10))


def test_a_past_of_large_pictures_is_short():
    for most, times in ((1, None), (2, None), (3, None), (99, [*range(10)])):
        kept = video.Past(20, most)
        for time in range(10):
            kept.add(Fraction(time), time)
        seen = [picture for _, picture in kept.of(Fraction(10))]
        assert seen[0] == 9 and len(seen) <= max(most, 2) and set(seen) <= set(range(10)), most
        assert times in (None, seen[::-1])


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    path = write(tmp_path / "clip.mkv", [np.zeros((600, 800, 3), np.uint8)])
    assert list(stills(path, every=1, max_pixels=480_000))
    monkeypatch.setattr("catsight.frames.clip.frames", None)
    seen, reason, detail = refusal(path, max_pixels=479_999)
    assert (seen, reason) == ([], "too large") and "800 × 600 px" in detail
    # a header of many pixels, and next to nothing after it; the largest FFmpeg itself does not open
    buffer = io.BytesIO()
    Image.new("P", (8, 8)).save(
        buffer, "GIF", save_all=True, append_images=[Image.new("P", (8, 8), 1)]
    )
    data = bytearray(buffer.getvalue())
    for side, reason in [(4000, "too large"), (65535, "unsupported")]:
        struct.pack_into("<2H", data, 6, side, side)
        (tmp_path / "bomb.gif").write_bytes(data)
        assert refusal(tmp_path / "bomb.gif")[:2] == ([], reason)


def test_files_that_are_no_clips(tmp_path, clip):
    picture = io.BytesIO()
    Image.new("RGB", (9, 9)).save(picture, "PNG")
    for data, reason in [
        (b"", "empty"),
        (b"hello\n" * 99, "not a clip"),
        (os.urandom(5000), "not a clip"),
        (
            b"#EXTM3U\n#EXTINF:1,\n" + os.fsencode(clip),
            "not a clip",
        ),  # a playlist would have other files read
        (b"ffconcat version 1.0\nfile clip.mkv\n", "not a clip"),
        (picture.getvalue()[:40], "not a clip"),
    ]:
        (tmp_path / "clip.mp4").write_bytes(data)
        assert refusal(tmp_path / "clip.mp4")[:2] == ([], reason), data[:20]
    assert refusal(tmp_path / "gone.mp4")[1] == "unreadable"
    assert refusal(tmp_path)[1] == "unreadable"
    os.mkfifo(tmp_path / "pipe.mp4")
    assert refusal(tmp_path / "pipe.mp4")[1] == "unreadable"


@pytest.mark.parametrize(
    "name", ["concat:a.mkv", "a b'\"\n.mkv", "%d.mkv", "猫.mkv", b"\xff\xfe.mkv"]
)
def test_names_are_names(clip, name):
    path = clip.rename(clip.with_name(name if isinstance(name, str) else os.fsdecode(name)))
    assert numbers(path, every=20) == [(0, 0), (20, 20)]


# -- what is said of damage, and the threshold of a scene -------------------------------------------


class Packets:
    """A clip whose packets decode to the frames given, or raise; ``!`` marks a corrupt one."""

    def __init__(self, *packets):
        self.packets = packets

    def demux(self, stream):
        for packet in self.packets:
            frames = packet.strip("!")

            def decode(frames=frames):
                if frames == "E":
                    raise av.InvalidDataError(1, "Invalid data")
                return [SimpleNamespace(is_corrupt=kind == "c", pts=None) for kind in frames]

            self.held = decode
            yield SimpleNamespace(is_corrupt="!" in packet, dts=None, decode=decode)


def decoded(*packets, rate=25, guessed=None, tick=Fraction(1, 1000)):
    """The stamps of the frames, the reason and the detail."""
    clip, stamps = Packets(*packets), []
    stream = SimpleNamespace(
        average_rate=rate, guessed_rate=guessed, time_base=tick, metadata={},
        codec_context=SimpleNamespace(decode=lambda _: clip.held()),
    )  # fmt: skip
    with pytest.raises(Rejected) as raised:
        stamps.extend(stamp for _, stamp in video.frames(clip, stream))
    return len(stamps), raised.value.reason, raised.value.detail


@pytest.mark.parametrize(
    ("packets", "count", "detail"),
    [
        (["ff", "fc", "f"], 3, "it is damaged after 3 frames"),
        (["ff", "f!", "f"], 3, "it is cut short or damaged after 3 frames"),
        (["f", "E"], 1, "it is damaged after 1 frames (Invalid data)"),
        (["", ""], 0, "it holds no frame that can be decoded"),
        ([], 0, "it holds no frame that can be decoded"),
    ],
)
def test_the_words_about_damage(packets, count, detail):
    assert decoded(*packets) == (count, "truncated", detail)


@pytest.mark.parametrize(
    ("rates", "step"), [((25, 50), 40), ((None, 50), 20), ((None, None), 40), ((3000, None), 1)]
)
def test_frames_without_stamps_are_as_far_apart_as_the_clip_says(rates, step):
    """By its average rate, or a guess, or 25 a second; in ticks of 1 ms, and at least one."""
    stream = SimpleNamespace(
        average_rate=rates[0], guessed_rate=rates[1], time_base=Fraction(1, 1000), metadata={}
    )
    stamps = [stamp for _, stamp in video.frames(Packets("fff"), stream)]
    assert stamps == [0, step, 2 * step]


def test_the_words_about_choices(clip):
    for options in ({}, {"every": 1, "scenes": 0.1}, {"every": 1, "seconds": 1, "scenes": 1}):
        with pytest.raises(TypeError) as raised:
            next(stills(clip, max_pixels=MANY, **options))
        assert str(raised.value) == "exactly one of every, seconds and scenes must be given"
    for options in ({"every": 0}, {"seconds": 0}, {"scenes": -0.5}):
        about = dict.fromkeys(("every", "seconds", "scenes")) | options
        with pytest.raises(ValueError) as raised:
            next(stills(clip, max_pixels=MANY, **options))
        assert str(raised.value) == (
            f"every is {about['every']}, seconds {about['seconds']}, scenes {about['scenes']}; "
            "each must be more than 0"
        )


def test_a_scene_begins_where_the_light_jumps_by_an_eighth_of_white(tmp_path):
    """A jump of 33 levels is one (0.129), and of 29 is not (0.114); the threshold itself counts."""
    greys = [100, 100, 133, 133, 104, 104]
    frames = [np.full((HEIGHT, WIDTH, 3), grey, np.uint8) for grey in greys]
    path = write(tmp_path / "clip.mkv", frames)
    found = [still.number for still in stills(path, scenes=SCENE, max_pixels=MANY)]
    assert found == [0, 2]
    exact = [still.number for still in stills(path, scenes=29 / 255, max_pixels=MANY)]
    assert exact == [0, 2, 4]


def stamped(*stamps, rate=25):
    """The stamps that frames of these stamps, in ticks of 1 ms, get."""
    packets = Packets("f" * len(stamps))
    given = iter(stamps)
    demux = packets.demux

    def stamping(stream):
        for packet in demux(stream):
            decode = packet.decode

            def with_stamps(decode=decode):
                frames = list(decode())
                for frame in frames:
                    frame.pts = next(given)
                return frames

            packet.decode = with_stamps
            yield packet

    packets.demux = stamping
    stream = SimpleNamespace(
        average_rate=rate, guessed_rate=None, time_base=Fraction(1, 1000), metadata={}
    )
    return [stamp for _, stamp in video.frames(packets, stream)]


@pytest.mark.parametrize(
    ("stamps", "wanted"),
    [
        # a recording that begins again goes on one frame later, and once more
        ((0, 40, 80, 4000, 0, 40, 80), (0, 40, 80, 4000, 4040, 4080, 4120)),
        ((9000, 9040, 0, 40, 9000), (9000, 9040, 9080, 9120, 18080)),
        ((0, 1000, 100, 200, 100_000, 50, 90), (0, 1000, 1040, 1140, 100940, 100980, 101020)),
        # half a second or less is no jump, but frames out of order
        ((0, 40, 80, 60, 120), (0, 40, 80, 81, 120)),
        ((0, 600, 100, 700), (0, 600, 601, 700)),
        ((0, 40, 40, None, 120), (0, 40, 41, 81, 120)),
    ],
)
def test_time_that_jumps_back_goes_on(stamps, wanted):
    assert stamped(*stamps) == list(wanted)


def transport_stream(count, codec="mpeg2video"):
    """The bytes of a recording of ``count`` frames, 25 a second, from time 0 on."""
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(count):
            grey = np.full((48, 64, 3), 5 * number % 256, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize("codec", ["mpeg2video", "libx264"])
@pytest.mark.parametrize("parts", [2, 3])
def test_recordings_that_were_joined_are_no_damage(tmp_path, codec, parts):
    """As by ``cat``: not only time begins again, but also the count of packets."""
    path = tmp_path / "joined.mts"
    path.write_bytes(transport_stream(50, codec) * parts)
    stills_of = list(stills(path, seconds=1, max_pixels=MANY))
    assert [still.number for still in stills_of] == [*range(0, 50 * parts, 25)]
    assert [still.seconds for still in stills_of] == pytest.approx(range(2 * parts), abs=1e-3)


def test_packets_lost_within_a_joined_recording_are_damage(tmp_path):
    whole, path = transport_stream(50), tmp_path / "lossy.mts"
    path.write_bytes(whole + whole[: 188 * 40] + whole[188 * 43 :])
    seen = []
    with pytest.raises(Rejected, match="damaged after"):
        seen.extend(stills(path, every=1, max_pixels=MANY))
    assert 50 < len(seen) < 90


def two_streams(path, sizes, default=None):
    """A clip with streams of these widths; all frames of a stream are grey, 60 more in the next."""
    from av.stream import Disposition

    with av.open(path, "w") as out:
        streams = []
        for i, width in enumerate(sizes):
            stream = out.add_stream("ffv1", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, 32, "bgr0"
            if default is not None:
                stream.disposition = Disposition.default if i == default else Disposition(0)
            streams.append(stream)
        for number in range(3):
            for i, (stream, width) in enumerate(zip(streams, sizes)):
                grey = np.full((32, width, 3), 60 * (i + 1), np.uint8)
                frame = av.VideoFrame.from_ndarray(grey, "rgb24").reformat(format="bgr0")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                out.mux(stream.encode(frame))
        for stream in streams:
            out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("sizes", "default", "taken"),
    [((64, 320), 1, 1), ((320, 64), 1, 1), ((64, 320), 0, 0), ((64, 320, 160), None, 1)],
)
def test_the_stream_that_a_clip_calls_its_default_is_read_or_the_largest(
    tmp_path, sizes, default, taken
):
    path = two_streams(tmp_path / "clip.mkv", sizes, default)
    got = list(stills(path, every=1, max_pixels=MANY))
    assert {still.rgb.shape[1] for still in got} == {sizes[taken]}
    assert {int(still.rgb.mean()) for still in got} == {60 * (taken + 1)}


def test_a_clip_of_a_kind_without_a_decoder_is_named(tmp_path):
    write(tmp_path / "a.mp4", [numbered(i) for i in range(5)], codec="libx264", pix_fmt="yuv420p")
    data = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(
        data.replace(b"avc1\0\0\0\0", b"brst\0\0\0\0").replace(b"avcC", b"xxxC")
    )
    assert refusal(tmp_path / "a.mp4") == (
        [], "unsupported", "it is of a kind that FFmpeg has no decoder for; convert it"
    )  # fmt: skip


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_transparency_of_a_webm_shows_mid_grey(tmp_path, codec):
    """FFmpeg's own decoders of VP8 and VP9 leave it out."""
    rgba = np.zeros((48, 64, 4), np.uint8)
    rgba[..., 0], rgba[:, 32:, 3] = 255, 255
    path = tmp_path / "a.webm"
    with av.open(path, "w") as out:
        stream = out.add_stream(codec, rate=25, options={"auto-alt-ref": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuva420p"
        stream.metadata["alpha_mode"] = "1"
        for i in range(3):
            frame = av.VideoFrame.from_ndarray(rgba, "rgba").reformat(format="yuva420p")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    got = [still.rgb for still in stills(path, every=1, max_pixels=MANY)]
    assert len(got) == 3
    for rgb in got:
        np.testing.assert_allclose(rgb[4:44, 4:28].astype(int), 128, atol=4)
        np.testing.assert_allclose(rgb[4:44, 36:60, 0].astype(int), 255, atol=6)
