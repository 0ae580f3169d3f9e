"""Which views, encoders and rows the figures show, and in which order."""

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd

from catsight.errors import CatsightError

#: The name of the rows that hold a mean over an encoder's layers.
ALL_LAYERS = "all"

#: Where a :func:`cut` axis ends: a dot at 0 is still whole.
CUT = -0.04

_METRICS = {
    "cka_linear": "Linear CKA",
    "cka_linear_unbiased": "Linear CKA, unbiased",
    "cka_rbf": "RBF CKA",
    "cka_rbf_unbiased": "RBF CKA, unbiased",
    "rsa": "RSA",
    "retrieval_top1": "Retrieval, first",
    "retrieval_top1_between": "Retrieval, first, between",
    "retrieval_mrr": "Retrieval, 1/rank",
    "retrieval_mrr_between": "Retrieval, 1/rank, between",
    "procrustes": "Procrustes distance",
    "mmd2": "MMD²",
    "mmd2_unbiased": "MMD², unbiased",
    "energy": "Energy distance",
    "energy_scaled": "Energy distance, scaled",
    "wasserstein": "Wasserstein distance",
    "wasserstein_scaled": "Wasserstein, scaled",
    "sliced_wasserstein": "Sliced Wasserstein",
    "sliced_wasserstein_scaled": "Sliced Wasserstein, scaled",
}
_DISTANCES = ("procrustes", "mmd2", "energy", "wasserstein", "sliced_wasserstein")
#: Filters that change the reference, to set beside what an eye does.
CONTROLS = ("blur", "greyscale", "jpeg")
#: What the parts of an eye are called in figures, and in which order.
PARTS = {"pupil": "pupil and optics", "acuity": "acuity", "colour": "colour", "rods": "rods"}


def views(spec: Mapping) -> list[str]:
    """All views in the order of the gallery: untouched frames, the reference, other eyes (cat
    first), other filters.
    """

    def place(name: str):
        config = spec["views"][name]
        kinds = (
            config.get("filter") == "original",
            name == spec["reference"],
            name == "cat",
            "eye" in config,
        )
        return (
            kinds.index(True) if True in kinds else len(kinds) + (config.get("filter") in CONTROLS),
            name,
        )

    return sorted(spec["views"], key=place)


def compared(spec: Mapping) -> list[str]:
    """The views compared with the reference: :func:`focus`, other eyes, filters, and last the
    untouched frames.
    """
    focal = focus(spec)
    others = [name for name in views(spec) if name not in (focal, spec["reference"])]
    return [
        focal,
        *sorted(others, key=lambda name: spec["views"][name].get("filter") == "original"),
    ]


def changes(spec: Mapping) -> list[str]:
    """The compared views without the controls, but with a blur that is matched to the view in
    focus.
    """
    return [
        name
        for name in compared(spec)
        if name == focus(spec)
        or (config := spec["views"][name]).get("filter") not in CONTROLS
        or config.get("match") == focus(spec)
    ]


def distance(metric: str) -> bool:
    """Whether 0 is full agreement and more is less; else 1 is."""
    return metric.startswith(_DISTANCES)


def focus(spec: Mapping) -> str:
    """The view that the study is about: ``cat``, else the first other eye, else the first other
    view.
    """
    others = [name for name in views(spec) if name != spec["reference"]]
    if not others:
        raise CatsightError(
            f"the study has no view beside its reference '{spec['reference']}'; add one under views:"
        )
    return next(
        iter(
            [n for n in others if n == "cat"]
            + [n for n in others if "eye" in spec["views"][n]]
            + others
        )
    )


def encoders(spec: Mapping) -> dict[str, dict]:
    """The encoders of the spec, trained ones first, by family; every figure gives them their
    colours in this order.
    """

    def place(item):
        name, about = item
        return about["training"] == "untrained", about["family"], name

    return dict(sorted(spec["encoders"].items(), key=place))


def present(table: pd.DataFrame, spec: Mapping) -> dict[str, dict]:
    """The :func:`encoders` that the table has rows of."""
    return {name: about for name, about in encoders(spec).items() if name in set(table["encoder"])}


def metrics(table: pd.DataFrame) -> list[str]:
    """The metrics of the table, the well-known ones first."""
    known = list(_METRICS)
    return sorted(
        table["metric"].unique(), key=lambda m: (known.index(m) if m in known else len(known), m)
    )


def metric_label(metric: str) -> str:
    """What figures call a metric."""
    return _METRICS.get(metric, metric)


def viewing(spec: Mapping, view: str) -> dict | None:
    """The viewing conditions of an eye's view, as the configuration names them; None for a filter."""
    config = spec["views"][view]
    return (
        {key: config.get(key, value) for key, value in spec["viewing"].items()}
        if "eye" in config
        else None
    )


