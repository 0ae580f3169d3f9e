"""Whether the p-values and intervals of catsight.metrics keep what they promise, in simulated
studies.

    python benchmarks/calibration.py                    # some 20 minutes on two cores
    python benchmarks/calibration.py --studies 200      # rougher
    python benchmarks/calibration.py --only levels

`levels`: the share of studies without any true effect in which p <= 0.05, which should be 0.05;
once with 100 independent frames, once with 40 groups of 5 frames that are much alike. CKA, RSA and
retrieval: two views of unrelated scenes. MMD, energy and Wasserstein: two views that are two noisy
looks at one scene, alike in distribution.

`coverage`: the share of 95 % intervals that hold the true value, by number of groups of 8 frames
and by how much noise the views have; in brackets the intervals' mean width. The truth is what ever
more groups would give: the mean of eight studies of 3200 frames of as many scenes; for what is
called "of size", the mean over all studies of the same size.

`shares`: the same for what of a loss is due to each of two parts of an eye
(catsight.metrics.attribution).

`choice`: the same share for intervals made in other ways, which is why they are made as they are.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial

os.environ["OMP_NUM_THREADS"] = "1"  # the processes are many enough; read when numpy is loaded

import numpy as np

from catsight.metrics import cka_linear, inference, rsa
from catsight.metrics.attribution import WHOLE, divide, name
from catsight.metrics.suite import METRICS, OF_THIS_SIZE, Comparison, Plan, interval

SPEC = {
    "seed": 0, "permutations": 199, "null": "paired", "rsa_distance": "correlation", "rsa_comparison": "spearman",
    "bandwidth": 1.0, "projections": 20, "retrieval_distance": "cosine", "confidence": 0.95,
}  # fmt: skip
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
#: Metrics for which other ways to an interval are tried, and draws where a way draws.
RIVALRY, _RESAMPLES = ("cka_linear_unbiased", "rsa"), 200
_FUNCTIONS = {"cka_linear_unbiased": partial(cka_linear, unbiased=True), "rsa": rsa}
INTERVALS = (
    "cka_linear", "cka_linear_unbiased", "cka_rbf_unbiased", "rsa", "mmd2_unbiased", "energy", "wasserstein",
    "retrieval_mrr_between", "procrustes",
)  # fmt: skip


def scenes(
    groups: int, each: int, dims: int, within: float, rng: np.random.Generator
) -> np.ndarray:
    """Latent scenes (groups × each, dims): frames of a group share theirs but for ``within``."""
    scene = rng.normal(size=(groups, 1, dims)) + within * rng.normal(size=(groups, each, dims))
    return (scene * np.linspace(1.5, 0.1, dims)).reshape(-1, dims)


def frames(groups: int, each: int) -> dict[str, str]:
    """The group of each frame by its id."""
    return {f"{group}-{i}": str(group) for group in range(groups) for i in range(each)}


def null_p_values(seed: int, groups: int, each: int) -> dict[str, float]:
    """The p-values of a study in which nothing is true."""
    rng = np.random.default_rng([seed, groups])
    plan = Plan(frames(groups, each), SPEC | {"seed": seed})
    draw = partial(scenes, groups, each, 8, 0.3, rng)
    unrelated = Comparison(draw(), draw(), plan)
    scene = draw()
    alike = Comparison(
        *(scene + 0.3 * draw() for _ in range(2)), plan
    )  # the noise is of whole groups, too
    found = {m: unrelated.estimate(m) for m in RELATED} | {m: alike.estimate(m) for m in DISTANCES}
    return {metric: inference.p_value(estimate.null) for metric, estimate in found.items()}


def views(seed: int, groups: int, noise: float, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of two views (groups × each, 48) of related scenes."""
    rng = np.random.default_rng([seed, groups, int(100 * noise)])
    mixing = np.random.default_rng(7).normal(size=(2, 24, 48)) / np.sqrt(24)
    mixing[1] = (
        mixing[0] + noise * mixing[1]
    )  # the second view sees the scene otherwise, the more the noisier
    scene = scenes(groups, each, 24, 0.7, rng)
    x, y = (scene @ m + noise * rng.normal(size=(len(scene), 48)) for m in mixing)
    return x, y + noise * np.linspace(-1, 1, 48)  # and all of it elsewhere


def study(
    seed: int, groups: int, noise: float, each: int = 8, intervals: bool = True
) -> dict[str, tuple]:
    """Value, and both ends of the interval, of each metric in a study of ``groups`` × ``each``
    frames.
    """
    x, y = views(seed, groups, noise, each)
    # without intervals, all in one block, which is then not left out
    plan = Plan(
        frames(groups, each) if intervals else frames(1, groups * each), SPEC | {"permutations": 0}
    )
    found = {}
    for metric, estimate in plan.compare(x, y, INTERVALS).items():
        ends = interval(metric, estimate, 0.95)[:2] if intervals else ()
        found[metric] = (estimate.values[0], *ends)
    return found


