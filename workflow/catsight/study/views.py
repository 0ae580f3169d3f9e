"""Views: from the configuration's eyes and filters to views with all numbers in them."""

from collections.abc import Collection, Mapping
from typing import Any

from catsight.errors import CatsightError
from catsight.inputs import eyes
from catsight.inputs.schema import near_miss
from catsight.inputs.viewing import noise_seed
from catsight.run.specs import EyeAtWork, PortraitsSpec, SourceSpec, View, ViewSpec
from catsight.study.config import Config
from catsight.study.filters import FILTERS
from catsight.study.frames import moves
from catsight.study.spec import ROOTS, made_of

#: The viewing conditions of an eye.
VIEWING = (
    "field_of_view", "luminance", "defocus", "focus", "photon_noise", "eccentricity", "gaze",
    "perspective", "display",
)  # fmt: skip


def resolve(config: Config, sources: Mapping[str, SourceSpec]) -> dict[str, View]:
    """The views by name, sorted, with all numbers in them. Controls hold the reference that they
    change.

    Raises :class:`CatsightError`, naming the key, if a view is not valid.
    """
    given = {name: config.views[name].given for name in sorted(config.views)}
    reference = config.reference
    if reference not in given:
        raise CatsightError(
            f"config: reference is '{reference}'{near_miss(reference, given)}; it may be one of "
            f"the views: {', '.join(given)}"
        )
    controls = [name for name, view in given.items() if _is_control(view)]
    if reference in controls:
        raise CatsightError(
            f"config: reference is '{reference}', a control, which changes the reference itself; "
            "name another view"
        )
    for name, view in given.items():
        if ("eye" in view) == ("filter" in view):
            raise CatsightError(
                f"config: views.{name} holds {view}; it must have either an eye or a filter"
            )
    others = {
        name: _eye_view(name, view, config) if "eye" in view else _filter_view(name, view, sources)
        for name, view in given.items()
        if name not in controls
    }
    return {
        name: others[name] if name in others else _control(name, view, others, reference)
        for name, view in given.items()
    }


def sees_time(view: View, sources: Mapping[str, SourceSpec]) -> bool:
    """Whether an eye's part ``temporal`` can change its ``view``.

    It can if frames have a past, or if quanta are counted.
    """
    return view["photon_noise"] is not None or moves(sources)


def view_spec(view: View) -> ViewSpec:
    """The spec of the jobs that make one view of the frames."""
    made_from = [view, *(view[key] for key in ("of", "match") if key in view)]
    packages = ["numpy", "scipy", "pillow"]
    if any("eye" in one for one in made_from):
        packages.append("colour-science")
    for one in made_from:
        if "filter" in one:
            packages += FILTERS[one["filter"]].packages
    roots = ROOTS["eye views" if "eye" in view else "filter views"]
    return {"view": view, **made_of(roots, packages)}


def portraits_spec(eye_views: Mapping[str, View]) -> PortraitsSpec:
    """The spec of the job that tabulates the study's eyes."""
    views: dict[str, EyeAtWork] = {
        name: {"eye": view["eye"], "luminance": view["luminance"]}
        for name, view in eye_views.items()
    }
    packages = ["numpy", "scipy", "pillow", "colour-science"]
    return {"views": views, **made_of(ROOTS["portraits"], packages)}


def _is_control(view: Mapping[str, Any]) -> bool:
    return "filter" in view and FILTERS[view["filter"]].control


def _eye_view(name: str, view: Mapping[str, Any], config: Config) -> View:
    """An eye under viewing conditions: the numbers of its parts, and the conditions."""
    if extra := sorted(set(view) - {"eye", "swap", *VIEWING}):
        raise CatsightError(f"config: views.{name}.{extra[0]} has no meaning for an eye; remove it")
    try:
        eye = eyes.load(view["eye"])
        for part, other in view.get("swap", {}).items():
            eye[part] = eyes.load(other)[part]
    except CatsightError as error:
        raise CatsightError(f"config: views.{name}: {error}") from None
    conditions = viewing(view, config)
    return {
        "eye": eye,
        "field_of_view": float(conditions["field_of_view"]),
        "luminance": float(conditions["luminance"]),
        "defocus": float(conditions["defocus"]),
        "focus": _float(conditions["focus"]),
        "photon_noise": noise_seed(
            conditions["photon_noise"], conditions["luminance"], config.seed
        ),
        "eccentricity": conditions["eccentricity"],
        "gaze": conditions["gaze"],
        "perspective": conditions["perspective"],
        "display": conditions["display"],
    }


