"""Rows of the tables of contrasts and of the best, as a test needs them."""

from itertools import combinations

import pandas as pd

from catsight import tables
from catsight.tables.columns.best import BEST
from catsight.tables.columns.contrasts import CONTRASTS
from support.synthetic_tables import frame

CKA = "cka_linear_unbiased"
#: The column of a member, by the kind of contrast.
_COLUMN = {"encoder": "encoder", "view": "view", "layer": "layer", "part": "part"}


def row(kind, a, b, ratio=2.0, ends=(1.5, 3.0), p=0.01, needed=None, **more) -> dict:
    """A contrast of two members by the view “cat”, or of “cat” with another view.

    ``ends``: those of the interval of the ratio; ``needed``: groups needed, and the range of them.
    """
    view_b = b if kind == "view" else "cat"
    found = {
        "study": "quickstart", "kind": kind, "reference": "human", "metric": CKA, "pooling": "mean",
        "member_a": a, "member_b": b, "view_a": "cat", "view_b": view_b, "layer_a": "all", "layer_b": "all",
        "value_a": 0.9, "value_b": 0.95, "loss_ratio": ratio, "p_holm": p, "n_groups": 20, "n_frames": 40,
    }  # fmt: skip
    if column := _COLUMN.get(kind):
        found |= {f"{column}_a": a, f"{column}_b": b}
    if kind == "part":
        found |= {"view_a": None, "view_b": None}
    found |= dict(zip(("ratio_sim_low", "ratio_sim_high"), ends))
    found |= dict(zip(("groups_needed", "groups_low", "groups_high"), needed or ()))
    encoder = more.pop("encoder", None)
    if encoder is not None:
        found |= {"encoder_a": encoder, "encoder_b": encoder}
    return found | more


def table(rows) -> pd.DataFrame:
    """The rows as the table of contrasts."""
    return frame(list(rows), CONTRASTS)


def best(kind, left, out=(), **more) -> list[dict]:
    """Members that may be the best, and others that may not, by the view “cat”."""
    column = {"layer": "layer", "part": "part", "encoder": "encoder"}[kind]
    given = {"kind": kind, "reference": "human", "metric": CKA, "view": "cat"} | more
    if kind == "part":
        given["view"] = None
    return [{column: one, "member": one, "in_set": one in left} | given for one in (*left, *out)]


def candidates(rows) -> pd.DataFrame:
    """The rows as the table of the best."""
    return frame(list(rows), BEST)


def of_encoders(names, **more) -> list[dict]:
    """All pairs of encoders, none of them told apart."""
    return [
        row("encoder", a, b, 1.2, (0.5, 2.9), 0.4, (110, 45, 226), **more)
        for a, b in combinations(names, 2)
    ]


#: A table of the synthetic study: no two encoders are told apart; “cat” is from “catvision”, on average.
ROWS = [
    *of_encoders(
        ["efficientnet_lite0", "imgfocus_vit_s14", "swin_t_untrained", "vit_s16_untrained"]
    ),
    row("view", "cat", "catvision", 0.25, (0.125, 0.5), 0.001),
    row("part", "pupil", "colour", None, (None, None), None, reason="pupil: one group only"),
]


def write(folder, rows=ROWS, left=("efficientnet_lite0",)) -> None:
    """Writes both tables of a study."""
    tables.write(folder / "contrasts.parquet", rows, CONTRASTS, {"stage": "metrics"})
    tables.write(folder / "best.parquet", best("encoder", left), BEST, {"stage": "metrics"})