def conditions(spec: Mapping, view: str) -> str:
    """A view's conditions in a few words: ``100 cd/m², 16°``."""
    looking = viewing(spec, view)
    if looking is None:
        config = spec["views"][view]
        return {
            "original": "as photographed",
            "catvision": "published filter",
            "paired": "as recorded with it",
            "greyscale": "without colour",
            "jpeg": f"quality {config.get('quality', 50)}",
            "blur": f"as far as {config.get('match')}",
        }[config["filter"]]
    words = [f"{looking['luminance']:g} cd/m²", f"{looking['field_of_view']:g}°"]
    if looking["defocus"]:
        words.append(f"{looking['defocus']:+g} D")
    if looking.get("photon_noise") is not None:
        words.append("photon noise")
    if looking.get("eccentricity"):
        words.append("acuity falling off")
    return ", ".join(words)


def poolings(table: pd.DataFrame, wanted: str) -> dict[str, str]:
    """The pooling shown for each encoder: the ``wanted`` one, else ``mean``, else what it has."""
    has = table.groupby("encoder")["pooling"].unique()
    return {
        name: next(p for p in (wanted, "mean", *sorted(some)) if p in some)
        for name, some in has.items()
    }


def pooling_note(pooling: str, spec: Mapping) -> str:
    """What is added to an encoder's label where it shows another pooling than the one asked for."""
    return "" if pooling == spec["pooling"] else f" [{pooling}]"


def shown(table: pd.DataFrame, spec: Mapping) -> pd.DataFrame:
    """The rows of the chosen pooling, of this study's encoders, compared views and reference.

    Raises :class:`CatsightError` where nothing is left, or where an estimate stands there twice.
    """
    table = table[(table["reference"] == spec["reference"]) & table["view"].isin(compared(spec))]
    table = table[table["encoder"].isin(list(spec["encoders"]))]
    if table.empty:
        raise CatsightError(
            f"the metrics table has no row of this study (reference '{spec['reference']}', views "
            f"{', '.join(compared(spec))}); run the metrics stage again"
        )
    table = pooled(table, spec)
    keys = ["encoder", "layer", "view", "metric"]
    if (twice := table.duplicated(keys)).any():
        row = table.loc[twice.idxmax(), keys]
        raise CatsightError(
            f"the metrics table holds {', '.join(row)} more than once; run the metrics stage again"
        )
    return table


def primary(table: pd.DataFrame) -> str:
    """The metric that sentences and summaries speak of: unbiased CKA where it was computed, else
    the first one.
    """
    names = metrics(table)
    return "cka_linear_unbiased" if "cka_linear_unbiased" in names else names[0]


def pooled(table: pd.DataFrame, spec: Mapping) -> pd.DataFrame:
    """The rows of the chosen pooling, of this study's encoders."""
    table = table[table["encoder"].isin(list(spec["encoders"]))]
    return table[table["pooling"] == table["encoder"].map(poolings(table, spec["pooling"]))]


def layers(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of single layers, in network order."""
    return table[table["layer"] != ALL_LAYERS].sort_values(
        ["encoder", "layer_index"], kind="stable"
    )


def summaries(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that hold means over layers. Raises :class:`CatsightError` where there are none."""
    table = table[table["layer"] == ALL_LAYERS]
    if table.empty:
        raise CatsightError(
            "the metrics table has no means over layers (layer 'all'); run the metrics stage again"
        )
    return table


def has_interval(table: pd.DataFrame) -> pd.Series:
    """Which rows have a value and both ends of its interval."""
    return table[["value", "ci_low", "ci_high"]].notna().all(axis=1)


def cut(table: pd.DataFrame) -> bool:
    """Whether the axis ends just below 0 although intervals go on: where no value is negative.

    The figures then show the axis from :data:`CUT` to 1, and say so. A measure of agreement says no
    more below 0, and wide intervals would press the values into a corner.
    """
    if table["metric"].map(distance).any():
        return False
    return bool(
        (table["value"].min() >= 0)
        and (table["ci_low"].min() < CUT)
        and (table["ci_high"].max() <= 1)
    )


def wide(table: pd.DataFrame) -> bool:
    """Whether one metric's values are distances that differ so much that only their logarithms show
    them all.
    """
    values = table["value"].dropna()
    if values.empty or not distance(table["metric"].iloc[0]):
        return False
    return bool(values.min() > 0 and values.max() > 100 * values.median())


def gaps(table: pd.DataFrame, width: int = 88) -> list[str]:
    """Why values or intervals are missing, and at how many of the points shown; lines of up to
    ``width`` letters.
    """
    lines = []
    for what, missing in (
        ("value", table["value"].isna()),
        ("interval", table["value"].notna() & ~has_interval(table)),
    ):
        reasons = table.loc[missing, "reason"].replace("", np.nan).fillna("no reason given")
        for reason, count in reasons.value_counts().sort_index().items():
            lines += textwrap.wrap(f"no {what}: {reason} ({count} of {len(table)} points)", width)
    return lines
