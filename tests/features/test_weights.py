"""Weights from a seed, a file and the hub, and what is refused."""

import hashlib
import json
import pickle
import re
import shutil
from pathlib import Path

import pytest
import timm.models as timm_models

from catsight import CatsightError
from catsight.__main__ import main
from catsight.features import safe
from catsight.features.drawn import random_state
from catsight.features.encoders import create, make
from catsight.features.fitting import load_strictly
from catsight.features.layers import find_blocks
from catsight.features.weights import (
    SOURCES,
    check_sha256,
    download,
    hub_state,
    locate,
)
from catsight.study.weights_sources import WEIGHTS_SOURCES
from support.small_hub import switch, use

TINY = {"timm": "test_vit", "weights": {"source": "random", "seed": 3}, "code": "0", "versions": {}}


def bring(tmp_path, spec, output="w.safetensors", more=()):
    arguments = [
        "--spec",
        json.dumps(spec),
        "--store",
        str(tmp_path / "store"),
        "--output",
        str(tmp_path / output),
    ]
    return main(["features", "weights", *arguments, *more]), tmp_path / output


def test_every_record_of_a_source_has_its_functions():
    assert set(SOURCES) == set(WEIGHTS_SOURCES)
    with pytest.raises(CatsightError) as raised:
        locate({"source": "huub"})
    assert str(raised.value) == (
        "weights.source is 'huub'; it must be one of file, hub, package, random"
    )


def test_random_weights_are_seeded_and_marked_as_untrained(tmp_path):
    assert bring(tmp_path, TINY)[0] == 0
    about = safe.about(tmp_path / "w.safetensors")
    assert about["untrained"] is True and safe.sound(tmp_path / "w.safetensors")
    again = random_state({"timm": "test_vit"}, 3)
    other = random_state({"timm": "test_vit"}, 4)
    loaded = safe.load(tmp_path / "w.safetensors")
    assert set(loaded) == set(again)
    assert all((loaded[name] == again[name]).all() for name in again)
    assert any((loaded[name] != other[name]).any() for name in other)


@pytest.mark.parametrize(
    ("name", "arguments", "pattern"),
    [
        ("vit_small_patch14_dinov2", {"img_size": 56, "depth": 4}, "blocks.*"),
        ("convnext_atto", {}, "stages.*.blocks.*"),
        ("resnet18", {}, "layer*.*"),
        ("vit_tiny_patch16_224", {"img_size": 64}, "blocks.*"),
    ],
)
def test_no_untrained_block_is_the_identity(name, arguments, pattern):
    """A branch that starts at 0 would make all layers of the control the same."""
    import torch

    model = create(name, arguments).eval()
    model.load_state_dict(random_state({"timm": name, "args": arguments}, 0))
    change = {}

    def hook(module, inputs, output):
        if output.shape == inputs[0].shape:
            change[module] = ((output - inputs[0]).norm() / inputs[0].norm()).item()

    for block in find_blocks(model, pattern).values():
        block.register_forward_hook(hook)
    size = arguments.get("img_size", 64)
    with torch.inference_mode():
        model.forward_features(torch.randn(2, 3, size, size))
    assert len(change) >= 4
    assert min(change.values()) > 0.01


def test_biases_and_tokens_keep_their_initial_values():
    fresh, switched_on = (
        create("vit_small_patch14_dinov2", {"img_size": 56}),
        random_state({"timm": "vit_small_patch14_dinov2", "args": {"img_size": 56}}, 0),
    )
    assert (switched_on["blocks.0.ls1.gamma"] == 1).all() and fresh.state_dict()[
        "blocks.0.ls1.gamma"
    ].max() < 1e-4
    assert (switched_on["blocks.0.norm1.bias"] == 0).all() and (
        switched_on["blocks.0.attn.qkv.bias"] == 0
    ).all()
    assert switched_on["cls_token"].abs().max() < 1e-3


