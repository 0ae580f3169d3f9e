"""Views: functions from a row of the frames table to what an eye or a filter delivers.

The digest of an eye's view does not cover this module. It starts at
:mod:`catsight.views.eye_viewer`, so that a change of a filter recomputes no eye's view.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from catsight.errors import say
from catsight.run.specs import View
from catsight.views import filters
from catsight.views.eye_viewer import eye_viewer
from catsight.views.matching import Matched
from catsight.views.rows import Frame, Viewer, past, picture


def viewer(view: View) -> Viewer:
    """A function from a row of the frames table to its ``view``, uint8 sRGB (h, w, 3).

    Raises :class:`CatsightError` for a filter that is unknown.
    """
    return _filter_viewer(view) if "filter" in view else eye_viewer(view)


def columns(view: View) -> list[str]:
    """The columns of the frames table that the ``view`` is made from."""
    partner = ["partner"] if needs_partner(view) else []
    past = ["past"] if needs_past(view) else []
    return ["frame_id", "image", "depth", *partner, *past]


def needs_partner(view: View) -> bool:
    """Whether the ``view``, or one that it is made from, uses the picture recorded with a frame."""
    return any(one.get("filter") in filters.OF_THE_PARTNER for one in _made_from(view))


def needs_past(view: View) -> bool:
    """Whether the ``view``, or one that it is made from, uses the frames before a still."""
    return any("eye" in one or one.get("filter") in filters.OF_THE_PAST for one in _made_from(view))


def _made_from(view: View) -> Iterator[View]:
    """The ``view``, and all that it is made from."""
    yield view
    for key in ("of", "match"):
        if key in view:
            yield from _made_from(view[key])


class MatchedViewer:
    """A view that is changed until it differs from another view as much as asked.

    ``see`` delivers the view that is changed, ``other`` the one that it is matched to. ``change``
    is a filter with the key ``match``.
    """

    def __init__(self, change: Callable[..., Matched], see: Viewer, other: Viewer) -> None:
        self.change, self.see, self.other = change, see, other
        self.strengths: list[float] = []
        self.unmatched: list[str] = []

    def __call__(self, frame: Frame) -> np.ndarray:
        seen = self.see(frame)
        matched = self.change(seen, match=self.other(frame))
        self.strengths.append(matched.strength)
        if not matched.reached:
            self.unmatched.append(frame["frame_id"])
            say(
                f"frame '{frame['frame_id']}': the filter is too weak even at its strongest, "
                "which is used"
            )
        return matched.picture

    def summary(self) -> dict[str, Any]:
        """How strongly the frames so far are changed, and how many of them not enough.

        ``strength`` holds the smallest, median and largest, in the filter's unit.
        """
        found = self.strengths
        strength = [float(f(found)) for f in (np.min, np.median, np.max)] if found else []
        return {"strength": strength, "frames": len(found), "unmatched": len(self.unmatched)}


def _filter_viewer(view: View) -> Viewer:
    """A filter of the frame, or of the view ``of``; other keys of the view are the filter's own."""
    change = filters.find(view["filter"])
    if "of" in view:
        see = viewer(view["of"])
    else:
        column = "partner" if view["filter"] in filters.OF_THE_PARTNER else "image"
        see = partial(picture, column=column)
    own = {key: value for key, value in view.items() if key not in ("filter", "of", "match")}
    if "match" in view:
        return MatchedViewer(partial(change, **own), see, viewer(view["match"]))
    if view["filter"] in filters.OF_THE_PAST:
        return lambda frame: change(see(frame), past=past(frame), **own)
    return lambda frame: change(see(frame), **own)
