"""The one metric that sentences are about: its rows in the tables of a study."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from catsight.figures import labels, select, verdicts
from catsight.figures.choices import Choices
from catsight.figures.verdicts import Contrast


@dataclass(frozen=True)
class Results:
    """The rows of the one metric that sentences are about, and the encoders that have any."""

    choices: Choices
    metric: str
    rows: pd.DataFrame
    means: pd.DataFrame  #: those over layers
    contrasts: pd.DataFrame  #: those of the table of contrasts; empty without it
    best: pd.DataFrame  #: those of the table of the best
    trained: Sequence[str]
    untrained: Sequence[str]
    renderings: pd.DataFrame  #: means over layers of the view in focus; empty if it has only one

    @classmethod
    def of(
        cls,
        metrics: pd.DataFrame,
        choices: Choices,
        contrasts: pd.DataFrame | None = None,
        best: pd.DataFrame | None = None,
        renderings: pd.DataFrame | None = None,
    ) -> "Results":
        """The results in a table of metrics, and in those of contrasts, of the best and of
        renderings.
        """
        rows = select.of_study(metrics, choices)
        metric = choices.headline(rows)
        rows = rows[rows["metric"] == metric]
        means = select.summaries(rows)
        names = choices.present(means[means["view"] == choices.focus])
        trained = [name for name, about in names.items() if about["training"] != "untrained"]
        untrained = [name for name in names if name not in trained]
        compared, candidates = (
            pd.DataFrame() if table is None else table[table["metric"] == metric]
            for table in (contrasts, best)
        )
        shown = pd.DataFrame()
        if renderings is not None:
            shown = renderings[renderings["view"] == choices.focus]
            shown = select.summaries(select.pooled(shown[shown["metric"] == metric], choices))
        return cls(choices, metric, rows, means, compared, candidates, trained, untrained, shown)

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

    @property
    def distance(self) -> bool:
        """Whether the metric is a distance."""
        return self.choices.distance(self.metric)

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

    def compared(self, kind: str, **where: str | None) -> list[Contrast]:
        """The contrasts of one kind, with these values in their columns; None is null."""
        if self.contrasts.empty:
            return []
        rows = verdicts.of(self.contrasts, self.metric, kind, **where)
        return [verdicts.contrast(row, self.choices) for row in rows.to_dict("records")]

    def candidates(self, kind: str, **where: str | None) -> pd.DataFrame:
        """The rows of the table of the best of one kind, likewise; those that have a test."""
        if self.best.empty:
            return self.best
        rows = verdicts.of(self.best, self.metric, kind, **where)
        return rows[rows["in_set"].notna()]
