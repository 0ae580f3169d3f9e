"""Whether the p-values and intervals of catsight.metrics are calibrated, in simulated studies.

    python benchmarks/calibration.py                         # some 40 minutes on two cores
    python benchmarks/calibration.py --studies 200           # rougher
    python benchmarks/calibration.py --only coverage
    python benchmarks/calibration.py --networks scenes.npz   # made by benchmarks/scenes.py

Three truths (benchmarks/truths.py): `model`, features like those of the default study, with groups
of equal and of unequal sizes; `networks`, a draw of 320 scenes shown to two networks; and
`gaussian`, the easy one of earlier versions.

`levels`: the share of studies without any true effect in which p <= 0.05, which should be 0.05. For
CKA, RSA and retrieval, the two views are of unrelated scenes. For MMD, energy and Wasserstein, they
are two noisy views of one scene, with equal distributions.

`coverage`: the share of 95 % intervals that hold the true value, and in brackets their median
width. The true value is that of ever more groups: a closed form for linear CKA, otherwise the mean
of eight studies of 2000 groups; with `networks`, the value of all 320 scenes. For measures that
depend on the size of a study it is the mean over all studies of that size.

`networks`: the same for each layer, the mean over layers, a value divided by that of a control, and
the loss that is due to each of two parts of the eye (with --networks).

`contrasts`: how often any two of six encoders that are equally aligned are told apart; how often
all simultaneous intervals hold, and the set of the best holds the best; how often two encoders are
shown to be equivalent, if they are and if they differ by the margin.

`power`: how often two views are told apart (with --networks).

`choice`: the coverage of intervals computed in other ways, the reason for the present way.
"""

import argparse
import os

os.environ["OMP_NUM_THREADS"] = "1"  # there are processes enough; numpy reads it when loaded

from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import cache, partial
from itertools import product
from pathlib import Path

import numpy as np
import simulation
import truths
from calibration_contrasts import contrasts, power
from calibration_networks import networks
from simulation import INTERVALS, heading, held, measured, plan_of, row, run

from catsight.metrics import inference, jackknife
from catsight.metrics.estimate import Estimate
from catsight.metrics.suite import compare
from catsight.study.measures import MEASURES

PERMUTATIONS = 199
RELATED = (
    "cka_linear",
    "cka_linear_unbiased",
    "cka_rbf",
    "cka_rbf_unbiased",
    "rsa",
    "retrieval_top1_between",
    "retrieval_mrr",
)
DISTANCES = ("mmd2", "mmd2_unbiased", "energy", "energy_scaled", "wasserstein")
#: Numbers of groups and their sizes, for tests.
DESIGNS = ((100, "single"), (40, "equal"), (40, "lognormal"), (15, "geometric"), (7, "uniform"))
GROUPS = (7, 15, 25, 40)
ALIGNMENTS = (0.97, 0.995, 0.999)
UNEQUAL = ("equal", "uniform", "geometric", "lognormal")
#: The measure whose loss is tabulated, and its true loss.
LOSES, LOSS = "cka_linear_unbiased", 0.995 - 0.97


# -- tests -----------------------------------------------------------------------------------------


def null_p_values(seed: int, groups: int, sizes: str) -> dict[str, float]:
    """The p-values of a study without any effect."""
    unrelated, other, alike = truths.nulls(seed, groups, sizes)
    plan = plan_of(unrelated.group, PERMUTATIONS, seed)
    found = compare(unrelated.x, unrelated.y, plan, RELATED)
    found |= compare(alike.x, alike.y, plan, DISTANCES)
    p = {name: inference.p_value(estimate.null) for name, estimate in found.items()}
    layers = [compare(unrelated.x, y, plan, ["rsa"])["rsa"].null for y in (unrelated.y, other)]
    p["rsa, smaller corrected p of two layers"] = float(inference.corrected(np.array(layers)).min())
    return p


def levels(studies: int, pool: Executor) -> None:
    """Prints how often a true null is rejected."""
    labels = [f"{groups} groups, {sizes}" for groups, sizes in DESIGNS]
    heading("Share of studies without effect with p <= 0.05", ["", *labels])
    designs = [
        run(partial(null_p_values, groups=groups, sizes=sizes), studies, pool, f"levels {sizes}")
        for groups, sizes in DESIGNS
    ]
    for name in designs[0][0]:
        shares = [np.mean([found[name] <= 0.05 for found in design]) for design in designs]
        row([f"`{name}`", *(f"{share:.3f}" for share in shares)])


# -- values ----------------------------------------------------------------------------------------