@pytest.fixture(scope="module")
def tiny_state():
    return random_state({"timm": "test_vit"}, 0)


def save_plain(path, state):
    from safetensors.torch import save_file

    save_file(dict(state), path)
    return path


def from_file(path, **more):
    return {**TINY, "weights": {"source": "file", "path": str(path), **more}}


def test_the_users_own_file(tmp_path, tiny_state):
    path = save_plain(tmp_path / "mine.safetensors", tiny_state)
    assert bring(tmp_path, from_file(path))[0] == 0
    loaded = safe.load(tmp_path / "w.safetensors")
    assert all((loaded[name] == tiny_state[name]).all() for name in tiny_state)
    assert safe.about(tmp_path / "w.safetensors")["untrained"] is False


def without(state, name):
    return {key: tensor for key, tensor in state.items() if key != name}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: without(s, "norm.weight"), "lacks the tensors norm.weight"),
        (lambda s: {**s, "extra": s["norm.weight"].clone()}, "has unknown tensors extra"),
        (
            lambda s: {**s, "norm.weight": s["norm.weight"][:3].clone()},
            r"another shape norm.weight \(3,\) instead of",
        ),
    ],
)
def test_never_a_partial_load(tmp_path, tiny_state, capfd, change, words):
    path = save_plain(tmp_path / "mine.safetensors", change(tiny_state))
    code, output = bring(tmp_path, from_file(path))
    assert code == 1 and not output.exists()
    with pytest.raises(CatsightError, match=words):
        load_strictly(create("test_vit", {}), safe.load(path), path)
    assert "mine.safetensors does not fit the architecture" in capfd.readouterr().err


def test_pickles_hashes_and_damage_are_refused(tmp_path, tiny_state, capfd):
    pickled = tmp_path / "mine.pth"
    pickled.write_bytes(pickle.dumps({"a": 1}))
    assert bring(tmp_path, from_file(pickled))[0] == 1
    assert "Pickles (.pt, .pth, .bin) can run code and are not read" in capfd.readouterr().err

    path = save_plain(tmp_path / "mine.safetensors", tiny_state)
    assert bring(tmp_path, from_file(path, sha256="0" * 64))[0] == 1
    assert "is not the expected file" in capfd.readouterr().err

    path.write_bytes(path.read_bytes()[:-100])
    assert bring(tmp_path, from_file(path))[0] == 1
    assert "mine.safetensors is damaged" in capfd.readouterr().err

    assert bring(tmp_path, from_file(tmp_path / "none.safetensors"))[0] == 1
    assert "none.safetensors cannot be read: No such file" in capfd.readouterr().err


def test_the_store_is_used_unless_the_file_is_damaged(tmp_path, capfd):
    bring(tmp_path, TINY)
    capfd.readouterr()
    bring(tmp_path, TINY)
    assert "store: hit" in capfd.readouterr().err
    stored = (tmp_path / "w.safetensors").resolve()
    data = bytearray(stored.read_bytes())
    data[-5] ^= 0xFF
    stored.write_bytes(data)
    assert not safe.sound(stored)
    bring(tmp_path, TINY)
    assert "store: computed" in capfd.readouterr().err
    assert safe.sound(stored)


def test_unknown_architecture(tmp_path, capfd):
    assert bring(tmp_path, {**TINY, "timm": "vit_bse_patch16_224"})[0] == 1
    assert (
        "has no model 'vit_bse_patch16_224' (did you mean vit_base_patch16_224"
        in capfd.readouterr().err
    )


# -- the hub, without a network --------------------------------------------------------------------

HUB = {"timm": "test_vit.r160_in1k", "weights": {"source": "hub"}, "code": "0", "versions": {}}


@pytest.fixture
def no_cache(tmp_path, monkeypatch):
    """The hub's client, with an empty cache; no hub answers."""
    from huggingface_hub import constants

    use(monkeypatch, "http://127.0.0.1:9", tmp_path / "hub")
    return constants


