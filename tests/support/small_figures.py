"""A study small enough to check by hand in every figure: three networks, four compared views.

All values of its tables differ, and rows stand in no order, so that another row, column, network or
view shows. Some rows are of things that the study does not have; no figure shows them.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from catsight.figures.choices import Choices
from catsight.tables.columns.attribution import ATTRIBUTION
from catsight.tables.columns.doses import DOSES
from catsight.tables.columns.maps import MAPS
from catsight.tables.columns.matrix import MATRIX
from catsight.tables.columns.metrics import METRICS
from catsight.tables.columns.pairs import PAIRS
from catsight.tables.columns.physiology import PHYSIOLOGY
from catsight.tables.columns.renderings import RENDERINGS
from catsight.tables.columns.stability import STABILITY
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


def attribution(*names: str) -> pd.DataFrame:
    """A table of attribution: shares above and below 0, that need not sum to the whole."""
    rows = []
    for metric in names:
        for encoder in (*LOOKS, "stranger"):
            for pooling in ("mean", "cls") if encoder == "vit" else ("mean",):
                for place in layers(encoder):
                    for part in ("whole", *reversed(PART_COLOURS), "eyelid"):
                        row = about(encoder) | place | {"pooling": pooling, "reference": "human"}
                        rows.append(row | {"view": "cat", "metric": metric, "part": part, "n_groups": 20})  # fmt: skip
    table = numbered(rows, ATTRIBUTION, seed=1)
    return table.assign(**{key: table[key] - 0.4951 for key in ("value", "ci_low", "ci_high")})


def drawn_parts(*names: str, draws: int = 6) -> pd.DataFrame:
    """A table of drawn eyes' parts: that of attribution, and other values for each draw."""
    stated, rng = attribution(*names), np.random.default_rng(8)
    others = [
        stated.assign(value=stated["value"] + rng.normal(scale=0.02, size=len(stated)))
        for _ in range(draws)
    ]
    every = [table.assign(draw=draw) for draw, table in enumerate([stated, *others])]
    return pd.concat(every, ignore_index=True).sample(frac=1, random_state=0)


def doses(*names: str) -> pd.DataFrame:
    """A table of doses, of luminance and acuity."""
    rows = []
    for metric in names:
        for encoder in (*LOOKS, "stranger"):
            for pooling in ("mean", "cls") if encoder == "vit" else ("mean",):
                for swept, values in {"acuity": (12, 3, 6), "luminance": (100, 0.01, 1)}.items():
                    for dose in values:
                        for place in layers(encoder)[-2:]:
                            row = about(encoder) | place | {"pooling": pooling, "view": "cat"}
                            row |= {"reference": "human", "swept": swept, "dose": float(dose)}
                            rows.append(row | {"metric": metric, "n_groups": 20})
    return numbered(rows, DOSES, seed=2)


#: The numbers of the eye that are drawn, and their shares in the variance of each network.
SHARES = {
    "acuity.cutoff": {"net": 0.7, "vit": 0.5, "swin": 0.0},
    "colour.cones.S.quantum_efficiency": {"net": 0.0, "vit": 0.2, "swin": 0.6},
    "rods.tapetum": {"net": 0.0, "vit": 0.0, "swin": 0.0},
    "pupil.area_max": {"net": 0.1, "vit": 0.0, "swin": 0.0},
}


def physiology(*names: str, draws: int = 5) -> pd.DataFrame:
    """A table of physiology: the eye as stated and some draws, their spread and its shares."""
    rows = []
    for metric in names:
        for encoder in (*LOOKS, "stranger"):
            for pooling in ("mean", "cls") if encoder == "vit" else ("mean",):
                about_all = about(encoder) | {"pooling": pooling, "view": "cat", "metric": metric}
                about_all |= {"reference": "human", "n_groups": 20}
                for draw in range(draws + 1):
                    for place in layers(encoder)[-2:]:
                        rows.append(about_all | place | {"kind": "draw", "draw": draw})
                place = layers(encoder)[-1] | about_all | {"value": None}
                rows.append(place | {"kind": "spread"})
                rows += [
                    place | {"kind": "share", "number": number, "share": of.get(encoder, 0.9)}
                    for number, of in SHARES.items()
                ]
    table = numbered(rows, PHYSIOLOGY, seed=6)
    drawn = table["kind"] == "draw"
    loss = np.where(table["metric"] == "energy", table["value"], 1 - table["value"])
    table["loss"] = pd.Series(loss, table.index).where(drawn)
    table.loc[~drawn, ["ci_low", "ci_high"]] = np.nan
    for row in np.flatnonzero(table["kind"] == "spread"):
        same = ["encoder", "pooling", "metric", "layer"]
        like = (table[same] == table[same].iloc[row]).all(axis=1) & (table["draw"] > 0)
        low, high = np.quantile(table.loc[like, "loss"], [0.05, 0.95])
        table.loc[row, ["sd", "low", "high"]] = table.loc[like, "loss"].std(), low, high
    return table


