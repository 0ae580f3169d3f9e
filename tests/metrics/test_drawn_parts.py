"""The table of drawn eyes' parts: attribution of each draw, the eye as stated first."""

import json

import numpy as np
import pytest

from catsight import tables
from catsight.__main__ import main
from catsight.metrics.attribution import attribution
from catsight.metrics.drawn_parts import drawn_parts
from support.by_hand import Arrays
from support.toy_tables import COMPARING, IDS, measures, write_features, write_frames

GROUPS = {frame: frame.split("-")[0] for frame in IDS}
DIVIDED = [
    {"": "human", "pupil": f"human+pupil{draw}", "rods": f"human+rods{draw}", "pupil+rods": f"cat{draw}"}
    for draw in ("", "~1", "~2")
]  # fmt: skip
SPEC = COMPARING | {
    "measures": measures("cka_linear", "energy"), "view": "cat", "parts": ["pupil", "rods"], "divided": DIVIDED,
}  # fmt: skip


def arrays():
    rng = np.random.default_rng(2)
    seen = {name: rng.normal(size=(24, 5)) for name in ("a.0/mean", "a.1/mean")}
    views = dict.fromkeys(view for subsets in DIVIDED for view in subsets.values())
    return {
        view: Arrays({name: seen[name] + 0.1 * i * rng.normal(size=(24, 5)) for name in seen})
        for i, view in enumerate(views)
    }


@pytest.fixture(scope="module")
def rows():
    return drawn_parts(arrays(), GROUPS, SPEC)


def test_every_draw_is_divided_as_attribution_does(rows):
    for draw, subsets in enumerate(DIVIDED):
        spec = {key: value for key, value in SPEC.items() if key != "divided"}
        wanted = attribution(arrays(), GROUPS, spec | {"subsets": subsets})
        found = [row for row in rows if row["draw"] == draw]
        assert len(found) == 2 * 3 * 3  # measures, layers and their mean, parts and the whole
        assert found == [row | {"draw": draw} for row in wanted]
    assert len({row["value"] for row in rows}) > 40  # draws differ


def test_the_command_writes_the_table(tmp_path, rows):
    features = []
    for view, array in arrays().items():
        path = write_features(tmp_path / f"{view}.parquet", array)
        features += ["--features", view, str(path)]
    frames = write_frames(tmp_path / "frames.parquet")
    out = tmp_path / "out.parquet"
    arguments = ["--store", str(tmp_path / "store"), "--frames", str(frames), *features]
    command = ["metrics", "drawn_parts", "--spec", json.dumps(SPEC), *arguments]
    assert main([*command, "--output", str(out)]) == 0
    found = tables.read(out).to_pylist()
    assert [(row["draw"], row["part"]) for row in found] == [
        (row["draw"], row["part"]) for row in rows
    ]
    values = [row["value"] for row in rows]
    assert [row["value"] for row in found] == pytest.approx(values, abs=1e-5)