def study(
    seed: int, groups: int, alignment: float, sizes: str, measures: Sequence[str] = INTERVALS
) -> dict[str, tuple[float, ...]]:
    """Value and interval of each measure in a study of `model`."""
    x, y, group = truths.model(seed, groups, alignment, sizes)
    return measured(x, y, plan_of(group), measures)


def large(seed: int, alignment: float) -> dict[str, tuple[float, ...]]:
    """The value of each measure in a study of 2000 groups of one frame each."""
    x, y, group = truths.model(seed, 2000, alignment, "single")
    return measured(x, y, simulation.whole(group))


@cache
def truth_of(alignment: float, pool: Executor) -> dict[str, float | None]:
    """The true value of each measure; None for those that depend on the size of a study."""
    found: dict[str, float | None] = {}
    found |= simulation.means(run(partial(large, alignment=alignment), 8, pool, "truth"))
    found["cka_linear_unbiased"] = alignment  # the closed form
    return {name: None if MEASURES[name].depends_on_n else found[name] for name in found}


def loss(seed: int, groups: int, sizes: str) -> tuple[float, ...]:
    """The difference of two alignments of the same frames, as in attribution, and its interval."""
    plan, found = None, []
    for x, y, group in truths.encoders(seed, groups, [0.995, 0.97], sizes):
        plan = plan or plan_of(group)
        found.append(compare(x, y, plan, [LOSES])[LOSES])
    values = found[0].values - found[1].values
    return simulation.ends(LOSES, found[0]._replace(values=values), difference=True)


def gaussian(seed: int, groups: int, noise: float = 1.0) -> dict[str, tuple[float, ...]]:
    """Value and interval of each measure in a study of `gaussian`."""
    x, y, group = truths.gaussian(seed, groups, noise)
    return measured(x, y, plan_of(group))


def large_gaussian(seed: int, noise: float = 1.0) -> dict[str, tuple[float, ...]]:
    """The value of each measure in a Gaussian study of 2000 groups of one frame each."""
    x, y, group = truths.gaussian(seed, 2000, noise, each=1)
    return measured(x, y, simulation.whole(group))