def rivals(seed: int, groups: int, noise: float) -> dict[str, dict[str, tuple]]:
    """Both ends of the interval of some metrics, made in several ways: by what it is called and by
    metric.
    """
    x, y = views(seed, groups, noise, 8)
    plan, rng = Plan(frames(groups, 8), SPEC | {"permutations": 0}), np.random.default_rng(seed)
    members = np.arange(groups * 8).reshape(groups, 8)
    rows = [rng.integers(groups * 8, size=groups * 8) for _ in range(_RESAMPLES)]
    whole = [members[rng.integers(groups, size=groups)].ravel() for _ in range(_RESAMPLES)]
    halves = [members[rng.permutation(groups)[: groups // 2]].ravel() for _ in range(_RESAMPLES)]
    found: dict[str, dict[str, tuple]] = {}
    for metric, estimate in plan.compare(x, y, RIVALRY).items():
        value, arguments = (
            estimate.values[0],
            (estimate.values[0], estimate.values[1:], estimate.sizes, 0.95),
        )

        def drawn(samples, metric=metric):
            return np.array([_FUNCTIONS[metric](x[sample], y[sample]) for sample in samples])

        ways = {
            "jackknife, on angles, less its bias": inference.jackknife(*arguments)[:2],
            "as it is, less its bias": inference.jackknife(*arguments, cosine=False)[:2],
            "on angles, around the value": inference.jackknife(*arguments, correct_bias=False)[:2],
            "halves of the groups, drawn": value
            - np.quantile(drawn(halves) - value, [0.975, 0.025]),
            "bootstrap of groups": np.quantile(drawn(whole), [0.025, 0.975]),
            "bootstrap of rows": np.quantile(drawn(rows), [0.025, 0.975]),
        }
        for way, ends in ways.items():
            found.setdefault(way, {})[metric] = tuple(ends)
    return found


def levels(studies: int, pool) -> None:
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


def coverage(studies: int, pool, sizes=(4, 5, 7, 10, 15, 25, 40)) -> None:
    print("\nShare of 95 % intervals that hold the true value (mean width)")
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
            line += " of size" if metric in OF_THIS_SIZE else f"{truths[metric]:8.3f}"
            for g in sizes:
                values, low, high = np.array([found[metric] for found in results[g]]).T
                truth = values.mean() if metric in OF_THIS_SIZE else truths[metric]
                given = np.isfinite(low)  # else the table says why there is none
                if given.sum() < studies / 2:
                    line += f"{'mostly none':>16}"
                    continue
                held = np.mean(((low <= truth) & (truth <= high))[given])
                line += f"{held:9.3f} ({np.mean((high - low)[given]):.2f})"
            print(line, flush=True)


def choice(studies: int, pool, designs=((15, 0.5), (15, 1.0), (40, 0.5), (40, 1.0))) -> None:
    print(
        "\nShare of 95 % intervals that hold the true value, by how they are made (groups, noise)"
    )
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


#: By how much each of two parts of an eye changes what the second view sees of a scene.
_PARTS = {"pupil": 0.3, "colour": 0.8}
_DIVIDED = ("cka_linear", "cka_linear_unbiased", "rsa", "mmd2_unbiased", "energy")


def divided(seed: int, groups: int, each: int = 8, intervals: bool = True) -> dict[tuple, tuple]:
    """Value, and both ends of the interval, of each part's share of each metric's loss."""
    rng = np.random.default_rng([seed, groups])
    mixing, *of_parts = np.random.default_rng(7).normal(size=(3, 24, 48)) / np.sqrt(24)
    scene = scenes(groups, each, 24, 0.7, rng)

    def seen(subset):
        change = sum(
            (_PARTS[part] * of for part, of in zip(_PARTS, of_parts) if part in subset),
            np.zeros_like(mixing),
        )
        return scene @ (mixing + change) + 0.3 * noise

    noise = rng.normal(
        size=(len(scene), 48)
    )  # an encoder has none of its own: what is not swapped is the same
    plan = Plan(
        frames(groups, each) if intervals else frames(1, groups * each), SPEC | {"permutations": 0}
    )
    subsets = {name(some, _PARTS): some for some in ([], ["pupil"], ["colour"], list(_PARTS))}
    worth = {label: plan.compare(seen([]), seen(some), _DIVIDED) for label, some in subsets.items()}
    found = {}
    for metric in _DIVIDED:
        due = divide({label: of[metric] for label, of in worth.items()}, list(_PARTS), metric)
        for part in (*_PARTS, WHOLE):
            ends = interval(metric, due[part], 0.95, cosine=False)[:2] if intervals else ()
            found[metric, part] = (due[part].values[0], *ends)
    return found


def shares(studies: int, pool, sizes=(7, 15, 25, 40)) -> None:
    print("\nShare of 95 % intervals of a part's share that hold the true one (mean width)")
    print(f"{'metric':22}{'part':>8}{'truth':>8}" + "".join(f"{f'{g} groups':>16}" for g in sizes))
    large = list(pool.map(partial(divided, groups=3200, each=1, intervals=False), range(8)))
    results = {
        g: list(pool.map(partial(divided, groups=g), range(studies), chunksize=8)) for g in sizes
    }
    for key in large[0]:
        metric, part = key
        line = f"{metric:22}{part:>8}"
        truth = np.mean([found[key][0] for found in large])
        line += " of size" if metric in OF_THIS_SIZE else f"{truth:8.3f}"
        for g in sizes:
            values, low, high = np.array([found[key] for found in results[g]]).T
            held = np.mean(
                (low <= (t := values.mean() if metric in OF_THIS_SIZE else truth)) & (t <= high)
            )
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
        help="simulated studies per figure (default: %(default)s)",
    )
    parser.add_argument(
        "--only", choices=("levels", "coverage", "shares", "choice"), help="one of the tables"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    options = parser.parse_args()
    assert set(RELATED) | set(DISTANCES) | set(INTERVALS) <= set(METRICS)
    with ProcessPoolExecutor(options.jobs) as pool:
        for table in (levels, coverage, shares, choice):
            if options.only in (None, table.__name__):
                table(options.studies, pool)


if __name__ == "__main__":
    main()
