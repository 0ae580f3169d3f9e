"""Features: layers, poolings, preprocessing, and the command that extracts them."""

import subprocess
import sys

import numpy as np
import pytest

from catsight import tables
from catsight.features import encoders, forward, layers
from catsight.features.drawn import random_state
from catsight.features.encoders import create
from catsight.tables.columns.views import VIEWS
from support.tiny_extraction import SPEC, bring_weights, extract, pictures, vectors


def full_activations(model, names, x):
    import torch

    kept = {}
    modules = dict(model.named_modules())

    def keep(name):
        # a TNT block returns two outputs; the second holds the patches
        return lambda m, i, o: kept.__setitem__(name, (o[1] if isinstance(o, tuple) else o).clone())

    handles = [modules[name].register_forward_hook(keep(name)) for name in names]
    with torch.inference_mode():
        model.forward_features(x)
    for handle in handles:
        handle.remove()
    return kept


@pytest.mark.parametrize(
    ("name", "arguments", "pattern", "count", "prefix", "kind"),
    [
        ("test_vit", {"img_size": 64}, "blocks.*", 6, 1, "NLC"),
        ("vit_small_patch14_reg4_dinov2", {"img_size": 56, "depth": 3}, "blocks.*", 3, 5, "NLC"),
        ("vit_small_patch16_dinov3", {"depth": 2}, "blocks.*", 2, 5, "NLC"),
        ("deit_tiny_distilled_patch16_224", {"img_size": 64, "depth": 2}, "blocks.*", 2, 2, "NLC"),
        ("vit_base_patch16_siglip_224", {"img_size": 64, "depth": 2}, "blocks.*", 2, 0, "NLC"),
        ("tnt_s_patch16_224", {"img_size": 64, "depth": 2}, "blocks.*", 2, 1, "NLC"),
        (
            "swin_tiny_patch4_window7_224",
            {"img_size": 64, "window_size": 4},
            "layers.*.blocks.*",
            12,
            0,
            "NHWC",
        ),
        (
            "swinv2_tiny_window8_256",
            {"img_size": 64, "window_size": 2},
            "layers.*.blocks.*",
            12,
            0,
            "NHWC",
        ),
        ("poolformer_s12", {}, "stages.*.blocks.*", 12, 0, "NCHW"),
        ("densenet121", {}, "features.denseblock*.denselayer*", 58, 0, "NCHW"),
        ("vgg11", {}, ["features.1", "features.4", "features.7"], 3, 0, "NCHW"),
        ("convnext_atto", {}, "stages.*.blocks.*", 12, 0, "NCHW"),
        ("test_efficientnet", {}, "blocks.*.*", None, 0, "NCHW"),
        ("resnet18", {}, "layer*.*", 8, 0, "NCHW"),
    ],
)
def test_pooled_vectors_are_those_of_the_full_activation(
    noise, name, arguments, pattern, count, prefix, kind
):
    import torch

    x = torch.nn.functional.interpolate(noise, size=arguments.get("img_size", 64))
    model = create(name, arguments).eval()
    blocks = layers.find_blocks(model, pattern)
    assert count is None or len(blocks) == count
    output = 1 if name.startswith("tnt") else None
    found = layers.pooled_features(
        model, blocks, x, ["cls", "mean", "map"], map_size=2, output=output
    )
    full = full_activations(model, blocks, x)
    for block, given in full.items():
        if kind == "NLC":
            assert given.ndim == 3
            places = given[:, prefix:]
            side = round(places.shape[1] ** 0.5)
            maps = places.reshape(len(x), side, side, -1)  # row by row
            assert (f"{block}/cls" in found) == (prefix > 0)
            if prefix:
                torch.testing.assert_close(found[f"{block}/cls"], given[:, 0])
        else:
            assert given.ndim == 4 and f"{block}/cls" not in found
            maps = given if kind == "NHWC" else given.permute(0, 2, 3, 1)
        torch.testing.assert_close(found[f"{block}/mean"], maps.mean((1, 2)), rtol=1e-4, atol=1e-5)
        side = maps.shape[1]
        if side % 2 == 0:  # computed by hand: the means of the four quarters
            half = side // 2
            quarters = [
                maps[:, y : y + half, x : x + half].mean((1, 2))
                for y in (0, half)
                for x in (0, half)
            ]
            wanted = torch.stack(quarters, dim=2).flatten(1)
            torch.testing.assert_close(found[f"{block}/map"], wanted, rtol=1e-4, atol=1e-5)
        elif side == 1:
            torch.testing.assert_close(found[f"{block}/map"], maps[:, 0, 0])
    # in network order
    assert list(dict.fromkeys(column.rpartition("/")[0] for column in found)) == list(blocks)


