"""The forward pass against networks whose outputs are known by hand."""

import io
import os
import sys
import weakref

import numpy as np
import pytest
from PIL import Image

from catsight import CatsightError, tables
from catsight.features import encoders, forward, layers, safe
from catsight.features.forward import Encoder
from catsight.inputs.pictures import encode_png
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.views import VIEWS

#: ImageNet's mean and standard deviation, which differ from each other and between the channels.
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
#: Pictures are resized to 16 px, of which the middle 14 are kept.
STEPS = {
    "size": 14, "crop": 0.875, "crop_mode": "center", "interpolation": "bilinear", "mean": MEAN, "std": STD,
}  # fmt: skip


def spec(net="Pixels", layer="pixels", **more):
    encoder = {"factory": f"support.hand_made_nets:{net}", "layers": layer}
    encoder |= {"preprocessing": STEPS} | more.pop("encoder", {})
    return {
        "encoder": encoder, "pooling": ["mean"], "map_size": 14, "precision": "fp32", "device": "cpu", "batch": 4,
        "channels_last": False, "code": "0", "versions": {}, **more,
    }  # fmt: skip


@pytest.fixture
def encoder(tmp_path):
    """A function that makes an encoder of a spec, with its initial weights or others."""

    def make(of, state=None, threads=1):
        path = tmp_path / "net.safetensors"
        safe.write(path, state or encoders.make(of["encoder"]).state_dict(), {})
        return Encoder(of, path, threads)

    return make


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def view(folder, pictures):
    rows = [
        {"frame_id": f"f{i}", "image": {"bytes": encode_png(one)}} for i, one in enumerate(pictures)
    ]
    tables.write(folder / "view.parquet", rows, VIEWS, {})
    return folder / "view.parquet"


def maps(encoder, folder, pictures):
    """What the network was given, (n, 3, 14, 14), through a table of views."""
    (batch,) = encoder.features(view(folder, pictures))
    assert batch[0] == [f"f{i}" for i in range(len(pictures))]
    return batch[1]["pixels/map"].reshape(-1, 3, 14, 14)


def normalised(pixels, mean=MEAN, std=STD):
    """uint8 (h, w, 3) as (3, h, w), by hand."""
    return ((pixels / 255 - mean) / std).transpose(2, 0, 1)


# -- preprocessing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("height", "width", "top", "left"), [(16, 16, 1, 1), (16, 20, 1, 3), (22, 16, 4, 1)]
)
def test_a_picture_is_cropped_in_the_middle_and_normalised(
    encoder, tmp_path, height, width, top, left
):
    """Its shorter side has the size that it is resized to, so the tensor is made by hand."""
    given = picture(height, width)
    found = maps(encoder(spec(pooling=["map"])), tmp_path, [given])[0]
    wanted = normalised(given[top : top + 14, left : left + 14])
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_a_picture_is_resampled_as_its_encoder_says(encoder, tmp_path, interpolation):
    given = picture(48, 48)
    of = spec(pooling=["map"], encoder={"preprocessing": {**STEPS, "interpolation": interpolation}})
    found = maps(encoder(of), tmp_path, [given])[0]
    smaller = Image.fromarray(given).resize((16, 16), Image.Resampling[interpolation.upper()])
    np.testing.assert_allclose(found, normalised(np.asarray(smaller)[1:15, 1:15]), atol=1e-5)


@pytest.mark.parametrize(
    ("key", "value"),
    [("size", 8), ("crop", 0.7), ("interpolation", "bicubic"), ("mean", STD), ("std", MEAN)],
)
def test_preprocessing_is_what_the_model_states_and_the_study_overrides(key, value):
    about = {
        "input_size": (3, 15, 14), "crop_pct": 0.875, "crop_mode": "squash", "interpolation": "bilinear",
        "mean": tuple(MEAN), "std": tuple(STD),
    }  # fmt: skip
    model = encoders.make({"factory": "support.hand_made_nets:Pixels", "args": {"about": about}})
    stated = {**STEPS, "crop_mode": "squash"}
    assert encoders.preprocessing(model, {}) == stated
    assert encoders.preprocessing(model, {key: value}) == {**stated, key: value}


