"""Rows of a synthetic study's other tables: stability, maps, pairs, attribution, doses, physiology and
renderings, and every view against every other.
"""

from itertools import combinations, product

import numpy as np
import pandas as pd

from catsight.tables.columns.attribution import ATTRIBUTION
from catsight.tables.columns.doses import DOSES
from catsight.tables.columns.maps import MAPS
from catsight.tables.columns.matrix import MATRIX
from catsight.tables.columns.pairs import PAIRS
from catsight.tables.columns.per_frame import PER_FRAME
from catsight.tables.columns.physiology import PHYSIOLOGY
from catsight.tables.columns.places import PLACES
from catsight.tables.columns.readout import READOUT
from catsight.tables.columns.renderings import RENDERINGS
from catsight.tables.columns.stability import STABILITY
from support.synthetic_study import DEPTH, ENCODERS, METRICS, PHOTOS, POOLINGS, VIEWS

PARTS = ("pupil", "acuity", "colour", "rods")


def frame(rows: list[dict], schema) -> pd.DataFrame:
    """The rows as pandas reads them back from Parquet."""
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=schema).to_pandas()


def layers(encoder: str):
    """What a row says of each layer of an encoder, and of their mean."""
    count = DEPTH[encoder]
    for i in range(count):
        yield {"layer": f"blocks.{i}", "layer_index": i, "depth": i / (count - 1)}
    yield {"layer": "all", "layer_index": None, "depth": None}


def about(encoder: str) -> dict:
    return {"encoder": encoder, **{key: ENCODERS[encoder][key] for key in ("family", "training")}}


def attribution(encoders=("efficientnet_lite0", "imgfocus_vit_s14")) -> pd.DataFrame:
    rng, rows = np.random.default_rng(0), []
    for encoder in encoders:
        for pooling in POOLINGS[encoder]:
            for place in layers(encoder):
                for metric in METRICS:
                    shares = dict(zip(PARTS, rng.normal(0.05, 0.04, 4)))
                    for part, value in {**shares, "whole": sum(shares.values())}.items():
                        rows.append(
                            about(encoder) | place
                            | {"pooling": pooling, "reference": "human", "view": "cat", "metric": metric, "part": part,
                               "value": value, "ci_low": value - 0.02, "ci_high": value + 0.01, "n_groups": 7}
                        )  # fmt: skip
    return frame(rows, ATTRIBUTION)


def drawn_parts() -> pd.DataFrame:
    draws = [attribution().assign(draw=draw) for draw in range(4)]
    return pd.concat(draws, ignore_index=True)


def doses() -> pd.DataFrame:
    rng, rows = np.random.default_rng(1), []
    for encoder in ENCODERS:
        for swept, values in {"luminance": (0.01, 1, 100), "acuity": (3, 6)}.items():
            for dose in values:
                for place in layers(encoder):
                    for metric in METRICS:
                        value = rng.uniform(0.5, 0.9)
                        rows.append(
                            about(encoder) | place
                            | {"pooling": "mean", "reference": "human", "view": "cat", "metric": metric, "swept": swept,
                               "dose": float(dose), "value": value, "ci_low": value - 0.1, "ci_high": value + 0.05}
                        )  # fmt: skip
    return frame(rows, DOSES)


def physiology() -> pd.DataFrame:
    rng, rows = np.random.default_rng(5), []
    for encoder in ENCODERS:
        for metric in METRICS:
            common = about(encoder) | {
                "layer": "all",
                "pooling": "mean",
                "reference": "human",
                "view": "cat",
                "metric": metric,
                "n_groups": 7,
            }
            for draw in range(7):
                value = rng.uniform(0.5, 0.9)
                rows.append(common | {"kind": "draw", "draw": draw, "value": value, "loss": 1 - value,
                                      "ci_low": value - 0.1, "ci_high": value + 0.05})  # fmt: skip
            rows.append(common | {"kind": "spread", "sd": 0.1, "low": 0.1, "high": 0.4})
            for number, share in {"acuity.cutoff": 0.8, "pupil.area_max": 0.1}.items():
                rows.append(common | {"kind": "share", "number": number, "share": share})
    return frame(rows, PHYSIOLOGY)


