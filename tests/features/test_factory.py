"""The user's own encoder: the example of docs/encoders.md, and the errors that one can have."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from catsight import CatsightError, tables
from catsight.features import encoders
from catsight.inputs import yaml_files
from catsight.study import Study, code_digest
from catsight.tables.columns.views import VIEWS
from support.tiny_extraction import bring_weights, extract, pictures, vectors

ROOT = Path(__file__).parents[2]
EXAMPLE = yaml_files.load_yaml(ROOT / "docs" / "examples" / "neighbourhood.yaml")
ENTRY = EXAMPLE["encoders"]["neighbourhood_untrained"]


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_neighbourhood_attention_is_attention_within_a_window(monkeypatch):
    """Against plain attention over all places, masked to those at most two rows and two columns
    away.
    """
    import torch

    monkeypatch.syspath_prepend(ROOT)
    from docs.examples.neighbourhood import NeighbourhoodAttention

    torch.manual_seed(0)
    block = NeighbourhoodAttention(12, heads=3, window=5)
    x = torch.randn(2, 6, 7, 12)
    query, key, value = (
        part.reshape(2, 42, 3, 4).transpose(1, 2)
        for part in block.qkv(x).reshape(2, 42, 36).chunk(3, dim=-1)
    )
    row, column = torch.arange(42) // 7, torch.arange(42) % 7
    near = ((row[:, None] - row).abs() <= 2) & ((column[:, None] - column).abs() <= 2)
    seen = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=near)
    wanted = block.project(seen.transpose(1, 2).reshape(2, 6, 7, 12))
    torch.testing.assert_close(block(x), wanted)


def test_the_example_works_like_any_encoder(tmp_path):
    study = Study(EXAMPLE)
    bring_weights(tmp_path, json.loads(study.spec("weights", "neighbourhood_untrained")))
    tables.write(tmp_path / "human.parquet", list(pictures(5)), VIEWS, {})
    code, _, (path,) = extract(
        tmp_path,
        ["human"],
        tmp_path / "out",
        json.loads(study.spec("features", "neighbourhood_untrained")),
    )
    assert code == 0
    found = vectors(path)
    assert list(found) == [f"blocks.{i}/{pooling}" for i in range(6) for pooling in ("map", "mean")]
    assert found["blocks.0/mean"].shape == (5, 96) and found["blocks.0/map"].shape == (5, 96 * 16)
    # it is read as NHWC: the mean of a map's cells is the mean
    cells = found["blocks.5/map"].reshape(5, 96, 16)
    assert np.ptp(cells, axis=2).mean() > 0.01
    # not exactly, since 4 cells along 14 places overlap
    np.testing.assert_allclose(cells.mean(2), found["blocks.5/mean"], atol=0.1 * np.ptp(cells))


def test_its_code_is_part_of_the_spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = {**EXAMPLE, "encoders": {"mine_untrained": {**ENTRY, "factory": "mine:build"}}}
    (tmp_path / "mine.py").write_text("def build(**more):\n    return 1\n")
    specs = (
        Study(config).spec("weights", "mine_untrained"),
        Study(config).spec("features", "mine_untrained"),
    )
    (tmp_path / "mine.py").write_text("def build(**more):\n    return 2\n")
    code_digest.code_digest.cache_clear()
    code_digest._read.cache_clear()
    assert Study(config).spec("weights", "mine_untrained") != specs[0]
    assert Study(config).spec("features", "mine_untrained") != specs[1]


@pytest.mark.parametrize(
    ("factory", "arguments", "said"),
    [
        ("docs.examples.nothing:build", {},
         f" cannot be imported: No module named 'docs.examples.nothing'; it must be in {ROOT} or installed"),
        ("docs.examples.neighbourhood:make", {}, ": docs.examples.neighbourhood has no function make"),
        ("docs.examples.neighbourhood:build", {"deep": 3},
         " cannot be called: TypeError: build() got an unexpected keyword argument 'deep'"),
        ("builtins:dict", {}, " returned dict; it must return a torch module"),
    ],
)  # fmt: skip
def test_bad_factories(factory, arguments, said):
    with pytest.raises(CatsightError) as raised:
        encoders.make({"factory": factory, "args": arguments})
    assert str(raised.value) == f"the encoder's factory '{factory}'{said}"


def test_a_factory_is_looked_for_where_the_study_is_run(tmp_path, monkeypatch):
    """Before installed packages; and that folder stands on the path once."""
    (tmp_path / "tiny_net_here.py").write_text(
        "import torch\n\n\ndef build(width):\n    return torch.nn.Linear(width, 1)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for width in (2, 3):
        made = encoders.make({"factory": "tiny_net_here:build", "args": {"width": width}})
        assert made.in_features == width
    assert sys.path[0] == str(tmp_path) and sys.path.count(str(tmp_path)) == 1


def test_a_factorys_encoder_must_state_its_preprocessing():
    model = encoders.make(ENTRY)
    with pytest.raises(
        CatsightError,
        match=r"Neighbourhood does not say what preprocessing it needs; .* size, std$",
    ):
        encoders.preprocessing(model, {"mean": [0.5] * 3})
    steps = encoders.preprocessing(model, ENTRY["preprocessing"])
    assert (
        steps["size"] == 224 and steps["mean"] == [0.5] * 3 and steps["interpolation"] == "bicubic"
    )
    hub = {**ENTRY, "training": "supervised", "weights": {"source": "hub"}}
    with pytest.raises(CatsightError, match="a factory's encoder has file or random"):
        Study({**EXAMPLE, "encoders": {"mine": hub}})
    with pytest.raises(CatsightError, match="has both timm and factory"):
        Study({**EXAMPLE, "encoders": {"mine": {**ENTRY, "timm": "resnet18"}}})
