"""A study small enough to check by hand in every figure: three networks, four compared views.

All values of its tables differ, and rows stand in no order, so that another row, column, network or
view shows. Some rows are of things that the study does not have; no figure shows them.
"""

import numpy as np
import pandas as pd

from catsight.figures.choices import Choices
from catsight.tables.columns.metrics import METRICS
from support import synthetic_study
from support.said import Mark
from support.synthetic_tables import frame

#: Not in the order of the figures, which show trained ones first, by family.
ENCODERS = {
    "swin": {"label": "Swin (untrained)", "family": "windowed-vit", "training": "untrained"},
    "vit": {"label": "ViT-S", "family": "vit", "training": "saliency"},
    "net": {"label": "ConvNet", "family": "cnn", "training": "supervised"},
}
#: In the order of the figures: how each is drawn.
LOOKS = {
    "net": Mark("#0072b2", "s", "-", "#0072b2"),
    "vit": Mark("#d55e00", "o", "-", "#d55e00"),
    "swin": Mark("#009e73", "D", "--", "#ffffff"),
}
LABELS = {name: ENCODERS[name]["label"] for name in LOOKS}
GREY, INK = "#6b7075", "#1f2328"
#: The entries of a legend that tell the families apart.
FAMILIES = [
    ("convolutional", Mark(GREY, "s", "", GREY)),
    ("ViT", Mark(GREY, "o", "", GREY)),
    ("windowed ViT", Mark(GREY, "D", "", GREY)),
]
LAYERS = {"net": 3, "vit": 2, "swin": 4}
VIEWS = {
    "jpeg": synthetic_study.filter_view("jpeg"),
    "cat": synthetic_study.eye_view("cat", luminance=0.5, field_of_view=20),
    "original": synthetic_study.filter_view("original"),
    "blur": synthetic_study.filter_view("blur", match="cat"),
    "human": synthetic_study.eye_view("human"),
}
PARTS = [
    {"name": "pupil", "label": "pupil and optics"},
    {"name": "acuity", "label": "sharpness"},
    {"name": "rods", "label": "rods in the dark"},
]
PART_COLOURS = {"pupil": "#0072b2", "acuity": "#e69f00", "rods": "#cc79a7"}


def choices(**changes) -> Choices:
    """What figures of this study show."""
    swaps = {"view": "cat", "whole": "cat", "swaps": {}}
    mine = {"encoders": ENCODERS, "views": VIEWS, "parts": PARTS, "attribution": swaps}
    return synthetic_study.choices(**mine | changes)


def legend_of_encoders() -> list:
    """The entries of a legend of all networks and families."""
    return [*((LABELS[name], look) for name, look in LOOKS.items()), *FAMILIES]


def about(name: str) -> dict:
    """What a row says of a network."""
    known = ENCODERS.get(name, {"family": "cnn", "training": "supervised"})
    return {"encoder": name, "family": known["family"], "training": known["training"]}


def layers(name: str) -> list[dict]:
    """What rows say of each layer of a network, and of their mean."""
    count = LAYERS.get(name, 2)
    single = [
        {"layer": f"blocks.{i}", "layer_index": i, "depth": i / (count - 1)} for i in range(count)
    ]
    return [*single, {"layer": "all", "layer_index": None, "depth": None}]


def numbered(rows: list[dict], schema, ends=("ci_low", "ci_high"), seed: int = 0) -> pd.DataFrame:
    """The rows in no order as a table: values from 0.4 to 0.6, intervals around them, all different."""
    places = np.random.default_rng(seed).permutation(len(rows))
    low, high = ends
    for row, place in zip(rows, places):
        share = place / len(rows)
        value = round(0.4 + 0.2 * share, 6)
        own = {"value": value, low: round(value - 0.06 - 0.03 * share, 6)}
        own |= {high: round(value + 0.04 + 0.02 * share, 6)}
        row |= {key: number for key, number in own.items() if key not in row}
    return frame([rows[place] for place in places], schema)


def metrics(*names: str, chance: bool = False) -> pd.DataFrame:
    """A table of metrics, with rows of another pooling, network, view and reference."""
    rows = []
    for metric in names:
        for encoder in (*LOOKS, "stranger"):
            for view in ("cat", "blur", "jpeg", "original", "moon"):
                for place in layers(encoder):
                    row = about(encoder) | place
                    row |= {"reference": "human", "view": view, "metric": metric, "n_groups": 20}
                    rows.append(row | {"pooling": "mean"})
                    if encoder == "vit":
                        rows.append(row | {"pooling": "cls"})
                    if view == "cat":
                        rows.append(row | {"pooling": "mean", "reference": "original"})
    if chance:
        for i, row in enumerate(rows):
            row |= {"null_low": 0.01 + 1e-4 * i, "null_high": 0.2 + 1e-4 * i}
    return numbered(rows, METRICS)


def of(table: pd.DataFrame, **where) -> pd.DataFrame:
    """The rows of a table of this study with these values, in network order; of single layers,
    unless ``layer`` is asked for.
    """
    where = {"pooling": "mean"} | where
    if "reference" in table:
        where = {"reference": "human"} | where
    if "layer" not in where and "layer_index" in table:
        table = table[table["layer"] != "all"].sort_values("layer_index")
    for key, value in where.items():
        table = table[table[key] == value]
    return table


def one(table: pd.DataFrame, **where) -> pd.Series:
    """The one row with these values."""
    (row,) = (row for _, row in of(table, **where).iterrows())
    return row


def pairs(rows: pd.DataFrame, x: str, y: str) -> list[tuple[float, float]]:
    """Two columns as points."""
    return list(zip(rows[x].astype(float), rows[y].astype(float)))
