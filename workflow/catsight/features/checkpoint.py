"""Weights out of the checkpoints that training writes: read without running code, and fitted."""

import argparse
import json
import os
import pathlib
import re
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from io import BufferedReader, FileIO
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np

from catsight.errors import CatsightError
from catsight.features import safe
from catsight.features.encoders import one_line
from catsight.features.fitting import Fit, few
from catsight.inputs.checkpoints import pickled

if TYPE_CHECKING:
    import torch

#: Levels of mappings inside mappings that are searched for tensors.
_DEEPEST = 4
#: First bytes of files that are often given in place of a checkpoint, and what to do.
_OTHERS = {
    b"version https://git-lfs": "is a pointer of Git LFS, not the file: type `git lfs pull`",
    b"<!doctype": "is a web page: the download failed",
    b"<html": "is a web page: the download failed",
    b"\x89HDF": "is an HDF5 file (Keras): export its weights from there as safetensors",
    b"GGUF": "is a GGUF file, whose numbers are quantised; get the weights as safetensors",
    b"\x1f\x8b": "is compressed: unpack it first (gunzip, or tar xf)",
    b"BZh": "is compressed: unpack it first (bunzip2, or tar xf)",
}


def states(path: Path) -> "dict[str, dict[str, torch.Tensor]]":
    """Every state dict in a checkpoint by where it lies: ``model``, ``teacher.backbone``, or ""
    for a file that is one.

    Reads what ``torch.save`` wrote, with ``weights_only``, so that no code runs; a safetensors
    file; or the index (``.index.json``) of one that is cut into several. Tensors of a large file
    stay on the disk until they are used, where the format allows it. Raises
    :class:`CatsightError` if there is none, or if the file is damaged or of another kind.
    """
    found = dict(_states(_read(path)))
    if not found:
        raise CatsightError(f"{path} holds no state dict, that is, no tensors by name")
    return found


def chosen(
    found: "Mapping[str, dict[str, torch.Tensor]]", key: str | None, path: Path
) -> "tuple[str, dict[str, torch.Tensor]]":
    """The state dict at ``key``, or the only one, and its key. Raises :class:`CatsightError`, with
    a list of those that there are, if that is none or if there are several.
    """
    there = ", ".join(
        f"{name or '(the file itself)'} ({len(s)} tensors)" for name, s in found.items()
    )
    if key is None and len(found) == 1:
        return next(iter(found.items()))
    if key is None:
        raise CatsightError(f"{path} holds several state dicts; choose one with --key: {there}")
    inside = [name for name in found if name.startswith(f"{key}.")]
    if key not in found and len(inside) == 1:
        key = inside[0]
    if key not in found:
        raise CatsightError(f"{path} holds no state dict at '{key}'; there is {there}")
    return key, found[key]


def renamed(
    state: "Mapping[str, torch.Tensor]", strip: Sequence[str], drop: Sequence[str]
) -> "dict[str, torch.Tensor]":
    """The ``state`` without each prefix to ``strip``, in turn, in front of names that have it, and
    without tensors whose name then matches a pattern to ``drop`` (``head.*``, ``decoder*``).

    Raises :class:`CatsightError` if a prefix or pattern matches nothing, or two names become one.
    """
    names = {name: name for name in state}
    for prefix in strip:
        if any(new.startswith(f"{prefix}.") for new in names.values()):
            prefix = f"{prefix}."
        if not any(new.startswith(prefix) for new in names.values()):
            starts = sorted({new.partition(".")[0] for new in names.values()})
            raise CatsightError(
                f"--strip {prefix}: no tensor's name begins so; {few('they begin with', starts)}"
            )
        names = {old: new.removeprefix(prefix) for old, new in names.items()}
    for pattern in drop:
        left = {old: new for old, new in names.items() if not fnmatchcase(new, pattern)}
        if len(left) == len(names):
            raise CatsightError(
                f"--drop {pattern}: no tensor's name matches; * stands for any text"
            )
        names = left
    result: dict[str, torch.Tensor] = {}
    for old, new in names.items():
        if new in result:
            raise CatsightError(f"--strip leaves two tensors with the name {new}")
        result[new] = state[old]
    return result


def report(found: Fit, expected: Iterable[str]) -> list[str]:
    """Lines that say what of a network's ``expected`` tensors matched, and what did not."""
    expected = set(expected)
    wrong = {text.partition(" ")[0] for text in found.shape + found.kind}
    matched = sorted(expected - set(found.missing) - wrong)
    lines = [f"matched: {len(matched)} of the network's {len(expected)} tensors"]
    for title, names in (
        ("missing", found.missing),
        ("unexpected", found.unknown),
        ("of another shape", found.shape),
        ("of another kind of number", found.kind),
        ("tied in the network, but different here", found.untied),
    ):
        if names:
            lines += [f"{title}: {len(names)}", *(f"  {name}" for name in names)]
    return lines


def advice(found: Fit, model: "torch.nn.Module") -> str:
    """What is wrong with a state dict that does not fit the ``model``, and what to try."""
    heads = getattr(model, "pretrained_cfg", {}).get("classifier") or ()
    heads = (heads,) if isinstance(heads, str) else heads
    lines = ["; ".join(found.problems())]
    if found.prefix:
        lines.append(f"try --strip {found.prefix}")
    elif found.missing and all(name.rpartition(".")[0] in heads for name in found.missing):
        lines.append("it has no classifier: give the encoder `args: {num_classes: 0}`")
    if found.unknown and not found.missing:
        lines.append("if the encoder needs none of the unknown ones, leave them out with --drop")
    if any("pos_embed" in name for name in found.shape):
        lines.append("position embeddings need the size of training: `args: {img_size: ...}`")
    return ". ".join(lines)


