"""A run of a study with several sources, whose files have all kinds of names."""

import copy
import io
import os
import stat

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from catsight import tables
from support.tiny_study import TINY, Workflow

NAMES = [
    "with space.png", "quo'te\".png", "line\nbreak.png", "猫 Möwe.png", "{name}.png", "$HOME `ls` *.png", "back\\slash.png",
    b"caf\xe9.png".decode("utf-8", "surrogateescape"),
]  # fmt: skip


def picture(seed):
    rgb = np.random.default_rng(seed).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    return file.getvalue()


def frames(workflow):
    found = {}
    for shard in "01":
        for row in tables.read(workflow.results() / "frames" / f"{shard}.parquet").to_pylist():
            found[row["frame_id"]] = row
    return found


def test_several_sources_with_names_of_all_kinds(tmp_path):
    workflow = Workflow.create(tmp_path / "study")
    odd = workflow.folder / "odd"
    odd.mkdir()
    for i, name in enumerate(NAMES):
        (odd / name).write_bytes(picture(i))
    (odd / "loop.png").symlink_to("loop.png")
    (odd / "up").symlink_to("..")
    (odd / "empty.png").touch()
    for side in ("human", "cat"):
        (workflow.folder / side).mkdir()
        (workflow.folder / side / "walk 1.png").write_bytes(picture(50 + len(side)))
    rows = [{"image": {"bytes": picture(40 + i), "path": None}} for i in range(2)]
    pq.write_table(pa.Table.from_pylist(rows), workflow.folder / "table.parquet")
    os.chmod(odd, stat.S_IRUSR | stat.S_IXUSR)
    before = sorted(os.listdir(odd))
    config = copy.deepcopy(TINY)
    config["frames"] = {
        "shards": 2,
        "sources": {
            "odd": {"source": "folder", "folder": "odd"},
            "leaves": {"source": "dead-leaves", "count": 2, "size": 32},
            "table": {"source": "parquet", "path": "table.parquet"},
            "walks": {"source": "pairs", "path": "human", "partner": "cat"},
        },
    }
    workflow.write(config)
    target = "results/tiny/frames/0.parquet"  # its job makes all tables of frames
    workflow.run("--cores", "2", target)
    first = frames(workflow)
    names = [
        name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        for name in NAMES
    ]
    assert set(first) == {
        *(f"odd/{name}" for name in names), "leaves/scene-000000", "leaves/scene-000001", "table/table.parquet#000000",
        "table/table.parquet#000001", "walks/walk 1.png",
    }  # fmt: skip
    assert first["walks/walk 1.png"]["partner"] and not first["odd/{name}.png"]["partner"]
    rejected = tables.read(workflow.results() / "frames" / "rejected.parquet").to_pylist()
    assert {row["path"]: row["reason"] for row in rejected} == {
        "odd/loop.png": "unreadable", "odd/up": "unreadable", "odd/empty.png": "empty",
    }  # fmt: skip
    assert sorted(os.listdir(odd)) == before  # nothing was written into the folder of the pictures
    listed = tables.read(workflow.results() / "frames" / "manifest.parquet").to_pylist()
    assert (
        len(listed) == len(NAMES) + 3 + 1 + 2
        and len({row["path"] for row in listed}) == len(listed) - 1
    )
    assert workflow.due(target) == set()

    # a change is noticed even if Snakemake cannot take the name
    (odd / "line\nbreak.png").write_bytes(picture(2000))
    assert workflow.due(target) == {"frames: files to read", "frames: pictures to frames"}
    (odd / "quo'te\".png").write_bytes(picture(2001))
    workflow.run("--cores", "2", target)
    second = frames(workflow)
    changed = {name for name in first if first[name] != second[name]}
    assert set(first) == set(second) and changed == {"odd/quo'te\".png", "odd/line\nbreak.png"}
