"""The table of metrics, in memory: every column of every measure against plain calculation."""

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from catsight.metrics import registry
from catsight.metrics.compare import estimates
from catsight.metrics.registry import PLAIN
from catsight.study.measures import MEASURES
from support import by_hand
from support.by_hand import Arrays
from support.toy_tables import SPEC, measures

#: Five groups of three frames and one of two: 720 relabellings and 32 exchanges in all.
GROUPS = [*"bbbaaadddccceeeff"]
FRAMES = {f"{group}-{i}": group for i, group in enumerate(GROUPS)}
LAYERS = 3
UNTESTED = {*PLAIN, "cknna"}
CONFIDENCE = 0.9


def features() -> dict[str, Arrays]:
    """Two views of three layers of different widths and units, less and less alike."""
    rng = np.random.default_rng(5)
    names = [f"blocks.{i}/mean" for i in range(LAYERS)]
    scene = np.repeat(rng.normal(size=(6, 4)), 3, axis=0)[:17]
    human = [
        10**i * (scene @ rng.normal(size=(4, 4 + i)) + rng.normal(size=(17, 4 + i)))
        for i in range(LAYERS)
    ]
    cat = [
        x + 10**i * ((0.8 + 0.4 * i) * rng.normal(size=x.shape) + 0.4) for i, x in enumerate(human)
    ]
    return {"human": Arrays(zip(names, human)), "cat": Arrays(zip(names, cat))}


@pytest.fixture(scope="module")
def views():
    return features()


@pytest.fixture(scope="module")
def rows(views):
    """The rows of all measures, by measure and layer; every arrangement is taken."""
    spec = SPEC | {"measures": measures(*MEASURES), "permutations": 999, "confidence": CONFIDENCE}
    return {(row["metric"], row["layer"]): row for row in estimates(views, FRAMES, spec)}


@pytest.fixture(scope="module", params=list(MEASURES))
def plain(request, views):
    """The name of a measure; its values without each group and its null, layer by layer."""
    name = request.param
    labels = np.array(GROUPS)
    without = [np.arange(17), *(np.flatnonzero(labels != out) for out in sorted(set(GROUPS)))]
    layers = list(zip(views["human"].values(), views["cat"].values()))
    values = [[by_hand.measure(name, x, y, keep, GROUPS) for keep in without] for x, y in layers]
    nulls = [] if name in UNTESTED else [by_hand.null(name, x, y, GROUPS) for x, y in layers]
    return name, np.array(values), np.array(nulls)


def test_values_and_intervals_are_those_of_leaving_groups_out(plain, rows):
    """Of each layer; and of all, from the means of values and of replicates over layers."""
    name, values, _ = plain
    facts = MEASURES[name]
    for layer, of_layer in zip(
        ("blocks.0", "blocks.1", "blocks.2", "all"), [*values, values.mean(0)]
    ):
        row = rows[name, layer]
        assert row["value"] == pytest.approx(of_layer[0], rel=1e-9), layer
        if facts.share and (reason := by_hand.few_groups_differ(of_layer)):
            assert row["reason"] == reason and row["ci_low"] is row["ci_high"] is None
            assert "replicates" not in row
            continue
        if name == "mmd2_unbiased":  # the change of its width to first order: see test_bandwidths
            atol = 0.05 * np.ptp(of_layer)
            assert row["replicates"] == pytest.approx(of_layer[1:], abs=atol)
            of_layer = np.array([row["value"], *row["replicates"]])
        assert row["replicates"] == pytest.approx(of_layer[1:], rel=1e-9)
        wanted = by_hand.interval(of_layer, CONFIDENCE, cosine=facts.cosine)
        if facts.share:
            wanted = tuple(np.clip(wanted, 0, 1))
        ends = row["ci_low"], row["ci_high"]
        assert ends == pytest.approx(wanted, rel=1e-6, abs=1e-9), layer
        assert row["ci_low"] <= row["value"] <= row["ci_high"]
        assert row["reason"] is None and row["parts"] == [6]


def test_p_values_and_null_ranges_are_those_of_all_arrangements(plain, rows):
    """Of each layer; of all, from the mean null. What chance gives is without the data's own."""
    name, _, nulls = plain
    columns = {"p_value", "p_corrected", "null_mean", "null_low", "null_high", "calibrated"}
    if name in UNTESTED:
        assert not columns & set(rows[name, "blocks.0"])
        return
    for layer, null in zip(("blocks.0", "blocks.1", "blocks.2", "all"), [*nulls, nulls.mean(0)]):
        row, atol = rows[name, layer], 1e-6 * np.abs(null).max()
        mean, (low, high) = null[1:].mean(), np.percentile(null[1:], [2.5, 97.5])
        found = [row[column] for column in ("null_mean", "null_low", "null_high")]
        assert found == pytest.approx([mean, low, high], abs=atol), layer
        assert row["p_value"] == np.mean(null >= null[0] - atol), layer
        if MEASURES[name].similarity:
            wanted = (row["value"] - mean) / (1 - mean)
            assert row["calibrated"] == pytest.approx(wanted, abs=1e-5)
        else:
            assert "calibrated" not in row
    for i, wanted in enumerate(corrected(nulls)):
        assert rows[name, f"blocks.{i}"]["p_corrected"] == pytest.approx(wanted, rel=1e-12)
    assert "p_corrected" not in rows[name, "all"]


