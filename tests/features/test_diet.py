"""benchmarks/diet.py: what its networks learn and are tested on never overlap."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch


@pytest.fixture
def diet(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    import diet

    yield diet
    sys.modules.pop("diet")


@pytest.mark.parametrize("height", [150, 213, 320, 401])
def test_crops_of_the_lower_third_share_nothing_with_the_others(diet, height):
    rows = torch.arange(height).repeat(3, diet.WIDTH, 1).movedim(1, 2)  # each pixel is its row
    rng, which = np.random.default_rng(0), np.zeros(200, int)
    above = diet.crops([rows], which, rng, lower=False)
    below = diet.crops([rows], which, rng, lower=True)
    assert above.shape == below.shape == (200, 3, diet.CROP, diet.CROP)
    assert above.max() < below.min() and below.max() == height - 1


def test_the_same_seed_gives_the_same_places_of_both_eyes(diet):
    one, other = torch.rand(2, 3, 200, diet.WIDTH)
    which = np.zeros(9, int)
    first = diet.crops([one], which, np.random.default_rng(0), lower=True)
    again = diet.crops([one + other], which, np.random.default_rng(0), lower=True)
    where = diet.crops([other], which, np.random.default_rng(0), lower=True)
    torch.testing.assert_close(again - first, where)


def test_a_network_learns_what_it_is_shown(diet, monkeypatch):
    """Photographs of one colour each, within some steps."""
    monkeypatch.setattr(diet, "STEPS", 60)
    torch.manual_seed(0)
    photos = [torch.rand(3, 1, 1).expand(3, 200, diet.WIDTH) for _ in range(7)]
    which = np.arange(7)
    shown = diet.crops(photos, which, np.random.default_rng(0), lower=True)
    answers = diet.raised(photos, seed=0)(shown).argmax(1).numpy()
    assert (answers == which).mean() > 0.8
