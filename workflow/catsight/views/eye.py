"""An eye: four parts that together turn a picture into the picture that the eye delivers."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property, partial

import numpy as np
from scipy import fft

from catsight import eyes
from catsight.errors import CatsightError
from catsight.views import acuity, colour, optics, rods
from catsight.views.pupil import Pupil, pupil

#: What a parameter may be: unit, smallest and largest value.
_RANGES = {
    "luminance": ("cd/m²", 1e-6, 1e6),
    "field_of_view": ("degrees", 1e-3, 120),
    "defocus": ("dioptres", -20, 20),
}


class Eye:
    """An eye made of the ``parts`` pupil, acuity, colour and rods (their numbers, as :func:`catsight.eyes.load` gives).

    >>> cat = Eye.load("cat")
    >>> [round(x, 2) for x in cat.pupil(luminance=100)]
    [1.64, 11.5]
    """

    def __init__(self, parts: Mapping[str, Mapping]):
        if unknown := sorted(set(parts) ^ set(eyes.PARTS)):
            raise CatsightError(f"an eye has the parts {', '.join(eyes.PARTS)}; check {', '.join(unknown)}")
        self.parts = dict(parts)

    @classmethod
    def load(cls, name: str) -> "Eye":
        """The eye called ``name`` (cat, human), or in the YAML file at that path."""
        return cls(eyes.load(name))

    def swap(self, other: "Eye", parts: Sequence[str]) -> "Eye":
        """This eye with some ``parts`` of another."""
        if unknown := sorted(set(parts) - set(eyes.PARTS)):
            raise CatsightError(f"an eye has no part '{unknown[0]}'; its parts are {', '.join(eyes.PARTS)}")
        return Eye({part: (other if part in parts else self).parts[part] for part in eyes.PARTS})

    def pupil(self, luminance: float) -> Pupil:
        """Width and height of the pupil in mm when adapted to ``luminance`` (cd/m²)."""
        return pupil(self.parts["pupil"], _checked("luminance", luminance))

    def mtf(self, frequency, orientation: float = 0.0, *, luminance: float, defocus: float = 0.0) -> np.ndarray:
        """Transfer of contrast, optical and neural, at ``frequency`` c/deg (any shape); negative where it is reversed.

        ``orientation`` is the direction in which the grating varies: 0 degrees across the eye (vertical bars), 90 along
        the slit (horizontal bars).
        """
        angle = math.radians(orientation)
        frequency = np.asarray(frequency, dtype=float)
        fx, fy = frequency * math.cos(angle), frequency * math.sin(angle)
        aperture = self.pupil(luminance)
        return self._transfer(aperture, np.abs(frequency), partial(optics.aperture_otf, aperture, fx, fy), defocus)

    def transfer_grid(self, fx: np.ndarray, fy: np.ndarray, *, luminance: float, defocus: float = 0.0) -> np.ndarray:
        """:meth:`mtf` on the grid of the frequency axes ``fx`` (w,) and ``fy`` (h,) in c/deg, rising from 0; (h, w)."""
        aperture = self.pupil(luminance)
        radial = np.hypot(fx[None, :], fy[:, None])
        return self._transfer(aperture, radial, partial(optics.aperture_otf_grid, aperture, fx, fy), defocus)

    def colour_map(self, luminance: float) -> np.ndarray:
        """The map (3, 3) on linear sRGB that merges what the eye's cones and rods cannot tell apart; it keeps white."""
        weight = rods.rod_weight(self.parts["rods"], _checked("luminance", luminance))
        return rods.mesopic_mix(colour.metamer_projection(self.cone_catches), self.rod_catch, weight)

    @cached_property
    def cone_catches(self) -> np.ndarray:
        """Catches of linear sRGB by the cones, (cones, 3); rows sum to 1."""
        part = self.parts["colour"]
        sensitivities = [colour.sensitivity(cone, part["media"], name) for name, cone in part["cones"].items()]
        return colour.catch_matrix(np.array(sensitivities), part["reflectances"], part["illuminant"])

    @cached_property
    def rod_catch(self) -> np.ndarray:
        """Catch of linear sRGB by the rods, (3,); sums to 1."""
        part = self.parts["colour"]
        sensitivity = colour.sensitivity(self.parts["rods"]["pigment"], part["media"])
        return colour.catch_matrix(sensitivity, part["reflectances"], part["illuminant"])[0]

    def see(self, rgb: np.ndarray, *, field_of_view: float, luminance: float, defocus: float = 0.0) -> np.ndarray:
        """The picture as this eye delivers it.

        ``rgb`` is uint8 sRGB (h, w, 3); its width spans ``field_of_view`` degrees. ``luminance`` is what the eye is
        adapted to (cd/m²); ``defocus`` is in dioptres. Returns uint8 sRGB of the same shape. All is done in linear
        light and floating point; one clip and one rounding come last. Raises :class:`CatsightError` for anything else.
        """
        if not (isinstance(rgb, np.ndarray) and rgb.dtype == np.uint8 and rgb.ndim == 3 and rgb.shape[2] == 3):
            raise CatsightError("a picture must be a uint8 array (height, width, 3) of sRGB values")
        if 0 in rgb.shape:
            raise CatsightError(f"a picture of {rgb.shape[1]} × {rgb.shape[0]} px is empty")
        height, width = rgb.shape[:2]
        px_per_degree = width / _checked("field_of_view", field_of_view)
        linear = colour.decode_srgb(rgb) @ self.colour_map(luminance).T.astype(np.float32)
        # The cosine transform continues a picture by its mirror image: reflected edges, without padding or wrap-around.
        # Its k-th frequency is k/2 cycles per picture.
        fx, fy = (np.arange(n) * px_per_degree / (2 * n) for n in (width, height))
        transfer = self.transfer_grid(fx, fy, luminance=luminance, defocus=defocus).astype(np.float32)
        filtered = np.stack([_filter(linear[..., channel], transfer) for channel in range(3)], axis=-1)
        return colour.encode_srgb(filtered)

    def _transfer(self, size: Pupil, radial: np.ndarray, aperture, defocus: float) -> np.ndarray:
        residual = self.parts["pupil"]["residual"]
        optical = optics.optical_transfer(residual, size, radial, aperture, _checked("defocus", defocus))
        sigma = acuity.neural_sigma(self.parts["acuity"]["cutoff"], optics.residual_half(residual, size))
        return optical * acuity.neural_mtf(radial, sigma)


def _filter(channel: np.ndarray, transfer: np.ndarray) -> np.ndarray:
    return fft.idctn(fft.dctn(channel, type=2) * transfer, type=2)


def _checked(name: str, value: float) -> float:
    unit, low, high = _RANGES[name]
    if not (isinstance(value, int | float | np.number) and math.isfinite(value) and low <= value <= high):
        raise CatsightError(f"{name} is {value}; it must be a number from {low:g} to {high:g} {unit}")
    return float(value)
