"""Weights out of training checkpoints: what is read, what is refused, and what is printed."""

import argparse
import collections
import gzip
import io
import json
import os
import pathlib
import pickle
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from catsight import CatsightError
from catsight.__main__ import main
from catsight.features import checkpoint, safe
from catsight.features.drawn import random_state
from catsight.inputs.checkpoints import conversion, pickled

STUDY = """
study: mine
encoders:
  tiny: {timm: test_vit, args: {num_classes: 0}}
  headed: {timm: test_vit, args: {num_classes: 5}}
  larger: {timm: test_vit, args: {num_classes: 0, img_size: 192}}
  tied: {factory: "ties_here:Tied"}
  nothing: {label: x}
  resnet18:
"""


@pytest.fixture(scope="module")
def state():
    return {
        name: tensor.clone()
        for name, tensor in random_state(
            {"timm": "test_vit", "args": {"num_classes": 0}}, 3
        ).items()
    }


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(STUDY)
    return tmp_path


def prefixed(state, prefix):
    return {prefix + name: tensor for name, tensor in state.items()}


def convert(*more, source="c.pth", encoder="tiny"):
    return main(["features", "convert", source, "-o", "w.safetensors", "--encoder", encoder, *more])


def same(state, path="w.safetensors"):
    loaded = safe.load(path)
    return set(loaded) == set(state) and all(torch.equal(loaded[n], state[n]) for n in state)


# -- what is read ----------------------------------------------------------------------------------


def training(state):
    """What training codes keep beside the weights: all inert."""
    optimizer = {
        "state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.ones(2)}},
        "param_groups": [{"lr": 0.1}],
    }
    return {
        "model": collections.OrderedDict(state), "optimizer": optimizer, "epoch": 3, "best": np.float64(0.3),
        "args": argparse.Namespace(lr=0.1, out=pathlib.PurePosixPath("out")), "rng": np.arange(3, dtype=np.uint32),
        "scheduler": collections.defaultdict(list), "step": torch.tensor(3),
    }  # fmt: skip


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize(
    ("make", "options"),
    [
        (lambda s: s, []),
        (training, []),
        (training, ["--key", "model"]),
        (lambda s: {"state_dict": prefixed(s, "module.")}, ["--strip", "module."]),
        (lambda s: {"state_dict": prefixed(s, "module.")}, ["--strip", "module"]),
        (lambda s: prefixed(s, "_orig_mod.module."), ["--strip", "_orig_mod.", "--strip", "module."]),
        (lambda s: {"student": s, "teacher": prefixed(s, "module.backbone.")},
         ["--key", "teacher", "--strip", "module.backbone."]),
        (lambda s: {"teacher": {"backbone": s}, "epoch": 1}, ["--key", "teacher"]),
        (lambda s: {"teacher": {"backbone": s, "head": {"w": torch.ones(1)}}}, ["--key", "teacher.backbone"]),
        (lambda s: {**prefixed(s, "backbone."), "head.mlp.0.weight": torch.ones(2), "head.last": torch.ones(2)},
         ["--strip", "backbone.", "--drop", "head.*"]),
        (lambda s: {"model_ema": {**s, "n_averaged": torch.tensor(3)}}, ["--drop", "n_averaged"]),
        (lambda s: {n: torch.nn.Parameter(t) for n, t in s.items()}, []),
        (lambda s: {**s, "notes": "x"}, []),
    ],
)  # fmt: skip
def test_the_weights_of_checkpoints(here, state, capsys, new, make, options):
    torch.save(make(state), "c.pth", _use_new_zipfile_serialization=new)
    assert convert(*options) == 0
    assert same(state)
    said = capsys.readouterr().out
    assert f"matched: {len(state)} of the network's {len(state)} tensors" in said
    assert "in the study: weights: {source: file, path: w.safetensors}" in said
    about = safe.about("w.safetensors")
    assert about["encoder"] == "tiny" and safe.sound("w.safetensors")


def test_the_file_is_one_that_a_study_takes(here, state):
    torch.save(state, "c.pth")
    assert convert() == 0
    weights = {"source": "file", "path": "w.safetensors"}
    spec = {
        "timm": "test_vit",
        "args": {"num_classes": 0},
        "weights": weights,
        "code": "0",
        "versions": {},
    }
    arguments = ["--spec", json.dumps(spec), "--store", "store", "--output", "stored.safetensors"]
    assert main(["features", "weights", *arguments]) == 0
    assert same(state, "stored.safetensors")


