"""Colour: from sRGB to receptor catches, and back to an sRGB in which what an eye confuses is the same."""

import math
from functools import cache

import numpy as np

#: Wavelengths in nm over which catches are integrated. Outside, the reflectance basis carries no information.
WAVELENGTHS = np.arange(400.0, 701.0, 5.0)


def decode_srgb(encoded: np.ndarray) -> np.ndarray:
    """uint8 sRGB to linear light, float32 in 0..1 (IEC 61966-2-1)."""
    return _LINEAR[encoded]


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light to uint8 sRGB: the one clip to 0..1 and the one rounding (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4) - 0.055)
    return np.rint(255 * encoded).astype(np.uint8)


_CODES = np.arange(256) / 255
_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)


def govardovskii2000(wavelength: np.ndarray, peak: float) -> np.ndarray:
    """Absorbance of an A1 visual pigment, alpha and beta band, largest value 1; ``wavelength`` and ``peak`` in nm.

    Govardovskii, Fyhrquist, Reuter, Kuzmin & Donner 2000, Vis. Neurosci. 17, 509. Quantal: multiply by wavelength
    before integrating against energy.
    """

    def absorbance(nm):
        x = peak / nm
        a = 0.8795 + 0.0459 * math.exp(-((peak - 300) ** 2) / 11940)
        alpha = 1 / (np.exp(69.7 * (a - x)) + np.exp(28 * (0.922 - x)) + np.exp(-14.9 * (1.104 - x)) + 0.674)
        beta = 0.26 * np.exp(-(((nm - (189 + 0.315 * peak)) / (-40.5 + 0.195 * peak)) ** 2))
        return alpha + beta

    return absorbance(np.asarray(wavelength, dtype=float)) / absorbance(np.arange(peak - 20, peak + 20, 0.1)).max()


def sensitivity(receptor: dict, media: dict, name: str = "") -> np.ndarray:
    """A receptor's sensitivity to energy at the cornea, at :data:`WAVELENGTHS`; arbitrary scale.

    ``receptor`` is ``{tabulated: <a colour-science table>}`` (of which column ``name`` is taken), or a pigment
    ``{peak, optical_density}`` behind the ``media``: self-screened absorptance ``1 - 10^(-density * absorbance)``,
    times the transmission, times wavelength (quanta to energy).
    """
    if "tabulated" in receptor:
        return _tabulated(receptor["tabulated"], name)
    absorbance = govardovskii2000(WAVELENGTHS, receptor["peak"])
    absorptance = 1 - 10 ** (-receptor["optical_density"] * absorbance)
    return transmission(media) * absorptance * WAVELENGTHS


def transmission(media: dict) -> np.ndarray:
    """Transmission of cornea and lens at :data:`WAVELENGTHS`."""
    if media["model"] == "none":
        return np.ones_like(WAVELENGTHS)
    return media["transmission"] / (1 + np.exp(-(WAVELENGTHS - media["half_wavelength"]) / media["width"]))


def catch_matrix(sensitivities: np.ndarray, reflectances: str = "mallett2019", illuminant: str = "D65") -> np.ndarray:
    """The linear map from linear sRGB to receptor catches, (n, 3); rows sum to 1, so white gives 1 everywhere.

    ``sensitivities`` is (n, wavelengths). An sRGB colour is taken for a reflectance, the sum of three smooth basis
    spectra weighted by R, G and B (Mallett & Yuksel 2019, Spectral Primary Decomposition), under the ``illuminant``.
    """
    light = _basis(reflectances) * _illuminant(illuminant)
    matrix = np.atleast_2d(sensitivities) @ light.T
    return matrix / matrix.sum(axis=1, keepdims=True)


def metamer_projection(catches: np.ndarray) -> np.ndarray:
    """The linear map (3, 3) on linear sRGB that makes all colours with the same ``catches`` (n, 3) the same colour.

    Three receptors or more tell all sRGB colours apart: the identity. Two: the colour (y, y, b) with the same two
    catches, a projection (V V = V) that keeps white and changes no catch (M V = M). One: grey.
    """
    receptors = len(catches)
    if receptors >= 3:
        return np.eye(3)
    shown = np.array([[1.0, 0], [1, 0], [0, 1]]) if receptors == 2 else np.ones((3, 1))
    return shown @ np.linalg.solve(catches @ shown, catches)


@cache
def _basis(name: str) -> np.ndarray:
    from colour.recovery import MSDS_BASIS_FUNCTIONS_sRGB_MALLETT2019

    if name != "mallett2019":
        raise ValueError(f"unknown reflectances: {name}")
    table = MSDS_BASIS_FUNCTIONS_sRGB_MALLETT2019
    return np.array([np.interp(WAVELENGTHS, table.wavelengths, column) for column in table.values.T])


@cache
def _illuminant(name: str) -> np.ndarray:
    from colour import SDS_ILLUMINANTS

    table = SDS_ILLUMINANTS[name]
    return np.interp(WAVELENGTHS, table.wavelengths, table.values)


@cache
def _tabulated(table: str, column: str) -> np.ndarray:
    from colour import MSDS_CMFS, SDS_LEFS

    if table in SDS_LEFS:
        data = SDS_LEFS[table]
        return np.interp(WAVELENGTHS, data.wavelengths, data.values, left=0, right=0)
    data = MSDS_CMFS[table]
    values = data.values[:, [label[0] for label in data.labels].index(column.lower())]
    return np.interp(WAVELENGTHS, data.wavelengths, values, left=0, right=0)
