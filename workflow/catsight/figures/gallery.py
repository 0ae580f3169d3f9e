"""The gallery: the same frames as each eye delivers them, side by side."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from catsight.figures import choices, style

#: Pixels of all pictures together, so that a gallery stays well under 10 MB however many it shows.
_PIXELS = 2_400_000
_LONGEST = 420


def choose(frames: pd.DataFrame, count: int) -> list[str]:
    """The ids of ``count`` frames (fewer where there are fewer), each of another group as far as
    there are so many.

    ``frames`` needs the columns ``frame_id`` and ``group``; their order and shards do not matter.
    """
    ordered = frames[["group", "frame_id"]].sort_values(["group", "frame_id"])
    turn = ordered.groupby("group").cumcount()  # 0 for a group's first frame, 1 for its second ...
    return ordered.assign(turn=turn).sort_values(["turn", "group"])["frame_id"].head(count).tolist()


@style.styled
def draw(rows: Sequence[Mapping], spec: Mapping):
    """A figure with one row per frame and one column per view.

    Each of ``rows`` holds a ``title`` and ``pictures``, view name to uint8 sRGB (h, w, 3).
    """
    columns = [
        (name, _title(name, spec)) for name in choices.views(spec) if name in rows[0]["pictures"]
    ]
    return _pictures(rows, columns, _ruled([name for name, _ in columns], spec))


@style.styled
def parts(rows: Sequence[Mapping], spec: Mapping):
    """As :func:`draw`, of the reference's eye with one part after the other swapped, and with all."""
    swapped, view = spec["attribution"]["swapped"], spec["attribution"]["view"]
    in_order = [(part, swapped[part]) for part in choices.PARTS if part in swapped]
    columns = [(spec["reference"], f"{spec['reference']}\n(reference)")]
    columns += [(name, f"{view}’s\n{choices.PARTS[part]}") for part, name in in_order]
    columns += [(spec["attribution"]["whole"], f"{view}’s\nall of these")]
    return _pictures(rows, columns, _ruled([spec["reference"]], spec))


def _pictures(
    rows: Sequence[Mapping], columns: Sequence[tuple[str, str]], ruled: Mapping[str, float]
):
    from matplotlib.figure import Figure

    side = min(_LONGEST, int((_PIXELS / (len(rows) * len(columns))) ** 0.5))
    tall = [
        max(picture.shape[0] / picture.shape[1] for picture in row["pictures"].values())
        for row in rows
    ]
    tall = np.clip(tall, 0.4, 1.6)
    width = style.width(len(columns))
    cell = (width - 0.2) / len(columns)
    figure = Figure(figsize=(width, 0.5 + (cell + 0.03) * sum(tall)))
    figure.set_layout_engine("constrained", w_pad=0.015, h_pad=0.015, wspace=0.01, hspace=0.01)
    grid = figure.subplots(len(rows), len(columns), squeeze=False, height_ratios=tall)
    for axes_row, row, ratio in zip(grid, rows, tall):
        for axes, (view, _) in zip(axes_row, columns):
            picture = style.reduce(row["pictures"][view], side)
            axes.imshow(picture, interpolation="antialiased")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            if view in ruled:
                _scale_bar(axes, picture.shape, ruled[view])
        axes_row[0].set_ylabel(
            style.shortened(row["title"], int(16 * cell * ratio)), fontsize=7, color=style.GREY
        )
    for axes, (_, title) in zip(grid[0], columns):
        axes.set_title(title, fontsize=8 if len(columns) <= 4 else 7, linespacing=1.4)
    return figure


def _title(view: str, spec: Mapping) -> str:
    name = f"{view} (reference)" if view == spec["reference"] else view
    return f"{name}\n{choices.conditions(spec, view)}"


def _ruled(columns: Sequence[str], spec: Mapping) -> dict[str, float]:
    """The views that carry a scale bar, with their field of view: the first eye, and every eye with
    another.
    """
    in_order = sorted(columns, key=lambda view: view != spec["reference"])
    looking = {view: choices.viewing(spec, view) for view in in_order}
    fields = {
        view: conditions["field_of_view"] for view, conditions in looking.items() if conditions
    }
    first = [*fields][:1]
    return {
        view: field for view, field in fields.items() if view in first or field != fields[first[0]]
    }


def scale(field_of_view: float) -> float:
    """A round number of degrees, a tenth to a quarter of the field of view."""
    nice = [step * 10.0**power for power in range(-4, 3) for step in (1, 2, 5)]
    return max(value for value in nice if value <= field_of_view / 4)


def _scale_bar(axes, shape: tuple[int, ...], field_of_view: float) -> None:
    from matplotlib.patheffects import withStroke

    height, width = shape[:2]
    degrees = scale(field_of_view)
    left, below = 0.05 * width, height - 0.06 * height
    outline = [withStroke(linewidth=3, foreground="black", alpha=0.6)]
    end = left + degrees / field_of_view * width
    axes.plot([left, end], [below, below], color="white", linewidth=1.6, solid_capstyle="butt", path_effects=outline,
              scalex=False, scaley=False)  # fmt: skip
    axes.annotate(f"{degrees:g}°", (left, below), (1, 2), textcoords="offset points", color="white", fontsize=7.5,
                  va="bottom", path_effects=outline)  # fmt: skip
