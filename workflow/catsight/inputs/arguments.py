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
    r"(.*_)?(checkpoints?|ckpts?|state_dict|snapshot)(_.*)?|(?!init_)(.*_)?weights(?!_init)(_.*)?"
    r"|(load|init|resume|restore)_from(_.*)?|(load|restore)(_model)?|resume|finetune|weight"
    r"|(hf_)?(hub|repo)(_.*)?|(.*_)?(path|file|filename|folder|dir|url)"
)
#: Names of switches that do.
_SWITCHES = re.compile(
    r"((load|use|with|restore)_(.*_)?)?weights|load|restore|download"
    r"|(load|with|restore)_(.*_)?(checkpoint|ckpt|model)|download_.*"
)
#: Names of switches that do by whatever counts as true, as timm reads ``pretrained``.
_TRUE = re.compile(r"(.*_)?(pretrained|pretrain)")
#: Ends of the names of files that hold weights.
WEIGHTS_FILES = (
    *(".pt", ".pth", ".bin", ".ckpt", ".tar", ".pkl", ".pickle", ".safetensors"),
    *(".npz", ".npy", ".h5", ".hdf5", ".onnx", ".msgpack", ".gguf"),
    *(".mat", ".t7", ".caffemodel", ".weights", ".params", ".pdparams", ".tflite", ".pb"),
)
#: Ends of names of other files.
_FILES = {*WEIGHTS_FILES, ".zip", ".tgz", ".jit", ".ptl", ".torchscript", ".keras"}
#: Begins of texts that name a place outside this machine, a source of timm's, or a file.
_PLACES = re.compile(
    r"[a-z][a-z0-9+.-]*://|(hf[-_]hub|local-dir|file):|/\S|\.{1,2}/|~[\w.-]*/", re.IGNORECASE
)


def check(arguments: Mapping[str, Any], entry: str, *, of_timm: bool) -> None:
    """Raises :class:`CatsightError` if an encoder's ``args``, or anything inside them, would load a
    file, or if timm's ``in_chans`` is not 3.

    ``entry`` is how the message names the encoder. The ``weights`` of an entry are in its spec, so
    that an edit of their file counts and an untrained control is one; what ``args`` load is not.
    """
    for key, name, value in _within(arguments):
        if loads(name, value):
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

    A name may be written in any way (``loadFrom``). Numbers load nothing
    (``pretrained_window_sizes``) but as ``pretrained``, nor does ``use_checkpoint: true``, which
    saves memory in training.
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+", "_", name).strip("_").lower()
    if _TRUE.fullmatch(name):
        return bool(value)
    pretrained = bool(_PRETRAINED.fullmatch(name))
    named = pretrained or bool(_LOADS.fullmatch(name))
    if isinstance(value, str):
        text = value.strip()
        # the last may be of a compression
        ends = PurePath(re.sub(r"[?#].*", "", text).lower()).suffixes[-2:]
        return bool(text) and (named or bool(_PLACES.match(text)) or not _FILES.isdisjoint(ends))
    if isinstance(value, Mapping):
        texts = any(isinstance(one, str) and one for one in value.values())
        return bool(value) and (pretrained or (named and texts))
    if isinstance(value, list):
        return any(loads(name, one) for one in value)
    return (value == 1 and bool(_SWITCHES.fullmatch(name))) or (value is True and pretrained)


def _within(value: Any, at: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every key inside ``value``, with the keys that lead to it, and what it holds:
    ``backbone.blocks[0].depth``, ``depth``, 3.
    """
    if isinstance(value, Mapping):
        for key, inner in value.items():
            path = f"{at}.{key}" if at else str(key)
            yield path, str(key), inner
            yield from _within(inner, path)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            if isinstance(inner, Mapping | list):
                yield from _within(inner, f"{at}[{i}]")
