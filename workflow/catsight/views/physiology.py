"""The numbers of an eye: its pupil, its receptors, and the contrast that it transfers."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from catsight.errors import CatsightError
from catsight.inputs import eyes
from catsight.views import acuity, colour, display, opponent, optics, photons, rods, temporal
from catsight.views.acuity import Sense
from catsight.views.bands import band_otf, onto_nodes
from catsight.views.conditions import checked
from catsight.views.pupil import Pupil, pupil

#: cd/m² in which an eye must reach the acuity that it states.
_GOOD_LIGHT = 100.0


class Physiology:
    """The properties of an eye that follow from the numbers of its ``parts``.

    The parts are pupil, acuity, colour, rods and temporal, as :func:`catsight.inputs.eyes.load`
    returns them.
    """

    def __init__(self, parts: Mapping[str, Mapping]) -> None:
        eyes.check(parts, "an eye")
        self.parts = dict(parts)

    def pupil(self, luminance: float) -> Pupil:
        """The pupil, its width and height in mm, when adapted to ``luminance`` (cd/m²)."""
        return pupil(self.parts["pupil"], checked("luminance", luminance))

    @cached_property
    def receptors(self) -> tuple[str, ...]:
        """Names of the kinds of cones, sorted from short to long waves, and "rod"."""
        cones = self.parts["colour"]["cones"]
        middle = {
            name: colour.effective_wavelength(self._sensitivity(name), self._illuminant)
            for name in cones
        }
        return (*sorted(cones, key=lambda name: middle[name]), "rod")

    @cached_property
    def sensitivities(self) -> np.ndarray:
        """Relative sensitivities to quanta at :data:`colour.WAVELENGTHS`, one row each."""
        return np.array([self._sensitivity(name) for name in self.receptors])

    @cached_property
    def catches(self) -> np.ndarray:
        """Catches of linear sRGB by the cones and then the rods, (receptors, 3); rows sum to 1."""
        return colour.catch_matrix(
            self.sensitivities, self.parts["colour"]["reflectances"], self._illuminant
        )

    def colour_map(self, luminance: float, shown: str = "auto") -> np.ndarray:
        """The map (3, 3) on linear sRGB that merges the colours that the eye cannot tell apart.

        It keeps white. ``shown`` is a rendering, one of :data:`catsight.views.display.DISPLAYS`.
        """
        back, channels = self._back_projection(luminance, shown)
        return (back @ self.catches)[channels]

    def quanta(self, luminance: float) -> np.ndarray:
        """Quanta that each receptor counts of a white surface, (receptors,).

        From 1 deg², in the receptor's integration time. The eye is adapted to a scene of
        ``luminance`` cd/m² on average, and white is 1/0.18 times as bright.
        """
        curves, luminance = self.parts["temporal"], checked("luminance", luminance)
        day, night = (temporal.at(curves[sense], luminance)[0] for sense in ("cones", "rods"))
        light = luminance / photons.MEAN_REFLECTANCE * self.pupil(luminance).area
        counted = [
            self._receptor(name)["quantum_efficiency"]
            * (night if name == "rod" else day)
            * colour.quanta(caught, self._illuminant)
            for name, caught in zip(self.receptors, self.sensitivities)
        ]
        return light * np.array(counted)

    def mtf(
        self,
        frequency: ArrayLike,
        orientation: float = 0.0,
        *,
        luminance: float,
        defocus: float = 0.0,
        receptor: str | None = None,
    ) -> np.ndarray:
        """Transfer of contrast, optical and neural, at ``frequency`` c/deg (any shape).

        Negative where contrast is reversed. ``orientation`` is the direction in which the grating
        varies, in degrees: 0 to the right (vertical bars), 90 upwards (horizontal bars). The
        transfer is that of a ``receptor``: the light that it catches, and the detail that its
        nerves carry. By default it is that of the cones together.
        """
        angle = math.radians(checked("orientation", orientation))
        frequency = np.asarray(frequency, dtype=float)
        if not np.isfinite(frequency).all():
            raise CatsightError("frequency must be finite, in c/deg")
        fx, fy = frequency * math.cos(angle), frequency * math.sin(angle)
        if receptor not in (None, *self.receptors):
            raise CatsightError(
                f"the eye has no receptor '{receptor}'; it has {', '.join(self.receptors)}"
            )
        light = self._pooled if receptor is None else self._lights[self.receptors.index(receptor)]
        optical = self._optics(
            self.pupil(luminance), np.abs(frequency), partial(band_otf, fx=fx, fy=fy), light[None],
            checked("defocus", defocus),
        )[0]  # fmt: skip
        kept = np.where(frequency == 0, 1, 1 - self.parts["pupil"]["glare"])
        sense: Sense = "rods" if receptor == "rod" else "cones"
        neural = acuity.neural_mtf(frequency, self._neural_sigma(luminance, 0, sense))
        return kept * optical * neural

    def acuity(self, luminance: float) -> float:
        """The finest grating, in c/deg, that the whole eye in focus passes at a ``luminance``.

        There the transfer of grey falls to :data:`acuity.THRESHOLD`: that of cones and rods, mixed
        by the rods' weight, and the mean of vertical and horizontal bars.
        """
        weight = rods.rod_weight(self.parts["rods"], checked("luminance", luminance))
        limit = max(
            acuity.cutoff(self.parts["acuity"], luminance, 0, sense) for sense in acuity.SENSES
        )
        f = np.geomspace(limit / 50, 1.5 * limit, 300)
        seen = np.zeros_like(f)
        for share, receptor in ((1 - weight, None), (weight, "rod")):
            for angle in (0, 90):
                seen += share / 2 * self.mtf(f, angle, luminance=luminance, receptor=receptor)
        # the first frequency that is lost; beyond it, reversed contrast may pass again
        lost = np.flatnonzero(seen < acuity.THRESHOLD)
        pair = [lost[0], lost[0] - 1] if len(lost) and lost[0] else [-1, -2]
        return float(np.interp(acuity.THRESHOLD, seen[pair], f[pair]))

    def check_acuity(self, name: str) -> None:
        """Raises :class:`CatsightError` if the optics forbid the acuity that the eye states.

        In focus and in good light they must pass :data:`acuity.THRESHOLD` there. ``name`` says
        whose eye it is. An eye with parts of several animals may well fail.
        """
        stated = self.parts["acuity"]["cutoff"]
        luminance = max(_GOOD_LIGHT, self.parts["acuity"]["dim_luminance"])
        f = np.geomspace(stated / 100, stated, 100)
        passed = self._both_ways(luminance, f, self._pooled)
        if passed[-1] >= acuity.THRESHOLD:
            return
        limit = f[max(int(np.argmax(passed < acuity.THRESHOLD)) - 1, 0)]
        raise CatsightError(
            f"{name}: acuity.cutoff is {stated:g} c/deg, but in focus the optics pass no more than "
            f"{limit:.3g} c/deg at {luminance:g} cd/m²; lower the cutoff, or "
            "pupil.residual.dioptres and pupil.chromatic.strength"
        )

    def contrast_sensitivity(
        self, frequency: ArrayLike, luminance: float | None = None
    ) -> np.ndarray:
        """Sensitivity to gratings of ``frequency`` c/deg, at a ``luminance`` or in good light.

        In dim light it moves to lower frequencies as acuity does, that of cones and rods mixed by
        the rods' weight. The noise of the quanta that they count adds to that in good light (Barten
        1999): in the dark sensitivity grows as their square root (de Vries-Rose). These are
        thresholds; they never filter a picture.
        """
        frequency = np.asarray(frequency, dtype=float)
        if not (np.isfinite(frequency) & (frequency >= 0)).all():
            raise CatsightError("frequency must be finite and at least 0, in c/deg")
        part = self.parts["acuity"]
        if luminance is None:
            return acuity.contrast_sensitivity(frequency, part["contrast"])
        night = rods.rod_weight(self.parts["rods"], checked("luminance", luminance))
        counted = photons.MEAN_REFLECTANCE * self.quanta(luminance)
        optics = partial(self._both_ways, luminance, frequency)
        limit = (1 - night) * acuity.cutoff(part, luminance)
        limit += night * acuity.cutoff(part, luminance, 0, "rods")
        left = (1 - night) * counted[:-1].sum() * np.square(optics(self._pooled))
        left += night * counted[-1] * np.square(optics(self._lights[-1]))
        good = acuity.contrast_sensitivity(frequency, part["contrast"], limit / part["cutoff"])
        photons_alone = acuity.photon_limit(frequency, left)
        # the variances of both noises add
        both = np.hypot(good, photons_alone)
        return np.divide(good * photons_alone, both, out=np.zeros_like(both), where=both > 0)

    def flicker_fusion(self, luminance: float) -> float:
        """The critical flicker frequency in Hz of the whole eye at a ``luminance`` (cd/m²).

        There the transfer over time of grey falls to :data:`temporal.FUSION`: that of cones and
        rods, mixed by the rods' weight.
        """
        weight = rods.rod_weight(self.parts["rods"], checked("luminance", luminance))
        day, night = self._responses(luminance)
        f = np.geomspace(0.1, 1000, 2000)
        seen = (1 - weight) * temporal.transfer(f, day) + weight * temporal.transfer(f, night)
        return float(np.interp(-temporal.FUSION, -seen, f))

    # -- the parts together ------------------------------------------------------------------------

    @property
    def _illuminant(self) -> str:
        return self.parts["colour"]["illuminant"]

    def _receptor(self, name: str) -> Mapping[str, Any]:
        if name == "rod":
            return self.parts["rods"]["pigment"]
        return self.parts["colour"]["cones"][name]

    def _sensitivity(self, name: str) -> np.ndarray:
        tapetum = self.parts["rods"]["tapetum"]
        return colour.sensitivity(
            self._receptor(name), self.parts["colour"]["media"], name, tapetum
        )

    def _back_projection(self, luminance: float, shown: str) -> tuple[np.ndarray, np.ndarray]:
        """The map (m, receptors) from catches to m planes, and the plane of each channel, (3,).

        To a dichromat that is ``shown`` in yellow and blue, one plane serves red and green.
        """
        weight = rods.rod_weight(self.parts["rods"], checked("luminance", luminance))
        back = rods.mesopic_mix(display.back_projection(self.catches[:-1], shown), weight)
        planes, channels = np.unique(back, axis=0, return_inverse=True)
        return planes, channels.ravel()

    def _responses(self, luminance: float) -> tuple[temporal.Response, temporal.Response]:
        """The responses of cones and rods over time."""
        day, night = (
            temporal.response(*temporal.at(self.parts["temporal"][sense], luminance))
            for sense in ("cones", "rods")
        )
        return day, night

    @cached_property
    def _lights(self) -> np.ndarray:
        """The light of a white surface that each receptor catches, (receptors, nodes)."""
        return onto_nodes(colour.caught(self.sensitivities, self._illuminant))

    @cached_property
    def _weights(self) -> np.ndarray:
        """The share of each kind of cone in the quanta that all count of white, (cones,)."""
        counted = self.quanta(1.0)[:-1]
        return counted / counted.sum()

    @property
    def _opponent(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The maps from catches to channels and back, and the sense of each channel."""
        cones = len(self.receptors) - 1
        return (
            opponent.into_channels(self._weights),
            opponent.from_channels(cones),
            opponent.senses(cones),
        )

    @property
    def _pooled(self) -> np.ndarray:
        """The light that the cones together catch, (nodes,)."""
        return self._weights @ self._lights[:-1]

    def _optics(
        self,
        size: Pupil,
        radial: np.ndarray,
        aperture: Callable[..., np.ndarray],
        lights: np.ndarray,
        defocus: float,
    ) -> np.ndarray:
        """Transfer (n, ...) of the optics for n ``lights``, at frequencies of length ``radial``."""
        part = self.parts["pupil"]

        def passed(pupil: Pupil, lights: np.ndarray, defocus: float) -> np.ndarray:
            return aperture(pupil, lights=lights, chromatic=part["chromatic"], defocus=defocus)

        return optics.optical_transfer(
            part["residual"], size, radial, passed, lights, self._pooled, defocus
        )

    def _neural_sigma(
        self, luminance: float, eccentricity: float = 0.0, sense: Sense = "cones"
    ) -> float:
        """Standard deviation in degrees of the neural blur, ``eccentricity`` degrees off axis.

        The optics in focus are the mean of those across and along the pupil: a cat
        resolves vertical and horizontal bars alike (Clark & Clark 2013).
        """
        limit = acuity.cutoff(self.parts["acuity"], luminance, eccentricity, sense)
        light = self._lights[-1] if sense == "rods" else self._pooled
        passed = self._both_ways(luminance, np.array([limit]), light)
        return acuity.neural_sigma(limit, float(passed[0]))

    def _both_ways(self, luminance: float, f: np.ndarray, light: np.ndarray) -> np.ndarray:
        """Transfer of the optics in focus at ``f`` c/deg, (n,): mean across and along a slit."""
        upright, none = dataclasses.replace(self.pupil(luminance), tilt=0.0), np.zeros_like(f)
        across, along = (
            self._optics(upright, f, partial(band_otf, fx=fx, fy=fy), light[None], 0.0)[0]
            for fx, fy in ((f, none), (none, f))
        )
        return (across + along) / 2
