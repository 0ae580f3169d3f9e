"""Portraits: each column is what it says of its eye, and the test chart holds what it is to show."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from catsight import tables
from catsight.inputs import eyes
from catsight.views import Eye, command
from catsight.views.colour import decode_srgb
from catsight.views.portraits import draw_chart, portraits

HUES = [
    (214, 47, 47), (229, 138, 0), (216, 196, 0), (63, 164, 147),
    (47, 143, 47), (36, 86, 214), (125, 63, 200), (196, 131, 151),
]  # fmt: skip
GREY = 160  # 255 times the sRGB encoding of 0.35


def make(folder, name="eyes.parquet", **views):
    spec = {"views": {n: {"eye": eyes.load(e), "luminance": x} for n, (e, x) in views.items()}}
    command.main([
        "portraits", "--spec", json.dumps(spec), "--store", str(folder / "store"),
        "--output", str(folder / name),
    ])  # fmt: skip
    return spec


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A cat adapted to 30 cd/m², and a human to 1; the rows by name."""
    folder = tmp_path_factory.mktemp("portraits")
    spec = make(folder, mine=("cat", 30.0), yours=("human", 1.0))
    about = tables.provenance(folder / "eyes.parquet")
    assert (about["stage"], about["spec"], about["inputs"]) == ("views", spec, {})
    return {row["eye"]: row for row in tables.read(folder / "eyes.parquet").to_pylist()}


def png(cell):
    return np.asarray(Image.open(io.BytesIO(cell["bytes"])))


def test_eyes_are_in_the_order_of_the_study_with_their_luminance(table):
    assert [(row["eye"], row["adapted_to"]) for row in table.values()] == [
        ("mine", 30),
        ("yours", 1),
    ]


def test_portraits_in_the_store_are_not_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "portraits_of_study", lambda spec: [])
    made = make(tmp_path, cat=("cat", 30.0))
    monkeypatch.setattr(command, "portraits_of_study", lambda spec: pytest.fail("made again"))
    assert make(tmp_path, "again.parquet", cat=("cat", 30.0)) == made
    assert (tmp_path / "again.parquet").resolve() == (tmp_path / "eyes.parquet").resolve()


def test_pupils_and_rods_by_luminance(table):
    """Eight luminances a decade from 1e-3 to 1e4 cd/m²; pupils of the table in test_pupil.py."""
    cat, human = table.values()
    at = {1e-3: 0, 0.1: 16, 1.0: 24, 10.0: 32, 100.0: 40, 1e4: 56}
    for row in (cat, human):
        assert len(row["luminance"]) == 57
        np.testing.assert_allclose([row["luminance"][i] for i in at.values()], list(at))
        assert len(row["pupil_width"]) == len(row["pupil_height"]) == len(row["rod_weight"]) == 57
    known = [12.87, 11.65, 9.29, 5.07, 1.64], [13.0, 12.9, 12.7, 12.3, 11.5]
    for name, values in zip(("pupil_width", "pupil_height"), known):
        np.testing.assert_allclose([cat[name][i] for i in (0, 16, 24, 32, 40)], values, atol=0.051)
    known = [7.41, 6.30, 5.12, 3.83, 2.89]
    for name in ("pupil_width", "pupil_height"):
        np.testing.assert_allclose(
            [human[name][i] for i in (0, 16, 24, 32, 40)], known, atol=0.0051
        )
    # half at 10 cd/m², by the square of luminance
    np.testing.assert_allclose(
        [cat["rod_weight"][i] for i in (24, 32, 40)], [100 / 101, 0.5, 1 / 101]
    )


