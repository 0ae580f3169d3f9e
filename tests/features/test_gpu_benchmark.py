"""benchmarks/gpu.py on the CPU, with a tiny network."""

import re
import sys
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from catsight import tables
from catsight.features import layers, safe, weights
from catsight.tables.columns.views import VIEWS

with mock.patch.object(
    sys, "path", [str(Path(__file__).parents[2] / "benchmarks"), *sys.path]
):  # its modules lie beside it
    import gpu

#: What a run of 5 frames in batches of 2 does; a single thread is as fast with a tiny network.
OPTIONS = ["test_vit", "--device", "cpu", "--frames", "5", "--batch", "2", "--turns", "1"]


@pytest.fixture(autouse=True)
def one_core(monkeypatch):
    monkeypatch.setattr(gpu, "CORES", 1)


@pytest.fixture
def tiny(tmp_path):
    """A folder with the weights of the tiny network and a table of 3 frames."""
    spec = {"timm": "test_vit", "code": "0", "versions": {}}
    safe.write(tmp_path / "test_vit.safetensors", weights.random_state(spec, 0), {})
    tables.write(tmp_path / "view.parquet", gpu.frames(3), VIEWS, {})
    return tmp_path


def rows(printed):
    """The cells of the lines about the tiny network."""
    lines = (line for line in printed.splitlines() if "`test_vit`" in line)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_it_prints_values_and_speeds_of_each_precision(capsys):
    gpu.main(OPTIONS)
    printed = capsys.readouterr().out
    assert printed.startswith("cpu, 1 cores, torch ") and "untrained networks" in printed
    found = rows(printed)
    assert [row[1] for row in found] == ["fp32", "bf16", "fp16"] * 2
    for _name, precision, same, difference, memory in found[:3]:
        assert same.startswith("same bits") and memory == "–"
        # rounding to 16 bits: 8 and 11 significant ones
        low, high = {"fp32": (0, 0), "bf16": (1e-3, 0.03), "fp16": (1e-4, 4e-3)}[precision]
        assert low <= float(difference) <= high
    for row in found[3:]:
        assert float(row[2]) > 0
        shares = [cell for cell in row[3:] if re.fullmatch(r"\d+ \(\d+\.\d\d\)", cell)]
        assert len(shares) == 3 + (row[1] != "fp32")


def test_another_result_of_a_second_run_is_said(capsys, monkeypatch):
    digests = iter(["aaaaaaa", "bbbbbbb"] * 3)
    monkeypatch.setattr(gpu, "write", lambda *given: next(digests))
    monkeypatch.setattr(gpu, "speed", lambda *given: "")
    gpu.main(OPTIONS)
    assert [row[2] for row in rows(capsys.readouterr().out)] == ["OTHER BITS (aaaaaa, bbbbbb)"] * 3


def test_a_batch_that_does_not_fit_is_halved_until_it_does(tiny, monkeypatch):
    """Memory for 7 frames; 48 are asked for at once: 48, 24, 12, 6."""
    real = layers.pooled_features

    def small(model, blocks, pictures, *arguments, **more):
        if len(pictures) > 7:
            raise RuntimeError("CUDA out of memory.")
        return real(model, blocks, pictures, *arguments, **more)

    under = gpu.encoder(tiny, "test_vit", "fp32", "cpu", 48)
    wanted = gpu.vectors(under, tiny / "view.parquet")
    monkeypatch.setattr(gpu, "filled", lambda under, room: nullcontext())
    monkeypatch.setattr(layers, "pooled_features", small)
    said = gpu.survived(under, tiny / "view.parquet", wanted, room=1)
    batch, difference = said.split(" frames, ")
    assert batch == "6 of 48"
    assert float(difference) < 1e-5
    wrong = {name: -vector for name, vector in wanted.items()}
    said = gpu.survived(under, tiny / "view.parquet", wrong, room=1)
    assert float(said.split(", ")[1]) == pytest.approx(2, rel=0.1)


def test_a_difference_is_a_part_of_its_own_columns_largest_value():
    wanted = {"a": np.array([[1.0, -4.0]]), "b": np.array([[100.0], [50.0]])}
    found = {"a": np.array([[1.5, -4.0]]), "b": np.array([[100.0], [51.0]])}
    assert gpu.difference(found, wanted) == 0.5 / 4


def test_frames_repeat_a_few_pictures_under_ids_of_their_own(monkeypatch):
    monkeypatch.setattr(gpu, "PICTURES", 2)
    found = gpu.frames(5)
    assert len({row["frame_id"] for row in found}) == 5
    assert len({row["image"]["bytes"] for row in found}) == 2
