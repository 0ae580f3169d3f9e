"""The command ``catsight features``: what is computed anew, and what its tables and weights record."""

import copy
import hashlib
import json
from contextlib import suppress

import numpy as np
import pytest
import torch

from catsight import tables
from catsight.__main__ import main
from catsight.features import safe
from catsight.inputs.pictures import encode_png
from catsight.run import job
from catsight.tables.columns.views import VIEWS
from catsight.tables.store import address

SPEC = {
    "encoder": {
        "factory": "support.hand_made_nets:Pixels", "layers": "pixels",
        "preprocessing": {"size": 8, "crop": 1.0, "mean": [0, 0, 0], "std": [1, 1, 1]},
    },
    "pooling": ["mean"], "map_size": 2, "precision": "fp32", "device": "cpu", "batch": 2, "channels_last": False,
    "code": "0", "versions": {"timm": "1"},
}  # fmt: skip
OF_WEIGHTS = {"factory": "support.hand_made_nets:Pixels", "code": "0", "versions": {"timm": "1"}}


def write_view(path, values):
    """A table of plain pictures, whose features are their values of 255."""
    rows = [
        {"frame_id": f"f{i}", "image": {"bytes": encode_png(np.full((9, 9, 3), value, np.uint8))}}
        for i, value in enumerate(values)
    ]
    tables.write(path, rows, VIEWS, {})


@pytest.fixture
def folder(tmp_path, capfd):
    """Two views, their weights, and a function that extracts features and says what it did."""
    write_view(tmp_path / "human.parquet", [51, 102, 153])
    write_view(tmp_path / "cat.parquet", [0, 255])
    safe.write(tmp_path / "net.safetensors", {"scale": torch.ones(1)}, {"stage": "weights"})

    def extract(spec=SPEC, views=("human",), outputs=None, code=0):
        outputs = [tmp_path / "out" / f"{one}.parquet" for one in outputs or views]
        arguments = ["features", "extract", "--spec", json.dumps(spec), "--threads", "1"]
        arguments += ["--store", str(tmp_path / "store")]
        arguments += ["--weights", str(tmp_path / "net.safetensors")]
        arguments += ["--views", *(str(tmp_path / f"{view}.parquet") for view in views)]
        assert main([*arguments, "--output", *map(str, outputs)]) == code
        said = [line.split() for line in capfd.readouterr().err.splitlines()]
        return [(words[1], words[2].split("/")[-1]) for words in said if words[0] == "store:"]

    return tmp_path, extract


def features(path):
    return [round(row["pixels/mean"][0], 4) for row in tables.read(path).to_pylist()]


def test_features_and_where_they_came_from(folder):
    path, extract = folder
    assert extract() == [("computed", "human.parquet")]
    output = path / "out" / "human.parquet"
    assert features(output) == [0.2, 0.4, 0.6]
    about = tables.provenance(output)
    weights = safe.about(path / "net.safetensors")
    inputs = {"view": tables.content(path / "human.parquet"), "weights": weights["content"]}
    steps = {"crop_mode": "center", "interpolation": "bicubic", **SPEC["encoder"]["preprocessing"]}
    assert about == {
        "stage": "features", "spec": SPEC, "weights": weights, "inputs": inputs, "address": address(SPEC, inputs),
        "layers": ["pixels"], "preprocessing": steps, "device": "cpu", "threads": 1, "precision": "fp32",
        "rows": 3, "content": tables.measure_content(output),
    }  # fmt: skip
    assert (
        output.resolve()
        == (path / "store" / about["address"][:2] / f"{about['address']}.parquet").resolve()
    )
    assert extract() == [("hit", "human.parquet")]


def changed(*keys, value):
    spec = copy.deepcopy(SPEC)
    inner = spec
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    return spec


@pytest.mark.parametrize(
    "spec",
    [
        changed("pooling", value=["map"]), changed("map_size", value=3), changed("precision", value="bf16"),
        changed("device", value="auto"), changed("batch", value=3), changed("channels_last", value=True),
        changed("code", value="1"), changed("versions", "timm", value="2"), changed("encoder", "layers", value=["pixels"]),
        changed("encoder", "preprocessing", "size", value=6), changed("encoder", "preprocessing", "mean", value=[1, 0, 0]),
    ],
)  # fmt: skip
def test_any_other_spec_computes_anew(folder, spec):
    _, extract = folder
    extract()
    assert extract(spec) == [("computed", "human.parquet")]
    assert extract() == [("hit", "human.parquet")]


