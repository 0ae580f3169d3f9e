"""Which groups the jackknife leaves out, and how groups are rearranged for the tests."""

from collections.abc import Mapping, Sequence

import numpy as np

from catsight.errors import CatsightError
from catsight.metrics import inference
from catsight.metrics import permutations as arrangements
from catsight.metrics.grouping import Grouping
from catsight.run.metrics_specs import ComparingSpec

#: Blocks of the jackknife for slow measures, one value of which costs as much as all other measures
#: together (the singular values of Procrustes).
FEW_BLOCKS = 10
#: The null hypotheses of tests of distributions.
NULLS = ("paired", "unpaired")


class Plan:
    """Everything that the comparisons of a study share.

    ``frames`` maps the id of each of n frames to its group. ``self.grouping.order`` sorts them by
    group; all else here is of frames in that order. The same rearrangements serve every layer and
    view, so that p-values can be corrected for them. The jackknife joins the groups into at most
    ``blocks`` blocks, or ``few_blocks`` for slow measures. The tests take ``permutations``
    rearrangements; with 0 there are none (``self.tested`` is False).

    To compare subsets of a study instead, ``left_out`` lists the frames (indices as given), whole
    groups, that each subset lacks.
    """

    def __init__(
        self,
        frames: Mapping[str, str],
        spec: ComparingSpec,
        permutations: int,
        blocks: int = inference.MOST_BLOCKS,
        few_blocks: int = FEW_BLOCKS,
        left_out: Sequence[np.ndarray] | None = None,
    ):
        if spec["null"] not in NULLS:
            raise CatsightError(f"null is '{spec['null']}'; it may be {', '.join(NULLS)}")
        groups, seed = list(frames.values()), spec["seed"]
        self.spec, self.grouping, self.tested = spec, Grouping(groups), permutations > 0
        ids = list(frames)
        self.frames = [ids[place] for place in self.grouping.order]
        if left_out is None:
            out = inference.blocks(groups, seed, blocks)
            out = out if len(out) > 1 else []  # nothing would remain of one group
            few = inference.blocks(groups, seed, few_blocks)
            few = few if len(few) < len(out) else out
        else:
            out = few = list(left_out)
        self.keep_frames = inference.kept(len(frames), out)[:, self.grouping.order]
        self.few_frames = inference.kept(len(frames), few)[:, self.grouping.order].astype(bool)
        #: (1 + blocks, groups): which groups stay.
        self.keep = self.keep_frames[:, self.grouping.starts]
        present = self.keep_frames / self.keep_frames.sum(axis=1, keepdims=True)
        self.keep_weights = np.hstack([present, -present]).T

        self.relabellings = arrangements.relabellings(len(self.grouping.sizes), permutations, seed)
        if spec["null"] == "paired":
            self.exchanges = arrangements.swaps(len(self.grouping.sizes), permutations, seed)
        else:
            self.exchanges = arrangements.divisions(
                self.grouping.sizes.tolist(), permutations, seed
            )

    @property
    def blocks(self) -> int:
        """The number of blocks, or of subsets."""
        return len(self.keep) - 1

    @property
    def exchange_weights(self) -> np.ndarray:
        """The rearrangements of the pooled frames (2 n, m): see catsight.metrics.distribution."""
        signs, of = self.exchanges.each, self.grouping.of
        if self.spec["null"] == "paired":
            return arrangements.weights(np.hstack([signs[:, of], -signs[:, of]]))
        return arrangements.weights(
            np.hstack([signs[:, of], signs[:, len(self.grouping.sizes) + of]])
        )
