"""An eye: four parts that together turn a picture into the picture that the eye delivers."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from catsight.errors import CatsightError
from catsight.inputs import eyes
from catsight.views import acuity, mirror, opponent, photons, strips
from catsight.views.bands import band_otf_grid
from catsight.views.conditions import RANGES, check_seed, checked
from catsight.views.depth import blur_by_depth, defocus_map
from catsight.views.kernels import Kernels
from catsight.views.physiology import Physiology


class _Scene(NamedTuple):
    """The picture and conditions that the transfer functions depend on, besides the eye."""

    shape: tuple[int, int]  #: height, width in px
    px_per_degree: float
    luminance: float  #: cd/m²


class Eye(Physiology):
    """An eye made of the ``parts`` pupil, acuity, colour and rods.

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
        pupil, sharpness, colour, rods = (self.parts[part] for part in eyes.PARTS)
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
    ) -> np.ndarray:
        """The picture as this eye delivers it, uint8 sRGB of the same shape.

        - ``rgb``: uint8 sRGB (h, w, 3).
        - ``field_of_view``: degrees that its width spans, taken as even over the pixels (a photo's
          perspective is left out).
        - ``luminance``: cd/m² that the eye is adapted to.
        - ``defocus``: dioptres by which the whole picture is out of focus. Positive: it lies nearer
          than the eye is focused; negative: farther.
        - ``depth``: distance of each pixel in metres, (h, w). Each part of the picture is then
          blurred by its own distance from the plane in focus, with ``defocus`` added.
        - ``focus``: distance in metres of that plane; by default the distance of the middle.
        - ``noise``: a seed, or a sequence of seeds; light is then counted in whole quanta.
        - ``eccentricity``: whether acuity falls off from the middle of the picture, where the eye
          looks.

        All steps are in linear light and floating point; one clip and one rounding come last.
        Raises :class:`CatsightError` for an argument of another kind or out of range.
        """
        _check_picture(rgb)
        shape, defocus = rgb.shape[:2], checked("defocus", defocus)
        px_per_degree = shape[1] / checked("field_of_view", field_of_view)
        scene = _Scene(shape, px_per_degree, checked("luminance", luminance))
        focus = None if focus is None else checked("focus", focus)
        out_of_focus = None if depth is None else self._defocus_map(depth, focus, shape, defocus)
        check_seed(noise)

        linear = strips.decode(rgb)
        if out_of_focus is None and noise is None and not eccentricity:
            return self._seen_at_once(linear, scene, defocus)

        image = strips.mix(self.catches, linear)
        if out_of_focus is None:
            image = self._focused(image, scene, defocus)
        else:
            image = blur_by_depth(
                image, out_of_focus, lambda planes, dioptres: self._focused(planes, scene, dioptres)
            )
        if noise is not None:
            quanta = self.quanta(scene.luminance)
            image = photons.add_photon_noise(image, quanta, px_per_degree, noise)
        image = self._carried(image, scene, eccentricity)
        back, channels = self._back_projection(scene.luminance)
        return strips.encode(strips.mix(back, image), channels)

    # -- the steps of seeing -----------------------------------------------------------------------

    def _seen_at_once(self, linear: np.ndarray, scene: _Scene, defocus: float) -> np.ndarray:
        """The whole eye as one linear map for each frequency; ``linear`` is overwritten."""
        kernel, channels = self._kernel(scene, defocus)
        spectra = mirror.spectra(linear, self._tilted, overwrite=True)
        seen = strips.mix(kernel, spectra, overwrite=True)
        return strips.encode(mirror.planes(seen, scene.shape, self._tilted), channels)

    def _kernel(self, scene: _Scene, defocus: float) -> tuple[np.ndarray, np.ndarray]:
        """The whole eye as one map (m, 3, ...) from the spectra of linear sRGB to m planes.

        Also returns the plane of each channel, (3,). Catching, blurring and projecting back are
        linear, so at each frequency they are one small matrix.
        """
        back, channels = self._back_projection(scene.luminance)
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

    def _carried(self, planes: np.ndarray, scene: _Scene, eccentricity: bool) -> np.ndarray:
        """Planes (receptors, h, w) of catches as the nerves carry them.

        With ``eccentricity`` the blur increases away from the middle.
        """
        into, out, senses = self._opponent
        channels = strips.mix(into, planes)
        if eccentricity:
            for i, sense in enumerate(acuity.SENSES):
                on = senses == i
                channels[on] = self._blurred_by_eccentricity(channels[on], scene, sense)
        else:
            spectra = mirror.spectra(channels, self._tilted)
            neural = self._kernels.get(("nerves", scene), lambda: self._neural_transfer(scene))
            for plane, sense in zip(spectra, senses):
                plane *= neural[sense]
            channels = mirror.planes(spectra, scene.shape, self._tilted)
        return strips.mix(out, channels)

    @property
    def _opponent(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The maps from catches to channels and back, and the sense of each channel."""
        cones = len(self.receptors) - 1
        return (
            opponent.into_channels(self._weights),
            opponent.from_channels(cones),
            opponent.senses(cones),
        )

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

    def _blurred_by_eccentricity(
        self, planes: np.ndarray, scene: _Scene, sense: acuity.Sense
    ) -> np.ndarray:
        """Planes (n, h, w) blurred by the nerves, increasingly away from the middle."""
        spectra = mirror.spectra(planes, False)
        fx, fy = mirror.frequencies(scene.shape, scene.px_per_degree, False)
        radial = np.hypot(fx[None, :], fy[:, None])
        y, x = ((np.arange(n) - (n - 1) / 2) / scene.px_per_degree for n in scene.shape)

        def blur(sigma: float) -> np.ndarray:
            transfer = acuity.neural_mtf(radial, sigma).astype(np.float32)
            return mirror.planes(spectra * transfer, scene.shape, False)

        degrees = np.hypot(x[None, :], y[:, None])
        return acuity.blend_by_eccentricity(
            degrees, partial(self._neural_sigma, scene.luminance, sense=sense), blur
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
                "depth must be in metres, each value a number of at least 0.01 (or infinity)"
            )
        if focus is None:
            rows, columns = (slice(n // 2 - n // 16, n // 2 + n // 16 + 1) for n in shape)
            focus = float(np.clip(np.median(depth[rows, columns]), *RANGES["focus"][1:]))
        dioptres = defocus_map(depth, focus, self.parts["pupil"]["accommodation"])
        return np.clip(dioptres + defocus, *RANGES["defocus"][1:])


def _check_picture(rgb: np.ndarray) -> None:
    if not (
        isinstance(rgb, np.ndarray)
        and rgb.dtype == np.uint8
        and rgb.ndim == 3
        and rgb.shape[2] == 3
    ):
        raise CatsightError("a picture must be a uint8 array (height, width, 3) of sRGB values")
    if 0 in rgb.shape:
        raise CatsightError(f"a picture of {rgb.shape[1]} × {rgb.shape[0]} px is empty")