def test_other_weights_compute_anew_with_the_same_spec(folder):
    """The same file written again, with another history, does not."""
    path, extract = folder
    extract()
    safe.write(path / "net.safetensors", {"scale": torch.full((1,), 2.0)}, {"stage": "weights"})
    assert extract() == [("computed", "human.parquet")]
    assert features(path / "out" / "human.parquet") == [0.4, 0.8, 1.2]
    safe.write(path / "net.safetensors", {"scale": torch.ones(1)}, {"stage": "elsewhere"})
    assert extract() == [("hit", "human.parquet")]
    assert features(path / "out" / "human.parquet") == [0.2, 0.4, 0.6]


def test_another_view_computes_anew_and_a_view_of_the_same_pictures_does_not(folder):
    path, extract = folder
    write_view(path / "same.parquet", [51, 102, 153])
    assert extract(views=["human", "cat", "same"]) == [
        ("computed", "human.parquet"), ("computed", "cat.parquet"), ("hit", "same.parquet"),
    ]  # fmt: skip
    assert features(path / "out" / "same.parquet") == features(path / "out" / "human.parquet")
    assert features(path / "out" / "cat.parquet") == [0, 1]
    write_view(path / "human.parquet", [51, 102, 154])
    assert extract(views=["human", "cat"]) == [
        ("hit", "cat.parquet"),
        ("computed", "human.parquet"),
    ]


def test_each_view_has_its_output(folder, capfd):
    path, extract = folder
    extract(views=["human", "cat"], outputs=["a", "b"])
    assert features(path / "out" / "a.parquet") == [0.2, 0.4, 0.6]
    assert features(path / "out" / "b.parquet") == [0, 1]
    with pytest.raises(SystemExit):
        extract(views=["human", "cat"], outputs=["a"])
    assert "error: 2 views, but 1 outputs" in capfd.readouterr().err


def test_progress_counts_the_frames_that_are_computed(folder, capfd):
    path, extract = folder
    extract(views=["cat"])
    arguments = ["features", "extract", "--spec", json.dumps(SPEC), "--threads", "1"]
    arguments += ["--store", str(path / "store"), "--weights", str(path / "net.safetensors")]
    arguments += ["--views", str(path / "cat.parquet"), str(path / "human.parquet")]
    main(
        [*arguments, "--output", str(path / "out" / "cat.parquet"), str(path / "out" / "h.parquet")]
    )
    (line,) = [one for one in capfd.readouterr().err.splitlines() if "frames in" in one]
    assert line.startswith("features net: 3/3 frames in ")


def test_a_frame_that_is_not_finite_leaves_no_table(folder, capfd):
    path, extract = folder
    safe.write(path / "net.safetensors", {"scale": torch.full((1,), torch.inf)}, {})
    write_view(path / "human.parquet", [51, 0])  # 0 times infinity is no number
    assert extract(code=1) == []
    assert not list(path.rglob("*.part")) and not (path / "out").exists()


# -- weights ---------------------------------------------------------------------------------------


@pytest.fixture
def bring(tmp_path, capfd, monkeypatch):
    """A function that brings weights and says whether they were computed, and its folder."""
    monkeypatch.chdir(tmp_path)

    def weights(source, *more, code=0, **of):
        spec = {**OF_WEIGHTS, "weights": source, **of}
        arguments = ["--spec", json.dumps(spec), "--store", "store", "--output", "w.safetensors"]
        assert main(["features", "weights", *arguments, *more]) == code
        said = capfd.readouterr().err.split()
        return said[1] if code == 0 else " ".join(said)

    return tmp_path, weights