def test_safetensors_and_shards_with_an_index(here, state):
    save_file(prefixed(state, "module."), "c.safetensors")
    assert convert("--strip", "module.", source="c.safetensors") == 0
    assert same(state)
    os.unlink("w.safetensors")
    names = sorted(state)
    parts = {"a.safetensors": names[:5], "b.safetensors": names[5:]}
    for file, part in parts.items():
        save_file({name: state[name] for name in part}, file)
    weight_map = {name: file for file, part in parts.items() for name in part}
    index = here / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    assert convert(source=index.name) == 0
    assert same(state)
    index.write_text(json.dumps({"weight_map": {**weight_map, "more": "a.safetensors"}}))
    with pytest.raises(CatsightError, match=r"the files of .*index\.json lack more$"):
        checkpoint.states(index)
    index.write_text("[]")
    with pytest.raises(CatsightError, match="is no index of weights"):
        checkpoint.states(index)


def test_16_bits_and_ties_are_kept(here, state):
    halves = {name: tensor.half() for name, tensor in state.items()}
    torch.save(halves, "c.pth")
    assert convert() == 0
    assert same(halves)
    (here / "ties_here.py").write_text(
        "from torch import nn\n\nclass Tied(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.a, self.b = nn.Linear(2, 2), nn.Linear(2, 2)\n        self.b.weight = self.a.weight\n"
    )
    tied = {"a.weight": torch.ones(2, 2), "a.bias": torch.ones(2), "b.bias": torch.zeros(2)}
    torch.save(tied, "c.pth")
    assert convert(encoder="tied") == 0
    assert same({**tied, "b.weight": torch.ones(2, 2)})


def test_a_large_checkpoint_stays_on_the_disk_until_it_is_used(here, state, monkeypatch):
    used = []
    load = torch.load
    monkeypatch.setattr(torch, "load", lambda *a, **more: used.append(more) or load(*a, **more))
    for new in (True, False):
        torch.save(state, "c.pth", _use_new_zipfile_serialization=new)
        checkpoint.states(here / "c.pth")
    assert [one["mmap"] for one in used] == [True, False]
    assert all(one["weights_only"] is True for one in used)


# -- what is refused -------------------------------------------------------------------------------


def refused(capsys, *more, **of):
    """The message of a conversion that fails. Nothing is written."""
    assert convert(*more, **of) == 1
    assert not [name for name in os.listdir() if name.startswith("w.")]
    error = capsys.readouterr().err.strip()
    assert "\n" not in error and error.startswith("catsight features: error: ")
    return error.removeprefix("catsight features: error: ")


class Code:
    """Makes a file when it is unpickled."""

    def __reduce__(self):
        return pathlib.Path.touch, (pathlib.Path("CODE_RAN").absolute(),)


class Model(torch.nn.Linear):
    pass


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize(
    "content", [lambda s: Code(), lambda s: {"model": s, "x": Code()}, lambda s: Model(1, 1)]
)
def test_a_checkpoint_with_code_is_refused_and_its_code_does_not_run(state, capsys, new, content):
    torch.save(content(state), "c.pth", _use_new_zipfile_serialization=new)
    said = refused(capsys)
    assert (
        said.startswith("c.pth holds objects of ") and "would run code, so it is not read" in said
    )
    assert not os.path.exists("CODE_RAN")