def test_transfers_and_sensitivity_by_frequency(table):
    """160 frequencies from 0.01 to 60 c/deg; the second transfer along the slit is 0.5 D off."""
    for row, eye in zip(table.values(), (Eye.load("cat"), Eye.load("human"))):
        f = np.array(row["frequency"])
        assert len(f) == 160 and f[0] == pytest.approx(0.01) and f[-1] == pytest.approx(60)
        np.testing.assert_allclose(f[1:] / f[:-1], 6000 ** (1 / 159))
        light = {"mine": 30, "yours": 1}[row["eye"]]
        for name, orientation, defocus in (
            ("mtf_across", 0, 0),
            ("mtf_along", 90, 0),
            ("mtf_along_defocused", 90, 0.5),
        ):
            wanted = [
                eye.mtf(x, orientation, luminance=light, defocus=defocus) for x in f[70:120:8]
            ]
            np.testing.assert_allclose(row[name][70:120:8], wanted, atol=2e-4)
        np.testing.assert_allclose(
            row["contrast_sensitivity"], eye.contrast_sensitivity(f, light), rtol=1e-9
        )
    cat = table["mine"]
    at = int(np.argmin(np.abs(f - 2.5)))
    assert cat["mtf_across"][at] > cat["mtf_along"][at] > cat["mtf_along_defocused"][at] + 0.1


def test_transfers_by_orientation_at_half_of_the_acuity(table):
    """Every 5 degrees from 0 to 180: constant for a disc, and with the slit's two axes for a cat."""
    for row, eye in zip(table.values(), (Eye.load("cat"), Eye.load("human"))):
        light = row["adapted_to"]
        assert row["orientation"] == list(range(0, 181, 5))
        half = row["orientation_frequency"]
        assert half == pytest.approx(eye.acuity(light) / 2)
        for name, defocus in (("mtf_turned", 0), ("mtf_turned_defocused", 0.5)):
            wanted = [
                eye.mtf(half, angle, luminance=light, defocus=defocus) for angle in (0, 35, 90)
            ]
            np.testing.assert_allclose([row[name][i] for i in (0, 7, 18)], wanted, atol=1e-9)
    cat, human = (
        np.array([row["mtf_turned"], row["mtf_turned_defocused"]]) for row in table.values()
    )
    np.testing.assert_allclose(human, human[:, :1].repeat(37, axis=1), atol=1e-4)
    # the far side of a grating is the grating; up and down a slit is the same to the left and right
    np.testing.assert_allclose(cat, cat[:, ::-1], atol=1e-9)
    assert (cat.argmax(axis=1) % 36 == 0).all() and (cat.argmin(axis=1) == 18).all()
    assert (np.diff(cat[:, :19], axis=1) < 0).all() and np.ptp(cat[1]) > 2 * np.ptp(cat[0])


def test_quanta_and_flicker_by_luminance(table):
    for row, eye in zip(table.values(), (Eye.load("cat"), Eye.load("human"))):
        for i in (0, 20, 56):
            *cones, rods = eye.quanta(row["luminance"][i])
            assert row["quanta_cones"][i] == pytest.approx(sum(cones))
            assert row["quanta_rods"][i] == pytest.approx(rods)
            assert row["flicker_fusion"][i] == pytest.approx(
                eye.flicker_fusion(row["luminance"][i])
            )
        # of cones in daylight, time and flicker are constant: quanta are as light times the pupil
        area = np.array(row["pupil_width"]) * np.array(row["pupil_height"])
        if row["eye"] == "yours":
            light = np.array(row["luminance"]) * area
            counted = np.array(row["quanta_cones"])[40:] / light[40:]
            np.testing.assert_allclose(counted, counted[0], rtol=1e-9)
        assert row["flicker_fusion"][56] == pytest.approx(
            eye.parts["temporal"]["cones"]["flicker"], rel=0.01
        )


def test_a_dichromats_confusion_lines_are_its_own(table):
    cat, human = table.values()
    assert human["confusion_lines"] == []
    lines = [[line["start"], line["end"]] for line in cat["confusion_lines"]]
    caught = np.array(lines) @ Eye.load("cat").catches[:2].T
    np.testing.assert_allclose(caught[:, 0], caught[:, 1], atol=1e-12)
    assert len(lines) == 7