def corrected(nulls: np.ndarray) -> list[float]:
    """By the smallest p-value over layers (Westfall & Young 1993), arrangement by arrangement."""
    count = nulls.shape[1]
    p = [
        [sum(null >= value - 1e-6 * np.abs(null).max()) for value in null] for null in nulls
    ]  # times the number of arrangements
    smallest = [min(of_layer[i] for of_layer in p) for i in range(count)]
    return [sum(one <= of_layer[0] for one in smallest) / count for of_layer in p]


def test_ties_of_the_first_place_are_broken_by_the_ranks_of_the_others():
    """Few frames are found first by chance, so arrangements that find as many are compared by
    their mean of 1 / rank.
    """
    x, y = np.random.default_rng(4).normal(size=(2, len(GROUPS), 4))
    found = by_hand.ranks(x, y, None)
    own = by_hand.members(GROUPS)
    scores = []
    for order in by_hand.orders(GROUPS):
        blocks = [found[np.ix_(rows, own[order[g]])] for g, rows in enumerate(own)]
        parts = [(np.mean(r == 1) * len(r), np.mean(1 / r) * len(r)) for r in blocks]
        scores.append(tuple(np.round(np.sum(parts, axis=0), 9)))
    wanted = np.mean([score >= scores[0] for score in scores])
    assert np.mean([first >= scores[0][0] for first, _ in scores]) > wanted + 0.02
    given = {"human": Arrays({"b/mean": x}), "cat": Arrays({"b/mean": y})}
    spec = SPEC | {"measures": measures("retrieval_top1"), "permutations": 999}
    assert estimates(given, FRAMES, spec)[0]["p_value"] == wanted


UNPAIRED = [
    "mmd2",
    "mmd2_unbiased",
    "mmd2_unbiased_frames",
    "energy",
    "energy_frames",
    "wasserstein",
]


@pytest.mark.parametrize("name", UNPAIRED)
def test_the_unpaired_null_divides_the_pooled_groups(name, views):
    """The three frames' groups of both views among each other, and so the two frames' groups."""
    x, y = (view["blocks.1/mean"] for view in views.values())
    pooled, n = np.concatenate([x, y]), len(x)
    labels = np.array([*(f"x{g}" for g in GROUPS), *(f"y{g}" for g in GROUPS)])
    large, small = ([f"{v}{g}" for v in "xy" for g in part] for part in ("abcde", "f"))
    kernel = by_hand.kernel_of_both_over_groups(x, y, GROUPS)
    if name == "energy":
        kernel = -np.sqrt(np.square(pooled[:, None] - pooled[None]).sum(axis=2))
    null = []
    for half in itertools.product(itertools.combinations(large, 5), small):
        first = [*half[0], half[1]]
        second = [name_ for name_ in (*large, *small) if name_ not in first]
        both = (pooled[np.isin(labels, one)] for one in (first, second))
        if name in ("mmd2_unbiased", "energy"):
            null.append(divided(kernel, labels, first, second))
        elif name.startswith("mmd2"):
            null.append(by_hand.mmd2(*both, range(n), "unpaired" if "unb" in name else "biased"))
        else:
            null.append(by_hand.measure(name, *both, range(n), GROUPS))
    spec = SPEC | {"measures": measures(name), "permutations": 999, "null": "unpaired"}
    row = estimates(views, FRAMES, spec)[1]
    assert row["layer"] == "blocks.1" and row["value"] == pytest.approx(null[0])
    assert row["p_value"] == np.mean(null >= null[0] - 1e-12)
    wanted = np.mean(null[1:]), *np.percentile(null[1:], [2.5, 97.5])
    assert [row[c] for c in ("null_mean", "null_low", "null_high")] == pytest.approx(wanted)


def divided(kernel, labels, first, second):
    """Of two sets of the pooled groups; both views of one scene are never compared."""

    def mean(one, other):
        return np.mean(
            [
                kernel[np.ix_(labels == a, labels == b)].mean()
                for a, b in itertools.product(one, other)
                if a[1] != b[1]
            ]
        )

    return mean(first, first) + mean(second, second) - 2 * mean(first, second)


