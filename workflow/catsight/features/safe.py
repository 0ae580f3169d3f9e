"""Weights files: safetensors that say where they came from and can be checked without torch."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from catsight.errors import CatsightError
from catsight.inputs.files import appearing
from catsight.tables import canonical_json

#: Keys of the metadata: the provenance, as JSON, and the digest of that; it holds one of the
#: tensors.
_KEY, _SEAL = "catsight", "catsight_seal"
#: safetensors' names of the number formats that weights come in.
_FORMATS = {
    "torch.float64": "F64", "torch.float32": "F32", "torch.float16": "F16", "torch.bfloat16": "BF16",
    "torch.int64": "I64", "torch.int32": "I32", "torch.int16": "I16", "torch.int8": "I8", "torch.uint8": "U8",
    "torch.bool": "BOOL",
}  # fmt: skip


def write(path: Path, state: Mapping, about: Mapping) -> None:
    """Writes a state dict whole or not at all; ``about`` goes into its metadata, with a digest of
    the tensors.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    state = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in state.items()}
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
            save_file(state, part, metadata={_KEY: text, _SEAL: _seal(text)})
    except SafetensorError as error:
        raise CatsightError(
            f"{path} cannot be written ({error}); make room, and run again"
        ) from None


def about(path: str | os.PathLike) -> dict:
    """Where a weights file that :func:`write` made came from, and the ``content`` digest of its
    tensors.
    """
    metadata = _header(path).get("__metadata__", {})
    if _KEY not in metadata:
        raise CatsightError(
            f"{path} does not say where it came from; `catsight features weights` makes one that does"
        )
    if metadata.get(_SEAL) != _seal(metadata[_KEY]):
        raise CatsightError(
            f"{path} is damaged: its metadata is not what was written; delete it and run again"
        )
    return json.loads(metadata[_KEY])


def sound(path: str | os.PathLike) -> bool:
    """Whether a weights file's tensors are what its metadata says."""
    try:
        recorded, header = about(path)["content"], _header(path)
        header.pop("__metadata__")
        with open(path, "rb") as file:
            return _digest(_tensors(file, header)) == recorded and not file.read(1)
    except (
        CatsightError,
        OSError,
        TypeError,
        ValueError,
        KeyError,
    ):  # whatever a damaged header makes of places
        return False


def check(path: str | os.PathLike) -> None:
    """Raises :class:`CatsightError` where ``path`` is no safetensors file, or one that is cut
    short.
    """
    from safetensors import SafetensorError, safe_open

    _header(path)
    try:
        with safe_open(path, framework="numpy"):
            pass
    except SafetensorError as error:
        raise CatsightError(f"{path} is damaged ({error}); delete it and run again") from None


def load(path: str | os.PathLike) -> dict:
    """The state dict of a safetensors file, on the CPU. Errors as :func:`check`."""
    from safetensors.torch import load_file

    check(path)
    return load_file(path, device="cpu")


def _tensors(file, header: Mapping) -> Iterator[tuple]:
    """Each tensor as it lies in the file: name, number format, shape, bytes."""
    start = 8 + int.from_bytes(file.read(8), "little")
    for name, entry in sorted(header.items()):
        begin, end = entry["data_offsets"]
        file.seek(start + begin)
        yield name, entry["dtype"], entry["shape"], file.read(end - begin)
    file.seek(start + max((entry["data_offsets"][1] for entry in header.values()), default=0))


def _seal(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _header(path: str | os.PathLike) -> dict:
    try:
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if 2 <= length <= 100_000_000:
                header = json.loads(file.read(length))
                if isinstance(header, dict) and isinstance(header.get("__metadata__", {}), dict):
                    return header
    except FileNotFoundError:
        raise CatsightError(f"{path} is missing") from None
    except OSError as error:
        raise CatsightError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        pass
    raise CatsightError(
        f"{path} is not a safetensors file. Pickles (.pt, .pth, .bin) can run code and are not read; convert one where "
        "you trust it: safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'model.safetensors')"
    )


def _digest(tensors: Iterable[tuple]) -> str:
    digest = hashlib.sha256()
    for name, dtype, shape, data in tensors:
        digest.update(canonical_json([name, dtype, shape]).encode())
        digest.update(data)
    return digest.hexdigest()
