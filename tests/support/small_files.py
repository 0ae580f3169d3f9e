"""Small sound files of every kind that catsight reads from users: what fuzzing begins with."""

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageCms

from catsight.inputs import yaml_files

#: Numbers that are changed where a file states them: none of them occurs by chance.
HEIGHT, WIDTH, TILE = 37, 53, 48


def picture(channels: int = 3, dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    """Noise, which no encoder shortens, beside grey, which each does; (HEIGHT, WIDTH, channels)."""
    values = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, channels)).astype(dtype)
    values[:, WIDTH // 2 :] = 128
    return values


def _saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png() -> list[bytes]:
    rgb, profile = picture(), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    deep = Image.fromarray(picture(1, np.uint16)[..., 0] * np.uint16(257))
    others = [Image.fromarray(picture(4)), Image.fromarray(rgb).convert("P"), deep]
    return [
        _saved(Image.fromarray(rgb), "PNG", icc_profile=profile),
        *(_saved(one, "PNG") for one in others),
    ]


def jpeg() -> list[bytes]:
    rgb, profile = (
        Image.fromarray(picture()),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    )
    exif = Image.Exif()
    exif[274], exif[0x8769] = 6, {0xA001: 65535, 0xA500: 2.2}
    return [
        _saved(rgb, "JPEG", exif=exif, icc_profile=profile),
        _saved(rgb, "JPEG", progressive=True),
        _saved(rgb.convert("CMYK"), "JPEG"),
        _saved(rgb.convert("L"), "JPEG", restart_marker_blocks=2),
    ]  # fmt: skip


def webp() -> list[bytes]:
    rgb = Image.fromarray(picture())
    frames = {"save_all": True, "append_images": [Image.fromarray(picture(seed=1))]}
    return [
        _saved(rgb, "WEBP"),
        _saved(Image.fromarray(picture(4)), "WEBP", lossless=True),
        _saved(rgb, "WEBP", **frames),
    ]


def tiff() -> list[bytes]:
    from tifffile import imwrite

    def written(values: np.ndarray, **options) -> bytes:
        file = io.BytesIO()
        imwrite(file, values, **options)
        return file.getvalue()

    tiled = {"tile": (TILE, TILE), "photometric": "rgb"}
    deep, grey = picture(3, np.uint16) * np.uint16(257), picture(1, np.float32)[..., 0] / 255
    palette = {
        "photometric": "palette",
        "colormap": np.arange(768, dtype=np.uint16).reshape(3, 256),
    }
    return [
        *(_saved(Image.fromarray(picture()), "TIFF", compression=one) for one in (None, "tiff_lzw", "jpeg", "packbits")),
        _saved(Image.fromarray(picture()).convert("1"), "TIFF", compression="group4"),
        written(deep, **tiled, compression="zlib", predictor=True),
        written(deep, **tiled, compression="lzw", bigtiff=True),
        written(np.moveaxis(deep, -1, 0), photometric="rgb", planarconfig="separate", rowsperstrip=5),
        written(np.ascontiguousarray(grey), compression="zlib", predictor=3),
        written(picture(1)[..., 0], **palette),
    ]  # fmt: skip


def _clip(suffix: str, codec: str, pix_fmt: str, count: int = 4, **options: str) -> bytes:
    import av

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"clip{suffix}")
        with av.open(str(path), "w") as out:
            stream = out.add_stream(codec, rate=10, options=options)
            stream.width, stream.height, stream.pix_fmt = 2 * WIDTH, 2 * HEIGHT, pix_fmt
            for number in range(count):
                rgb = picture(seed=number).repeat(2, 0).repeat(2, 1)
                out.mux(stream.encode(av.VideoFrame.from_ndarray(rgb)))
            out.mux(stream.encode(None))
        return path.read_bytes()


def parquet() -> list[bytes]:
    """Tables of pictures with ids: as ``datasets`` writes them, and of other layouts."""
    images = [_saved(Image.fromarray(picture(seed=seed)), "PNG") for seed in range(5)]
    ids = [f"frame {seed}" for seed in range(5)]
    plain = pa.table({"image": images, "name": ids})
    nested = pa.table(
        {"image": [{"bytes": one, "path": name} for one, name in zip(images, ids)], "name": ids}
    )

    def written(table: pa.Table, **options) -> bytes:
        file = io.BytesIO()
        pq.write_table(table, file, **options)
        return file.getvalue()

    return [
        written(nested, row_group_size=2),
        written(plain, compression="none", use_dictionary=False, write_page_checksum=True),
        written(plain, compression="zstd", data_page_version="2.0"),
        written(plain.set_column(1, "name", pa.array(ids).dictionary_encode()), compression="gzip"),
    ]  # fmt: skip


def depth() -> list[bytes]:
    def saved(values: np.ndarray) -> bytes:
        file = io.BytesIO()
        np.save(file, values)
        return file.getvalue()

    metres = np.full((HEIGHT, WIDTH), 2.5)
    return [saved(metres), saved(metres.astype(np.float32)), saved(metres.astype(">f2").T.copy().T)]


def safetensors() -> list[bytes]:
    from safetensors.numpy import save

    tensors = {f"blocks.{i}.weight": np.ones((HEIGHT, i + 1), np.float32) for i in range(3)}
    return [save(tensors), save(tensors, {"format": "pt"}), save({"x": np.ones(0, np.int8)})]


def checkpoint() -> list[bytes]:
    import torch

    def saved(what: object, archive: bool) -> bytes:
        file = io.BytesIO()
        torch.save(what, file, _use_new_zipfile_serialization=archive)
        return file.getvalue()

    state = {"head.weight": torch.ones(HEIGHT, 3), "head.bias": torch.ones(HEIGHT).half()}
    return [saved(state, True), saved({"model": state, "epoch": 3}, True), saved(state, False)]


def eye() -> list[bytes]:
    return [path.read_bytes() for path in sorted(yaml_files.find("eyes").glob("*.yaml"))]


def study() -> list[bytes]:
    views = "views: {human: &a {eye: human}, cat: &b {<<: *a, eye: cat}, both: {<<: [*a, *b]}}"
    merged = f"study: tiny\n{views}\nencoders: {{efficientnet_lite0: }}\n"
    return [merged.encode(), (yaml_files.find("eyes").parents[1] / "config.yaml").read_bytes()]


#: The makers of each kind's files.
KINDS: dict[str, Callable[[], list[bytes]]] = {
    "png": png,
    "jpeg": jpeg,
    "webp": webp,
    "tiff": tiff,
    "mp4": lambda: [_clip(".mp4", "libx264", "yuv420p", g="2"), _clip(".mp4", "mpeg4", "yuv420p")],
    "webm": lambda: [_clip(".webm", one, "yuv420p") for one in ("libvpx-vp9", "libvpx")],
    "mkv": lambda: [_clip(".mkv", "ffv1", "bgr0"), _clip(".mkv", "libx264", "yuv420p")],
    "avi": lambda: [_clip(".avi", "mjpeg", "yuvj420p")],
    "gif": lambda: [_clip(".gif", "gif", "rgb8")],
    "apng": lambda: [_clip(".apng", "apng", "rgb24")],
    "mts": lambda: [_clip(".mts", "mpeg2video", "yuv420p")],
    "wmv": lambda: [_clip(".wmv", "wmv2", "yuv420p")],
    "parquet": parquet,
    "pairs": parquet,
    "depth": depth,
    "safetensors": safetensors,
    "checkpoint": checkpoint,
    "eye": eye,
    "study": study,
}
