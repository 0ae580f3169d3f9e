"""How often the group jackknife's 95 % interval covers the truth: as it is used, and made in plainer ways.

    python benchmarks/coverage.py

Simulated: groups of 8 frames; two views share a latent scene (that varies between groups and within), each with noise
of its own. The truth is the value for 600 groups. `used` is catsight.metrics.inference.jackknife: around the
bias-corrected value, on the scale of angles; `around value` has the same width, but lies around the value itself;
`plain scale` does without angles; `Fisher's z` uses that scale instead. `width` and `z width` are mean widths.
"""

import argparse

import numpy as np

from catsight.metrics import inference
from catsight.metrics.similarity import measures


def draw(groups: int, rng: np.random.Generator, noise: float, dims: int = 24, features: int = 48):
    """Two views' features of ``groups`` × 8 frames, with the group of each."""
    mixing = np.random.default_rng(7).normal(size=(2, dims, features)) / np.sqrt(dims)
    scene = rng.normal(size=(groups, 1, dims)) + 0.7 * rng.normal(size=(groups, 8, dims))
    scene = (scene * np.linspace(1.5, 0.1, dims)).reshape(-1, dims)
    # at the lowest noise both views see the scene alike, as two eyes nearly do
    x, y = (scene @ mixing[i if noise > 0.1 else 0] + noise * rng.normal(size=(len(scene), features)) for i in (0, 1))
    return x, y, np.repeat(np.arange(groups), 8).astype(str)


def study(groups: int, rng: np.random.Generator, noise: float, prepare, compare):
    """A simulated study's value, and its interval made in three ways."""
    x, y, labels = draw(groups, rng, noise)
    k, m = prepare(x), prepare(y)
    out = inference.blocks(labels)
    sizes = [len(block) for block in out]
    value = compare(k, m)
    replicates = inference.leave_out(lambda keep: compare(k[np.ix_(keep, keep)], m[np.ix_(keep, keep)]), len(x), out)
    used = inference.jackknife(value, replicates, sizes, 0.95)
    centre, reach = np.arccos(value), np.subtract(*np.arccos(used[:2])) / 2
    around = tuple(np.cos([centre + reach, centre - reach]))
    plain = inference._interval(value, replicates, sizes, 0.95)
    fisher = tuple(np.tanh(inference._interval(np.arctanh(value), np.arctanh(replicates), sizes, 0.95)))
    return value, [used[:2], around, plain, fisher]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=300, help="simulated studies per row (default: %(default)s)")
    studies = parser.parse_args().studies
    heads = ("metric", "noise", "groups", "truth", "mean", "used", "around value", "plain scale", "Fisher's z")
    print("{:21}{:>6}{:>7}{:>7}{:>7}{:>7}{:>14}{:>13}{:>12}   width  z width".format(*heads))
    for noise in (0.1, 0.3, 1.0):
        x, y, _ = draw(600, np.random.default_rng(0), noise)
        for name in ("cka_linear_unbiased", "rsa"):
            prepare, compare = measures("correlation", "spearman")[name]
            truth = compare(prepare(x), prepare(y))
            for groups in (5, 7, 15, 40):
                rng = np.random.default_rng(groups)
                results = [study(groups, rng, noise, prepare, compare) for _ in range(studies)]
                mean = np.mean([value for value, _ in results])
                hits = np.mean([[low <= truth <= high for low, high in ways] for _, ways in results], axis=0)
                widths = np.mean([[high - low for low, high in ways] for _, ways in results], axis=0)
                print(
                    f"{name:21}{noise:6.1f}{groups:7}{truth:7.3f}{mean:7.3f}{hits[0]:7.3f}{hits[1]:14.3f}{hits[2]:13.3f}"
                    f"{hits[3]:12.3f}{widths[0]:8.3f}{widths[3]:9.3f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
