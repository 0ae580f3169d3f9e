"""Two representations of the same frames, and the measures that share their matrices."""

from collections.abc import Callable
from functools import cache, cached_property

import numpy as np

from catsight.metrics import bandwidths, between, correspondence, distribution, similarity
from catsight.metrics.arrays import centre, square_distances
from catsight.metrics.estimate import Estimate, undefined
from catsight.metrics.neighbours import Neighbourhoods, enough
from catsight.metrics.permutations import Arrangements
from catsight.metrics.plan import Plan

#: Fewer frames than this are not compared.
FEWEST_FRAMES = 4
#: Of fewer groups there are too few dissimilarities for RSA over groups.
FEWEST_GROUPS = 3
#: The kinds of an estimate: over distinct groups, or of all frames, unbiased or not.
OVER_GROUPS, UNBIASED, BIASED = "groups", "unbiased", "biased"
_NO_BANDWIDTH = "more than half of all pairs of frames have the same features"
_FLAT = "too little varies to normalise it: fewer than two frames of different groups stand out"


class Comparison:
    """Two representations ``x`` (n, d) and ``y`` (n, e) of the same frames, and their measures."""

    def __init__(self, x: np.ndarray, y: np.ndarray, plan: Plan):
        self.plan, self.spec, self.grouping = plan, plan.spec, plan.grouping
        self.x, self.y = (
            np.asarray(values, dtype=np.float64)[self.grouping.order] for values in (x, y)
        )

    # -- similarity --------------------------------------------------------------------------------

    @cached_property
    def grams(self) -> tuple[np.ndarray, np.ndarray]:
        x, y = (similarity.gram(similarity.unit(centre(values))) for values in (self.x, self.y))
        return x, y

    @cached_property
    def within_squares(self) -> tuple[np.ndarray, np.ndarray]:
        """Squared distances (n, n) within each representation."""
        return square_distances(self.x), square_distances(self.y)

    def cka_linear(self, kind: str) -> Estimate:
        return self._cka(*self.grams, kind)

    def cka_rbf(self, kind: str) -> Estimate:
        if reason := self._too_few(kind, FEWEST_FRAMES):
            return self.undefined(reason)
        kernels = [self._gaussian(squares, kind) for squares in self.within_squares]
        (k, bandwidth), (m, other) = kernels
        if not (bandwidth > 0 and other > 0):
            return self.undefined(_NO_BANDWIDTH)
        return self._cka(k, m, kind)._replace(bandwidth=bandwidth)

    def _gaussian(self, squares: np.ndarray, kind: str) -> tuple[np.ndarray, float]:
        """The Gaussian kernel, its width from pairs of different groups if it is over groups."""
        if kind != OVER_GROUPS:
            return similarity.rbf(squares, self.spec["bandwidth"])
        return similarity.rbf_over_groups(squares, self.grouping, self.spec["bandwidth"])

    def _cka(self, k: np.ndarray, m: np.ndarray, kind: str) -> Estimate:
        if reason := self._too_few(kind, FEWEST_FRAMES):
            return self.undefined(reason)

        @cache
        def kernels() -> tuple[between.Kernel, between.Kernel]:
            return between.Kernel(k, self.grouping), between.Kernel(m, self.grouping)

        if kind == OVER_GROUPS:
            values = between.cka(*kernels(), self.plan.keep)
        else:
            values = similarity.cka(k, m, self.plan.keep_frames, unbiased=kind == UNBIASED)
        if not np.isfinite(values[0]):
            return self.undefined(_FLAT)

        def null(orders: np.ndarray) -> np.ndarray:
            if kind == BIASED:
                return between.cka_biased_null(k, m, self.grouping, orders)
            return between.cka_null(*kernels(), orders)

        return self._tested(values, null)

    def rsa(self, kind: str) -> Estimate:
        comparison, distance = self.spec["rsa_comparison"], self.spec["rsa_distance"]
        if reason := self._too_few(kind, FEWEST_GROUPS):
            return self.undefined(reason)
        same = np.eye(len(self.x), dtype=bool)
        pairs = self.grouping.apart if kind == OVER_GROUPS else ~same
        a, b = (similarity.rdm(values, distance) for values in (self.x, self.y))
        for matrix, of, whose in ((a, self.x, "reference"), (b, self.y, "view")):
            if not np.isfinite(matrix).all():
                return self.undefined(
                    f"{self._first_flat(of)} in the {whose}, so it has no dissimilarity"
                )
            if similarity.equal(matrix[pairs]):
                return self.undefined(f"all frames are equally dissimilar in the {whose}")
        if kind == OVER_GROUPS:
            rsa = between.Rsa(a, b, self.grouping, comparison)
            return self._tested(rsa.values(self.plan.keep), rsa.null)
        values = similarity.rsa_of(a, b, self.plan.keep_frames, comparison)
        return self._tested(
            values, lambda orders: between.Rsa(a, b, self.grouping, comparison).null(orders)
        )

    def _first_flat(self, features: np.ndarray) -> str:
        """The first frame without a direction, and its value."""
        if self.spec["rsa_distance"] == "correlation":
            flat = np.ptp(features, axis=1) == 0
        else:
            flat = ~features.any(axis=1)
        first = int(flat.argmax())
        return f"the features of frame '{self.plan.frames[first]}' are all {features[first, 0]:g}"

    # -- distribution ------------------------------------------------------------------------------

    @cached_property
    def squares(self) -> np.ndarray:
        """Squared distances of the pooled frames, (2 n, 2 n)."""
        if self.x.shape[1] != self.y.shape[1]:
            raise ValueError(f"features differ in number: {self.x.shape[1]} and {self.y.shape[1]}")
        return distribution.pooled_squares(self.x, self.y)

    @property
    def mmd2(self) -> Estimate:
        """Over distinct groups; the kernel's width is that of the groups that stay."""
        width = self.spec["bandwidth"] * bandwidths.pooled_median(self.squares, self.grouping)
        kernel, width = distribution.kernel_of_width(self.squares, width)
        if not width > 0:
            return self.undefined(_NO_BANDWIDTH)
        estimate = self._over_groups(kernel)._replace(bandwidth=width)
        if estimate.reason:
            return estimate
        # the change of the kernel with the logarithm of its width, to first order
        slope = between.differences(kernel * self.squares / width**2, self.grouping)
        moved = bandwidths.changes(self.squares, self.grouping, self.plan.keep)
        moved = moved * between.mean_difference(slope, self.plan.keep)
        return estimate._replace(values=estimate.values + moved)

    def mmd2_frames(self, kind: str) -> Estimate:
        kernel, width = distribution.kernel_of(self.squares, self.spec["bandwidth"])
        if not width > 0:
            return self.undefined(_NO_BANDWIDTH)
        unbiased = kind == UNBIASED
        paired = unbiased and self.spec["null"] == "paired"
        return self._divided(
            lambda w: distribution.mmd2_of(kernel, w, unbiased=unbiased, paired=paired), width
        )

    @cached_property
    def energy(self) -> Estimate:
        return self._over_groups(-np.sqrt(self.squares))

    @property
    def energy_frames(self) -> Estimate:
        distances = np.sqrt(self.squares)
        return self._divided(lambda w: distribution.energy_of(distances, w))

    def _over_groups(self, pooled: np.ndarray) -> Estimate:
        """The mean difference over distinct groups, of a kernel or of minus a distance."""
        if len(self.grouping.sizes) < 2:
            return self.undefined("only one group, so there are no pairs of different groups")
        differences = between.differences(pooled, self.grouping)
        values = between.mean_difference(differences, self.plan.keep)

        def null() -> np.ndarray:
            signs, count = self.plan.exchanges.each, len(differences)
            if self.spec["null"] == "paired":
                return between.quadratic(differences, signs) / (count * (count - 1))
            return between.divided_difference(pooled, self.grouping, signs)

        return self._with_null(values, self.plan.exchanges, null)

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

    def scaled(self, estimate: Estimate, kind: str) -> Estimate:
        """An estimate in units of the reference's pooled standard deviation, of the same frames.

        The deviation is over distinct groups if the estimate is. It is recomputed without each
        block.
        """
        if estimate.reason:
            return estimate
        squares, d = self.within_squares[0], self.x.shape[1]
        if kind == OVER_GROUPS:
            scale = between.scale(squares, d, self.grouping, self.plan.keep)
        else:
            scale = distribution.scale_of(squares, d, self.plan.keep_frames)
        null = None if estimate.null is None else estimate.null / scale[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            return estimate._replace(values=estimate.values / scale, null=null)

    def _divided(
        self, statistic: Callable[[np.ndarray], np.ndarray], bandwidth: float | None = None
    ) -> Estimate:
        """The estimate of a ``statistic`` of columns of weights, many at the cost of few."""
        values, plan = statistic(self.plan.keep_weights), self.plan
        found = self._with_null(values, plan.exchanges, lambda: statistic(plan.exchange_weights))
        return found._replace(bandwidth=bandwidth)

    # -- correspondence ----------------------------------------------------------------------------

    @cached_property
    def distances(self) -> np.ndarray:
        return correspondence.distances(self.x, self.y, self.spec["retrieval_distance"])

    @cached_property
    def _ranks(self) -> np.ndarray:
        return correspondence.ranks(self.distances)

    @cached_property
    def _ranks_of_others(self) -> np.ndarray:
        return correspondence.ranks(self.distances, list(self.grouping.of))

    def retrieval(self, score: Callable[[np.ndarray], np.ndarray], *, others: bool) -> Estimate:
        """The mean ``score`` of ranks; with ``others`` over groups, among frames of other groups.

        A block that is left out is not searched for, and not among the candidates.
        """
        grouping = self.grouping
        if others and len(grouping.sizes) < 2:
            return self.undefined("only one group, so there are no frames of other groups")
        if not np.isfinite(self.distances).all():
            return self.undefined(
                f"the features of frame '{self._first_zero()}' are all 0, so no frame is nearest"
            )
        groups, keep = (list(grouping.of) if others else None), self.plan.keep_frames
        near = correspondence.as_near(self.distances, groups)
        own = score(keep @ near.T + 1)
        searching = keep * grouping.weights if others else keep
        values = (searching * own).sum(axis=1) / searching.sum(axis=1)

        def null(orders: np.ndarray) -> np.ndarray:
            ranks = self._ranks_of_others if others else self._ranks
            # By chance so few frames are found that many arrangements find the same number. The
            # ranks of the others then decide.
            scores = grouping.blocks(score(ranks) + 0.01 / len(ranks) / ranks)
            found = scores[np.arange(len(scores)), orders]
            return found.mean(axis=1) if others else np.average(found, 1, grouping.sizes)

        return self._tested(values, null)

    @cached_property
    def _neighbourhoods(self) -> Neighbourhoods:
        return Neighbourhoods(self.x, self.y, self.grouping.of.tolist(), self.spec["neighbours"])

    @property
    def _without_neighbours(self) -> str | None:
        """Why frames have no nearest neighbours; None if they have."""
        k = self.spec["neighbours"]
        if not enough(len(self.grouping.sizes), k):
            return f"fewer than {k + 2} groups, too few for {k} nearest neighbours"
        if not self._neighbourhoods.defined:
            return f"the features of frame '{self._first_zero()}' are all 0, so no frame is nearest"
        return None

    def mutual_knn(self) -> Estimate:
        if reason := self._without_neighbours:
            return self.undefined(reason)
        both = self._neighbourhoods
        return self._tested(both.mutual_knn(self.plan.keep_frames), both.mutual_knn_null)

    def cknna(self) -> Estimate:
        """It has no test: its kernels change with the order of groups, at the cost of a value."""
        if reason := self._without_neighbours:
            return self.undefined(reason)
        values = self._neighbourhoods.cknna(self.plan.keep_frames)
        if not np.isfinite(values[0]):
            return self.undefined(
                "the cosines of nearest neighbours vary too little to normalise it"
            )
        return Estimate(values)

    def _first_zero(self) -> str:
        """The first frame whose features are all 0, in the reference or else in the view."""
        zero = [i for v in (self.x, self.y) for i in np.flatnonzero(~v.any(axis=1))]
        return self.plan.frames[zero[0]]

    # ----------------------------------------------------------------------------------------------

    def _too_few(self, kind: str, fewest: int) -> str | None:
        """The reason why there is no estimate over groups, if there are fewer than ``fewest``."""
        if kind == OVER_GROUPS and len(self.grouping.sizes) < fewest:
            return f"fewer than {fewest} groups"
        return None

    def _tested(self, values: np.ndarray, null: Callable[[np.ndarray], np.ndarray]) -> Estimate:
        """The estimate with its null distribution, which ``null`` computes of orders of groups."""
        relabellings = self.plan.relabellings
        return self._with_null(values, relabellings, lambda: null(relabellings.each))

    def _with_null(
        self, values: np.ndarray, arrangements: Arrangements, null: Callable[[], np.ndarray]
    ) -> Estimate:
        """The estimate with its ``null`` distribution, if there is a test."""
        if not self.plan.tested:
            return Estimate(values)
        if arrangements.reason:
            return Estimate(values, untested=arrangements.reason)
        found = null()
        if not np.isfinite(found).all():
            return Estimate(values, untested="the means over groups vary too little to test")
        return Estimate(values, found)

    def undefined(self, reason: str) -> Estimate:
        return undefined(reason, self.plan.blocks)