@pytest.mark.parametrize("tilt", [90, 30, -45])
def test_transfers_follow_the_pupils_tilt(table, tilt):
    """A turned slit passes across and along itself what an upright one does, and so between."""
    parts, upright = eyes.load("cat"), table["mine"]
    turned = parts | {"pupil": parts["pupil"] | {"tilt": tilt}}
    (own,) = portraits({"b": (Eye(turned), 30.0)})
    for name in ("mtf_across", "mtf_along", "mtf_along_defocused"):
        np.testing.assert_allclose(own[name], upright[name], atol=2e-4)
    assert np.abs(np.subtract(own["mtf_along_defocused"], own["mtf_across"])).max() > 0.1
    half = own["orientation_frequency"]
    for i in (0, 7, 18, 31):
        passed = Eye(parts).mtf(half, 5 * i + tilt, luminance=30, defocus=0.5)
        assert own["mtf_turned_defocused"][i] == pytest.approx(passed, abs=2e-4)
    # the bars along the slit's top, which leans to the right, vary downwards to the right
    most = own["orientation"][int(np.argmax(own["mtf_turned_defocused"]))]
    assert (most - -tilt) % 180 == 0


def test_acuity_by_luminance_and_transfer_by_receptor(table):
    for row, name in zip(table.values(), ("cat", "human")):
        eye, light = Eye.load(name), row["adapted_to"]
        for i in (0, 20, 40):
            assert row["acuity"][i] == pytest.approx(eye.acuity(row["luminance"][i]), rel=1e-3)
        for receptor in row["receptors"]:
            passed = eye.mtf([1.0, 4.0], 0, luminance=light, receptor=receptor["name"])
            ours = np.interp([1.0, 4.0], row["frequency"], receptor["transfer"])
            np.testing.assert_allclose(ours, passed, atol=2e-3)


@pytest.mark.parametrize(
    ("cutoff", "degrees"), [(50, 8), (6, 8), (3, 8), (2.9, 16), (1.5, 16), (1.4, 32), (0.5, 64), (0.1, 64)]
)  # fmt: skip
def test_an_eye_that_would_see_nothing_is_shown_a_larger_chart(cutoff, degrees):
    """The coarsest grating, 12 cycles, has at most half the frequency that it resolves."""
    parts = eyes.load("mouse")
    (row,) = portraits(
        {"x": (Eye(parts | {"acuity": parts["acuity"] | {"cutoff": cutoff}}), 100.0)}
    )
    assert (row["chart_degrees"], row["spread_degrees"]) == (degrees, degrees / 8)


def test_a_mouse_sees_gratings_in_its_chart():
    """In 8 degrees it sees none; in its own the coarsest keeps a third of its contrast."""
    eye = Eye.load("mouse")
    (row,) = portraits({"mouse": (eye, 100.0)})

    def contrast(seen):
        bars = decode_srgb(seen)[20:50, 210:270, 1].mean(axis=0)
        return (bars.max() - bars.min()) / (bars.max() + bars.min())

    assert contrast(png(row["charts"][0])) > 0.25
    assert contrast(eye.see(draw_chart(), field_of_view=8, luminance=1000)) < 0.1


def test_point_spreads_are_a_degree_wide_and_smeared_by_half_a_dioptre(table):
    """The rms height of the cat's spread grows by that of its slit times the defocus."""
    for row in table.values():
        assert (row["spread_degrees"], row["spread_defocus"]) == (1, 0.5)
        eye = Eye.load({"mine": "cat", "yours": "human"}[row["eye"]])
        conditions = {"field_of_view": 1, "px": 81, "luminance": row["adapted_to"]}
        for name, defocus in (("spread", 0), ("spread_defocused", 0.5)):
            spread = np.reshape(row[name], (81, 81))
            assert spread.sum() == pytest.approx(1, abs=1e-4)
            assert np.unravel_index(spread.argmax(), (81, 81)) == (40, 40)
            np.testing.assert_allclose(
                spread, eye.point_spread(defocus=defocus, **conditions), atol=1e-7
            )
    assert max(table["mine"]["spread"]) > 1.7 * max(table["mine"]["spread_defocused"])


