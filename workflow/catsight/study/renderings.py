"""Renderings: the study's views as they are with the colours of other displays.

Only a view in which an eye of two kinds of cones takes part changes; a control that is matched to
such a view is matched to its rendering.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from catsight.errors import CatsightError
from catsight.run.metrics_specs import Rendering
from catsight.run.specs import View
from catsight.study.config import Config
from catsight.study.swaps import named


@dataclass(frozen=True)
class Renderings:
    """Each view that has several renderings, in each of them (``shown``), the study's own first.

    ``views`` holds those that are not among the study's own.
    """

    shown: list[Rendering] = field(default_factory=list)
    views: dict[str, View] = field(default_factory=dict)

    @property
    def compared(self) -> list[str]:
        """The names of all views that are compared, each once; none without renderings."""
        both = ([one["reference"], one["shown"]] for one in self.shown)
        return list(dict.fromkeys(itertools.chain.from_iterable(both)))


def resolve_renderings(config: Config, views: Mapping[str, View]) -> Renderings:
    """The renderings that the study asks for. Raises :class:`CatsightError` if no view has any."""
    found, reference = Renderings(), config.reference
    others: dict[str, list[Rendering]] = {}
    for display in config.renderings:
        shown = {name: rendered(view, display) for name, view in views.items()}
        kept = shown[reference] == views[reference]
        for name, view in shown.items():
            if name == reference or (kept and view == views[name]):
                continue
            pair = [
                named(f"{one}@display={display}", shown[one], views, found.views)
                for one in (reference, name)
            ]
            one: Rendering = {
                "display": display, "view": name, "reference": pair[0], "shown": pair[1],
                "own": False,
            }  # fmt: skip
            others.setdefault(name, []).append(one)
    if config.renderings and not others:
        raise CatsightError(
            "config: renderings changes no view: none is of an eye of two kinds of cones, or all "
            f"are displayed so already ({', '.join(config.renderings)}); remove it"
        )
    for name, renderings in others.items():
        own: Rendering = {
            "display": views[name].get("display", config.viewing.display), "view": name,
            "reference": reference, "shown": name, "own": True,
        }  # fmt: skip
        found.shown.extend([own, *renderings])
    return found


def rendered(view: View, display: str) -> View:
    """The ``view`` with the colours of a ``display`` in every eye of two kinds of cones."""
    changed = dict(view)
    if "eye" in view and len(view["eye"]["colour"]["cones"]) == 2:
        changed["display"] = display
    for part in ("of", "match"):
        if part in view:
            changed[part] = rendered(cast(View, changed[part]), display)
    return cast(View, changed)
