"""What makes an encoder: seeds, sizes of input, and weights that fit, tied ones included."""

import json
import random

import numpy as np
import pytest
import torch
from torch import nn

from catsight import CatsightError, tables
from catsight.features import encoders, safe
from catsight.features.encoders import create
from catsight.features.fitting import fit, load_strictly
from catsight.tables.columns.views import VIEWS
from support.tiny_extraction import bring_weights, extract, pictures, vectors

# -- weights that fit ------------------------------------------------------------------------------


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down, self.last = (nn.Linear(2, 2) for _ in range(3))
        self.down.weight = self.up.weight
        self.register_buffer("shared", torch.zeros(1))
        self.last.register_buffer("shared", self.shared)


@pytest.mark.parametrize("kept", [["up.weight"], ["down.weight"], ["up.weight", "down.weight"]])
@pytest.mark.parametrize("buffer", ["shared", "last.shared"])
def test_a_tied_tensor_needs_to_be_there_once(kept, buffer):
    model, source = Tied(), Tied()
    source.shared.fill_(3)
    state = {
        name: tensor.clone()
        for name, tensor in source.state_dict().items()
        if ("weight" not in name or name in kept or "last" in name) and "shared" not in name
    } | {buffer: torch.full((1,), 3.0)}
    load_strictly(model, state, "w")
    for name, tensor in source.state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor), name
    assert model.down.weight is model.up.weight


def test_a_count_of_batches_may_be_missing_and_other_buffers_may_not():
    """As in checkpoints of before torch 0.4.1, and those made of other libraries' networks."""
    source, model = nn.Sequential(nn.BatchNorm2d(2)), nn.Sequential(nn.BatchNorm2d(2))
    nn.init.normal_(source[0].running_mean)
    state = source.state_dict()
    del state["0.num_batches_tracked"]
    load_strictly(model, state, "w")
    assert torch.equal(model[0].running_mean, source[0].running_mean)
    del state["0.running_var"]
    with pytest.raises(CatsightError, match=r"lacks the tensors 0\.running_var$"):
        load_strictly(model, state, "w")


def test_tied_tensors_with_different_values_are_refused_and_others_stay_missing():
    state = {name: tensor.clone() for name, tensor in Tied().state_dict().items()}
    with pytest.raises(CatsightError) as raised:
        load_strictly(Tied(), state | {"down.weight": torch.ones(2, 2)}, "w")
    assert str(raised.value) == (
        "w does not fit the architecture: it has different values for tensors that are one in the network: down.weight"
    )  # fmt: skip
    del state["up.weight"], state["down.weight"], state["last.weight"]
    with pytest.raises(CatsightError) as raised:
        load_strictly(Tied(), state, "w")
    assert str(raised.value) == (
        "w does not fit the architecture: it lacks the tensors down.weight, last.weight, up.weight"
    )


class Kinds(nn.Module):
    def __init__(self):
        super().__init__()
        self.real = nn.Parameter(torch.zeros(2))
        self.register_buffer("whole", torch.zeros(2, dtype=torch.int64))
        self.register_buffer("turning", torch.zeros(2, dtype=torch.complex64))


@pytest.mark.parametrize(
    ("name", "tensor", "said"),
    [
        ("real", torch.tensor([1.0, 2.0], dtype=torch.float64), None),
        ("real", torch.tensor([1.0, 2.0], dtype=torch.bfloat16), None),
        ("real", torch.tensor([1.0, 2.0]).to(torch.float8_e4m3fn), None),
        ("real", torch.tensor([1, 2], dtype=torch.int8), "real (int8 instead of float32)"),
        ("real", torch.tensor([1j, 2]), "real (complex64 instead of float32)"),
        ("whole", torch.tensor([1, 2], dtype=torch.uint8), None),
        ("whole", torch.tensor([1.0, 2.0]), None),
        ("whole", torch.tensor([1.0, 2.5]), "whole (float32 instead of int64)"),
        ("turning", torch.tensor([1j, 2], dtype=torch.complex128), None),
        ("turning", torch.tensor([1.0, 2.0]), "turning (float32 instead of complex64)"),
    ],
)
def test_numbers_may_change_their_size_but_not_their_kind(name, tensor, said):
    model = Kinds()
    state = {**model.state_dict(), name: tensor}
    if said is None:
        load_strictly(model, state, "w")
        assert model.state_dict()[name].tolist() == tensor.to(torch.complex64).tolist()
        return
    with pytest.raises(CatsightError) as raised:
        load_strictly(model, state, "w")
    assert str(raised.value) == (
        f"w does not fit the architecture: it has tensors of another kind of number {said}"
    )


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module.backbone."])
def test_a_prefix_before_all_names_is_named_and_never_taken_away(prefix):
    model = Tied()
    state = {prefix + name: tensor for name, tensor in model.state_dict().items()}
    with pytest.raises(CatsightError) as raised:
        load_strictly(model, state, "w")
    assert str(raised.value).endswith(
        f". Its names begin with '{prefix}'; `catsight features convert` with --strip {prefix} makes a file without"
    )  # fmt: skip
    assert fit(model, {**state, "head.weight": torch.ones(1)}).prefix == prefix
    state.pop(f"{prefix}last.bias")
    assert fit(model, state).prefix == ""


