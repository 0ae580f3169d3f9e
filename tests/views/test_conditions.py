"""The ranges of viewing conditions in a study are those that an eye takes by hand."""

from pydantic import TypeAdapter

from catsight.study.config.views import Defocus, FieldOfView, Focus, Luminance
from catsight.views.conditions import RANGES

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
