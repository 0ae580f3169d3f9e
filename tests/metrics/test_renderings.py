"""The table of renderings: every rendering of a view is a comparison of two views."""

import numpy as np

from catsight.metrics.compare import estimates
from catsight.metrics.renderings import renderings
from support.by_hand import Arrays
from support.toy_tables import IDS, SPEC

SHOWN = [
    {"display": "auto", "view": "cat", "reference": "human", "shown": "cat", "own": True},
    {"display": "red-cyan", "view": "cat", "reference": "dog", "shown": "r", "own": False},
]
GROUPS = {name: name.split("-")[0] for name in IDS}


def seen(seed: int) -> Arrays:
    rng = np.random.default_rng(seed)
    return Arrays({name: rng.normal(size=(24, 6)) for name in ("b.0/mean", "b.1/mean")})


def test_every_rendering_is_compared_with_its_reference():
    """Its rows are those of the table of metrics for these two views, under the study's names."""
    features = {name: seen(i) for i, name in enumerate(("human", "dog", "cat", "r"))}
    spec = SPEC | {"permutations": 0}
    found = renderings(features, GROUPS, spec | {"renderings": SHOWN})
    assert {(row["reference"], row["view"]) for row in found} == {("human", "cat")}
    for one in SHOWN:
        both = {name: features[name] for name in (one["reference"], one["shown"])}
        wanted = estimates(both, GROUPS, spec | {"reference": one["reference"]})
        names = {"reference": "human", "view": "cat", "display": one["display"], "own": one["own"]}
        assert [row for row in found if row["own"] == one["own"]] == [row | names for row in wanted]
    assert len(found) == 2 * 3 * len(SPEC["measures"])  # two layers and their mean
