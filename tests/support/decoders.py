"""Pictures and clips as other programs decode them: libvips, ImageMagick and FFmpeg, by commands.

Pictures come upright, as 8-bit sRGB over mid-grey.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial, wraps
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms

#: The frames of a clip whose pixels are compared.
NUMBERS = (0, 1, 10, 100, 1000)
#: Seconds that a program may take.
PATIENCE = 120


class Clip(NamedTuple):
    times: Sequence[float]  # of every frame, in seconds after the first
    pictures: Mapping[int, np.ndarray]  # of some frames, by their numbers


Decoded = np.ndarray | Clip  # a picture is uint8 (h, w, 3)
Decoder = Callable[[Path], Decoded]  # raises any error if it cannot read a file
Programs = tuple[dict[str, Decoder], dict[str, Decoder]]  # for pictures and for clips, by name


def program(read: Callable[..., Decoded]) -> Decoder:
    """Lets a program read the file "in" of a folder of its own: no name is taken for an option."""

    @wraps(read)
    def reading(path: Path, **options: str) -> Decoded:
        with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
            (Path(folder) / "in").symlink_to(path.absolute())
            return read(Path(folder), **options)

    return reading


def run(command: str, folder: Path) -> str:
    """What a command prints. Raises CalledProcessError if it fails."""
    return subprocess.run(
        command.split(), cwd=folder, check=True, capture_output=True, text=True, timeout=PATIENCE
    ).stdout


def over_grey(path: Path) -> np.ndarray:
    """A PNG file's picture over mid-grey, uint8 (h, w, 3)."""
    with Image.open(path) as picture:
        rgba = np.asarray(picture.convert("RGBA")).astype(float)
    opacity = rgba[..., 3:] / 255
    return np.rint(rgba[..., :3] * opacity + 128 * (1 - opacity)).astype(np.uint8)


def squared(rgb: np.ndarray, aspect: float) -> np.ndarray:
    """A picture whose pixels are wider than high by ``aspect``, with square pixels."""
    height, width = rgb.shape[:2]
    size = round(width * max(1, aspect)), round(height * max(1, 1 / aspect))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC))


@program
def vips(folder: Path) -> np.ndarray:
    """A picture by libvips."""
    has_profile = "icc-profile-data" in run("vipsheader -a in", folder)
    colours = "--export-profile srgb --intent perceptual " * has_profile  # would tint others
    run(f"vipsthumbnail in --size 1000000x1000000> {colours}-o out.png", folder)
    return over_grey(folder / "out.png")


@program
def magick(folder: Path) -> np.ndarray:
    """A picture by ImageMagick."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    (folder / "srgb.icc").write_bytes(srgb.tobytes())
    version_7 = "magick " * bool(shutil.which("magick"))
    has_profile = run(f"{version_7}identify -format %[profile:icc] in[0]", folder).strip()
    colours = "-intent Perceptual -profile srgb.icc" if has_profile else "-colorspace sRGB"
    options = f"-auto-orient {colours} +repage -strip -depth 8"
    run(f"{version_7}convert in[0] {options} PNG32:out.png", folder)
    return over_grey(folder / "out.png")


@program
def ffmpeg(folder: Path, colours: str = "") -> Clip:
    """A clip by FFmpeg, with more options of its filter "scale"."""
    every = "-an -autoscale 0 -fps_mode passthrough -enc_time_base -1"
    wanted = "+".join(f"eq(n\\,{number})" for number in NUMBERS)
    exact = f"scale=flags=bicubic+accurate_rnd+full_chroma_int:interl=-1{colours}"
    pictures = f"-vf select={wanted},{exact} -pix_fmt rgba {every} %d.png"
    run(f"ffmpeg -v error -nostdin -copyts -i in {every} -f framecrc times {pictures}", folder)
    written = (folder / "times").read_text()
    tick = Fraction(re.search(r"#tb 0: (.*)", written)[1])
    width, height = map(int, re.search(r"#sar 0: (.*)/(.*)", written).groups())
    stamps = [int(stamp) for stamp in re.findall(r"^0, +\S+, +(\S+),", written, re.M)]
    seconds = [float((stamp - stamps[0]) * tick) for stamp in stamps]
    paths = sorted(folder.glob("*.png"), key=lambda path: int(path.stem))
    found = [squared(over_grey(path), width / height if width else 1) for path in paths]
    if not found:
        raise ValueError("no frame")
    return Clip(seconds, dict(zip(NUMBERS, found)))


def programs() -> Programs:
    """The programs that the system has."""
    pictures, clips = {}, {}
    if shutil.which("vipsthumbnail"):
        pictures["libvips"] = vips
    if shutil.which("magick") or shutil.which("identify"):
        pictures["ImageMagick"] = magick
    if shutil.which("ffmpeg"):  # before 8, it knows neither where chroma lies nor BT.709 for HD
        for colours in (
            "",
            ":in_h_chr_pos=0",
            ":in_h_chr_pos=0:in_color_matrix=bt709",
            ":in_h_chr_pos=0:in_v_chr_pos=0",
        ):
            clips[f"FFmpeg{colours}"] = partial(ffmpeg, colours=colours)
    return pictures, clips