def test_receptors_have_their_names_and_peaks(table):
    """Wavelengths from 400 to 700 nm; the cat's pigments have theirs at 450, 554 and 501 nm."""
    for row, names in zip(table.values(), (["S", "L", "rod"], ["S", "M", "L", "rod"])):
        assert row["wavelength"] == list(range(400, 701, 5))
        assert [receptor["name"] for receptor in row["receptors"]] == names
    for receptor, peak in zip(table["mine"]["receptors"], (450, 554, 501)):
        seen = row["wavelength"][int(np.argmax(receptor["sensitivity"]))]
        assert seen == pytest.approx(peak, abs=7)
        # with its tapetum a receptor catches more than a peak of 1
        assert 1.1 < max(receptor["sensitivity"]) < 1.3


def test_the_chart_is_seen_by_day_in_a_dim_room_and_by_moonlight(table):
    """8 degrees across; what is seen at each level is the eye's own, and named after it."""
    chart = draw_chart()
    for row, name in zip(table.values(), ("cat", "human")):
        assert row["chart_degrees"] == 8 and row["levels"] == [1000, 10, 0.01]
        np.testing.assert_array_equal(png(row["chart"]), chart)
        assert row["chart"]["path"] == "chart"
        names = [f"{row['eye']} {level}" for level in ("1000", "10", "0.01")]
        assert [cell["path"] for cell in row["charts"]] == names
        for cell, level in zip(row["charts"], (1000, 10, 0.01)):
            seen = Eye.load(name).see(chart, field_of_view=8, luminance=level)
            np.testing.assert_array_equal(png(cell), seen)


# -- the chart -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chart():
    return draw_chart()


def test_the_chart_is_grey_where_nothing_is_drawn(chart):
    """384 px square; patterns are as bright as the ground on average, between 0 and 0.7."""
    assert chart.shape == (384, 384, 3) and chart.dtype == np.uint8
    assert (chart[[0, 190, 383], [191, 383, 0]] == GREY).all()
    star = chart[:192, :192, 0]
    bright = 218  # 255 times the sRGB encoding of 0.7
    assert set(np.unique(star)) == {0, GREY, bright}
    assert np.mean(star == 0) == pytest.approx(np.mean(star == bright), abs=0.01)


def test_the_star_has_eighteen_pairs_of_rays_within_a_circle(chart):
    star = chart[:192, :192, 0].astype(int)
    angle = np.linspace(0, 2 * np.pi, 4000, endpoint=False) + 1e-3
    for radius, edges in ((85, 36), (60, 36)):
        y, x = (np.rint(95.5 + radius * f(angle)).astype(int) for f in (np.sin, np.cos))
        ring = star[y, x] > 100
        assert np.sum(ring != np.roll(ring, 1)) == edges
    y, x = np.mgrid[:192, :192] - 95.5
    assert (star[np.hypot(x, y) >= 0.94 * 96] == GREY).all()
    assert (star[np.hypot(x, y) < 0.93 * 96] != GREY).mean() > 0.99
    np.testing.assert_array_equal(star[95, 104:180], 218)  # a bright ray to the right


