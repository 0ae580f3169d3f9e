"""How a checkpoint of torch's is told from a safetensors file, and the command that converts it."""

import os
import shlex
from pathlib import Path


def pickled(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a pickle of torch's, as its first bytes say; False if there is none."""
    try:
        with open(path, "rb") as file:
            head = file.read(9)
    except OSError:
        return False
    if head[8:] == b"{":  # the header of safetensors, after its length
        return False
    return head.startswith(b"PK\3\4") or (head[:1] == b"\x80" and head[1:2] in b"\2\3\4\5")


def conversion(path: str | os.PathLike[str], encoder: str = "NAME") -> str:
    """The command that writes a checkpoint's weights of an ``encoder`` to a safetensors file."""
    target = Path(path).with_suffix(".safetensors")
    if target == Path(path):
        target = Path(path).with_name(f"{target.stem}-converted.safetensors")
    return (
        f"catsight features convert {shlex.quote(str(path))} -o {shlex.quote(str(target))} "
        f"--encoder {shlex.quote(encoder)}"
    )
