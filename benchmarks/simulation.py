"""What all tables of benchmarks/calibration.py share: a simulated study by the library's own road,
how often its intervals hold the truth, and tables in Markdown."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, NamedTuple

import numpy as np

from catsight.metrics.estimate import Estimate, interval
from catsight.metrics.plan import Plan
from catsight.metrics.suite import compare
from catsight.study.measures import MEASURES

SPEC: dict[str, Any] = {
    "seed": 0,
    "null": "paired",
    "rsa_distance": "correlation",
    "rsa_comparison": "spearman",
    "bandwidth": 1.0,
    "projections": 20,
    "retrieval_distance": "cosine",
    "neighbours": 10,
    "confidence": 0.95,
}
#: Measures whose intervals are tabulated.
INTERVALS = (
    "cka_linear_unbiased",
    "cka_rbf_unbiased",
    "rsa",
    "mmd2_unbiased",
    "energy",
    "energy_scaled",
    "retrieval_mrr_between",
    "cka_linear",
    "procrustes",
    "wasserstein_scaled",
    "mutual_knn",
    "cknna",
)


class Held(NamedTuple):
    """The shares of studies whose interval holds the truth, and that have one; a median width."""

    share: float
    given: float
    width: float

    def __str__(self) -> str:
        if self.given < 0.5:
            return "–"
        return f"{self.share:.3f} ({self.width:.2g})"


def plan_of(group: np.ndarray, permutations: int = 0, seed: int = 0) -> Plan:
    """The plan of a study of frames of these groups (n,)."""
    frames = {str(i): str(number) for i, number in enumerate(group)}
    return Plan(frames, SPEC | {"seed": seed}, permutations)


def whole(group: np.ndarray) -> Plan:
    """A plan that leaves out no group, for values alone."""
    return Plan({str(i): str(number) for i, number in enumerate(group)}, SPEC, 0, blocks=1)


def ends(measure: str, estimate: Estimate, *, difference: bool = False) -> tuple[float, ...]:
    """(value, low, high) of an estimate, or (value,) if it is one without replicates."""
    if len(estimate.values) == 1:
        return (float(estimate.values[0]),)
    found = interval(MEASURES[measure].facts, estimate, 0.95, difference=difference)
    return float(estimate.values[0]), found.low, found.high


def measured(
    x: np.ndarray, y: np.ndarray, plan: Plan, measures: Iterable[str] = INTERVALS
) -> dict[str, tuple[float, ...]]:
    """:func:`ends` of each measure."""
    return {name: ends(name, found) for name, found in compare(x, y, plan, measures).items()}


def held(found: Sequence[tuple[float, ...]], truth: float | None) -> Held:
    """How often the intervals ``found`` (value, low, high) hold a ``truth``.

    Without one, it is the mean value of all these studies, which are of one size.
    """
    values, low, high = np.array(found).T
    truth = values.mean() if truth is None else truth
    given = np.isfinite(low)
    if not given.any():
        return Held(np.nan, 0, np.nan)
    inside = (low <= truth) & (truth <= high)
    return Held(inside[given].mean(), given.mean(), float(np.median((high - low)[given])))


def run(work: Callable[[int], Any], studies: int, pool: Executor, what: str) -> list[Any]:
    """The results of ``work`` for every seed; says on standard error what it took."""
    start = time.perf_counter()
    results = list(pool.map(work, range(studies), chunksize=max(1, min(25, studies // 8))))
    print(f"{what}: {studies} studies, {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return results


def means(found: Sequence[Mapping[Any, tuple[float, ...]]]) -> dict[Any, float]:
    """The mean value of each key."""
    return {key: float(np.mean([one[key][0] for one in found])) for key in found[0]}


def heading(title: str, columns: Sequence[object]) -> None:
    """Prints a title and the first lines of a table."""
    print(f"\n{title}\n")
    row(columns)
    print("|" + "---|" * len(columns), flush=True)


def row(cells: Iterable[object]) -> None:
    """Prints a row of a table."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)
