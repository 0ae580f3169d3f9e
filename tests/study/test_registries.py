"""The registries: what is said and known of every measure, filter, source, weights and figure."""

import json

import pytest

from catsight import CatsightError
from catsight.study import Study
from catsight.study.figures_registry import FIGURES
from catsight.study.filters import FILTERS
from catsight.study.measures import MEASURES, measure
from catsight.study.parts import PART_LABELS
from catsight.study.sources import ABOUT_GROUPS, ABOUT_KINDS, LISTED, REQUIRED, SOURCES
from catsight.study.weights_sources import WEIGHTS_SOURCES

#: Measure -> its label, and the facts about it that are true (docs/metrics.md).
MEASURED = {
    "cka_linear": ("Linear CKA", "similarity cosine mappable depends_on_n"),
    "cka_linear_unbiased": ("Linear CKA, unbiased", "similarity cosine mappable headline"),
    "cka_linear_unbiased_frames": ("Linear CKA, unbiased, frames", "similarity cosine mappable"),
    "cka_rbf": ("RBF CKA", "similarity cosine mappable depends_on_n"),
    "cka_rbf_unbiased": ("RBF CKA, unbiased", "similarity cosine mappable"),
    "cka_rbf_unbiased_frames": ("RBF CKA, unbiased, frames", "similarity cosine mappable"),
    "rsa": ("RSA", "similarity cosine mappable"),
    "rsa_frames": ("RSA, frames", "similarity cosine mappable"),
    "retrieval_top1": ("Retrieval, first", "similarity depends_on_n share"),
    "retrieval_top1_between": ("Retrieval, first, between", "similarity depends_on_n share"),
    "retrieval_mrr": ("Retrieval, 1/rank", "similarity depends_on_n share"),
    "retrieval_mrr_between": ("Retrieval, 1/rank, between", "similarity depends_on_n share"),
    "mutual_knn": ("Mutual nearest neighbours", "similarity cosine depends_on_n"),
    "cknna": ("CKNNA", "similarity cosine depends_on_n"),
    "procrustes": ("Procrustes distance", "depends_on_n"),
    "mmd2": ("MMD²", ""),
    "mmd2_unbiased": ("MMD², unbiased", ""),
    "mmd2_unbiased_frames": ("MMD², unbiased, frames", ""),
    "energy": ("Energy distance", ""),
    "energy_frames": ("Energy distance, frames", ""),
    "energy_scaled": ("Energy distance, scaled", ""),
    "wasserstein": ("Wasserstein distance", "depends_on_n"),
    "wasserstein_scaled": ("Wasserstein, scaled", "depends_on_n"),
    "sliced_wasserstein": ("Sliced Wasserstein", "depends_on_n"),
    "sliced_wasserstein_scaled": ("Sliced Wasserstein, scaled", "depends_on_n"),
}  # fmt: skip
_FEW = ", and does not look too high when frames are few and features many"
_FRAMES = ", as if all frames were independent"
COMPARES = {
    "cka_linear": "compares the inner products of features",
    "cka_linear_unbiased": f"compares the inner products of features{_FEW}",
    "cka_linear_unbiased_frames": f"compares the inner products of features{_FRAMES}",
    "cka_rbf": "compares which features lie close together",
    "cka_rbf_unbiased": f"compares which features lie close together{_FEW}",
    "cka_rbf_unbiased_frames": f"compares which features lie close together{_FRAMES}",
    "rsa": "compares the dissimilarities of frames of different groups",
    "rsa_frames": "compares the dissimilarities of all pairs of frames",
    "mutual_knn": "compares which frames are nearest to each frame",
    "cknna": "compares the inner products of frames that are nearest to each other",
}
_FACTS = ["similarity", "cosine", "depends_on_n", "share", "mappable", "headline"]


def test_measures_come_in_the_order_of_figures():
    assert list(MEASURES) == list(MEASURED)


