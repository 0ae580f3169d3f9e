"""Do intervals of a readout hold what they should? Simulated studies of unequal groups.

    .venv/bin/python benchmarks/readout.py

prints, for each number of groups, the share of 95 % intervals that hold the mean of all groups that
could have been drawn, of the studies that have an interval.
"""

import argparse

import numpy as np

from catsight.metrics import readout
from catsight.metrics.estimate import Estimate

GROUPS = (7, 15, 40, 100)
#: Parameters of the beta distributions of a group's share of kept answers, and of its divergence,
#: which is strongly skewed.
KEPT, APART = (1.2, 1.8), (0.6, 4.0)


def drawn(rng: np.random.Generator, groups: int) -> tuple[np.ndarray, list[str]]:
    """The three numbers (n, 3) of the frames of so many groups of 1 to 4, and their groups (n,)."""
    sizes = rng.integers(1, 5, groups)
    kept = np.repeat(rng.beta(*KEPT, groups), sizes)
    apart = np.repeat(rng.beta(*APART, groups), sizes) * rng.uniform(0.7, 1.3, sizes.sum())
    values = [rng.random(len(kept)) < kept, rng.binomial(5, kept) / 5, np.minimum(apart, 1)]
    return np.stack(values, axis=1), [f"g{i}" for i in np.repeat(np.arange(groups), sizes)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=600, help="of each number of groups")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    truth = [KEPT[0] / sum(KEPT), KEPT[0] / sum(KEPT), APART[0] / sum(APART)]
    for groups in GROUPS:
        held: dict[str, list[bool]] = {metric: [] for metric in readout.METRICS}
        for study in range(options.studies):
            values, names = drawn(rng, groups)
            means = readout.over_groups(values, names, study)
            for i, metric in enumerate(readout.METRICS):
                ends = readout.ends(metric, Estimate(means[:, i], parts=(len(means) - 1,)), 0.95)
                if ends.reason is None:
                    held[metric].append(ends.low <= truth[i] <= ends.high)
        found = [f"{m} {np.mean(of):.3f} of {len(of)}" for m, of in held.items()]
        print(f"{groups} groups: {', '.join(found)}")


if __name__ == "__main__":
    main()