def viewing(view: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """The conditions of an eye's ``view``, those of the study unless it has its own."""
    return {key: view.get(key, getattr(config.viewing, key)) for key in VIEWING}


def _float(value: float | None) -> float | None:
    """16 and 16.0 are the same condition, and must be the same spec."""
    return None if value is None else float(value)


def _filter_view(name: str, view: Mapping[str, Any], sources: Mapping[str, SourceSpec]) -> View:
    """A filter of the frames themselves."""
    _refuse_other_keys(name, view)
    kinds = sorted({source["source"] for source in sources.values()} - {"pairs"})
    if FILTERS[view["filter"]].of_partner and kinds:
        raise CatsightError(
            f"config: views.{name} shows the picture that was recorded with each frame, but frames "
            f"come from {', '.join(kinds)}; every source must be of kind pairs"
        )
    if FILTERS[view["filter"]].of_past and not moves(sources):
        raise CatsightError(
            f"config: views.{name} runs over the past of frames, but no source has one; take "
            "stills of clips (source: video) with a past above 0, or the filter catvision"
        )
    own = {key: view.get(key, default) for key, default in FILTERS[view["filter"]].keys.items()}
    return {"filter": view["filter"], **own}  # type: ignore[typeddict-item]


def _control(
    name: str, view: Mapping[str, Any], others: Mapping[str, View], reference: str
) -> View:
    """A control, which holds the views that it is made from."""
    _refuse_other_keys(name, view)
    record = FILTERS[view["filter"]]
    own = {key: view.get(key, default) for key, default in record.keys.items()}
    if record.matches:
        parts = own.pop("parts")
        own["match"] = _matched(name, own["match"], others, reference)
        if parts is not None:
            _check_parts(name, view["match"], others, reference)
            own["match"] = swapped(others[reference], own["match"], parts)
    return {"filter": view["filter"], "of": others[reference], **own}  # type: ignore[typeddict-item]


def swapped(reference: View, other: View, parts: Collection[str]) -> View:
    """The view of the reference's eye with these ``parts`` of the ``other`` view's eye."""
    view = reference.copy()
    view["eye"] = {
        part: (other if part in parts else reference)["eye"][part] for part in eyes.PARTS
    }
    return view


def differing(one: View, other: View) -> list[str]:
    """The viewing conditions in which two views of eyes differ."""
    return [key for key in VIEWING if one.get(key) != other.get(key)]


def _matched(name: str, match: str | None, others: Mapping[str, View], reference: str) -> View:
    """The view whose loss a filter takes on."""
    matchable = {one: view for one, view in others.items() if one != reference}
    if match not in matchable:
        guess = near_miss(match or "", matchable)
        raise CatsightError(
            f"config: views.{name}.match is '{match}'{guess}; it may be a view that is neither the "
            f"reference nor a control: {', '.join(sorted(matchable))}"
        )
    return matchable[match]


def _check_parts(name: str, match: str, others: Mapping[str, View], reference: str) -> None:
    """Raises :class:`CatsightError` if parts of the matched view's eye cannot be told apart."""
    for one in (match, reference):
        if "eye" not in others[one]:
            raise CatsightError(
                f"config: views.{name}.parts are parts of an eye, but '{one}' is not an eye's "
                "view; remove them, and the whole view is matched"
            )
    if keys := differing(others[match], others[reference]):
        raise CatsightError(
            f"config: views.{name}.parts are those of '{match}', whose {keys[0]} differs from that "
            f"of the reference '{reference}', so the loss is not due to parts of the eye alone; "
            "remove them, and the whole view is matched"
        )


def _refuse_other_keys(name: str, view: Mapping[str, Any]) -> None:
    record = FILTERS[view["filter"]]
    if extra := sorted(set(view) - {"filter", *record.keys}):
        raise CatsightError(
            f"config: views.{name}.{extra[0]} has no meaning for {record.name}; remove it"
        )