def test_hooks_are_gone_even_after_an_error(noise):
    model = create("test_vit", {"img_size": 64}).eval()
    blocks = layers.find_blocks(model, "blocks.*")
    with pytest.raises(RuntimeError):
        layers.pooled_features(model, blocks, noise[:, :1], ["mean"])
    layers.pooled_features(model, blocks, noise, ["mean"])
    assert not any(module._forward_hooks for module in model.modules())


def test_preprocessing_is_timms_with_overrides():
    model = create("tf_efficientnet_lite0", {})
    steps = encoders.preprocessing(model, {})
    assert steps["mean"] == [0.5] * 3 and steps["std"] == [0.5] * 3
    assert (steps["size"], steps["crop"], steps["interpolation"]) == (224, 0.875, "bicubic")
    assert encoders.preprocessing(model, {"size": 192})["size"] == 192
    # another tag (DINO), another mean
    assert encoders.preprocessing(create("vit_base_patch16_224.dino", {}), {})["mean"] != [0.5] * 3


# -- the command -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extract")
    tables.write(folder / "human.parquet", list(pictures(5)), VIEWS, {})
    tables.write(folder / "cat.parquet", list(pictures(5, 1)), VIEWS, {})
    tables.write(folder / "empty.parquet", [], VIEWS, {})
    bring_weights(folder, {"timm": "test_vit", "weights": {"source": "random", "seed": 0}})
    return folder


def test_features_are_what_the_network_gives(folder, tmp_path):
    import torch
    from PIL import Image

    code, _, (human, _) = extract(folder, ["human", "cat"], tmp_path / "out")
    assert code == 0
    table = tables.read(human)
    assert table["frame_id"].to_pylist() == [f"f{i}" for i in range(5)]
    assert table.column_names[1:] == [
        f"blocks.{i}/{pooling}" for i in range(6) for pooling in ("cls", "mean")
    ]
    model = create("test_vit", {}).eval()
    model.load_state_dict(random_state({"timm": "test_vit"}, 0))
    prepare = encoders.transform(encoders.preprocessing(model, {}))
    import io

    batch = [
        Image.open(io.BytesIO(row["image"]["bytes"]))
        for row in tables.read(folder / "human.parquet").to_pylist()
    ]
    full = full_activations(
        model, ["blocks.5"], torch.stack([prepare(picture) for picture in batch])
    )["blocks.5"]
    np.testing.assert_allclose(vectors(human)["blocks.5/cls"], full[:, 0], rtol=1e-4, atol=1e-5)
    about = tables.provenance(human)
    assert about["preprocessing"]["size"] == 160 and about["weights"]["untrained"] is True
    assert about["layers"] == [f"blocks.{i}" for i in range(6)] and about["device"] == "cpu"


def test_two_runs_are_bit_identical_and_batches_and_threads_nearly_so(folder, tmp_path):
    digests = []
    for name in ("one", "two"):
        _, _, (human,) = extract(folder, ["human"], tmp_path / name)
        digests.append(tables.content(human))
    assert digests[0] == digests[1]
    _, _, (other,) = extract(folder, ["human"], tmp_path / "other", {**SPEC, "batch": 3}, threads=1)
    for name, vector in vectors(other).items():
        wanted = vectors(tmp_path / "one" / "human.parquet")[name]
        np.testing.assert_allclose(vector, wanted, atol=1e-5 * np.abs(wanted).max())


