"""Whether the tensors of a file are those of a network, by name, shape and kind of number."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from catsight.errors import CatsightError

if TYPE_CHECKING:
    import torch


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
            untied += [n for n in there[1:] if not same(state[there[0]], state[n])]
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


def same(one: "torch.Tensor", other: "torch.Tensor") -> bool:
    """Whether two tensors are of one shape and type and hold the same values, as NaN and NaN."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    # NaN alone is not itself
    return bool(((one == other) | ((one != one) & (other != other))).all())


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
