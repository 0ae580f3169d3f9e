"""Converted weights give the outputs of the packages' own networks."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from catsight.features import encoders
from catsight.features.convert import CONVERTERS
from catsight.features.encoders import create
from catsight.features.fitting import load_strictly
from catsight.features.weights import locate
from catsight.inputs import yaml_files

REGISTRY = yaml_files.load_yaml(yaml_files.find("encoders.yaml"))


def converted(name, architecture=None):
    entry = REGISTRY[name]
    model = create(architecture or entry["timm"], entry.get("args", {}))
    source = locate(entry["weights"])
    load_strictly(model, CONVERTERS[entry["weights"]["convert"]](source), source)
    return model.eval()


@pytest.fixture(scope="module")
def normalised(photos):
    import torch

    stack = np.stack([np.asarray(picture, np.float32) / 255 for picture in photos])
    return torch.from_numpy((stack - 0.5) / 0.5).permute(0, 3, 1, 2)


def test_lite0_is_the_packages_own_network(normalised):
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    reference = EfficientNet.from_name("efficientnet-lite0")
    reference.load_state_dict(
        torch.load(locate(REGISTRY["efficientnet_lite0"]["weights"]), weights_only=True)
    )
    reference.eval()
    with torch.inference_mode():
        wanted = reference(normalised)
        found = converted("efficientnet_lite0")(normalised)
        np.testing.assert_allclose(found, wanted, atol=1e-4)
        assert found[0].argmax() == 967  # coffee: espresso
        assert found[1].argmax() in (281, 282, 285)  # chelsea: tabby, tiger cat, Egyptian cat
        # timm's other variant loads the same tensors without an error, but its outputs differ
        other = converted("efficientnet_lite0", "efficientnet_lite0")(normalised)
        assert (other - wanted).abs().max() > 1


#: Photographs inside packages, and the ImageNet classes that name what they show.
SENSIBLE = {
    "skimage/data/chelsea.png": {281: "tabby", 282: "tiger cat", 285: "Egyptian cat"},
    "skimage/data/coffee.png": {967: "espresso"},
    "skimage/data/rocket.jpg": {657: "missile", 744: "projectile", 812: "space shuttle"},
    "skimage/data/camera.png": {872: "tripod"},
    "skimage/data/motorcycle_left.png": {665: "moped", 670: "motor scooter"},
    "sklearn/datasets/images/china.jpg": {698: "palace", 663: "monastery"},
    "sklearn/datasets/images/flower.jpg": {985: "daisy"},
}


def test_lite0_names_what_photographs_show():
    """Through our preprocessing, on seven photographs."""
    import torch
    from PIL import Image

    model = converted("efficientnet_lite0")
    prepare = encoders.transform(encoders.preprocessing(model, {}))
    for name, classes in SENSIBLE.items():
        package, _, path = name.partition("/")
        photo = Image.open(Path(importlib.util.find_spec(package).origin).parent / path).convert(
            "RGB"
        )
        with torch.inference_mode():
            assert model(prepare(photo)[None])[0].argmax().item() in classes, name


def test_imgfocus_is_the_packages_own_network(normalised, tmp_path):
    import onnx
    import onnxruntime
    import torch

    path = locate(REGISTRY["imgfocus_vit_s14"]["weights"])
    graph = onnx.load(str(path))
    final = next(
        node for node in graph.graph.node if "backbone.layernorm.bias" in node.input
    ).output[0]
    graph.graph.output.append(
        onnx.helper.make_tensor_value_info(final, onnx.TensorProto.FLOAT, None)
    )
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    mean, std = (
        np.array(v, np.float32)[:, None, None]
        for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    pictures = (
        normalised.numpy() * 0.5 + 0.5 - mean
    ) / std  # the normalisation that it was trained with
    name = session.get_inputs()[0].name
    wanted = np.concatenate(
        [session.run([final], {name: pictures[i : i + 1]})[0] for i in range(len(pictures))]
    )
    with torch.inference_mode():
        found = converted("imgfocus_vit_s14").forward_features(torch.from_numpy(pictures)).numpy()
    assert found.shape == wanted.shape == (3, 257, 384)
    assert np.abs(wanted).mean() > 1
    np.testing.assert_allclose(found, wanted, atol=1e-4, rtol=0)


def test_labels_state_what_the_weights_are():
    entry = REGISTRY["imgfocus_vit_s14"]
    assert "DINO" not in entry["label"] and entry["training"] == "saliency"
    assert "not DINOv2" in entry["note"]
    for name, entry in REGISTRY.items():
        random = entry["weights"]["source"] == "random"
        assert random == (entry["training"] == "untrained") == ("untrained" in entry["label"]), name