def save(path, value):
    from safetensors.torch import save_file

    save_file({"scale": torch.full((1,), float(value))}, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_another_file_of_weights_under_the_same_name_is_brought_anew(bring):
    folder, weights = bring
    source = {"source": "file", "path": "mine.safetensors"}
    digests = [save(folder / "mine.safetensors", 1)]
    assert weights(source) == "computed" and weights(source) == "hit"
    digests.append(save(folder / "mine.safetensors", 2))
    assert weights(source) == "computed"
    spec = {**OF_WEIGHTS, "weights": source}
    about = safe.about(folder / "w.safetensors")
    assert about == {
        "stage": "weights", "spec": spec, "inputs": {"file": digests[1]}, "sha256": digests[1], "untrained": False,
        "address": address(spec, {"file": digests[1]}), "content": about["content"],
    }  # fmt: skip
    assert safe.load(folder / "w.safetensors")["scale"].tolist() == [2]
    save(folder / "mine.safetensors", 1)
    assert weights(source) == "hit"
    assert safe.load(folder / "w.safetensors")["scale"].tolist() == [1]
    stored = folder / "store" / about["address"][:2] / f"{about['address']}.safetensors"
    assert stored.is_file() and (folder / "w.safetensors").is_symlink()


def test_another_file_in_a_package_is_brought_anew(bring, monkeypatch):
    """The package is not imported: that might need what is not installed."""
    folder, weights = bring
    (folder / "packed" / "data").mkdir(parents=True)
    (folder / "packed" / "__init__.py").write_text("raise ImportError\n")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setitem(
        __import__("catsight.features.weights", fromlist=["CONVERTERS"]).CONVERTERS,
        "doubled",
        lambda path: {"scale": 2 * safe.load(path)["scale"]},
    )
    source = {"source": "package", "package": "packed", "path": "data/w.safetensors", "convert": "doubled"}  # fmt: skip
    for value in (3, 4):
        digest = save(folder / "packed" / "data" / "w.safetensors", value)
        assert weights(source) == "computed" and weights(source) == "hit"
        about = safe.about(folder / "w.safetensors")
        assert about["inputs"] == {"file": digest} and about["untrained"] is False
        assert safe.load(folder / "w.safetensors")["scale"].tolist() == [2 * value]
    assert weights({**source, "sha256": digest}) == "computed"
    said = weights({**source, "sha256": "0" * 64}, code=1)
    assert said == (
        f"catsight features: error: {folder}/packed/data/w.safetensors is not the expected file: its SHA-256 is {digest}, "
        f"but the encoder's weights.sha256 is {'0' * 64}; get the right file, or correct the entry"
    )  # fmt: skip
    said = weights({**source, "package": "unpacked"}, code=1)
    assert said == (
        "catsight features: error: the package unpacked is not installed; run `make setup`, or pip "
        "install 'catsight[offline]'"
    )


def test_random_weights_state_their_seed_and_no_file(bring):
    folder, weights = bring
    source = {"source": "random", "seed": 3}
    # a file given by hand is the hub's
    assert weights(source, "--file", "none") == "computed" and weights(source) == "hit"
    about = safe.about(folder / "w.safetensors")
    spec = {**OF_WEIGHTS, "weights": source}
    assert about == {
        "stage": "weights", "spec": spec, "inputs": {}, "sha256": None, "untrained": True,
        "address": address(spec, {}), "content": about["content"],
    }  # fmt: skip
    assert weights({"source": "random", "seed": 4}) == "computed"
    assert weights(source, code=0, versions={"timm": "2"}) == "computed"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([], ["weights writes an encoder's weights to one safetensors file",
              "extract extracts an encoder's features of one shard of several views"]),
        (["weights"], [
            "Writes an encoder's weights, from a package, the model hub, a file or a seed, to one safetensors file.",
            "--output OUTPUT the safetensors file to write",
            "--file [FILE] the hub's model.safetensors, if it was downloaded by hand",
        ]),
        (["extract"], [
            "Extracts an encoder's features of one shard of several views, loading the encoder once.",
            "--weights WEIGHTS the output of `catsight features weights`",
            "--views VIEWS [VIEWS ...] tables of views",
            "--output OUTPUT [OUTPUT ...] tables of features, in that order",
            f"--threads THREADS threads of the forward pass (default: {job.cores()}, the cores of this "
            "machine)",
        ]),
    ],
)  # fmt: skip
def test_help_says_what_a_command_takes(capsys, command, words):
    with suppress(SystemExit):
        main(["features", *command, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(f"usage: catsight {' '.join(['features', *command])} ")
    for one in words:
        assert f"{one} " in f"{said} "


@pytest.mark.parametrize(
    ("command", "option"),
    [("weights", "--output"), ("extract", "--weights"), ("extract", "--views"), ("extract", "--output")],
)  # fmt: skip
def test_an_option_that_is_missing_is_named(capsys, command, option):
    given = {"--spec": "{}", "--output": "o", "--weights": "w", "--views": "v"}
    if command == "weights":
        given = {"--spec": "{}", "--output": "o"}
    del given[option]
    with pytest.raises(SystemExit):
        main(["features", command, *(word for pair in given.items() for word in pair)])
    said = capsys.readouterr().err
    assert f"the following arguments are required: {option}" in said
