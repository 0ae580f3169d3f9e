"""Compute once: a content-addressed store of tables, ``results/store/``.

A table's address is the digest of all that its values depend on: the job's spec and the content of
its inputs. A command asks the store first, links what is there and computes what is not. Results
are relative symbolic links into the store, so that Snakemake may delete and touch them without harm
to another study that shares the table.
"""

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from catsight import tables
from catsight.errors import CatsightError


class Store:
    """The store under the folder ``root``, which is made when first written to."""

    def __init__(self, root: str | os.PathLike):
        self.root = Path(root)

    def path(self, address: str, suffix: str = ".parquet") -> Path:
        """Where the entry with that address lies, or would lie."""
        return self.root / address[:2] / f"{address}{suffix}"

    def find(self, address: str, output: str | os.PathLike) -> bool:
        """Links ``output`` to the table at ``address``; False where the store has none that is
        sound.

        A table whose address or rows are not what it says is never served: it is removed and
        computed again.
        """
        path = self.path(address)
        if not path.exists():
            return False
        try:
            about = tables.provenance(path)
            sound = about.get("address") == address and about["content"] == tables.measure_content(
                path
            )
        except CatsightError:
            sound = False
        if not sound:
            print(f"store: {path} is damaged; computing it again", file=sys.stderr)
            path.unlink()
            return False
        self.link(path, output)
        print(f"store: hit {output}", file=sys.stderr)
        return True

    def writer(
        self, address: str, schema: pa.Schema, provenance: Mapping, **options
    ) -> tables.Writer:
        """A writer of the table at ``address``; :meth:`link` it when the block has ended."""
        return tables.Writer(
            self.path(address), schema, {**provenance, "address": address}, **options
        )

    def link(self, path: Path, output: str | os.PathLike) -> None:
        """Makes ``output`` a relative symbolic link to ``path``, replacing what was there in one
        step.
        """
        output = Path(output)
        output.parent.mkdir(parents=True, exist_ok=True)
        fresh = output.with_name(f"{output.name}.{os.getpid()}.part")
        fresh.unlink(missing_ok=True)
        # resolve(): the store or the results may themselves be reached through a link
        fresh.symlink_to(os.path.relpath(path.resolve(), output.parent.resolve()))
        os.replace(fresh, output)

    def unused(self) -> dict[str, list[Path]]:
        """Files of the store that no link in the folders beside it (the studies') leads to, by
        their stage.
        """
        used = {path.resolve() for path in self.root.parent.rglob("*") if path.is_symlink()}
        unused: dict[str, list[Path]] = {}
        for path in sorted(self.root.glob("??/*")):
            if path.resolve() not in used:
                unused.setdefault(_stage(path), []).append(path)
        return unused

    def save(self, address: str, output, schema: pa.Schema, rows, provenance: Mapping) -> None:
        """Writes a small table at ``address`` in one go and links ``output`` to it."""
        with self.writer(address, schema, provenance) as writer:
            writer.write(rows)
        self.link(self.path(address), output)
        print(f"store: computed {output}", file=sys.stderr)


def _stage(path: Path) -> str:
    """The stage that a file of the store is of."""
    if path.suffix != ".parquet":
        return "weights"
    try:
        return tables.provenance(path).get("stage", "unknown")
    except CatsightError:
        return "damaged"


def address(spec: Mapping, inputs: Mapping | list) -> str:
    """The address of what a job with this ``spec`` makes from ``inputs`` (digests of their
    content), 64 hex digits.
    """
    return hashlib.sha256(
        tables.canonical_json({"spec": spec, "inputs": inputs}).encode()
    ).hexdigest()
