"""An eye: five parts that together turn a picture into the picture that the eye delivers."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from catsight.errors import CatsightError
from catsight.inputs import eyes
from catsight.views import (
    acuity,
    camera,
    conditions,
    mirror,
    optics,
    photons,
    rods,
    strips,
    temporal,
)
from catsight.views.bands import band_otf_grid
from catsight.views.conditions import checked
from catsight.views.depth import blur_by_depth, out_of_focus
from catsight.views.kernels import Kernels
from catsight.views.physiology import Physiology

#: A picture of the past with a smaller weight is left out: white would add 0.3 codes to black.
_FAINT = 1e-4
#: Seconds that a picture has been shown when it is seen, unless those before were shorter.
_SHOWN = 1 / 24


class _Scene(NamedTuple):
    """The picture and conditions that the transfer functions depend on, besides the eye."""

    shape: tuple[int, int]  #: height, width in px
    px_per_degree: float
    luminance: float  #: cd/m²
    display: str = "auto"  #: the rendering of what two kinds of cones see


class Eye(Physiology):
    """An eye made of the ``parts`` pupil, acuity, colour, rods and temporal.

    :func:`catsight.inputs.eyes.load` returns such parts.

    >>> cat = Eye.load("cat")
    >>> cat
    <Eye: pupil vesica, acuity 6 c/deg, cones S L, tapetum 0.4>
    >>> slit = cat.pupil(luminance=100)
    >>> round(slit.width, 2), round(slit.height, 2)
    (1.64, 11.5)
    """

    def __init__(self, parts: Mapping[str, Mapping]) -> None:
        super().__init__(parts)
        # kept, so that the next picture of the same size costs only its transforms
        self._kernels = Kernels()

    def __reduce__(self) -> tuple[Any, ...]:
        return Eye, (self.parts,)  # another process gets neither the locks nor the kernels

    @classmethod
    def load(cls, name: str) -> "Eye":
        """The eye called ``name``, such as cat, or in the YAML file at that path.

        Raises :class:`CatsightError` for an unknown eye, for numbers that are not valid, and for an
        acuity that the eye's optics forbid.
        """
        eye = cls(eyes.load(name))
        eye.check_acuity(name)
        return eye

    def __repr__(self) -> str:
        pupil, sharpness, colour, rods, _ = (self.parts[part] for part in eyes.PARTS)
        return (
            f"<Eye: pupil {pupil['shape']}, acuity {sharpness['cutoff']:g} c/deg, "
            f"cones {' '.join(colour['cones'])}, tapetum {rods['tapetum']:g}>"
        )

    def swap(self, other: "Eye", parts: str | Sequence[str]) -> "Eye":
        """This eye with one or several ``parts`` of another."""
        if isinstance(parts, str):
            parts = [parts]
        if unknown := sorted(set(parts) - set(eyes.PARTS)):
            raise CatsightError(
                f"an eye has no part '{unknown[0]}'; its parts are {', '.join(eyes.PARTS)}"
            )
        return Eye({part: (other if part in parts else self).parts[part] for part in eyes.PARTS})

    def point_spread(
        self, *, field_of_view: float, px: int, luminance: float, defocus: float = 0.0
    ) -> np.ndarray:
        """The point spread function of the optics, for the receptors of the longest waves.

        ``px`` × ``px`` over ``field_of_view`` degrees, float32, the point in the middle; sums to 1.
        """
        if not (isinstance(px, int | np.integer) and 1 <= px <= 4096):
            raise CatsightError(f"px is {px}; it must be a whole number from 1 to 4096")
        margin = 2 * px  # far from the edges, so that mirror images do not matter
        size = px + 2 * margin
        point = np.zeros((len(self.receptors), size, size), np.float32)
        point[:, size // 2, size // 2] = 1
        scene = _Scene(
            (size, size),
            px / checked("field_of_view", field_of_view),
            checked("luminance", luminance),
        )
        longest = len(self.receptors) - 2
        spread = self._focused(point, scene, checked("defocus", defocus))[longest]
        spread = np.maximum(spread[margin:-margin, margin:-margin], 0)
        return spread / spread.sum()

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
        gaze: tuple[float, float] = conditions.MIDDLE,
        perspective: bool = False,
        past: Sequence[tuple[float, np.ndarray]] = (),
        display: str = "auto",
    ) -> np.ndarray:
        """The picture as this eye delivers it, uint8 sRGB of the same shape.

        - ``rgb``: uint8 sRGB (h, w, 3), whose width spans ``field_of_view`` degrees.
        - ``luminance``: cd/m² that the eye is adapted to.
        - ``defocus``: dioptres by which it is out of focus; positive if nearer than the focus.
        - ``depth``: each pixel's distance in metres, (h, w), to which ``defocus`` is added.
          ``focus``: the distance in focus; by default the one at the gaze.
        - ``noise``: a seed, or a sequence of seeds; light is then counted in whole quanta.
        - ``eccentricity``: whether acuity falls off from the ``gaze``, fractions of width and
          height from the upper left.
        - ``perspective``: whether it is a camera's picture, whose pixels become degrees exactly
          (:class:`camera.Lens`). Otherwise degrees are even over the pixels.
        - ``past``: pictures of the same shape that were shown before, each with the seconds before
          this one at which it appeared. This one has been shown as long as the one before, but at
          most 1/24 s.
        - ``display``: the colours that show what two kinds of cones tell apart, one of
          :data:`catsight.views.display.DISPLAYS`; it changes no picture of another eye.

        All steps are in linear light and floating point; one clip and one rounding come last.
        Raises :class:`CatsightError` for an argument of another kind or out of range.
        """
        conditions.check_picture(rgb)
        conditions.check_seed(noise)
        gaze, defocus = conditions.check_gaze(gaze), checked("defocus", defocus)
        focus = None if focus is None else checked("focus", focus)
        at = camera.lens if perspective else camera.flat
        lens = at(rgb.shape[:2], checked("field_of_view", field_of_view), gaze)
        blur: float | np.ndarray = defocus
        if depth is not None:
            near = self.parts["pupil"]["accommodation"]
            dioptres = out_of_focus(depth, rgb.shape[:2], focus, gaze, near, defocus)
            blur = lens.onto_grid(dioptres[None], order=0)[0]
        luminance = checked("luminance", luminance)

        light = self._caught_over_time(rgb, past, luminance) if past else strips.decode(rgb)
        light = lens.onto_grid(optics.veil(light, self.parts["pupil"]["glare"]))
        scene = _Scene(light.shape[1:], lens.px_per_degree, luminance, display)
        if past or isinstance(blur, np.ndarray) or noise is not None or eccentricity:
            caught = light if past else strips.mix(self.catches, light)
            planes, channels = self._seen_in_steps(caught, scene, blur, noise, lens, eccentricity)
        else:
            planes, channels = self._seen_at_once(light, scene, blur)
        return strips.encode(lens.onto_pixels(planes), channels)

    # -- the steps of seeing -----------------------------------------------------------------------

    def _seen_at_once(
        self, linear: np.ndarray, scene: _Scene, defocus: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """The whole eye as one linear map for each frequency; ``linear`` is overwritten.

        Returns the seen planes (m, h, w) of linear sRGB, and the plane of each channel, (3,).
        """
        kernel, channels = self._kernel(scene, defocus)
        spectra = mirror.spectra(linear, self._tilted, overwrite=True)
        seen = strips.mix(kernel, spectra, overwrite=True)
        return mirror.planes(seen, scene.shape, self._tilted), channels

    def _seen_in_steps(
        self,
        caught: np.ndarray,
        scene: _Scene,
        defocus: float | np.ndarray,
        noise: int | Sequence[int] | None,
        lens: camera.Lens,
        eccentricity: bool,
    ) -> tuple[np.ndarray, np.ndarray]:
        """As :meth:`_seen_at_once`, from planes (receptors, h, w) of the light that is caught.

        ``defocus`` may be a map (h, w).
        """
        if isinstance(defocus, np.ndarray):
            image = blur_by_depth(
                caught, defocus, lambda planes, dioptres: self._focused(planes, scene, dioptres)
            )
        else:
            image = self._focused(caught, scene, defocus)
        if noise is not None:
            image = photons.of_pixels(image, self.quanta(scene.luminance), lens, noise)
        image = self._carried(image, scene, lens.sight if eccentricity else None)
        back, channels = self._back_projection(scene.luminance, scene.display)
        return strips.mix(back, image), channels

    def _caught_over_time(
        self, rgb: np.ndarray, past: Sequence[tuple[float, np.ndarray]], luminance: float
    ) -> np.ndarray:
        """Planes (receptors, h, w) of light, summed over the picture and those of its ``past``."""
        ago, before = conditions.check_past(past, rgb.shape)
        shown = min(ago[0], _SHOWN)
        ages = [shown, *(shown + one for one in ago)]  # the latest first
        day, night = (temporal.weights(ages, response) for response in self._responses(luminance))
        dark = rods.rod_weight(self.parts["rods"], luminance)
        seen = (1 - dark) * day + dark * night > _FAINT
        total = np.zeros((len(self.receptors), *rgb.shape[:2]), np.float32)
        for i in np.flatnonzero(seen):
            caught = strips.mix(self.catches, strips.decode(rgb if i == 0 else before[i - 1]))
            total[:-1] += np.float32(day[i] / day[seen].sum()) * caught[:-1]
            total[-1] += np.float32(night[i] / night[seen].sum()) * caught[-1]
        return total

    def _kernel(self, scene: _Scene, defocus: float) -> tuple[np.ndarray, np.ndarray]:
        """The whole eye as one map (m, 3, ...) from the spectra of linear sRGB to m planes.

        Also returns the plane of each channel, (3,). Catching, blurring and projecting back are
        linear, so at each frequency they are one small matrix.
        """
        back, channels = self._back_projection(scene.luminance, scene.display)
        into, out, senses = self._opponent

        def make() -> np.ndarray:
            optical = self._optical_transfer(scene, defocus)
            neural = self._neural_transfer(scene)
            kernel = np.zeros((len(back), 3, *optical.shape[1:]), np.float32)
            for sense, receptor in np.ndindex(len(neural), len(optical)):
                on = senses == sense
                weights = np.outer((back @ out)[:, on] @ into[on, receptor], self.catches[receptor])
                if weights.any():
                    passed = neural[sense] * optical[receptor]
                    for m, c in np.ndindex(weights.shape):
                        kernel[m, c] += np.float32(weights[m, c]) * passed
            return kernel

        return self._kernels.get(("all", scene, defocus), make), channels

    def _focused(self, planes: np.ndarray, scene: _Scene, defocus: float) -> np.ndarray:
        """Planes (receptors, h, w) of light as the optics deliver them to each receptor."""
        spectra = mirror.spectra(planes, self._tilted)
        spectra *= self._kernels.get(
            ("optics", scene, defocus), lambda: self._optical_transfer(scene, defocus)
        )
        return mirror.planes(spectra, scene.shape, self._tilted)

    def _carried(
        self, planes: np.ndarray, scene: _Scene, sight: tuple[float, float] | None
    ) -> np.ndarray:
        """Planes (receptors, h, w) of catches as the nerves carry them.

        With a line of ``sight`` (row, column) the blur increases away from it.
        """
        into, out, senses = self._opponent
        channels = strips.mix(into, planes)
        if sight:
            for i, sense in enumerate(acuity.SENSES):
                on = senses == i
                channels[on] = acuity.blur_by_eccentricity(
                    channels[on],
                    scene.px_per_degree,
                    sight,
                    self.parts["acuity"]["streak"],
                    partial(self._neural_sigma, scene.luminance, sense=sense),
                )
        else:
            spectra = mirror.spectra(channels, self._tilted)
            neural = self._kernels.get(("nerves", scene), lambda: self._neural_transfer(scene))
            for plane, sense in zip(spectra, senses):
                plane *= neural[sense]
            channels = mirror.planes(spectra, scene.shape, self._tilted)
        return strips.mix(out, channels)

    def _optical_transfer(self, scene: _Scene, defocus: float) -> np.ndarray:
        """Transfer of the optics by frequency, float32 (receptors, ...)."""
        fx, fy = mirror.frequencies(scene.shape, scene.px_per_degree, self._tilted)
        radial = np.hypot(fx[None, :], fy[:, None])
        aperture = partial(band_otf_grid, fx=fx, fy=fy)
        size = self.pupil(scene.luminance)
        return self._optics(size, radial, aperture, self._lights, defocus).astype(np.float32)

    def _neural_transfer(self, scene: _Scene) -> np.ndarray:
        """Transfer of the nerves by frequency, float32 (senses, ...)."""
        fx, fy = mirror.frequencies(scene.shape, scene.px_per_degree, self._tilted)
        radial = np.hypot(fx[None, :], fy[:, None])
        return np.array(
            [
                acuity.neural_mtf(radial, self._neural_sigma(scene.luminance, 0, sense))
                for sense in acuity.SENSES
            ],
            np.float32,
        )

    @property
    def _tilted(self) -> bool:
        return self.parts["pupil"].get("tilt", 0) % 90 != 0
