"""The sections ``viewing`` and ``views``: conditions under which eyes look, eyes and filters."""

from typing import Annotated, Literal

from pydantic import Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from catsight.inputs.eyes import PARTS
from catsight.inputs.viewing import DISPLAYS
from catsight.study.filters import FILTERS, Filter, FilterKeys
from catsight.study.section import AS_GIVEN, Section, key, one_of, optional

FieldOfView = Annotated[
    float,
    Field(
        ge=1,
        le=120,
        description="The visual angle that the width of a frame spans. It decides how many pixels "
        "per degree a network's input has: with 224 px, 14 at 16 degrees. At least 12 are needed "
        "to hold the 6 cycles per degree that a cat resolves; with fewer, part of what a cat "
        "would lose is missing in the reference, too.",
        json_schema_extra={"unit": "degrees"},
    ),
    AS_GIVEN,
]
Luminance = Annotated[
    float,
    Field(
        ge=1e-6,
        le=1_000_000,
        description="The luminance that the eye is adapted to: 1000 is an overcast day, 100 a "
        "bright room, 0.01 moonlight.",
        json_schema_extra={"unit": "cd/m²"},
    ),
    AS_GIVEN,
]
Defocus = Annotated[
    float,
    Field(
        ge=-20,
        le=20,
        description="How far the frame lies out of focus; positive if it is nearer than the "
        "distance that the eye is focused on. Added to the defocus that a depth map gives.",
        json_schema_extra={"unit": "dioptres"},
    ),
    AS_GIVEN,
]
Focus = Annotated[
    float,
    Field(
        ge=0.05,
        le=1_000_000,
        description="The distance that the eye is focused on, for frames with a depth map (a "
        "photo.depth.npy beside photo.jpg). null: the distance in the middle of the frame.",
        json_schema_extra={"unit": "m"},
    ),
    AS_GIVEN,
]
_FALSE = {"type": "boolean", "enum": [False]}
PhotonNoise = Annotated[
    Annotated[int, Field(ge=0)] | Annotated[Literal[False], WithJsonSchema(_FALSE)],
    Field(
        description="The seed of photon noise: the eye catches whole quanta of light, few of them "
        "in the dark. null: noise below 1 cd/m², with the seed of the study. false: no noise.",
    ),
]
Eccentricity = Annotated[
    bool,
    Field(
        description="Whether acuity falls off away from the middle of the frame, where the eye "
        "looks."
    ),
]

Display = Annotated[str, one_of(DISPLAYS)]
_DISPLAY = (
    "The colours that show what an eye of two kinds of cones tells apart; to that eye all of them "
    "look like the original. "
    + " ".join(f"{name}: {about}." for name, about in DISPLAYS.items())
    + " An eye of three kinds has one rendering."
)


Gaze = Annotated[
    int,
    Field(
        ge=0,
        description="A seed: the eye looks at another place of each frame, drawn from its inner "
        "half and the same in all views. null: at the middle. Matters with eccentricity, "
        "perspective and depth maps.",
    ),
]
Perspective = Annotated[
    bool,
    Field(
        description="Whether frames are whole photographs of a camera whose field of view this is; "
        "pixels then become degrees exactly. Otherwise degrees are even over the pixels; of a "
        "photograph they are then off by -0.7 to +1.3 % at 16 degrees, by -9 to +21 % at 60."
    ),
]


class Viewing(Section):
    """The conditions under which every eye looks, unless its view says otherwise."""

    field_of_view: FieldOfView = 16
    luminance: Luminance = 100
    defocus: Defocus = 0
    focus: Focus | None = None
    photon_noise: PhotonNoise | None = None
    eccentricity: Eccentricity = False
    gaze: Gaze | None = None
    perspective: Perspective = False
    display: Display = key("auto", _DISPLAY)


class Swap(Section):
    """Parts of the eye to take from another eye, by name or path."""

    pupil: str | None = optional("The eye whose pupil and optics are used.")
    acuity: str | None = optional("The eye whose neural resolution is used.")
    colour: str | None = optional("The eye whose receptors are used.")
    rods: str | None = optional("The eye whose rod vision is used.")
    temporal: str | None = optional("The eye whose response over time is used.")


assert tuple(Swap.model_fields) == PARTS


def _about(record: Filter) -> str:
    """A sentence about a filter, with the names of keys in place of their values."""
    names = {name: f"`{name}`" for name in ("reference", *record.keys)} | {"matched": "`match`"}
    return f"{record.name}: {record.about.format(**names)}."


class View(FilterKeys):
    """A view: either an eye under viewing conditions, or a filter."""

    eye: str | None = optional(
        "An eye in resources/eyes/ by name (cat, dog, human, horse, …), or the path of a YAML file "
        "like those."
    )
    swap: Swap | None = optional(Swap.__doc__)
    filter: Annotated[str, one_of(FILTERS)] | None = optional(
        f"A filter in place of an eye. {' '.join(map(_about, FILTERS.values()))}"
    )
    field_of_view: FieldOfView | None = optional()
    luminance: Luminance | None = optional()
    defocus: Defocus | None = optional()
    focus: Focus | None = optional(nullable=True)
    photon_noise: PhotonNoise | None = optional(nullable=True)
    eccentricity: Eccentricity | None = optional()
    gaze: Gaze | None = optional(nullable=True)
    perspective: Perspective | None = optional()
    display: Display | None = optional(_DISPLAY)

    @classmethod
    def takers(cls, key: str) -> list[str]:
        """The filters that take a key."""
        return [one.name for one in FILTERS.values() if key in one.keys]

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Puts the keys of filters after the key ``filter``."""
        schema = super().__get_pydantic_json_schema__(core, handler)
        keys = schema["properties"]
        schema["properties"] = {name: keys[name] for name in ("eye", "swap", "filter", *keys)}
        return schema
