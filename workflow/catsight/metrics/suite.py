"""Every measure by its name: its value, the value without each block of groups, and its null.

Gram matrices and distances, which several measures need, are computed once for a pair of
representations.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

import numpy as np

from catsight.errors import CatsightError
from catsight.metrics import correspondence, distribution, inference, similarity
from catsight.metrics.arrays import square_distances, upper
from catsight.metrics.estimate import Estimate, undefined
from catsight.metrics.plan import Plan
from catsight.metrics.registry import PLAIN, Function

#: Fewer frames than this are not compared.
FEWEST_FRAMES = inference.FEWEST_FRAMES
_NO_BANDWIDTH = "more than half of all pairs of frames have the same features"


def compare(
    x: np.ndarray, y: np.ndarray, plan: Plan, measures: Iterable[str]
) -> dict[str, Estimate]:
    """The ``measures`` of representations ``x`` (n, d) and ``y`` (n, e) of the plan's n frames."""
    comparison, found = Comparison(x, y, plan), {}
    for name in measures:
        estimate = comparison.estimate(name)
        all_blocks = len(estimate.values) == len(plan.blocks) + 1
        blocks = plan.blocks if all_blocks else plan.few
        found[name] = estimate._replace(sizes=[len(block) for block in blocks])
    return found


def names() -> list[str]:
    """The names of all measures."""
    return [*METRICS, *PLAIN]


