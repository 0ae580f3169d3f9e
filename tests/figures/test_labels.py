"""The words of figures and report; numbers are in test_findings.py and test_headline.py."""

import pytest

from catsight.figures import labels
from support import small_figures as small


@pytest.mark.parametrize("confidence, words", [(0.95, "95 %"), (0.9, "90 %"), (0.995, "99.5 %")])
def test_the_interval_is_that_of_the_study(confidence, words):
    assert labels.interval(small.choices(confidence=confidence)) == f"{words} interval"


@pytest.mark.parametrize("pooling, label", [("mean", "ConvNet"), ("cls", "ConvNet [cls]")])
def test_an_encoder_is_called_by_its_label_and_another_pooling(pooling, label):
    assert labels.encoder(small.choices(), "net", pooling) == label


@pytest.mark.parametrize("view, title", [
    ("human", "human (reference)\n100 cd/m², 16°"), ("cat", "cat\n0.5 cd/m², 20°")
])  # fmt: skip
def test_a_view_is_called_by_its_name_and_conditions(view, title):
    assert labels.view_title(small.choices(), view) == title


@pytest.mark.parametrize("parts, text", [
    (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")
])  # fmt: skip
def test_parts_are_listed(parts, text):
    assert labels.listed(parts) == text


@pytest.mark.parametrize("key, value, text", [
    ("field_of_view", 16.0, "16°"), ("luminance", 0.01, "0.01 cd/m²"), ("defocus", -1.5, "−1.5 D"),
    ("focus", 0.25, "0.25 m"), ("other", 3, "3"), ("focus", None, "none"),
    ("eccentricity", True, "yes"), ("eccentricity", False, "no"),
    ("display", "red-cyan", "red-cyan"),
])  # fmt: skip
def test_conditions_have_their_unit(key, value, text):
    assert labels.condition(key, value) == text


@pytest.mark.parametrize("count, text", [(0, "0 files"), (1, "1 file"), (2, "2 files")])
def test_things_are_counted(count, text):
    assert labels.counted(count, "file", "files") == text