def test_other_files_are_named(here, state, capsys):
    torch.save(state, "whole.pth")
    with zipfile.ZipFile("program.pt", "w") as archive:  # as torch.jit.save writes it
        for name in ("data.pkl", "constants.pkl", "code/__torch__.py", "version"):
            archive.writestr(f"program/{name}", "x")
    np.savez("a.npz", x=np.ones(1))
    with zipfile.ZipFile("other.zip", "w") as archive:
        archive.writestr("readme.txt", "x")
    contents = {
        b"version https://git-lfs.github.com/spec/v1\noid": "is a pointer of Git LFS, not the file: type `git lfs pull`",
        b"<!DOCTYPE html><html>": "is a web page: the download failed",
        b"\x89HDF\r\n": "is an HDF5 file (Keras)",
        b"GGUF\3": "is a GGUF file",
        gzip.compress(b"x"): "is compressed: unpack it first",
        b"": "is empty: the download failed",
        b"weights": "is neither a checkpoint of torch's nor a safetensors file",
        (here / "program.pt").read_bytes(): "is a TorchScript program, which holds code",
        (here / "a.npz").read_bytes(): "is an archive of NumPy's",
        (here / "other.zip").read_bytes(): "is a zip archive, but not a checkpoint",
        (here / "whole.pth").read_bytes()[:-200]: "is damaged or cut short",
        (here / "whole.pth").read_bytes()[:200]: "is damaged or cut short",
    }
    for data, said in contents.items():
        (here / "c.pth").write_bytes(data)
        assert refused(capsys).startswith(f"c.pth {said}"), said
    os.unlink("c.pth")
    assert refused(capsys) == "c.pth cannot be read: No such file or directory"
    os.mkdir("c.pth")
    assert refused(capsys) == "c.pth cannot be read: Is a directory"


@pytest.mark.parametrize("cut", [10, 100, 1000, -1, -1000])
def test_a_cut_checkpoint_of_the_older_format_is_named(here, state, capsys, cut):
    torch.save(state, "c.pth", _use_new_zipfile_serialization=False)
    (here / "c.pth").write_bytes((here / "c.pth").read_bytes()[:cut])
    assert refused(capsys).startswith("c.pth is damaged or cut short")


@pytest.mark.parametrize("part", [b"PK\x05\x06", b"PK\x01\x02", b"PK\x06\x06", b"PK\x06\x07"])
def test_a_damaged_index_of_an_archive_is_named(here, state, capsys, part):
    """Each of its bytes in turn: names that are no text, places that are elsewhere, other disks."""
    torch.save(state, here / "w.pth")
    data = (here / "w.pth").read_bytes()
    at = data.index(part)
    for place in range(at, min(at + 60, len(data))):
        (here / "w.pth").write_bytes(data[:place] + b"\xff" + data[place + 1 :])
        with suppress(CatsightError):
            checkpoint.states(here / "w.pth")


def test_no_more_of_a_checkpoint_is_asked_for_than_there_is(here, state):
    path = here / "w.pth"
    path.write_bytes(bytes(3 << 20))
    with checkpoint._Bounded(io.FileIO(path)) as file:
        file.seek(1 << 20)
        assert len(file.read(1 << 50)) == 2 << 20 and file.read() == b""
        file.seek(0)
        assert file.read(3) == bytes(3) and len(file.read(None)) == (3 << 20) - 3


def test_a_pickle_that_torch_did_not_write_is_no_reason_to_run_its_code(here, state, capsys):
    """torch's own text advises to load it without weights_only."""
    (here / "c.pth").write_bytes(pickle.dumps({"epoch": 1}, protocol=4))
    said = refused(capsys)
    assert said.startswith("c.pth is damaged or cut short, or not of torch.save (Unsupported")
    assert "weights_only" not in said


@pytest.mark.parametrize(
    "content", [3, [1, 2], {}, {"epoch": 1}, {1: torch.ones(1)}, torch.ones(2)]
)
def test_a_checkpoint_without_tensors_by_name(capsys, content):
    torch.save(content, "c.pth")
    assert refused(capsys) == "c.pth holds no state dict, that is, no tensors by name"


def test_keys_are_listed(state, capsys):
    torch.save({"model": state, "ema": {"model": {"a": torch.ones(1)}}, "epoch": 3}, "c.pth")
    there = f"model ({len(state)} tensors), ema.model (1 tensors)"
    assert refused(capsys) == f"c.pth holds several state dicts; choose one with --key: {there}"
    said = f"c.pth holds no state dict at 'teacher'; there is {there}"
    assert refused(capsys, "--key", "teacher") == said
    torch.save(state, "c.pth")
    said = (
        f"c.pth holds no state dict at 'model'; there is (the file itself) ({len(state)} tensors)"
    )
    assert refused(capsys, "--key", "model") == said


