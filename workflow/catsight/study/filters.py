"""Every filter that a view may name instead of an eye: one record each.

The functions that apply them are in :mod:`catsight.views.filters`, under the same names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from catsight.inputs.eyes import PARTS
from catsight.study.section import Section, one_of, optional

#: The quality of a JPEG, unless a view says otherwise.
_QUALITY = 50


class FilterKeys(Section):
    """The keys of all filters."""

    quality: int | None = optional(f"The quality of a JPEG; {_QUALITY} by default.", ge=1, le=95)
    match: str | None = optional(
        "The view that is matched: each frame loses as much as it does in that view."
    )
    parts: list[Annotated[str, one_of(PARTS)]] | None = optional(
        "Of the eye of the matched view, the parts whose loss is matched, as if the reference's "
        "eye had these alone; the whole view if left out.",
        min_length=1,
        unique=True,
    )


@dataclass(frozen=True)
class Filter:
    """One filter.

    ``keys`` are those of :class:`FilterKeys` that it takes, with their defaults. ``control``: it
    changes what the reference delivers, and shows what any change of a picture does.
    ``of_partner``: it shows the picture that was recorded with the frame, instead of the frame.
    ``of_past``: it needs the frames of the clip before the frame.
    ``untouched``: it leaves the frame as it is.
    ``label`` (a few words for figures), ``about`` (a sentence for the report) and ``change`` (of a
    control: what it does, in words that complete "more than …") may hold ``{reference}``, the
    filter's keys, and ``{matched}``, the view and parts that it is matched to. ``packages``: those
    whose version can change it.
    """

    name: str
    label: str
    about: str
    control: bool = False
    of_partner: bool = False
    of_past: bool = False
    untouched: bool = False
    keys: Mapping[str, Any] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    change: str = ""

    @property
    def matches(self) -> bool:
        """Whether it takes on what another view loses of the reference."""
        return "match" in self.keys

    def words(self, reference: str, given: Mapping[str, Any]) -> dict[str, str]:
        """Its ``label``, ``about`` and ``change`` in a study with that ``reference``.

        ``given`` are the keys of the view.
        """
        keys = {"reference": reference, **self.keys, **given}
        if self.matches:
            parts = f" ({' and '.join(keys['parts'])} alone)" if keys["parts"] else ""
            keys["matched"] = f"“{keys['match']}”{parts}"
        texts = {"label": self.label, "about": self.about, "change": self.change}
        return {name: text.format(**keys) for name, text in texts.items()}


_ALL = (
    Filter("original", "as photographed", "the frame as photographed, unfiltered", untouched=True),
    Filter(
        "catvision",
        "published filter",
        "the published filter of arXiv 2511.02404, from the package catvision",
        packages=("catvision", "opencv-python-headless"),
    ),
    Filter(
        "catvision_clip",
        "published filter, over time",
        "the published filter of arXiv 2511.02404 with its stages for time and motion, run over "
        "the past of each frame and the frame itself",
        of_past=True,
        packages=("catvision", "opencv-python-headless"),
    ),
    Filter(
        "paired",
        "as recorded with it",
        "the picture that was recorded with each frame",
        of_partner=True,
    ),
    Filter(
        "jpeg",
        "quality {quality}",
        "what “{reference}” delivers, as a JPEG of quality {quality}",
        control=True,
        keys={"quality": _QUALITY},
        change="compression as a JPEG of quality {quality}",
    ),
    Filter(
        "greyscale",
        "without colour",
        "what “{reference}” delivers, without colour",
        control=True,
        change="the loss of all colour",
    ),
    Filter(
        "blur",
        "contrast loss of {match}",
        "what “{reference}” delivers, blurred until each frame has lost as much luminance contrast "
        "as it loses to {matched}",
        control=True,
        keys={"match": None, "parts": None},
        change="an equal loss of luminance contrast",
    ),
    Filter(
        "desaturate",
        "colour loss of {match}",
        "what “{reference}” delivers, mixed with grey of the same luminance until each frame has "
        "lost as much colour as it loses to {matched}",
        control=True,
        keys={"match": None, "parts": None},
        change="an equal loss of colour in all hues",
    ),
)
FILTERS: dict[str, Filter] = {one.name: one for one in _ALL}
