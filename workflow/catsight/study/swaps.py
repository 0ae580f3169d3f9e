"""Views in which parts of the reference's eye are swapped for another eye's, and sweeps of one
condition: what attribution and dose curves compare.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from catsight.errors import CatsightError
from catsight.inputs import eyes
from catsight.inputs.schema import near_miss
from catsight.inputs.viewing import noise_seed
from catsight.run.metrics_specs import Dose
from catsight.run.specs import SourceSpec, View
from catsight.study.config import Config
from catsight.study.views import differing, sees_time, swapped, viewing

#: What can be varied from dose to dose.
SWEEPABLE = ("luminance", "defocus", "field_of_view", "acuity")


@dataclass(frozen=True)
class Swaps:
    """Every subset of the ``parts``, swapped from the reference's eye to that of a ``view``.

    ``subsets`` maps the parts of a subset, joined by +, to the name of its view. ``views`` holds
    those that are not among the study's own.
    """

    view: str | None = None
    parts: tuple[str, ...] = ()
    subsets: dict[str, str] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)

    @property
    def whole(self) -> str | None:
        """The view in which all parts are swapped."""
        return self.subsets.get("+".join(self.parts))

    @property
    def singles(self) -> dict[str, str]:
        """The view in which each part alone is swapped."""
        return {part: self.subsets[part] for part in self.parts}


@dataclass(frozen=True)
class Sweeps:
    """The ``doses``, and those of their ``views`` that are not among the study's own."""

    doses: list[Dose] = field(default_factory=list)
    views: dict[str, View] = field(default_factory=dict)

    @property
    def compared(self) -> list[str]:
        """The names of all views that are compared at some dose, each once."""
        both = ([dose["reference"], dose["view"]] for dose in self.doses)
        return list(dict.fromkeys(itertools.chain.from_iterable(both)))


def resolve_swaps(
    config: Config, views: Mapping[str, View], sources: Mapping[str, SourceSpec]
) -> Swaps:
    """The swaps that ``attribution`` asks for. Raises :class:`CatsightError`, naming the key."""
    settings = config.attribution
    if settings.view is None:
        return Swaps()
    reference, whole = _eye_pair("attribution.view", settings.view, config.reference, views)
    if keys := differing(whole, reference):
        raise CatsightError(
            f"config: attribution.view is '{settings.view}', whose {keys[0]} differs from "
            f"that of the reference '{config.reference}'; the loss that is divided among the parts "
            "must be due to the eye alone"
        )
    acting = acting_parts(whole, sources)
    swaps = Swaps(settings.view, tuple(settings.parts or acting))
    for label, view in subsets(reference, whole, swaps.parts):
        if not label:
            swaps.subsets[label] = config.reference
        elif alike(view, whole, acting):
            swaps.subsets[label] = settings.view
        else:
            name = f"{config.reference}+{label}"
            swaps.subsets[label] = named(name, view, views, swaps.views)
    return swaps


def acting_parts(view: View, sources: Mapping[str, SourceSpec]) -> list[str]:
    """The parts of a view's eye that can change what it shows of frames of these sources."""
    return [part for part in eyes.PARTS if part != "temporal" or sees_time(view, sources)]


def alike(one: View, other: View, parts: Sequence[str]) -> bool:
    """Whether these parts of two views' eyes are the same."""
    return all(one["eye"][part] == other["eye"][part] for part in parts)


def subsets(reference: View, whole: View, parts: Sequence[str]) -> Iterator[tuple[str, View]]:
    """Every subset of the ``parts``, joined by +, and the view in which these of the reference's
    eye are swapped for those of the ``whole``.
    """
    for count in range(len(parts) + 1):
        for subset in itertools.combinations(parts, count):
            yield "+".join(subset), swapped(reference, whole, subset)


def resolve_sweeps(config: Config, views: Mapping[str, View]) -> Sweeps:
    """The doses that ``sweeps`` asks for. Raises :class:`CatsightError`, naming the key."""
    sweeps, name, reference = Sweeps(), config.sweeps.view, config.reference
    for condition in SWEEPABLE:
        doses = getattr(config.sweeps, condition)
        if not doses:
            continue
        base, other = _eye_pair("sweeps.view", name, reference, views)
        if keys := [key for key in differing(other, base) if key != condition]:
            raise CatsightError(
                f"config: sweeps.view is '{name}', whose {keys[0]} differs from that of the "
                f"reference '{reference}'; both eyes must look under the same conditions except "
                f"{condition}, which the sweep varies"
            )
        for dose in map(float, doses):
            at = f"@{condition}={dose:.12g}"
            pair = _at_dose(base, other, condition, dose)
            if condition == "luminance":  # dim light brings photon noise with it
                for one, view in zip((reference, name), pair):
                    setting = viewing(config.views[one].given, config)["photon_noise"]
                    view["photon_noise"] = noise_seed(setting, dose, config.seed)
            names = [
                named(f"{one}{at}", view, views, sweeps.views)
                for one, view in zip((reference, name), pair)
            ]
            sweeps.doses.append(
                {"swept": condition, "dose": dose, "reference": names[0], "view": names[1]}
            )
    return sweeps


def _at_dose(base: View, other: View, condition: str, dose: float) -> tuple[View, View]:
    """Both views at a dose: a condition changes for both, acuity for the ``other`` eye alone."""
    base, other = base.copy(), other.copy()
    if condition == "acuity":
        other["eye"] = eyes.resolving(other["eye"], dose)
        return base, other
    for view in (base, other):
        view[condition] = dose  # type: ignore[literal-required]
    return base, other


def _eye_pair(key: str, name: str, reference: str, views: Mapping[str, View]) -> tuple[View, View]:
    """The reference and the view that the configuration's ``key`` names; both must be an eye's."""
    eye_views = [one for one, view in views.items() if "eye" in view]
    what = "attribution and sweeps need an eye's view"
    if reference not in eye_views:
        raise CatsightError(f"config: reference is '{reference}'; {what}: {', '.join(eye_views)}")
    others = [one for one in eye_views if one != reference]
    if name not in others:
        raise CatsightError(
            f"config: {key} is '{name}'{near_miss(name, others)}; {what} other than the "
            f"reference: {', '.join(others)}"
        )
    return views[reference], views[name]


def named(name: str, view: View, views: Mapping[str, View], others: dict[str, View]) -> str:
    """The name of a view that may exist already: in ``views`` or ``others``. If not, it is added to
    the latter.
    """
    for known in (views, others):
        for one, same in known.items():
            if same == view:
                return one
    others[name] = view
    return name
