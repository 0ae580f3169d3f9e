"""Which ``args`` of an encoder would bring weights, or pictures of another kind, past the study."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from catsight.errors import CatsightError

#: Names of arguments that switch trained weights on, whatever they hold.
_PRETRAINED = re.compile(r"(.*_)?(pretrained|pretrain)(_.*)?")
#: Names of arguments that load what a text names: a file, or a set of weights.
_LOADS = re.compile(
    r"(.*_)?(checkpoints?|ckpts?|state_dict)(_.*)?"
    r"|(.*_)?cache_dir|(?!init_)(.*_)?weights(?!_init)(_.*)?|(load|init|resume)_from(_.*)?|resume|hf_hub_id"
)
#: Names of switches that do.
_SWITCHES = re.compile(
    r"(.*_)?(pretrained|pretrain)|((load|use|with|restore)_(.*_)?)?weights"
    r"|(load|with|restore)_(.*_)?(checkpoint|ckpt)"
)
#: Ends of the names of files that hold weights.
WEIGHTS_FILES = (
    *(".pt", ".pth", ".bin", ".ckpt", ".tar", ".pkl", ".pickle", ".safetensors"),
    *(".npz", ".npy", ".h5", ".hdf5", ".onnx", ".msgpack", ".gguf"),
    *(".mat", ".t7", ".caffemodel", ".weights", ".params", ".pdparams", ".tflite", ".pb"),
)
#: Begins of texts that name a place outside this machine, or a source of timm's.
_PLACES = re.compile(r"(https?|ftp|file|s3|gs)://|(hf[-_]hub|local-dir):", re.IGNORECASE)


def check(arguments: Mapping[str, Any], entry: str, *, of_timm: bool) -> None:
    """Raises :class:`CatsightError` if an encoder's ``args``, or anything inside them, would load a
    file, or if timm's ``in_chans`` is not 3.

    ``entry`` is how the message names the encoder. The ``weights`` of an entry are in its spec, so
    that an edit of their file counts and an untrained control is one; what ``args`` load is not.
    """
    for key, value in _within(arguments):
        if loads(key.rpartition(".")[2].partition("[")[0], value):
            raise CatsightError(
                f"{entry}.args.{key} is '{value}', which would load weights, or a file, that the "
                "study does not see; remove it, and name the weights in the encoder's `weights` "
                "(`catsight features convert` makes a file of a checkpoint)"
            )
    if of_timm and arguments.get("in_chans", 3) != 3:
        raise CatsightError(
            f"{entry}.args.in_chans is {arguments['in_chans']!r}, but views have three channels "
            "(R, G, B); remove it"
        )


def loads(name: str, value: Any) -> bool:
    """Whether an argument would load weights: by its ``name`` with a ``value`` that is not off,
    or because the value names a file of weights or an address.

    Numbers load nothing (``pretrained_window_sizes``), nor does ``use_checkpoint: true``, which
    saves memory in training.
    """
    name = name.lower().replace("-", "_")
    if isinstance(value, str):
        named = bool(_PRETRAINED.fullmatch(name) or _LOADS.fullmatch(name))
        return bool(value) and (
            named
            or bool(_PLACES.match(value))
            or PurePath(value.strip()).suffix.lower() in WEIGHTS_FILES
        )
    if isinstance(value, Mapping):
        return bool(value) and bool(_PRETRAINED.fullmatch(name))
    if isinstance(value, list):
        return any(loads(name, one) for one in value if not isinstance(one, Mapping))
    return (value == 1 and bool(_SWITCHES.fullmatch(name))) or (
        value is True and bool(_PRETRAINED.fullmatch(name))
    )


def _within(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every key inside ``value`` and what it holds: ``backbone.blocks[0].depth``, 3."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            path = f"{at}.{key}" if at else str(key)
            yield path, inner
            yield from _within(inner, path)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            if isinstance(inner, Mapping | list):
                yield from _within(inner, f"{at}[{i}]")