def coverage(studies: int, pool: Executor) -> None:
    """Prints how often intervals hold the true value."""
    columns = ["", "CKA", "groups", *GROUPS]
    heading("Share of 95 % intervals that hold the truth (median width): model", columns)
    for alignment, sizes in product(ALIGNMENTS, UNEQUAL):
        truth = truth_of(alignment, pool)
        for count, names in ((studies, INTERVALS[:1]), (max(1, studies // 3), INTERVALS[1:])):
            work = partial(study, alignment=alignment, sizes=sizes, measures=names)
            of = [run(partial(work, groups=g), count, pool, f"{sizes} {g}") for g in GROUPS]
            for name in names:
                cells = [held([one[name] for one in found], truth[name]) for found in of]
                row([f"`{name}`", alignment, sizes, *cells])
    for sizes in UNEQUAL:
        of = [run(partial(loss, groups=g, sizes=sizes), studies, pool, f"loss {g}") for g in GROUPS]
        row([f"`{LOSES}`, loss", "0.995 to 0.97", sizes, *(held(found, LOSS) for found in of)])
    heading("The same: gaussian", ["", *GROUPS])
    of = [run(partial(gaussian, groups=g), max(1, studies // 5), pool, "gaussian") for g in GROUPS]
    values = simulation.means(run(large_gaussian, 8, pool, "truth"))
    for name in INTERVALS:
        mean = None if MEASURES[name].depends_on_n else values[name]
        row([f"`{name}`", *(held([one[name] for one in found], mean) for found in of)])


# -- the choice of the interval --------------------------------------------------------------------

RIVALRY, _RESAMPLES = ("cka_linear_unbiased", "rsa"), 100
Ways = dict[str, tuple[float, float, float]]


def rivals(seed: int, groups: int, alignment: float, sizes: str) -> dict[str, Ways]:
    """Intervals (value, low, high) of a study computed in several ways: by way and measure."""
    x, y, group = truths.model(seed, groups, alignment, sizes)
    measures = [*RIVALRY, *(f"{name}_frames" for name in RIVALRY)]
    found = compare(x, y, plan_of(group), measures)
    counts = np.bincount(group)
    drawn = _bootstrap(x, y, group, np.random.default_rng(seed))
    ways: dict[str, Ways] = {}
    for name in RIVALRY:
        of_groups, of_frames = found[name], found[f"{name}_frames"]
        value = float(of_groups.values[0])
        low, high = np.quantile(drawn[name], [0.025, 0.975])
        here: Ways = {
            "z, degrees of freedom from kurtosis (catsight's)": simulation.ends(name, of_groups),  # type: ignore[dict-item]
            "z, groups - 1 degrees of freedom": _plain(of_groups, jackknife.FISHER),
            "not of z": _plain(of_groups, jackknife.PLAIN),
            "all pairs of frames, z, kurtosis": simulation.ends(name, of_frames),  # type: ignore[dict-item]
            "all pairs of frames, angles, bias-corrected (before)": _before(of_frames, counts),
            "bootstrap of groups, percentiles": (value, float(low), float(high)),
        }
        for way, interval in here.items():
            ways.setdefault(way, {})[name] = interval
    return ways


def _plain(estimate: Estimate, scale: jackknife.Scale) -> tuple[float, float, float]:
    """With blocks - 1 degrees of freedom."""
    value, replicates = estimate.values[0], estimate.values[1:]
    error = np.sqrt(np.square(jackknife.influences(scale.to(replicates))).sum())
    reach = jackknife.stdtrit(len(replicates) - 1, 0.975) * error
    low, high = (scale.back(scale.to(value) + side * reach) for side in (-1, 1))
    return float(value), float(low), float(high)


def _before(estimate: Estimate, counts: np.ndarray) -> tuple[float, float, float]:
    """The delete-m_j jackknife (Busing et al. 1999), around the bias-corrected value."""
    angle, replicates = np.arccos(estimate.values[0]), np.arccos(estimate.values[1:])
    h = counts.sum() / counts
    centre = len(h) * angle - np.sum((1 - 1 / h) * replicates)
    pseudo = h * angle - (h - 1) * replicates
    error = np.sqrt(np.mean(np.square(pseudo - centre) / (h - 1)))
    reach = jackknife.stdtrit(len(h) - 1, 0.975) * error
    low, high = np.cos(np.clip([centre + reach, centre - reach], 0, np.pi))
    return float(estimate.values[0]), float(low), float(high)


def _bootstrap(
    x: np.ndarray, y: np.ndarray, group: np.ndarray, rng: np.random.Generator
) -> dict[str, list[float]]:
    """Values of resampled groups; a group that is drawn twice counts as two."""
    members = [np.flatnonzero(group == number) for number in range(group[-1] + 1)]
    values: dict[str, list[float]] = {name: [] for name in RIVALRY}
    for _ in range(_RESAMPLES):
        drawn = [members[number] for number in rng.integers(len(members), size=len(members))]
        rows = np.concatenate(drawn)
        names = np.repeat(np.arange(len(drawn)), list(map(len, drawn)))
        for name, estimate in compare(x[rows], y[rows], simulation.whole(names), RIVALRY).items():
            values[name].append(float(estimate.values[0]))
    return values


def choice(studies: int, pool: Executor) -> None:
    """Prints how often intervals computed in several ways hold the truth."""
    designs = [(g, 0.97, sizes) for sizes in ("equal", "lognormal") for g in GROUPS]
    columns = [f"{sizes} {g}" for g, _, sizes in designs]
    heading("Share of intervals that hold the truth (median width): CKA .97", ["", "", *columns])
    truth = truth_of(0.97, pool)
    of = [
        run(partial(rivals, groups=g, alignment=a, sizes=sizes), studies, pool, f"choice {sizes}")
        for g, a, sizes in designs
    ]
    for name in RIVALRY:
        for way in of[0][0]:
            cells = [held([one[way][name] for one in found], truth[name]) for found in of]
            row([f"`{name}`", way, *cells])


# --------------------------------------------------------------------------------------------------

TABLES = (levels, coverage, choice, contrasts)
#: Tables of the networks, and how many times fewer studies they take.
OF_NETWORKS = {networks: 5, power: 3}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--studies",
        type=int,
        default=1000,
        help="simulated studies for each number (default: %(default)s; less where they are slow)",
    )
    names = [table.__name__ for table in (*TABLES, *OF_NETWORKS)]
    parser.add_argument("--only", choices=names, help="print this table only")
    parser.add_argument("--networks", type=Path, help="the file that benchmarks/scenes.py writes")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    options = parser.parse_args(arguments)
    with ProcessPoolExecutor(options.jobs) as pool:
        for table in TABLES:
            if options.only in (None, table.__name__):
                table(options.studies, pool)
        for of_networks, fewer in OF_NETWORKS.items():
            if options.networks and options.only in (None, of_networks.__name__):
                of_networks(max(1, options.studies // fewer), pool, options.networks)


if __name__ == "__main__":
    main()
