"""Two tiny networks, one raised on what a human sees and one on what a cat sees: an example.

    .venv/bin/python benchmarks/diet.py          # 80 s on two busy cores, offline

Each network tells apart the seven photographs of the default study by small crops. It learns crops
of the upper two thirds of each photograph and is tested on crops of the lower third, seen through
either eye. Printed are the shares of test crops that are named correctly (chance: 1 in 7), by what
a network was trained on and tested on, mean and standard deviation over seeds; and how alike the
networks' features are (linear CKA of the test crops, each network seeing by its own eye): of two
seeds of one diet, and of two diets.

What it cannot show: what a cat's brain learns, or what a large network would. Seven photographs are
no world, parts of one photograph are no new scenes, the networks have three layers, and an eye that
stands still through a childhood is no eye. It shows how to train through an eye, and that a network
tested through another eye than its own loses what one that was raised on that eye need not lose.
"""

import argparse
from collections.abc import Mapping
from itertools import combinations, product

import numpy as np
import torch
from PIL import Image

from catsight.frames.photos import locate
from catsight.inputs import yaml_files
from catsight.metrics import cka_linear
from catsight.views import Eye

#: The width of a photograph in px and degrees, and the side of a crop in px.
WIDTH, DEGREES, CROP = 320, 32, 48
#: Steps of training, crops of a step, and test crops of each photograph.
STEPS, BATCH, TESTED = 400, 64, 60
EYES = ("human", "cat")


def photographs(eye: str) -> list[torch.Tensor]:
    """The photographs as an eye sees them: float32 (3, h, w), 0 to 1."""
    seen = []
    for entry in yaml_files.load_yaml(yaml_files.find("photos.yaml")):
        with Image.open(locate(entry)) as photo:
            size = WIDTH, round(WIDTH * photo.height / photo.width)
            rgb = np.asarray(photo.convert("RGB").resize(size, Image.Resampling.LANCZOS))
        view = Eye.load(eye).see(rgb, field_of_view=DEGREES, luminance=100)
        seen.append(torch.from_numpy(np.array(view)).movedim(2, 0) / 255)
    return seen


def crops(
    photos: list[torch.Tensor], which: np.ndarray, rng: np.random.Generator, *, lower: bool
) -> torch.Tensor:
    """A crop (n, 3, CROP, CROP) of each of the photographs ``which`` (n,): of its lower third, or
    of what is above that.
    """
    found = []
    for photo in (photos[i] for i in which):
        height, width = photo.shape[1:]
        border = height - max(height // 3, CROP)
        first, last = (border, height - CROP) if lower else (0, border - CROP)
        top, left = int(rng.integers(first, last + 1)), int(rng.integers(width - CROP + 1))
        found.append(photo[:, top : top + CROP, left : left + CROP])
    return torch.stack(found)


def network(seed: int) -> torch.nn.Sequential:
    """A network of three convolutions; its last module names the photograph."""
    torch.manual_seed(seed)
    modules: list[torch.nn.Module] = []
    for channels, more in ((3, 16), (16, 32), (32, 64)):
        modules += [
            torch.nn.Conv2d(channels, more, 3, stride=2, padding=1),
            torch.nn.BatchNorm2d(more),
            torch.nn.ReLU(),
        ]
    modules += [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(64, 7)]
    return torch.nn.Sequential(*modules)


def raised(photos: list[torch.Tensor], seed: int) -> torch.nn.Sequential:
    """A network that has learned the photographs' upper parts."""
    model, rng = network(seed), np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(STEPS):
        which = rng.integers(len(photos), size=BATCH)
        answers = model(crops(photos, which, rng, lower=False))
        loss = torch.nn.functional.cross_entropy(answers, torch.from_numpy(which))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5, help="networks of each diet (default: 5)")
    seeds = range(parser.parse_args().seeds)
    photos = {eye: photographs(eye) for eye in EYES}
    which = np.repeat(np.arange(7), TESTED)
    tests = {  # the same places through both eyes
        eye: crops(photos[eye], which, np.random.default_rng(0), lower=True) for eye in EYES
    }
    models = {(eye, seed): raised(photos[eye], seed) for eye, seed in product(EYES, seeds)}
    with torch.no_grad():
        report(models, tests, which, seeds)


def report(
    models: Mapping[tuple[str, int], torch.nn.Sequential],
    tests: Mapping[str, torch.Tensor],
    which: np.ndarray,
    seeds: range,
) -> None:
    """Prints what is right, and how alike the networks are."""
    print(f"{'trained on':12}{'tested on':12}right")
    for diet, eye in product(EYES, EYES):
        answers = [models[diet, seed](tests[eye]).argmax(1).numpy() for seed in seeds]
        right = [float((answer == which).mean()) for answer in answers]
        print(f"{diet:12}{eye:12}{np.mean(right):.3f} ± {np.std(right):.3f}")
    features = {one: model[:-1](tests[one[0]]).numpy() for one, model in models.items()}
    alike: dict[str, list[float]] = {}
    for one, other in combinations(features, 2):
        diets = " and ".join(sorted({one[0], other[0]}))
        if one[0] == other[0] or one[1] != other[1]:  # never two networks that began alike
            alike.setdefault(diets, []).append(cka_linear(features[one], features[other]))
    print(f"\n{'diets of two seeds':24}alike (CKA)")
    for diets, values in alike.items():
        print(f"{diets:24}{np.mean(values):.3f} ± {np.std(values):.3f}")


if __name__ == "__main__":
    main()
