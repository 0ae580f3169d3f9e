"""Weights files: safetensors that state where they came from and can be checked without torch."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from catsight.errors import CatsightError
from catsight.inputs.checkpoints import conversion, pickled
from catsight.inputs.files import appearing
from catsight.tables import canonical_json

if TYPE_CHECKING:
    import torch

#: Keys of the metadata: the provenance as JSON, which includes a digest of the tensors; and a
#: digest of that JSON.
_KEY, _SEAL = "catsight", "catsight_seal"
#: And the names, a line each, of complex tensors that stand as pairs of real numbers.
_PAIRS = "catsight_complex"
#: safetensors' names of the number formats that weights come in.
_FORMATS = {
    "torch.float64": "F64",
    "torch.float32": "F32",
    "torch.float16": "F16",
    "torch.bfloat16": "BF16",
    "torch.int64": "I64",
    "torch.int32": "I32",
    "torch.int16": "I16",
    "torch.int8": "I8",
    "torch.uint8": "U8",
    "torch.bool": "BOOL",
    "torch.complex64": "C64",
    "torch.uint16": "U16",
    "torch.uint32": "U32",
    "torch.uint64": "U64",
    "torch.float8_e4m3fn": "F8_E4M3",
    "torch.float8_e5m2": "F8_E5M2",
}
#: Bytes of the longest header that is read.
_LONGEST_HEADER = 100_000_000


def write(path: Path, state: "Mapping[str, torch.Tensor]", about: Mapping[str, Any]) -> None:
    """Writes a state dict completely or not at all; ``about`` becomes its metadata, with a digest
    of the tensors.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    state, pairs = _real(state)
    if unknown := sorted({str(t.dtype) for t in state.values()} - set(_FORMATS)):
        raise CatsightError(f"{path}: safetensors cannot hold numbers of the type {unknown[0]}")
    content = _digest(
        (
            name,
            _FORMATS[str(tensor.dtype)],
            list(tensor.shape),
            tensor.flatten().view(torch.uint8).numpy(),
        )
        for name, tensor in sorted(state.items())
    )
    text = canonical_json({**about, "content": content})
    try:
        with appearing(path) as part:
            save_file(state, part, metadata={_KEY: text, _SEAL: _seal(text), **pairs})
    except SafetensorError as error:
        raise CatsightError(
            f"{path} cannot be written ({error}); make room and run again"
        ) from None


def about(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The provenance of a weights file that :func:`write` made, and the ``content`` digest of its
    tensors.
    """
    metadata = _header(path).get("__metadata__", {})
    if _KEY not in metadata:
        raise CatsightError(
            f"{path} does not say where it came from; "
            "`catsight features weights` makes one that does"
        )
    if metadata.get(_SEAL) != _seal(metadata[_KEY]):
        raise CatsightError(f"{path} is damaged: its metadata has changed; delete it and run again")
    return json.loads(metadata[_KEY])


def sound(path: str | os.PathLike[str]) -> bool:
    """Whether a weights file's tensors have the digest that its metadata states."""
    try:
        recorded, header = about(path)["content"], _header(path)
        header.pop("__metadata__")
        with open(path, "rb") as file:
            return _digest(_tensors(file, header)) == recorded and not file.read(1)
    # a damaged header may hold anything, huge offsets included
    except (CatsightError, OSError, TypeError, ValueError, KeyError, OverflowError, MemoryError):
        return False


def check(path: str | os.PathLike[str]) -> None:
    """Raises :class:`CatsightError` unless ``path`` is a complete safetensors file."""
    from safetensors import SafetensorError, safe_open

    _header(path)
    try:
        with safe_open(path, framework="numpy"):
            pass
    except SafetensorError as error:
        raise CatsightError(f"{path} is damaged ({error}); delete it and run again") from None


def load(path: str | os.PathLike[str]) -> "dict[str, torch.Tensor]":
    """The state dict of a safetensors file, on the CPU, with the tensors that safetensors' own
    ``save_model`` left out because they are the same as others. Raises as :func:`check` does.
    """
    import torch
    from safetensors.torch import load_file

    check(path)
    state = load_file(path, device="cpu")
    metadata = _header(path).get("__metadata__", {})
    for name in metadata.get(_PAIRS, "").split("\n"):
        if name in state:
            state[name] = torch.view_as_complex(state[name])
    ties = {name: kept for name, kept in metadata.items() if name not in state and kept in state}
    return state | {name: state[kept] for name, kept in ties.items()}


def _real(
    state: "Mapping[str, torch.Tensor]",
) -> "tuple[dict[str, torch.Tensor], dict[str, str]]":
    """The tensors, contiguous and each with memory of its own, complex ones as pairs of real
    numbers (…, 2) if safetensors has no format for them; and the metadata that name these, if any.
    """
    import torch
    from safetensors import torch as safetensors

    plain, seen = {}, set()
    for name, tensor in state.items():
        plain[name] = tensor.detach().cpu().contiguous()
        # safetensors refuses tensors that share memory; others are not copied, as they may be large
        memory = plain[name].untyped_storage().data_ptr()
        if memory in seen:
            plain[name] = plain[name].clone()
        seen.add(memory)
    native = [torch.complex64] if "C64" in getattr(safetensors, "_TYPES", {}) else []
    pairs = sorted(n for n, t in plain.items() if t.is_complex() and t.dtype not in native)
    plain |= {name: torch.view_as_real(plain[name].resolve_conj()).contiguous() for name in pairs}
    return plain, {_PAIRS: "\n".join(pairs)} if pairs else {}


def _tensors(file: BinaryIO, header: Mapping[str, Any]) -> Iterator[tuple[str, str, list, bytes]]:
    """Name, number format, shape and bytes of each tensor in the file, by name. Leaves the file at
    the end of the last one.
    """
    start = 8 + int.from_bytes(file.read(8), "little")
    for name, entry in sorted(header.items()):
        begin, end = entry["data_offsets"]
        file.seek(start + begin)
        yield name, entry["dtype"], entry["shape"], file.read(end - begin)
    file.seek(start + max((entry["data_offsets"][1] for entry in header.values()), default=0))


def _seal(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _header(path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if 2 <= length <= _LONGEST_HEADER:
                header = json.loads(file.read(length))
                if isinstance(header, dict) and isinstance(header.get("__metadata__", {}), dict):
                    return header
    except FileNotFoundError:
        raise CatsightError(f"{path} is missing") from None
    except OSError as error:
        raise CatsightError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        pass
    advice = (
        ". Pickles (.pt, .pth, .bin) can run code and are not read; "
        f"`{conversion(path)}` makes a safetensors file of one"
    )
    raise CatsightError(f"{path} is not a safetensors file{advice if pickled(path) else ''}")


def _digest(tensors: Iterable[tuple[str, str, list, Any]]) -> str:
    """SHA-256 of tensors (name, number format, shape, bytes), 64 hex digits."""
    digest = hashlib.sha256()
    for name, dtype, shape, data in tensors:
        digest.update(canonical_json([name, dtype, shape]).encode())
        digest.update(data)
    return digest.hexdigest()