# -- sizes of input --------------------------------------------------------------------------------


def entry(**more):
    return {
        "timm": "vit_tiny_patch16_224", "args": {"depth": 1, "img_size": 64}, "weights": {"source": "random", "seed": 0},
        "code": "0", "versions": {}, **more,
    }  # fmt: skip


def features_spec(architecture, preprocessing, layers="blocks.*"):
    encoder = {key: architecture[key] for key in ("timm", "factory", "args") if key in architecture}
    return {
        "encoder": {**encoder, "layers": layers, "preprocessing": preprocessing}, "pooling": ["mean"], "map_size": 0,
        "precision": "fp32", "device": "cpu", "batch": 4, "channels_last": False, "code": "0", "versions": {},
    }  # fmt: skip


def test_pictures_have_the_size_that_a_network_is_made_for():
    """timm itself goes on to state the size of its training."""
    model = create("vit_tiny_patch16_224", {"depth": 1, "img_size": 64})
    assert encoders.preprocessing(model, {})["size"] == 64
    assert encoders.preprocessing(model, {"size": 80})["size"] == 80
    assert encoders.preprocessing(create("vit_tiny_patch16_224", {"depth": 1}), {})["size"] == 224
    pair = create("vit_tiny_patch16_224", {"depth": 1, "img_size": [96, 96]})
    assert encoders.preprocessing(pair, {})["size"] == 96


@pytest.mark.parametrize(
    ("args", "preprocessing", "said"),
    [
        ({"depth": 1, "img_size": 64}, {"size": 96}, "Input height (96) doesn't match model (64)"),
        ({"depth": 1, "img_size": [64, 96]}, {}, "Input width (64) doesn't match model (96)"),
    ],
)
def test_a_picture_of_another_size_is_one_line(tmp_path, capfd, args, preprocessing, said):
    spec = entry(args=args)
    bring_weights(tmp_path, spec)
    tables.write(tmp_path / "human.parquet", list(pictures(2)), VIEWS, {})
    code, _, _ = extract(tmp_path, ["human"], tmp_path / "out", features_spec(spec, preprocessing))
    size = preprocessing.get("size", 64)
    assert code == 1 and capfd.readouterr().err.strip().splitlines()[-1] == (
        f"catsight features: error: vit does not take a picture of {size} by {size} px in three channels: {said}; "
        f"correct its preprocessing.size, or make the network for that size (timm: `args: {{img_size: {size}}}`)"
    )  # fmt: skip


@pytest.mark.parametrize(
    "args",
    [{"num_heads": 7}, {"img_size": "big"}, {"depth": -1}, {"depth": [1]}, {"model_name": "x"}],
)
def test_args_that_timm_cannot_use_are_one_line(args):
    with pytest.raises(
        CatsightError, match=r"^timm cannot make 'vit_tiny_patch16_224': ."
    ) as raised:
        create("vit_tiny_patch16_224", args)
    assert "\n" not in str(raised.value)


def test_pretrained_that_is_off_is_allowed():
    assert create("test_vit", {"pretrained": False}) is not None
    with pytest.raises(CatsightError, match=r"^the encoder 'test_vit'\.args\.pretrained is 'True'"):
        create("test_vit", {"pretrained": True})


# -- seeds -----------------------------------------------------------------------------------------


def test_every_generator_is_seeded():
    drawn = []
    for seed in (5, 5, 2**32 + 5, 6):
        encoders.set_seed(seed)
        drawn.append((random.random(), np.random.rand(), torch.rand(1).item()))
    assert drawn[0] == drawn[1] and drawn[2][1] == drawn[0][1]
    for i in range(3):
        assert drawn[3][i] != drawn[0][i]


