"""Which frames the jackknife leaves out, and how the frames are rearranged for the tests."""

from collections.abc import Mapping, Sequence

import numpy as np

from catsight.errors import CatsightError
from catsight.metrics import inference
from catsight.metrics import permutations as arrangements
from catsight.run.specs import ComparingSpec

#: Blocks of the jackknife for slow measures, one value of which costs as much as all other measures
#: together (the singular values of Procrustes).
FEW_BLOCKS = 10
#: The null hypotheses of tests of distributions.
NULLS = ("paired", "unpaired")


class Plan:
    """Everything that the comparisons of a study share.

    ``frames`` maps the id of each of n frames to its group. The same rearrangements serve every
    layer and view, so that p-values can be corrected by the largest statistic. The jackknife joins
    the groups into at most ``blocks`` blocks, or ``few_blocks`` for slow measures. The tests
    take ``permutations`` rearrangements; with 0 there are no tests.

    To compare subsets of a study instead, ``left_out`` lists the frames (indices) that each subset
    lacks. Retrieval then does not search among them, either.
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
        self.frames, self.groups, self.spec = list(frames), groups, spec
        self.among_kept = left_out is not None

        few = inference.blocks(groups, seed, few_blocks)
        if left_out is None:
            self.blocks = inference.blocks(groups, seed, blocks)
            if len(self.blocks) < 2:  # nothing would remain
                self.blocks = []
            self.few = few if len(few) < len(self.blocks) else self.blocks
        else:
            self.blocks = self.few = list(left_out)
        self.keep = inference.kept(len(frames), self.blocks)
        present = self.keep / self.keep.sum(axis=1, keepdims=True)
        self.keep_weights = np.hstack([present, -present]).T

        self.relabellings = arrangements.relabellings(groups, permutations, seed)
        if spec["null"] == "paired":
            self.exchanges = arrangements.swaps(groups, permutations, seed)
            signs = np.hstack([self.exchanges.each, -self.exchanges.each])
        else:
            self.exchanges = arrangements.divisions(groups, permutations, seed)
            signs = self.exchanges.each
        self.exchange_weights = arrangements.weights(signs)
