"""The table of physiology: every draw is a comparison of two views; the spread is of their losses."""

import json

import numpy as np
import pytest

from catsight import tables
from catsight.__main__ import main
from catsight.metrics import sensitivity
from catsight.metrics.compare import estimates
from catsight.metrics.physiology import physiology, quantile
from support.by_hand import Arrays
from support.toy_tables import COMPARING, IDS, measures, write_features, write_frames

RANGES = {
    "acuity.cutoff": {"low": 3.0, "high": 9.0, "logarithmic": False},
    "rods.half_luminance": {"low": 3.0, "high": 30.0, "logarithmic": True},
}
SHARES = np.random.default_rng(0).permuted(np.tile((np.arange(12) + 0.5) / 12, (2, 1)), axis=1).T
DRAWS = [
    {"view": f"cat~{i:02}", "values": {"acuity.cutoff": 3 + 6 * a, "rods.half_luminance": 3 * 10**b}}
    for i, (a, b) in enumerate(SHARES.tolist(), start=1)
]  # fmt: skip
SPEC = COMPARING | {
    "permutations": 0, "measures": measures("cka_linear", "mmd2"), "view": "cat", "ranges": RANGES, "draws": DRAWS,
    "own": {"acuity.cutoff": 6.0, "rods.half_luminance": 10.0},
}  # fmt: skip
GROUPS = {frame: frame.split("-")[0] for frame in IDS}
KEY = ("pooling", "metric")


def arrays():
    """Features whose loss grows as acuity falls."""
    rng = np.random.default_rng(1)
    seen = {name: rng.normal(size=(24, 5)) for name in ("a.0/mean", "a.1/mean", "a.1/cls")}
    noise = {name: rng.normal(size=(24, 5)) for name in seen}
    eyes = {"human": 0, "cat": 0.2} | {
        eye["view"]: 0.4 - 0.03 * eye["values"]["acuity.cutoff"] for eye in DRAWS
    }
    return {
        view: Arrays({name: seen[name] + size * noise[name] for name in seen})
        for view, size in eyes.items()
    }


@pytest.fixture(scope="module")
def rows():
    return physiology(arrays(), GROUPS, SPEC)


def of(rows, kind, **where):
    where |= {"kind": kind}
    return [row for row in rows if all(row.get(key) == value for key, value in where.items())]


def test_every_draw_is_compared_as_a_view_is(rows):
    """Draw 0 is the view itself. The rows are those of the table of metrics, and a loss."""
    own = {"view": "cat", "values": SPEC["own"]}
    for draw, eye in enumerate([own, *DRAWS]):
        both = {view: arrays()[view] for view in ("human", eye["view"])}
        wanted = estimates(both, GROUPS, SPEC)
        found = of(rows, "draw", draw=draw)
        assert len(found) == len(wanted) == 2 * 3 + 2 * 2
        for row, other in zip(found, wanted):
            loss = other["value"] if other["metric"] == "mmd2" else 1 - other["value"]
            drawn = [{"number": key, "value": value} for key, value in eye["values"].items()]
            more = {"kind": "draw", "draw": draw, "drawn": drawn, "loss": loss, "view": "cat"}
            assert row == other | more


def test_the_spread_is_that_of_the_means_over_layers(rows):
    for pooling, metric in (("mean", "cka_linear"), ("cls", "mmd2")):
        where = {"pooling": pooling, "metric": metric, "layer": "all"}
        losses = [row["loss"] for row in of(rows, "draw", **where) if row["draw"]]
        assert len(losses) == 12
        (spread,) = of(rows, "spread", **where)
        low, high = np.percentile(losses, [5, 95])
        sd = np.sqrt(np.sum((losses - np.mean(losses)) ** 2) / 11)
        assert (spread["sd"], spread["low"], spread["high"]) == pytest.approx((sd, low, high))
        assert (spread["n_groups"], spread["encoder"], spread["view"]) == (6, "toy", "cat")
    assert len(of(rows, "spread")) == 4


def test_shares_are_those_of_the_drawn_numbers(rows):
    """Each on the scale that it was drawn on."""
    for spread in of(rows, "spread"):
        where = {key: spread[key] for key in KEY}
        losses = [row["loss"] for row in of(rows, "draw", layer="all", **where) if row["draw"]]
        wanted = sensitivity.first_order(SHARES, np.array(losses))
        found = of(rows, "share", **where)
        assert [row["number"] for row in found] == list(RANGES)
        assert [row["share"] for row in found] == pytest.approx(wanted.tolist())
        assert found[0]["share"] > 0.9 and found[1]["share"] < 0.1


def test_a_draw_without_a_value_leaves_no_spread():
    features = arrays()
    features["cat~03"] = Arrays(
        {name: np.ones_like(array) for name, array in features["cat~03"].items()}
    )
    found = physiology(features, GROUPS, SPEC)
    rows = of(found, "spread", metric="cka_linear") + of(found, "share", metric="cka_linear")
    assert len(rows) == 2 + 2 * 2
    for row in rows:
        assert row["reason"] == "no value in 1 of 12 draws"
        assert not {"sd", "low", "high", "share"} & set(row)
    for row in of(found, "draw", draw=3, metric="cka_linear"):
        assert row["loss"] is None and row["reason"]


@pytest.mark.parametrize(
    ("value", "low", "high", "logarithmic", "wanted"),
    [(3, 3, 9, False, 0), (9, 3, 9, False, 1), (5, 3, 9, False, 1 / 3), (10, 1, 1000, True, 1 / 3)],
)
def test_a_quantile_is_where_a_value_lies_in_its_range(value, low, high, logarithmic, wanted):
    within = {"low": low, "high": high, "logarithmic": logarithmic}
    assert quantile(value, within) == pytest.approx(wanted)


def test_the_command_writes_the_table(tmp_path, rows):
    features = []
    for view, array in arrays().items():
        path = write_features(tmp_path / f"{view}.parquet", array)
        features += ["--features", view, str(path)]
    frames = write_frames(tmp_path / "frames.parquet")
    out = tmp_path / "out.parquet"
    arguments = ["--store", str(tmp_path / "store"), "--frames", str(frames), *features]
    command = ["metrics", "physiology", "--spec", json.dumps(SPEC), *arguments]
    assert main([*command, "--output", str(out)]) == 0
    found = tables.read(out).to_pylist()
    assert [(row["kind"], row["draw"], row["number"]) for row in found] == [
        (row["kind"], row.get("draw"), row.get("number")) for row in rows
    ]
    for column in ("loss", "share", "sd"):
        one, other = ([row.get(column) for row in some] for some in (found, rows))
        assert [value is None for value in one] == [value is None for value in other]
        assert [v for v in one if v is not None] == pytest.approx(
            [v for v in other if v is not None], abs=1e-5
        )
    assert found[0]["drawn"] == rows[0]["drawn"]
