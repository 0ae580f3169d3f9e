"""Makes the README's pictures from the finished default study: `make pictures`."""

import shutil
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from catsight import tables
from catsight.pictures import decode_png
from catsight.views import Eye

DOCS = Path(__file__).parent
STUDY = DOCS.parent / "results" / "quickstart"


def main() -> None:
    shutil.copy(STUDY / "figures" / "profiles.png", DOCS / "profiles.png")
    Image.open(STUDY / "figures" / "gallery.png").convert("RGB").save(DOCS / "gallery.jpg", quality=88)
    field_of_view(_photo("chelsea")).savefig(DOCS / "field-of-view.jpg", dpi=110, pil_kwargs={"quality": 88})


def field_of_view(rgb: np.ndarray, degrees=(60, 16, 5), luminance: float = 100.0):
    """One frame taken to span ever fewer degrees, as a human and as a cat would see it."""
    figure, axes = plt.subplots(2, len(degrees), figsize=(9.2, 6.4), layout="constrained")
    for row, name in zip(axes, ("human", "cat")):
        eye = Eye.load(name)
        for axis, fov in zip(row, degrees):
            axis.imshow(eye.see(rgb, field_of_view=fov, luminance=luminance))
            axis.set_xticks([])
            axis.set_yticks([])
            for spine in axis.spines.values():
                spine.set_visible(False)
            if name == "human":
                axis.set_title(f"{fov}° across: {rgb.shape[1] / fov:.0f} px per degree", fontsize=11)
        row[0].set_ylabel(name, fontsize=12)
    return figure


def _photo(group: str) -> np.ndarray:
    """The largest glance at a photo of the default study."""
    frames = [row for shard in sorted(STUDY.glob("frames/[0-9]*.parquet")) for row in tables.read(shard).to_pylist()]
    return decode_png(max((f for f in frames if f["group"] == group), key=lambda f: f["width"])["image"]["bytes"])


if __name__ == "__main__":
    main()
