"""The one metric that sentences are about: its rows, and the order of its intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from catsight.figures import labels, select
from catsight.figures.choices import Choices


@dataclass(frozen=True)
class Results:
    """The rows of the one metric that sentences are about, and the encoders that have any."""

    choices: Choices
    metric: str
    rows: pd.DataFrame
    means: pd.DataFrame  #: those over layers
    trained: Sequence[str]
    untrained: Sequence[str]

    @classmethod
    def of(cls, metrics: pd.DataFrame, choices: Choices) -> "Results":
        """The results in a table of metrics."""
        rows = select.of_study(metrics, choices)
        metric = choices.headline(rows)
        rows = rows[rows["metric"] == metric]
        means = select.summaries(rows)
        names = choices.present(means[means["view"] == choices.focus])
        trained = [name for name, about in names.items() if about["training"] != "untrained"]
        untrained = [name for name in names if name not in trained]
        return cls(choices, metric, rows, means, trained, untrained)

    @property
    def encoders(self) -> list[str]:
        """All encoders, trained ones first."""
        return [*self.trained, *self.untrained]

    @property
    def told(self) -> Sequence[str]:
        """The encoders that sentences are about: the trained ones, if there are any."""
        return self.trained or self.untrained

    def label(self, encoder: str) -> str:
        """What figures call an encoder."""
        return self.choices.encoders[encoder]["label"]

    def mean(self, encoder: str, view: str) -> pd.Series | None:
        """The row of an encoder's mean over layers; None if there is none."""
        found = self.means[(self.means["encoder"] == encoder) & (self.means["view"] == view)]
        return None if found.empty else found.iloc[0]

    @property
    def groups(self) -> int:
        """How many independent groups of frames the rows rest on, at the least."""
        return int(self.rows["n_groups"].min())

    def estimate(self, row: pd.Series) -> str:
        """A row's value with its interval, or why it has none."""
        return labels.estimate(row, groups=labels.groups(self.choices, self.groups))

    def focal(self, encoder: str) -> pd.Series:
        """The row of an encoder's mean over layers for the view in focus."""
        means = self.means[self.means["encoder"] == encoder]
        return means[means["view"] == self.choices.focus].iloc[0]


def order(one: pd.Series, other: pd.Series) -> str | None:
    """Where ``one``'s interval lies relative to ``other``'s: below, above, overlapping; None if one
    of them has none.
    """
    if any(pd.isna(row[end]) for row in (one, other) for end in ("value", "ci_low", "ci_high")):
        return None
    if one["ci_high"] < other["ci_low"]:
        return "below"
    return "above" if one["ci_low"] > other["ci_high"] else "overlapping"
