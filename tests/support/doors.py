"""The doors through which files from users come into catsight, by kind."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from support import small_files
from support.job_of_frames import Job

#: A study's default.
MAX_PIXELS = 10**8
#: Reads a file's bytes in an empty folder; returns the reason of a rejection, "" if there is none.
Door = Callable[[Path, bytes], str]


def _frames(job: Job, source: dict) -> str:
    """What ``catsight frames`` does with the files of a source: the reason of a rejection, or ""."""
    try:
        job(source=source, max_pixels=MAX_PIXELS)
    finally:
        shutil.rmtree(job.root / "store", ignore_errors=True)
    return "; ".join(f"{reason}: {detail}" for reason, detail in job.left_out.values())


def _folder(suffix: str, root: Path, data: bytes) -> str:
    job = Job(root)
    job.add(f"one{suffix}", data)
    return _frames(job, {"source": "folder", "path": str(job.folder), "group_by": "file"})


def _depth(root: Path, data: bytes) -> str:
    job = Job(root)
    job.add("one.png", small_files.picture())
    job.add("one.depth.npy", data)
    return _frames(job, {"source": "folder", "path": str(job.folder), "group_by": "file"})


def _video(suffix: str, root: Path, data: bytes) -> str:
    job = Job(root)
    job.add(f"one{suffix}", data)
    about = {"every": 2, "seconds": None, "scenes": None, "past": 0.2, "group_by": "file"}
    return _frames(job, {"source": "video", "path": str(job.folder), "files": None, **about})


def _table(root: Path, data: bytes) -> str:
    job = Job(root)
    job.add("one.parquet", data)
    about = {"image": "image", "id": "name", "group": None, "files": None}
    return _frames(job, {"source": "parquet", "path": str(job.folder), **about})


def _pairs(root: Path, data: bytes) -> str:
    job = Job(root)
    job.add("human/one.parquet", small_files.parquet()[0])
    job.add("cat/one.parquet", data)
    sides = {"path": str(job.folder / "human"), "partner": str(job.folder / "cat")}
    about = {"image": "image", "id": "name", "group": None, "group_by": "file"}
    return _frames(job, {"source": "pairs", **sides, **about})


def _weights(name: str, root: Path, data: bytes) -> str:
    from catsight.features import checkpoint, safe

    path = root / name
    path.write_bytes(data)
    for state in checkpoint.states(path).values():
        safe.write(root / "converted.safetensors", state, {})
    return ""


def _eye(root: Path, data: bytes) -> str:
    from catsight.inputs import eyes, yaml_files

    path = root / "own.yaml"
    path.write_bytes(data)
    yaml_files.load_yaml.cache_clear()
    eyes.load(str(path))
    return ""


def _study(root: Path, data: bytes) -> str:
    from catsight.inputs import yaml_files
    from catsight.study.config import validate

    path = root / "study.yaml"
    path.write_bytes(data)
    yaml_files.load_yaml.cache_clear()
    validate(yaml_files.load_yaml(path))
    return ""


_OTHERS: dict[str, Door] = {
    "parquet": _table,
    "pairs": _pairs,
    "depth": _depth,
    "safetensors": partial(_weights, "own.safetensors"),
    "checkpoint": partial(_weights, "own.pth"),
    "eye": _eye,
    "study": _study,
}
_PICTURES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "tiff": ".tif"}
DOORS: dict[str, Door] = {
    kind: _OTHERS.get(kind)
    or (partial(_folder, _PICTURES[kind]) if kind in _PICTURES else partial(_video, f".{kind}"))
    for kind in small_files.KINDS
}
