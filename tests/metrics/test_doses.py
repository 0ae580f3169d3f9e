"""The table of doses: every dose is a comparison of two views."""

import json

import numpy as np

from catsight import tables
from catsight.__main__ import main
from catsight.metrics.doses import doses
from support.by_hand import Arrays
from support.toy_tables import IDS, SPEC, write_features, write_frames

DOSES = [
    {
        "swept": "luminance",
        "dose": 0.01,
        "reference": "human@luminance=0.01",
        "view": "cat@luminance=0.01",
    },
    {"swept": "luminance", "dose": 100.0, "reference": "human", "view": "cat"},
    {"swept": "acuity", "dose": 3.0, "reference": "human", "view": "cat@acuity=3"},
]


def test_every_dose_is_compared_with_the_reference_at_that_dose(tmp_path):
    """Its rows are those of `metrics compare` for these two views."""
    rng = np.random.default_rng(0)
    frames = [
        "--store",
        str(tmp_path / "store"),
        "--frames",
        str(write_frames(tmp_path / "frames.parquet")),
    ]
    paths = {}
    for view in {dose[role] for dose in DOSES for role in ("reference", "view")}:
        paths[view] = str(
            write_features(tmp_path / f"{view}.parquet", {"b.0/mean": rng.normal(size=(24, 6))})
        )

    def run(command, spec, views):
        features = [argument for view in views for argument in ("--features", view, paths[view])]
        out = tmp_path / f"{command}-{len(list(tmp_path.iterdir()))}.parquet"
        arguments = [
            "metrics",
            command,
            "--spec",
            json.dumps(spec),
            *frames,
            *features,
            "--output",
            str(out),
        ]
        assert main(arguments) == 0
        return tables.read(out).to_pandas()

    found = run("doses", SPEC | {"view": "cat", "doses": DOSES}, paths)
    assert set(found["reference"]) == {"human"} and set(found["view"]) == {"cat"}
    for dose in DOSES:
        here = found[(found["swept"] == dose["swept"]) & (found["dose"] == dose["dose"])]
        wanted = run(
            "compare", SPEC | {"reference": dose["reference"]}, [dose["reference"], dose["view"]]
        )
        columns = [c for c in wanted if c not in ("reference", "view")]
        assert here[columns].reset_index(drop=True).equals(wanted[columns])
        assert list(here.columns[:2]) == ["swept", "dose"]
    assert len(found) == len(DOSES) * 2 * len(SPEC["measures"])


def test_the_condition_of_the_study_need_not_be_a_dose(tmp_path):
    rng = np.random.default_rng(0)
    dim = DOSES[:1]
    arguments = [
        "--store",
        str(tmp_path / "store"),
        "--frames",
        str(write_frames(tmp_path / "frames.parquet")),
    ]
    for view in (dim[0]["reference"], dim[0]["view"]):
        path = write_features(tmp_path / f"{view}.parquet", {"b.0/mean": rng.normal(size=(24, 6))})
        arguments += ["--features", view, str(path)]
    spec = json.dumps(SPEC | {"view": "cat", "doses": dim})
    assert (
        main(
            [
                "metrics",
                "doses",
                "--spec",
                spec,
                *arguments,
                "--output",
                str(tmp_path / "out.parquet"),
            ]
        )
        == 0
    )
    assert set(tables.read(tmp_path / "out.parquet").to_pandas()["dose"]) == {0.01}


def test_rows_come_dose_by_dose_under_the_names_of_the_study():
    """The order is that of the spec; a dose's own views are not named."""
    rng = np.random.default_rng(0)
    views = {dose[role] for dose in DOSES for role in ("reference", "view")}
    features = {view: Arrays({"b/mean": rng.normal(size=(24, 4))}) for view in sorted(views)}
    groups = {frame: frame.split("-")[0] for frame in IDS}
    rows = doses(features, groups, SPEC | {"view": "cat", "doses": DOSES})
    each = 2 * len(SPEC["measures"])  # of one layer, and of all
    assert [(row["swept"], row["dose"]) for row in rows] == [
        (dose["swept"], dose["dose"]) for dose in DOSES for _ in range(each)
    ]
    assert {(row["reference"], row["view"]) for row in rows} == {("human", "cat")}
    values = {row["dose"]: row["value"] for row in rows if row["metric"] == "rsa"}
    assert len(set(values.values())) == 3
