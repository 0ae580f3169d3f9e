import json
import subprocess
import sys

import numpy as np
import pytest

from catsight import CatsightError, tables
from catsight.__main__ import main
from catsight.features import command, encoders, layers
from catsight.features.encoders import create
from catsight.features.weights import random_state
from catsight.pictures import encode_png


def full_activations(model, names, x):
    import torch

    kept = {}
    modules = dict(model.named_modules())
    handles = [
        modules[name].register_forward_hook(lambda m, i, o, name=name: kept.__setitem__(name, o.clone()))
        for name in names
    ]
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
        ("vit_base_patch16_siglip_224", {"img_size": 64, "depth": 2}, "blocks.*", 2, 0, "NLC"),
        ("swin_tiny_patch4_window7_224", {"img_size": 64, "window_size": 4}, "layers.*.blocks.*", 12, 0, "NHWC"),
        ("test_efficientnet", {}, "blocks.*.*", None, 0, "NCHW"),
        ("resnet18", {}, "layer*.*", 8, 0, "NCHW"),
    ],
)
def test_pooled_vectors_are_those_of_the_full_activation(noise, name, arguments, pattern, count, prefix, kind):
    import torch

    x = torch.nn.functional.interpolate(noise, size=arguments.get("img_size", 64))
    model = create(name, arguments).eval()
    blocks = layers.find_blocks(model, pattern)
    assert count is None or len(blocks) == count
    found = layers.pooled_features(model, blocks, x, ["cls", "mean"])
    full = full_activations(model, blocks, x)
    for block, output in full.items():
        if kind == "NLC":
            assert output.ndim == 3
            mean = output[:, prefix:].mean(1)
            assert (f"{block}/cls" in found) == (prefix > 0)
            if prefix:
                torch.testing.assert_close(found[f"{block}/cls"], output[:, 0])
        else:
            assert output.ndim == 4 and f"{block}/cls" not in found
            mean = output.mean((1, 2)) if kind == "NHWC" else output.mean((2, 3))
        torch.testing.assert_close(found[f"{block}/mean"], mean)
    # in network order
    assert list(dict.fromkeys(column.rpartition("/")[0] for column in found)) == list(blocks)


def test_hooks_are_gone_even_after_an_error(noise):
    model = create("test_vit", {"img_size": 64}).eval()
    blocks = layers.find_blocks(model, "blocks.*")
    with pytest.raises(RuntimeError):
        layers.pooled_features(model, blocks, noise[:, :1], ["mean"])
    layers.pooled_features(model, blocks, noise, ["mean"])
    assert not any(module._forward_hooks for module in model.modules())


def test_patterns():
    model = create("test_vit", {"img_size": 64})
    assert list(layers.find_blocks(model, "blocks.[0-1]")) == ["blocks.0", "blocks.1"]
    with pytest.raises(CatsightError, match=r"no layer is called 'block\.\*' in VisionTransformer; there are .*blocks"):
        layers.find_blocks(model, "block.*")


def test_an_output_of_unknown_layout_is_refused():
    import torch

    model = create("test_vit", {"img_size": 64})
    with pytest.raises(CatsightError, match="no square maps"):
        layers.pool(torch.zeros(2, 8, 8, 16), model, ["mean"], "x")  # NHWC from a model that does not say so
    with pytest.raises(CatsightError, match=r"x gives \(2, 8\)"):
        layers.pool(torch.zeros(2, 8), model, ["mean"], "x")
    with pytest.raises(CatsightError, match="x gives tuple"):
        layers.pool((1, 2), model, ["mean"], "x")


def test_preprocessing_is_timms_with_overrides():
    model = create("tf_efficientnet_lite0", {})
    steps = encoders.preprocessing(model, {})
    assert steps["mean"] == [0.5] * 3 and steps["std"] == [0.5] * 3
    assert (steps["size"], steps["crop"], steps["interpolation"]) == (224, 0.875, "bicubic")
    assert encoders.preprocessing(model, {"size": 192})["size"] == 192
    # DINO's tag does not have the default tag's mean
    assert encoders.preprocessing(create("vit_base_patch16_224.dino", {}), {})["mean"] != [0.5] * 3


# -- the command ------------------------------------------------------------------------------------------------------

SPEC = {
    "encoder": {"timm": "test_vit", "layers": "blocks.*"},
    "pooling": ["cls", "mean"], "precision": "fp32", "device": "cpu", "batch": 4, "map_size": 2, "code": "0", "versions": {},
}  # fmt: skip


def pictures(n, seed=0):
    rng = np.random.default_rng(seed)
    for i in range(n):
        size = int(rng.integers(120, 200))
        yield {
            "frame_id": f"f{i}",
            "image": {"bytes": encode_png(rng.integers(0, 256, (size, size + 9 * (i % 2), 3), dtype=np.uint8))},
        }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extract")
    tables.write(folder / "human.parquet", list(pictures(10)), tables.VIEWS, {})
    tables.write(folder / "cat.parquet", list(pictures(10, 1)), tables.VIEWS, {})
    tables.write(folder / "empty.parquet", [], tables.VIEWS, {})
    spec = {"timm": "test_vit", "weights": {"source": "random", "seed": 0}}
    assert (
        main(
            [
                "features",
                "weights",
                "--spec",
                json.dumps(spec),
                "--store",
                str(folder / "s"),
                "--output",
                str(folder / "vit.safetensors"),
            ]
        )
        == 0
    )
    return folder


