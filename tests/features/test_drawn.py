"""An untrained control is drawn from its seed: nothing trained, and the same each time."""

import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from catsight import CatsightError
from catsight.features import drawn
from catsight.features.drawn import random_state
from catsight.features.weights import hub_state

THIS = {"factory": "own_nets:Own"}


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Writes a module whose network ``Own`` runs ``code`` after a convolution is made."""
    trained = nn.Conv2d(3, 4, 2)
    nn.init.normal_(trained.weight)
    torch.save(trained.state_dict(), tmp_path / "trained.pth")
    save_file(trained.state_dict(), tmp_path / "trained.safetensors")
    np.savez(tmp_path / "trained.npz", weight=trained.weight.detach().numpy())

    def write(code, top=""):
        lines = "\n        ".join(code.splitlines())
        (tmp_path / "own_nets.py").write_text(
            "import copy, os, random, time\nimport numpy as np\nimport safetensors\nimport safetensors.torch\nimport torch\n"
            f"from torch import nn\n{top}\n\nclass Own(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
            f"        self.conv = nn.Conv2d(3, 4, 2)\n        {lines}\n"
        )  # fmt: skip
        sys.modules.pop("own_nets", None)
        return THIS

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield write
    sys.modules.pop("own_nets", None)


@pytest.mark.parametrize(
    ("top", "code", "file"),
    [
        ("", 'self.conv.load_state_dict(torch.load("trained.pth", weights_only=True))', "trained.pth"),
        ("", 'self.conv.load_state_dict(torch.load("trained.pth", mmap=True), assign=True)', "trained.pth"),
        ("", 'self.conv.load_state_dict(safetensors.torch.load_file("trained.safetensors"))', "trained.safetensors"),
        ("from safetensors.torch import load_file",
         'self.conv.load_state_dict(load_file("trained.safetensors"))', "trained.safetensors"),
        ("from safetensors.torch import load_model", 'load_model(self.conv, "trained.safetensors")', "trained.safetensors"),
        ("", 'with safetensors.safe_open("trained.safetensors", "pt") as f:\n'
             '    self.conv.weight.data.copy_(f.get_tensor("weight"))', "trained.safetensors"),
        ("", 'self.conv.weight.data = torch.from_numpy(np.load("trained.npz")["weight"])', "trained.npz"),
        # some of its tensors, beside others that are drawn
        ("", 'self.head = nn.Linear(4, 4)\n'
             'self.conv.load_state_dict(torch.load("trained.pth"), strict=False)', "trained.pth"),
    ],
)  # fmt: skip
def test_a_factory_that_loads_weights_is_not_untrained(own, top, code, file):
    with pytest.raises(CatsightError) as raised:
        random_state(own(code, top), 0)
    said = str(raised.value)
    assert (
        said.startswith("the encoder's factory 'own_nets:Own' reads ") and f"{file} and has" in said
    )
    assert "the same values with every seed in conv." in said and "so it is not untrained" in said
    assert "head" not in said and "\n" not in said


@pytest.mark.parametrize(
    "code",
    [
        "",
        "nn.init.dirac_(self.conv.weight)",
        # a bank of filters that is computed
        "self.conv.weight.data = torch.sin(torch.arange(48.0)).reshape(4, 3, 2, 2)",
        # a copy of itself, as a teacher is
        "self.twin = nn.Conv2d(3, 4, 2)\nself.twin.load_state_dict(self.conv.state_dict())",
        # a file of weights, of which it takes the shape alone, beside constants
        'self.norm = nn.BatchNorm2d(4)\nshape = torch.load("trained.pth")["weight"].shape\nself.more = nn.Conv2d(3, shape[0], 2)',
        "self.conv.weight.data = torch.from_numpy(np.random.standard_normal((4, 3, 2, 2))).float()",
        "nn.init.constant_(self.conv.weight, random.random())",
    ],
)
def test_a_factory_that_draws_or_computes_its_weights_is(own, code):
    """And has the same weights again, whatever was drawn before."""
    entry = own(code)
    states = []
    for seed in (0, 0, 1):
        random.random(), np.random.rand(), torch.rand(1)
        states.append(random_state(entry, seed))
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert any(not torch.equal(states[0][name], states[2][name]) for name in states[0])


@pytest.mark.parametrize(
    "code",
    [
        "self.conv.weight.data = torch.from_numpy(np.random.default_rng().random((4, 3, 2, 2))).float()",
        "nn.init.constant_(self.conv.weight, random.SystemRandom().random())",
        'self.register_buffer("when", torch.tensor(time.perf_counter_ns()))',
        'self.register_buffer("noise", torch.frombuffer(bytearray(os.urandom(8)), dtype=torch.int8))',
    ],
)
def test_a_factory_with_a_generator_of_its_own_is_refused(own, code):
    """The same address would have other content each time."""
    with pytest.raises(CatsightError) as raised:
        random_state(own(code), 0)
    said = str(raised.value)
    assert said.startswith("the encoder's factory 'own_nets:Own' draws other values of ")
    assert "each time it is called; let it draw from the generators of torch" in said


def test_what_a_factory_raises_is_one_line_with_its_place(own):
    own('raise ValueError("two\\nlines")')
    with pytest.raises(CatsightError) as raised:
        random_state(THIS, 0)
    lines = Path("own_nets.py").read_text().splitlines()
    line = 1 + next(i for i, text in enumerate(lines) if "raise" in text)
    assert str(raised.value) == (
        "the encoder's factory 'own_nets:Own' cannot be called: ValueError: two lines "
        f"({os.getcwd()}/own_nets.py, line {line})"
    )


def test_watching_ends_with_its_block(tmp_path):
    load, safely = nn.Module.load_state_dict, sys.modules["safetensors"].safe_open
    model = nn.Linear(1, 1)
    with drawn.watching() as seen:
        model.load_state_dict({"weight": torch.ones(1, 1)}, strict=False)
        (tmp_path / "a.txt").write_text("")
        (tmp_path / "a.PT").write_text("")
    (tmp_path / "b.pt").write_text("")
    model.load_state_dict({}, strict=False)
    assert seen.left == ["bias"] and seen.files == [str(tmp_path / "a.PT")]
    assert nn.Module.load_state_dict is load
    assert sys.modules["safetensors"].safe_open is safely
    with pytest.raises(ValueError, match="x"), drawn.watching():
        raise ValueError("x")
    assert nn.Module.load_state_dict is load and drawn._WATCHERS == []


def test_the_hubs_weights_are_never_filled_in(tmp_path):
    """timm draws a classifier of other classes at random, and says so in a log alone."""
    path = tmp_path / "model.safetensors"
    save_file(random_state({"timm": "test_vit"}, 0), path)
    assert "head.weight" not in hub_state("test_vit.r160_in1k", {"num_classes": 0}, path)
    with pytest.raises(CatsightError) as raised:
        hub_state("test_vit.r160_in1k", {"num_classes": 7}, path)
    assert str(raised.value) == (
        f"{path} does not fit test_vit.r160_in1k with args {{'num_classes': 7}}: it lacks head.bias, head.weight, which "
        "would be random; leave out the args that add them (for num_classes, 0 does)"
    )  # fmt: skip
    for args in ({"in_chans": 1}, {"checkpoint_path": "x"}):
        with pytest.raises(CatsightError, match=r"^the encoder 'test_vit\.r160_in1k'\.args\."):
            hub_state("test_vit.r160_in1k", args, path)
