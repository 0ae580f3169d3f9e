"""Filtering with mirrored edges: the axes of frequency, there and back, and a blur."""

import os

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from catsight.views import mirror


def test_frequencies_rise_in_steps_of_half_a_cycle_per_picture():
    """4 px at 8 px/deg span half a degree: the cosine transform's steps are 1 c/deg."""
    fx, fy = mirror.frequencies((2, 4), 8.0, tilted=False)
    np.testing.assert_allclose(fx, [0, 1, 2, 3])
    np.testing.assert_allclose(fy, [0, 2])


def test_frequencies_of_a_tilted_eye_are_of_both_signs_upwards():
    fx, fy = mirror.frequencies((2, 4), 8.0, tilted=True)
    np.testing.assert_allclose(fx, [0, 1, 2, 3, 4])
    np.testing.assert_allclose(fy, [0, -2, 4, 2])  # rows go down, so upwards is negative


@pytest.mark.parametrize("tilted", [False, True])
def test_spectra_lead_back_to_the_planes(tilted):
    planes = np.random.default_rng(0).random((2, 7, 12), dtype=np.float32)
    kept = planes.copy()
    spectra = mirror.spectra(planes, tilted)
    np.testing.assert_array_equal(planes, kept)
    fx, fy = mirror.frequencies((7, 12), 1.0, tilted)
    assert spectra.shape == (2, len(fy), len(fx))
    back = mirror.planes(spectra.copy(), (7, 12), tilted)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, kept, atol=1e-6)
    # with `overwrite` the numbers are the same
    np.testing.assert_allclose(mirror.spectra(kept.copy(), tilted, overwrite=True), spectra)


@pytest.mark.parametrize("tilted", [False, True])
def test_a_gaussian_transfer_is_scipys_blur_of_the_mirrored_picture(tilted):
    """Blurred by 3 px to the right and 2 px upwards, at 5 px/deg."""
    planes = np.random.default_rng(0).random((2, 15, 24))
    fx, fy = mirror.frequencies((15, 24), 5.0, tilted)
    squares = np.square(0.6 * fx)[None, :] + np.square(0.4 * fy)[:, None]
    spectra = mirror.spectra(planes, tilted) * np.exp(-2 * np.pi**2 * squares)
    wanted = [gaussian_filter(plane, (2, 3), mode="reflect", truncate=8) for plane in planes]
    np.testing.assert_allclose(mirror.planes(spectra, (15, 24), tilted), wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("variable", "threads"), [("3", 3), ("1", 1), ("", os.cpu_count()), (None, os.cpu_count())]
)
def test_a_job_uses_the_threads_that_snakemake_gives_it(monkeypatch, variable, threads):
    monkeypatch.delenv("OMP_NUM_THREADS")
    if variable is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert mirror.threads() == threads


def test_one_thread_where_the_number_of_processors_is_unknown(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert mirror.threads() == 1


@pytest.mark.parametrize("tilted", [False, True])
def test_the_transforms_run_on_those_threads(monkeypatch, tilted):
    used = []
    for name in ("dctn", "idctn", "rfft2", "irfft2"):
        monkeypatch.setattr(
            mirror.fft, name, lambda x, *_, workers, **options: used.append(workers) or x
        )
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    mirror.planes(mirror.spectra(np.ones((1, 4, 4)), tilted), (4, 4), tilted)
    assert used == [5, 5]
