"""Mean alignment of every view, controls included."""

from typing import TYPE_CHECKING

import pandas as pd

from catsight.figures import select, style
from catsight.figures.choices import Choices
from catsight.figures.ranking import panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@style.styled
def draw(table: pd.DataFrame, choices: Choices) -> "Figure":
    """A figure like the ranking, but of all compared views, and of the report's one metric alone.

    ``table`` is the study's table of metrics.
    """
    rows = select.summaries(select.of_study(table, choices))
    return panels(rows[rows["metric"] == choices.headline(rows)], choices, choices.compared)
