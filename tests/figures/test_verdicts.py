"""Verdicts are those of the corrected test, and intervals agree with them."""

import numpy as np
import pytest

from catsight.figures import labels, verdicts
from support import synthetic_study as synthetic
from support import toy_contrasts as toy


@pytest.fixture
def choices():
    return synthetic.choices()


def one(choices, *what, **more):
    (row,) = toy.table([toy.row(*what, **more)]).to_dict("records")
    return verdicts.contrast(row, choices)


def test_a_difference_is_told_by_the_corrected_test_alone(choices):
    for p, told in ((0.05, True), (0.0501, False), (None, False)):
        found = one(choices, "view", "cat", "jpeg", p=p, p_value=0.001)
        assert (found.told, found.open) == (told, p is not None and not told)
    loose = synthetic.choices(confidence=0.9)
    assert one(loose, "view", "cat", "jpeg", p=0.0999).told


@pytest.mark.parametrize(
    "ratio, ends, p, shown",
    [
        (3.6, (2.1, 6.2), 0.01, "2.1 to 6.2"),
        (3.6, (0.8, 16.2), 0.04, "over 1 to 16"),  # the test tells, the single step does not
        (0.28, (0.06, 1.25), 0.04, "0.060 to under 1"),
        (1.4, (1.02, 1.9), 0.06, "1.0 to 1.9"),  # and the reverse: widened to 1
        (0.7, (0.5, 0.98), 0.06, "0.50 to 1.0"),
        (1.2, (0.5, 2.9), 0.4, "0.50 to 2.9"),
        (5000, (20, 1e9), 0.01, "20 to over 1,000"),
    ],
)
def test_an_interval_agrees_with_its_test(choices, ratio, ends, p, shown):
    found = one(choices, "view", "cat", "jpeg", ratio, ends, p)
    assert found.interval == shown
    assert found.low <= ratio <= found.high
    assert (found.low < 1 < found.high) <= (not found.told)


def test_turned_round_it_says_the_same(choices):
    found = one(choices, "encoder", "efficientnet_lite0", "imgfocus_vit_s14", 0.25, (0.1, 0.5))
    turned = found.turned
    assert (turned.first, turned.second) == (found.second, found.first)
    assert (turned.ratio, turned.low, turned.high) == (4, 2, 10)
    assert turned.turned == found and found.larger == turned and turned.larger == turned
    assert turned.times == "4.0 times (2.0 to 10)"
    limitless = one(choices, "view", "cat", "jpeg", 2.0, (0.0, np.inf), 0.5).turned
    assert (limitless.low, limitless.high) == (0, np.inf)


def test_without_a_ratio_it_has_no_interval(choices):
    found = one(choices, "part", "colour", "rods", None, (None, None))
    assert found.ratio is None and found.told
    assert found.larger is found and found.turned.first == "rods"


@pytest.mark.parametrize(
    "kind, member, word",
    [
        ("encoder", "efficientnet_lite0", "EfficientNet-Lite0"),
        ("encoder", "stranger", "stranger"),
        ("family", "windowed-vit", "windowed ViT networks"),
        ("training", "untrained", "networks with random weights"),
        ("training", "self-supervised", "self-supervised networks"),
        ("view", "cat", "“cat”"),
        ("part", "pupil", "pupil and optics"),
        ("layer", "blocks.3", "blocks.3"),
        ("dose", "0.01", "0.01"),
    ],
)
def test_members_have_names_in_words(choices, kind, member, word):
    assert verdicts.name(kind, member, choices) == word


@pytest.mark.parametrize(
    "row, words",
    [
        ({}, "told apart"),
        ({"equivalent": True, "margin": 1.25}, "told apart, yet equivalent within ×1.25"),
        ({"p": 0.3, "equivalent": True, "margin": 2.0}, "equivalent within ×2"),
        ({"p": 0.3, "equivalent": False, "margin": 2.0}, "not told apart"),
        (
            {"p": 0.3, "needed": (114, 45, 226)},
            "not told apart: about 110 photographs (45 to 230) would tell this difference",
        ),
        (
            {"p": 0.3, "needed": (1340, 612, None)},
            "not told apart: about 1,300 photographs (610 or more) would tell this difference",
        ),
        (
            {"p": 0.3, "needed": (9.4e8, 4e5, 2e9)},
            "not told apart: over a million photographs (400,000 to over a million) would "
            "tell this difference",
        ),
        ({"p": None, "reason": "cat: one group only"}, "not tested: cat: one group only"),
        ({"p": None}, "not tested: no reason given"),
    ],
)
def test_verdicts_in_words(choices, row, words):
    assert verdicts.words(one(choices, "view", "cat", "jpeg", **row), choices) == words


