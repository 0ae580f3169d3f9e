"""A tiny study in a copy of the workflow: six pictures, two tiny untrained encoders."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from catsight import tables

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "config.yaml", "workflow", "resources", "profiles", "envs")
TINY = {
    "study": "tiny",
    "frames": {"source": "folder", "folder": "photos", "shards": 2},
    "viewing": {"field_of_view": 6},
    "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}, "original": {"filter": "original"}},
    "encoders": {
        "vit": {
            "timm": "test_vit",
            "layers": "blocks.*",
            "family": "vit",
            "training": "untrained",
            "weights": {"source": "random", "seed": 0},
        },
        "cnn": {
            "timm": "test_efficientnet",
            "layers": "blocks.*.*",
            "family": "cnn",
            "training": "untrained",
            "weights": {"source": "random", "seed": 0},
        },
    },
    "figures": {"dpi": 50, "gallery": 2},
}


class Workflow:
    """A folder with the workflow and a study in it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.environment = {
            **os.environ,
            "XDG_CACHE_HOME": str(folder / ".cache"),
            "PYTHONHASHSEED": "random",
        }

    @classmethod
    def create(cls, folder: Path) -> "Workflow":
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, folder / part)
        (folder / "photos" / "deep").mkdir(parents=True)
        rng = np.random.default_rng(0)
        for i in range(6):
            blocks = rng.integers(0, 256, (12, 15, 3)).astype(np.uint8)
            picture = Image.fromarray(blocks).resize((96 + i, 80), Image.Resampling.BICUBIC)
            picture.save(folder / "photos" / ("deep" if i % 2 else "") / f"{i} {{it's}}.png")
        (folder / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
        workflow = cls(folder)
        workflow.write(TINY)
        return workflow

    def copy(self, folder: Path) -> "Workflow":
        """The same folder elsewhere, with its results, links and times."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Workflow(folder)

    def write(self, config: dict) -> None:
        (self.folder / "tiny.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.folder / path).read_text()
        assert old in text
        (self.folder / path).write_text(text.replace(old, new, 1))

    def start(self, *arguments: str, said: Path | None = None) -> subprocess.Popen:
        """Starts workflow/run, as `make run` does, as the head of a process group of its own.

        What it says goes into a file in the folder ``said``, or its own.
        """
        # into a file: a pipe that nobody reads would fill up and stop it
        said = tempfile.NamedTemporaryFile(  # noqa: SIM115
            "w", dir=said or self.folder, prefix="said-", delete=False
        )
        process = subprocess.Popen(
            [self.folder / "workflow" / "run", "--configfile", "tiny.yaml", *arguments],
            cwd=self.folder,
            env={
                **self.environment,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            },
            stdout=said,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            # where the tests themselves run in the background of a shell, it is ignored, and Ctrl-C
            # would do nothing
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        process.said = Path(said.name)
        return process

    def run(self, *arguments: str, code: int = 0, said: Path | None = None) -> str:
        process = self.start(*arguments, said=said)
        process.wait(timeout=900)
        output = process.said.read_text()
        assert process.returncode == code, output
        return output

    def due(self, *arguments: str) -> set[str]:
        """What a dry run says is to be done: the jobs' messages."""
        output = self.run("-n", *arguments)
        jobs = set(re.findall(r"^Job \d+: (.+)$", output, re.M))
        assert jobs or "Nothing to be done" in output, output
        return jobs

    def results(self) -> Path:
        return self.folder / "results" / "tiny"

    def contents(self) -> dict[str, str]:
        """The digest of every table's rows, by path."""
        return {
            str(path.relative_to(self.results())): tables.measure_content(path)
            for path in sorted(self.results().rglob("*.parquet"))
        }

    def store_says(self, stage: str) -> dict[str, str]:
        """What the store answered in the logs of a stage's latest jobs: output -> hit or computed."""
        said = {}
        for log in (self.results() / "logs" / stage).rglob("*.log"):
            for answer, output in re.findall(
                r"^store: (hit|computed) (\S+)$", log.read_text(), re.M
            ):
                said[output.removeprefix("results/tiny/")] = answer
        return said