class Comparison:
    """Two representations ``x`` (n, d) and ``y`` (n, e) of the same frames, and their measures."""

    def __init__(self, x: np.ndarray, y: np.ndarray, plan: Plan):
        self.plan, self.spec = plan, plan.spec
        self.x, self.y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)

    def estimate(self, measure: str) -> Estimate:
        """The ``measure`` of that name, with nan and a reason if the features do not allow it.

        Raises :class:`CatsightError` if there is no such measure.
        """
        if measure not in METRICS and measure not in PLAIN:
            raise CatsightError(
                f"there is no measure '{measure}'; there are {', '.join(sorted(names()))}"
            )
        if len(self.x) < FEWEST_FRAMES:
            return self._undefined(f"fewer than {FEWEST_FRAMES} frames")
        for values, whose in ((self.x, "reference"), (self.y, "view")):
            if (values == values[0]).all():
                return self._undefined(f"the {whose}'s features do not vary")
        if measure in METRICS:
            return METRICS[measure](self)
        return self.recomputed(PLAIN[measure])

    def recomputed(self, function: Function) -> Estimate:
        """A plain measure, recomputed without each of a few blocks. It has no test."""
        keep = inference.kept(len(self.x), self.plan.few).astype(bool)
        return Estimate(np.array([function(self.x[kept], self.y[kept]) for kept in keep]))

    # -- similarity --------------------------------------------------------------------------------

    @cached_property
    def cka_linear(self) -> tuple[Estimate, Estimate]:
        """Biased and unbiased."""
        return self._cka(similarity.gram(self.x), similarity.gram(self.y), None)

    @cached_property
    def cka_rbf(self) -> tuple[Estimate, Estimate]:
        """Biased and unbiased."""
        (k, bandwidth), (m, _) = (
            similarity.rbf(square_distances(v), self.spec["bandwidth"]) for v in (self.x, self.y)
        )
        if not (np.isfinite(k[0, 0]) and np.isfinite(m[0, 0])):
            return self._undefined(_NO_BANDWIDTH), self._undefined(_NO_BANDWIDTH)
        return self._cka(k, m, bandwidth)

    def _cka(
        self, k: np.ndarray, m: np.ndarray, bandwidth: float | None
    ) -> tuple[Estimate, Estimate]:
        relabellings = self.plan.relabellings
        nulls: tuple[np.ndarray | None, np.ndarray | None] = None, None
        if not relabellings.reason:
            nulls = inference.cka_nulls(k, m, relabellings.each)

        def estimate(unbiased: bool, null: np.ndarray | None) -> Estimate:
            values = similarity.cka(k, m, self.plan.keep, unbiased=unbiased)
            if not np.isfinite(values[0]):
                return self._undefined("too little varies to normalise it")
            return Estimate(values, null, bandwidth, untested=relabellings.reason)

        return estimate(False, nulls[0]), estimate(True, nulls[1])

    def rsa(self) -> Estimate:
        a, b = (upper(similarity.rdm(v, self.spec["rsa_distance"])) for v in (self.x, self.y))
        comparison = self.spec["rsa_comparison"]
        for pairs, of, whose in ((a, self.x, "reference"), (b, self.y, "view")):
            if not np.isfinite(pairs).all():
                return self._undefined(
                    f"{self._first_flat(of)} in the {whose}, so it has no dissimilarity"
                )
            if (pairs == pairs[0]).all():
                return self._undefined(f"all frames are equally dissimilar in the {whose}")
        if comparison == "spearman":  # ranks among the kept pairs, without sorting again
            ranks = similarity.Ranks(a), similarity.Ranks(b)
            values = [
                similarity.compare(ranks[0](pairs), ranks[1](pairs), "pearson")
                for pairs in self._kept_pairs()
            ]
        else:
            values = [
                similarity.compare(a[pairs], b[pairs], comparison) for pairs in self._kept_pairs()
            ]
        return self._tested(
            np.array(values), lambda orders: inference.rsa_null(a, b, orders, comparison)
        )

    def _first_flat(self, features: np.ndarray) -> str:
        """The first frame without a direction, and its value."""
        if self.spec["rsa_distance"] == "correlation":
            flat = np.ptp(features, axis=1) == 0
        else:
            flat = ~features.any(axis=1)
        first = int(flat.argmax())
        return f"the features of frame '{self.plan.frames[first]}' are all {features[first, 0]:g}"

    def _kept_pairs(self) -> Iterator[slice | np.ndarray]:
        """Which pairs of frames stay, (pairs,) bool, for each row of the plan's ``keep``."""
        for keep in self.plan.keep.astype(bool):
            yield slice(None) if keep.all() else upper(np.logical_and.outer(keep, keep))

    # -- distribution ------------------------------------------------------------------------------

    @cached_property
    def squares(self) -> np.ndarray:
        """Squared distances of the pooled frames, (2 n, 2 n)."""
        if self.x.shape[1] != self.y.shape[1]:
            raise ValueError(f"features differ in number: {self.x.shape[1]} and {self.y.shape[1]}")
        return distribution.pooled_squares(self.x, self.y)

    @cached_property
    def pooled_kernel(self) -> tuple[np.ndarray, float]:
        return distribution.kernel_of(self.squares, self.spec["bandwidth"])

    def mmd2(self, unbiased: bool) -> Estimate:
        kernel, bandwidth = self.pooled_kernel
        if np.isnan(bandwidth):
            return self._undefined(_NO_BANDWIDTH)
        paired = unbiased and self.spec["null"] == "paired"
        return self._divided(
            lambda w: distribution.mmd2_of(kernel, w, unbiased=unbiased, paired=paired), bandwidth
        )

    @cached_property
    def energy(self) -> Estimate:
        distances = np.sqrt(self.squares)
        return self._divided(lambda w: distribution.energy_of(distances, w))

    @cached_property
    def wasserstein(self) -> Estimate:
        pooled = np.concatenate([self.x, self.y])
        return self._divided(lambda w: distribution.wasserstein_of(pooled, w))

    @cached_property
    def sliced_wasserstein(self) -> Estimate:
        directions = distribution.unit_vectors(
            self.x.shape[1], self.spec["projections"], self.spec["seed"]
        )
        pooled = np.concatenate([self.x, self.y]) @ directions
        return self._divided(lambda w: distribution.wasserstein_of(pooled, w))

    def scaled(self, estimate: Estimate) -> Estimate:
        """An estimate in units of the reference's pooled standard deviation."""
        scale = distribution.scale(self.x)
        null = None if estimate.null is None else estimate.null / scale
        return estimate._replace(values=estimate.values / scale, null=null)

    def _divided(
        self, statistic: Callable[[np.ndarray], np.ndarray], bandwidth: float | None = None
    ) -> Estimate:
        """The estimate of a ``statistic`` of columns of weights, many at the cost of few."""
        values = statistic(self.plan.keep_weights)
        if reason := self.plan.exchanges.reason:
            return Estimate(values, bandwidth=bandwidth, untested=reason)
        return Estimate(values, statistic(self.plan.exchange_weights), bandwidth)

    # -- correspondence ----------------------------------------------------------------------------

    @cached_property
    def ranks(self) -> np.ndarray:
        return correspondence.ranks(self.x, self.y, distance=self.spec["retrieval_distance"])

    @cached_property
    def ranks_between(self) -> np.ndarray:
        return correspondence.ranks(
            self.x, self.y, groups=self.plan.groups, distance=self.spec["retrieval_distance"]
        )

    def retrieval(self, score: Callable[[np.ndarray], np.ndarray], between: bool) -> Estimate:
        """The mean ``score`` of ranks; ``between``: candidates are the frames of other groups."""
        if between and len(set(self.plan.groups)) < 2:
            return self._undefined("only one group, so there are no frames of other groups")
        ranks = self.ranks_between if between else self.ranks
        if not np.isfinite(ranks).all():
            return self._undefined(
                f"the features of frame '{self._first_zero()}' are all 0, so no frame is nearest"
            )
        scores, keep = score(ranks), self.plan.keep
        if self.plan.among_kept:
            own = score(self._ranks_among(keep, between))
        else:  # candidates remain candidates when a block of searching frames is left out
            own = np.diag(scores)[None]
        values = (keep * own).sum(axis=1) / keep.sum(axis=1)
        # By chance so few frames are found that many arrangements find the same number. The ranks
        # of the others then decide.
        scores = scores + 0.01 / len(scores) * _reciprocal(ranks)
        rows = np.arange(len(scores))
        return self._tested(values, lambda orders: scores[rows, orders].mean(axis=1))

    def _first_zero(self) -> str:
        """The first frame whose features are all 0, in the reference or else in the view."""
        zero = [i for v in (self.x, self.y) for i in np.flatnonzero(~v.any(axis=1))]
        return self.plan.frames[zero[0]]

    def _ranks_among(self, keep: np.ndarray, between: bool) -> np.ndarray:
        """The rank (subsets, n) of each frame's own counterpart among the frames that are kept."""
        groups, distance = self.plan.groups if between else None, self.spec["retrieval_distance"]
        return keep @ correspondence.as_near(self.x, self.y, groups=groups, distance=distance).T + 1

    # ----------------------------------------------------------------------------------------------

    def _tested(self, values: np.ndarray, null: Callable[[np.ndarray], np.ndarray]) -> Estimate:
        """The estimate with its null distribution, which ``null`` computes of orders of frames."""
        if reason := self.plan.relabellings.reason:
            return Estimate(values, untested=reason)
        return Estimate(values, null(self.plan.relabellings.each))

    def _undefined(self, reason: str) -> Estimate:
        return undefined(reason, len(self.plan.blocks))


