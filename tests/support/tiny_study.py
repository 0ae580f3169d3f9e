"""A tiny study in a copy of the workflow: six pictures and two tiny untrained encoders."""

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
    """A folder with the workflow and a study, ``tiny.yaml``."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.environment = {
            **os.environ,
            "XDG_CACHE_HOME": str(folder / ".cache"),
            "PYTHONHASHSEED": "random",
        }

    @classmethod
    def create(cls, folder: Path) -> "Workflow":
        """Copies the workflow into ``folder``, and makes the study and its pictures there."""
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
        """A copy in another folder, with results, links and times."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Workflow(folder)

    def write(self, config: dict) -> None:
        """Replaces the configuration of the study."""
        (self.folder / "tiny.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def edit(self, path: str, old: str, new: str) -> None:
        """Replaces the first ``old`` in a file of the folder, which must hold it."""
        text = (self.folder / path).read_text()
        assert old in text
        (self.folder / path).write_text(text.replace(old, new, 1))

    def start(self, *arguments: str, said: Path | None = None) -> subprocess.Popen:
        """Starts workflow/run, as `make run` does, in a process group of its own.

        Its output goes into a file in the folder ``said``, or in its own folder.
        """
        # a file, because a pipe that nobody reads fills up and blocks the run
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
            # if the tests run in the background of a shell, the signal is ignored, and Ctrl-C has
            # no effect
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        process.said = Path(said.name)
        return process

    def run(self, *arguments: str, code: int = 0, said: Path | None = None) -> str:
        """Runs the workflow to its end, with exit status ``code``; its output."""
        process = self.start(*arguments, said=said)
        process.wait(timeout=900)
        output = process.said.read_text()
        assert process.returncode == code, output
        return output

    def due(self, *arguments: str) -> set[str]:
        """The messages of the jobs that a dry run plans."""
        output = self.run("-n", *arguments)
        jobs = set(re.findall(r"^Job \d+: (.+)$", output, re.M))
        assert jobs or "Nothing to be done" in output, output
        return jobs

    def results(self) -> Path:
        """The folder of the study's results."""
        return self.folder / "results" / "tiny"

    def contents(self) -> dict[str, str]:
        """The digest of every table's rows, by path."""
        return {
            str(path.relative_to(self.results())): tables.measure_content(path)
            for path in sorted(self.results().rglob("*.parquet"))
        }

    def store_says(self, stage: str) -> dict[str, str]:
        """Output -> hit or computed, from the logs of a stage's latest jobs."""
        said = {}
        for log in (self.results() / "logs" / stage).rglob("*.log"):
            for answer, output in re.findall(
                r"^store: (hit|computed) (\S+)$", log.read_text(), re.M
            ):
                said[output.removeprefix("results/tiny/")] = answer
        return said
