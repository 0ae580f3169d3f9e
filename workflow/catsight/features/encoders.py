"""The architectures of encoders, from timm or a user's own function, and their preprocessing."""

import difflib
import os
import random
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from catsight.errors import CatsightError
from catsight.inputs.arguments import check as check_arguments
from catsight.inputs.modules import installed
from catsight.run.specs import EncoderSpec, WeightsSpec

if TYPE_CHECKING:
    import torch
    from PIL import Image


def make(entry: EncoderSpec | WeightsSpec, seed: int = 0) -> "torch.nn.Module":
    """The torch module of an ``entry`` (``timm`` or ``factory``, and ``args``) with the initial
    weights that it draws after :func:`set_seed`.
    """
    arguments = entry.get("args", {})
    set_seed(seed)
    if "factory" in entry:
        return _of_factory(entry["factory"], arguments)
    return create(entry["timm"], arguments)


def set_seed(seed: int) -> None:
    """Seeds all generators that a network may draw from: torch's, numpy's and Python's."""
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)  # numpy takes no more
    torch.manual_seed(seed)


def create(name: str, arguments: Mapping[str, Any]) -> "torch.nn.Module":
    """The timm model ``name`` with its initial weights, which states the size of input that an
    ``img_size`` among the ``arguments`` gives it.

    Raises :class:`CatsightError` if timm has no such model, or cannot make it with these
    ``arguments``.
    """
    import timm

    given = timm_arguments(name, arguments)
    try:
        model: Any = timm.create_model(name, pretrained=False, **given)
    except Exception as error:  # an unknown tag or argument, or a value that does not fit
        raise CatsightError(f"timm cannot make '{name}': {one_line(error)}") from None
    if size := given.get("img_size"):
        side = size if isinstance(size, int) else size[0]
        model.pretrained_cfg = {**model.pretrained_cfg, "input_size": (3, side, side)}
    return model