def test_rows_say_what_they_are_of(views, rows):
    common = {
        "encoder": "toy", "family": "cnn", "training": "untrained", "reference": "human", "view": "cat", "seed": 0,
        "n_frames": 17, "n_groups": 6, "at_once": 17, "pooling": "mean",
    }  # fmt: skip
    for (name, layer), row in rows.items():
        assert {key: row[key] for key in common} == common
        assert (row["metric"], row["layer"]) == (name, layer)
        place = {key: row.get(key) for key in ("layer_index", "depth", "n_features")}
        index = None if layer == "all" else int(layer[-1])
        of_layer = (None,) * 3 if index is None else (index, index / 2, 4 + index)
        assert tuple(place.values()) == of_layer
        has_bandwidth = name.startswith(("cka_rbf", "mmd2")) and index is not None
        assert (row["bandwidth"] is not None) == has_bandwidth


def test_bandwidths_are_medians_of_distances(views, rows):
    """Squared, in the reference, for CKA; of the pooled frames for MMD². Over groups, of frames of
    different groups, each group as often.
    """
    x, y = (view["blocks.1/mean"] for view in views.values())
    of_reference, of_both = np.median(pdist(x) ** 2), np.median(pdist(np.concatenate([x, y])))
    for name, wanted in (("cka_rbf", of_reference), ("mmd2", of_both)):
        for suffix in ("", "_unbiased_frames"):
            assert rows[name + suffix, "blocks.1"]["bandwidth"] == pytest.approx(wanted)
    own = (
        -1 / 2 / np.log(by_hand.gaussian_over_groups(x, GROUPS)[0, 3]) * np.sum((x[0] - x[3]) ** 2)
    )
    both = by_hand.kernel_of_both_over_groups(x, y, GROUPS)[0, 3]
    both = np.sqrt(-1 / 2 / np.log(both) * np.sum((x[0] - x[3]) ** 2))
    assert rows["cka_rbf_unbiased", "blocks.1"]["bandwidth"] == pytest.approx(own)
    assert rows["mmd2_unbiased", "blocks.1"]["bandwidth"] == pytest.approx(both)
    assert own != pytest.approx(of_reference) and both != pytest.approx(of_both)


def test_rows_come_by_view_and_layer_and_then_their_means(views):
    """Views in the order of the features, however they are called; poolings have means apart."""
    wide = {
        view: Arrays({f"{layer}/{p}": of["blocks.0/mean"] + (p == "cls") for layer in ("b", "a") for p in ("mean", "cls")})
        for view, of in views.items()
    }  # fmt: skip
    given = {"zebra": wide["cat"], "human": wide["human"], "cat": wide["cat"]}
    rows = estimates(given, FRAMES, SPEC | {"measures": measures("energy"), "permutations": 0})
    assert [(row["view"], row["layer"], row["pooling"]) for row in rows] == [
        *((view, layer, pooling) for view in ("zebra", "cat") for layer in "ba" for pooling in ("mean", "cls")),
        *((view, "all", pooling) for view, pooling in (("zebra", "mean"), ("cat", "mean"), ("zebra", "cls"), ("cat", "cls"))),
    ]  # fmt: skip


# -- reasons ---------------------------------------------------------------------------------------

FEW = "fewer than 4 groups, too few for an interval"
NO_TEST = "too few groups to test: 6 arrangements of them in all"
UNSWAPPED = "too few groups to test: 4 arrangements of them in all"


def three_groups(views, **changes):
    """The rows of nine frames in three groups."""
    first = {view: Arrays({c: x[:9] for c, x in of.items()}) for view, of in views.items()}
    names = measures("rsa", "energy", "procrustes")
    rows = estimates(first, dict(list(FRAMES.items())[:9]), SPEC | {"measures": names} | changes)
    return {(row["metric"], row["layer"]): row for row in rows}


@pytest.mark.parametrize(
    ("name", "reason"),
    [("rsa", f"{FEW}; {NO_TEST}"), ("energy", f"{FEW}; {UNSWAPPED}"), ("procrustes", FEW)],
)
def test_three_groups_have_a_value_without_interval_and_test_and_the_reasons(name, reason, views):
    rows = three_groups(views)
    for layer in ("blocks.0", "blocks.2", "all"):
        row = rows[name, layer]
        assert np.isfinite(row["value"]) and row["reason"] == reason
        assert row["ci_low"] is row["ci_high"] is None
        assert not {"p_value", "p_corrected", "null_low"} & set(row)
        assert (row["n_frames"], row["n_groups"]) == (9, 3)


