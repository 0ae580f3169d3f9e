"""The other packages' side of benchmarks/metrics.py.

It runs in an environment of its own, as some packages need an older torch:

    uv venv --python 3.11 ENV
    uv pip install --python ENV/bin/python --requirement benchmarks/metrics_peers.txt
    .venv/bin/python benchmarks/metrics.py --peers ENV/bin/python

The argument is a folder with x.npy and y.npy (layers, n, d). For each task on standard input, both
are read, and the CPU seconds and the value of each installed package are printed. Slow tasks run
with a tenth of the permutations, and their time is multiplied by ten. `Kornblith` is the formula of
Kornblith et al. 2019 in feature space, written by hand in numpy.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

#: Features (layers, n, d) of both views -> the function to time.
Prepare = Callable[[np.ndarray, np.ndarray], Callable[[], Any]]
#: Task -> package -> how it prepares, and by how much its time is multiplied.
TASKS: dict[str, dict[str, tuple[Prepare, int]]] = {}


def peer(task: str, name: str, times: int = 1) -> Callable[[Prepare], Prepare]:
    """Registers how a package does a task.

    The decorated function is given x and y, imports the package and returns the function to time.
    """

    def register(prepare: Prepare) -> Prepare:
        TASKS.setdefault(task, {})[name] = (prepare, times)
        return prepare

    return register


@peer("cka", "Kornblith")
def kornblith(x, y):
    def run():
        a, b = (v[0] - v[0].mean(axis=0) for v in (x, y))
        norms = np.linalg.norm(a.T @ a), np.linalg.norm(b.T @ b)
        return np.linalg.norm(a.T @ b) ** 2 / np.prod(norms)

    return run


@peer("cka", "ckatorch")
def ckatorch(x, y):
    import torch
    from ckatorch.core import cka_base

    a, b = (torch.from_numpy(v[0]) for v in (x, y))
    return lambda: cka_base(a, b)


@peer("cka", "thingsvision")
def thingsvision(x, y, unbiased=False):
    from thingsvision.core.cka import get_cka

    cka = get_cka(backend="torch", m=x.shape[1], kernel="linear", unbiased=unbiased, device="cpu")
    return lambda: cka.compare(X=x[0], Y=y[0])


peer("cka_unbiased", "thingsvision")(partial(thingsvision, unbiased=True))


@peer("cka_unbiased", "pytorch-cka")
def pytorch_cka(x, y):
    import torch
    from cka import cka_from_features

    a, b = (torch.from_numpy(v) for v in (x, y))
    return lambda: cka_from_features(a, b)


TASKS["grid"] = {"pytorch-cka": (pytorch_cka, 1)}


@peer("cka_unbiased", "torch-cka")
def torch_cka(x, y):
    import torch
    from torch_cka import CKA

    hsic = CKA.__new__(CKA)
    hsic.device = "cpu"

    def run():
        grams = [torch.from_numpy(v[0]) @ torch.from_numpy(v[0]).T for v in (x, y)]
        for gram in grams:
            gram.fill_diagonal_(0)
        own = [hsic._HSIC(gram, gram) for gram in grams]
        return hsic._HSIC(*grams) / np.sqrt(np.prod(own))

    return run


@peer("cka_unbiased", "cka-pytorch")
def cka_pytorch(x, y):
    import torch
    from cka_pytorch.hsic import hsic1

    def run():
        a, b = ((torch.from_numpy(v[0]) @ torch.from_numpy(v[0]).T)[None] for v in (x, y))
        return float(hsic1(a, b) / (hsic1(a, a) * hsic1(b, b)).sqrt())

    return run


@peer("rsa", "rsatoolbox")
def rsatoolbox(x, y):
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm, compare

    a, b = (Dataset(v[0].astype(np.float64)) for v in (x, y))
    return lambda: compare(
        calc_rdm(a, method="correlation"), calc_rdm(b, method="correlation"), method="spearman"
    )


@peer("rsa", "scipy")
def scipy(x, y):
    from scipy.spatial.distance import pdist
    from scipy.stats import spearmanr

    return lambda: spearmanr(pdist(x[0], "correlation"), pdist(y[0], "correlation")).statistic


@peer("mantel", "scikit-bio")
def scikit_bio(x, y):
    from scipy.spatial.distance import pdist, squareform
    from skbio.stats.distance import DistanceMatrix, mantel

    def run():
        a, b = (DistanceMatrix(squareform(pdist(v[0], "correlation"))) for v in (x, y))
        return mantel(a, b, method="spearman", permutations=10_000, alternative="greater")[0]

    return run


@peer("energy", "dcor 0.6", times=10)
def dcor(x, y):
    import dcor

    a, b = (v[0].astype(np.float64) for v in (x, y))
    return lambda: dcor.homogeneity.energy_test(a, b, num_resamples=100).statistic


@peer("energy", "hyppo", times=10)
def hyppo_energy(x, y):
    from hyppo.ksample import Energy

    a, b = (v[0].astype(np.float64) for v in (x, y))
    return lambda: Energy().test(a, b, reps=100, auto=False)[0]


@peer("mmd", "hyppo", times=10)
def hyppo_mmd(x, y):
    from hyppo.ksample import MMD

    a, b = (v[0].astype(np.float64) for v in (x, y))
    return lambda: MMD().test(a, b, reps=100, auto=False)[0]


def main(folder: Path) -> None:
    for task in map(str.strip, sys.stdin):
        x, y = (np.load(folder / f"{name}.npy") for name in "xy")
        found = {}
        for name, (prepare, times) in TASKS.get(task, {}).items():
            try:
                run = prepare(x, y)
            except ImportError:
                continue
            start = time.process_time()
            value = run()
            found[name] = (times * (time.process_time() - start), float(np.ravel(value)[0]))
        print("found " + json.dumps(found), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