def timm_arguments(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The ``arguments`` for timm's model ``name``. Raises :class:`CatsightError` if timm has no
    such model, or if one of them loads weights or asks for pictures that views are not.
    """
    check_known(name)
    check_arguments(arguments, f"the encoder '{name}'", of_timm=True)
    # what is left of it is `pretrained: false`
    return {key: value for key, value in arguments.items() if key != "pretrained"}


def one_line(error: Exception) -> str:
    """What an error of another library says, in one line, or its kind if it says nothing."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _where(error: Exception) -> str:
    """The last line of a user's own code before an error arose; empty if there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if os.path.isfile(f.filename) and not _not_own(Path(f.filename))]
    return f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""


def _not_own(file: Path) -> bool:
    return installed(file) or file.is_relative_to(Path(__file__).parents[1])


def check_known(name: str) -> None:
    """Raises :class:`CatsightError`, with similar names, if timm has no model of this ``name``."""
    import timm

    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), 3)
        hint = f" (did you mean {', '.join(near)}?)" if near else ""
        raise CatsightError(f"timm {timm.__version__} has no model '{name}'{hint}")


def _of_factory(factory: str, arguments: Mapping[str, Any]) -> "torch.nn.Module":
    """The module that the user's function ``package.module:function`` returns."""
    import torch

    module, _, function = factory.partition(":")
    if os.getcwd() not in sys.path:  # where the study is run, as with `python -m`
        sys.path.insert(0, os.getcwd())
    title = f"the encoder's factory '{factory}'"
    try:
        make = getattr(import_module(module), function)
    except ModuleNotFoundError as error:
        raise CatsightError(
            f"{title} cannot be imported: {error}; it must be in {os.getcwd()} or installed"
        ) from None
    except AttributeError:
        raise CatsightError(f"{title}: {module} has no function {function}") from None
    check_arguments(arguments, f"the encoder's factory '{factory}'", of_timm=False)
    try:
        model = make(**arguments)
    except CatsightError:
        raise
    except Exception as error:
        raise CatsightError(f"{title} cannot be called: {one_line(error)}{_where(error)}") from None
    if not isinstance(model, torch.nn.Module):
        raise CatsightError(
            f"{title} returned {type(model).__name__}; it must return a torch module"
        )
    return _usable(model, title)


def _usable(model: "torch.nn.Module", title: str) -> "torch.nn.Module":
    """The network itself, if ``torch.compile`` was called on it. Raises :class:`CatsightError` if
    it is a program without layers, or has tensors without numbers.
    """
    import torch

    if isinstance(model, torch.jit.ScriptModule):
        raise CatsightError(
            f"{title} returned a TorchScript program, whose layers cannot be observed; it must "
            "return the torch module that the program was made of"
        )
    model = getattr(model, "_orig_mod", model)
    tensors = [*model.named_parameters(), *model.named_buffers()]
    empty = [name for name, one in tensors if torch.nn.parameter.is_lazy(one) or one.is_meta]
    if without := few("without numbers:", empty):
        raise CatsightError(
            f"{title} returned a network with tensors {without}; it must state their sizes (no "
            "lazy modules) and not be made on torch's meta device"
        )
    return model


def load_strictly(
    model: "torch.nn.Module", state: "Mapping[str, torch.Tensor]", source: Path
) -> None:
    """Loads ``state`` into ``model`` if it has all tensors, no others, and each of the right shape
    and kind of number. Tensors that the model ties need to be there once.

    Raises :class:`CatsightError` otherwise, and never loads a part. ``source`` is the file that the
    message names.
    """
    found = fit(model, state)
    if problems := found.problems():
        raise CatsightError(
            f"{source} does not fit the architecture: it {'; it '.join(problems)}{found.advice()}"
        )
    model.load_state_dict(found.state, strict=True)


class Fit(NamedTuple):
    """How a state dict fits a model: names of tensors that are ``missing``, ``unknown``, of another
    ``shape`` or ``kind`` (both with a remark), or ``untied``; the ``state`` with ties restored; and
    the ``prefix`` without which all names of the model are there, or "".
    """

    state: "dict[str, torch.Tensor]"
    missing: list[str]
    unknown: list[str]
    shape: list[str]
    kind: list[str]
    untied: list[str]
    prefix: str

    def problems(self) -> list[str]:
        """What is wrong, a clause each; empty if the state fits."""
        clauses = (
            few("lacks the tensors", self.missing),
            few("has unknown tensors", self.unknown),
            few("has tensors of another shape", self.shape),
            few("has tensors of another kind of number", self.kind),
            few("has different values for tensors that are one in the network:", self.untied),
        )
        return [clause for clause in clauses if clause]

    def advice(self) -> str:
        """What to do about a prefix; empty if there is none."""
        if not self.prefix:
            return ""
        return (
            f". Its names begin with '{self.prefix}'; `catsight features convert` with --strip "
            f"{self.prefix} makes a file without"
        )


def fit(model: "torch.nn.Module", state: "Mapping[str, torch.Tensor]") -> Fit:
    """How ``state`` fits ``model``. A tensor of which a tied twin is there is not missing, nor is a
    count of batches, which only training uses.
    """
    expected, full, untied = model.state_dict(), dict(state), []
    for names in _ties(model):
        there = [name for name in names if name in full]
        if there:
            full |= dict.fromkeys(names, full[there[0]])
            untied += [n for n in there[1:] if not _same(state[there[0]], state[n])]
    # BatchNorm's count of batches in training, which old checkpoints lack; torch fills it in, too
    counts = [name for name in expected if name.rpartition(".")[2] == "num_batches_tracked"]
    full = {name: expected[name] for name in counts} | full
    shape, kind = [], []
    for name, tensor in expected.items():
        if (given := full.get(name)) is None:
            continue
        if given.shape != tensor.shape:
            shape.append(f"{name} {tuple(given.shape)} instead of {tuple(tensor.shape)}")
        elif not _of_a_kind(given, tensor):
            kind.append(f"{name} ({given.dtype} instead of {tensor.dtype})".replace("torch.", ""))
    missing = sorted(set(expected) - set(full))
    prefix = _prefix(missing, full) if missing else ""
    unknown = sorted(set(full) - set(expected))
    return Fit(full, missing, unknown, shape, kind, untied, prefix)


def _ties(model: "torch.nn.Module") -> list[list[str]]:
    """Groups of names that stand for one and the same parameter or buffer of the ``model``."""
    groups: dict[int, list[str]] = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        groups.setdefault(id(tensor), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def _same(one: "torch.Tensor", other: "torch.Tensor") -> bool:
    return one.shape == other.shape and one.dtype == other.dtype and bool((one == other).all())


def _of_a_kind(given: "torch.Tensor", wanted: "torch.Tensor") -> bool:
    """Whether casting keeps the values: not from complex to real, nor from the codes of quantised
    weights; integers may come as floats, as casts of a whole file leave them.
    """
    if given.is_complex() or wanted.is_complex():
        return given.is_complex() == wanted.is_complex()
    if given.is_floating_point() and not wanted.is_floating_point():
        return bool((given == given.round()).all())
    return given.is_floating_point() or not wanted.is_floating_point()


def _prefix(missing: Sequence[str], state: Iterable[str]) -> str:
    """The shortest text before all ``missing`` names in ``state``; empty if there is none."""
    names = set(state)
    ends = sorted(name.removesuffix(missing[0]) for name in names if name.endswith(missing[0]))
    return next((p for p in ends if p and all(p + name in names for name in missing)), "")


def few(problem: str, names: list[str]) -> str:
    """The problem with the first three of the tensors that have it, and how many more there are;
    empty if there are none.
    """
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{problem} {', '.join(names[:3])}{more}"


def preprocessing(model: "torch.nn.Module", overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The preprocessing of pictures for this ``model``: timm's own, changed by the ``overrides``.

    ``size`` (px, square), ``crop`` (the part of the resized shorter side that is kept),
    ``crop_mode``, ``interpolation``, ``mean`` and ``std`` (of RGB in 0..1). Raises
    :class:`CatsightError` if neither the model nor the overrides state size, mean and std.
    """
    from timm.data.config import resolve_model_data_config

    missing = [key for key in ("size", "mean", "std") if key not in overrides]
    if missing and not getattr(model, "pretrained_cfg", None):
        raise CatsightError(
            f"{type(model).__name__} does not say what preprocessing it needs; "
            f"the encoder's `preprocessing` must state {', '.join(missing)}"
        )
    timm = resolve_model_data_config(model)
    return {
        "size": timm["input_size"][-1],
        "crop": timm["crop_pct"],
        "crop_mode": timm["crop_mode"],
        "interpolation": timm["interpolation"],
        "mean": list(timm["mean"]),
        "std": list(timm["std"]),
        **overrides,
    }


@contextmanager
def first_look(name: str, steps: Mapping[str, Any]) -> Iterator[None]:
    """Turns an error of the encoder ``name`` in the block, which shows it a picture after these
    ``steps``, into a :class:`CatsightError` of one line.
    """
    try:
        yield
    except CatsightError:
        raise
    except Exception as error:
        raise CatsightError(
            f"{name} does not take a picture of {steps['size']} by {steps['size']} px in three "
            f"channels: {one_line(error)}{_where(error)}; correct its preprocessing.size, or make "
            f"the network for that size (timm: `args: {{img_size: {steps['size']}}}`)"
        ) from None


def transform(steps: Mapping[str, Any]) -> "Callable[[Image.Image], torch.Tensor]":
    """timm's evaluation transform with these :func:`preprocessing` steps, from a PIL picture to a
    float32 tensor (3, s, s).
    """
    from timm.data.transforms_factory import create_transform

    return create_transform(
        input_size=(3, steps["size"], steps["size"]),
        is_training=False,
        crop_pct=steps["crop"],
        crop_mode=steps["crop_mode"],
        interpolation=steps["interpolation"],
        mean=tuple(steps["mean"]),
        std=tuple(steps["std"]),
    )