def test_an_unreachable_hub_is_one_clear_line(tmp_path, capfd, no_cache):
    assert bring(tmp_path, HUB)[0] == 1
    said = capfd.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert (
        "the model hub cannot be reached for test_vit.r160_in1k" in said[0]
        and "put timm/test_vit.r160_in1k's model.safetensors at results/weights/" in said[0]
    )


def test_the_hub_is_not_asked_in_offline_mode(tmp_path, capfd, monkeypatch, no_cache):
    switch(monkeypatch, True)
    assert bring(tmp_path, HUB)[0] == 1
    assert "HF_HUB_OFFLINE is set" in capfd.readouterr().err


def test_unknown_tag(tmp_path, capfd, no_cache):
    assert bring(tmp_path, {**HUB, "timm": "test_vit.r999"})[0] == 1
    assert (
        "no pretrained weights 'test_vit.r999'; it has test_vit.r160_in1k" in capfd.readouterr().err
    )


def test_weights_from_a_hub(tmp_path, capfd, small_hub, tiny_state):
    """timm itself loads what the hub's own client brings; a cut file is brought again."""
    data = save_plain(tmp_path / "model.safetensors", tiny_state).read_bytes()
    small_hub.add("timm/test_vit.r160_in1k", {"model.safetensors": data})
    code, output = bring(tmp_path, HUB)
    assert code == 0, capfd.readouterr().err
    loaded = safe.load(output)
    assert all((loaded[name] == tiny_state[name]).all() for name in tiny_state)
    shutil.rmtree(tmp_path / "store")
    (blob,) = (tmp_path / "hub").glob("*/blobs/*")
    blob.write_bytes(data[: len(data) // 2])
    assert bring(tmp_path, HUB)[0] == 0 and blob.read_bytes() == data
    # the hub is gone: the file comes from its cache
    shutil.rmtree(tmp_path / "store")
    small_hub.close()
    assert bring(tmp_path, HUB)[0] == 0


def test_weights_at_a_tag(small_hub, tmp_path, monkeypatch):
    """timm writes the revision after an @."""
    import timm.models

    small_hub.add("timm/v", {"model.safetensors": b"old"}, "a" * 40, "v1")
    small_hub.add("timm/v", {"model.safetensors": b"new"}, "b" * 40)
    for at, data in (("", b"new"), ("@v1", b"old")):
        config = type("Config", (), {"hf_hub_id": f"timm/v{at}"})
        monkeypatch.setattr(timm.models, "get_pretrained_cfg", lambda name, config=config: config)
        assert download("test_vit.r160_in1k").read_bytes() == data


def test_the_hubs_file_brought_by_hand(tmp_path, capfd, no_cache, tiny_state):
    """timm loads it as strictly as ever, without a network, and the file's hash is recorded."""
    path = save_plain(tmp_path / "brought.safetensors", tiny_state)
    by_hand = ["--file", str(path)]
    assert bring(tmp_path, HUB, more=by_hand)[0] == 0
    loaded = safe.load(tmp_path / "w.safetensors")
    assert all((loaded[name] == tiny_state[name]).all() for name in tiny_state)
    about = safe.about(tmp_path / "w.safetensors")
    assert (
        about["sha256"] == about["inputs"]["file"] == hashlib.sha256(path.read_bytes()).hexdigest()
    )
    # another file has another address, so it is not mistaken for the first
    save_plain(path, {**tiny_state, "norm.bias": tiny_state["norm.bias"] + 1})
    assert bring(tmp_path, HUB, more=by_hand)[0] == 0
    assert (safe.load(tmp_path / "w.safetensors")["norm.bias"] == tiny_state["norm.bias"] + 1).all()
    capfd.readouterr()
    for state, words in (
        (without(tiny_state, "norm.weight"), "does not fit test_vit.r160_in1k"),
        (
            {**tiny_state, "extra": tiny_state["norm.bias"].clone()},
            "does not fit test_vit.r160_in1k",
        ),
        (
            {**tiny_state, "norm.bias": tiny_state["norm.bias"][:3].clone()},
            "does not fit test_vit.r160_in1k",
        ),
    ):
        save_plain(path, state)
        assert bring(tmp_path, HUB, "x.safetensors", by_hand)[0] == 1
        assert words in capfd.readouterr().err
    path.write_bytes(path.read_bytes()[:-50])
    assert bring(tmp_path, HUB, "x.safetensors", by_hand)[0] == 1
    assert "brought.safetensors is damaged" in capfd.readouterr().err
    path.write_bytes(pickle.dumps({"a": 1}))
    assert bring(tmp_path, HUB, "x.safetensors", by_hand)[0] == 1
    assert "are not read" in capfd.readouterr().err
    assert not (tmp_path / "x.safetensors").exists()


# -- drawn from a seed -----------------------------------------------------------------------------


def test_scales_of_branches_that_are_nearly_nothing_become_one():
    """One number for each channel, below a thousandth; biases, matrices and tokens stay."""
    import torch

    entry = {"factory": "support.hand_made_nets:Branches"}
    state = random_state(entry, 3)
    means = {name: tensor.mean().item() for name, tensor in state.items() if name != "drawn"}
    assert means == pytest.approx({
        "gamma": 1, "layer_scale": 1, "negative": 1, "bias": 0, "mine_bias": 0, "matrix": 0, "token": 0, "tall": 0,
        "small": 1e-3, "usual": 0.5, "mixed": 0.5,
    }, abs=1e-9)  # fmt: skip
    torch.manual_seed(3)
    assert torch.equal(state["drawn"], torch.randn(4))
    assert not torch.equal(random_state(entry, 4)["drawn"], state["drawn"])
    assert random_state({**entry, "args": {"width": 5}}, 3)["gamma"].shape == (5,)


# -- messages in full ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drop", "add", "reshape", "said"),
    [
        (["gamma"], [], [], "it lacks the tensors gamma"),
        ([], ["z", "y"], [], "it has unknown tensors y, z"),
        ([], [], ["usual"], "it has tensors of another shape usual (7,) instead of (2,)"),
        (["gamma", "bias", "small"], [], [], "it lacks the tensors bias, gamma, small"),
        (["gamma", "bias", "small", "usual"], [], [], "it lacks the tensors bias, gamma, small and 1 more"),
        (["gamma"], ["y"], ["usual"],
         "it lacks the tensors gamma; it has unknown tensors y; it has tensors of another shape usual (7,) instead of (2,)"),
    ],
)  # fmt: skip
def test_weights_that_do_not_fit_are_named_and_nothing_is_loaded(drop, add, reshape, said):
    import torch

    model = make({"factory": "support.hand_made_nets:Branches"})
    state = {name: torch.ones_like(tensor) for name, tensor in model.state_dict().items()}
    state = {name: tensor for name, tensor in state.items() if name not in drop}
    state |= {name: torch.ones(1) for name in add} | {name: torch.ones(7) for name in reshape}
    with pytest.raises(CatsightError) as raised:
        load_strictly(model, state, "w.safetensors")
    assert str(raised.value) == f"w.safetensors does not fit the architecture: {said}"
    assert (model.state_dict()["matrix"] == 0).all()


@pytest.mark.parametrize("length", [0, 1, 63])
def test_a_files_hash_is_checked_if_it_is_given(tmp_path, length):
    path = tmp_path / "w"
    path.write_bytes(b"data")
    found = hashlib.sha256(b"data").hexdigest()
    assert check_sha256(path, None) == check_sha256(path, "") == check_sha256(path, found) == found
    with pytest.raises(CatsightError) as raised:
        check_sha256(path, found[:length] + "x")
    assert str(raised.value) == (
        f"{path} is not the expected file: its SHA-256 is {found}, but the encoder's weights.sha256 is "
        f"{found[:length]}x; get the right file, or correct the entry"
    )
    with pytest.raises(CatsightError) as raised:
        check_sha256(tmp_path, None)
    assert str(raised.value) == f"{tmp_path} cannot be read: Is a directory"


def test_where_weights_lie():
    assert locate({"source": "file", "path": "a/b"}) == Path("a/b")
    assert locate({"source": "random", "seed": 1}) is None and locate({"source": "hub"}) is None
    found = locate({"source": "package", "package": "timm.models", "path": "x/y.pth"})
    assert found == Path(timm_models.__file__).parent / "x" / "y.pth"


def test_a_model_that_timm_does_not_have_is_named():
    import timm

    with pytest.raises(CatsightError) as raised:
        create("resnt18", {})
    assert re.fullmatch(
        rf"timm {re.escape(timm.__version__)} has no model 'resnt18' \(did you mean resnet18, \w+, \w+\?\)", str(raised.value)
    )  # fmt: skip
    with pytest.raises(CatsightError) as raised:
        create("qqqqqqqqqq", {})
    assert str(raised.value) == f"timm {timm.__version__} has no model 'qqqqqqqqqq'"
    with pytest.raises(
        CatsightError,
        match=r"^timm cannot make 'test_vit': .*got an unexpected keyword argument 'img'",
    ):
        create("test_vit", {"img": 3})
    with pytest.raises(CatsightError, match=r"^timm cannot make 'test_vit.none': .*none"):
        create("test_vit.none", {})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "test_vit.r999",
            "timm has no pretrained weights 'test_vit.r999'; it has test_vit.r160_in1k",
        ),
        ("swin_s3_base_22.none", None),
        ("vit_tiny_patch16_18x2.none", None),
    ],
)
def test_weights_that_timm_does_not_have_are_named(name, said, monkeypatch):
    import timm

    monkeypatch.setattr(timm, "is_model", lambda name: True)
    with pytest.raises(CatsightError) as raised:
        download(name)
    said = said or f"timm has no pretrained weights '{name}'; it has none"
    assert str(raised.value) == said


