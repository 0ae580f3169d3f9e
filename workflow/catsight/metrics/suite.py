"""Every measure by its name: its value, the value without each block of groups, and its null."""

from collections.abc import Callable, Iterable

import numpy as np

from catsight.errors import CatsightError
from catsight.metrics import correspondence, distribution, similarity  # noqa: F401 (they register)
from catsight.metrics.comparison import BIASED, FEWEST_FRAMES, OVER_GROUPS, UNBIASED, Comparison
from catsight.metrics.estimate import Estimate
from catsight.metrics.plan import Plan
from catsight.metrics.registry import PLAIN, Function


def compare(
    x: np.ndarray, y: np.ndarray, plan: Plan, measures: Iterable[str]
) -> dict[str, Estimate]:
    """The ``measures`` of representations ``x`` (n, d) and ``y`` (n, e) of the plan's n frames.

    Gram matrices and distances, which several measures need, are computed once. An estimate is nan,
    with a reason, if the features do not allow it. Raises :class:`CatsightError` if there is no
    such measure.
    """
    comparison, found = Comparison(x, y, plan), {}
    for name in measures:
        estimate = _estimate(comparison, name)
        found[name] = estimate._replace(parts=(len(estimate.values) - 1,))
    return found


def names() -> list[str]:
    """The names of all measures."""
    return [*METRICS, *PLAIN]


def _estimate(comparison: Comparison, measure: str) -> Estimate:
    if measure not in METRICS and measure not in PLAIN:
        raise CatsightError(
            f"there is no measure '{measure}'; there are {', '.join(sorted(names()))}"
        )
    if len(comparison.x) < FEWEST_FRAMES:
        return comparison.undefined(f"fewer than {FEWEST_FRAMES} frames")
    for values, whose in ((comparison.x, "reference"), (comparison.y, "view")):
        if (values == values[0]).all():
            return comparison.undefined(f"the {whose}'s features do not vary")
    if measure in METRICS:
        return METRICS[measure](comparison)
    return _recomputed(comparison, PLAIN[measure])


def _recomputed(comparison: Comparison, function: Function) -> Estimate:
    """A plain measure, recomputed without each of a few blocks. It has no test."""
    x, y, keep = comparison.x, comparison.y, comparison.plan.few_frames
    return Estimate(np.array([function(x[kept], y[kept]) for kept in keep]))


def _top1(ranks: np.ndarray) -> np.ndarray:
    return (ranks == 1).astype(float)


def _reciprocal(ranks: np.ndarray) -> np.ndarray:
    return 1 / ranks


#: The measures whose replicates are computed faster than one by one. ``_frames``: of all frames,
#: whatever their groups, as published. ``_scaled``: over the reference's pooled standard deviation.
#: ``_between``: among frames of other groups.
METRICS: dict[str, Callable[[Comparison], Estimate]] = {
    "cka_linear": lambda c: c.cka_linear(BIASED),
    "cka_linear_unbiased": lambda c: c.cka_linear(OVER_GROUPS),
    "cka_linear_unbiased_frames": lambda c: c.cka_linear(UNBIASED),
    "cka_rbf": lambda c: c.cka_rbf(BIASED),
    "cka_rbf_unbiased": lambda c: c.cka_rbf(OVER_GROUPS),
    "cka_rbf_unbiased_frames": lambda c: c.cka_rbf(UNBIASED),
    "rsa": lambda c: c.rsa(OVER_GROUPS),
    "rsa_frames": lambda c: c.rsa(UNBIASED),
    "mmd2": lambda c: c.mmd2_frames(BIASED),
    "mmd2_unbiased": lambda c: c.mmd2,
    "mmd2_unbiased_frames": lambda c: c.mmd2_frames(UNBIASED),
    "energy": lambda c: c.energy,
    "energy_frames": lambda c: c.energy_frames,
    "energy_scaled": lambda c: c.scaled(c.energy, OVER_GROUPS),
    "wasserstein": lambda c: c.wasserstein,
    "wasserstein_scaled": lambda c: c.scaled(c.wasserstein, BIASED),
    "sliced_wasserstein": lambda c: c.sliced_wasserstein,
    "sliced_wasserstein_scaled": lambda c: c.scaled(c.sliced_wasserstein, BIASED),
    "retrieval_top1": lambda c: c.retrieval(_top1, others=False),
    "retrieval_top1_between": lambda c: c.retrieval(_top1, others=True),
    "retrieval_mrr": lambda c: c.retrieval(_reciprocal, others=False),
    "retrieval_mrr_between": lambda c: c.retrieval(_reciprocal, others=True),
    "mutual_knn": lambda c: c.mutual_knn(),
    "cknna": lambda c: c.cknna(),
}
