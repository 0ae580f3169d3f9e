"""The order of a study's views, and which of them the study is about."""

from collections.abc import Mapping

from catsight.errors import CatsightError
from catsight.run.figure_specs import FigureView


def in_order(views: Mapping[str, FigureView], reference: str) -> dict[str, FigureView]:
    """All views in the order of the gallery: untouched frames, the reference, other eyes (cat
    first), other filters, controls.
    """

    def place(item: tuple[str, FigureView]) -> tuple[int, str]:
        name, view = item
        kinds = (view["untouched"], name == reference, name == "cat", view["eye"])
        if True in kinds:
            return kinds.index(True), name
        return (len(kinds) + 1 if view["control"] else len(kinds)), name

    return dict(sorted(views.items(), key=place))


def focus(views: Mapping[str, FigureView], reference: str) -> str:
    """The view in focus, which a study is about: ``cat``, or the first other eye, or the first
    other view in that order.

    Raises :class:`CatsightError` if there is no view beside the reference.
    """
    others = [name for name in in_order(views, reference) if name != reference]
    if not others:
        raise CatsightError(
            f"the study has no view beside its reference '{reference}'; add one under views:"
        )
    if "cat" in others:
        return "cat"
    eyes = [name for name in others if views[name]["eye"]]
    return (eyes or others)[0]