def test_a_view_that_is_undefined_in_a_layer_has_no_mean(views):
    flat = Arrays(views["cat"] | {"blocks.1/mean": np.ones_like(views["cat"]["blocks.1/mean"])})
    spec = SPEC | {"measures": measures("rsa"), "permutations": 999}
    rows = {row["layer"]: row for row in estimates(views | {"cat": flat}, FRAMES, spec)}
    reason = "the view's features do not vary"
    for layer, said in (("blocks.1", reason), ("all", f"undefined in a layer: {reason}")):
        assert rows[layer]["value"] is None and rows[layer]["reason"] == said
        assert not {"ci_low", "p_value", "p_corrected"} & set(rows[layer])
    # the other layers are corrected for their own number
    x, y = ([view[f"blocks.{i}/mean"] for i in (0, 2)] for view in views.values())
    nulls = np.array([by_hand.null("rsa", a, b, GROUPS) for a, b in zip(x, y)])
    for layer, wanted in zip(("blocks.0", "blocks.2"), corrected(nulls)):
        assert rows[layer]["p_corrected"] == pytest.approx(wanted, rel=1e-12)


def test_a_measure_without_a_value_is_null_even_if_it_gives_no_reason(views, monkeypatch):
    monkeypatch.setitem(registry.PLAIN, "procrustes", lambda x, y: np.nan)
    for row in three_groups(views, measures=measures("procrustes")).values():
        assert row["value"] is None and row["bandwidth"] is None
        assert row["reason"] == "undefined in a layer"


# -- options ---------------------------------------------------------------------------------------

MANY = {f"{i:02}": str(i) for i in range(48)}  # more groups than blocks
ALL = set(MEASURES)
TESTED = ALL - UNTESTED
SUFFIXES = ("", "_unbiased", "_unbiased_frames")
CKA_RBF, MMD2 = ({name + suffix for suffix in SUFFIXES} for name in ("cka_rbf", "mmd2"))
RSA = {"rsa", "rsa_frames"}
SLICED = {"sliced_wasserstein", "sliced_wasserstein_scaled"}
RETRIEVAL = {name for name in ALL if name.startswith("retrieval")}
DISTANCES = {name for name in ALL if name.startswith(("mmd2", "energy", "wasserstein", "sliced"))}
ENDS = {"ci_low", "ci_high"}
TEST = {"null_mean"}
VALUE = {"value", *ENDS, *TEST}
WIDTH = {"bandwidth", *VALUE}
RESAMPLED = {*ENDS, *TEST}
#: Key -> another value, and what changes: measure -> columns.
OPTIONS = {
    "confidence": (0.8, dict.fromkeys(ALL, ENDS)),
    "bandwidth": (2.0, dict.fromkeys(CKA_RBF | MMD2, WIDTH)),
    "rsa_distance": ("euclidean", dict.fromkeys(RSA, VALUE)),
    "rsa_comparison": ("pearson", dict.fromkeys(RSA, VALUE)),
    "projections": (30, dict.fromkeys(SLICED, VALUE)),
    "retrieval_distance": ("euclidean", dict.fromkeys(RETRIEVAL, VALUE)),
    "null": ("unpaired", dict.fromkeys(DISTANCES, TEST) | {"mmd2_unbiased_frames": VALUE}),
    "permutations": (60, dict.fromkeys(TESTED, TEST)),
    # blocks change with the seed, and the directions of projections
    "seed": (
        1,
        dict.fromkeys(UNTESTED, ENDS)
        | dict.fromkeys(TESTED, RESAMPLED)
        | dict.fromkeys(SLICED, VALUE),
    ),
}


def two_views() -> dict[str, Arrays]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(48, 5))
    y = x + 0.8 * rng.normal(size=(48, 5)) + 0.5
    return {"human": Arrays({"b/mean": x}), "cat": Arrays({"b/mean": y})}


def by_measure(**changes) -> dict[str, dict]:
    spec = SPEC | {"measures": measures(*MEASURES), "permutations": 50} | changes
    rows = estimates(two_views(), MANY, spec)
    return {row["metric"]: row for row in rows if row["layer"] != "all"}


@pytest.fixture(scope="module")
def unchanged():
    return by_measure()


def test_the_same_spec_gives_the_same_rows(unchanged):
    assert by_measure() == unchanged


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_changes_the_measures_that_take_it_and_no_others(option, unchanged):
    changed, wanted = OPTIONS[option]
    rows = by_measure(**{option: changed})
    for name, row in rows.items():
        differ = {c for c in WIDTH if row.get(c) != unchanged[name].get(c)}
        assert differ == wanted.get(name, set()), name


def test_every_comparison_is_counted(views, capsys):
    """Of three layers with each of two views."""
    given = views | {"ape": views["cat"]}
    estimates(given, FRAMES, SPEC | {"measures": measures("energy")})
    assert capsys.readouterr().err.startswith("metrics toy: 6/6 comparisons in ")
