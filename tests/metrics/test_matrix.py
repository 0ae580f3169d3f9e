"""The table of the matrix: every pair of views is compared as the table of metrics does."""

import json
from itertools import combinations

import numpy as np
import pytest

from catsight import tables
from catsight.__main__ import main
from catsight.metrics import cka_linear
from catsight.metrics.compare import estimates
from catsight.metrics.matrix import matrix
from support.by_hand import Arrays
from support.toy_tables import COMPARING, IDS, measures, write_features, write_frames

SPEC = COMPARING | {"permutations": 0, "measures": measures("cka_linear", "energy_scaled")}
GROUPS = {frame: frame.split("-")[0] for frame in IDS}
#: The reference is not the first.
VIEWS = ("cat", "dog", "human", "mouse")
COLUMNS = ("a.0/mean", "a.1/mean", "a.1/cls")


def arrays():
    rng = np.random.default_rng(1)
    return {view: Arrays({name: rng.normal(size=(24, 5)) for name in COLUMNS}) for view in VIEWS}


@pytest.fixture(scope="module")
def rows():
    return matrix(arrays(), GROUPS, SPEC)


def test_every_pair_of_views_comes_once_the_reference_first(rows):
    each = 2 * (3 + 2)  # measures, columns and means over layers of each pooling
    pairs = [(row["reference"], row["view"]) for row in rows]
    wanted = list(combinations(("human", "cat", "dog", "mouse"), 2))
    assert sorted(pairs) == sorted(wanted * each)
    assert list(dict.fromkeys(pairs)) == wanted


def test_a_pair_is_compared_as_with_the_reference(rows):
    """Rows of the reference are those of metrics, and any other view may be the reference."""
    for reference in ("human", "dog"):
        given = {view: array for view, array in arrays().items() if (reference, view) != ("dog", "human")}  # fmt: skip
        wanted = estimates(given, GROUPS, SPEC | {"reference": reference})
        views = {"human": ("cat", "dog", "mouse"), "dog": ("mouse",)}[reference]
        wanted = [row for row in wanted if row["view"] in views]
        found = [row for row in rows if row["reference"] == reference and row["view"] in views]
        assert len(found) == 10 * len(views)
        assert found == wanted


def test_a_value_is_the_measure_itself(rows):
    """Of its two views, in the layer that the row names."""
    features = arrays()
    for row in rows:
        if row["metric"] == "cka_linear" and row["layer"] != "all":
            column = f"{row['layer']}/{row['pooling']}"
            x, y = (features[row[key]][column] for key in ("reference", "view"))
            assert row["value"] == pytest.approx(cka_linear(x, y))
            assert row["ci_low"] < row["value"] < row["ci_high"]


def test_the_command_writes_the_table(tmp_path, rows):
    features = []
    for view, array in arrays().items():
        path = write_features(tmp_path / f"{view}.parquet", array)
        features += ["--features", view, str(path)]
    frames = write_frames(tmp_path / "frames.parquet")
    out = tmp_path / "out.parquet"
    arguments = ["--store", str(tmp_path / "store"), "--frames", str(frames), *features]
    command = ["metrics", "matrix", "--spec", json.dumps(SPEC), *arguments]
    assert main([*command, "--output", str(out)]) == 0
    key = ("reference", "view", "layer", "pooling", "metric")
    found = {tuple(row[one] for one in key): row for row in tables.read(out).to_pylist()}
    assert len(found) == len(rows)
    for row in rows:
        assert found[tuple(row[one] for one in key)]["value"] == pytest.approx(row["value"], abs=1e-5)  # fmt: skip
