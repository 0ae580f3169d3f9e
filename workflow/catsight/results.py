"""A finished study, read in Python.

>>> import catsight
>>> study = catsight.load("results/quickstart")  # doctest: +SKIP
>>> study.metrics.query("layer == 'all' and metric == 'rsa'")  # doctest: +SKIP
"""

import os
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from catsight import tables
from catsight.errors import CatsightError
from catsight.inputs.pictures import decode_png
from catsight.tables.lists import shards

#: Columns of frames that are read one by one.
_PICTURES = ("image", "depth", "partner", "past")


def load(folder: str | os.PathLike[str] = "results/quickstart") -> "Results":
    """The finished study whose results are in ``folder``.

    Raises :class:`CatsightError` if there is none, naming the studies inside it or beside it.
    """
    return Results(folder)


class Results:
    """A finished study: its tables as pandas data frames, each read at its first use.

    ``encoders`` and ``views`` are the names of those that it compares. Views with swapped parts and
    views at a dose are not among them, but can be read by name.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        if not (self.folder / "metrics.parquet").is_file():
            raise CatsightError(_no_study(self.folder))
        self.name = self.folder.name
        names = tables.read(self.folder / "metrics.parquet", ["encoder", "reference", "view"])
        self.encoders = sorted(set(names["encoder"].to_pylist()))
        self.views = sorted({*names["reference"].to_pylist(), *names["view"].to_pylist()})

    def __repr__(self) -> str:
        counts = f"{len(self.encoders)} encoders, {len(self.views)} views"
        return f"<study {self.name}: {counts}, in {self.folder}>"

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One row per measure (``metric``), layer, pooling and view.

        The layer ``all`` is the mean over layers.
        """
        return self._table("metrics")

    @cached_property
    def stability(self) -> pd.DataFrame:
        """One row per value with fewer groups, between halves of them, or relative to a ceiling.

        The column ``kind`` says which.
        """
        return self._table("stability")

    @cached_property
    def maps(self) -> pd.DataFrame:
        """One row per pair of layers, of two views of an encoder or of two encoders."""
        return self._table("maps")

    @cached_property
    def per_frame(self) -> pd.DataFrame:
        """One row per frame, view and layer: how well that frame by itself is aligned."""
        return self._table("per_frame")

    @cached_property
    def readout(self) -> pd.DataFrame:
        """One row per frame and view: what a trained head answers; and means over frames.

        The column ``kind`` says which.
        """
        return self._table("readout")

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """One row per ordered pair of frames, in an encoder's last layer."""
        return self._table("pairs")

    @cached_property
    def places(self) -> pd.DataFrame:
        """One row per frame, view and layer: maps over the picture of how far each place's features
        are apart, row by row.
        """
        return self._table("places")

    @cached_property
    def attribution(self) -> pd.DataFrame:
        """One row per part of the eye, layer and measure; part ``whole`` is the sum of all."""
        return self._table("attribution")

    @cached_property
    def doses(self) -> pd.DataFrame:
        """One row per measure, layer and dose."""
        return self._table("doses")

    @cached_property
    def physiology(self) -> pd.DataFrame:
        """One row per measure, layer and drawn eye, and the spread and shares of their losses.

        The column ``kind`` says which.
        """
        return self._table("physiology")

    @cached_property
    def drawn_parts(self) -> pd.DataFrame:
        """One row per drawn eye (0 is the eye as stated), part, layer and measure."""
        return self._table("drawn_parts")

    @cached_property
    def matrix(self) -> pd.DataFrame:
        """One row per measure, layer and pair of views (``reference`` and ``view``)."""
        return self._table("matrix")

    @cached_property
    def renderings(self) -> pd.DataFrame:
        """One row per measure, layer and rendering (``display``) of a view that has several."""
        return self._table("renderings")

    @cached_property
    def contrasts(self) -> pd.DataFrame:
        """One row per difference between two values; those of one ``hypotheses`` are corrected
        together.
        """
        return self._table("contrasts")

    @cached_property
    def best(self) -> pd.DataFrame:
        """One row per member that is compared with others; ``in_set`` if it may be the best."""
        return self._table("best")

    @cached_property
    def frames(self) -> pd.DataFrame:
        """One row per frame, without its picture (see :meth:`picture`).

        Results of an earlier version lack columns that it did not have.
        """
        parts = []
        for path in self._shards("frames"):
            names = [name for name in tables.schema(path).names if name not in _PICTURES]
            parts.append(tables.read(path, names).to_pandas())
        return self._once(pd.concat(parts, ignore_index=True), "frame_id")

    @cached_property
    def rejected(self) -> pd.DataFrame:
        """One row per file that could not be used, with the reason."""
        return tables.read(self.folder / "frames" / "rejected.parquet").to_pandas()

    @cached_property
    def near_duplicates(self) -> pd.DataFrame:
        """One row per pair of pictures of different groups that look nearly alike.

        ``distance`` is the number of differing bits of their perceptual hashes, of 64. Pictures of
        a group with the same hash are represented by the first.
        """
        return tables.read(self.folder / "frames" / "near_duplicates.parquet").to_pandas()

    def picture(self, frame_id: str, view: str | None = None) -> np.ndarray:
        """A frame in a view, or the frame itself without one: uint8 sRGB (h, w, 3)."""
        for path in self._shards("frames" if view is None else f"views/{view}"):
            frames = tables.read(path, ["frame_id"])["frame_id"].to_pylist()
            if frame_id in frames:
                (row,) = tables.rows(path, [frames.index(frame_id)], ["image"])
                return decode_png(row["image"]["bytes"])
        raise CatsightError(
            f"{self.folder} has no frame '{frame_id}'; frames['frame_id'] lists them"
        )

    def layers(self, encoder: str) -> list[str]:
        """The columns of an encoder's features, ``<layer>/<pooling>``, in network order.

        The last may be ``head/logits``, what a trained head answers.
        """
        first = self._shards(f"features/{encoder}/{self._any_view(encoder)}")[0]
        return [name for name in tables.schema(first).names if name != "frame_id"]

    def features(self, encoder: str, view: str, layer: str) -> pd.DataFrame:
        """The features of all frames in a ``layer``, as :meth:`layers` names it.

        float32, one row per frame, indexed by frame id.
        """
        self._check_encoder(encoder)
        parts = []
        for path in self._shards(f"features/{encoder}/{view}"):
            if layer not in tables.schema(path).names:
                raise CatsightError(
                    f"{path} has no column '{layer}'; it has {', '.join(self.layers(encoder))}"
                )
            parts.append(tables.read(path, ["frame_id", layer]))
        table = pa.concat_tables(parts).combine_chunks()
        width = table.schema.field(layer).type.list_size
        values = pa.concat_arrays(table[layer].chunks).flatten().to_numpy().reshape(-1, width)
        found = pd.DataFrame(values, index=pd.Index(table["frame_id"].to_pylist(), name="frame_id"))
        self._once(found.reset_index(), "frame_id")
        return found

    def _once(self, rows: pd.DataFrame, column: str) -> pd.DataFrame:
        """The rows, after checking that no frame comes twice.

        A repeated frame means that shards of an earlier run, which had more of them, are left.
        """
        twice = rows[column].duplicated()
        if twice.any():
            raise CatsightError(
                f"{self.folder}: the frame '{rows[column][twice].iloc[0]}' comes twice, so shards "
                "of an earlier run are left there; delete the folder and run again (unchanged "
                "results are kept in the store)"
            )
        return rows

    def _any_view(self, encoder: str) -> str:
        self._check_encoder(encoder)
        folder = self.folder / "features" / encoder
        return min(path.name for path in folder.iterdir() if path.is_dir())

    def _check_encoder(self, encoder: str) -> None:
        if not (self.folder / "features" / encoder).is_dir():
            raise CatsightError(
                f"{self.folder} has no encoder '{encoder}'; it has {', '.join(self.encoders)}"
            )

    def _shards(self, name: str) -> list[Path]:
        """The shards in ``frames``, ``views/<view>`` or ``features/<encoder>/<view>``."""
        folder = self.folder / name
        if folder.is_dir():
            return shards(folder)
        if folder.parent == self.folder:
            raise CatsightError(f"{folder} is missing; run the study again")
        raise CatsightError(
            f"{folder.parent} has no view '{folder.name}'; the study has {', '.join(self.views)}"
        )

    def _table(self, name: str) -> pd.DataFrame:
        path = self.folder / f"{name}.parquet"
        if not path.is_file():
            raise CatsightError(
                f"{path} is missing: this study was run without {name} "
                "(docs/configuration.md says how to add it)"
            )
        return tables.read(path).to_pandas()


def _no_study(folder: Path) -> str:
    """What an error says of a ``folder`` that holds no finished study."""
    inside = sorted(path.parent for path in folder.glob("*/metrics.parquet"))
    if inside:
        names = ", ".join(path.name for path in inside)
        return f"{folder} is a folder of studies: {names}; name one of them, such as {inside[0]}"
    found = sorted(path.parent.name for path in folder.parent.glob("*/metrics.parquet"))
    beside = f"; finished studies beside it: {', '.join(found)}" if found else ""
    return f"{folder} holds no finished study (no metrics.parquet); run it first{beside}"
