"""Local measures: how often their intervals hold the truth, the level of their test, their time.

    .venv/bin/python benchmarks/neighbours.py

Studies are simulated: scenes of 30 features with ever smaller spread (a factor of 0.75), 0.9 of the
variance between groups (t-distributed, 5 degrees of freedom); a view adds noise. Truth is the mean
over the studies of a cell, as the values depend on the number of groups. Times are CPU seconds of
1,000 frames with 768 features in groups of 6, with all blocks and tests.
"""

import time

import numpy as np

from catsight.metrics import per_frame, suite
from catsight.metrics.estimate import interval
from catsight.metrics.inference import p_value
from catsight.metrics.plan import Plan
from catsight.study.measures import MEASURES
from metrics import SPEC, views

MEASURED = ("mutual_knn", "cknna")
STUDIES, GLANCES = 400, 4


def main() -> None:
    """Prints the three tables."""
    print("share of 95 % intervals that hold the truth, by noise, and groups of 4")
    for noise in (0.1, 0.2, 0.6, 2.0):
        for groups in (15, 25, 40):
            rows = coverage(groups, noise)
            print(f"  {noise:4} {groups:4}  " + "   ".join(rows), flush=True)
    print("share of studies without any effect in which p <= 0.05")
    for groups, k in ((15, 5), (40, 10)):
        print(f"  {groups:4} groups, {k} neighbours  {level(groups, k):.3f}", flush=True)
    print("CPU-s")
    for name, seconds in times().items():
        print(f"  {name:12} {seconds:.2f}")


def study(
    rng: np.random.Generator, groups: int, noise: float, related: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Features of two views of the same scenes, or of different ones if not ``related``."""
    of, spread = np.repeat(np.arange(groups), GLANCES), 0.75 ** np.arange(30)

    def scene() -> np.ndarray:
        between, within = rng.standard_t(5, size=(groups, 30))[of], rng.normal(size=(len(of), 30))
        return (np.sqrt(0.9) * between + np.sqrt(0.1) * within) * spread

    x = scene()
    y = x if related else scene()
    added = 0.8 * rng.normal(size=(groups, 30))[of] + 0.6 * rng.normal(size=(len(of), 30))
    return x, y + noise * spread * added


def plan(groups: int, permutations: int, **changes: int) -> Plan:
    frames = {str(i): f"{i // GLANCES:03}" for i in range(groups * GLANCES)}
    return Plan(frames, SPEC | changes, permutations)


def coverage(groups: int, noise: float) -> list[str]:
    """Each measure's mean value, and the share of its intervals that hold it."""
    rng, of = np.random.default_rng(groups), plan(groups, 0)
    found = [suite.compare(*study(rng, groups, noise), of, MEASURED) for _ in range(STUDIES)]
    rows = []
    for name in MEASURED:
        estimates = [one[name] for one in found]
        truth = np.mean([one.values[0] for one in estimates])
        ends = [interval(MEASURES[name].facts, one, 0.95) for one in estimates]
        held = np.mean([end.low <= truth <= end.high for end in ends])
        rows.append(f"{name} {truth:.3f}: {held:.3f}")
    return rows


def level(groups: int, k: int) -> float:
    rng, ps = np.random.default_rng(1), []
    for seed in range(STUDIES):
        x, y = study(rng, groups, 0.3, related=False)
        of = plan(groups, 199, seed=seed, neighbours=k)
        null = suite.compare(x, y, of, ["mutual_knn"])["mutual_knn"].null
        assert null is not None
        ps.append(p_value(null))
    return float(np.mean(np.array(ps) <= 0.05))


def times() -> dict[str, float]:
    x, y = views(1000)
    frames = {str(i): str(i // 6) for i in range(len(x))}
    found = {}
    for name in (*MEASURED, "rsa"):
        of = Plan(frames, SPEC, 999)
        suite.compare(x[:60], y[:60], Plan(dict(list(frames.items())[:60]), SPEC, 0), [name])
        start = time.process_time()
        suite.compare(x, y, of, [name])
        found[name] = time.process_time() - start
    start = time.process_time()
    per_frame.compare(x, y, list(frames), list(frames.values()), SPEC)
    return found | {"per_frame": time.process_time() - start}


if __name__ == "__main__":
    main()
