"""Influences, standard errors and degrees of freedom: textbook formulas, scipy, and simulation."""

import numpy as np
import pytest
from scipy.stats import kurtosis
from scipy.stats import t as student

from catsight.metrics import jackknife

FACTS = {"similarity": True, "cosine": False, "share": False}


def test_the_jackknife_of_a_mean_of_unequal_groups_is_the_textbook_formula():
    """The mean over groups, whatever their sizes: its squared standard error is s² / g."""
    rng = np.random.default_rng(0)
    groups = np.array([rng.normal(2, 1, size).mean() for size in (2, 3, 5, 10, 4)])
    without = (groups.sum() - groups) / 4
    found = jackknife.influences(without)
    assert np.square(found).sum() == pytest.approx(groups.var(ddof=1) / 5, rel=1e-12)
    # each is how far its group moves the mean, upwards if the group is high
    np.testing.assert_allclose(found, (groups - groups.mean()) / 4 * np.sqrt(4 / 5))


def test_the_jackknife_of_a_ratio_is_efrons_formula():
    """Efron 1982, eq. 3.6, of a mean over frames of groups of many sizes."""
    rng = np.random.default_rng(1)
    frames = [rng.normal(0.2, 0.05, size) for size in (2, 3, 5, 10, 4, 1)]
    without = np.array([np.mean(np.concatenate(frames[:i] + frames[i + 1 :])) for i in range(6)])
    wanted = 5 / 6 * np.sum((without - without.mean()) ** 2)
    assert np.square(jackknife.influences(without)).sum() == pytest.approx(wanted)


def test_influences_are_of_each_row_and_of_each_part():
    replicates = np.random.default_rng(2).normal(size=(3, 9))
    found = jackknife.influences(replicates, (4, 5))
    for row, of_row in zip(found, replicates):
        for part in (slice(0, 4), slice(4, 9)):
            own = of_row[part]
            wanted = np.sqrt((len(own) - 1) / len(own)) * (own.mean() - own)
            np.testing.assert_allclose(row[part], wanted)
    np.testing.assert_array_equal(
        jackknife.influences(replicates), jackknife.influences(replicates, (9,))
    )
    # those of a difference are the difference of those
    both = jackknife.influences(replicates[0]) - jackknife.influences(replicates[1])
    np.testing.assert_allclose(jackknife.influences(replicates[0] - replicates[1]), both)


@pytest.mark.parametrize("blocks", [4, 5, 9, 40])
def test_degrees_of_freedom_are_those_of_fishers_kurtosis(blocks):
    """At most one fewer than blocks, or one fewer in each part."""
    rng = np.random.default_rng(0)
    fewer = 0
    for _ in range(30):
        moves = jackknife.influences(rng.standard_t(2, size=blocks))
        kappa = 3 + kurtosis(moves, bias=False)
        uncertain = (kappa - (blocks - 3) / (blocks - 1)) / blocks
        for parts, most in (((), blocks - 1), ((2, blocks - 2), blocks - 2)):
            wanted = min(most, 2 / uncertain) if uncertain > 0 else most
            assert jackknife.degrees_of_freedom(moves, parts) == pytest.approx(wanted)
        fewer += wanted < most
    assert fewer > 3


def test_degrees_of_freedom_foretell_how_certain_a_variance_is():
    """Of normal values blocks - 1: the squared coefficient of variation of s² is 2 / df."""
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(4000, 20))
    df = jackknife.degrees_of_freedom(jackknife.influences(normal))
    assert 13 < np.median(df) <= 19 and df.max() == 19
    variance = normal.var(axis=1, ddof=1)
    assert 2 / (variance.std() / variance.mean()) ** 2 == pytest.approx(19, rel=0.1)


def test_half_the_width_is_students_quantile_times_the_error():
    moves = jackknife.influences(np.random.default_rng(0).uniform(size=(2, 8)))
    found = jackknife.half_width(moves, 0.9)
    for width, row in zip(found, moves):
        df = jackknife.degrees_of_freedom(row)
        assert width == pytest.approx(student.ppf(0.95, df) * np.sqrt(np.sum(row**2)))
    assert (jackknife.half_width(np.zeros(5), 0.95) == 0).all()
    one_fewer = jackknife.half_width(moves[0], 0.9, (4, 4))
    assert one_fewer == pytest.approx(student.ppf(0.95, 6) * np.sqrt(np.sum(moves[0] ** 2)))


def test_scales_and_their_inverses():
    values = np.array([0.2, 0.9, 0.999])
    z = jackknife.FISHER.to(values)
    np.testing.assert_allclose(z, np.log((1 + values) / (1 - values)) / 2)
    for scale in (jackknife.PLAIN, jackknife.FISHER, jackknife.LOG):
        np.testing.assert_allclose(scale.back(scale.to(values)), values)


@pytest.mark.parametrize(("spread", "scale"), [(0.9, "LOG"), (1.1, "PLAIN")])
@pytest.mark.parametrize("parts", [(), (3, 3)])
def test_a_loss_that_may_be_nothing_has_no_logarithm(spread, scale, parts):
    """Of two replicates up and two down the standard error is spread, by the textbook formula."""
    up = np.array([1, -1, 0, 1, -1, 0])
    count = 3 if parts else 6
    logs = up * spread / np.sqrt((count - 1) / count * 4)
    values = np.exp(np.array([0.0, *logs]))
    found = jackknife.scale_for(FACTS, values, difference=True, parts=parts)
    assert found is getattr(jackknife, scale)


@pytest.mark.parametrize(
    ("values", "of_cosine", "of_difference"),
    [
        ([0.2, 0.9], "FISHER", "LOG"),
        ([-0.2, 0.9], "FISHER", "PLAIN"),
        ([0.2, 1.0], "PLAIN", "LOG"),
        ([0.2, -1.0], "PLAIN", "PLAIN"),
        ([0.2, 0.0], "FISHER", "PLAIN"),
        ([0.2, 3.0], "PLAIN", "LOG"),
    ],
)
def test_the_scale_is_of_all_values(values, of_cosine, of_difference):
    """Of each of them: none may lie beyond it."""
    values, cosine = np.array(values), FACTS | {"cosine": True}
    assert jackknife.scale_for(cosine, values) is getattr(jackknife, of_cosine)
    assert jackknife.scale_for(FACTS, values) is jackknife.PLAIN
    for facts in (cosine, FACTS):
        found = jackknife.scale_for(facts, values, difference=True)
        assert found is getattr(jackknife, of_difference)
