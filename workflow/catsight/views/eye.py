"""An eye: four parts that together turn a picture into the picture that the eye delivers."""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from threading import Lock
from typing import NamedTuple

import numpy as np

from catsight.errors import CatsightError
from catsight.inputs import eyes
from catsight.views import acuity, colour, mirror, optics, photons, rods, strips
from catsight.views.depth import blur_by_depth, defocus_map
from catsight.views.pupil import Pupil, pupil

#: What a viewing condition may be: unit, smallest and largest value.
_RANGES = {
    "luminance": ("cd/m²", 1e-6, 1e6),
    "field_of_view": ("degrees", 1e-3, 120),
    "defocus": ("dioptres", -20, 20),
    "focus": ("metres", 0.05, 1e6),
    "orientation": ("degrees", -360, 360),
}
#: Bytes of transfer functions that an eye keeps, so that the next picture of the same size costs
#: only its transforms.
_KEPT = 256_000_000


class _Scene(NamedTuple):
    """What the transfer functions depend on, besides the eye."""

    shape: tuple[int, int]  #: height, width in px
    px_per_degree: float
    luminance: float  #: cd/m²


class Eye:
    """An eye made of the ``parts`` pupil, acuity, colour and rods (their numbers, as
    :func:`catsight.inputs.eyes.load` gives).

    >>> cat = Eye.load("cat")
    >>> slit = cat.pupil(luminance=100)
    >>> round(slit.width, 2), round(slit.height, 2)
    (1.64, 11.5)
    """

    def __init__(self, parts: Mapping[str, Mapping]):
        eyes.check(parts, "an eye")
        self.parts = dict(parts)
        self._kept: OrderedDict[tuple, np.ndarray] = OrderedDict()
        self._lock = Lock()
        self._making: dict[tuple, Lock] = {}

    def __reduce__(self):
        return Eye, (self.parts,)  # neither the locks nor what is kept go to another process

    @classmethod
    def load(cls, name: str) -> "Eye":
        """The eye called ``name`` (cat, dog, human), or in the YAML file at that path."""
        return cls(eyes.load(name))

    def swap(self, other: "Eye", parts: Sequence[str]) -> "Eye":
        """This eye with some ``parts`` of another."""
        if unknown := sorted(set(parts) - set(eyes.PARTS)):
            raise CatsightError(
                f"an eye has no part '{unknown[0]}'; its parts are {', '.join(eyes.PARTS)}"
            )
        return Eye({part: (other if part in parts else self).parts[part] for part in eyes.PARTS})

    # -- what is known of the eye ------------------------------------------------------------------

    def pupil(self, luminance: float) -> Pupil:
        """Width and height of the pupil in mm when adapted to ``luminance`` (cd/m²)."""
        return pupil(self.parts["pupil"], _checked("luminance", luminance))

    @cached_property
    def receptors(self) -> tuple[str, ...]:
        """Names of the kinds of cones, from short to long waves in whatever order they are stated,
        and "rod".
        """
        cones = self.parts["colour"]["cones"]
        middle = {
            name: colour.effective_wavelength(self._sensitivity(name), self._illuminant)
            for name in cones
        }
        return (*sorted(cones, key=lambda name: middle[name]), "rod")

    @cached_property
    def sensitivities(self) -> np.ndarray:
        """Relative quantal sensitivity of each receptor at :data:`colour.WAVELENGTHS`, (receptors,
        wavelengths).
        """
        return np.array([self._sensitivity(name) for name in self.receptors])

    @cached_property
    def catches(self) -> np.ndarray:
        """Catches of linear sRGB by the cones and, last, the rods, (receptors, 3); rows sum to 1."""
        return colour.catch_matrix(
            self.sensitivities, self.parts["colour"]["reflectances"], self._illuminant
        )

    def colour_map(self, luminance: float) -> np.ndarray:
        """The map (3, 3) on linear sRGB that merges what the eye's cones and rods cannot tell
        apart; it keeps white.
        """
        back, channels = self._back_projection(luminance)
        return (back @ self.catches)[channels]

    def quanta(self, luminance: float) -> np.ndarray:
        """Quanta that each receptor counts of a white surface in one deg² while the eye integrates,
        (receptors,).

        The eye is adapted to a scene of ``luminance`` cd/m² on average, and white is 1/0.18 times
        as bright.
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
        frequency,
        orientation: float = 0.0,
        *,
        luminance: float,
        defocus: float = 0.0,
        receptor: str | None = None,
    ) -> np.ndarray:
        """Transfer of contrast, optical and neural, at ``frequency`` c/deg (any shape); negative
        where it is reversed.

        ``orientation`` is the direction in which the grating varies, in degrees: 0 to the right
        (vertical bars), 90 upwards (horizontal bars). For the wavelength that is in focus, or for
        what a ``receptor`` catches.
        """
        angle = math.radians(_checked("orientation", orientation))
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

    def contrast_sensitivity(self, frequency) -> np.ndarray:
        """Sensitivity to gratings of ``frequency`` c/deg in good light: thresholds, never used to
        filter a picture.
        """
        frequency = np.asarray(frequency, dtype=float)
        if not (np.isfinite(frequency) & (frequency >= 0)).all():
            raise CatsightError("frequency must be finite and at least 0, in c/deg")
        return acuity.contrast_sensitivity(frequency, self.parts["acuity"]["contrast"])

    def point_spread(
        self, *, field_of_view: float, px: int, luminance: float, defocus: float = 0.0
    ) -> np.ndarray:
        """What the optics make of a point of light, as the receptors for the longest waves catch
        it; sums to 1.

        ``px`` × ``px`` over ``field_of_view`` degrees, float32, the point in the middle.
        """
        if not (isinstance(px, int | np.integer) and 1 <= px <= 4096):
            raise CatsightError(f"px is {px}; it must be a whole number from 1 to 4096")
        margin = 2 * px  # far from the edges, so that mirror images do not matter
        size = px + 2 * margin
        point = np.zeros((len(self.receptors), size, size), np.float32)
        point[:, size // 2, size // 2] = 1
        scene = _Scene(
            (size, size),
            px / _checked("field_of_view", field_of_view),
            _checked("luminance", luminance),
        )
        longest = len(self.receptors) - 2
        spread = self._filtered(point, "optics", scene, _checked("defocus", defocus))[longest]
        spread = np.maximum(spread[margin:-margin, margin:-margin], 0)
        return spread / spread.sum()

    # -- seeing ------------------------------------------------------------------------------------

    def see(
        self,
        rgb: np.ndarray,
        *,
        field_of_view: float,
        luminance: float,
        defocus: float = 0.0,
        depth: np.ndarray | None = None,
        focus: float | None = None,
        noise: int | Sequence[int] | None = None,
        eccentricity: bool = False,
    ) -> np.ndarray:
        """The picture as this eye delivers it.

        ``rgb`` is uint8 sRGB (h, w, 3); its width spans ``field_of_view`` degrees, taken as even
        over the pixels (a photo's perspective is left out). ``luminance`` is what the eye is
        adapted to (cd/m²). All of the picture is ``defocus`` dioptres out of focus (positive: it
        lies nearer than the eye is focused; negative: farther); with its ``depth`` in metres, (h,
        w), each part by its own distance from what the eye looks at, at ``focus`` metres (as a rule
        what lies in the middle), and ``defocus`` more. With a seed for ``noise`` light is counted
        in whole quanta. With ``eccentricity`` acuity falls off from the middle of the picture,
        where the eye looks.

        Returns uint8 sRGB of the same shape. All is done in linear light and floating point; one
        clip and one rounding come last. Raises :class:`CatsightError` for anything else.
        """
        if not (
            isinstance(rgb, np.ndarray)
            and rgb.dtype == np.uint8
            and rgb.ndim == 3
            and rgb.shape[2] == 3
        ):
            raise CatsightError("a picture must be a uint8 array (height, width, 3) of sRGB values")
        if 0 in rgb.shape:
            raise CatsightError(f"a picture of {rgb.shape[1]} × {rgb.shape[0]} px is empty")
        shape, defocus = rgb.shape[:2], _checked("defocus", defocus)
        px_per_degree = shape[1] / _checked("field_of_view", field_of_view)
        scene = _Scene(shape, px_per_degree, _checked("luminance", luminance))
        focus = None if focus is None else _checked("focus", focus)
        out_of_focus = None if depth is None else self._defocus_map(depth, focus, shape, defocus)
        _check_seed(noise)

        linear = strips.decode(rgb)
        if out_of_focus is None and noise is None and not eccentricity:
            kernel, channels = self._kernel(scene, defocus)
            spectra = strips.mix(
                kernel, mirror.spectra(linear, self._tilted, overwrite=True), overwrite=True
            )
            return strips.encode(mirror.planes(spectra, shape, self._tilted), channels)

        def blur(planes: np.ndarray, dioptres: float) -> np.ndarray:
            return self._filtered(planes, "optics", scene, dioptres)

        catches = strips.mix(self.catches, linear)
        image = (
            blur(catches, defocus)
            if out_of_focus is None
            else blur_by_depth(catches, out_of_focus, blur)
        )
        if noise is not None:
            image = photons.add_photon_noise(
                image, self.quanta(scene.luminance), px_per_degree, noise
            )
        image = (
            self._blended(image, scene) if eccentricity else self._filtered(image, "nerves", scene)
        )
        back, channels = self._back_projection(scene.luminance)
        return strips.encode(strips.mix(back, image), channels)

    # -- the parts together ------------------------------------------------------------------------

    @property
    def _illuminant(self) -> str:
        return self.parts["colour"]["illuminant"]

    def _receptor(self, name: str) -> Mapping:
        return (
            self.parts["rods"]["pigment"] if name == "rod" else self.parts["colour"]["cones"][name]
        )

    def _sensitivity(self, name: str) -> np.ndarray:
        tapetum = self.parts["rods"]["tapetum"]
        return colour.sensitivity(
            self._receptor(name), self.parts["colour"]["media"], name, tapetum
        )

    def _back_projection(self, luminance: float) -> tuple[np.ndarray, np.ndarray]:
        """The map (m, receptors) from catches to m planes, and which of them each of red, green and
        blue is, (3,).

        To a dichromat red and green are the same, and need be worked out once only.
        """
        weight = rods.rod_weight(self.parts["rods"], _checked("luminance", luminance))
        back = rods.mesopic_mix(colour.back_projection(self.catches[:-1]), weight)
        planes, channels = np.unique(back, axis=0, return_inverse=True)
        return planes, channels.ravel()

    def _focus(self, receptor: str | None, defocus: float) -> tuple[float, float]:
        """The wavelength (nm) that a receptor sees by, and the dioptres by which it sees out of
        focus.
        """
        chromatic = self.parts["pupil"]["chromatic"]
        defocus = _checked("defocus", defocus)
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
        limit = acuity.cutoff(self.parts["acuity"], luminance, eccentricity)
        optical = optics.residual_transfer(
            self.parts["pupil"]["residual"], self.pupil(luminance), limit
        )
        return acuity.neural_sigma(limit, float(optical))

    @property
    def _tilted(self) -> bool:
        return self.parts["pupil"].get("tilt", 0) % 90 != 0

    def _transfer(self, stage: str, scene: _Scene, defocus: float) -> np.ndarray:
        """Transfer of each receptor's "optics", or of the "nerves", (receptors or 1, ...) by
        frequency; float32.
        """
        fx, fy = mirror.frequencies(scene.shape, scene.px_per_degree, self._tilted)
        radial = np.hypot(fx[None, :], fy[:, None])
        if stage == "nerves":
            return acuity.neural_mtf(radial, self._neural_sigma(scene.luminance)).astype(
                np.float32
            )[None]
        size, residual = self.pupil(scene.luminance), self.parts["pupil"]["residual"]
        transfer = np.empty((len(self.receptors), *radial.shape), np.float32)
        for i, receptor in enumerate(self.receptors):
            wavelength, dioptres = self._focus(receptor, defocus)
            aperture = partial(optics.aperture_otf_grid, size, fx, fy, wavelength=wavelength)
            transfer[i] = optics.optical_transfer(residual, size, radial, aperture, dioptres)
        return transfer

    def _kernel(self, scene: _Scene, defocus: float) -> tuple[np.ndarray, np.ndarray]:
        """All of the eye as one map: (m, 3, ...) from the spectra of linear sRGB to m planes; which
        is which, (3,).

        To catch, to blur and to project back are linear each; at one frequency they are one small
        matrix.
        """
        back, channels = self._back_projection(scene.luminance)

        def make() -> np.ndarray:
            transfer = self._transfer("optics", scene, defocus)
            transfer *= self._transfer("nerves", scene, defocus)
            kernel = np.zeros((len(back), 3, *transfer.shape[1:]), np.float32)
            for m, c in np.ndindex(kernel.shape[:2]):
                for plane, weight in zip(transfer, back[m] * self.catches[:, c]):
                    kernel[m, c] += np.float32(weight) * plane
            return kernel

        return self._keep(("all", scene, defocus), make), channels

    def _keep(self, key: tuple, make: Callable[[], np.ndarray]) -> np.ndarray:
        """What was made for the ``key`` before, if it was of late. Threads may share an eye."""
        with self._lock:
            making = self._making.setdefault(key, Lock())
        with (
            making
        ):  # one thread makes it, the others wait; those at pictures of another size need not
            with self._lock:
                made = self._kept.get(key)
            if made is None:
                made = make()
            with self._lock:
                self._making.pop(key, None)
                self._kept[key] = made
                self._kept.move_to_end(key)
                while (
                    len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > _KEPT
                ):
                    self._kept.popitem(last=False)
        return made

    def _filtered(
        self, planes: np.ndarray, stage: str, scene: _Scene, defocus: float = 0.0
    ) -> np.ndarray:
        """Planes (receptors, h, w) blurred by one stage of the eye."""
        spectra = mirror.spectra(planes, self._tilted)
        spectra *= self._keep(
            (stage, scene, defocus), lambda: self._transfer(stage, scene, defocus)
        )
        return mirror.planes(spectra, scene.shape, self._tilted)

    def _blended(self, planes: np.ndarray, scene: _Scene) -> np.ndarray:
        """Planes (receptors, h, w) blurred by the nerves, more so the farther from the middle."""
        spectra = mirror.spectra(planes, False)
        fx, fy = mirror.frequencies(scene.shape, scene.px_per_degree, False)
        radial = np.hypot(fx[None, :], fy[:, None])
        y, x = ((np.arange(n) - (n - 1) / 2) / scene.px_per_degree for n in scene.shape)

        def blur(sigma: float) -> np.ndarray:
            return mirror.planes(
                spectra * acuity.neural_mtf(radial, sigma).astype(np.float32), scene.shape, False
            )

        degrees = np.hypot(x[None, :], y[:, None])
        return acuity.blend_by_eccentricity(
            degrees, partial(self._neural_sigma, scene.luminance), blur
        )

    def _defocus_map(
        self, depth: np.ndarray, focus: float | None, shape: tuple[int, int], defocus: float
    ) -> np.ndarray:
        """Dioptres (h, w) by which each pixel is out of focus."""
        depth = np.asarray(depth)
        if depth.shape != shape:
            raise CatsightError(
                f"depth has the shape {depth.shape}; it must have the picture's, {shape}"
            )
        if depth.dtype.kind not in "fiu" or not (depth >= 0.01).all():
            raise CatsightError(
                "depth must be in metres, each value a number of at least 0.01 (infinity is one)"
            )
        if focus is None:
            rows, columns = (slice(n // 2 - n // 16, n // 2 + n // 16 + 1) for n in shape)
            focus = float(np.clip(np.median(depth[rows, columns]), *_RANGES["focus"][1:]))
        dioptres = defocus_map(depth, focus, self.parts["pupil"]["accommodation"])
        return np.clip(dioptres + defocus, *_RANGES["defocus"][1:])


def _checked(name: str, value: float) -> float:
    unit, low, high = _RANGES[name]
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not (real and low <= value <= high):  # NaN is not
        raise CatsightError(
            f"{name} is {value}; it must be a number from {low:g} to {high:g} {unit}"
        )
    return float(value)


def _check_seed(noise: int | Sequence[int] | None) -> None:
    seeds = [] if noise is None else noise if isinstance(noise, Sequence) else [noise]
    if not all(
        isinstance(s, int | np.integer) and not isinstance(s, bool) and s >= 0 for s in seeds
    ):
        raise CatsightError(
            f"noise is {noise}; a seed is a whole number from 0, or a sequence of them"
        )