def test_groups_that_are_no_photographs_are_called_groups():
    clips = synthetic.choices(config="frames: {source: video, path: clips}")
    found = one(clips, "view", "cat", "jpeg", p=0.3, needed=(110, 45, 226))
    assert "about 110 groups (45 to 230)" in verdicts.words(found, clips)


def test_rows_are_chosen_by_their_columns():
    rows = [
        toy.row("view", "cat", "jpeg"),
        toy.row("view", "cat", "jpeg", encoder="efficientnet_lite0"),
        toy.row("view", "cat", "blur"),
        toy.row("view", "cat", "jpeg", metric="rsa"),
        toy.row("part", "cat", "jpeg"),
    ]
    table = toy.table(rows).assign(number=range(5))

    def of(**where):
        return verdicts.of(table, toy.CKA, "view", **where)["number"].tolist()

    assert of() == [0, 1, 2]
    assert of(encoder_a=None) == [0, 2]
    assert of(encoder_a="efficientnet_lite0") == [1]
    assert of(view_b="jpeg", encoder_a=None) == [0]


def test_means_over_several_networks_are_known_as_such(choices):
    alone = {"members_a": ["a"], "members_b": ["b"]}
    assert not one(choices, "family", "cnn", "vit", **alone).of_several
    assert one(choices, "family", "cnn", "vit", **alone | {"members_b": ["b", "c"]}).of_several
    assert not one(choices, "encoder", "a", "b").of_several


@pytest.mark.parametrize(
    "value, text",
    [
        (3.6, "3.6"), (0.998, "1.0"), (0.123, "0.12"), (0.0123, "0.012"), (9.96, "10"), (11.4, "11"), (99.6, "100"),
        (237, "240"), (1000, "1,000"), (1001, "over 1,000"), (0.001, "0.0010"), (0.0009, "under 0.001"),
        (0.0, "under 0.001"), (np.inf, "over 1,000"),
    ],
)  # fmt: skip
def test_factors_have_two_digits(value, text):
    assert labels.factor(value) == text


@pytest.mark.parametrize(
    "value, text",
    [(0.0742, "7 %"), (0.126, "13 %"), (0.0096, "1 %"), (0.0094, "0.9 %"), (0.0003, "0.03 %"), (-0.02, "−2 %")],
)  # fmt: skip
def test_shares_are_said_in_percent(value, text):
    assert labels.share(value) == text


# -- several renderings of colours -----------------------------------------------------------------


def shown(above, below, equivalent=0, ends=(None, None)):
    """What four renderings say of a contrast, and the ends of the interval over all of them."""
    counts = {"n_renderings": 4, "n_above": above, "n_below": below, "n_equivalent": equivalent}
    return counts | {"ratio_all_low": ends[0], "ratio_all_high": ends[1]}


@pytest.mark.parametrize(
    ("counts", "told", "equivalent", "depends"),
    [
        (shown(4, 0), True, False, ""),
        (shown(0, 4), True, False, ""),
        (shown(4, 0, 4), True, True, ""),
        (shown(4, 0, 1), True, False, ""),
        (shown(0, 0, 4), False, True, ""),
        (shown(0, 0), False, False, ""),
        (shown(3, 0), False, False, "told apart in 3 of 4 renderings"),
        (shown(3, 1), False, False, "told apart in 3 of 4 renderings, the other way round in 1"),
        (shown(1, 2), False, False, "told apart in 2 of 4 renderings, the other way round in 1"),
        (shown(0, 0, 2), False, False, "equivalent in 2 of 4"),
        (shown(1, 0, 3), False, False, "told apart in 1 of 4 renderings, equivalent in 3 of 4"),
    ],
)
def test_a_claim_holds_if_it_does_in_all_renderings(choices, counts, told, equivalent, depends):
    """Whatever the study's own rendering says: its test tells the two apart."""
    found = one(choices, "view", "cat", "jpeg", 3.6, (2.1, 6.2), 0.01, margin=1.25, **counts)
    assert (found.told, found.equivalent, found.depends) == (told, equivalent, depends)
    assert found.open == (not (told or equivalent or depends))
    said = verdicts.words(found, choices)
    assert (said == f"depends on how colours are shown: {depends}") == bool(depends)
    assert found.turned.depends == depends


def test_an_interval_reaches_over_all_renderings(choices):
    found = one(choices, "view", "cat", "jpeg", 3.6, (2.1, 6.2), 0.01, **shown(4, 0, 0, (1.2, 9.0)))
    assert found.interval == "1.2 to 9.0"
    found = one(choices, "view", "cat", "jpeg", 3.6, (2.1, 6.2), 0.01, **shown(3, 0, 0, (0.9, 9.0)))
    assert found.interval == "0.90 to 9.0"
    found = one(choices, "view", "cat", "jpeg", 3.6, (2.1, 6.2), 0.01, **shown(4, 0))
    assert found.interval == "2.1 to 6.2"  # one has none
