"""Every filter that a view may name instead of an eye: one record each.

The functions that apply them are in :mod:`catsight.views.filters`, under the same names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catsight.study.section import Section, optional

#: The quality of a JPEG, unless a view says otherwise.
_QUALITY = 50


class FilterKeys(Section):
    """The keys of all filters."""

    quality: int | None = optional(f"The quality of a JPEG; {_QUALITY} by default.", ge=1, le=95)
    match: str | None = optional("The view whose distance from the reference a blur matches.")


@dataclass(frozen=True)
class Filter:
    """One filter.

    ``keys`` are those of :class:`FilterKeys` that it takes, with their defaults. ``control``: it
    changes what the reference delivers, and shows what any change of a picture does.
    ``of_partner``: it shows the picture that was recorded with the frame, instead of the frame.
    ``untouched``: it leaves the frame as it is.
    ``label`` (a few words for figures) and ``about`` (a sentence for the report) may
    hold ``{reference}`` and the filter's keys. ``packages``: those whose version can change it.
    """

    name: str
    label: str
    about: str
    control: bool = False
    of_partner: bool = False
    untouched: bool = False
    keys: Mapping[str, Any] = field(default_factory=dict)
    packages: tuple[str, ...] = ()

    @property
    def matches(self) -> bool:
        """Whether it takes on the distance that another view has from the reference."""
        return "match" in self.keys


_ALL = (
    Filter("original", "as photographed", "the frame as photographed, unfiltered", untouched=True),
    Filter(
        "catvision",
        "published filter",
        "the published filter of arXiv 2511.02404, from the package catvision",
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
    ),
    Filter(
        "greyscale", "without colour", "what “{reference}” delivers, without colour", control=True
    ),
    Filter(
        "blur",
        "as far as {match}",
        "what “{reference}” delivers, blurred until each frame lies as far from it as “{match}” "
        "does (root mean square of the pixels)",
        control=True,
        keys={"match": None},
    ),
)
FILTERS: dict[str, Filter] = {one.name: one for one in _ALL}
