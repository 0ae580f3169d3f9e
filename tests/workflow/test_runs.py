"""Whole runs: killed, two at once, with more shards or cores, without a network."""

import collections
import copy
import os
import re
import signal
import time

import numpy as np
import pytest

from catsight import tables
from catsight.features import safe
from catsight.features.drawn import random_state
from support.plan import plan
from support.tiny_study import TINY, Workflow

#: How much values may differ between runs with other shards, batches or threads: batches of another
#: size are multiplied in another order, so float32 features differ in their last bits (measured:
#: below 2e-6 of a layer's largest feature).
VALUES = 1e-4


def test_a_run_ends_in_a_report(finished):
    results = finished.results()
    html = (results / "report.html").read_text()
    assert "untrained" in html and "broken.jpg" in html
    figures = (
        "summary",
        "gallery",
        "eyes",
        "profiles",
        "ranking",
        "changes",
        "maps",
        "rdms",
        "retrieval",
        "stability",
    )
    for figure in figures:
        assert (results / "figures" / f"{figure}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (results / "figures" / f"{figure}.svg").read_text()
    rejected = tables.read(results / "frames" / "rejected.parquet").to_pylist()
    assert [os.path.basename(row["path"]) for row in rejected] == ["broken.jpg"]
    metrics = tables.read(results / "metrics.parquet").to_pandas()
    assert set(metrics["encoder"]) == {"vit", "cnn"} and set(metrics["view"]) == {"cat", "original"}
    assert (
        metrics["value"].notna().all()
        and (metrics["n_frames"] == 6).all()
        and (metrics["n_groups"] == 6).all()
    )
    stability = tables.read(results / "stability.parquet").to_pandas()
    assert set(stability["kind"]) == {"size", "split_half"} and set(stability["encoder"]) == {
        "vit",
        "cnn",
    }
    maps = tables.read(results / "maps.parquet").to_pandas()
    assert set(zip(maps["encoder"], maps["other_encoder"])) >= {
        ("vit", "vit"),
        ("cnn", "vit"),
        ("cnn", "cnn"),
    }
    assert set(zip(maps["view"], maps["other_view"])) == {
        ("human", v) for v in ("human", "cat", "original")
    }
    pairs = tables.read(results / "pairs.parquet").to_pandas()
    assert set(pairs["view"]) == {"cat", "original"} and pairs["frame_id"].nunique() == 6
    assert (results / "tables" / "metrics.tex").read_text().startswith("% tiny")
    assert len((results / "tables" / "metrics.csv").read_text().splitlines()) == 1 + len(metrics)
    # both shards together hold all pictures
    frames = [tables.read(results / "frames" / f"{shard}.parquet") for shard in "01"]
    assert sum(table.num_rows for table in frames) == 6
    assert not list((finished.folder / "results").rglob("*.part"))


def test_logs_are_quiet(finished):
    for log in (finished.results() / "logs").rglob("*.log"):
        text = log.read_text()
        assert "\r" not in text and len(text.splitlines()) < 20, log


def values(workflow):
    table = tables.read(workflow.results() / "metrics.parquet").to_pandas()
    keys = ["encoder", "layer", "pooling", "view", "metric"]
    return table.set_index(keys).sort_index()[["value", "ci_low", "ci_high"]]


@pytest.mark.slow
@pytest.mark.parametrize(("shards", "cores"), [(1, "1"), (5, "2")])
def test_shards_and_cores_do_not_change_values(finished, tmp_path, shards, cores):
    workflow = Workflow.create(tmp_path / "study")
    config = copy.deepcopy(TINY)
    config["frames"]["shards"] = shards
    del config["encoders"]["cnn"]
    workflow.write(config)
    workflow.run("--cores", cores, "results/tiny/metrics.parquet")
    wanted, found = values(finished).loc[["vit"]], values(workflow)
    assert list(wanted.index) == list(found.index)
    np.testing.assert_allclose(found["value"], wanted["value"], atol=VALUES)
    # bounds of intervals differ more: they depend on differences between replicates
    np.testing.assert_allclose(found, wanted, atol=20 * VALUES)


def wait_for(condition, process, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the run ended first"
        assert time.monotonic() < end, f"still waiting after {seconds} s"
        time.sleep(0.02)


def group_members(group):
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.getpgid(int(entry)) == group:
                found.append(int(entry))
        except ProcessLookupError:
            pass
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment",
    [
        "views/cat/*.parquet",  # while views are made
        "features/vit/*/0.parquet",  # during extraction
        "metrics/*.parquet",  # during metrics and figures
    ],
)
def test_killed_and_run_again_gives_the_same_tables(finished, tmp_path, moment):
    workflow = Workflow.create(tmp_path / "study")
    process = workflow.start("--cores", "2")
    wait_for(lambda: list(workflow.results().glob(moment)), process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    while group_members(process.pid):  # the whole tree, jobs too
        time.sleep(0.05)
    assert os.listdir(workflow.folder / ".snakemake" / "locks"), (
        "the run had ended before it was killed"
    )
    workflow.run("--cores", "2")
    assert workflow.contents() == finished.contents()
    assert not list((workflow.folder / "results").rglob("*.part"))
    assert workflow.due() == set()


SPY = """
import os, socket
def refuse(self, address, *rest):
    if self.family != socket.AF_UNIX:
        with open(os.environ["CATSIGHT_SPY"], "a") as file:
            file.write(repr(address) + "\\n")
        raise OSError(f"no network here: {address}")
socket.socket.connect = refuse
socket.socket.connect_ex = refuse
_look_up = socket.getaddrinfo
def getaddrinfo(host, *rest, **more):
    with open(os.environ["CATSIGHT_SPY"], "a") as file:
        file.write(repr(host) + "\\n")
    raise socket.gaierror(f"no network here: {host}")
socket.getaddrinfo = getaddrinfo
"""


def test_no_network_is_touched(tmp_path):
    workflow = Workflow.create(tmp_path / "study")
    spy = tmp_path / "spy"
    spy.mkdir()
    (spy / "sitecustomize.py").write_text(SPY)
    workflow.environment |= {"PYTHONPATH": str(spy), "CATSIGHT_SPY": str(tmp_path / "calls")}
    config = copy.deepcopy(TINY)
    del config["encoders"]["cnn"]
    config["encoders"]["efficientnet_lite0"] = None  # its trained weights are in a package
    config["frames"]["shards"] = 1
    workflow.write(config)
    workflow.run("--cores", "2")
    assert not (tmp_path / "calls").exists(), (tmp_path / "calls").read_text()


def test_without_the_hub_one_line_says_where_to_put_the_file(tmp_path):
    from safetensors.torch import save_file

    workflow = Workflow.create(tmp_path / "study")
    workflow.environment |= {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "hub")}
    config = copy.deepcopy(TINY)
    trained = {"timm": "test_vit.r160_in1k", "training": "supervised", "weights": {"source": "hub"}}
    config["encoders"] = {"vit": config["encoders"]["vit"] | trained}
    workflow.write(config)
    weights = "results/tiny/weights/vit.safetensors"
    output = workflow.run("--cores", "2", weights, code=1)
    lines = (workflow.results() / "logs" / "weights" / "vit.log").read_text().splitlines()
    errors = [line for line in lines if "error:" in line]
    assert len(errors) == 1 and "the model hub cannot be reached" in errors[0]
    assert "results/weights/" in errors[0]
    assert "Traceback" not in output and errors[0] in output

    brought = workflow.folder / "results" / "weights" / "vit.safetensors"
    brought.parent.mkdir()
    save_file(random_state({"timm": "test_vit"}, 5), brought)
    workflow.run("--cores", "2", weights)
    first = safe.about(workflow.folder / weights)
    assert first["untrained"] is False and "Nothing to be done" in workflow.run("-n", weights)
    # a different file in its place is noticed
    save_file(random_state({"timm": "test_vit"}, 6), brought)
    workflow.run("--cores", "2", weights)
    assert safe.about(workflow.folder / weights)["content"] != first["content"]


def test_an_empty_folder_is_one_clear_message(study):
    for path in (study.folder / "photos").rglob("*.png"):
        path.unlink()
    output = study.run(code=1)
    errors = re.findall(r"^catsight frames: error: .+$", output, re.M)
    assert len(errors) == 1 and "photos" in errors[0] and "(1 truncated)" in errors[0]


def test_commands_do_not_grow_with_the_number_of_shards(tmp_path):
    """Linux limits an argument to 128 KiB, and a whole command is one argument to the shell."""
    workflow, lengths = Workflow.create(tmp_path / "study"), {}
    config = copy.deepcopy(TINY)
    config["views"]["blur"] = {"filter": "blur", "match": "cat"}
    config["attribution"] = {"view": "cat", "parts": ["acuity", "colour"]}
    config["sweeps"] = {"view": "cat", "luminance": [1, 100]}
    for shards in (2, 100):
        config["frames"]["shards"] = shards
        workflow.write(config)
        lengths[shards] = collections.defaultdict(int)
        for job in plan(workflow).values():
            lengths[shards][job.rule] = max(lengths[shards][job.rule], len(job.shell))
    assert {"metrics", "attribution", "doses", "gallery", "report"} <= set(lengths[2])
    assert max(lengths[100].values()) < 100_000
    # the number of shards has more digits, and so has the number of a shard
    assert all(lengths[100][name] <= length + 200 for name, length in lengths[2].items())
