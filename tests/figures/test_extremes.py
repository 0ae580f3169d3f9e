"""Which scenes the figure of extremes shows, in which order, and what it says of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from catsight.figures import extremes
from catsight.figures.extremes import Scenes
from support import synthetic_study as synthetic
from support import synthetic_tables

LITE, FOCUS, VIT, SWIN = "efficientnet_lite0", "imgfocus_vit_s14", "vit_s16_untrained", "swin_t_untrained"  # fmt: skip


@pytest.fixture
def table():
    return synthetic_tables.per_frame()


def test_scenes_are_sorted_by_the_mean_of_trained_encoders(table, choices):
    values, mean = extremes.values(table, choices)
    here = table[
        (table["view"] == "cat") & (table["layer"] == "all") & (table["pooling"] == "mean")
    ]
    assert set(values) == set(synthetic.ENCODERS)
    by_hand = here.groupby(["encoder", "group"])["pnka"].mean()
    for encoder, column in values.items():
        for group, value in column.items():
            assert value == pytest.approx(by_hand[encoder, group])
    assert mean.index[0] == "dahlia" and list(mean.index) == list(values.index)
    assert mean.is_monotonic_increasing
    assert mean.to_numpy() == pytest.approx(values[[LITE, FOCUS]].mean(axis=1).to_numpy())
    untrained = table[table["encoder"].isin([VIT, SWIN])]
    values, mean = extremes.values(untrained, choices)
    assert mean.to_numpy() == pytest.approx(values.mean(axis=1).to_numpy())


def test_a_scene_without_a_value_is_left_out(table, choices):
    lost = (table["group"] == "coffee") & (table["encoder"] == VIT)
    values, _ = extremes.values(table.assign(pnka=table["pnka"].mask(lost)), choices)
    assert "coffee" not in values.index and len(values) == 6
    # an encoder without any value takes no scene away
    values, _ = extremes.values(
        table.assign(pnka=table["pnka"].mask(table["encoder"] == VIT)), choices
    )
    assert VIT not in values and len(values) == 7


def test_of_many_scenes_both_ends_are_shown():
    groups = [f"{i:02}" for i in range(20)]
    assert extremes.ends(groups) == [*groups[:5], *groups[15:]]
    assert extremes.ends(groups[:10]) == groups[:10]


def test_a_correlation_is_scipys_and_its_interval_that_of_bonett_and_wright():
    rng = np.random.default_rng(0)
    x = rng.normal(size=40)
    y = x + rng.normal(size=40)
    rho, low, high = extremes.correlation(x, y, 0.95)
    assert rho == pytest.approx(stats.spearmanr(x, y).statistic)
    reach = 1.959964 * np.sqrt((1 + rho**2 / 2) / 37)
    assert np.arctanh([low, high]) == pytest.approx(np.arctanh(rho) + np.array([-reach, reach]))
    assert np.isnan(extremes.correlation(np.ones(9), np.arange(9), 0.95)[0])


@pytest.mark.parametrize("sign", [1, -1])
def test_a_few_scenes_in_the_same_order_have_no_interval(sign, choices):
    """Five are in one of these two orders in 2 of 120 studies without any correlation."""
    rho, *ends = extremes.correlation(np.arange(5), sign * np.arange(5) ** 3, 0.95)
    assert rho == pytest.approx(sign) and np.isnan(ends).all()
    figure = drawn(5, choices)
    assert figure.axes[-1].get_title() == "ρ = 1.00  (no interval)"


def test_the_interval_holds():
    """Of 600 samples of 15 scenes from a normal distribution with a correlation of 0.5."""
    rng, hits = np.random.default_rng(1), 0
    truth = 6 / np.pi * np.arcsin(0.5 / 2)  # Spearman's, of Pearson's 0.5 (Pearson 1907)
    for x, noise in rng.normal(size=(600, 2, 15)):
        _, low, high = extremes.correlation(x, 0.5 * x + np.sqrt(0.75) * noise, 0.95)
        hits += low <= truth <= high
    assert hits / 600 == pytest.approx(0.95, abs=0.025)


def drawn(count, choices):
    names = [f"scene {i:02}" for i in range(count)]
    values = pd.DataFrame(
        {LITE: np.linspace(0.5, 0.9, count), VIT: np.linspace(0.6, 0.8, count)}, index=names
    )
    about = pd.DataFrame({name: np.arange(count) % 7 for name in extremes.ABOUT}, index=names)
    about["contrast"] = 1.0
    shown = extremes.ends(names)
    black = {name: np.zeros((8, 8, 3), np.uint8) for name in shown}
    scenes = Scenes(
        values, values[LITE], about, dict(zip(shown, shown)), {name: name for name in names}, black,
        black,
    )  # fmt: skip
    return extremes.draw(scenes, choices)


def test_what_is_drawn_and_said(choices):
    figure = drawn(14, choices)
    *pictures, lines, first, second, _third = figure.axes
    assert len(pictures) == 2 * 2 * extremes.ENDS
    assert [axes.get_title() for axes in pictures[:2]] == ["scene 00", "scene 01"]
    assert pictures[0].get_ylabel() == "human" and pictures[10].get_ylabel() == "cat"
    assert "(4 between them are not shown)" in lines.get_xlabel()
    lite = next(line for line in lines.lines if line.get_label().startswith("EfficientNet"))
    assert lite.get_ydata() == pytest.approx(
        [*np.linspace(0.5, 0.9, 14)[:5], *np.linspace(0.5, 0.9, 14)[9:]]
    )
    assert first.get_title() == "all alike" and first.get_ylabel().endswith("of trained encoders")
    assert second.lines[0].get_ydata() == pytest.approx(np.linspace(0.5, 0.9, 14))
    rho = stats.spearmanr(np.arange(14) % 7, np.arange(14)).statistic
    assert second.get_title().startswith(f"ρ = {rho:.2f}  (−")


def test_few_scenes_have_no_correlation_and_none_an_empty_figure(choices):
    assert drawn(4, choices).axes[-1].get_title() == "too few for a correlation"
    assert "not shown" not in drawn(4, choices).axes[-4].get_xlabel()
    empty = drawn(0, choices)
    assert not empty.axes and "no scene has a value" in empty.texts[0].get_text()


def test_pictures_and_titles_are_those_of_each_groups_first_frame(table, choices, study):
    frames = [study / f"frames/{i}.parquet" for i in (0, 1)]
    views = {v: [study / f"views/{v}/{i}.parquet" for i in (0, 1)] for v in synthetic.VIEWS}
    scenes = extremes.read(table, frames, views, choices)
    assert scenes.frame["dahlia"] == "dahlia/0" and scenes.titles["dahlia/0"] == "Dahlia"
    assert set(scenes.reference) == set(scenes.view) == set(scenes.frame.values())
    assert (scenes.reference["dahlia/0"] != scenes.view["dahlia/0"]).any()
    assert scenes.about.loc["coffee", "contrast"] == pytest.approx(0.6)
    assert scenes.about.loc["coffee", "spectral_slope"] == pytest.approx(-1.05)