@pytest.mark.parametrize(("i", "period"), [(0, 32), (1, 16), (2, 8)])
def test_gratings_have_their_cycles_and_directions(chart, i, period):
    """48 px are a degree, so 1.5, 3 and 6 c/deg have 32, 16 and 8 px; vertical bars left, then horizontal."""
    top = 6 + 64 * i
    for rows, columns, axis in (
        (slice(top, top + 54), slice(198, 284), 1),
        (slice(top, top + 54), slice(292, 378), 0),
    ):
        grating = chart[rows, columns, 0].astype(int)
        assert set(np.unique(grating)) <= {0, GREY, 218}
        wave = grating.take(0, axis=1 - axis)
        assert (grating == np.expand_dims(wave, 1 - axis)).all()
        spectrum = np.abs(np.fft.rfft(wave[: len(wave) // period * period] - wave.mean()))
        assert spectrum.argmax() == len(wave) // period
        assert wave[0] == 218 and len(np.unique(wave)) > 1
    around = chart[top - 1 : top + 55, 197:379, 0]
    for edge in (around[0], around[-1], around[:, 0], around[:, -1], around[:, 88:94]):
        assert (edge == GREY).all()


def test_hues_are_in_two_rows_of_four(chart):
    """48 px apart, 41 px wide; teal ends the first row and pink the second."""
    for i, hue in enumerate(HUES):
        left, top = 8 + i % 4 * 48, 202 + i // 4 * 48
        assert (chart[top : top + 41, left : left + 41] == hue).all()
        for beyond in (chart[top - 1, left], chart[top, left - 1], chart[top + 41, left]):
            assert (beyond == GREY).all()


def test_letters_are_in_three_lines_of_decreasing_height(chart):
    """Around the column 288, from half way down; CAT is the largest."""
    dark = (chart[192:, 192:] < 100).all(axis=2)
    rows = np.flatnonzero(dark.any(axis=1))
    lines = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    heights = [len(line) for line in lines]
    np.testing.assert_allclose(heights, [44, 24, 13], atol=3)
    np.testing.assert_allclose([line.mean() for line in lines], [34, 90, 126], atol=4)
    for line in lines:
        columns = np.flatnonzero(dark[line].any(axis=0))
        assert (columns[0] + columns[-1]) / 2 == pytest.approx(96, abs=3)
    # CAT, SIGHT and LOOK AT ME
    assert [ndimage.label(dark[line], np.ones((3, 3)))[1] for line in lines] == [3, 5, 8]
    assert chart[192:, 192:].min() == 20  # nearly black: #141414


def test_a_ramp_of_greys_rises_to_the_right(chart):
    """176 px from black to white, 32 px tall, at the lower left."""
    ramp = chart[302:334, 8:184]
    assert (ramp == ramp[:1, :, :1]).all()
    np.testing.assert_array_equal(ramp[0, :, 0], np.floor(np.arange(176) * 255 / 175))
    for beyond in (chart[301, 8:184], chart[334, 8:184], chart[302:334, 7], chart[302:334, 184]):
        assert (beyond == GREY).all()


# -- the point spread --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cat", "human"])
def test_point_spread_has_the_width_that_the_transfer_says(name):
    """The Fourier transform of the spread is the transfer of the optics.

    The smear of a vertical slit is vertical.
    """
    eye, px, degrees = Eye.load(name), 81, 2.0
    for defocus in (0.0, 0.5):
        spread = eye.point_spread(field_of_view=degrees, px=px, luminance=30, defocus=defocus)
        assert spread.sum() == pytest.approx(1, abs=1e-5)
        at = (np.arange(px) - px // 2) / px * degrees
        # an acuity this high leaves no neural blur, so the transfer is that of the optics
        nerves = Eye(eye.parts | {"acuity": eye.parts["acuity"] | {"cutoff": 200}})
        for frequency in (1.0, 3.0):
            wave = np.cos(2 * np.pi * frequency * at)
            longest = eye.receptors[-2]
            for orientation, gain in (
                (0, (spread.sum(axis=0) * wave).sum()),
                (90, (spread.sum(axis=1) * wave).sum()),
            ):
                wanted = nerves.mtf(
                    frequency, orientation, luminance=30, defocus=defocus, receptor=longest
                )
                assert gain == pytest.approx(wanted, abs=0.03)
        widths = [np.sqrt((spread.sum(axis=axis) * at**2).sum()) for axis in (0, 1)]
        if name == "cat" and defocus:
            assert widths[1] > 1.4 * widths[0]
