"""Drawn eyes: the numbers of an eye that are uncertain, drawn within their ranges.

Draws are a Latin hypercube (McKay, Beckman & Conover 1979, Technometrics 21, 239): each number's
range is cut into as many strata of equal probability as there are draws, and each stratum is drawn
from once. Numbers are independent of each other.
"""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from catsight.errors import CatsightError
from catsight.inputs import eyes
from catsight.inputs.schema import near_miss
from catsight.run.metrics_specs import DrawnEye, Range
from catsight.run.specs import SourceSpec, View
from catsight.study import swaps
from catsight.study.config import Config
from catsight.study.views import sees_time

#: A number is drawn on a logarithmic scale if its largest value exceeds this many times its least.
WIDE = 3
#: How many hypercubes are drawn until enough eyes are possible.
_CUBES = 50


@dataclass(frozen=True)
class Draws:
    """The ``eyes`` that are drawn for a ``view``, within ``ranges``, and the ``views`` of them.

    ``own`` holds the values of the view's own eye. Numbers are dotted keys of the eye's file.
    ``subsets`` maps the parts of a subset, joined by +, to the view in which these are those of a
    drawn eye, for each of those that are divided; ``swaps`` holds the views that this adds.
    """

    view: str | None = None
    own: dict[str, float] = field(default_factory=dict)
    ranges: dict[str, Range] = field(default_factory=dict)
    eyes: list[DrawnEye] = field(default_factory=list)
    views: dict[str, View] = field(default_factory=dict)
    subsets: list[dict[str, str]] = field(default_factory=list)
    swaps: dict[str, View] = field(default_factory=dict)

    @property
    def compared(self) -> list[str]:
        """The view, and those of the drawn eyes; none if no eyes are drawn."""
        return [] if self.view is None else [self.view, *self.views]


def resolve_draws(
    config: Config, views: Mapping[str, View], sources: Mapping[str, SourceSpec]
) -> Draws:
    """The draws that ``physiology`` asks for. Raises :class:`CatsightError`, naming the key."""
    settings = config.physiology
    if settings.view is None:
        return Draws()
    name, view = settings.view, _eye_view(config, views)
    if (settings.shards or 1) > config.frames.shards:
        raise CatsightError(
            f"config: physiology.shards is {settings.shards}; it may be at most frames.shards, "
            f"which is {config.frames.shards}"
        )
    ranges = eye_ranges(config.views[name].given)
    if not sees_time(view, sources):
        ranges = {key: one for key, one in ranges.items() if not key.startswith("temporal.")}
    if not ranges:
        raise CatsightError(
            f"config: physiology.view is '{name}', whose eye states no range; add low and high "
            "beside the value of a number in its file"
        )
    drawn = draw(view["eye"], ranges, settings.draws, settings.seed)
    digits = len(str(settings.draws))
    found = Draws(name, {key: _at(view["eye"], key) for key in ranges}, ranges)
    for i, values in enumerate(drawn, start=1):
        one = f"{name}~{i:0{digits}}"
        found.views[one] = {**view, "eye": with_values(view["eye"], values)}
        found.eyes.append({"view": one, "values": values})
    _divide(found, config, views, sources)
    return found


def _divide(
    draws: Draws,
    config: Config,
    views: Mapping[str, View],
    sources: Mapping[str, SourceSpec],
) -> None:
    """Adds the views in which parts of the first drawn eyes stand in the reference's eye."""
    settings, reference = config.physiology, config.reference
    if settings.attributed > settings.draws:
        raise CatsightError(
            f"config: physiology.attributed is {settings.attributed}; it may be at most "
            f"physiology.draws, which is {settings.draws}"
        )
    if settings.attributed and config.attribution.view != settings.view:
        raise CatsightError(
            f"config: physiology.attributed is {settings.attributed}, which needs attribution of "
            f"the same view; set attribution.view to {settings.view}"
        )
    for name in list(draws.views)[: settings.attributed]:
        whole, number = draws.views[name], name.removeprefix(str(settings.view))
        acting, own = swaps.acting_parts(whole, sources), {}
        parts = config.attribution.parts or acting
        for label, view in swaps.subsets(views[reference], whole, parts):
            own[label] = f"{reference}+{label}{number}"
            if not label:
                own[label] = reference
            elif swaps.alike(view, whole, acting):
                own[label] = name
            else:
                draws.swaps[own[label]] = view
        draws.subsets.append(own)


def eye_ranges(given: Mapping[str, Any]) -> dict[str, Range]:
    """The ranges of the numbers of a view's eye, by dotted key; each part's from its own file."""
    files = dict.fromkeys(eyes.PARTS, given["eye"]) | given.get("swap", {})
    stated = {name: eyes.ranges(name) for name in set(files.values())}
    return {
        key: {"low": float(low), "high": float(high), "logarithmic": low > 0 and high > WIDE * low}
        for part in eyes.PARTS
        for key, (low, high) in sorted(stated[files[part]].items())
        if key.split(".")[0] == part and low < high
    }


def draw(
    eye: Mapping[str, Any], ranges: Mapping[str, Range], count: int, seed: int
) -> list[dict[str, float]]:
    """The numbers of ``count`` eyes, by dotted key.

    An eye that contradicts itself, as by a pupil too large for its height, is replaced by one of
    further hypercubes. Raises :class:`CatsightError` if few eyes within the ranges are possible.
    """
    rng, why = np.random.default_rng(seed), ""
    found: list[dict[str, float]] = []
    for _ in range(_CUBES):
        for row in hypercube(count, len(ranges), rng):
            values = {key: _value(one, u) for (key, one), u in zip(ranges.items(), row)}
            try:
                eyes.check(with_values(eye, values), "The drawn eye")
            except CatsightError as error:
                why = str(error)
                continue
            found.append(values)
            if len(found) == count:
                return found
    raise CatsightError(
        f"config: physiology draws hardly any eye that is possible: of {_CUBES * count} only "
        f"{len(found)}; narrow the ranges in the eye's file. {why}"
    )


def hypercube(count: int, numbers: int, rng: np.random.Generator) -> np.ndarray:
    """A Latin hypercube in 0..1, (count, numbers): one value in each stratum of each column."""
    strata = np.stack([rng.permutation(count) for _ in range(numbers)], axis=1)
    return (strata + rng.random((count, numbers))) / count


def with_values(eye: Mapping[str, Any], values: Mapping[str, float]) -> dict[str, Any]:
    """A copy of the ``eye`` with other values of some numbers, by dotted key."""
    changed = copy.deepcopy(dict(eye))
    for key, value in values.items():
        *path, last = key.split(".")
        node = changed
        for one in path:
            node = node[one]
        node[last] = value
    return changed


def _value(within: Range, u: float) -> float:
    """The value at the quantile ``u`` of a range, to six digits: the same on every machine."""
    low, high = within["low"], within["high"]
    if within["logarithmic"]:
        value = low * math.exp(u * math.log(high / low))
    else:
        value = low + u * (high - low)
    return min(max(float(f"{value:.6g}"), low), high)


def _at(eye: Mapping[str, Any], key: str) -> float:
    node: Any = eye
    for one in key.split("."):
        node = node[one]
    return float(node)


def _eye_view(config: Config, views: Mapping[str, View]) -> View:
    """The view that ``physiology.view`` names, which must be an eye's and not the reference."""
    name = config.physiology.view
    others = [one for one, view in views.items() if "eye" in view and one != config.reference]
    if name not in others:
        raise CatsightError(
            f"config: physiology.view is '{name}'{near_miss(str(name), others)}; it may be an "
            f"eye's view other than the reference: {', '.join(others)}"
        )
    return views[name]