def renderings(displays=("auto", "red-cyan", "least-change")) -> pd.DataFrame:
    rng, rows = np.random.default_rng(7), []
    for encoder in ENCODERS:
        for display in displays:
            for place in layers(encoder):
                for metric in METRICS:
                    value = rng.uniform(0.5, 0.9)
                    rows.append(
                        about(encoder) | place
                        | {"pooling": "mean", "reference": "human", "view": "cat", "metric": metric, "display": display,
                           "own": display == displays[0], "value": value, "ci_low": value - 0.1,
                           "ci_high": value + 0.05, "n_groups": 7}
                    )  # fmt: skip
    return frame(rows, RENDERINGS)


def matrix() -> pd.DataFrame:
    rng, rows = np.random.default_rng(6), []
    for encoder in ENCODERS:
        for metric in METRICS:
            for one, other in combinations(VIEWS, 2):
                value = rng.uniform(0.5, 0.9)
                rows.append(
                    about(encoder)
                    | {"layer": "all", "pooling": "mean", "reference": one, "view": other, "metric": metric, "value": value,
                       "ci_low": value - 0.1, "ci_high": value + 0.05, "n_groups": 7}
                )  # fmt: skip
    return frame(rows, MATRIX)


def maps() -> pd.DataFrame:
    rng, rows = np.random.default_rng(2), []
    names = list(ENCODERS)
    pairs = [((one, "human"), (one, view)) for one in names for view in VIEWS if view != "human"]
    pairs += [
        ((one, "human"), (other, "human")) for i, one in enumerate(names) for other in names[i:]
    ]
    for (one, view), (other, other_view) in pairs:
        for i in range(DEPTH[one]):
            for j in range(DEPTH[other]):
                rows.append({
                    "encoder": one, "view": view, "layer": f"blocks.{i}", "layer_index": i, "other_encoder": other,
                    "other_view": other_view, "other_layer": f"blocks.{j}", "other_index": j, "pooling": "mean",
                    "metric": "cka_linear_unbiased", "value": rng.uniform(), "n_frames": 14,
                })  # fmt: skip
    return frame(rows, MAPS)


def pairs(count: int = 6, encoders=tuple(ENCODERS)) -> pd.DataFrame:
    """Frames a0, b0, a1, b1 ... of groups a and b."""
    rng, rows = np.random.default_rng(3), []
    ids = [f"{'ab'[i % 2]}{i // 2}" for i in range(count)]
    for encoder in encoders:
        for view in (v for v in VIEWS if v != "human"):
            one, other = (squared(rng.uniform(size=(count, count))) for _ in range(2))
            distance = rng.uniform(0.5, 1, size=(count, count))
            for i, first in enumerate(ids):
                for j, second in enumerate(ids):
                    rows.append({
                        "encoder": encoder, "layer": "blocks.11", "pooling": "mean", "reference": "human", "view": view,
                        "frame_id": first, "group": first[0], "other_id": second, "reference_dissimilarity": one[i, j],
                        "view_dissimilarity": other[i, j], "distance": distance[i, j],
                    })  # fmt: skip
    return frame(rows, PAIRS)


def per_frame() -> pd.DataFrame:
    """The frames of the synthetic study. With the trained encoders those of the dahlia lose most."""
    rng, rows = np.random.default_rng(6), []
    for encoder, (title, glance) in product(ENCODERS, product(PHOTOS, range(2))):
        name = title.lower().replace(" ", "-")
        for view, pooling in product((v for v in VIEWS if v != "human"), POOLINGS[encoder]):
            for place in layers(encoder):
                low = name == "dahlia" and ENCODERS[encoder]["training"] != "untrained"
                rows.append(place | {
                    "encoder": encoder, "pooling": pooling, "reference": "human", "view": view,
                    "frame_id": f"{name}/{glance}", "group": name, "pnka": rng.uniform(0.7, 1) - 0.3 * low,
                    "overlap": rng.uniform(), "reciprocal_rank": rng.uniform(), "at_once": 21,
                })  # fmt: skip
    return frame(rows, PER_FRAME)


