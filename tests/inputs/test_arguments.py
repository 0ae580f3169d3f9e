"""Which arguments of an encoder would load weights or files past its spec."""

import pytest

from catsight import CatsightError
from catsight.inputs import arguments
from catsight.study import Study

STUDY = {
    "study": "mine",
    "frames": {"source": "dead-leaves", "count": 8, "size": 64},
    "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}},
}
ENTRY = {
    "timm": "test_vit", "layers": "blocks.*", "family": "vit", "training": "untrained",
    "weights": {"source": "random", "seed": 0},
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"checkpoint_path": "a"}, "checkpoint_path"),
        ({"pretrained": True}, "pretrained"),
        ({"pretrained": 1}, "pretrained"),
        ({"pretrained": "yes"}, "pretrained"),
        ({"Pretrained-Weights": "x"}, "Pretrained-Weights"),
        ({"pretrained_cfg": {"file": "x"}}, "pretrained_cfg"),
        ({"pretrained_cfg_overlay": {"file": "x"}}, "pretrained_cfg_overlay"),
        ({"use_pretrained": True}, "use_pretrained"),
        ({"pretrain_img": "x"}, "pretrain_img"),
        ({"use_pretrained": 1}, "use_pretrained"),
        ({"weights": True}, "weights"),
        ({"load_weights": True}, "load_weights"),
        ({"use_imagenet_weights": 1}, "use_imagenet_weights"),
        ({"load_ckpt": True}, "load_ckpt"),
        ({"cache_dir": "/tmp"}, "cache_dir"),
        ({"weights": "DEFAULT"}, "weights"),
        ({"weights_backbone": "IMAGENET1K_V1"}, "weights_backbone"),
        ({"model_weights": ["a", "b"]}, "model_weights"),
        ({"init_ckpt": "a"}, "init_ckpt"),
        ({"load_from": "a"}, "load_from"),
        ({"resume": "a"}, "resume"),
        # whatever counts as true, for timm
        ({"pretrained": 2}, "pretrained"),
        ({"pretrained": -0.5}, "pretrained"),
        ({"pretrained": [0]}, "pretrained"),
        ({"pretrained": [{"depth": 1}]}, "pretrained"),
        # names in other spellings
        ({"pretrainedWeights": "x"}, "pretrainedWeights"),
        ({"checkpointPath": "x"}, "checkpointPath"),
        ({"stateDict": "x"}, "stateDict"),
        ({"loadFrom": "x"}, "loadFrom"),
        ({"pretrained ": True}, "pretrained "),
        ({"backbone.pretrained": True}, "backbone.pretrained"),
        ({"net/checkpoint": "x"}, "net/checkpoint"),
        ({"weight": "x"}, "weight"),
        ({"weight_file": "x"}, "weight_file"),
        ({"model_path": "x"}, "model_path"),
        ({"url": "example.org/x"}, "url"),
        ({"filename": "x"}, "filename"),
        ({"restore_from": "x"}, "restore_from"),
        ({"hub_id": "x/y"}, "hub_id"),
        ({"repo_id": "x/y"}, "repo_id"),
        ({"finetune": "x"}, "finetune"),
        ({"load": True}, "load"),
        ({"download": True}, "download"),
        ({"weights": {"source": "x"}}, "weights"),
        ({"checkpoint": [{"name": "x"}]}, "checkpoint"),
        # by what they hold, whatever their name
        ({"start": "torchvision://resnet50"}, "start"),
        ({"start": "hf://x/y"}, "start"),
        ({"start": " https://example.org/w"}, "start"),
        ({"start": "file:w"}, "start"),
        ({"start": " hf-hub:timm/resnet18"}, "start"),
        ({"start": "w.pth.gz"}, "start"),
        ({"start": "w.pth?download=1"}, "start"),
        ({"start": "w.torchscript"}, "start"),
        ({"start": "/data/vgg"}, "start"),
        ({"start": "~/vgg"}, "start"),
        ({"start": "../vgg"}, "start"),
        ({"init_weights": "/data/vgg"}, "init_weights"),
        ({"start": "nets/train.PTH"}, "start"),
        ({"start": "w.safetensors "}, "start"),
        ({"start": ["x", "w.npz"]}, "start"),
        ({"start": [["x", ["vgg.mat"]]]}, "start"),
        ({"start": "yolo.weights"}, "start"),
        ({"start": "https://example.org/w"}, "start"),
        ({"model": "hf-hub:timm/resnet18"}, "model"),
        ({"model": "HF_HUB:timm/resnet18"}, "model"),
        ({"model": "local-dir:nets"}, "model"),
        # inside others
        ({"backbone": {"depth": 2, "checkpoint_path": "a"}}, "backbone.checkpoint_path"),
        ({"parts": [{"depth": 1}, {"pretrained": True}]}, "parts[1].pretrained"),
        ({"parts": [[{"a": {"start": "w.pt"}}]]}, "parts[0][0].a.start"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("of_timm", [True, False])
def test_what_loads_weights_is_refused_by_name(given, at, of_timm):
    with pytest.raises(CatsightError) as raised:
        arguments.check(given, "config: encoders.mine", of_timm=of_timm)
    said = str(raised.value)
    assert said.startswith(f"config: encoders.mine.args.{at} is '")
    assert "name the weights in the encoder's `weights`" in said and "\n" not in said


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"pretrained": False},
        {"pretrained": None, "checkpoint_path": "", "pretrained_cfg": {}, "weights": None},
        {"pretrained_window_sizes": [12, 12, 12, 6], "pretrained_window_size": 12},
        {"grad_checkpointing": True, "use_checkpoint": True},  # memory in training
        {"weight_init": "jax", "init_weights": "xavier", "tie_weights": True},
        {"weights_init": "kaiming", "init_weights": True, "weight_decay": 1},
        {"loss_weights": [1, 2], "weights": 3},
        {"img_size": 96, "depth": 2, "act_layer": "gelu", "global_pool": "avg"},
        {"name": "resnet50.tv_in1k", "note": "a: b", "blocks": [{"depth": 2}]},
        {"in_chans": 3},
        {"drop_path": 0.1, "load_balancing": "mean", "class_weights": {"cat": 1, "dog": 2}},
        {"weights": {"a": 0.5}, "pretrained": 0, "reload": True, "pathway": "slow", "ratio": "1/4"},
        {"initWeights": "xavier", "weightInit": "jax", "useCheckpoint": True},
        {"pretrained": [], "checkpoint": {}, "file": "", "norm": "torch.nn.LayerNorm", "size": "~"},
    ],
)
@pytest.mark.parametrize("of_timm", [True, False])
def test_what_does_not_is_left_alone(given, of_timm):
    arguments.check(given, "x", of_timm=of_timm)


