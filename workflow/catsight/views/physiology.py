"""The numbers of an eye: its pupil, its receptors, and the contrast that it transfers."""

import math
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from catsight.errors import CatsightError
from catsight.inputs import eyes
from catsight.views import acuity, colour, optics, photons, rods
from catsight.views.conditions import checked
from catsight.views.pupil import Pupil, pupil


class Physiology:
    """The properties of an eye that follow from the numbers of its ``parts``.

    The parts are pupil, acuity, colour and rods, as :func:`catsight.inputs.eyes.load` returns them.
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

    def colour_map(self, luminance: float) -> np.ndarray:
        """The map (3, 3) on linear sRGB that merges the colours that the eye cannot tell apart.

        It keeps white.
        """
        back, channels = self._back_projection(luminance)
        return (back @ self.catches)[channels]

    def quanta(self, luminance: float) -> np.ndarray:
        """Quanta that each receptor counts of a white surface, (receptors,).

        From 1 deg², in the receptor's integration time. The eye is adapted to a scene of
        ``luminance`` cd/m² on average, and white is 1/0.18 times as bright.
        """
        day, night = (self.parts[part]["integration_time"] for part in ("colour", "rods"))
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
        transfer is that of the wavelength in focus, or of the light that a ``receptor`` catches.
        """
        angle = math.radians(checked("orientation", orientation))
        frequency = np.asarray(frequency, dtype=float)
        if not np.isfinite(frequency).all():
            raise CatsightError("frequency must be finite, in c/deg")
        fx, fy = frequency * math.cos(angle), frequency * math.sin(angle)
        size = self.pupil(luminance)
        wavelength, dioptres = self._focus(receptor, defocus)
        aperture = partial(optics.aperture_otf, size, fx, fy, wavelength=wavelength)
        optical = optics.optical_transfer(
            self.parts["pupil"]["residual"], size, np.abs(frequency), aperture, dioptres
        )
        return optical * acuity.neural_mtf(frequency, self._neural_sigma(luminance))

    def contrast_sensitivity(self, frequency: ArrayLike) -> np.ndarray:
        """Sensitivity to gratings of ``frequency`` c/deg in good light.

        These are thresholds; they never filter a picture.
        """
        frequency = np.asarray(frequency, dtype=float)
        if not (np.isfinite(frequency) & (frequency >= 0)).all():
            raise CatsightError("frequency must be finite and at least 0, in c/deg")
        return acuity.contrast_sensitivity(frequency, self.parts["acuity"]["contrast"])

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

    def _back_projection(self, luminance: float) -> tuple[np.ndarray, np.ndarray]:
        """The map (m, receptors) from catches to m planes, and the plane of each channel, (3,).

        To a dichromat red and green are the same, so one plane serves both.
        """
        weight = rods.rod_weight(self.parts["rods"], checked("luminance", luminance))
        back = rods.mesopic_mix(colour.back_projection(self.catches[:-1]), weight)
        planes, channels = np.unique(back, axis=0, return_inverse=True)
        return planes, channels.ravel()

    def _focus(self, receptor: str | None, defocus: float) -> tuple[float, float]:
        """The wavelength (nm) of the light that a receptor catches, and its defocus (dioptres)."""
        chromatic = self.parts["pupil"]["chromatic"]
        defocus = checked("defocus", defocus)
        if receptor is None:
            return chromatic["focus"], defocus
        if receptor not in self.receptors:
            raise CatsightError(
                f"the eye has no receptor '{receptor}'; it has {', '.join(self.receptors)}"
            )
        caught = self.sensitivities[self.receptors.index(receptor)]
        wavelength = colour.effective_wavelength(caught, self._illuminant)
        return wavelength, defocus + optics.chromatic_defocus(
            wavelength, chromatic["strength"], chromatic["focus"]
        )

    def _neural_sigma(self, luminance: float, eccentricity: float = 0.0) -> float:
        """Standard deviation in degrees of the neural blur, ``eccentricity`` degrees off axis."""
        limit = acuity.cutoff(self.parts["acuity"], luminance, eccentricity)
        optical = optics.residual_transfer(
            self.parts["pupil"]["residual"], self.pupil(luminance), limit
        )
        return acuity.neural_sigma(limit, float(optical))
