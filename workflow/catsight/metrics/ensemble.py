"""What holds in every rendering: the verdicts on each contrast, counted over renderings.

A claim that is to hold in all renderings is their intersection: it is tested by the test of each
rendering, at the same level (an intersection-union test: Berger 1982, Technometrics 24, 295).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from catsight.metrics.hypotheses import Hypotheses, Row, hypotheses
from catsight.run.metrics_specs import ContrastsSpec

#: What the verdicts are counted from.
_READ = ("z", "p_holm", "equivalent", "ratio_sim_low", "ratio_sim_high")


def by_rendering(
    found: Mapping[str, Sequence[Row]], spec: ContrastsSpec
) -> Iterator[dict[tuple[str, str], Hypotheses]]:
    """For each rendering but the study's own, the hypotheses that it changes, by kind and name.

    ``found``: the rows of metrics, and of renderings if the study has these. Views that a rendering
    leaves alone keep their rows of metrics.
    """
    shown = [row for row in found.get("renderings", ()) if not row["own"]]
    for display in dict.fromkeys(row["display"] for row in shown):
        rows = [row for row in shown if row["display"] == display]
        changed = {row["view"] for row in rows}
        rows += [row for row in found["metrics"] if row["view"] not in changed]
        yield {
            (asked.kind, asked.name): asked
            for asked in hypotheses({"metrics": rows}, spec)
            if any(member.place["view"] in changed for member in asked.members)
        }


def with_contrasts(own: pa.Table, others: Sequence[pa.Table], alpha: float) -> pa.Table:
    """The table of contrasts, with verdicts counted over renderings.

    ``own`` holds the contrasts as the study shows colours, each of ``others`` the same in one other
    rendering; one that is missing there tells nothing.
    """
    tables = [_rows(table) for table in (own, *others)]
    counted: dict[str, list[Any]] = {name: [] for name in _COUNTED}
    for pair in tables[0]:
        rows = [table.get(pair, dict.fromkeys(_READ)) for table in tables]
        told = [row for row in rows if row["p_holm"] is not None and row["p_holm"] <= alpha]
        ends = [(row["ratio_sim_low"], row["ratio_sim_high"]) for row in rows]
        known = not any(end is None for both in ends for end in both)
        counted["n_renderings"].append(len(rows))
        counted["n_above"].append(sum(row["z"] > 0 for row in told))
        counted["n_below"].append(sum(row["z"] < 0 for row in told))
        counted["n_equivalent"].append(sum(row["equivalent"] is True for row in rows))
        counted["ratio_all_low"].append(min(low for low, _ in ends) if known else None)
        counted["ratio_all_high"].append(max(high for _, high in ends) if known else None)
    return _filled(own, counted)


def with_best(own: pa.Table, others: Sequence[pa.Table]) -> pa.Table:
    """The table of the best: in the set is who may be the best in any rendering."""
    tables = [{row["member"]: row for row in table.to_pylist()} for table in (own, *others)]
    columns: dict[str, list[Any]] = {"in_set": [], "p_leaves": [], "n_renderings": []}
    for member, first in tables[0].items():
        rows = [table.get(member, {"in_set": None, "p_leaves": None}) for table in tables]
        known = first["in_set"] is not None
        p = [row["p_leaves"] for row in rows if row["p_leaves"] is not None]
        # without a test in one rendering nothing excludes a member
        columns["in_set"].append(any(row["in_set"] is not False for row in rows) if known else None)
        columns["p_leaves"].append(max(p) if known else None)
        columns["n_renderings"].append(len(rows))
    return _filled(own, columns)


_COUNTED = (
    "n_renderings", "n_above", "n_below", "n_equivalent", "ratio_all_low", "ratio_all_high",
)  # fmt: skip


def _rows(table: pa.Table) -> dict[tuple[str, ...], dict[str, Any]]:
    """What is read of each contrast, by what it compares."""
    sides = [f"{name}_{side}" for name in ("member", "encoder") for side in "ab"]
    rows = table.select([*sides, *_READ]).to_pylist()
    return {tuple(str(row[side]) for side in sides): row for row in rows}


def _filled(table: pa.Table, columns: Mapping[str, Sequence[Any]]) -> pa.Table:
    """The table with these columns in place of its own."""
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        field = table.schema.field(place)
        values = [None if isinstance(one, float) and np.isnan(one) else one for one in values]
        table = table.set_column(place, field, pa.array(values, type=field.type))
    return table