@pytest.mark.parametrize("config", [None, type("Config", (), {"hf_hub_id": None})])
def test_weights_that_are_not_on_the_hub_are_named(config, monkeypatch):
    import timm.models

    monkeypatch.setattr(timm.models, "get_pretrained_cfg", lambda name: config)
    with pytest.raises(CatsightError) as raised:
        download("test_vit.r160_in1k")
    assert str(raised.value) == (
        "timm's weights 'test_vit.r160_in1k' are not on the model hub; use weights.source: file"
    )


def test_what_the_hub_refuses_says_where_to_put_the_file(small_hub):
    by_hand = (
        "put timm/test_vit.r160_in1k's model.safetensors at results/weights/ENCODER.safetensors"
    )
    for said in (
        f"the hub has no timm/test_vit.r160_in1k, or none that you may read; log in (hf auth login), or {by_hand}",
        f"the hub has no model.safetensors for test_vit.r160_in1k, and pickles are not read; {by_hand}",
    ):
        with pytest.raises(CatsightError) as raised:
            download("test_vit.r160_in1k")
        assert str(raised.value) == said
        small_hub.add("timm/test_vit.r160_in1k", {"pytorch_model.bin": b"a pickle"})


def test_the_hubs_weights_are_made_with_the_encoders_arguments(tmp_path, tiny_state):
    """Of another width they do not fit, and the message is one line."""
    path = save_plain(tmp_path / "model.safetensors", tiny_state)
    state = hub_state("test_vit.r160_in1k", {}, path)
    assert all((state[name] == tiny_state[name]).all() for name in tiny_state)
    with pytest.raises(CatsightError) as raised:
        hub_state("test_vit.r160_in1k", {"depth": 7}, path)
    said = str(raised.value)
    assert (
        said.startswith(f"{path} does not fit test_vit.r160_in1k: Error(s) in loading")
        and "\n" not in said
    )
