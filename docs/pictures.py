"""Makes the README's pictures from the finished default study: `make pictures`."""

import shutil
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from catsight import tables
from catsight.inputs.pictures import decode_png
from catsight.look import eye
from catsight.views import Eye

DOCS = Path(__file__).parent
STUDY = DOCS.parent / "results" / "quickstart"


def main() -> None:
    shutil.copy(STUDY / "figures" / "attribution.png", DOCS / "attribution.png")
    for name in ("summary", "gallery"):
        Image.open(STUDY / "figures" / f"{name}.png").convert("RGB").save(
            DOCS / f"{name}.jpg", quality=88
        )
    drawn = {"field-of-view": field_of_view(_photo("chelsea")), "light": light(_photo("coffee"))}
    for name, figure in drawn.items():
        figure.savefig(DOCS / f"{name}.jpg", dpi=110, pil_kwargs={"quality": 88})
    eye.main(["human", "cat", "dog", "--dpi", "150", "--output", str(DOCS / "eyes.png")])


def field_of_view(rgb: np.ndarray, degrees=(60, 16, 5), luminance: float = 100.0):
    """One frame taken to span ever fewer degrees, as a human and as a cat would see it."""
    figure, axes = plt.subplots(2, len(degrees), figsize=(9.2, 6.4), layout="constrained")
    for row, name in zip(axes, ("human", "cat")):
        seer = Eye.load(name)
        for axis, fov in zip(row, degrees):
            _show(axis, seer.see(rgb, field_of_view=fov, luminance=luminance))
            if name == "human":
                axis.set_title(
                    f"{fov}° across: {rgb.shape[1] / fov:.0f} px per degree", fontsize=11
                )
        row[0].set_ylabel(name, fontsize=12)
    return figure


def light(rgb: np.ndarray, levels=(100, 1, 0.1, 0.01), degrees: float = 16.0):
    """One frame from a bright room to moonlight, with photon noise, as a human and as a cat would
    see it.
    """
    figure, axes = plt.subplots(2, len(levels), figsize=(9.2, 5.0), layout="constrained")
    for row, name in zip(axes, ("human", "cat")):
        seer = Eye.load(name)
        for axis, luminance in zip(row, levels):
            _show(axis, seer.see(rgb, field_of_view=degrees, luminance=luminance, noise=1))
            if name == "human":
                axis.set_title(f"{luminance:g} cd/m²", fontsize=11)
        row[0].set_ylabel(name, fontsize=12)
    return figure


def _show(axis, rgb: np.ndarray) -> None:
    axis.imshow(rgb)
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_visible(False)


def _photo(group: str) -> np.ndarray:
    """The largest glance at a photo of the default study."""
    frames = [
        row
        for shard in sorted(STUDY.glob("frames/[0-9]*.parquet"))
        for row in tables.read(shard).to_pylist()
    ]
    return decode_png(
        max((f for f in frames if f["group"] == group), key=lambda f: f["width"])["image"]["bytes"]
    )


if __name__ == "__main__":
    main()
