"""The configuration of a study: its messages, its defaults, and what is made from its models."""

import copy
import datetime
import re
import runpy

import pytest
import yaml

from catsight import CatsightError
from catsight.inputs import eyes, yaml_files
from catsight.study import Study
from catsight.study.config import Config, config_schema, reference, validate
from catsight.study.figures_registry import FIGURES
from catsight.study.filters import FILTERS
from catsight.study.measures import MEASURES
from catsight.study.sources import SOURCES, Source
from catsight.study.weights_sources import WEIGHTS_SOURCES

ROOT = yaml_files.find("schemas", "config.schema.yaml").parents[2]
REGISTRY = yaml_files.load_yaml(yaml_files.find("encoders.yaml"))
SMALL = {
    "study": "s",
    "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}},
    "encoders": {"vit_b16": None},
}


@pytest.fixture
def config():
    """The default study's, without its attribution."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    del config["attribution"]
    return config


def set_key(config, dotted, value):
    *path, last = dotted.split(".")
    for key in path:
        config = config.setdefault(key, {})
    config[last] = value


# -- messages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("frames.glancs", 3, r"frames\.glancs is not a key \(did you mean glances\?\); frames may hold count, dataset"),
        ("framse", {}, r"framse is not a key \(did you mean frames\?\)"),
        ("frames.source", "foto", r"frames\.source is 'foto'; it must be one of photos, folder, video"),
        ("frames.shards", 0, r"frames\.shards is 0; it must be at least 1"),
        ("frames.shards", "two", r"frames\.shards is 'two'; it must be an integer"),
        ("frames.glance_size", [0.5], r"frames\.glance_size is \[0\.5\]; it must be a list of at least 2"),
        ("study", "Store", r"study is 'Store'; its results would lie among the tables in results/store"),
        ("frames.glance_size", [0.9, 0.5], r"frames\.glance_size is \[0\.9, 0\.5\]; the smaller fraction comes first"),
        ("frames.source", "folder", r"frames\.source is 'folder', so frames\.folder must be given"),
        ("frames.folder", "x", r"frames\.folder has no meaning for photos; remove it, or set frames\.source to one of: folder, video"),
        ("frames", {"source": "folder", "folder": "x", "sources": {"a": {"source": "photos"}}}, r"frames has sources and folder"),
        ("frames.sources", {"a": {"source": "photos"}}, r"frames has sources and source"),
        ("frames", {"sources": {}}, r"frames\.sources is \{\}"),
        ("frames", {"sources": {"a/b": {"source": "photos"}}}, r"it must be a name of letters, digits, - and _"),
        ("frames", {"sources": {"a": {"folder": "x"}}}, r"frames\.sources\.a lacks 'source'"),
        ("frames", {"sources": {"film": {"source": "video", "path": "x", "every": 2, "split": "a"}}}, r"frames\.sources\.film\.split is not a key"),
        ("frames", {"sources": {"film": {"source": "video", "path": "x", "every": 2, "image": "a"}}}, r"frames\.sources\.film\.image has no meaning for video; remove it, or set .* to one of: parquet, hub, pairs$"),
        ("frames", {"source": "video", "path": "x"}, r"takes exactly one of every, seconds and scenes; it has none$"),
        ("frames", {"source": "video", "path": "x", "every": 1, "seconds": 2}, r"takes exactly one of every, seconds and scenes; it has every and seconds$"),
        ("frames", {"source": "video", "path": "x", "folder": "y", "every": 1}, r"frames has path and folder, which mean the same"),
        ("frames", {"source": "parquet"}, r"frames\.source is 'parquet', so frames\.path must be given"),
        ("frames", {"source": "parquet", "path": "x", "group_by": "folder"}, r"frames\.group_by is 'folder', but no source .* frames\.group"),
        ("frames", {"source": "hub", "dataset": "a/b"}, r"frames\.revision must be given \(The commit of the dataset, 40 hex digits"),
        ("frames", {"source": "hub", "dataset": "a/b", "revision": "main"}, r"frames\.revision is 'main'; it must be text that matches"),
        ("frames", {"source": "hub", "dataset": "../b", "revision": "0" * 40}, r"frames\.dataset is '\.\./b'; it must be text"),
        ("frames", {"source": "pairs", "path": "x"}, r"frames\.partner must be given"),
        ("frames", {"source": "dead-leaves"}, r"frames\.count must be given"),
        ("viewing.luminance", 0, r"viewing\.luminance is 0; it must be at least 1e-06 cd/m² \(The luminance that the eye is adapted to"),
        ("viewing.field_of_view", 400, r"viewing\.field_of_view is 400; it must be at most 120 degrees \(The visual angle"),
        ("viewing.field_of_view", 0.2, r"viewing\.field_of_view is 0\.2; it must be at least 1 degree \(The visual angle"),
        ("viewing.focus", 0, r"viewing\.focus is 0; it must be at least 0\.05 m \(The distance"),
        ("viewing.focus", "near", r"viewing\.focus is 'near'; it must be a number or null \(The distance"),
        ("encoders.vit_b16", {"layers": 3}, r"encoders\.vit_b16\.layers is 3; it must be a string or a list \(The modules"),
        ("encoders.vit_b16", {"layers": []}, r"encoders\.vit_b16\.layers is \[\]; it must be a list of at least 1"),
        ("encoders.vit_b16", {"layers": ["a", "a"]}, r"it must be a list without repeats"),
        ("metrics.null", "pared", r"metrics\.null is 'pared'; it must be one of paired, unpaired; did you mean paired\? \(The null"),
        ("views.cat.eye", "lion", r"views\.cat: the eye 'lion' is unknown; it may be cat, deuteranope, dog, ferret"),
        ("views.cat.eyes", "cat", r"views\.cat\.eyes is not a key \(did you mean eye\?\)"),
        ("views.cat.filter", "original", r"views\.cat holds .* it must have either an eye or a filter"),
        ("views.original.luminance", 3, r"views\.original\.luminance has no meaning for .*original"),
        ("views.cat.swap", {"paws": "human"}, r"views\.cat\.swap\.paws is not a key"),
        ("views.a/b", {"eye": "cat"}, r"'a/b'"),
        ("reference", "dog", r"reference is 'dog'; it may be one of the views: blur, cat, catvision"),
        ("encoders.efficientnet_lite1", None, r"encoders\.efficientnet_lite1 is not in .* \(did you mean efficientnet_lite0\?\)"),
        ("encoders.efficientnet_lite0", {"family": "bird"}, r"encoders\.efficientnet_lite0\.family is 'bird'; it must be one of cnn"),
        ("encoders.efficientnet_lite0", 3, r"encoders\.efficientnet_lite0 is 3; it must be a mapping"),
        ("encoders.vit_s16_untrained", {"training": "supervised"}, r"random weights are untrained, and only they are"),
        ("encoders.vit_b16", {"weights": {"source": "file"}}, r"has source 'file', so it needs path"),
        ("encoders.vit_b16", {"weights": {"path": "x"}}, r"encoders\.vit_b16\.weights lacks 'source'"),
        ("metrics.names", ["cka"], r"metrics\.names\.0 is 'cka'; it must be one of cka_linear"),
        ("views.blur", {"filter": "blur", "match": "cat", "parts": []}, r"parts is \[\]; it must be a list of at least 1"),
        ("views.blur", {"filter": "blur", "match": "cat", "parts": ["iris"]}, r"parts\.0 is 'iris'; it must be one of pupil"),
        ("views.blur", {"filter": "blur", "match": "cat", "parts": ["rods", "rods"]}, "a list without repeats"),
        ("features.device", "gpu", r"features\.device is 'gpu'; it must be text that matches"),
        ("attribution", {"view": "catvision"}, r"attribution\.view is 'catvision'; .* need an eye's view other than the reference: cat$"),
        ("attribution", {"view": "human"}, r"attribution\.view is 'human'; .* other than the reference: cat$"),
        ("attribution", {"view": "cat", "parts": ["paws"]}, r"attribution\.parts\.0 is 'paws'; it must be one of pupil, acuity"),
        ("attribution", {"view": "cat", "encoders": ["vit_b16"]}, r"attribution\.encoders holds 'vit_b16'; it may hold"),
        ("sweeps", {"view": "dog", "luminance": [1]}, r"sweeps\.view is 'dog'; .* an eye's view other than the reference: cat$"),
        ("sweeps", {"luminance": [0]}, r"sweeps\.luminance\.0 is 0; it must be at least 1e-06"),
        ("sweeps", {"colour": [1]}, r"sweeps\.colour is not a key"),
        ("physiology", {"view": "cat", "draws": 9}, r"physiology\.draws is 9; it must be at least 10"),
        ("physiology", {"view": "cat", "seed": -1}, r"physiology\.seed is -1; it must be at least 0"),
        ("physiology", {"view": "cat", "attributed": -1}, r"physiology\.attributed is -1; it must be at least 0"),
        ("physiology", {"view": "cat", "shards": 0}, r"physiology\.shards is 0; it must be at least 1"),
        ("figures.published", {"source": "x"}, r"figures\.published lacks 'values'"),
        ("study", "my study", r"study is 'my study'; it must be a name of letters"),
    ],
)  # fmt: skip
def test_messages_name_key_value_and_choice(config, key, value, words):
    if "/" in key:
        config["views"]["a/b"] = value
    else:
        set_key(config, key, value)
    with pytest.raises(CatsightError, match=words):
        Study(config)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (
            "figures.title",
            "a\ud800",
            r"figures\.title is 'a\\ud800'; it must be of letters that can be shown",
        ),
        ("seed", 2**70, r"seed is 1180591620717411303424; it must be less than"),
        (
            "encoders.vit_b16",
            {"args": {"day": datetime.date(2026, 1, 1)}},
            r"day is 2026-01-01, a date; put it",
        ),
        (
            "encoders.vit_s16_untrained",
            {"weights": {"source": "random", "seed": 0, "path": "x"}},
            r"weights\.path has no meaning for the source 'random'; remove it",
        ),
    ],
)
def test_what_no_spec_could_hold_is_refused(config, key, value, words):
    set_key(config, key, value)
    with pytest.raises(CatsightError, match=words):
        Study(config)


#: A study of which one thing is wrong at a time.
BASE = {
    "study": "s", "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}, "orig": {"filter": "original"},
                            "jpeg": {"filter": "jpeg"}},
    "encoders": {"mine": {"timm": "resnet18", "layers": "*", "family": "cnn", "training": "supervised",
                          "weights": {"source": "file", "path": "w.safetensors"}}},
    "frames": {"source": "photos"},
}  # fmt: skip
MINE = BASE["encoders"]["mine"]
CAT, ORIG = "views.cat", "views.orig"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        # encoders
        ("encoders.mine.factory", "a:b",
         "encoders.mine has both timm and factory; an encoder is made by one of them"),
        ("encoders.mine.weights", {"source": "file"}, "encoders.mine.weights has source 'file', so it needs path"),
        ("encoders.mine.weights", {"source": "file", "path": "w", "seed": 3},
         "encoders.mine.weights.seed has no meaning for the source 'file'; remove it"),
        ("encoders.mine.weights.path", "a{b}",
         "encoders.mine.weights.path is 'a{b}', which Snakemake would misread ({...}, <...>, spaces at its ends, line "
         "breaks); rename the file"),
        ("encoders.mine.weights", {"source": "hub"},
         "encoders.mine.timm is 'resnet18'; for weights from the hub it must name them too, after a dot, as "
         "vit_base_patch16_224.dino"),
        ("encoders.mine.training", "untrained",
         "encoders.mine has weights.source 'file' and training 'untrained'; random weights are untrained, and only they "
         "are: set both"),
        ("encoders.mine.weights", {"source": "random", "seed": 0},
         "encoders.mine has weights.source 'random' and training 'supervised'; random weights are untrained, and only "
         "they are: set both"),
        # frames
        ("frames", {"sources": {"a": {"source": "photos"}}, "path": "x"},
         "frames has sources and path; give either several sources, each with its own keys, under frames.sources, or one "
         "source in frames itself"),
        ("frames", {"source": "photos", "group_by": "folder"},
         "frames.group_by is 'folder', but no source of this study has folders; remove it"),
        ("frames", {"source": "parquet", "path": "x", "group_by": "folder"},
         "frames.group_by is 'folder', but no source of this study has folders; remove it, or name the column of groups "
         "with frames.group"),
        ("frames", {"sources": {"a": {"source": "video", "path": "x", "folder": "y", "every": 1}}},
         "frames.sources.a has path and folder, which mean the same; keep one of them"),
        ("frames", {"source": "photos", "every": 1},
         "frames.every has no meaning for photos; remove it, or set frames.source to one of: video"),
        ("frames", {"sources": {"a": {"source": "video", "path": "x", "every": 1, "id": "i"}}},
         "frames.sources.a.id has no meaning for video; remove it, or set frames.sources.a.source to one of: parquet, hub, "
         "pairs"),
        ("frames", {"source": "folder"},
         "frames.source is 'folder', so frames.folder must be given (The folder to read, with all folders below it. "
         "Relative paths start where snakemake is called.)"),
        ("frames", {"sources": {"a": {"source": "pairs", "path": "x"}}},
         "frames.sources.a.source is 'pairs', so frames.sources.a.partner must be given (The folder or table of the other "
         "picture of each pair.)"),
        ("frames", {"source": "video", "path": "x"},
         "frames.source is 'video', so it takes exactly one of every, seconds and scenes; it has none"),
        ("frames", {"source": "video", "path": "x", "seconds": 1, "scenes": 0.5},
         "frames.source is 'video', so it takes exactly one of every, seconds and scenes; it has seconds and scenes"),
        # views
        ("reference", "humen",
         "reference is 'humen' (did you mean human?); it may be one of the views: cat, human, jpeg, orig"),
        ("reference", "jpeg", "reference is 'jpeg', a control, which changes the reference itself; name another view"),
        (CAT, {"luminance": 3}, "views.cat holds {'luminance': 3}; it must have either an eye or a filter"),
        (f"{CAT}.filter", "original",
         "views.cat holds {'eye': 'cat', 'filter': 'original'}; it must have either an eye or a filter"),
        (f"{CAT}.quality", 3, "views.cat.quality has no meaning for an eye; remove it"),
        (f"{ORIG}.defocus", 3, "views.orig.defocus has no meaning for original; remove it"),
        ("views.jpeg.match", "cat", "views.jpeg.match has no meaning for jpeg; remove it"),
        ("views.pair", {"filter": "paired"},
         "views.pair shows the picture that was recorded with each frame, but frames come from photos; every source must "
         "be of kind pairs"),
        ("views.blur", {"filter": "blur"},
         "views.blur.match is 'None'; it may be a view that is neither the reference nor a control: cat, orig"),
        ("views.blur", {"filter": "blur", "match": "orgi"},
         "views.blur.match is 'orgi' (did you mean orig?); it may be a view that is neither the reference nor a control: "
         "cat, orig"),
        ("views.blur", {"filter": "blur", "match": "human"},
         "views.blur.match is 'human'; it may be a view that is neither the reference nor a control: cat, orig"),
        ("views.blur", {"filter": "blur", "match": "orig", "parts": ["rods"]},
         "views.blur.parts are parts of an eye, but 'orig' is not an eye's view; remove them, and the whole view is matched"),
        # what is compared
        ("metrics", {"stability": {"controls": ["human"]}},
         "metrics.stability.controls holds 'human'; it may hold the views that are compared with the reference: cat, jpeg, "
         "orig"),
        ("metrics", {"places": {"views": ["human"]}},
         "metrics.places.views holds 'human'; it may hold the views that are compared with the reference: cat, jpeg, orig"),
        ("attribution", {"view": "cat", "encoders": ["mine", "z", "other"]},
         "attribution.encoders holds 'other'; it may hold the study's encoders: mine"),
        ("attribution", {"view": "cta"},
         "attribution.view is 'cta' (did you mean cat?); attribution and sweeps need an eye's view other than the "
         "reference: cat"),
        ("sweeps", {"view": "orig", "luminance": [1]},
         "sweeps.view is 'orig'; attribution and sweeps need an eye's view other than the reference: cat"),
        ("physiology", {"view": "cta"},
         "physiology.view is 'cta' (did you mean cat?); it may be an eye's view other than the reference: cat"),
        ("physiology", {"view": "human"},
         "physiology.view is 'human'; it may be an eye's view other than the reference: cat"),
        ("physiology", {"view": "cat", "attributed": 2},
         "physiology.attributed is 2, which needs attribution of the same view; set attribution.view to cat"),
        ("physiology", {"view": "cat", "attributed": 25},
         "physiology.attributed is 25; it may be at most physiology.draws, which is 24"),
        ("physiology", {"view": "cat", "shards": 2},
         "physiology.shards is 2; it may be at most frames.shards, which is 1"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_said_in_full(key, value, said):
    config = copy.deepcopy(BASE)
    set_key(config, key, value)
    with pytest.raises(CatsightError) as raised:
        Study(config)
    assert str(raised.value) == f"config: {said}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reference": "orig", "attribution": {"view": "cat"}},
         "reference is 'orig'; attribution and sweeps need an eye's view: cat, human"),
        ({"attribution": {"view": "cat"}, "views": BASE["views"] | {"cat": {"eye": "cat", "focus": 2}}},
         "attribution.view is 'cat', whose focus differs from that of the reference 'human'; the loss that is divided among "
         "the parts must be due to the eye alone"),
        ({"sweeps": {"luminance": [1]}, "views": BASE["views"] | {"cat": {"eye": "cat", "defocus": 2, "luminance": 3}}},
         "sweeps.view is 'cat', whose defocus differs from that of the reference 'human'; both eyes must look under the "
         "same conditions except luminance, which the sweep varies"),
        ({"encoders": {"efficientnet_lit0": {"timm": "x", "family": "cnn"}}},
         "encoders.efficientnet_lit0 is not in resources/encoders.yaml (did you mean efficientnet_lite0?), and as an "
         f"encoder of your own it lacks layers, training, weights. Known: {', '.join(sorted(REGISTRY))}"),
        ({"encoders": {"zzz": None}},
         "encoders.zzz is not in resources/encoders.yaml, and as an encoder of your own it lacks timm, layers, family, "
         f"training, weights. Known: {', '.join(sorted(REGISTRY))}"),
        ({"encoders": {"mine": {key: MINE[key] for key in ("layers", "family", "training")}
                       | {"factory": "a:b", "weights": {"source": "hub"}}}},
         "encoders.mine.weights has source 'hub'; a factory's encoder has file or random"),
    ],
)  # fmt: skip
def test_sections_that_do_not_fit_together_are_named(changes, said):
    with pytest.raises(CatsightError) as raised:
        Study(copy.deepcopy(BASE) | changes)
    assert str(raised.value) == f"config: {said}"


PUBLISHED = {
    "source": "x", "values": [{"encoder": "mine", "metric": "rsa", "value": 1, "view": "cat"}],
    "order": [{"name": "all", "encoders": ["mine"]}], "order_metric": "rsa",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "what", "name", "known"),
    [
        ({"values": [PUBLISHED["values"][0] | {"encoder": "no"}]}, "encoder", "no", "mine"),
        ({"values": [*PUBLISHED["values"], PUBLISHED["values"][0] | {"metric": "mmd2"}]}, "metric", "mmd2",
         "cka_linear, cka_linear_unbiased, rsa"),
        ({"values": [PUBLISHED["values"][0] | {"view": "human"}]}, "view", "human", "cat, jpeg, orig"),
        ({"order": [{"name": "all", "encoders": ["mine", "no"]}]}, "encoder", "no", "mine"),
        ({"order_metric": "mmd2"}, "metric", "mmd2", "cka_linear, cka_linear_unbiased, rsa"),
    ],
)  # fmt: skip
def test_published_values_are_of_what_the_study_has(change, what, name, known):
    Study(BASE | {"figures": {"published": PUBLISHED}})
    with pytest.raises(CatsightError) as raised:
        Study(BASE | {"figures": {"published": PUBLISHED | change}})
    assert str(raised.value) == (
        f"config: figures.published names the {what} '{name}', which this study does not have; it has {known}"
    )


#: Key -> the smallest and the largest value that it may have (None: no such bound), and its unit.
BOUNDS = {
    "seed": (0, None, ""),
    "frames.glances": (0, 1000, ""),
    "frames.max_pixels": (1, None, " px"),
    "frames.shards": (1, 100_000, ""),
    "frames.every": (1, None, ""),
    "frames.count": (1, 10_000_000, ""),
    "frames.size": (16, 4096, " px"),
    "viewing.field_of_view": (1, 120, " degrees"),
    "viewing.luminance": (1e-6, 1_000_000, " cd/m²"),
    "viewing.defocus": (-20, 20, " dioptres"),
    "viewing.focus": (0.05, 1_000_000, " m"),
    "viewing.photon_noise": (0, None, ""),
    "views.cat.field_of_view": (1, 120, " degrees"),
    "views.cat.luminance": (1e-6, 1_000_000, " cd/m²"),
    "views.cat.defocus": (-20, 20, " dioptres"),
    "views.cat.focus": (0.05, 1_000_000, " m"),
    "views.jpeg.quality": (1, 95, ""),
    "encoders.mine.output": (0, None, ""),
    "encoders.mine.prefix_tokens": (0, None, ""),
    "encoders.mine.preprocessing.size": (16, None, " px"),
    "features.map_size": (1, 64, ""),
    "features.batch": (1, None, ""),
    "metrics.projections": (1, None, ""),
    "metrics.neighbours": (2, None, ""),
    "metrics.permutations": (19, None, ""),
    "metrics.at_once": (100, None, ""),
    "metrics.stability.draws": (2, None, ""),
    "metrics.stability.frames": (20, None, ""),
    "metrics.pairs.frames": (4, 1000, ""),
    "metrics.maps.frames": (20, None, ""),
    "figures.gallery": (1, 24, ""),
    "figures.dpi": (50, 600, " dots per inch"),
}
#: Key -> the bound that it must be greater than, and the bound that it must not exceed or reach.
OPEN = {
    "metrics.confidence": ("greater than 0", "less than 1"),
    "metrics.bandwidth": ("greater than 0", None),
    "frames.seconds": ("greater than 0 s", None),
    "frames.scenes": ("greater than 0", "at most 1"),
    "encoders.mine.preprocessing.crop": ("greater than 0", "at most 1"),
}


def taken(key, value):
    config = copy.deepcopy(BASE)
    set_key(config, key, value)
    return validate(config)


def refused(key, value, limit):
    with pytest.raises(CatsightError) as raised:
        taken(key, value)
    problem = str(raised.value).splitlines()[1].strip()
    assert f"{problem} (".startswith(f"{key} is {value}; it must be {limit} ("), problem


@pytest.mark.parametrize("key", BOUNDS)
def test_a_number_may_reach_its_bounds_and_not_pass_them(key):
    least, most, unit = BOUNDS[key]
    whole = isinstance(least, int) and key not in ("viewing.defocus", "views.cat.defocus")
    taken(key, least)
    step = 1 if whole and "field" not in key else 1e-7
    one = unit.replace("degrees", "degree") if least == 1 else unit
    refused(key, least - step, f"at least {least}{one}")
    if most is None:
        taken(key, 10**9)
    else:
        taken(key, most)
        refused(key, most + (1 if whole and "field" not in key else 0.5), f"at most {most}{unit}")


@pytest.mark.parametrize("key", OPEN)
def test_a_share_or_a_factor_is_above_zero(key):
    above, below = OPEN[key]
    taken(key, 1e-9)
    refused(key, 0, above)
    if below:
        taken(key, 0.999)
        refused(key, 1 if "less" in below else 1.001, below)
        if "most" in below:
            taken(key, 1)
    else:
        taken(key, 1e6)


@pytest.mark.parametrize(
    ("key", "good", "bad", "must"),
    [
        ("views", {"a": {"eye": "cat"}, "b": {"eye": "dog"}}, {"a": {"eye": "cat"}}, "a mapping of at least 2"),
        ("encoders", {"a": None}, {}, "a mapping of at least 1"),
        ("frames.sources", {"a": {"source": "photos"}}, {}, "a mapping of at least 1"),
        ("frames.files", ["a"], [], "a list of at least 1"),
        ("frames.glance_size", [0.1, 1], [0.1], "a list of at least 2"),
        ("frames.glance_size", [1, 1], [0.1, 0.2, 0.3], "a list of at most 2"),
        ("encoders.mine.preprocessing.mean", [0, -1, 2], [0, 1], "a list of at least 3"),
        ("encoders.mine.preprocessing.std", [1, 1, 2], [0, 1, 2, 3], "a list of at most 3"),
        ("encoders.mine.layers", ["a", "b"], ["a", "a"], "a list without repeats"),
        ("features.pooling", ["map", "cls"], ["map", "map"], "a list without repeats"),
        ("features.pooling", ["map"], [], "a list of at least 1"),
        ("metrics.names", ["rsa"], ["rsa", "rsa"], "a list without repeats"),
        ("metrics.names", ["rsa"], [], "a list of at least 1"),
        ("metrics.maps.metrics", [], ["rsa", "rsa"], "a list without repeats"),
        ("metrics.stability.controls", [], ["a", "a"], "a list without repeats"),
        ("attribution.parts", ["rods"], [], "a list of at least 1"),
        ("attribution.parts", ["rods", "colour"], ["rods", "rods"], "a list without repeats"),
        ("attribution.encoders", ["mine"], [], "a list of at least 1"),
        ("attribution.encoders", None, ["mine", "mine"], "a list without repeats"),
        ("sweeps.luminance", [1, 2], [1, 1], "a list without repeats"),
        ("sweeps.acuity", [], [3, 3], "a list without repeats"),
        ("sweeps.defocus", [-20, 20], [1, 1], "a list without repeats"),
        ("sweeps.field_of_view", [1, 120], [1, 1], "a list without repeats"),
    ],
)  # fmt: skip
def test_a_list_has_as_many_items_as_it_must(key, good, bad, must):
    taken(key, good)
    refused(key, bad, must)


@pytest.mark.parametrize(
    ("key", "value", "must"),
    [
        ("sweeps.acuity", 0.09, "at least 0.1 cycles per degree"),
        ("sweeps.acuity", 200.5, "at most 200 cycles per degree"),
        ("sweeps.luminance", 0, "at least 1e-06 cd/m²"),
        ("sweeps.defocus", 20.5, "at most 20 dioptres"),
        ("sweeps.field_of_view", 120.5, "at most 120 degrees"),
        ("frames.glance_size", 0, "greater than 0"),
        ("frames.glance_size", 1.5, "at most 1"),
    ],
)
def test_an_item_of_a_list_has_bounds_too(key, value, must):
    with pytest.raises(CatsightError) as raised:
        taken(key, [1, value])
    problem = str(raised.value).splitlines()[1].strip()
    assert f"{problem} (".startswith(f"{key}.1 is {value}; it must be {must} (")


def test_all_problems_are_reported_at_once(config):
    set_key(config, "frames.shards", 0)
    set_key(config, "frames.glances", -1)
    set_key(config, "figurs", {})
    with pytest.raises(CatsightError) as error:
        validate(config)
    header, *lines = str(error.value).splitlines()
    assert header == "the configuration is not valid:"
    assert [line.split()[0] for line in lines] == ["figurs", "frames.glances", "frames.shards"]


def test_contradictions_are_reported_at_once(config):
    set_key(config, "frames.glance_size", [0.9, 0.5])
    set_key(config, "metrics.rsa_comparison", "kendall")
    set_key(config, "metrics.maps", {"metrics": ["cka_rbf", "rsa"]})
    before = copy.deepcopy(config)
    with pytest.raises(CatsightError) as raised:
        validate(config)
    assert str(raised.value) == (
        "the configuration is not valid:\n"
        "  frames.glance_size is [0.9, 0.5]; the smaller fraction comes first\n"
        "  metrics.maps.metrics holds rsa, and metrics.rsa_comparison is kendall; maps of RSA need "
        "spearman or pearson"
    )
    assert config == before
    config["frames"]["glance_size"] = [0.5, 0.5]
    config["metrics"]["maps"]["metrics"] = ["cka_rbf"]
    validate(config)
    set_key(config, "metrics.rsa_comparison", "pearson")
    config["metrics"]["maps"]["metrics"] = ["rsa"]
    validate(config)


@pytest.mark.parametrize("values", [[1], None, "study", 3])
def test_a_configuration_is_a_mapping(values):
    with pytest.raises(CatsightError) as raised:
        validate(values)
    assert str(raised.value) == "config: it must be a mapping of keys to values, as config.yaml is"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, r"seed is True; it must be an integer"),
        (2.0, r"seed is 2\.0; it must be an integer"),
        ("2", r"seed is '2'; it must be an integer"),
        (float("nan"), r"seed is nan; it must be finite"),
        ({3: 4}, r"seed has the key 3, which is not text; put it in quotes"),
    ],
)
def test_a_count_is_an_integer(config, value, words):
    config["seed"] = value
    with pytest.raises(CatsightError, match=words):
        validate(config)


def test_a_key_of_one_kind_of_source_names_the_kinds_that_take_it(config):
    for name in set(Source.model_fields) - {"source", "group_by"}:
        kinds = [
            kind for kind in SOURCES.values() if ("path" if name == "folder" else name) in kind.keys
        ]
        assert kinds, name
        about = config_schema()["properties"]["frames"]["properties"][name]["description"]
        assert about.endswith(f"For {', '.join(kind.name for kind in kinds)}.")


def test_every_key_of_a_kind_of_source_is_declared():
    for kind in SOURCES.values():
        assert set(kind.keys) <= set(Source.model_fields) and set(kind.exactly_one) <= set(
            kind.keys
        )


# -- files and lines -------------------------------------------------------------------------------

TEXT = """\
study: s
views:
  human: {eye: human}
  cat:
    eye: cat
    filtre: original