def test_prefixes_and_patterns_that_match_nothing_or_too_much(state, capsys):
    torch.save({**prefixed(state, "module."), "norm.weight": torch.ones(1)}, "c.pth")
    said = "--strip backbone.: no tensor's name begins so; they begin with module, norm"
    assert refused(capsys, "--strip", "backbone.") == said
    said = "--strip leaves two tensors with the name norm.weight"
    assert refused(capsys, "--strip", "module.") == said
    said = "--drop head: no tensor's name matches; * stands for any text"
    assert refused(capsys, "--drop", "head") == said


def test_what_does_not_fit_is_printed_and_nothing_is_written(state, capsys):
    changed = {name: tensor for name, tensor in state.items() if name != "norm.bias"}
    changed |= {"head.weight": torch.ones(1), "norm.weight": torch.ones(3)}
    changed["cls_token"] = changed["cls_token"].to(torch.int8)
    torch.save(changed, "c.pth")
    assert convert() == 1
    assert not os.path.exists("w.safetensors")
    said = capsys.readouterr()
    shape = tuple(state["norm.weight"].shape)
    assert said.out.splitlines() == [
        f"read: the file itself, {len(state)} tensors",
        f"matched: {len(state) - 3} of the network's {len(state)} tensors",
        "missing: 1", "  norm.bias",
        "unexpected: 1", "  head.weight",
        "of another shape: 1", f"  norm.weight (3,) instead of {shape}",
        "of another kind of number: 1", "  cls_token (int8 instead of float32)",
    ]  # fmt: skip
    assert (
        "w.safetensors is not written: c.pth lacks the tensors norm.bias; has unknown" in said.err
    )


def test_what_to_try_is_said(state, capsys):
    torch.save(prefixed(state, "module.backbone."), "c.pth")
    assert refused(capsys).endswith(". try --strip module.backbone.")
    torch.save({**state, "head.bias": torch.ones(1)}, "c.pth")
    assert refused(capsys).endswith(
        "if the encoder needs none of the unknown ones, leave them out with --drop"
    )
    torch.save(state, "c.pth")
    assert refused(capsys, encoder="headed").endswith("give the encoder `args: {num_classes: 0}`")
    assert refused(capsys, encoder="larger").endswith("`args: {img_size: ...}`")


def test_encoders_are_those_of_the_study_and_the_registry(here, state, capsys):
    torch.save(state, "c.pth")
    said = "there is no encoder 'tinny' (did you mean tiny?); --config names the study file that has it"
    assert refused(capsys, encoder="tinny") == said
    assert (
        refused(capsys, encoder="nothing") == "the encoder 'nothing' has neither timm nor factory"
    )
    assert "lacks the tensors bn1.bias" in refused(capsys, encoder="resnet18")  # of the registry
    (here / "config.yaml").rename(here / "other.yaml")
    assert "there is no encoder 'tiny'" in refused(capsys)
    assert convert("--config", "other.yaml") == 0


def test_the_output_is_another_file_with_the_right_name(state, capsys):
    save_file(state, "w.safetensors")
    before = Path("w.safetensors").read_bytes()
    said = "--output is {}; it must be another file, named *.safetensors"
    for output in ("w.safetensors", "./w.safetensors", "w.pth"):
        assert (
            main(["features", "convert", "w.safetensors", "-o", output, "--encoder", "tiny"]) == 1
        )
        assert said.format(output.removeprefix("./")) in capsys.readouterr().err
    assert Path("w.safetensors").read_bytes() == before


# -- which files are pickles -----------------------------------------------------------------------


def test_pickles_are_told_by_their_bytes(here, state):
    for new in (True, False):
        torch.save(state, "a.safetensors", _use_new_zipfile_serialization=new)
        assert pickled("a.safetensors")
    save_file(state, "b.pth")
    assert not pickled("b.pth") and not pickled("none") and not pickled(here)


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("a/net.pth", "a/net.pth -o a/net.safetensors --encoder NAME"),
        ("a net.pth.tar", "'a net.pth.tar' -o 'a net.pth.safetensors' --encoder NAME"),
        ("net.safetensors", "net.safetensors -o net-converted.safetensors --encoder NAME"),
    ],
)
def test_the_command_to_type(path, command):
    assert conversion(path) == f"catsight features convert {command}"
    assert conversion("x.pt", "mine").endswith(" --encoder mine")