def test_a_squashed_picture_keeps_both_of_its_sides(encoder, tmp_path):
    given = picture(16, 20)
    of = spec(pooling=["map"], encoder={"preprocessing": {**STEPS, "crop_mode": "squash"}})
    found = maps(encoder(of), tmp_path, [given])[0]
    squashed = Image.fromarray(given).resize((16, 16), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(found, normalised(np.asarray(squashed)[1:15, 1:15]), atol=1e-5)


def test_grey_pictures_and_those_with_alpha_become_rgb(encoder, tmp_path):
    grey = picture(16, 16)[:, :, 0]
    rows = []
    for i, mode in enumerate(("L", "RGBA")):
        buffer = io.BytesIO()
        Image.fromarray(grey).convert(mode).save(buffer, "PNG")
        rows.append({"frame_id": f"f{i}", "image": {"bytes": buffer.getvalue()}})
    tables.write(tmp_path / "view.parquet", rows, VIEWS, {})
    ((_, found),) = encoder(spec(pooling=["map"])).features(tmp_path / "view.parquet")
    wanted = normalised(np.repeat(grey[1:15, 1:15, None], 3, axis=2))
    for vector in found["pixels/map"]:
        np.testing.assert_allclose(vector.reshape(3, 14, 14), wanted, atol=1e-5)


def test_a_model_that_states_nothing_needs_size_mean_and_std():
    model = encoders.make({"factory": "support.hand_made_nets:Pixels"})
    given = {key: STEPS[key] for key in ("size", "mean", "std")}
    assert encoders.preprocessing(model, given)["size"] == 14
    for missing in given:
        with pytest.raises(CatsightError) as raised:
            encoders.preprocessing(model, {key: given[key] for key in given if key != missing})
        assert str(raised.value) == (
            "Pixels does not say what preprocessing it needs; the encoder's `preprocessing` must "
            f"state {missing}"
        )


# -- the network -----------------------------------------------------------------------------------


def test_the_network_runs_as_trained_not_as_in_training(encoder):
    """Batch norm takes the weights' own statistics, and nothing is dropped."""
    import torch

    state = {
        "norm.weight": torch.tensor([1.0, 2, 3]), "norm.bias": torch.tensor([0.0, 1, 2]),
        "norm.running_mean": torch.tensor([1.0, 2, 3]), "norm.running_var": torch.tensor([0.75, 3.75, 8.75]),
        "norm.num_batches_tracked": torch.tensor(9),
    }  # fmt: skip
    found = encoder(spec("Restless", "drop"), state)
    constant = torch.tensor([3.0, 6, 12])[:, None, None].expand(3, 14, 14)
    other = torch.zeros(3, 14, 14)
    # (x - mean) / sqrt(var + 0.25) * weight + bias: (3 - 1) / 1, (6 - 2) / 2 * 2 + 1, ...
    for batch in ([constant], [constant, other]):
        vectors = found.run(batch)["drop/mean"]
        np.testing.assert_allclose(vectors[0], [2, 5, 11], rtol=1e-6)
    assert not any(parameter.requires_grad for parameter in found.model.parameters())


def test_the_weights_are_those_of_the_file(encoder):
    import torch

    one = torch.full((3, 14, 14), 5.0)
    found = encoder(spec(), {"scale": torch.tensor([3.0])})
    np.testing.assert_array_equal(found.run([one])["pixels/mean"], [[15, 15, 15]])


def test_layers_come_in_the_order_in_which_they_run(encoder):
    import torch

    one = torch.zeros(3, 14, 14)
    found = encoder(spec("Crossed", ["first", "second"], pooling=["mean", "map"], map_size=1))
    vectors = found.run([one])
    assert list(vectors) == ["second/mean", "second/map", "first/mean", "first/map"]
    assert found.about["layers"] == ["second", "first"]
    assert found.schema == features_schema(dict.fromkeys(vectors, 3))
    assert (vectors["second/mean"] == 0).all() and (vectors["first/mean"] == 1).all()
    with pytest.raises(CatsightError) as raised:
        encoder(spec("Crossed", ["first", "idle"]))
    assert str(raised.value) == "the layer idle is never run; leave it out of the pattern"


@pytest.mark.parametrize(("output", "mean"), [(0, 2), (1, 12)])
def test_the_output_is_the_one_that_the_study_chooses(encoder, output, mean):
    import torch

    found = encoder(spec("Two", "split", encoder={"output": output}))
    assert (found.run([torch.full((3, 14, 14), 2.0)])["split/mean"] == mean).all()


def test_poolings_that_no_layer_has_are_refused(encoder):
    with pytest.raises(CatsightError) as raised:
        encoder(spec(pooling=["cls"]))
    assert str(raised.value) == "net has none of the poolings cls"
    assert list(encoder(spec(pooling=["cls", "mean"])).schema.names) == ["frame_id", "pixels/mean"]


def test_what_a_table_of_features_says_of_its_encoder(encoder):
    import torch

    found = encoder(spec(precision="fp16"), threads=2)
    assert found.about == {
        "preprocessing": STEPS, "layers": ["pixels"], "device": "cpu", "threads": 2, "precision": "fp16",
    }  # fmt: skip
    assert torch.get_num_threads() == 2


def test_beside_a_gpu_each_thread_that_decodes_uses_one_of_torch(encoder, tmp_path, monkeypatch):
    """More of them wait for each other; the thread that feeds the GPU keeps its own number."""
    import torch

    found, seen = encoder(spec(batch=1), threads=2), []
    monkeypatch.setattr(found, "device", torch.device("cuda"))
    monkeypatch.setattr(found, "_prepare", lambda png: seen.append(torch.get_num_threads()))
    monkeypatch.setattr(found, "run", lambda pictures: {})
    assert len(list(found.features(view(tmp_path, [picture(16, 16)] * 5)))) == 5
    assert seen == [1] * 5
    assert torch.get_num_threads() == 2


def test_memory_that_is_not_pinned_is_copied_before_it_is_let_go(encoder, monkeypatch):
    """Copies from pageable memory that nobody waits for are wrong on Apple's GPUs."""
    import torch

    found, copies, real = encoder(spec()), [], torch.Tensor.to
    monkeypatch.setattr(
        torch.Tensor, "to", lambda it, *where, **how: copies.append(how) or real(it, *where, **how)
    )
    found.run([torch.zeros(3, 14, 14)])
    assert copies and not any(how.get("non_blocking") for how in copies)


def test_frames_go_through_the_network_batch_by_batch(encoder, tmp_path):
    found = encoder(spec(batch=3))
    found.model.seen.clear()
    batches = list(found.features(view(tmp_path, [picture(16, 16, i) for i in range(7)])))
    assert [ids for ids, _ in batches] == [["f0", "f1", "f2"], ["f3", "f4", "f5"], ["f6"]]
    assert [len(one) for one in found.model.seen] == [3, 3, 1]
    for i in range(7):
        wanted = normalised(picture(16, 16, i)[1:15, 1:15]).mean((1, 2))
        np.testing.assert_allclose(batches[i // 3][1]["pixels/mean"][i % 3], wanted, atol=1e-5)


def test_on_a_gpu_pictures_are_decoded_ahead_and_come_in_order(encoder, tmp_path, monkeypatch):
    """A device that is no CPU, whose forward pass is left out here."""
    import torch

    found = encoder(spec(batch=2), threads=3)
    found.device = torch.device("meta")
    monkeypatch.setattr(found, "run", lambda pictures: [float(one.mean()) for one in pictures])
    pictures = [picture(16, 16, i) for i in range(5)]
    batches = list(found.features(view(tmp_path, pictures)))
    assert [ids for ids, _ in batches] == [["f0", "f1"], ["f2", "f3"], ["f4"]]
    means = [mean for _, some in batches for mean in some]
    np.testing.assert_allclose(
        means, [normalised(one[1:15, 1:15]).mean() for one in pictures], atol=1e-5
    )


@pytest.mark.parametrize("last", [True, False])
def test_a_pixels_channels_are_adjacent_if_the_spec_says_so(encoder, last):
    import torch

    found = encoder(spec("Mixed", "linear", channels_last=last))
    for tensor in (found.model.conv.weight, found.model.seen[-1]):
        assert tensor.is_contiguous(memory_format=torch.channels_last) == last


@pytest.mark.parametrize(("precision", "name"), [("bf16", "bfloat16"), ("fp16", "float16")])
def test_matrices_and_kernels_have_the_precision_and_norms_keep_theirs(encoder, precision, name):
    import torch

    found = encoder(spec("Mixed", "linear", precision=precision)).model
    low = getattr(torch, name)
    assert (found.conv.weight.dtype, found.linear.bias.dtype) == (low, low)
    assert found.norm.weight.dtype == torch.float32 and found.seen[-1].dtype == torch.float32
    exact = encoder(spec("Mixed", "linear")).model
    assert {one.dtype for one in exact.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("precision", "wanted"),
    # of 1 + 1/512 in each of four places bf16, with 8 bits, keeps 1, and fp16, with 11, keeps it
    [("fp32", 1 + 1 / 512), ("bf16", 1.0), ("fp16", 1 + 1 / 512)],
)
def test_a_linear_layer_runs_at_the_precision(encoder, precision, wanted):
    import torch

    state = {
        "conv.weight": torch.zeros(4, 3, 3, 3), "conv.bias": torch.zeros(4), "norm.weight": torch.zeros(4),
        "norm.bias": torch.ones(4), "linear.weight": torch.eye(4) * (1 + 1 / 512), "linear.bias": torch.zeros(4),
    }  # fmt: skip
    found = encoder(spec("Mixed", "linear", precision=precision), state)
    vectors = found.run([torch.zeros(3, 14, 14)])["linear/mean"]
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, np.full((1, 4), wanted, np.float32))


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_weights_that_are_computed_on_keep_their_precision(encoder, precision):
    """Standardised in 16 bits, their values would be others."""
    import torch

    found = encoder(spec("Computed", "parametrized", precision=precision)).model
    exact = {name for name, one in found.named_parameters() if one.dtype == torch.float32}
    assert {name for name, _ in found.named_parameters()} - exact == {"plain.weight", "plain.bias"}


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_layouts_are_probed_in_float32_with_pictures_that_the_network_expects(encoder, precision):
    import torch

    found = encoder(spec("Tokens", "tokens", pooling=["mean", "map"], precision=precision))
    vectors = found.run([torch.zeros(3, 14, 14)])
    assert vectors["tokens/map"].shape == (1, 3 * 49)  # 49 places, without the two tokens
    *probe, _blank, _run = found.model.seen
    assert [one[0] for one in probe] == [1, 5, 4]  # a picture alone, then with 8 others
    for _, dtype, smallest, largest in probe:
        assert dtype == torch.float32
        assert smallest > -2.2 and largest < 2.7  # black and white in ImageNet's normalisation
    assert max(one[3] for one in probe) == pytest.approx((1 - 0.406) / 0.225)


def test_the_study_states_the_tokens_without_a_place(encoder):
    import torch

    pictures = [torch.rand(3, 14, 14)]
    own = encoder(spec("Tokens", "tokens", pooling=["cls", "mean"]))
    assert list(own.schema.names) == ["frame_id", "tokens/mean"]
    for count in (2, 3):
        more = {"prefix_tokens": count}
        told = encoder(spec("Tokens", "tokens", pooling=["cls", "mean"], encoder=more))
        vectors = told.run(pictures)
        assert list(vectors) == ["tokens/cls", "tokens/mean"]
        with torch.inference_mode():
            all_of_them = told.model(torch.stack(pictures)).numpy()
        np.testing.assert_allclose(
            vectors["tokens/mean"], all_of_them[:, count:].mean(1), rtol=1e-5
        )
        np.testing.assert_allclose(vectors["tokens/cls"], all_of_them[:, 0], rtol=1e-5)


@pytest.mark.parametrize("fits", [3, 2])
def test_a_probe_that_does_not_fit_is_made_of_fewer_frames(encoder, monkeypatch, fits):
    from support.hand_made_nets import Pixels

    real, asked = Pixels.forward, []

    def small(self, pictures):
        asked.append(len(pictures))
        if len(pictures) > fits:
            raise RuntimeError("CUDA out of memory.")
        return real(self, pictures)

    monkeypatch.setattr(Pixels, "forward", small)
    if fits == 3:
        encoder(spec())
        assert asked == [1, 5, 1, 3, 3, 3, 1]
    else:
        with pytest.raises(CatsightError) as raised:
            encoder(spec())
        assert str(raised.value) == (
            "net does not fit into the memory of cpu with three frames; use features.device: cpu, "
            "or a device with more memory"
        )


def test_two_runs_give_the_same_bits(encoder, monkeypatch):
    """TF32 is off, the algorithms are deterministic and chosen without timing them."""
    import torch

    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    backends = torch.backends
    before = backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32, backends.cudnn.benchmark
    backends.cudnn.allow_tf32 = backends.cuda.matmul.allow_tf32 = backends.cudnn.benchmark = True
    torch.use_deterministic_algorithms(False)
    try:
        encoder(spec())
        assert backends.cudnn.allow_tf32 is backends.cuda.matmul.allow_tf32 is False
        assert backends.cudnn.benchmark is False
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
        monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")  # the user's own choice
        encoder(spec())
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"
    finally:
        (
            backends.cudnn.allow_tf32,
            backends.cuda.matmul.allow_tf32,
            backends.cudnn.benchmark,
        ) = before


# -- out of memory ---------------------------------------------------------------------------------


class Activations:
    """What a forward pass of some frames keeps in memory."""

    def __init__(self, frames):
        self.frames = frames


def test_a_batch_that_does_not_fit_is_let_go_before_half_of_it_is_tried(
    encoder, tmp_path, monkeypatch, capfd
):
    """Memory for 4 frames, which a failed pass holds as long as anything keeps its error."""
    real, alive, asked = layers.pooled_features, weakref.WeakSet(), []

    def small(model, blocks, pictures, *arguments, **more):
        asked.append(len(pictures))
        kept = Activations(len(pictures))
        alive.add(kept)
        if sum(one.frames for one in alive) > 4:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return real(model, blocks, pictures, *arguments, **more)

    pictures = [picture(16, 16, i) for i in range(13)]
    of = spec(batch=9)
    ((_, whole),) = encoder(spec(batch=13)).features(view(tmp_path, pictures))
    monkeypatch.setattr(layers, "pooled_features", small)
    found = list(encoder(of).features(view(tmp_path, pictures)))
    # a blank picture; 9 frames, half of them rounded up, and half of that; then the last 4 frames
    assert asked == [1, 9, 5, 3, 3, 3, 3, 1]
    assert [ids for ids, _ in found] == [
        [f"f{i}" for i in range(9)],
        [f"f{i}" for i in range(9, 13)],
    ]
    together = np.concatenate([vectors["pixels/mean"] for _, vectors in found])
    np.testing.assert_array_equal(together, whole["pixels/mean"])
    assert capfd.readouterr().err.splitlines() == [
        "net: out of memory on cpu; continuing with 5 frames a batch",
        "net: out of memory on cpu; continuing with 3 frames a batch",
    ]


def test_memory_is_freed_once_the_error_is_gone(encoder, monkeypatch):
    """As long as it is handled, its traceback holds the batch, and freeing the memory does nothing."""
    import torch

    found, handled, real = encoder(spec(batch=2)), [], layers.pooled_features

    def small(model, blocks, pictures, *arguments, **more):
        if len(pictures) > 1:
            raise RuntimeError("CUDA out of memory.")
        return real(model, blocks, pictures, *arguments, **more)

    def halve():
        handled.append(sys.exc_info()[0])
        found._batch = 1

    monkeypatch.setattr(layers, "pooled_features", small)
    monkeypatch.setattr(found, "_halve", halve)
    assert {len(vectors) for vectors in found.run([torch.zeros(3, 14, 14)] * 2).values()} == {2}
    assert handled == [None]


def test_a_frame_that_does_not_fit_alone_is_an_error(encoder, monkeypatch):
    import torch

    found = encoder(spec(batch=2))

    def none(*arguments, **more):
        raise RuntimeError("MPS backend out of memory")

    monkeypatch.setattr(layers, "pooled_features", none)
    with pytest.raises(CatsightError) as raised:
        found.run([torch.zeros(3, 14, 14)] * 2)
    assert str(raised.value) == (
        "net does not fit into the memory of cpu, even frame by frame; use features.device: cpu, "
        "or a device with more memory"
    )


def test_another_error_of_the_network_is_not_taken_for_memory(encoder, monkeypatch):
    import torch

    found, asked = encoder(spec(batch=4)), []

    def broken(*arguments, **more):
        asked.append(1)
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(layers, "pooled_features", broken)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        found.run([torch.zeros(3, 14, 14)] * 4)
    assert len(asked) == 1


# -- devices ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "gpus", "found"),
    [("auto", 0, "cpu"), ("auto", 1, "cuda"), ("cpu", 2, "cpu"), ("cuda", 1, "cuda"), ("cuda:1", 2, "cuda:1")],
)  # fmt: skip
def test_the_device_is_the_one_that_the_study_names(monkeypatch, name, gpus, found):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert str(forward.choose_device(name)) == found


@pytest.mark.parametrize(
    ("name", "gpus"), [("cuda", 0), ("cuda:0", 0), ("cuda:1", 1), ("cuda:3", 2)]
)
def test_a_gpu_that_is_not_there_is_named(monkeypatch, name, gpus):
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    with pytest.raises(CatsightError) as raised:
        forward.choose_device(name)
    assert str(raised.value) == (
        f"features.device is '{name}', but torch sees {gpus} GPU(s); use auto or cpu"
    )


@pytest.mark.parametrize("there", [True, False])
def test_an_apple_gpu_is_used_if_torch_sees_one(monkeypatch, there):
    import torch

    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: there)
    if there:
        assert forward.choose_device("mps").type == "mps"
        return
    with pytest.raises(CatsightError) as raised:
        forward.choose_device("mps")
    assert str(raised.value) == (
        "features.device is 'mps', but torch sees no Apple GPU; use auto or cpu"
    )


