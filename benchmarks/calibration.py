"""Whether the p-values and intervals of catsight.metrics are calibrated, in simulated studies.

    python benchmarks/calibration.py                    # some 20 minutes on two cores
    python benchmarks/calibration.py --studies 200      # rougher
    python benchmarks/calibration.py --only levels

`levels`: the share of studies without any true effect in which p <= 0.05, which should be 0.05;
with 100 independent frames, and with 40 groups of 5 similar frames. For CKA, RSA and retrieval, the
two views are of unrelated scenes. For MMD, energy and Wasserstein, they are two noisy views of one
scene, with equal distributions.

`coverage`: the share of 95 % intervals that contain the true value, by the number of groups of 8
frames and the noise of the views; in brackets the intervals' mean width. The true value is that of
ever more groups: the mean of eight studies of 3200 frames, each of a scene of its own. For measures
marked "of size" it is the mean over all studies of the same size.

`shares`: the same for the loss that is due to each of two parts of an eye
(catsight.metrics.attribution).

`choice`: the same share for intervals computed in other ways, the reason for the present way.
"""

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial

os.environ["OMP_NUM_THREADS"] = "1"  # there are processes enough; numpy reads it when loaded

import numpy as np

from catsight.metrics import cka_linear, inference, rsa
from catsight.metrics.attribution import divide, name
from catsight.metrics.estimate import interval
from catsight.metrics.plan import Plan
from catsight.metrics.suite import Comparison, compare
from catsight.study.measures import MEASURES
from catsight.tables.names import WHOLE

SPEC = {
    "seed": 0,
    "null": "paired",
    "rsa_distance": "correlation",
    "rsa_comparison": "spearman",
    "bandwidth": 1.0,
    "projections": 20,
    "retrieval_distance": "cosine",
    "confidence": 0.95,
}
PERMUTATIONS = 199
RELATED = (
    "cka_linear",
    "cka_linear_unbiased",
    "cka_rbf",
    "cka_rbf_unbiased",
    "rsa",
    "retrieval_top1",
    "retrieval_mrr",
)
DISTANCES = ("mmd2", "mmd2_unbiased", "energy", "wasserstein", "sliced_wasserstein")
#: Measures whose intervals are also computed in other ways, and resamples of those ways.
RIVALRY, _RESAMPLES = ("cka_linear_unbiased", "rsa"), 200
_FUNCTIONS = {"cka_linear_unbiased": partial(cka_linear, unbiased=True), "rsa": rsa}
INTERVALS = (
    "cka_linear",
    "cka_linear_unbiased",
    "cka_rbf_unbiased",
    "rsa",
    "mmd2_unbiased",
    "energy",
    "wasserstein",
    "retrieval_mrr_between",
    "procrustes",
)


def scenes(
    groups: int, each: int, dims: int, within: float, rng: np.random.Generator
) -> np.ndarray:
    """Latent scenes (groups × each, dims); those of a group differ only by ``within``."""
    scene = rng.normal(size=(groups, 1, dims)) + within * rng.normal(size=(groups, each, dims))
    return (scene * np.linspace(1.5, 0.1, dims)).reshape(-1, dims)


def frames(groups: int, each: int) -> dict[str, str]:
    """The group of each frame by its id."""
    return {f"{group}-{i}": str(group) for group in range(groups) for i in range(each)}


def null_p_values(seed: int, groups: int, each: int) -> dict[str, float]:
    """The p-values of a study without any effect."""
    rng = np.random.default_rng([seed, groups])
    plan = Plan(frames(groups, each), SPEC | {"seed": seed}, PERMUTATIONS)
    draw = partial(scenes, groups, each, 8, 0.3, rng)
    unrelated = Comparison(draw(), draw(), plan)
    scene = draw()
    x, y = (scene + 0.3 * draw() for _ in range(2))  # groups share the noise, too
    alike = Comparison(x, y, plan)
    found = {m: unrelated.estimate(m) for m in RELATED} | {m: alike.estimate(m) for m in DISTANCES}
    return {metric: inference.p_value(estimate.null) for metric, estimate in found.items()}


