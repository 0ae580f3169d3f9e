"""Damaged tables and weights are named, never read as data, and recomputed on demand."""

import random
import shutil

import numpy as np
import pyarrow as pa
import pytest

from catsight import CatsightError, tables
from catsight.__main__ import main
from catsight.features import safe
from catsight.tables import digest
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.frames import FRAMES
from catsight.tables.columns.metrics import METRICS
from catsight.tables.columns.views import VIEWS
from catsight.tables.store import Store, address
from support.disturbed import TARGET, small
from support.tiny_extraction import pictures

ABOUT = {"stage": "test", "spec": {"a": 1.5, "b": "x"}, "versions": {"numpy": "2"}}
DRAW = np.random.default_rng(0)
LAYERS = features_schema(
    {f"blocks.{i}/{pooling}": 5 for i in range(2) for pooling in ("cls", "mean")}
)
OF_TABLES = {
    "frames": (
        FRAMES,
        [
            {**row, "group": "g", "width": 9, "height": 9, "sha256": "0" * 64, "depth": b"123"}
            for row in pictures(3)
        ],
    ),
    "views": (VIEWS, list(pictures(3))),
    "features": (
        LAYERS,
        [
            {"frame_id": f"f{i}"}
            | {name: DRAW.normal(size=5).tolist() for name in LAYERS.names[1:]}
            for i in range(6)
        ],
    ),
    "metrics": (
        METRICS,
        [
            {"encoder": "vit", "layer": f"l{i}", "value": i / 7, "n_frames": 6, "reason": None}
            for i in range(8)
        ],
    ),
}