# -- rows ------------------------------------------------------------------------------------------


def test_rows_hold_each_frames_vectors():
    schema = features_schema({"a/mean": 2, "b/mean": 1})
    vectors = {
        "a/mean": np.array([[1, 2], [3, 4]], np.float32),
        "b/mean": np.array([[5], [6]], np.float32),
    }
    batch = forward.record_batch(["x", "y"], vectors, schema, "net")
    assert batch.schema == schema and batch.to_pylist() == [
        {"frame_id": "x", "a/mean": [1, 2], "b/mean": [5]},
        {"frame_id": "y", "a/mean": [3, 4], "b/mean": [6]},
    ]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("row", "column"), [(0, 1), (1, 0)])
def test_a_number_that_is_not_finite_is_named(value, row, column):
    vector = np.zeros((3, 2), np.float32)
    vector[row, column] = value
    vector[2] = value
    with pytest.raises(CatsightError) as raised:
        forward.record_batch("xyz", {"a/mean": vector}, features_schema({"a/mean": 2}), "net")
    assert str(raised.value) == (
        f"net: a/mean of frame '{'xyz'[row]}' is not finite; the weights may be damaged, or the "
        "numbers too large for features.precision: fp16"
    )


def test_damaged_weights_are_named(tmp_path):
    import torch

    path = tmp_path / "net.safetensors"
    safe.write(path, {"scale": torch.ones(1)}, {})
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(CatsightError) as raised:
        Encoder(spec(), path, 1)
    assert str(raised.value) == f"{path} is damaged; delete it and run again"