def renderings(*names: str, displays: tuple[str, ...]) -> pd.DataFrame:
    """A table of renderings, the study's own first, of the cat and of another view."""
    rows = []
    for metric in names:
        for encoder in (*LOOKS, "stranger"):
            for pooling in ("mean", "cls") if encoder == "vit" else ("mean",):
                for view, display in [("blur", displays[0]), *(("cat", one) for one in displays)]:
                    for place in layers(encoder)[-2:]:
                        row = about(encoder) | place | {"pooling": pooling, "view": view}
                        row |= {"reference": "human", "display": display, "metric": metric}
                        rows.append(row | {"own": display == displays[0], "n_groups": 20})
    return numbered(rows, RENDERINGS, seed=8)


def matrix(*names: str) -> pd.DataFrame:
    """A table of the matrix: every two views once, in one order or the other, and one that is unknown."""
    rows = []
    for metric in names:
        for encoder in (*LOOKS, "stranger"):
            for pooling in ("mean", "cls") if encoder == "vit" else ("mean",):
                for one, other in combinations((*VIEWS, "moon"), 2):
                    for place in layers(encoder):
                        row = about(encoder) | place | {"pooling": pooling, "metric": metric}
                        rows.append(row | {"reference": one, "view": other, "n_groups": 20})
    return numbered(rows, MATRIX, seed=7)


def stability(*names: str) -> pd.DataFrame:
    """A table of stability: layers with 4, 6 and 9 groups, halves, and shares of two ceilings."""
    rows = []
    for metric in names:
        for encoder in (*LOOKS, "stranger"):
            for view in ("cat", "jpeg", "blur", "moon"):
                for place in layers(encoder):
                    row = {
                        "encoder": encoder,
                        "pooling": "mean",
                        "reference": "human",
                        "view": view,
                    }
                    row |= place | {"metric": metric}
                    if place["layer"] == "all":
                        rows.append(row | {"kind": "split_half", "n_groups": 9})
                        continue
                    rows += [row | {"kind": "size", "n_groups": groups} for groups in (6, 9, 4)]
                    kind = "ceiling" if view in ("jpeg", "blur") else "of_ceiling"
                    rows.append(row | {"kind": kind, "n_groups": 9})
    rows += [row | {"pooling": "cls"} for row in rows if row["encoder"] == "vit"]
    return numbered(rows, STABILITY, ends=("low", "high"), seed=3)


def maps(*names: str) -> pd.DataFrame:
    """A table of maps: each network in the reference against the cat and another view, and each
    pair of networks once.
    """
    found = [((one, "human"), (one, view)) for one in LOOKS for view in ("cat", "jpeg")]
    between = [("net", "net"), ("vit", "net"), ("net", "swin"), ("vit", "vit"), ("swin", "vit"),
               ("swin", "swin"), ("net", "stranger"), ("stranger", "stranger")]  # fmt: skip
    found += [((one, "human"), (other, "human")) for one, other in between]
    rows = []
    for metric in names:
        for (one, view), (other, other_view) in found:
            for i in range(LAYERS.get(one, 2)):
                for j in range(LAYERS.get(other, 2)):
                    rows.append({
                        "encoder": one, "view": view, "layer": f"blocks.{i}", "layer_index": i, "other_encoder": other,
                        "other_view": other_view, "other_layer": f"blocks.{j}", "other_index": j, "pooling": "mean",
                        "metric": metric,
                    })  # fmt: skip
    return numbered(rows, MAPS, ends=("low", "high"), seed=4)


def frames() -> pd.DataFrame:
    """A table of pairs of six frames of three groups, not in their order."""
    ids = {"f5": "b", "f1": "c", "f6": "a", "f2": "b", "f4": "c", "f3": "b"}
    rng, rows = np.random.default_rng(5), []
    for encoder in (*LOOKS, "stranger"):
        for view in ("cat", "blur"):
            one, other = (rng.permutation(36).reshape(6, 6) / 36 for _ in range(2))
            for i, first in enumerate(ids):
                for j, second in enumerate(ids):
                    rows.append({
                        "encoder": encoder, "layer": f"last of {encoder}", "pooling": "mean", "reference": "human",
                        "view": view, "frame_id": first, "group": ids[first], "other_id": second,
                        "reference_dissimilarity": one[min(i, j), max(i, j)],
                        "view_dissimilarity": other[min(i, j), max(i, j)], "distance": rng.uniform(),
                    })  # fmt: skip
    return frame([rows[place] for place in rng.permutation(len(rows))], PAIRS)
