import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def photo(name: str) -> Image.Image:
    folder = Path(importlib.util.find_spec("skimage").origin).parent / "data"
    return Image.open(folder / name).convert("RGB")


@pytest.fixture(scope="session")
def photos():
    """Three real photographs as 224 px squares: coffee, chelsea, astronaut."""
    return [
        photo(name).resize((224, 224), Image.Resampling.BICUBIC)
        for name in ("coffee.png", "chelsea.png", "astronaut.png")
    ]


@pytest.fixture
def noise():
    import torch

    return torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 64, 64)).astype(np.float32))