def test_the_second_run_does_not_import_torch(folder, tmp_path, capfd):
    _, arguments, outputs = extract(folder, ["human", "cat"], tmp_path / "out")
    assert capfd.readouterr().err.count("store: computed") == 2
    code = (
        "import sys; from catsight.__main__ import main; assert main(sys.argv[1:]) == 0;"
        "assert not {'torch', 'timm', 'torchvision'} & set(sys.modules), 'imported'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--output", *map(str, outputs)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("store: hit") == 2


def test_only_missing_tables_are_computed(folder, tmp_path, capfd):
    extract(folder, ["human"], tmp_path / "out")
    capfd.readouterr()
    extract(folder, ["human", "cat"], tmp_path / "out")
    said = capfd.readouterr().err
    assert "hit" in said.split("human.parquet")[0] and said.count("computed") == 1


def test_an_empty_shard(folder, tmp_path):
    code, _, (human, empty) = extract(folder, ["human", "empty"], tmp_path / "out")
    assert code == 0
    assert tables.read(empty).num_rows == 0 and tables.read(empty).schema.equals(
        tables.read(human).schema
    )


def test_an_absent_gpu_is_an_error(folder, tmp_path, capfd):
    import torch

    absent = f"cuda:{torch.cuda.device_count()}"
    assert extract(folder, ["human"], tmp_path / "out", {**SPEC, "device": absent})[0] == 1
    assert f"features.device is '{absent}', but torch sees" in capfd.readouterr().err


def test_a_gpu_that_torch_does_not_see_is_reported(monkeypatch, capfd):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert forward.choose_device("auto").type == "cpu"
    assert (
        "CUDA_VISIBLE_DEVICES is 0, but torch sees no GPU; computing on the CPU"
        in capfd.readouterr().err
    )
    for none in ("", "-1"):  # this hides all GPUs
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", none)
        assert forward.choose_device("auto").type == "cpu" and not capfd.readouterr().err


def test_low_precision_costs_as_many_digits_as_it_should(folder, tmp_path):
    """bf16 keeps 8 bits of a number, fp16 11. The features differ from those of fp32 by about that
    much, and they do differ.
    """
    spec = {**SPEC, "pooling": ["cls", "map", "mean"]}
    _, _, (exact,) = extract(folder, ["human"], tmp_path / "fp32", spec)
    wanted = vectors(exact)
    for precision, low, high in (("bf16", 1e-4, 3e-2), ("fp16", 1e-5, 4e-3)):
        _, _, (path,) = extract(
            folder, ["human"], tmp_path / precision, {**spec, "precision": precision}
        )
        assert tables.read(path).schema.equals(tables.read(exact).schema)
        assert tables.provenance(path)["precision"] == precision
        for name, vector in vectors(path).items():
            error = np.linalg.norm(vector - wanted[name]) / np.linalg.norm(wanted[name])
            assert low < error < high, (precision, name)


def test_damaged_weights_are_refused(folder, tmp_path, capfd):
    data = bytearray((folder / "vit.safetensors").read_bytes())
    data[-9] ^= 0xFF
    (tmp_path / "vit.safetensors").write_bytes(data)
    for name in ("human.parquet",):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    assert extract(tmp_path, ["human"], tmp_path / "out")[0] == 1
    assert "vit.safetensors is damaged" in capfd.readouterr().err


def test_answers_are_the_last_column_and_those_of_the_model_by_hand(tmp_path):
    """Of a tiny network with its head, from the table that the command writes."""
    import io

    import timm
    import torch
    from PIL import Image

    rows = list(pictures(6))
    tables.write(tmp_path / "cat.parquet", rows, VIEWS, {})
    bring_weights(tmp_path, {"timm": "test_vit", "weights": {"source": "random", "seed": 3}})
    spec = {**SPEC, "encoder": {**SPEC["encoder"], "classes": 1000}}
    status, _, (path,) = extract(tmp_path, ["cat"], tmp_path / "with", spec)
    assert status == 0 and tables.schema(path).names[-1] == "head/logits"
    _, _, (plain,) = extract(tmp_path, ["cat"], tmp_path / "without")
    found, before = vectors(path), vectors(plain)
    assert list(found) == [*before, "head/logits"]
    for column, values in before.items():
        np.testing.assert_array_equal(found[column], values)
    about = tables.provenance(path)
    assert about["layers"] == tables.provenance(plain)["layers"]

    model = timm.create_model("test_vit", checkpoint_path=str(tmp_path / "vit.safetensors")).eval()
    transform = encoders.transform(encoders.preprocessing(model, {}))
    images = [Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB") for row in rows]
    with torch.inference_mode():
        wanted = model(torch.stack([transform(image) for image in images])).numpy()
    np.testing.assert_allclose(found["head/logits"], wanted, atol=1e-5)


def test_a_head_of_another_size_is_said_before_anything_is_computed(tmp_path, capsys):
    tables.write(tmp_path / "cat.parquet", list(pictures(2)), VIEWS, {})
    given = {"timm": "test_vit", "args": {"num_classes": 7}}
    bring_weights(tmp_path, {**given, "weights": {"source": "random", "seed": 3}})
    spec = {**SPEC, "encoder": {**SPEC["encoder"], **given, "classes": 1000}}
    status, _, (path,) = extract(tmp_path, ["cat"], tmp_path / "out", spec)
    assert status == 1 and not path.exists()
    (line,) = (one for one in capsys.readouterr().err.splitlines() if "error" in one)
    assert "the encoder's `classes` names 1000 classes, but its network gives 7 numbers" in line
