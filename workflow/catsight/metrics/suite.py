"""Every metric of the table by its name: the value, the same with each block of groups left out,
and under the null.

What several metrics need (Gram matrices, distances) is computed once for a pair of representations.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from catsight.metrics import correspondence, distribution, inference, permutations, similarity
from catsight.metrics.arrays import square_distances, upper

#: Fewer frames than this are not compared.
FEWEST_FRAMES = 4
#: Blocks of the jackknife where one value costs as much as all else, the singular values of
#: Procrustes.
FEW_BLOCKS = 10


class Estimate(NamedTuple):
    """A metric of one pair of representations.

    ``values`` (1 + blocks,): on all frames, and with each block left out. ``null`` (1 + m,): the
    data's own value and those of the rearranged data; None where no test is made, then ``untested``
    may say why. ``reason``: why the values are nan. ``sizes`` (blocks,): the frames in each block.
    """

    values: np.ndarray
    null: np.ndarray | None = None
    bandwidth: float | None = None
    reason: str | None = None
    untested: str | None = None
    sizes: Sequence[int] = ()


def interval(
    metric: str, estimate: Estimate, confidence: float, *, cosine: bool = True
) -> inference.Interval:
    """The interval of an estimate of the metric called ``metric``, or the reason for which there is
    none.

    Without ``cosine`` for a difference of two values of a metric, which is no cosine even where
    they are.
    """
    value, replicates = float(estimate.values[0]), estimate.values[1:]
    if (
        metric.startswith("retrieval")
        and len(replicates) >= inference.FEWEST_GROUPS
        and (replicates == value).all()
    ):
        # all found, or none: what a share of 1 in a few groups says of others is not in its spread
        return inference.Interval(math.nan, math.nan, "the same in every group, so no interval")
    ends = inference.jackknife(
        value,
        replicates,
        estimate.sizes,
        confidence,
        cosine=cosine and metric in COSINES,
        correct_bias=metric not in OF_THIS_SIZE,
    )
    if metric.startswith("retrieval") and cosine:  # a share
        ends = ends._replace(
            low=float(np.clip(ends.low, 0, 1)), high=float(np.clip(ends.high, 0, 1))
        )
    return ends


class Plan:
    """What all comparisons of a study share: which frames are left out, and how they are rearranged
    for the tests.

    ``frames`` maps the id of each of n frames to its group; ``spec`` are the metrics' settings. The
    same rearrangements serve every layer and view, so that a correction by the largest statistic is
    possible. Groups are joined into ``blocks`` at most for the jackknife, and ``few_blocks`` for
    what is slow. Or the frames of each of ``left_out`` (indices) are left out, to look at parts of
    a study; frames that are left out are then not found, either.
    """

    def __init__(
        self,
        frames: Mapping[str, str],
        spec: Mapping,
        blocks: int = inference.MOST_BLOCKS,
        few_blocks: int = FEW_BLOCKS,
        left_out: Sequence[np.ndarray] | None = None,
    ):
        self.frames, self.spec, n = list(frames), spec, len(frames)
        groups = self.groups = list(frames.values())
        self.blocks = (
            inference.blocks(groups, spec["seed"], blocks) if left_out is None else list(left_out)
        )
        if left_out is None and len(self.blocks) < 2:  # nothing would stay
            self.blocks = []
        self.keep = inference.kept(n, self.blocks)
        few = inference.blocks(groups, spec["seed"], few_blocks)
        self.few = few if left_out is None and len(few) < len(self.blocks) else self.blocks
        self.among_kept = left_out is not None
        count, seed = spec["permutations"], spec["seed"]
        self.relabellings = permutations.relabellings(groups, count, seed)
        paired = spec["null"] == "paired"
        self.exchanges = (permutations.swaps if paired else permutations.divisions)(
            groups, count, seed
        )
        signs = self.exchanges.each
        self.exchange_weights = permutations.weights(
            np.hstack([signs, -signs]) if paired else signs
        )
        present = self.keep / self.keep.sum(axis=1, keepdims=True)
        self.keep_weights = np.hstack([present, -present]).T

    @property
    def at_once(self) -> int:
        """How many frames are set against each other."""
        return len(self.frames)

    def compare(self, x: np.ndarray, y: np.ndarray, metrics: Sequence[str]) -> dict[str, Estimate]:
        """The ``metrics`` of two representations ``x`` (n, d) and ``y`` (n, e) of the frames."""
        comparison, found = Comparison(x, y, self), {}
        for metric in metrics:
            estimate = comparison.estimate(metric)
            blocks = self.blocks if len(estimate.values) == len(self.blocks) + 1 else self.few
            found[metric] = estimate._replace(sizes=[len(block) for block in blocks])
        return found


class Comparison:
    """Two representations ``x`` (n, d) and ``y`` (n, e) of the same frames, and what the metrics
    need of them.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, plan: Plan):
        self.plan, self.spec = plan, plan.spec
        self.x, self.y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)

    def estimate(self, metric: str) -> Estimate:
        """The metric called ``metric``; its values are nan, for a reason, where the features allow
        none.
        """
        if len(self.x) < FEWEST_FRAMES:
            return self._undefined(f"fewer than {FEWEST_FRAMES} frames")
        for values, whose in ((self.x, "reference"), (self.y, "view")):
            if (values == values[0]).all():
                return self._undefined(f"the {whose}'s features do not vary")
        return METRICS[metric](self)

    # -- similarity --------------------------------------------------------------------------------

    @cached_property
    def grams(self) -> tuple[np.ndarray, np.ndarray]:
        return similarity.gram(self.x), similarity.gram(self.y)

    @cached_property
    def kernels(self) -> tuple[np.ndarray, np.ndarray, float]:
        (k, bandwidth), (m, _) = (
            similarity.rbf(square_distances(v), self.spec["bandwidth"]) for v in (self.x, self.y)
        )
        return k, m, bandwidth

    @cached_property
    def dissimilarities(self) -> tuple[np.ndarray, np.ndarray]:
        a, b = (upper(similarity.rdm(v, self.spec["rsa_distance"])) for v in (self.x, self.y))
        return a, b

    @cached_property
    def cka_linear(self) -> tuple[Estimate, Estimate]:
        """Biased and unbiased."""
        return self._cka(*self.grams, None)

    @cached_property
    def cka_rbf(self) -> tuple[Estimate, Estimate]:
        """Biased and unbiased."""
        k, m, bandwidth = self.kernels
        if not (np.isfinite(k[0, 0]) and np.isfinite(m[0, 0])):
            undefined = self._undefined(
                "more than half of all pairs of frames have the same features"
            )
            return undefined, undefined
        return self._cka(k, m, bandwidth)

    def _cka(self, k, m, bandwidth) -> tuple[Estimate, Estimate]:
        keep, relabellings = self.plan.keep, self.plan.relabellings
        nulls = (
            (None, None) if relabellings.reason else inference.cka_nulls(k, m, relabellings.each)
        )
        biased, unbiased = (
            Estimate(values, null, bandwidth, untested=relabellings.reason)
            if np.isfinite(values[0])
            else self._undefined("too little varies to normalise it")
            for values, null in (
                (similarity.cka(k, m, keep, unbiased=u), nulls[u]) for u in (False, True)
            )
        )
        return biased, unbiased

    def rsa(self) -> Estimate:
        a, b = self.dissimilarities
        comparison = self.spec["rsa_comparison"]
        for pairs, of, whose in ((a, self.x, "reference"), (b, self.y, "view")):
            if not np.isfinite(pairs).all():
                return self._undefined(
                    f"{self._first_flat(of)} in the {whose}, so it has no dissimilarity"
                )
            if (pairs == pairs[0]).all():
                return self._undefined(f"all frames are equally dissimilar in the {whose}")
        if comparison == "kendall":
            values = [similarity.compare(a[pairs], b[pairs], comparison) for pairs in self._pairs()]
        else:
            of_a, of_b = (
                similarity.Ranks(v) if comparison == "spearman" else v.__getitem__ for v in (a, b)
            )
            values = [
                similarity.compare(of_a(pairs), of_b(pairs), "pearson") for pairs in self._pairs()
            ]
        return self._tested(
            np.array(values), lambda orders: inference.rsa_null(a, b, orders, comparison)
        )

    def _first_flat(self, features: np.ndarray) -> str:
        """Which frame it is that has no direction."""
        flat = (
            np.ptp(features, axis=1) == 0
            if self.spec["rsa_distance"] == "correlation"
            else ~features.any(axis=1)
        )
        first = int(flat.argmax())
        return f"the features of frame '{self.plan.frames[first]}' are all {features[first, 0]:g}"

    def _pairs(self):
        """Which pairs of frames stay, (pairs,) bool, for each row of the plan's ``keep``."""
        for keep in self.plan.keep.astype(bool):
            yield slice(None) if keep.all() else upper(np.logical_and.outer(keep, keep))

    # -- distribution ------------------------------------------------------------------------------

    @cached_property
    def squares(self):
        if self.x.shape[1] != self.y.shape[1]:
            raise ValueError(f"features differ in number: {self.x.shape[1]} and {self.y.shape[1]}")
        return distribution.pooled_squares(self.x, self.y)

    def mmd2(self, unbiased: bool) -> Estimate:
        kernel, bandwidth = self.pooled_kernel
        if np.isnan(bandwidth):
            return self._undefined("more than half of all pairs of frames have the same features")
        paired = unbiased and self.spec["null"] == "paired"
        return self._divided(
            lambda w: distribution.mmd2_of(kernel, w, unbiased=unbiased, paired=paired),
            bandwidth=bandwidth,
        )

    @cached_property
    def pooled_kernel(self):
        return distribution.kernel_of(self.squares, self.spec["bandwidth"])

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

    def _divided(self, statistic: Callable, bandwidth: float | None = None) -> Estimate:
        """Of a statistic of columns of weights: it costs little more for many columns."""
        values = statistic(self.plan.keep_weights)
        if reason := self.plan.exchanges.reason:
            return Estimate(values, bandwidth=bandwidth, untested=reason)
        return Estimate(values, statistic(self.plan.exchange_weights), bandwidth)

    # -- correspondence ----------------------------------------------------------------------------

    @cached_property
    def ranks(self):
        return correspondence.ranks(self.x, self.y, distance=self.spec["retrieval_distance"])

    @cached_property
    def ranks_between(self):
        return correspondence.ranks(
            self.x, self.y, groups=self.plan.groups, distance=self.spec["retrieval_distance"]
        )

    def retrieval(self, score: Callable, between: bool) -> Estimate:
        if between and len(set(self.plan.groups)) < 2:
            return self._undefined("one group: no frame of another to be mistaken for")
        place = self.ranks_between if between else self.ranks
        if not np.isfinite(place).all():
            zero = [
                f"frame '{self.plan.frames[i]}'"
                for v in (self.x, self.y)
                for i in np.flatnonzero(~v.any(axis=1))
            ]
            return self._undefined(f"the features of {zero[0]} are all 0, so it is near to none")
        scores = score(place)
        keep = self.plan.keep
        # candidates stay as they are when a block of searching frames is left out
        own = (
            np.diag(scores)[None]
            if not self.plan.among_kept
            else score(self._rank_among(keep, between))
        )
        values = (keep * own).sum(axis=1) / keep.sum(axis=1)
        # so few frames are found by chance that many arrangements find as many: then it counts how
        # near the others came
        scores = scores + 0.01 / len(scores) * _reciprocal(place)
        rows = np.arange(len(scores))
        return self._tested(values, lambda orders: scores[rows, orders].mean(axis=1))

    def _rank_among(self, keep: np.ndarray, between: bool) -> np.ndarray:
        """The rank (subsets, n) that each frame's own counterpart has among the frames that are
        kept.
        """
        groups, distance = self.plan.groups if between else None, self.spec["retrieval_distance"]
        return keep @ correspondence.as_near(self.x, self.y, groups=groups, distance=distance).T + 1

    def procrustes(self) -> Estimate:
        n = len(self.x)
        values = [
            correspondence.procrustes(self.x[keep], self.y[keep])
            for keep in inference.kept(n, self.plan.few).astype(bool)
        ]
        return Estimate(np.array(values))

    # -----------------------------------------------------------------------------------------------------------------

    def _tested(self, values, null: Callable, bandwidth: float | None = None) -> Estimate:
        if reason := self.plan.relabellings.reason:
            return Estimate(values, bandwidth=bandwidth, untested=reason)
        return Estimate(values, null(self.plan.relabellings.each), bandwidth)

    def _undefined(self, reason: str) -> Estimate:
        return Estimate(np.full(1 + len(self.plan.blocks), np.nan), reason=reason)


def _top1(place: np.ndarray) -> np.ndarray:
    return (place == 1).astype(float)


def _reciprocal(place: np.ndarray) -> np.ndarray:
    return 1 / place


#: The metrics by name. ``_scaled``: over the reference's pooled standard deviation. ``_between``:
#: among other groups.
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
    "procrustes": lambda c: c.procrustes(),
}

#: Those that are cosines, whose intervals are made on the scale of angles.
COSINES = ("cka_linear", "cka_linear_unbiased", "cka_rbf", "cka_rbf_unbiased", "rsa")

#: Those that change with the number of frames by more than a jackknife can undo (retrieval among
#: more is harder, noise alone has a Wasserstein distance of 1/√n): their intervals are of the value
#: that a study of the same size would give, not of the one that ever more groups would.
OF_THIS_SIZE = (
    "cka_linear", "cka_rbf", "wasserstein", "wasserstein_scaled", "sliced_wasserstein", "sliced_wasserstein_scaled",
    "retrieval_top1", "retrieval_top1_between", "retrieval_mrr", "retrieval_mrr_between", "procrustes",
)  # fmt: skip
