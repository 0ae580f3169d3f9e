"""Adding a measure, a filter, a figure or a source touches two files of code: its record, and what
it does. Each is added here, to a copy of the library, and used as a study would use it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from catsight import tables
from support import synthetic_study as synthetic
from support.toy_tables import IDS, write_features, write_frames

ROOT = Path(__file__).parents[2]


class Library:
    """A copy of the library and its data, in which files are edited."""

    def __init__(self, folder: Path):
        self.folder, self.edited = folder, set()
        ignored = shutil.ignore_patterns("__pycache__")
        for part in ("workflow/catsight", "workflow/schemas", "resources"):
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)

    def edit(self, path: str, before: str, new: str) -> None:
        """Puts ``new`` before the text ``before`` in a file of the library."""
        file = self.folder / "workflow" / "catsight" / path
        text = file.read_text()
        assert text.count(before) == 1, f"{path}: {before}"
        file.write_text(text.replace(before, new + before))
        self.edited.add(path)

    def add(self, path: str, text: str) -> None:
        (self.folder / "workflow" / "catsight" / path).write_text(text)
        self.edited.add(path)

    def python(self, *arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(self.folder / "workflow")}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def catsight(self, *arguments: str) -> str:
        return self.python("-m", "catsight", *arguments)

    def spec(self, config: dict, *job: str) -> dict:
        (self.folder / "study.yaml").write_text(yaml.safe_dump(config))
        return json.loads(self.catsight("spec", *job, "--config", "study.yaml"))


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path)


CONFIG = {
    "study": "toy",
    "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}},
    "encoders": {"vit_s16_untrained": None},
}


def test_a_measure(library):
    library.edit(
        "study/measures.py",
        ")\n#: By name.\nMEASURES: dict",
        '    Measure("toy", "Toy measure", similarity=False),\n',
    )
    library.edit(
        "metrics/correspondence.py",
        "@measure\ndef procrustes(",
        "@measure\ndef toy(x, y):\n    return float(np.abs(x - y).mean())\n\n\n",
    )
    library.python("-m", "catsight.study.config")  # the schema and its page, from the record
    spec = library.spec(CONFIG | {"metrics": {"names": ["toy"]}}, "metrics", "vit_s16_untrained")
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(len(IDS), 5)).astype(np.float32) for _ in range(2))
    write_frames(library.folder / "frames.parquet")
    for view, features in (("human", x), ("cat", y)):
        write_features(library.folder / f"{view}.parquet", {"blocks.0/mean": features})
    library.catsight(
        "metrics", "compare", "--spec", json.dumps(spec), "--frames", "frames.parquet",
        "--features", "human", "human.parquet", "--features", "cat", "cat.parquet", "--output", "out.parquet",
    )  # fmt: skip
    rows = tables.read(library.folder / "out.parquet").to_pylist()
    assert rows[0]["metric"] == "toy" and rows[0]["ci_low"] < rows[0]["value"] < rows[0]["ci_high"]
    assert rows[0]["value"] == pytest.approx(np.abs(np.float64(x) - y).mean())
    figures = library.spec(CONFIG | {"metrics": {"names": ["toy"]}}, "figures", "profiles")
    assert figures["measures"][-1]["label"] == "Toy measure"
    assert len(library.edited) == 2


def test_a_filter(library):
    library.edit(
        "study/filters.py",
        ")\nFILTERS: dict",
        '    Filter("negative", "as a negative", "what “{reference}” delivers, as a negative", control=True),\n',
    )
    library.edit(
        "views/filters.py", '    "blur": blur,\n', '    "negative": lambda rgb: 255 - rgb,\n'
    )
    library.python("-m", "catsight.study.config")
    config = CONFIG | {
        "views": CONFIG["views"]
        | {"original": {"filter": "original"}, "dark": {"filter": "negative"}}
    }
    config["reference"] = "original"
    spec = library.spec(config, "views", "dark")
    (row,) = synthetic.pictures(each=1)[:1]
    from catsight.inputs.pictures import decode_png
    from catsight.tables.columns.frames import FRAMES

    tables.write(library.folder / "frames.parquet", [row], FRAMES, {})
    library.catsight(
        "views",
        "make",
        "--spec",
        json.dumps(spec),
        "--frames",
        "frames.parquet",
        "--output",
        "o.parquet",
    )
    (seen,) = tables.read(library.folder / "o.parquet").to_pylist()
    np.testing.assert_array_equal(
        decode_png(seen["image"]["bytes"]), 255 - decode_png(row["image"]["bytes"])
    )
    shown = library.spec(config, "figures", "profiles")["views"]["dark"]
    assert shown["control"] and shown["label"] == "as a negative"
    assert len(library.edited) == 2


def test_a_figure(library):
    library.edit(
        "study/figures_registry.py",
        ")\nFIGURES: dict",
        '    Figure("toy", "metrics", False, "A toy", "Nothing to read in “{focal}”.", "Nothing."),\n',
    )
    library.add(
        "figures/toy.py",
        '"""A toy."""\n\nfrom catsight.figures import style\n\n\n@style.styled\ndef draw(table, choices):\n'
        "    from matplotlib.figure import Figure\n\n    figure = Figure()\n"
        "    figure.subplots().set_title(f'{len(table)} rows')\n    return figure\n",
    )
    spec = library.spec(CONFIG, "figures", "toy")
    synthetic.write_metrics(library.folder / "metrics.parquet")
    library.catsight(
        "figures",
        "toy",
        "--spec",
        json.dumps(spec),
        "--table",
        "metrics.parquet",
        "--output",
        "toy.svg",
    )
    assert (library.folder / "toy.svg").stat().st_size > 1000
    report = library.spec(CONFIG, "report")
    assert report["figures"][-1]["name"] == "toy"
    assert len(library.edited) == 2


def test_a_source(library):
    library.edit(
        "study/sources.py",
        ")\nSOURCES: dict",
        '    SourceKind("stripes", "one picture of stripes", {"count": REQUIRED}),\n',
    )
    library.add(
        "frames/stripes.py",
        '"""Stripes."""\n\nimport numpy as np\n\nfrom catsight.frames.item import Item, Picture\n\n\n'
        "def items(source, found, max_pixels):\n"
        "    rgb = np.zeros((8, 8, 3), np.uint8)\n    rgb[:, :: source['count']] = 255\n"
        "    return [Item('stripes', 'stripes', lambda: Picture(rgb))]\n",
    )
    library.python("-m", "catsight.study.config")
    config = CONFIG | {"frames": {"source": "stripes", "count": 2}}
    manifest, frames = (json.dumps(library.spec(config, job)) for job in ("manifest", "frames"))
    library.catsight("frames", "manifest", "--spec", manifest, "--output", "manifest.parquet")
    library.catsight(
        "frames", "make", "--spec", frames, "--manifest", "manifest.parquet", "--output", "frames"
    )
    (row,) = tables.read(library.folder / "frames" / "0.parquet").to_pylist()
    assert row["frame_id"] == row["group"] == "stripes" and row["source"] == "stripes"
    assert len(library.edited) == 2


def test_the_page_for_contributors_says_how_many():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for what in ("a measure", "a filter", "a figure of one table", "a source of frames"):
        assert re.search(rf"^\| {what} \* \| 2 \|", text, re.M), what
