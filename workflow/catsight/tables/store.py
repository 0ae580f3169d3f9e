"""A content-addressed store of tables, ``results/store/``: nothing is computed twice.

A table's address is the digest of all that its values depend on: the job's spec and the content of
its inputs. A command asks the store first, links what is there and computes the rest. Results are
relative symbolic links into the store, so Snakemake may delete or touch them without harm to
another study that shares the table.

Folders of results may share a store by a link. It then lists each such folder, in ``.users/``, so
that nobody removes what another one needs.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from catsight import tables
from catsight.errors import CatsightError, say
from catsight.inputs.files import appearing, part_of, writing

#: Folder of a store that lists who shares it.
_USERS = ".users"


class Store:
    """The store in the folder ``root``, which is created by the first write."""

    def __init__(self, root: str | os.PathLike) -> None:
        self.root = Path(root)

    def path(self, address: str, suffix: str = ".parquet") -> Path:
        """The path of the entry with that address, whether or not it exists."""
        return self.root / address[:2] / f"{address}{suffix}"

    def find(self, address: str, output: str | os.PathLike) -> bool:
        """Links ``output`` to the table at ``address``; False if there is none.

        A damaged table, or one with another address in it, is removed, not linked. Nor is one that
        another user keeps for themselves.
        """
        path = self.path(address)
        if not os.path.exists(path):  # which says False, too, where another user lets nobody look
            return False
        if not _sound(path, address):
            say(f"store: {path} is damaged; recomputing it")
            with suppress(OSError):  # another user's, which the new table replaces or names
                path.unlink()
            return False
        self.link(path, output)
        say(f"store: hit {output}")
        return True

    def writer(
        self, address: str, schema: pa.Schema, provenance: Mapping[str, Any], **options: Any
    ) -> tables.Writer:
        """A writer of the table at ``address``; :meth:`link` it after the block."""
        about = {**provenance, "address": address}
        return tables.Writer(self.path(address), schema, about, **options)

    def save(
        self,
        address: str,
        output: str | os.PathLike,
        schema: pa.Schema,
        rows: pa.Table | Sequence[Mapping[str, Any]],
        provenance: Mapping[str, Any],
    ) -> None:
        """Writes a small table at ``address`` and links ``output`` to it."""
        with self.writer(address, schema, provenance) as writer:
            writer.write(rows)
        self.link(self.path(address), output)
        say(f"store: computed {output}")

    def link(self, path: Path, output: str | os.PathLike) -> None:
        """Makes ``output`` a relative symbolic link to ``path``, replacing any file in one step."""
        output = Path(output)
        fresh = part_of(output)
        with writing(output):
            output.parent.mkdir(parents=True, exist_ok=True)
            # resolve(): the store or the results may themselves be reached through a link
            fresh.symlink_to(os.path.relpath(path.resolve(), output.parent.resolve()))
            self.note_user(output.parent)
            os.replace(fresh, output)

    def note_user(self, folder: Path) -> bool:
        """Lists, in the store, the folder of results that ``folder`` is in, unless the store lies
        there itself. False if the store cannot be written to.
        """
        here, reached, folder = (
            self.root.resolve().parent,
            self.root.parent.resolve(),
            folder.resolve(),
        )
        user = reached if folder.is_relative_to(reached) else folder
        if user == here or (user != reached and folder.is_relative_to(here)):
            return True
        name = os.fsencode(user)
        note = self.root / _USERS / hashlib.sha256(name).hexdigest()[:16]
        with suppress(CatsightError):
            if not os.path.exists(note):
                with appearing(note) as part:
                    part.write_bytes(name)
                    part.chmod(0o644)  # whoever prunes the store must be able to read it
            return True
        return False

    def users(self) -> dict[Path, Path]:
        """The folders of results that share this store by a link, each with the note of it.

        Raises :class:`CatsightError` if the notes cannot be read.
        """
        try:
            notes = sorted(one for one in (self.root / _USERS).iterdir() if one.suffix != ".part")
            return {Path(os.fsdecode(note.read_bytes())): note for note in notes}
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise CatsightError(
                f"{error.filename} cannot be read ({error.strerror}), so it is not known who "
                f"shares {self.root}"
            ) from None

    def unused(self) -> dict[str, list[Path]]:
        """Files of the store, by stage, that no link leads to from the folder that it lies in, the
        one that it is reached by, or those that share it.

        Raises :class:`CatsightError` if one of these cannot be read.
        """
        places = [self.root.resolve().parent, self.root.parent.resolve(), *self.users()]
        used = {link.resolve() for place in places for link in _links(place)}
        unused: dict[str, list[Path]] = {}
        for path in sorted(self.root.glob("??/*")):
            if path.resolve() not in used:
                unused.setdefault(_stage(path), []).append(path)
        return unused


def address(spec: Mapping[str, Any], inputs: Any) -> str:
    """The address of a job's result, 64 hex digits.

    ``inputs`` are the digests of the contents of what the job reads, in JSON's types.
    """
    text = tables.canonical_json({"spec": spec, "inputs": inputs})
    return hashlib.sha256(text.encode()).hexdigest()


def _links(place: Path) -> Iterator[Path]:
    """The links below a folder, and below those that links there lead to."""

    def unreadable(error: OSError) -> None:
        raise CatsightError(
            f"{error.filename} cannot be read ({error.strerror}), so it is not known what it needs"
        )

    seen = set()
    for folder, folders, files in os.walk(place, onerror=unreadable, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # links may lead in circles
            folders.clear()
            continue
        seen.add(real)
        for name in (*folders, *files):
            if os.path.islink(path := os.path.join(folder, name)):
                yield Path(path)


def _sound(path: Path, address: str) -> bool:
    """Whether a table has this address in it, and the rows that were written."""
    try:
        about = tables.provenance(path)
        return about.get("address") == address and about["content"] == tables.measure_content(path)
    except CatsightError:
        return False


def _stage(path: Path) -> str:
    """The stage that wrote a file of the store."""
    if path.suffix != ".parquet":
        return "weights"
    try:
        return tables.provenance(path).get("stage", "unknown")
    except CatsightError:
        return "damaged"