@pytest.mark.parametrize("name", MEASURED)
def test_facts_about_a_measure(name):
    label, true = MEASURED[name]
    one = MEASURES[name]
    facts = {fact: fact in true.split() for fact in _FACTS}
    assert {fact: getattr(one, fact) for fact in _FACTS} == facts
    assert one.facts == {fact: facts[fact] for fact in ("similarity", "cosine", "share")}
    shown = {fact: facts[fact] for fact in ("similarity", "headline", "depends_on_n")}
    assert one.for_figures == shown | {
        "name": name, "label": label, "about": COMPARES.get(name, ""),
    }  # fmt: skip
    assert measure(name) is one


def test_an_unknown_measure_is_named():
    with pytest.raises(CatsightError) as raised:
        measure("cka")
    assert str(raised.value) == f"there is no measure 'cka'; there are {', '.join(MEASURED)}"


#: Filter -> label, sentence, the facts that are true, keys with their defaults, packages, the change of a control.
FILTERED = {
    "original": ("as photographed", "the frame as photographed, unfiltered", {"untouched"}, {}, (), ""),
    "catvision": ("published filter", "the published filter of arXiv 2511.02404, from the package catvision", set(), {},
                  ("catvision", "opencv-python-headless"), ""),
    "catvision_clip": ("published filter, over time",
                       "the published filter of arXiv 2511.02404 with its stages for time and motion, run over the past "
                       "of each frame and the frame itself", {"of_past"}, {}, ("catvision", "opencv-python-headless"), ""),
    "paired": ("as recorded with it", "the picture that was recorded with each frame", {"of_partner"}, {}, (), ""),
    "jpeg": ("quality {quality}", "what “{reference}” delivers, as a JPEG of quality {quality}", {"control"},
             {"quality": 50}, (), "compression as a JPEG of quality {quality}"),
    "greyscale": ("without colour", "what “{reference}” delivers, without colour", {"control"}, {}, (),
                  "the loss of all colour"),
    "blur": ("contrast loss of {match}",
             "what “{reference}” delivers, blurred until each frame has lost as much luminance contrast as it loses to "
             "{matched}", {"control", "matches"}, {"match": None, "parts": None}, (), "an equal loss of luminance contrast"),
    "desaturate": ("colour loss of {match}",
                   "what “{reference}” delivers, mixed with grey of the same luminance until each frame has lost as much "
                   "colour as it loses to {matched}", {"control", "matches"}, {"match": None, "parts": None}, (),
                   "an equal loss of colour in all hues"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILTERED)
def test_facts_about_a_filter(name):
    assert list(FILTERS) == list(FILTERED)
    label, about, true, keys, packages, change = FILTERED[name]
    one = FILTERS[name]
    assert (one.name, one.label, one.about, one.change) == (name, label, about, change)
    assert (dict(one.keys), one.packages) == (keys, packages)
    facts = ("control", "of_partner", "of_past", "untouched", "matches")
    assert {fact for fact in facts if getattr(one, fact)} == true
    assert bool(one.change) == one.control


def test_a_matched_filter_says_what_it_is_matched_to():
    def about(**given):
        return (
            FILTERS["blur"]
            .words("human", {"match": "cat"} | given)["about"]
            .partition("loses to ")[2]
        )

    assert about() == "“cat”"
    assert about(parts=["acuity"]) == "“cat” (acuity alone)"
    assert about(parts=["pupil", "acuity"]) == "“cat” (pupil and acuity alone)"
    words = FILTERS["jpeg"].words("human", {"quality": 7})
    assert (words["label"], words["change"]) == ("quality 7", "compression as a JPEG of quality 7")


_READS = {
    "photos": "the seven openly licensed colour photographs inside scikit-image, scikit-learn and matplotlib",
    "folder": "every JPEG, PNG, WebP and TIFF file below a folder",
    "video": "stills of video clips",
    "parquet": "tables of pictures, as `datasets` and catsight write them",
    "hub": "a dataset of pictures from the Hugging Face hub",
    "pairs": "pictures that were recorded in pairs, for example by a camera for a human and one for a cat",
    "dead-leaves": "synthetic scenes of overlapping discs, drawn with the study's seed",
}  # fmt: skip


def test_facts_about_sources():
    """Their keys and packages are tested with their specs."""
    assert {name: one.about for name, one in SOURCES.items()} == _READS
    assert " ".join(f"{name}: {about}." for name, about in _READS.items()) == ABOUT_KINDS
    assert [name for name, one in SOURCES.items() if one.network] == ["hub"]
    required = {
        name: [key for key, default in one.keys.items() if default is REQUIRED]
        for name, one in SOURCES.items()
    }
    assert required == {
        "photos": [], "folder": ["path"], "video": ["path"], "parquet": ["path"], "hub": ["dataset", "revision"],
        "pairs": ["path", "partner"], "dead-leaves": ["count"],
    }  # fmt: skip
    assert {name: one.exactly_one for name, one in SOURCES.items() if one.exactly_one} == {
        "video": ("every", "seconds", "scenes")
    }
    assert set(LISTED) == {"source", "path", "partner", "dataset", "revision", "files"}
    assert ABOUT_GROUPS.endswith("for example clips that were cut into frames.")


@pytest.mark.parametrize(
    ("sources", "megabytes", "network"),
    [
        ({"a": {"source": "dead-leaves", "count": 10, "size": 100}}, 0.3, False),
        ({"a": {"source": "dead-leaves", "count": 10}}, 3 * 10 * 256**2 / 1e6, False),
        ({"a": {"source": "dead-leaves", "count": 10, "size": 100}, "b": {"source": "dead-leaves", "count": 20, "size": 100}},
         0.9, False),
        ({"a": {"source": "photos"}}, 0, False),
        ({"a": {"source": "photos"}, "b": {"source": "hub", "dataset": "a/b", "revision": "0" * 40}}, 0, True),
        ({"a": {"source": "folder", "path": "x"}, "b": {"source": "dead-leaves", "count": 10, "size": 100}}, 2.3, False),
    ],
)  # fmt: skip
def test_how_much_a_study_reads(tmp_path, monkeypatch, sources, megabytes, network):
    """The user's files, and three bytes for each pixel that is drawn."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.png").write_bytes(bytes(1_500_000))
    (tmp_path / "x" / "b.png").write_bytes(bytes(500_000))
    study = Study({
        "study": "s", "frames": {"sources": sources}, "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}},
        "encoders": {"vit_b16": None},
    })  # fmt: skip
    assert study.input_megabytes == pytest.approx(megabytes)
    assert study.needs_network is network


def test_facts_about_sources_of_weights():
    facts = {
        name: (one.needs, one.takes, one.factory, one.untrained)
        for name, one in WEIGHTS_SOURCES.items()
    }
    assert facts == {
        "package": (("package", "path", "sha256", "convert"), (), False, False),
        "random": (("seed",), (), True, True),
        "hub": ((), ("sha256",), False, False),
        "file": (("path",), ("sha256",), True, False),
    }


def test_the_parts_of_an_eye_have_labels_in_their_order():
    assert list(PART_LABELS.items()) == [
        ("pupil", "pupil and optics"), ("acuity", "acuity"), ("colour", "colour"), ("rods", "rods"),
        ("temporal", "response over time"),
    ]  # fmt: skip


SMALL = {
    "study": "s", "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}}, "encoders": {"vit_b16": None},
}  # fmt: skip
FILTERS_ALONE = {"human": {"filter": "original"}, "cat": {"filter": "catvision"}}


@pytest.mark.parametrize(
    ("change", "without"),
    [
        ({}, "parts changes attribution doses physiology drawn_parts matrix renderings"),
        (
            {"attribution": {"view": "cat"}},
            "changes doses physiology drawn_parts matrix renderings",
        ),
        (
            {"sweeps": {"luminance": [1]}},
            "parts changes attribution physiology drawn_parts matrix renderings",
        ),
        (
            {"metrics": {"matrix": True}},
            "parts changes attribution doses physiology drawn_parts renderings",
        ),
        (
            {"physiology": {"view": "cat"}},
            "parts changes attribution doses drawn_parts matrix renderings",
        ),
        (
            {
                "physiology": {"view": "cat", "attributed": 1},
                "attribution": {"view": "cat", "parts": ["pupil"]},
            },
            "changes doses matrix renderings",
        ),
        (
            {"metrics": {"maps": {"metrics": []}}},
            "parts changes attribution doses physiology drawn_parts matrix maps renderings",
        ),
        (
            {"metrics": {"places": {"frames": 0}}},
            "parts changes attribution doses physiology drawn_parts matrix places renderings",
        ),
        (
            {"metrics": {"per_frame": False}},
            "parts changes attribution doses physiology drawn_parts matrix per_frame extremes renderings",
        ),
        (
            {"views": SMALL["views"] | {"o": {"filter": "original"}}},
            "parts attribution doses physiology drawn_parts matrix renderings",
        ),
        (
            {"views": FILTERS_ALONE},
            "parts eyes changes attribution doses physiology drawn_parts matrix renderings",
        ),
        (
            {"encoders": {"vit_b16": {"classes": None}}},
            "parts changes attribution doses physiology drawn_parts matrix renderings readout answers",
        ),
        (
            {"encoders": {"dinov2_b14": None}},
            "parts changes attribution doses physiology drawn_parts matrix renderings readout answers",
        ),
        (
            {"untrained": True},
            "parts changes attribution doses physiology drawn_parts matrix renderings readout answers",
        ),
        (
            {"renderings": ["red-cyan"]},
            "parts changes attribution doses physiology drawn_parts matrix",
        ),
    ],
)
def test_a_study_has_the_figures_and_tables_of_what_it_asks_for(change, without):
    study = Study(SMALL | change)
    missing = without.split()
    drawn = [name for name in FIGURES if name not in [*missing, "contrasts"]]  # of one encoder
    assert [one.name for one in study.figures] == drawn
    tables = [
        "metrics",
        "stability",
        "per_frame",
        "pairs",
        "places",
        "readout",
        "attribution",
        "doses",
        "physiology",
        "drawn_parts",
        "matrix",
        "renderings",
        "maps",
        "contrasts",
        "best",
    ]
    assert study.result_tables == [name for name in tables if name not in missing]


def _entry(given, **study):
    return Study(SMALL | {"encoders": {"vit_b16": given}} | study).encoders["vit_b16"]


def test_classes_of_an_entry_hold_for_its_own_weights_alone(tmp_path):
    mine = {"source": "file", "path": "mine.safetensors"}
    for given in (None, {"label": "x"}, {"preprocessing": {"size": 256}}, {"layers": "blocks.1"},
                  {"args": {"img_size": 256}}, {"weights": {"source": "hub"}}):  # fmt: skip
        assert _entry(given)["classes"] == "imagenet-1k", given
    for given in (
        {"weights": mine},
        {"args": {"num_classes": 0}},
        {"timm": "vit_base_patch16_224.dino"},
        {"factory": "support.hand_made_nets:Pixels", "weights": mine},
        {"training": "self-supervised"},
    ):
        assert "classes" not in _entry(given), given
    own = tmp_path / "mine.txt"
    own.write_text("cat\ndog\nhare\n")
    given = {"weights": mine, "args": {"num_classes": 3}, "classes": str(own)}
    assert _entry(given)["classes"] == str(own)
    study = Study(SMALL | {"encoders": {"vit_b16": given}})
    assert study.answering_encoders == ["vit_b16"]
    assert json.loads(study.spec("features", "vit_b16"))["encoder"]["classes"] == 3
    spec = json.loads(study.spec("readout", "vit_b16"))
    assert spec["classes"] == ["cat", "dog", "hare"] and "path" not in str(spec)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"classes": "imagenet"}, "config: encoders.vit_b16.classes is 'imagenet': there is no file 'imagenet', and no list of classes"),
        (
            {"classes": "imagenet-1k", "training": "untrained", "weights": {"source": "random", "seed": 0}},
            "config: encoders.vit_b16.classes is 'imagenet-1k', but random weights have learned no classes; remove it",
        ),
        ({"classes": ""}, "encoders.vit_b16.classes"),
        ({"classes": 1000}, "encoders.vit_b16.classes"),
    ],
)  # fmt: skip
def test_classes_that_cannot_be_are_refused(given, words):
    with pytest.raises(CatsightError) as raised:
        _entry(given)
    assert words in str(raised.value)


def test_an_untrained_study_has_no_answers():
    study = Study(SMALL | {"untrained": True})
    assert study.answering_encoders == []
    assert "classes" not in json.loads(study.spec("features", "vit_b16"))["encoder"]