def _top1(ranks: np.ndarray) -> np.ndarray:
    return (ranks == 1).astype(float)


def _reciprocal(ranks: np.ndarray) -> np.ndarray:
    return 1 / ranks


#: The measures whose replicates are computed faster than one by one. ``_scaled``: over the
#: reference's pooled standard deviation. ``_between``: among frames of other groups.
METRICS: dict[str, Callable[[Comparison], Estimate]] = {
    "cka_linear": lambda c: c.cka_linear[0],
    "cka_linear_unbiased": lambda c: c.cka_linear[1],
    "cka_rbf": lambda c: c.cka_rbf[0],
    "cka_rbf_unbiased": lambda c: c.cka_rbf[1],
    "rsa": lambda c: c.rsa(),
    "mmd2": lambda c: c.mmd2(False),
    "mmd2_unbiased": lambda c: c.mmd2(True),
    "energy": lambda c: c.energy,
    "energy_scaled": lambda c: c.scaled(c.energy),
    "wasserstein": lambda c: c.wasserstein,
    "wasserstein_scaled": lambda c: c.scaled(c.wasserstein),
    "sliced_wasserstein": lambda c: c.sliced_wasserstein,
    "sliced_wasserstein_scaled": lambda c: c.scaled(c.sliced_wasserstein),
    "retrieval_top1": lambda c: c.retrieval(_top1, False),
    "retrieval_top1_between": lambda c: c.retrieval(_top1, True),
    "retrieval_mrr": lambda c: c.retrieval(_reciprocal, False),
    "retrieval_mrr_between": lambda c: c.retrieval(_reciprocal, True),
}
