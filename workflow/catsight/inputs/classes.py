"""Lists of classes: the names of what a trained head tells apart."""

import json
from functools import cache
from pathlib import Path

from catsight.errors import CatsightError
from catsight.inputs import yaml_files

#: The most bytes of names: a job's spec holds them, and Linux limits an argument to 128 KiB.
_BYTES = 60_000
#: The largest file, remarks and all.
_LARGEST = 1_000_000


@cache
def names(given: str) -> tuple[str, ...]:
    """The names of classes in the order of a head's outputs: those that come with catsight under
    the name ``given`` (resources/classes), or of the text file at that path, one a line.

    Spaces around a name, lines that begin with # and empty lines at the end are left out. Raises
    :class:`CatsightError`, with the line, if the file cannot be read, lacks a name or holds fewer
    than two, or if the names are too long to be passed to a job.
    """
    path = _known().get(given, Path(given))
    lines = _text(path).rstrip().splitlines()
    found = {i: line.strip() for i, line in enumerate(lines, 1) if not line.startswith("#")}
    if empty := [i for i, name in found.items() if not name]:
        raise CatsightError(f"{path}, line {empty[0]}, is empty; each line is the name of a class")
    if len(found) < 2:
        raise CatsightError(f"{path} names {len(found)} classes; a head tells at least two apart")
    if (size := len(json.dumps(list(found.values())))) > _BYTES:
        raise CatsightError(
            f"{path} has {size:,} bytes of names, of at most {_BYTES:,}; shorten them, to their "
            "numbers if need be"
        )
    return tuple(found.values())


def _text(path: Path) -> str:
    try:
        if not path.exists():
            raise CatsightError(
                f"there is no file '{path}', and no list of classes of that name; there is "
                f"{', '.join(_known())}"
            )
        if not path.is_file():
            raise CatsightError(f"{path} is not a file")
        if (size := path.stat().st_size) > _LARGEST:
            raise CatsightError(f"{path} has {size:,} bytes, too many for a list of classes")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CatsightError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CatsightError(f"{path} is not text in UTF-8") from None


def _known() -> dict[str, Path]:
    """The lists that come with catsight, by name."""
    return {path.stem: path for path in sorted(yaml_files.find("classes").glob("*.txt"))}
