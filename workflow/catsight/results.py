"""A finished study, for looking at in Python.

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
from catsight.tables.columns.frames import FRAMES


def load(folder: str | os.PathLike = "results/quickstart") -> "Results":
    """The finished study whose results lie in ``folder``.

    Raises :class:`CatsightError` where there are none, naming the studies beside it.
    """
    return Results(folder)


class Results:
    """A finished study: its tables as pandas data frames, read when they are asked for.

    ``encoders`` and ``views`` are the names of those that it compares; views of swapped parts and
    of doses can be asked for by name, too.
    """

    def __init__(self, folder: str | os.PathLike):
        self.folder = Path(folder)
        if not (self.folder / "metrics.parquet").is_file():
            found = sorted(
                path.parent.name for path in self.folder.parent.glob("*/metrics.parquet")
            )
            beside = f"; beside it lie {', '.join(found)}" if found else ""
            raise CatsightError(
                f"{self.folder} holds no finished study (no metrics.parquet); run it first{beside}"
            )
        self.name = self.folder.name
        names = tables.read(self.folder / "metrics.parquet", ["encoder", "reference", "view"])
        self.encoders = sorted(set(names["encoder"].to_pylist()))
        self.views = sorted({*names["reference"].to_pylist(), *names["view"].to_pylist()})

    def __repr__(self) -> str:
        return f"<study {self.name}: {len(self.encoders)} encoders, {len(self.views)} views, in {self.folder}>"

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One row per metric of one layer, pooling and view; layer ``all`` is the mean over layers."""
        return self._table("metrics")

    @cached_property
    def stability(self) -> pd.DataFrame:
        """One row per value with fewer groups, between halves of them, or as a share of a ceiling
        (``kind``).
        """
        return self._table("stability")

    @cached_property
    def maps(self) -> pd.DataFrame:
        """One row per two layers, of two views of an encoder or of two encoders."""
        return self._table("maps")

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """One row per ordered pair of frames, in an encoder's last layer."""
        return self._table("pairs")

    @cached_property
    def attribution(self) -> pd.DataFrame:
        """One row per part of the eye, layer and metric; part ``whole`` is the sum of the others."""
        return self._table("attribution")

    @cached_property
    def doses(self) -> pd.DataFrame:
        """One row per metric of one layer at one dose of what is swept."""
        return self._table("doses")

    @cached_property
    def frames(self) -> pd.DataFrame:
        """One row per frame, without its picture (:meth:`picture`)."""
        columns = [name for name in FRAMES.names if name not in ("image", "depth", "partner")]
        parts = [tables.read(path, columns).to_pandas() for path in self._shards("frames")]
        return self._once(pd.concat(parts, ignore_index=True), "frame_id")

    @cached_property
    def rejected(self) -> pd.DataFrame:
        """One row per file that could not be used, and why."""
        return tables.read(self.folder / "frames" / "rejected.parquet").to_pandas()

    @cached_property
    def near_duplicates(self) -> pd.DataFrame:
        """One row per two pictures of different groups that look nearly alike, and in how many of
        64 bits they differ.

        Of a group's pictures with the same hash the first stands for all."""
        return tables.read(self.folder / "frames" / "near_duplicates.parquet").to_pandas()

    def picture(self, frame_id: str, view: str | None = None) -> np.ndarray:
        """A frame as a view delivers it, or as it came without one: uint8 sRGB (h, w, 3)."""
        for path in self._shards("frames" if view is None else f"views/{view}"):
            frames = tables.read(path, ["frame_id"])["frame_id"].to_pylist()
            if frame_id in frames:
                (row,) = tables.rows(path, [frames.index(frame_id)], ["image"])
                return decode_png(row["image"]["bytes"])
        raise CatsightError(
            f"{self.folder} has no frame '{frame_id}'; frames['frame_id'] lists them"
        )

    def layers(self, encoder: str) -> list[str]:
        """The columns of an encoder's features, ``<layer>/<pooling>``, in network order."""
        names = tables.schema(
            self._shards(f"features/{encoder}/{self._any_view(encoder)}")[0]
        ).names
        return [name for name in names if name != "frame_id"]

    def features(self, encoder: str, view: str, layer: str) -> pd.DataFrame:
        """The features of all frames in one ``layer`` (as :meth:`layers` names it): a row per frame
        id, float32.
        """
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
        """The rows, if no frame comes twice: then shards of an earlier run with more of them still
        lie there.
        """
        if (twice := rows[column].duplicated()).any():
            raise CatsightError(
                f"{self.folder}: the frame '{rows[column][twice].iloc[0]}' comes twice, so shards of an earlier run "
                "lie there; delete the folder and run again (the store keeps what can be kept)"
            )
        return rows

    def _any_view(self, encoder: str) -> str:
        folder = self.folder / "features" / encoder
        if not folder.is_dir():
            raise CatsightError(
                f"{self.folder} has no encoder '{encoder}'; it has {', '.join(self.encoders)}"
            )
        return min(path.name for path in folder.iterdir() if path.is_dir())

    def _shards(self, folder: str) -> list[Path]:
        if not (self.folder / folder).is_dir():
            kind, *names = folder.split("/")
            has = {"views": self.views, "features": self.encoders}.get(kind, [])
            raise CatsightError(
                f"{self.folder} has no {kind} {' '.join(names)}; it has {', '.join(has)}"
            )
        return tables.shards(self.folder / folder)

    def _table(self, name: str) -> pd.DataFrame:
        path = self.folder / f"{name}.parquet"
        if not path.is_file():
            raise CatsightError(
                f"{path} is missing: this study was run without {name} (see config.schema.yaml)"
            )
        return tables.read(path).to_pandas()