def test_timms_networks_see_three_channels():
    for channels in (1, 4, "3"):
        with pytest.raises(CatsightError) as raised:
            arguments.check({"in_chans": channels}, "config: encoders.grey", of_timm=True)
        assert str(raised.value) == (
            f"config: encoders.grey.args.in_chans is {channels!r}, but views have three channels (R, G, B); remove it"
        )  # fmt: skip
        arguments.check({"in_chans": channels}, "x", of_timm=False)  # a factory's own argument


@pytest.mark.parametrize(
    ("extra", "at"),
    [({"checkpoint_path": "w.pth"}, "checkpoint_path"), ({"in_chans": 1}, "in_chans")],
)
def test_a_study_has_no_spec_of_such_an_encoder(extra, at):
    """Nor does it begin; its other encoders can be run by hand."""
    encoders = {"good": ENTRY, "bad": {**ENTRY, "args": {"depth": 1, **extra}}}
    study = Study({**STUDY, "encoders": encoders})
    for job in ("weights", "features"):
        study.spec(job, "good")
        with pytest.raises(CatsightError, match=rf"^config: encoders\.bad\.args\.{at} is "):
            study.spec(job, "bad")
    with pytest.raises(CatsightError, match=rf"^config: encoders\.bad\.args\.{at} is "):
        _ = study.input_files


def test_a_study_that_names_a_pickle_says_what_to_type(tmp_path, monkeypatch):
    import torch

    monkeypatch.chdir(tmp_path)
    torch.save({"a": torch.ones(1)}, "net.pth")
    torch.save({"a": torch.ones(1)}, "old.pt", _use_new_zipfile_serialization=False)
    for path, target in (("net.pth", "net"), ("old.pt", "old")):
        weights = {"source": "file", "path": path}
        entry = {**ENTRY, "training": "supervised", "weights": weights}
        study = Study({**STUDY, "encoders": {"mine": entry}})
        with pytest.raises(CatsightError) as raised:
            _ = study.input_files
        command = f"`catsight features convert {path} -o {target}.safetensors --encoder mine`"
        assert command in str(raised.value)
        assert str(raised.value).startswith(
            f"config: encoders.mine.weights.path is '{path}', a checkpoint"
        )
    # a safetensors file may have any name, and a missing one is Snakemake's to report
    (tmp_path / "net.pth").write_bytes(b"\x80\2" + bytes(6) + b"{}")
    (tmp_path / "old.pt").unlink()
    assert study.input_files
    entry["weights"]["path"] = "net.pth"
    assert Study({**STUDY, "encoders": {"mine": entry}}).input_files