def views(seed: int, groups: int, noise: float, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of two views (groups × each, 48) of related scenes."""
    rng = np.random.default_rng([seed, groups, int(100 * noise)])
    mixing = np.random.default_rng(7).normal(size=(2, 24, 48)) / np.sqrt(24)
    mixing[1] = mixing[0] + noise * mixing[1]  # more noise, more different views of the scene
    scene = scenes(groups, each, 24, 0.7, rng)
    x, y = (scene @ m + noise * rng.normal(size=(len(scene), 48)) for m in mixing)
    return x, y + noise * np.linspace(-1, 1, 48)  # and an offset


def study(
    seed: int, groups: int, noise: float, each: int = 8, intervals: bool = True
) -> dict[str, tuple]:
    """Value and interval of each measure in a study of ``groups`` × ``each`` frames.

    (value, low, high), or without ``intervals`` (value,).
    """
    x, y = views(seed, groups, noise, each)
    plan = _plan(groups, each, intervals)
    found = {}
    for metric, estimate in compare(x, y, plan, INTERVALS).items():
        ends = interval(MEASURES[metric].facts, estimate, 0.95)[:2] if intervals else ()
        found[metric] = (estimate.values[0], *ends)
    return found


def _plan(groups: int, each: int, intervals: bool) -> Plan:
    """A plan without tests; without ``intervals``, of one group, which is never left out."""
    of = frames(groups, each) if intervals else frames(1, groups * each)
    return Plan(of, SPEC, permutations=0)


def rivals(seed: int, groups: int, noise: float) -> dict[str, dict[str, tuple]]:
    """Both ends of intervals computed in several ways: by way and measure."""
    x, y = views(seed, groups, noise, 8)
    plan, rng = _plan(groups, 8, True), np.random.default_rng(seed)
    members = np.arange(groups * 8).reshape(groups, 8)
    rows = [rng.integers(groups * 8, size=groups * 8) for _ in range(_RESAMPLES)]
    whole = [members[rng.integers(groups, size=groups)].ravel() for _ in range(_RESAMPLES)]
    halves = [members[rng.permutation(groups)[: groups // 2]].ravel() for _ in range(_RESAMPLES)]
    found: dict[str, dict[str, tuple]] = {}
    for metric, estimate in compare(x, y, plan, RIVALRY).items():
        value = estimate.values[0]
        arguments = (value, estimate.values[1:], estimate.sizes, 0.95)

        def drawn(samples: Sequence[np.ndarray], metric: str = metric) -> np.ndarray:
            return np.array([_FUNCTIONS[metric](x[sample], y[sample]) for sample in samples])

        ways = {
            "jackknife, of angles, bias-corrected": inference.jackknife(*arguments)[:2],
            "not of angles, bias-corrected": inference.jackknife(*arguments, cosine=False)[:2],
            "of angles, around the value": inference.jackknife(*arguments, correct_bias=False)[:2],
            "random halves of the groups": value
            - np.quantile(drawn(halves) - value, [0.975, 0.025]),
            "bootstrap of groups": np.quantile(drawn(whole), [0.025, 0.975]),
            "bootstrap of rows": np.quantile(drawn(rows), [0.025, 0.975]),
        }
        for way, ends in ways.items():
            found.setdefault(way, {})[metric] = tuple(ends)
    return found


def levels(studies: int, pool: Executor) -> None:
    """Prints how often a true null is rejected."""
    print("\nShare of studies without effect with p <= 0.05")
    print(f"{'metric':22}{'100 frames':>12}{'40 groups of 5':>16}")
    designs = [
        list(
            pool.map(partial(null_p_values, groups=groups, each=each), range(studies), chunksize=8)
        )
        for groups, each in ((100, 1), (40, 5))
    ]
    for metric in (*RELATED, *DISTANCES):
        shares = [np.mean([found[metric] <= 0.05 for found in design]) for design in designs]
        print(f"{metric:22}{shares[0]:12.3f}{shares[1]:16.3f}", flush=True)


def coverage(
    studies: int, pool: Executor, sizes: Sequence[int] = (4, 5, 7, 10, 15, 25, 40)
) -> None:
    """Prints how often intervals contain the true value."""
    print("\nShare of 95 % intervals that contain the true value (mean width)")
    print(f"{'metric':24}{'noise':>6}{'truth':>8}" + "".join(f"{f'{g} groups':>16}" for g in sizes))
    for noise in (0.1, 0.5, 1.0, 2.0):
        large = list(
            pool.map(partial(study, groups=3200, noise=noise, each=1, intervals=False), range(8))
        )
        results = {
            g: list(pool.map(partial(study, groups=g, noise=noise), range(studies), chunksize=8))
            for g in sizes
        }
        truths = {metric: np.mean([found[metric][0] for found in large]) for metric in INTERVALS}
        for metric in INTERVALS:
            line = f"{metric:24}{noise:6.1f}"
            of_size = MEASURES[metric].depends_on_n
            line += " of size" if of_size else f"{truths[metric]:8.3f}"
            for g in sizes:
                values, low, high = np.array([found[metric] for found in results[g]]).T
                truth = values.mean() if of_size else truths[metric]
                given = np.isfinite(low)  # the others have no interval, for a reason
                if given.sum() < studies / 2:
                    line += f"{'mostly none':>16}"
                    continue
                held = np.mean(((low <= truth) & (truth <= high))[given])
                line += f"{held:9.3f} ({np.mean((high - low)[given]):.2f})"
            print(line, flush=True)


_DESIGNS = ((15, 0.5), (15, 1.0), (40, 0.5), (40, 1.0))


def choice(studies: int, pool: Executor, designs: Sequence[tuple[int, float]] = _DESIGNS) -> None:
    """Prints how often intervals computed in several ways contain the true value."""
    print("\nShare of 95 % intervals that contain the true value, by way (groups, noise)")
    columns = [(metric, *design) for metric in RIVALRY for design in designs]
    print(
        f"{'':38}"
        + "".join(f"{f'{metric[:10]} {groups}, {noise}':>22}" for metric, groups, noise in columns)
    )
    held: dict[str, list] = {}
    for metric in RIVALRY:
        for groups, noise in designs:
            truth = np.mean([_FUNCTIONS[metric](*views(seed, 3200, noise, 1)) for seed in range(4)])
            results = list(
                pool.map(partial(rivals, groups=groups, noise=noise), range(studies), chunksize=4)
            )
            for way in results[0]:
                low, high = np.array([found[way][metric] for found in results]).T
                held.setdefault(way, []).append(np.mean((low <= truth) & (truth <= high)))
    for way, shares in held.items():
        print(f"{way:38}" + "".join(f"{share:22.3f}" for share in shares), flush=True)


#: How much each of two parts of an eye changes the second view of a scene.
_PARTS = {"pupil": 0.3, "colour": 0.8}
_DIVIDED = ("cka_linear", "cka_linear_unbiased", "rsa", "mmd2_unbiased", "energy")


def divided(seed: int, groups: int, each: int = 8, intervals: bool = True) -> dict[tuple, tuple]:
    """Value and interval of the loss due to each part, by measure and part.

    (value, low, high), or without ``intervals`` (value,).
    """
    rng = np.random.default_rng([seed, groups])
    mixing, *of_parts = np.random.default_rng(7).normal(size=(3, 24, 48)) / np.sqrt(24)
    scene = scenes(groups, each, 24, 0.7, rng)

    def seen(subset: Sequence[str]) -> np.ndarray:
        change = sum(
            (_PARTS[part] * of for part, of in zip(_PARTS, of_parts) if part in subset),
            np.zeros_like(mixing),
        )
        return scene @ (mixing + change) + 0.3 * noise

    # an encoder is deterministic: without a swap the features are the same
    noise = rng.normal(size=(len(scene), 48))
    plan = _plan(groups, each, intervals)
    subsets = {name(some, _PARTS): some for some in ([], ["pupil"], ["colour"], list(_PARTS))}
    reference = seen([])
    worth = {
        label: compare(reference, seen(some), plan, _DIVIDED) for label, some in subsets.items()
    }
    found = {}
    for metric in _DIVIDED:
        facts = MEASURES[metric].facts
        estimates = {label: of[metric] for label, of in worth.items()}
        losses = divide(estimates, list(_PARTS), facts["similarity"])
        for part in (*_PARTS, WHOLE):
            loss = losses[part, "value"]
            ends = interval(facts, loss, 0.95, difference=True)[:2] if intervals else ()
            found[metric, part] = (loss.values[0], *ends)
    return found


def shares(studies: int, pool: Executor, sizes: Sequence[int] = (7, 15, 25, 40)) -> None:
    """Prints how often intervals of a part's loss contain the true one."""
    print("\nShare of 95 % intervals of a part's loss that contain the true one (mean width)")
    print(f"{'metric':22}{'part':>8}{'truth':>8}" + "".join(f"{f'{g} groups':>16}" for g in sizes))
    large = list(pool.map(partial(divided, groups=3200, each=1, intervals=False), range(8)))
    results = {
        g: list(pool.map(partial(divided, groups=g), range(studies), chunksize=8)) for g in sizes
    }
    for key in large[0]:
        metric, part = key
        line = f"{metric:22}{part:>8}"
        truth = np.mean([found[key][0] for found in large])
        of_size = MEASURES[metric].depends_on_n
        line += " of size" if of_size else f"{truth:8.3f}"
        for g in sizes:
            values, low, high = np.array([found[key] for found in results[g]]).T
            if of_size:
                truth = values.mean()
            held = np.mean((low <= truth) & (truth <= high))
            line += f"{held:9.3f} ({np.mean(high - low):.2f})"
        print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--studies",
        type=int,
        default=1000,
        help="simulated studies for each number (default: %(default)s)",
    )
    parser.add_argument(
        "--only", choices=("levels", "coverage", "shares", "choice"), help="print this table only"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    options = parser.parse_args()
    assert set(RELATED) | set(DISTANCES) | set(INTERVALS) <= set(MEASURES)
    with ProcessPoolExecutor(options.jobs) as pool:
        for table in (levels, coverage, shares, choice):
            if options.only in (None, table.__name__):
                table(options.studies, pool)


if __name__ == "__main__":
    main()
