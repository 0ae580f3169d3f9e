"""Retrieval examples: a frame, its view, and the frame of the reference that it is taken for."""

from collections.abc import Mapping, Sequence

import pandas as pd

from catsight.figures import choices, style

#: Encoders and frames shown.
ENCODERS, FRAMES = 3, 4
_SIDE = 300


def examples(pairs: pd.DataFrame, spec: Mapping) -> list[dict]:
    """The frames that most encoders mistake, at most :data:`FRAMES`, each of another group as far
    as there are so many.

    Each with, for every encoder, the nearest ``other`` frame of the reference, of another group
    where there is one, and whether that is nearer than the frame's own (``mistaken``). Frames that
    no encoder mistakes come last, those first that are nearest to be mistaken.
    """
    pairs = choices.pooled(pairs[pairs["view"] == choices.focus(spec)], spec)
    encoders = list(choices.present(pairs, spec))[:ENCODERS]
    found, groups = [], pairs.drop_duplicates("frame_id").set_index("frame_id")["group"]
    for (frame, group), of_frame in pairs[pairs["encoder"].isin(encoders)].groupby(
        ["frame_id", "group"]
    ):
        nearest, margins = {}, []
        for name in encoders:
            here = of_frame[of_frame["encoder"] == name].set_index("other_id")["distance"]
            own, others = here.get(frame), here.drop(frame).dropna()
            if groups.nunique() > 1:
                others = others[others.index.map(groups) != group]
            if pd.isna(own) or others.empty:
                continue
            other = others.sort_index().idxmin()
            nearest[name] = {"other": other, "mistaken": bool(others[other] < own)}
            margins.append(own - others[other])
        if nearest:
            count = sum(one["mistaken"] for one in nearest.values())
            found.append(
                {
                    "frame": frame,
                    "group": group,
                    "nearest": nearest,
                    "order": (-count, -max(margins), frame),
                }
            )
    found.sort(key=lambda one: one["order"])
    turn: dict[str, int] = {}
    for one in found:
        turn[one["group"]] = turn.get(one["group"], -1) + 1
        one["turn"] = turn[one["group"]]
    return sorted(found, key=lambda one: (one["turn"], one["order"]))[:FRAMES]


@style.styled
def draw(rows: Sequence[Mapping], spec: Mapping, titles: Mapping[str, str]):
    """A figure with one row per example: the frame, its view, and what each encoder finds nearest
    but for the frame.

    ``rows`` are :func:`examples` with ``pictures``: uint8 sRGB (h, w, 3) of the frame as
    ``reference`` and ``view``, and by their id those of the ``others`` as the reference has them.
    ``titles`` of frames by id.
    """
    from matplotlib.figure import Figure

    if not rows:
        figure = Figure(figsize=(style.WIDTH, 0.6), layout="constrained")
        figure.text(0.5, 0.5, "no frames to set against one another: too few, or their features do not vary",
                    ha="center", va="center", fontsize=8)  # fmt: skip
        return figure
    encoders = list(dict.fromkeys(name for row in rows for name in row["nearest"]))
    columns = 2 + len(encoders)
    width = style.width(columns)
    figure = Figure(figsize=(width, 0.6 + (width / columns + 0.12) * len(rows)))
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.03)
    grid = figure.subplots(len(rows), columns, squeeze=False)
    label = choices.encoders(spec)
    heads = [f"frame as\n{spec['reference']}", f"frame as\n{choices.focus(spec)}"]
    heads += [f"nearest other,\n{style.shortened(label[name]['label'], 22)}" for name in encoders]
    for axes, head in zip(grid[0], heads):
        axes.set_title(head, fontsize=7.5)
    for axes_row, row in zip(grid, rows):
        for axes, role in zip(axes_row, ("reference", "view")):
            _show(axes, row["pictures"][role], style.PALE, 0.8)
        axes_row[0].set_ylabel(
            style.shortened(titles.get(row["frame"]) or row["frame"], 18),
            fontsize=7,
            color=style.GREY,
        )
        for axes, name in zip(axes_row[2:], encoders):
            if name not in row["nearest"]:
                axes.set_visible(False)
                continue
            near = row["nearest"][name]
            colour, word = (
                ("#D55E00", "mistaken") if near["mistaken"] else (style.GREY, "own frame is nearer")
            )
            _show(
                axes,
                row["pictures"]["others"][near["other"]],
                colour,
                2.2 if near["mistaken"] else 0.8,
            )
            axes.set_xlabel(word, fontsize=7, color=colour, labelpad=2)
    return figure


def _show(axes, picture, colour: str, width: float) -> None:
    axes.imshow(style.reduce(picture, _SIDE), interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour, linewidth=width)
