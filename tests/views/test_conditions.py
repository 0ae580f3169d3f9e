"""The ranges of viewing conditions: at their ends, beyond them, and in a study as by hand."""

import numpy as np
import pytest
from pydantic import TypeAdapter

from catsight import CatsightError
from catsight.study.config.views import Defocus, FieldOfView, Focus, Luminance
from catsight.views.conditions import RANGES, check_seed, checked

STUDY = {
    "field_of_view": FieldOfView,
    "luminance": Luminance,
    "defocus": Defocus,
    "focus": Focus,
}
#: The smallest field of view differs on purpose. By hand a picture may span a fraction of a degree;
#: a study's frames go to a network, and span at least 1 degree.
SMALLEST_FIELD = {"by hand": 1e-3, "study": 1}


def test_a_study_takes_the_conditions_that_an_eye_takes():
    assert set(RANGES) == {*STUDY, "orientation"}  # of a grating, which no study has
    for name, kind in STUDY.items():
        schema = TypeAdapter(kind).json_schema()
        smallest, largest = schema["minimum"], schema["maximum"]
        if name == "field_of_view":
            assert smallest == SMALLEST_FIELD["study"]
            smallest = SMALLEST_FIELD["by hand"]
        assert RANGES[name][1:] == (smallest, largest), name


@pytest.mark.parametrize(
    ("name", "low", "high", "words"),
    [
        ("luminance", 1e-6, 1e6, "1e-06 to 1e+06 cd/m²"),
        ("field_of_view", 1e-3, 120, "0.001 to 120 degrees"),
        ("defocus", -20, 20, "-20 to 20 dioptres"),
        ("focus", 0.05, 1e6, "0.05 to 1e+06 metres"),
        ("orientation", -360, 360, "-360 to 360 degrees"),
    ],
)
def test_both_ends_of_a_range_are_in_it_and_what_lies_beyond_is_named(name, low, high, words):
    assert checked(name, low) == low and checked(name, high) == high
    beyond = low - 1e-3 * abs(low), high + 1e-3 * high
    for value in (*beyond, float("nan"), True, "1", None):
        with pytest.raises(CatsightError) as raised:
            checked(name, value)
        assert str(raised.value) == f"{name} is {value}; it must be a number from {words}"


@pytest.mark.parametrize("value", [3, 3.0, np.int64(3), np.uint8(3), np.float32(3)])
def test_every_kind_of_number_is_taken_as_a_float(value):
    number = checked("luminance", value)
    assert type(number) is float and number == 3


@pytest.mark.parametrize("seed", [None, 0, 7, np.int64(7), [0, 7], (3,), [np.int64(1), 2], 2**70])
def test_seeds(seed):
    check_seed(seed)


@pytest.mark.parametrize("seed", [-1, 1.5, True, "7", [0, -1], [-1, 0], [1, 2.0], (True, 1), 1j])
def test_what_is_no_seed_is_named(seed):
    with pytest.raises(CatsightError) as raised:
        check_seed(seed)
    assert str(raised.value) == (
        f"noise is {seed}; a seed is a whole number from 0, or a sequence of them"
    )