encoders: {vit_b16: }
frames:
  glancs: 6
metrics:
  names:
    - rsa
    - cka
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT)
    return path


def problems(values, *files):
    with pytest.raises(CatsightError) as error:
        validate(values, files)
    return [line.strip() for line in str(error.value).splitlines()[1:]]


def test_messages_name_file_and_line(file):
    found = problems(yaml.safe_load(TEXT), file)
    places = [
        f"{file}, line {line}: {key} "
        for line, key in ((6, "views.cat.filtre"), (9, "frames.glancs"), (13, "metrics.names.1"))
    ]
    assert len(found) == 3 and all(line.startswith(place) for line, place in zip(found, places))


def test_a_value_from_elsewhere_has_no_line(file):
    """Snakemake's --config overrides what the file says, or adds to it."""
    values = yaml.safe_load(TEXT)
    values["frames"] = {"glancs": 7, "shards": 0}
    found = problems(values, file)
    assert [line.split()[0] for line in found[:2]] == ["frames.glancs", "frames.shards"]
    assert all(line.startswith(f"{file}, line") for line in found[2:])


def test_a_key_that_is_missing_or_merged(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("study: s\nviews: &v {a: {eye: cat}}\nframes: {<<: *v}\n")
    found = problems(yaml_files.load_yaml(path), path)
    assert f"{path}, line 1: the configuration lacks 'encoders'" in found
    assert any(line.startswith("frames.a is not a key") for line in found)
    assert any(line.startswith(f"{path}, line 2: views is ") for line in found)


def test_values_in_a_list_and_nan_have_lines(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("a: &a {luminance: .nan}\nviewing: *a\n")
    assert set(problems(yaml_files.load_yaml(path), path)) == {
        f"{path}, line 1: a.luminance is nan; it must be finite",
        f"{path}, line 1: viewing.luminance is nan; it must be finite",
    }


# -- values ----------------------------------------------------------------------------------------


def test_defaults_come_from_the_models():
    config = validate(SMALL)
    assert config.dump()["viewing"] == {
        "field_of_view": 16,
        "luminance": 100,
        "defocus": 0,
        "focus": None,
        "photon_noise": None,
        "eccentricity": False,
        "gaze": None,
        "perspective": False,
        "display": "auto",
    }
    assert config.metrics.confidence == 0.95 and config.frames.shards == 1
    assert config.frames.every is None and config.figures.published is None


def test_a_dump_holds_defaults_and_what_was_given_as_it_was_given():
    values = SMALL | {
        "views": SMALL["views"] | {"cat": {"eye": "cat", "luminance": 3, "focus": None}},
        "viewing": {"field_of_view": 16, "defocus": 0.5},
        "frames": {"source": "folder", "folder": "x"},
        "figures": {"published": {"source": "x", "values": [{"encoder": "vit_b16", "metric": "rsa", "value": 1}]}},
    }  # fmt: skip
    before = copy.deepcopy(values)
    config = validate(values)
    dump = config.dump()
    assert values == before
    assert dump["views"] == values["views"] and dump["encoders"] == values["encoders"]
    assert dump["frames"] == {
        "source": "folder", "folder": "x", "glances": 0, "glance_size": [0.75, 1.0], "group_by": "file",
        "on_reject": "report", "max_pixels": 100_000_000, "shards": 1,
    }  # fmt: skip
    assert dump["figures"]["published"] == values["figures"]["published"] | {
        "order": [],
        "order_metric": "rsa",
    }
    numbers = (
        dump["viewing"]["field_of_view"],
        dump["views"]["cat"]["luminance"],
        dump["figures"]["published"]["values"][0]["value"],
    )
    assert (
        all(type(number) is int for number in numbers) and type(dump["viewing"]["defocus"]) is float
    )
    assert config.views["cat"].given == values["views"]["cat"]
    assert validate(dump).dump() == dump
    yaml.safe_dump(dump)


@pytest.mark.parametrize(
    "path",
    [ROOT / "config.yaml", *sorted((ROOT / "resources/studies").glob("*.yaml"))],
    ids=lambda path: path.stem,
)
def test_the_studies_that_come_with_catsight(path):
    values = yaml.safe_load(path.read_text())
    dump = validate(values).dump()

    def holds(whole, part):
        return (
            all(holds(whole[key], part[key]) for key in part)
            if isinstance(part, dict)
            else whole == part
        )

    assert holds(dump, values)


# -- what is made from the models ------------------------------------------------------------------


def test_schema_file_and_reference_page_are_made_from_the_models():
    for path, text in reference.files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run `make schema`"


def test_the_page_of_an_eyes_file_has_every_key_of_every_eye_with_its_value():
    """Read from the files themselves; a cone has the name that its file chose."""
    page = next(text for path, text in reference.files().items() if path.name == "eye-files.md")
    part, rows = "", {}
    for line in page.splitlines():
        part = line[4:-1] if line.startswith("## `") else part
        if line.startswith("| `"):
            key, value, *shown, meaning = (
                cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]
            )
            assert value and len(meaning) > 8, line
            rows[f"{part}.{key[1:-1]}"] = shown
    for name in eyes.names():
        held = dict(_flat(eyes.load(name)))
        generic = {re.sub(r"cones\.[A-Z]+\.", "cones.<name>.", key) for key in held}
        assert generic <= set(rows)
        column = {"cat": 0, "human": 1}.get(name)
        for key, shown in rows.items() if column is not None else ():
            value = held.get(key.replace("<name>", "L"))
            assert shown[column] == (
                "–" if value is None else f"{value:g}" if isinstance(value, int | float) else value
            )
    assert "temporal.cones.flicker" in rows


def _flat(node, path=()):
    for key, child in node.items():
        if isinstance(child, dict):
            yield from _flat(child, (*path, key))
        else:
            yield ".".join((*path, key)), child


def test_make_schema_writes_both_files(tmp_path, monkeypatch, capsys):
    paths = [tmp_path / "new" / name for name in ("schema.yaml", "page.md")]
    monkeypatch.setattr(reference, "files", lambda: dict.fromkeys(paths, "é\n"))
    runpy.run_module("catsight.study.config", run_name="__main__")
    assert [path.read_bytes() for path in paths] == ["é\n".encode()] * 2
    assert capsys.readouterr().out == f"wrote {paths[0]}\nwrote {paths[1]}\n"


def nodes(node, path=()):
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from nodes(child, (*path, name))
    for name in ("items", "additionalProperties"):
        if isinstance(node.get(name), dict):
            yield from nodes(node[name], (*path, "*"))
    for child in node.get("anyOf", []):
        yield from nodes(child, path)


def test_the_schema_says_nothing_that_json_schema_does_not_know():
    """But for units; a limit under another name would not be checked."""
    known = {
        "description", "type", "enum", "default", "pattern", "required", "properties", "items", "additionalProperties",
        "anyOf", "propertyNames", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems",
        "minProperties", "uniqueItems", "unit",
    }  # fmt: skip
    for path, node in nodes(config_schema()):
        assert set(node) <= known, path
        assert "type" in node or "enum" in node or "anyOf" in node, path


def test_every_key_is_described():
    for path, node in nodes(config_schema()):
        for name, child in node.get("properties", {}).items():
            about = child.get("description", "")
            choices = str(child.get("items", ""))
            assert about.endswith(".") or "description" in choices, (*path, name)


def test_names_come_from_the_registries():
    enums = {path: node["enum"] for path, node in nodes(config_schema()) if "enum" in node}
    assert enums["metrics", "names", "*"] == list(MEASURES)
    assert enums["metrics", "maps", "metrics", "*"] == [
        one.name for one in MEASURES.values() if one.mappable
    ]
    assert enums["views", "*", "filter"] == list(FILTERS)
    assert enums["frames", "source"] == enums["frames", "sources", "*", "source"] == list(SOURCES)
    assert enums["encoders", "*", "weights", "source"] == list(WEIGHTS_SOURCES)
    assert enums["attribution", "parts", "*"] == list(eyes.PARTS)


def test_keys_of_filters_weights_and_eyes_are_declared():
    declared = {path for path, _ in nodes(config_schema())}
    for one in FILTERS.values():
        assert all(("views", "*", key) in declared for key in one.keys), one.name
    for one in WEIGHTS_SOURCES.values():
        assert all(("encoders", "*", "weights", key) in declared for key in one.needs), one.name
    assert all(("views", "*", "swap", part) in declared for part in eyes.PARTS)


def test_a_model_is_read_only():
    config = validate(SMALL)
    with pytest.raises(ValueError, match="frozen"):
        config.seed = 1
    assert isinstance(config, Config) and config.seed == 0


def test_a_factory_is_looked_for_when_the_study_is_read(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mynet.py").write_text("def build():\n    return 1\n")
    entry = {"layers": "*", "family": "cnn", "training": "untrained"}
    entry["weights"] = {"source": "random", "seed": 0}
    for factory, words in (
        ("mynte:build", r"there is no module mynte in "),
        ("mynet:biuld", r"mynet\.py has no function biuld \(did you mean build\?\)"),
        ("mynet.py:build", r"there is no module mynet\.py .*; leave out \.py"),
    ):
        config["encoders"] = {"mine": entry | {"factory": factory}}
        with pytest.raises(CatsightError, match=words):
            Study(config)
    config["encoders"] = {"mine": entry | {"factory": "mynet:build"}}
    assert Study(config).spec("features", "mine")


def test_an_empty_folder_is_found_when_the_study_is_read(config, tmp_path):
    (tmp_path / "empty").mkdir()
    config["frames"] = {"source": "folder", "folder": str(tmp_path / "empty")}
    study = Study(config)
    with pytest.raises(CatsightError, match=r"frames reads '.*empty', which holds no files"):
        _ = study.input_files


@pytest.mark.parametrize(
    "labels",
    [
        [measure.label for measure in MEASURES.values()],
        [one.label for one in FILTERS.values()],
        [figure.title for figure in FIGURES.values()],
    ],
    ids=["measures", "filters", "figures"],
)
def test_labels_tell_records_apart(labels):
    assert len(labels) > 1 and all(labels)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("name", MEASURES)
def test_a_variant_of_a_measure_says_so_in_its_label(name):
    label = MEASURES[name].label
    for variant in ("unbiased", "scaled", "between"):
        assert label.endswith(f", {variant}") == name.endswith(f"_{variant}")