def extract(folder, views, out, spec=SPEC, threads=2, store="store"):
    out.mkdir(exist_ok=True)
    outputs = [out / f"{view}.parquet" for view in views]
    arguments = [
        "features",
        "extract",
        "--spec",
        json.dumps(spec),
        "--store",
        str(out / store),
        "--threads",
        str(threads),
    ]
    arguments += [
        "--weights",
        str(folder / "vit.safetensors"),
        "--views",
        *(str(folder / f"{view}.parquet") for view in views),
    ]
    code = main([*arguments, "--output", *map(str, outputs)])
    return code, arguments, outputs


def vectors(path):
    table = tables.read(path)
    return {name: np.stack(table[name].to_numpy()) for name in table.column_names[1:]}


def test_features_are_what_the_network_gives(folder, tmp_path):
    import torch
    from PIL import Image

    code, _, (human, _) = extract(folder, ["human", "cat"], tmp_path / "out")
    assert code == 0
    table = tables.read(human)
    assert table["frame_id"].to_pylist() == [f"f{i}" for i in range(10)]
    assert table.column_names[1:] == [f"blocks.{i}/{pooling}" for i in range(6) for pooling in ("cls", "mean")]
    model = create("test_vit", {}).eval()
    model.load_state_dict(random_state({"timm": "test_vit"}, 0))
    prepare = encoders.transform(encoders.preprocessing(model, {}))
    import io

    batch = [Image.open(io.BytesIO(row["image"]["bytes"])) for row in tables.read(folder / "human.parquet").to_pylist()]
    full = full_activations(model, ["blocks.5"], torch.stack([prepare(picture) for picture in batch]))["blocks.5"]
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


def test_second_time_is_answered_without_torch(folder, tmp_path, capfd):
    _, arguments, outputs = extract(folder, ["human", "cat"], tmp_path / "out")
    assert capfd.readouterr().err.count("store: computed") == 2
    code = (
        "import sys; from catsight.__main__ import main; assert main(sys.argv[1:]) == 0;"
        "assert not {'torch', 'timm', 'torchvision'} & set(sys.modules), 'imported'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--output", *map(str, outputs)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("store: hit") == 2


def test_only_what_is_due_is_computed(folder, tmp_path, capfd):
    extract(folder, ["human"], tmp_path / "out")
    capfd.readouterr()
    extract(folder, ["human", "cat"], tmp_path / "out")
    said = capfd.readouterr().err
    assert "hit" in said.split("human.parquet")[0] and said.count("computed") == 1


@pytest.mark.parametrize(
    "change", [{"pooling": ["cls"]}, {"encoder": {**SPEC["encoder"], "layers": "blocks.0"}},
               {"encoder": {**SPEC["encoder"], "preprocessing": {"crop": 0.8}}}, {"versions": {"timm": "2"}}]
)  # fmt: skip
def test_a_change_of_the_spec_gives_another_address(folder, tmp_path, capfd, change):
    extract(folder, ["human"], tmp_path / "out")
    extract(folder, ["human"], tmp_path / "out", {**SPEC, **change})
    assert capfd.readouterr().err.count("store: computed") == 2


def test_an_empty_shard(folder, tmp_path):
    code, _, (human, empty) = extract(folder, ["human", "empty"], tmp_path / "out")
    assert code == 0
    assert tables.read(empty).num_rows == 0 and tables.read(empty).schema.equals(tables.read(human).schema)


def test_what_is_not_finite_is_named():
    schema = tables.features_schema({"blocks.1/mean": 2})
    with pytest.raises(CatsightError, match=r"vit: blocks\.1/mean of frame 'b' is not finite"):
        command._batch(["a", "b"], {"blocks.1/mean": np.array([[0, 1], [np.nan, 0]], np.float32)}, schema, "vit")


def test_a_gpu_that_is_not_there_is_an_error(folder, tmp_path, capfd):
    import torch

    absent = f"cuda:{torch.cuda.device_count()}"
    assert extract(folder, ["human"], tmp_path / "out", {**SPEC, "device": absent})[0] == 1
    assert f"features.device is '{absent}', but torch sees" in capfd.readouterr().err


def test_damaged_weights_are_refused(folder, tmp_path, capfd):
    data = bytearray((folder / "vit.safetensors").read_bytes())
    data[-9] ^= 0xFF
    (tmp_path / "vit.safetensors").write_bytes(data)
    for name in ("human.parquet",):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    assert extract(tmp_path, ["human"], tmp_path / "out")[0] == 1
    assert "vit.safetensors is damaged" in capfd.readouterr().err