def places(frames=("a0", "b0", "c0"), encoders=tuple(ENCODERS)) -> pd.DataFrame:
    """Three layers with ever coarser grids, in the middle three quarters of each picture; frames by
    turns, as the features stage writes them.
    """
    rng, rows = np.random.default_rng(5), []
    for encoder in encoders:
        for name in frames:
            for view in ("cat", "catvision"):
                for index, side in enumerate((8, 6, 4)):
                    values = rng.uniform(0.1, 0.3, side**2)
                    x, y = np.meshgrid(*[np.arange(side) - (side - 1) / 2] * 2)
                    rows.append({
                        "encoder": encoder, "layer": f"blocks.{index}", "layer_index": index, "depth": index / 2,
                        "reference": "human", "view": view, "frame_id": name, "group": name[0], "left": 0.125, "top": 0.125,
                        "right": 0.875, "bottom": 0.875, "side": side, "height": side, "width": side, "mean": values.mean(),
                        "distance": values, "contrast": rng.uniform(0, 1, side**2),
                        "eccentricity": np.hypot(x, y).ravel() * 12 / side,
                    })  # fmt: skip
    return frame(rows, PLACES)


def readout(encoders=("efficientnet_lite0",), views=tuple(VIEWS)) -> pd.DataFrame:
    """What networks answer to the frames of the synthetic study; the first of each photo changes."""
    rng, rows = np.random.default_rng(8), []
    for encoder, view in product(encoders, (v for v in views if v != "human")):
        common = {
            "encoder": encoder,
            "reference": "human",
            "view": view,
            "n_frames": 14,
            "n_groups": 7,
            "seed": 0,
        }
        for metric in ("same_first", "shared_five", "divergence"):
            value = rng.uniform(0.3, 0.7)
            rows.append(
                common
                | {
                    "kind": "mean",
                    "metric": metric,
                    "value": value,
                    "ci_low": value - 0.1,
                    "ci_high": value + 0.2,
                }
            )
        for title, glance in product(PHOTOS, range(2)):
            name = title.lower().replace(" ", "-")
            rows.append(
                common
                | {
                    "kind": "frame",
                    "frame_id": f"{name}/{glance}",
                    "group": name,
                    "same_first": float(glance),
                    "shared_five": 0.6,
                    "divergence": rng.uniform(),
                    "reference_name": f"{name} {glance}",
                    "reference_p": rng.uniform(),
                    "view_name": f"{name} {glance}" if glance else f"no {name}",
                    "view_p": rng.uniform(),
                }
            )
    return frame(rows, READOUT)


def squared(values):
    values = values + values.T
    np.fill_diagonal(values, 0)
    return values


def stability() -> pd.DataFrame:
    rng, rows = np.random.default_rng(4), []
    for encoder in ENCODERS:
        for view in ("cat", "catvision", "original"):
            for metric in METRICS:
                common = {
                    "encoder": encoder,
                    "pooling": "mean",
                    "reference": "human",
                    "view": view,
                    "metric": metric,
                }
                for place in layers(encoder):
                    if place["layer"] == "all":
                        value = rng.uniform(0.5, 1)
                        row = {
                            "kind": "split_half",
                            "n_groups": 7,
                            "value": value,
                            "low": value - 0.2,
                            "high": value,
                        }
                        rows.append(common | place | row)
                        continue
                    for groups in (4, 5, 7):
                        value = rng.uniform(0.5, 0.9)
                        row = {"kind": "size", "n_groups": groups, "value": value}
                        row |= {} if groups == 7 else {"low": value - 0.1, "high": value + 0.1}
                        rows.append(common | place | row)
                    kind = "ceiling" if view == "original" else "of_ceiling"
                    value = rng.uniform(0.8, 1)
                    rows.append(common | place | {"kind": kind, "n_groups": 7, "value": value, "low": value - 0.1,
                                                  "high": value + 0.1})  # fmt: skip
    return frame(rows, STABILITY)
