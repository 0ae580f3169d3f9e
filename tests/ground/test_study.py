import copy
import json
import subprocess
import sys

import pytest
import yaml

from catsight import CatsightError, resources, study
from catsight.__main__ import main
from catsight.study import Study


@pytest.fixture
def config():
    return copy.deepcopy(
        yaml.safe_load((resources.find("schemas", "config.schema.yaml").parents[2] / "config.yaml").read_text())
    )


def set_key(config, dotted, value):
    *path, last = dotted.split(".")
    for key in path:
        config = config.setdefault(key, {})
    config[last] = value


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("frames.glancs", 3, r"frames\.glancs is not a key \(did you mean glances\?\); frames may hold folder, glance_size"),
        ("framse", {}, r"framse is not a key \(did you mean frames\?\)"),
        ("frames.source", "foto", r"frames\.source is 'foto'; it must be one of photos, folder"),
        ("frames.shards", 0, r"frames\.shards is 0; it must be at least 1"),
        ("frames.shards", "two", r"frames\.shards is 'two'; it must be an integer"),
        ("frames.glance_size", [0.5], r"frames\.glance_size is \[0\.5\]; it must be a list of at least 2"),
        ("frames.glance_size", [0.9, 0.5], r"frames\.glance_size is \[0\.9, 0\.5\]; the smaller fraction comes first"),
        ("frames.source", "folder", r"frames\.folder must name the folder of photos"),
        ("frames.folder", "x", r"set frames\.source: folder to use it"),
        ("viewing.luminance", 0, r"viewing\.luminance is 0; it must be at least 1e-06 \(Adapting luminance in cd/m²"),
        ("viewing.field_of_view", 400, r"viewing\.field_of_view is 400; it must be at most 120"),
        ("views.cat.eye", "lion", r"views\.cat: the eye 'lion' is unknown; it may be cat, dog, human"),
        ("views.cat.eyes", "cat", r"views\.cat\.eyes is not a key \(did you mean eye\?\)"),
        ("views.cat.filter", "original", r"views\.cat holds .* it must have either an eye or a filter"),
        ("views.original.luminance", 3, r"views\.original\.luminance has no meaning for a filter"),
        ("views.cat.swap", {"paws": "human"}, r"views\.cat\.swap\.paws is not a key"),
        ("views.a/b", {"eye": "cat"}, r"'a/b'"),
        ("reference", "dog", r"reference is 'dog'; it may be one of the views: cat, catvision, human, original"),
        ("encoders.efficientnet_lite1", None, r"encoders\.efficientnet_lite1 is not in .* \(did you mean efficientnet_lite0\?\)"),
        ("encoders.efficientnet_lite0", {"family": "bird"}, r"encoders\.efficientnet_lite0\.family is 'bird'; it must be one of cnn"),
        ("encoders.efficientnet_lite0", 3, r"encoders\.efficientnet_lite0 is 3; it must be a mapping"),
        ("encoders.vit_s16_untrained", {"training": "supervised"}, r"random weights are untrained, and only they are"),
        ("encoders.vit_b16", {"weights": {"source": "file"}}, r"has source 'file', so it needs path"),
        ("encoders.vit_b16", {"weights": {"path": "x"}}, r"encoders\.vit_b16\.weights lacks 'source'"),
        ("metrics.names", ["cka"], r"metrics\.names\.0 is 'cka'; it must be one of cka_linear"),
        ("features.device", "gpu", r"features\.device is 'gpu'; it must be text that matches"),
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
        {"study": "s", "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}}, "encoders": {"vit_b16": None}}
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
        "frames": study.frames_spec,
        **{f"views {v}": study.views_spec(v) for v in study.views},
        **{f"{kind} {e}": getattr(study, f"{kind}_spec")(e) for e in study.encoders for kind in ("weights", "features", "metrics")},
        "figures": study.figures_spec,
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
        ("frames.glances", 3, {"frames", "figures"}),
        ("frames.shards", 4, {"frames", "figures"}),
        ("views.cat.luminance", 3.0, {"views cat", "figures"}),
        ("viewing.field_of_view", 12, {"views cat", "views human", "figures"}),
        ("views.cat.swap", {"colour": "human"}, {"views cat", "figures"}),
        ("encoders.vit_s16_untrained", {"weights": {"source": "random", "seed": 1}}, {"weights vit_s16_untrained", "figures"}),
        ("encoders.vit_s16_untrained", {"layers": "blocks.0"}, {"features vit_s16_untrained", "figures"}),
        ("encoders.vit_s16_untrained", {"label": "ViT"}, {"figures"}),
        ("encoders.vit_s16_untrained", {"preprocessing": {"crop": 1.0}}, {"features vit_s16_untrained", "figures"}),
        ("encoders.vit_s16_untrained", {"args": {"img_size": 96}},
         {"weights vit_s16_untrained", "features vit_s16_untrained", "figures"}),
        ("features.pooling", ["mean"], {*(f"features {e}" for e in ENCODERS), "figures"}),
        ("features.pooling", ["cls", "mean", "map"], {*(f"features {e}" for e in ENCODERS), "figures"}),
        ("features.map_size", 2, {"figures"}),  # no maps are asked for
        ("features.precision", "bf16", {*(f"features {e}" for e in ENCODERS), "figures"}),
        ("features.device", "cuda:1", {*(f"features {e}" for e in ENCODERS), "figures"}),
        ("features.batch", 2, {*(f"features {e}" for e in ENCODERS), "figures"}),
        ("metrics.rsa_distance", "cosine", {*(f"metrics {e}" for e in ENCODERS), "figures"}),
        ("figures.dpi", 100, {"figures"}),
    ],
)  # fmt: skip
def test_a_change_reaches_only_the_jobs_that_use_it(config, key, value, jobs):
    # the report prints the whole configuration, so the figures' spec changes with every key
    assert changed(config, key, value) == jobs