FACTORY = '''
import random
import numpy as np
import torch

class Net(torch.nn.Module):
    """Draws as it is made, outside its state dict, and as it runs."""
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor([np.random.rand() + random.random()]))
        self.fixed = np.random.rand()
        self.layer = torch.nn.Identity()

    def forward(self, pictures):
        noise = np.random.rand() + random.random() + torch.rand(1)
        return self.layer(pictures * self.scale + self.fixed + noise)
'''


def test_networks_that_draw_outside_torch_give_the_same_features_again(tmp_path, monkeypatch):
    """Whatever other tables are computed before."""
    (tmp_path / "noisy_net.py").write_text(FACTORY)
    monkeypatch.chdir(tmp_path)
    spec = entry(factory="noisy_net:Net", args={})
    del spec["timm"]
    steps = {"size": 64, "mean": [0.5] * 3, "std": [0.5] * 3}
    tables.write(tmp_path / "human.parquet", list(pictures(6)), VIEWS, {})
    tables.write(tmp_path / "cat.parquet", list(pictures(3)), VIEWS, {})
    found, contents = [], []
    for i, views in enumerate((["human"], ["cat", "human"])):
        here = tmp_path / str(i)
        here.mkdir()
        random.seed(i), np.random.seed(i), torch.manual_seed(i)
        bring_weights(here, spec)
        contents.append(safe.about(here / "vit.safetensors")["content"])
        for name in ("human", "cat"):
            (here / f"{name}.parquet").symlink_to(tmp_path / f"{name}.parquet")
        code, _, paths = extract(
            here, views, here / "out", json.loads(json.dumps(features_spec(spec, steps, "layer")))
        )
        assert code == 0
        found.append(vectors(paths[-1])["layer/mean"])
    assert contents[0] == contents[1]
    np.testing.assert_array_equal(found[0], found[1])


# -- networks of all sorts -------------------------------------------------------------------------

SORTS = """
import torch
from torch import nn

def plain():
    return nn.Sequential(nn.Conv2d(3, 2, 8, 8), nn.ReLU())

def compiled(): return torch.compile(plain())
def program(): return torch.jit.trace(plain(), torch.zeros(1, 3, 64, 64))
def half(): return plain().half()
def double(): return plain().double()
def lazy(): return nn.Sequential(nn.LazyConv2d(2, 8, 8))

def meta():
    with torch.device("meta"):
        return plain()
"""


@pytest.fixture
def sorts(tmp_path, monkeypatch):
    (tmp_path / "sorts_of_nets.py").write_text(SORTS)
    monkeypatch.chdir(tmp_path)
    tables.write(tmp_path / "human.parquet", list(pictures(2)), VIEWS, {})
    steps = {"size": 64, "mean": [0.5] * 3, "std": [0.5] * 3}

    def features(sort):
        here = tmp_path / sort
        here.mkdir()
        (here / "human.parquet").symlink_to(tmp_path / "human.parquet")
        spec = {**entry(args={}), "factory": f"sorts_of_nets:{sort}"}
        del spec["timm"]
        bring_weights(here, spec)
        spec = json.loads(json.dumps(features_spec(spec, steps, "*")))
        code, _, paths = extract(here, ["human"], here / "out", spec)
        assert code == 0
        return vectors(paths[0])

    return features


@pytest.mark.parametrize(
    ("sort", "precision"), [("compiled", 1e-7), ("double", 1e-6), ("half", 0.01)]
)
def test_networks_compiled_or_in_another_precision_are_as_others(sorts, sort, precision):
    """Its own names of layers, and fp32 as the study says; weights of 16 bits are rounded."""
    wanted, found = sorts("plain"), sorts(sort)
    assert list(found) == list(wanted) == ["0/mean", "1/mean"]
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], atol=precision)


@pytest.mark.parametrize(
    ("sort", "said"),
    [
        ("program", "returned a TorchScript program, whose layers cannot be observed"),
        ("lazy", "returned a network with tensors without numbers: 0.weight, 0.bias; it must"),
        ("meta", "returned a network with tensors without numbers: 0.weight, 0.bias; it must"),
    ],
)
def test_networks_that_cannot_be_used_are_one_line(sorts, sort, said):
    with pytest.raises(CatsightError) as raised:
        encoders.make({"factory": f"sorts_of_nets:{sort}"})
    assert str(raised.value).startswith(f"the encoder's factory 'sorts_of_nets:{sort}' {said}")
