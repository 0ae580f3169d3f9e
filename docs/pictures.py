"""Makes the README's pictures from the finished default study: `make pictures`."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from catsight import tables
from catsight.inputs.pictures import decode_png
from catsight.look import eye
from catsight.views import Eye

DOCS = Path(__file__).parent
STUDY = DOCS.parent / "results" / "quickstart"
EYES = ("human", "cat")
#: Pixels across a picture, so that none is above 500 kB.
_WIDEST = 1400


def main() -> None:
    """Copies figures of the study, and draws those that it does not have."""
    shutil.copy(STUDY / "figures" / "attribution.png", DOCS / "attribution.png")
    for name in ("summary", "gallery", "extremes", "places", "answers"):
        picture = Image.open(STUDY / "figures" / f"{name}.png").convert("RGB")
        picture.thumbnail((_WIDEST, picture.height))
        picture.save(DOCS / f"{name}.jpg", quality=88)
    drawn = {"field-of-view": field_of_view(_photo("chelsea")), "light": light(_photo("coffee"))}
    for name, figure in drawn.items():
        figure.savefig(DOCS / f"{name}.jpg", dpi=110, pil_kwargs={"quality": 88})
    eye.main([*EYES, "dog", "--dpi", "110", "--output", str(DOCS / "eyes.png")])


def field_of_view(rgb: np.ndarray, degrees: Sequence[float] = (60, 16, 5)) -> Figure:
    """A frame at smaller and smaller fields of view, at 100 cd/m², as each eye delivers it."""
    figure, axes = plt.subplots(2, len(degrees), figsize=(9.2, 6.4), layout="constrained")
    for row, name in zip(axes, EYES):
        seer = Eye.load(name)
        for axis, angle in zip(row, degrees):
            _show(axis, seer.see(rgb, field_of_view=angle, luminance=100))
        row[0].set_ylabel(name, fontsize=12)
    for axis, angle in zip(axes[0], degrees):
        density = rgb.shape[1] / angle
        axis.set_title(f"{angle}° across: {density:.0f} px per degree", fontsize=11)
    return figure


def light(rgb: np.ndarray, levels: Sequence[float] = (100, 1, 0.1, 0.01)) -> Figure:
    """A frame of 16° from a bright room to moonlight (cd/m²), with photon noise, as each eye
    delivers it.
    """
    figure, axes = plt.subplots(2, len(levels), figsize=(9.2, 5.0), layout="constrained")
    for row, name in zip(axes, EYES):
        seer = Eye.load(name)
        for axis, luminance in zip(row, levels):
            _show(axis, seer.see(rgb, field_of_view=16, luminance=luminance, noise=1))
        row[0].set_ylabel(name, fontsize=12)
    for axis, luminance in zip(axes[0], levels):
        axis.set_title(f"{luminance:g} cd/m²", fontsize=11)
    return figure


def _show(axis: Axes, rgb: np.ndarray) -> None:
    axis.imshow(rgb)
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_visible(False)


def _photo(group: str) -> np.ndarray:
    """The widest frame of a group of the default study, uint8 sRGB."""
    shards = sorted(STUDY.glob("frames/[0-9]*.parquet"))
    frames = [row for shard in shards for row in tables.read(shard).to_pylist()]
    own = [frame for frame in frames if frame["group"] == group]
    widest = max(own, key=lambda frame: frame["width"])
    return decode_png(widest["image"]["bytes"])


if __name__ == "__main__":
    main()
