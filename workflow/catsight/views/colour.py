"""Colour: from sRGB to receptor catches. :mod:`catsight.views.display` has the way back."""

import math
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from scipy.constants import Planck, speed_of_light
from scipy.optimize import lsq_linear

from catsight.inputs.pictures import SRGB_LINEAR, srgb_encode
from catsight.views.models import model

#: Wavelengths in nm over which catches are integrated: those of the reflectance basis.
WAVELENGTHS = np.arange(400.0, 701.0, 5.0)


def decode_srgb(encoded: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """uint8 sRGB to linear light, float32 in 0..1 (IEC 61966-2-1); written to ``out`` if given."""
    # all codes are in range, so no check; the mode "raise" would buffer the output
    return np.take(_LINEAR, encoded, out=out, mode="clip")


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light to uint8 sRGB (IEC 61966-2-1), clipped to 0..1 and rounded.

    By a table of 2^20 steps, four times as fast as the power. The code is the exact formula's,
    unless the exact value is within 0.002 of the middle between two codes.
    """
    steps = np.multiply(linear, _STEPS, dtype=np.float32)
    np.clip(steps, 0, _STEPS, out=steps)
    return _ENCODED.take(steps.astype(np.int32))


# The tables of both.
_LINEAR = SRGB_LINEAR.astype(np.float32)
_STEPS = 1 << 20
_MIDDLES = np.minimum((np.arange(_STEPS + 1) + 0.5) / _STEPS, 1)
_ENCODED = np.rint(255 * srgb_encode(_MIDDLES)).astype(np.uint8)


def govardovskii2000(wavelength: np.ndarray, peak: float) -> np.ndarray:
    """Absorbance of an A1 visual pigment, alpha and beta band; its maximum is 1.

    ``wavelength`` and ``peak`` are in nm. Govardovskii, Fyhrquist, Reuter, Kuzmin & Donner 2000,
    Vis. Neurosci. 17, 509. Quantal: multiply by wavelength before integrating against energy.
    """

    def absorbance(nm: np.ndarray) -> np.ndarray:
        x = peak / nm
        a = 0.8795 + 0.0459 * math.exp(-((peak - 300) ** 2) / 11940)
        alpha = 1 / (
            np.exp(69.7 * (a - x)) + np.exp(28 * (0.922 - x)) + np.exp(-14.9 * (1.104 - x)) + 0.674
        )
        beta = 0.26 * np.exp(-(((nm - (189 + 0.315 * peak)) / (-40.5 + 0.195 * peak)) ** 2))
        return alpha + beta

    return (
        absorbance(np.asarray(wavelength, dtype=float))
        / absorbance(np.arange(peak - 20, peak + 20, 0.1)).max()
    )


def sensitivity(
    receptor: Mapping, media: Mapping, name: str = "", tapetum: float = 0.0
) -> np.ndarray:
    """Quanta that a receptor catches per quantum at the cornea, at :data:`WAVELENGTHS`.

    Relative: the maximum is 1, before the tapetum raises it. ``receptor`` is either
    ``{tabulated: <a colour-science table of sensitivities to energy>}``, with the column ``name``,
    or a pigment ``{peak}`` behind the ``media``: the transmission times the self-screened
    absorptance ``1 - 10^(-density * absorbance)``. Both state their ``optical_density``. Light that
    passes the receptor is reflected by a ``tapetum`` of that reflectance, and caught on the second
    pass.
    """
    density = receptor["optical_density"]
    if "tabulated" in receptor:
        absorbance = _normalised(_tabulated(receptor["tabulated"], name) / WAVELENGTHS)
        caught = absorbance
    else:
        absorbance = govardovskii2000(WAVELENGTHS, receptor["peak"])
        caught = _normalised(transmission(media) * (1 - 10 ** (-density * absorbance)))
    return caught * tapetum_gain(density, absorbance, tapetum)


def tapetum_gain(density: float, absorbance: np.ndarray, reflectance: float) -> np.ndarray:
    """Factor by which a tapetum raises the catch.

    It reflects that share of the light that the first pass lets through, without further loss.
    """
    return 1 + reflectance * 10 ** (-density * absorbance)


def transmission(media: Mapping) -> np.ndarray:
    """Transmission of cornea and lens at :data:`WAVELENGTHS`."""
    return model(MEDIA, media["model"], "colour.media.model")(media)


def _sigmoid(media: Mapping) -> np.ndarray:
    return media["transmission"] / (
        1 + np.exp(-(WAVELENGTHS - media["half_wavelength"]) / media["width"])
    )


#: The models of cornea and lens.
MEDIA: dict[str, Callable[[Mapping], np.ndarray]] = {
    "none": lambda _: np.ones_like(WAVELENGTHS),
    "sigmoid": _sigmoid,
}


def effective_wavelength(sensitivity: np.ndarray, illuminant: str) -> float:
    """Mean wavelength in nm of the quanta that a receptor catches from a white surface.

    The surface is lit by the ``illuminant``.
    """
    quanta = caught(sensitivity, illuminant)
    return float(quanta @ WAVELENGTHS / quanta.sum())


def caught(sensitivity: np.ndarray, illuminant: str) -> np.ndarray:
    """Quanta that receptors catch of a white surface at :data:`WAVELENGTHS`, relative; same shape.

    ``sensitivity`` is (..., wavelengths), to quanta. The surface is lit by the ``illuminant``.
    """
    return sensitivity * WAVELENGTHS * _illuminant(illuminant)


def quanta(sensitivity: np.ndarray, illuminant: str) -> float:
    """Quanta per second that a receptor catches from 1 deg² of 1 cd/m² through 1 mm² of pupil.

    The light has the spectrum of the ``illuminant``. 1 cd/m² of D65 is about 3.35e6 quanta from 400
    to 700 nm.
    """
    light = _illuminant(illuminant)
    photopic = _tabulated("CIE 1924 Photopic Standard Observer", "")
    step = WAVELENGTHS[1] - WAVELENGTHS[0]
    watts = light / (683 * (light @ photopic) * step)  # per m², sr and nm, for 1 cd/m²
    per_second = watts * WAVELENGTHS * 1e-9 / (Planck * speed_of_light)
    return float(per_second @ sensitivity) * step * 1e-6 * math.radians(1) ** 2


def catch_matrix(
    sensitivities: np.ndarray, reflectances: str = "mallett2019", illuminant: str = "D65"
) -> np.ndarray:
    """The linear map from linear sRGB to receptor catches, (n, 3).

    Rows sum to 1, so every receptor catches 1 of white. ``sensitivities`` is (n, wavelengths).
    ``reflectances`` decides which light an sRGB colour stands for:

    - ``mallett2019``: a reflectance under the ``illuminant``, the sum of three smooth basis spectra
      weighted by R, G and B (Mallett & Yuksel 2019, Spectral Primary Decomposition);
    - ``charts``: the map that best predicts the catches of 78 measured reflectances (three charts
      of colour-science, least squares, elements between 0 and 1), under the ``illuminant``;
    - ``display``: the light of a monitor (the primaries of Brainard 1997, set to the white of
      sRGB).
    """
    sensitivities = np.atleast_2d(sensitivities) * WAVELENGTHS  # quanta to energy
    return model(REFLECTANCES, reflectances, "colour.reflectances")(sensitivities, illuminant)


def _normalised(values: np.ndarray) -> np.ndarray:
    return values / values.max()


def _white_is_one(matrix: np.ndarray) -> np.ndarray:
    return matrix / matrix.sum(axis=1, keepdims=True)


def _of_mallett2019(sensitivities: np.ndarray, illuminant: str) -> np.ndarray:
    return _white_is_one(sensitivities @ (_basis() * _illuminant(illuminant)).T)


def _of_display(sensitivities: np.ndarray, illuminant: str) -> np.ndarray:
    return _white_is_one(sensitivities @ _display().T)


def _of_charts(sensitivities: np.ndarray, illuminant: str) -> np.ndarray:
    from colour import SDS_COLOURCHECKERS, XYZ_to_RGB

    charts = [
        np.interp(WAVELENGTHS, patch.wavelengths, patch.values)
        for chart in ("BabelColor Average", "ColorChecker N Ohta", "PMC")
        for patch in SDS_COLOURCHECKERS[chart].values()
    ]
    patches = np.array([*charts, np.ones_like(WAVELENGTHS)])
    # sRGB colours are those under the white of sRGB, whatever light the eye sees the patches in
    tristimulus = np.array(
        [_tabulated("CIE 1931 2 Degree Standard Observer", f"{c}_bar") for c in "xyz"]
    )
    xyz = patches @ (tristimulus * _illuminant("D65")).T
    rgb = XYZ_to_RGB(xyz / xyz[-1, 1], "sRGB")
    rgb /= rgb[-1]
    catches = patches @ (sensitivities * _illuminant(illuminant)).T
    catches /= catches[-1]
    # fitting the difference from blue keeps white: q - b = R (r - b) + G (g - b)
    fits = [
        lsq_linear(rgb[:, :2] - rgb[:, 2:], caught - rgb[:, 2], bounds=(0, 1)).x
        for caught in catches.T
    ]
    return np.array([[red, green, 1 - red - green] for red, green in fits])


#: From sensitivities to energy, and the illuminant, to the :func:`catch_matrix`.
REFLECTANCES: dict[str, Callable[[np.ndarray, str], np.ndarray]] = {
    "mallett2019": _of_mallett2019,
    "charts": _of_charts,
    "display": _of_display,
}


@cache
def _basis() -> np.ndarray:
    """The reflectances that R, G and B stand for in ``mallett2019``, (3, wavelengths)."""
    from colour.recovery import MSDS_BASIS_FUNCTIONS_sRGB_MALLETT2019 as TABLE

    return np.array(
        [np.interp(WAVELENGTHS, TABLE.wavelengths, column) for column in TABLE.values.T]
    )


@cache
def _display() -> np.ndarray:
    """Spectra of the three primaries of a monitor whose white is that of sRGB, (3, wavelengths)."""
    from colour import MSDS_DISPLAY_PRIMARIES, RGB_COLOURSPACES, xy_to_XYZ

    table = MSDS_DISPLAY_PRIMARIES["Typical CRT Brainard 1997"]
    spectra = np.array(
        [np.interp(WAVELENGTHS, table.wavelengths, column) for column in table.values.T]
    )
    tristimulus = np.array(
        [_tabulated("CIE 1931 2 Degree Standard Observer", f"{c}_bar") for c in "xyz"]
    )
    white = xy_to_XYZ(RGB_COLOURSPACES["sRGB"].whitepoint)
    return spectra * np.linalg.solve(tristimulus @ spectra.T, white)[:, None]


@cache
def _illuminant(name: str) -> np.ndarray:
    """Relative power of a standard illuminant at :data:`WAVELENGTHS`."""
    from colour import SDS_ILLUMINANTS

    table = SDS_ILLUMINANTS[name]
    return np.interp(WAVELENGTHS, table.wavelengths, table.values)


@cache
def _tabulated(table: str, column: str) -> np.ndarray:
    """A column of a colour-science table at :data:`WAVELENGTHS`, 0 where it has no data."""
    from colour import MSDS_CMFS, SDS_LEFS

    if table in SDS_LEFS:
        data = SDS_LEFS[table]
        return np.interp(WAVELENGTHS, data.wavelengths, data.values, left=0, right=0)
    data = MSDS_CMFS[table]
    labels = list(data.labels)
    if column not in labels:  # a cone, by its letter
        labels, column = [label[0] for label in labels], column.lower()
    values = data.values[:, labels.index(column)]
    return np.interp(WAVELENGTHS, data.wavelengths, values, left=0, right=0)