def faults(data: bytes, draw: random.Random, count: int):
    """Damaged copies of a file: with one byte changed, truncated, extended, or of zeros."""
    index = len(data) - 8 - int.from_bytes(data[-8:-4], "little")  # the footer's first byte
    ends = [*range(8), *range(len(data) - 12, len(data))]
    for place in [
        *ends,
        *(draw.randrange(index) for _ in range(count)),
        *(draw.randrange(index, len(data)) for _ in range(count)),
    ]:
        changed = bytearray(data)
        changed[place] ^= draw.choice([0xFF, *(1 << bit for bit in range(8))])
        yield f"byte {place}", bytes(changed)
    for _ in range(count // 4):
        yield "cut", data[: draw.randrange(len(data))]
        yield "moved", data[: (place := draw.randrange(len(data)))] + b"\0" + data[place:]
    yield "empty", b""
    yield "zeros", bytes(len(data))
    yield "twice", data + data[4:]


@pytest.mark.parametrize("kind", OF_TABLES)
def test_no_damage_is_read_as_data(kind, tmp_path):
    """Each fault is reported with its file, or it changed nothing that is read (a statistic that
    no reader uses).
    """
    table_schema, rows = OF_TABLES[kind]
    path = tmp_path / f"{kind}.parquet"
    tables.write(path, rows, table_schema, ABOUT)
    whole, about, columns = tables.read(path), tables.provenance(path), tables.schema(path)
    seen = {"named": 0, "the same": 0}
    for what, data in faults(path.read_bytes(), random.Random(kind), 150):
        path.write_bytes(data)
        for ask, wanted in (
            (lambda: tables.read(path), whole),
            (lambda: tables.provenance(path), about),
            (lambda: digest._names(tables.schema(path)), digest._names(columns)),
            (
                lambda: tables.read(path, ["value" if kind == "metrics" else "frame_id"]).num_rows,
                len(rows),
            ),
            (lambda: pa.Table.from_batches(tables.batches(path, 4), columns).num_rows, len(rows)),
        ):
            try:
                found = ask()
            except CatsightError as error:
                assert path.name in str(error), what
                seen["named"] += 1
            else:
                assert found == wanted, what
                seen["the same"] += 1
    assert seen["named"] > seen["the same"] / 2 > 0


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    import torch

    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    safe.write(
        path,
        {"a": torch.arange(40.0), "b": torch.ones(3, 3), "c": torch.tensor(3)},
        {"untrained": True},
    )
    return path


def test_no_damage_is_taken_for_weights(weights, tmp_path):
    import torch

    data, about, whole = weights.read_bytes(), safe.about(weights), safe.load(weights)
    path = shutil.copy(weights, tmp_path / "w.safetensors")
    draw, named = random.Random(0), 0
    places = [*range(16), *(draw.randrange(len(data)) for _ in range(500))]
    changes = [
        data[:i] + bytes([data[i] ^ draw.choice([0xFF, 1, 8, 32, 128])]) + data[i + 1 :]
        for i in places
    ]
    for changed in [
        *changes,
        *(data[: draw.randrange(len(data))] for _ in range(50)),
        b"",
        data + b"\0" * 9,
    ]:
        path.write_bytes(changed)
        try:
            assert safe.about(path) == about
        except CatsightError as error:
            assert "w.safetensors" in str(error)
        if safe.sound(path):  # as extraction asks before it loads them
            found = safe.load(path)
            assert all(torch.equal(found[name], whole[name]) for name in whole) and len(
                found
            ) == len(whole)
        else:
            named += 1
    assert named > 500


# -- catsight check --------------------------------------------------------------------------------


def flip(path, place=0.5):
    data = bytearray(path.resolve().read_bytes())
    data[int(place * len(data))] ^= 0xFF
    path.resolve().write_bytes(data)


@pytest.fixture
def results(tmp_path):
    """Two studies that share a table, and a table in the store that no study refers to."""
    store = Store(tmp_path / "results" / "store")
    for name, studies in {"shared": ("one", "two"), "alone": ("one",), "left": ("one",)}.items():
        for study in studies:
            output = tmp_path / "results" / study / "features" / f"{name}.parquet"
            store.save(address({"name": name}, {}), output, *OF_TABLES["features"], {})
    (tmp_path / "results" / "one" / "features" / "left.parquet").unlink()
    tables.write(
        tmp_path / "results" / "one" / "metrics.parquet", OF_TABLES["metrics"][1], METRICS, {}
    )
    return tmp_path / "results"


def test_check_says_what_is_whole(results, capsys):
    assert main(["check", str(results)]) == 0
    assert "all 4 tables and weights are as they were written" in capsys.readouterr().out
    assert main(["check", str(results / "two")]) == 0
    assert "all 1 tables" in capsys.readouterr().out
    assert main(["check", str(results / "three")]) == 1


def test_check_names_what_is_damaged_and_removes_only_that(results, capsys):
    shared, merged = (
        results / "two" / "features" / "shared.parquet",
        results / "one" / "metrics.parquet",
    )
    flip(shared, 0.1)  # among the values
    flip(merged, 0.9)
    assert main(["check", str(results)]) == 1
    said = capsys.readouterr().err
    assert "2 of 4 tables and weights are damaged" in said and "--redo" in said
    assert (
        "one/features/shared.parquet" in said
        and "two/features/shared.parquet" in said
        and str(merged) in said
    )
    assert shared.exists() and merged.exists()
    assert main(["check", str(results), "--redo"]) == 1
    assert "removed" in capsys.readouterr().err
    assert shared.is_symlink() and not shared.exists() and not merged.exists()
    assert tables.read(results / "one" / "features" / "alone.parquet").num_rows == 6
    assert main(["check", str(results)]) == 1  # until the next run
    assert "is missing" in capsys.readouterr().err


def test_check_reads_values_and_addresses(results, capsys):
    """A page's checksum does not notice an intact table in the place of another."""
    store = results / "store"
    one, two = (
        next(store.glob(f"??/{address({'name': name}, {})}*")) for name in ("alone", "shared")
    )
    shutil.copy(one, two)
    assert main(["check", str(results)]) == 1
    assert (
        f"{two.name} holds another entry of the store than its name says" in capsys.readouterr().err
    )


def test_only_what_was_damaged_is_recomputed(tmp_path):
    """A view whose features all exist, and the weights: no later job needs them, but they are
    recomputed.
    """
    workflow = small(tmp_path / "study")
    workflow.run("--cores", "2", TARGET)
    before = workflow.contents()
    view, weights = (
        workflow.results() / path for path in ("views/cat/0.parquet", "weights/vit.safetensors")
    )
    flip(view)
    flip(weights)
    with pytest.raises(
        CatsightError, match=r"cat/0\.parquet cannot be read as a table .*`catsight check --redo`"
    ):
        tables.read(view)
    stored = {
        path: path.stat().st_mtime_ns
        for path in (workflow.folder / "results" / "store").rglob("*")
        if path.is_file()
    }
    assert main(["check", str(workflow.results()), "--redo"]) == 1
    jobs = workflow.due("--until", "views", "weights")
    assert jobs == {"views: shard 0 as cat", "features: weights of vit"}
    # the figures are not tested here
    workflow.run(
        "--cores",
        "2",
        TARGET,
        str(view.relative_to(workflow.folder)),
        str(weights.relative_to(workflow.folder)),
    )
    assert workflow.contents() == before and main(["check", str(workflow.results())]) == 0
    assert set(workflow.store_says("features").values()) == {"hit"}
    again = {path for path, time in stored.items() if path.stat().st_mtime_ns != time}
    assert again == {view.resolve(), weights.resolve()}


def test_results_without_their_store_are_made_again(tmp_path):
    """Moved alone, all their tables are links to nothing, also one that is asked for by name."""
    there = small(tmp_path / "there")
    there.run("--cores", "2", TARGET)
    before, here = there.contents(), there.copy(tmp_path / "here")
    shutil.rmtree(here.folder / "results" / "store")
    link, target = here.results() / "metrics" / "vit.parquet", "results/tiny/metrics/vit.parquet"
    assert link.is_symlink() and not link.exists()
    assert "metrics: vit" in here.due(target)
    assert link.is_symlink()  # a dry run forgets nothing
    here.run("--cores", "2", target)
    assert tables.measure_content(link) == before["metrics/vit.parquet"]
    # what this table did not need is still known to be missing: a whole run makes it again
    stability = here.results() / "metrics" / "stability" / "vit.parquet"
    assert not stability.exists() and "metrics: stability of vit" in here.due("all")


def test_a_run_names_what_is_damaged(tmp_path):
    """Damage that a job finds: one line with the table's name, in the output of the run."""
    workflow = small(tmp_path / "study")
    workflow.run("--cores", "2", "results/tiny/frames/rejected.parquet")
    flip(workflow.results() / "frames" / "0.parquet", 0.2)  # among the pictures
    output = workflow.run("--cores", "2", "results/tiny/views/cat/0.parquet", code=1)
    assert "frames/0.parquet cannot be read as a table" in output and "Traceback" not in output