def _states(loaded: Any, at: str = "", depth: int = 0) -> "Iterator[tuple[str, dict[str, Any]]]":
    """Mappings from names to (mostly) tensors inside what was loaded, and where they lie."""
    import torch

    if not isinstance(loaded, Mapping) or not all(isinstance(key, str) for key in loaded):
        return
    tensors = {name: value for name, value in loaded.items() if isinstance(value, torch.Tensor)}
    if 2 * len(tensors) > len(loaded):
        yield at, tensors
    elif depth < _DEEPEST:
        for key, value in loaded.items():
            yield from _states(value, f"{at}.{key}" if at else key, depth + 1)


def _read(path: Path) -> Any:
    """What a checkpoint holds, read without running code."""
    if path.name.endswith(".index.json"):
        return _of_shards(path)
    if pickled(path):
        return _of_torch(path)
    try:
        with open(path, "rb") as file:
            head = file.read(64)
    except OSError as error:
        raise CatsightError(f"{path} cannot be read: {error.strerror}") from None
    for begin, what in _OTHERS.items():
        if head.lower().startswith(begin.lower()):
            raise CatsightError(f"{path} {what}")
    if head[8:9] == b"{":
        return safe.load(path)
    if not head:
        raise CatsightError(f"{path} is empty: the download failed")
    raise CatsightError(
        f"{path} is neither a checkpoint of torch's nor a safetensors file{_tar(path)}"
    )


def _tar(path: Path) -> str:
    return (
        "; torch before 0.1.10 wrote such archives, save it anew"
        if tarfile.is_tarfile(path)
        else ""
    )


def _of_shards(index: Path) -> dict[str, Any]:
    """The state dict whose parts lie in files beside their ``index``, as the hub has them."""
    try:
        files = json.loads(index.read_text("utf-8"))["weight_map"]
        names = sorted({Path(file).name for file in files.values()})
    except OSError as error:
        raise CatsightError(f"{index} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CatsightError(f"{index} is no index of weights: it has no weight_map") from None
    state: dict[str, Any] = {}
    for name in names:
        state |= _read(index.parent / name)
    if lacking := few("lack", sorted(set(files) - set(state))):
        raise CatsightError(f"the files of {index} {lacking}")
    return state


def _of_torch(path: Path) -> Any:
    """What ``torch.save`` wrote. Only tensors and plain values are made, never other objects."""
    import torch

    archive = _is_archive(path)
    try:
        with torch.serialization.safe_globals(_inert()), _Bounded(FileIO(path)) as file:
            given = path if archive else file
            return torch.load(given, map_location="cpu", weights_only=True, mmap=archive)
    except UnpicklingError as error:
        text = str(error)
        if match := re.search(r"GLOBAL (\S+)|(?:class|type|function) (\S+)", text):
            what = (match[1] or match[2]).rstrip(",.")
            raise CatsightError(
                f"{path} holds objects of {what}, not tensors alone; making them would run code, "
                "so it is not read. Where it was trained, save the tensors: "
                "torch.save(model.state_dict(), FILE)"
            ) from None
        # torch's own text goes on to advise against weights_only
        reason = " ".join(
            text.partition("WeightsUnpickler error:")[2].split("\n\nCheck")[0].split()
        )
        raise CatsightError(
            f"{path} is damaged or cut short, or not of torch.save ({reason or one_line(error)})"
        ) from None
    except Exception as error:  # torch raises many kinds for damage
        raise CatsightError(f"{path} is damaged or cut short ({one_line(error)})") from None


class _Bounded(BufferedReader):
    """A file that is asked for no more than it holds: memory for all of it is taken first."""

    def read(self, size: int | None = -1) -> bytes:
        """At most ``size`` bytes; the rest of the file if that is None or negative."""
        if size is not None and size > 1 << 20:
            size = min(size, os.fstat(self.fileno()).st_size)
        return super().read(size)


def _is_archive(path: Path) -> bool:
    """Whether a file is a zip archive. Raises :class:`CatsightError` if it is one, but none that
    ``torch.save`` wrote.
    """
    try:
        if not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:  # names, versions
        raise CatsightError(f"{path} is damaged or cut short ({one_line(error)})") from None
    ends = {name.partition("/")[2] for name in names}
    if "constants.pkl" in ends or any(end.startswith("code/") for end in ends):
        raise CatsightError(
            f"{path} is a TorchScript program, which holds code; save its tensors instead: "
            "torch.save(dict(torch.jit.load(FILE).state_dict()), 'weights.pth')"
        )
    if names and all(name.endswith(".npy") for name in names):
        raise CatsightError(f"{path} is an archive of NumPy's, not a checkpoint of torch's")
    if "data.pkl" not in ends:
        raise CatsightError(f"{path} is a zip archive, but not a checkpoint of torch's")
    return True


def _inert() -> list[Any]:
    """Types beside tensors that checkpoints often hold, and whose making runs no code: options of
    the command line, numbers and arrays of numpy's, paths.
    """
    core: Any = getattr(np, "_core", None) or np.core
    kinds = [kind for kind in vars(np.dtypes).values() if isinstance(kind, type)]
    made = [(core.multiarray.scalar, "scalar"), (core.multiarray._reconstruct, "_reconstruct")]
    named = [
        (function, f"numpy.{package}.multiarray.{name}")
        for function, name in made
        for package in ("core", "_core")
    ]
    paths = [pathlib.PosixPath, pathlib.PurePosixPath]
    plain = [argparse.Namespace, defaultdict, list, dict, int, float]
    return [*plain, np.dtype, np.ndarray, *kinds, *paths, *named]