def test_another_timm_redoes_weights_and_features(config, monkeypatch):
    before = every_spec(Study(config))
    known = study.versions
    monkeypatch.setattr(study, "versions", lambda *names: known(*names) | {n: "9" for n in names if n == "timm"})
    after = every_spec(Study(config))
    redone = {job for job in before if before[job] != after[job]}
    assert redone == {f"{kind} {encoder}" for kind in ("weights", "features") for encoder in ENCODERS}


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
    config["encoders"] = {"dino_vit_b16": {"weights": {"source": "file", "path": "mine.safetensors"}}}
    spec = json.loads(Study(config).features_spec("dino_vit_b16"))
    assert spec["encoder"]["timm"] == "vit_base_patch16_224.dino"
    config["encoders"] = {"dino_vit_b16": {"timm": "vit_base_patch16_224"}}
    with pytest.raises(
        CatsightError, match=r"encoders\.dino_vit_b16\.timm is 'vit_base_patch16_224'; for weights from"
    ):
        Study(config)


def test_order_of_keys_does_not_matter(config):
    def turned(node):
        return {k: turned(node[k]) for k in reversed(node)} if isinstance(node, dict) else node

    assert every_spec(Study(config)) == every_spec(Study(turned(config)))
    config["metrics"]["names"].reverse()
    config["features"]["pooling"].reverse()
    again = every_spec(Study(config))
    assert {job for job, spec in again.items() if spec != every_spec(Study(turned(config)))[job]} <= {"figures"}


def test_comments_on_an_eye_change_nothing_and_its_numbers_do(config, tmp_path):
    eye = tmp_path / "cat.yaml"
    text = (resources.find("eyes") / "cat.yaml").read_text()
    eye.write_text(text)
    config["views"]["cat"]["eye"] = str(eye)
    before = Study(config).views_spec("cat")
    eye.write_text(text.replace("confidence: low", "confidence: medium") + "# more\n")
    resources.load_yaml.cache_clear()
    assert Study(config).views_spec("cat") == before
    eye.write_text(text.replace("cutoff: {value: 6,", "cutoff: {value: 9,"))
    resources.load_yaml.cache_clear()
    assert Study(config).views_spec("cat") != before


def test_specs_are_canonical_and_hash_seeds_do_not_matter(tmp_path):
    code = (
        "from catsight.study import Study; s = Study.load('config.yaml');"
        "print(s.frames_spec, s.figures_spec, [s.views_spec(v) for v in s.views], [s.metrics_spec(e) for e in s.encoders])"
    )
    root = resources.find("schemas").parents[1]
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
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == "[]"
    )


def test_default_study_shows_the_cats_limit_to_the_network(config):
    """At least 12 px per degree at the network's input, twice the cat's acuity in cycles per degree."""
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
    assert "views needs one of: cat, catvision, human, original" in capsys.readouterr().err


def test_broken_yaml_is_named(tmp_path):
    (tmp_path / "c.yaml").write_text("a: [1,\nb: 2")
    with pytest.raises(CatsightError, match=r"c\.yaml is not YAML: .* line 2"):
        Study.load(tmp_path / "c.yaml")
    with pytest.raises(CatsightError, match=r"none\.yaml is missing"):
        Study.load(tmp_path / "none.yaml")
