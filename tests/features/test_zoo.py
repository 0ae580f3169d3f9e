"""Every encoder of the registry exists in timm, and has the layers that it should."""

import pytest

from catsight.features import bars, layers, layouts, probes
from catsight.inputs import classes, yaml_files

REGISTRY = yaml_files.load_yaml(yaml_files.find("encoders.yaml"))
#: Number of layers of each trained encoder, from the architectures' papers.
LAYERS = {
    "resnet18": 8, "resnet50": 16, "resnet101": 33, "densenet121": 58, "vgg16": 13, "efficientnet_b0": 16,
    "efficientnet_lite0": 16, "convnext_t": 18, "convnext_b": 36,
    "vit_s16": 12, "vit_b16": 12, "vit_l16": 24, "deit_s16": 12, "deit_b16": 12, "tnt_s16": 12, "poolformer_s12": 12,
    "swin_t": 12, "swin_s": 24, "swin_b": 24, "swinv2_t": 12,
    "dino_vit_s16": 12, "dino_vit_s8": 12, "dino_vit_b16": 12, "dino_vit_b8": 12,
    "dinov2_s14": 12, "dinov2_b14": 12, "dinov2_reg_s14": 12, "dinov2_reg_b14": 12, "dinov3_s16": 12, "dinov3_b16": 12,
    "mae_vit_b16": 12, "clip_vit_b16": 12, "siglip_vit_b16": 12, "imgfocus_vit_s14": 12,
}  # fmt: skip
NO_CLASS_TOKEN = {"siglip_vit_b16"}


def test_the_registry_is_complete():
    trained = {name for name, entry in REGISTRY.items() if entry["training"] != "untrained"}
    assert trained == set(LAYERS)
    assert all(entry["licence"] and entry["label"] for entry in REGISTRY.values())
    assert len({entry["label"] for entry in REGISTRY.values()}) == len(REGISTRY)


def test_imagenet_has_the_first_word_of_each_class_in_timms_order():
    from timm.data import ImageNetInfo

    info = ImageNetInfo("imagenet-1k")
    lemmas = info.label_descriptions(detailed=False, as_dict=False)
    found = classes.names("imagenet-1k")
    assert len(found) == len(lemmas) == 1000
    told_apart = {
        134: ("crane", "crane (bird)"), 264: ("Cardigan, Cardigan Welsh corgi", "Cardigan Welsh corgi"),
        517: ("crane", "crane (machine)"), 639: ("maillot, tank suit", "tank suit"),
    }  # fmt: skip
    for i, (name, lemma) in enumerate(zip(found, lemmas)):
        if i in told_apart:
            assert (lemma, name) == told_apart[i]
        else:
            assert name == lemma.split(", ")[0]
    assert len({name.lower() for name in found}) == 1000
    assert (found[0], found[282], found[331], found[967]) == ("tench", "tiger cat", "hare", "espresso")  # fmt: skip


def test_heads_that_are_trained_on_imagenet_have_its_classes():
    """Those of supervised networks, as timm states of their weights."""
    from timm.models import get_pretrained_cfg

    for name, entry in REGISTRY.items():
        known = classes.names(entry["classes"]) if "classes" in entry else ()
        assert bool(known) == (entry["training"] == "supervised"), name
        if known:
            config = get_pretrained_cfg(entry["timm"])
            assert config.num_classes == len(known) == 1000, name
            assert not config.label_offset, name  # no class for the background comes first
            assert "num_classes" not in entry.get("args", {})


#: Larger copies of other entries.
LARGE = {
    "resnet101", "convnext_b", "vit_b16", "vit_l16", "deit_b16", "swin_s", "swin_b", "dino_vit_b16",
    "dino_vit_s8", "dino_vit_b8", "dinov2_b14", "dinov2_reg_b14", "dinov3_b16",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in LAYERS if name not in LARGE])
def test_the_layouts_of_an_encoder(name):
    """With numbers: as the network states them, which is right for all of these, and ordered."""
    import timm
    import torch

    entry = REGISTRY[name]
    torch.manual_seed(0)
    model = timm.create_model(entry["timm"], pretrained=False, **entry.get("args", {})).eval()
    size = entry.get("preprocessing", {}).get("size", model.pretrained_cfg["input_size"][-1])
    blocks = layers.find_blocks(model, entry["layers"])
    prefix = getattr(model, "num_prefix_tokens", 0)
    found = probes.probe(
        model,
        blocks,
        bars.patterns(3, size, size),
        layouts.stated(model),
        output=entry.get("output"),
    )
    assert len(found) == LAYERS[name]
    for layout in found.values():
        assert layout.batch == 0 and not layout.unordered
        assert layout.extra == (tuple(range(prefix)) if len(layout.places) == 1 else ())
        assert layout.class_token == bool(layout.extra)
        last = getattr(model, "output_fmt", "NCHW") == "NHWC" or entry["family"] == "vit"
        assert layout.channels == (1 + len(layout.places) if last else 1)


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_of_an_encoder(name):
    """On torch's meta device, which computes shapes but no numbers."""
    import timm
    import torch

    entry = REGISTRY[name]
    architecture = entry["timm"]
    if entry["weights"]["source"] == "hub":
        known = timm.models.get_pretrained_cfg(architecture)
        assert known is not None and known.hf_hub_id == f"timm/{architecture}"
        licence = entry["licence"].lower().replace(" licence", "-license")
        assert licence == known.license
    with torch.device("meta"):
        model = timm.create_model(architecture, pretrained=False, **entry.get("args", {})).eval()
        size = entry.get("preprocessing", {}).get("size", model.pretrained_cfg["input_size"][-1])
        picture = torch.empty(1, 3, size, size)
    blocks = layers.find_blocks(model, entry["layers"])
    found = layers.pooled_features(
        model, blocks, picture, ["cls", "mean", "map"], map_size=2, output=entry.get("output")
    )
    means = {column: vector for column, vector in found.items() if column.endswith("/mean")}
    assert len(means) == LAYERS[name]
    tokens = entry["family"] == "vit" and name not in NO_CLASS_TOKEN
    assert len(found) == (3 if tokens else 2) * LAYERS[name]
    for column, vector in means.items():
        assert found[column.replace("/mean", "/map")].shape == (1, 4 * vector.shape[1])
