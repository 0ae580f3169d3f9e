"""Finds the data files that come with catsight: eyes, the encoder registry, photo credits, the schema."""

from functools import cache
from pathlib import Path

import yaml

from catsight.errors import CatsightError

_HERE = Path(__file__).parent


def find(*parts: str) -> Path:
    """The path of ``resources/<parts>`` (or ``schemas/<file>``), in the repository or in an installed wheel."""
    in_repository = _HERE.parent if parts[0] == "schemas" else _HERE.parents[1] / "resources"
    in_wheel = _HERE if parts[0] == "schemas" else _HERE / "resources"
    for root in (in_repository, in_wheel):
        if (path := root.joinpath(*parts)).exists():
            return path
    raise CatsightError(f"{'/'.join(parts)} is missing from this installation of catsight")


@cache
def load_yaml(path: Path):
    """What a YAML file holds. Raises :class:`CatsightError` with file and line where it is not YAML."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CatsightError(f"{path} is missing") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatsightError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
