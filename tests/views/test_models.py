"""The models that an eye may name: what the schema allows is what there is."""

from pathlib import Path

import pytest
import yaml

from catsight import CatsightError
from catsight.inputs import eyes
from catsight.views import colour, optics
from catsight.views import pupil as pupils
from catsight.views.pupil import Pupil

SCHEMA = Path(__file__).parents[2] / "workflow" / "schemas" / "eye.schema.yaml"


def test_the_schema_of_an_eye_allows_the_models_that_there_are():
    parts = yaml.safe_load(SCHEMA.read_text())["properties"]
    pupil, of_colour = (parts[part]["properties"] for part in ("pupil", "colour"))
    for allowed, models in (
        (pupil["model"], pupils.MODELS),
        (pupil["shape"], pupils.SHAPES),
        (pupil["residual"]["properties"]["model"], optics.RESIDUALS),
        (of_colour["media"]["properties"]["model"], colour.MEDIA),
        (of_colour["reflectances"], colour.REFLECTANCES),
    ):
        assert set(allowed["enum"]) == set(models)


def test_an_unknown_model_is_named():
    """Wherever it is used; nothing falls through to another model."""
    cat, size, residual = eyes.load("cat"), Pupil(4, 4), {"model": "perfect"}
    for compute, words in (
        (
            lambda: pupils.pupil(cat["pupil"] | {"model": "square"}, 1.0),
            "pupil.model is 'square'; it may be logistic_area, watson_yellott2012",
        ),
        (
            lambda: pupils.pupil(cat["pupil"] | {"shape": "square"}, 1.0),
            "pupil.shape is 'square'; it may be vesica, disc",
        ),
        (
            lambda: optics.optical_transfer(residual, size, 1.0, None, None, None, 0.0),
            "pupil.residual.model is 'perfect'; it may be equivalent_defocus, watson2013",
        ),
        (
            lambda: colour.transmission({"model": "glass"}),
            "colour.media.model is 'glass'; it may be none, sigmoid",
        ),
        (
            lambda: colour.catch_matrix(colour.WAVELENGTHS, "paint"),
            "colour.reflectances is 'paint'; it may be mallett2019, charts, display",
        ),
    ):
        with pytest.raises(CatsightError) as raised:
            compute()
        assert str(raised.value) == f"an eye's {words}"
