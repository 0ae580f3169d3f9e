"""Passes of a network that show how its layers' outputs are laid out, made once for each encoder.

The axis of the frames is the one that grows with the batch.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from catsight.errors import CatsightError
from catsight.features import hooks
from catsight.features.bars import BARS, ROUNDING, Responses
from catsight.features.layouts import Layout, Statement, decide

if TYPE_CHECKING:
    import torch


def probe(
    model: "torch.nn.Module",
    blocks: "Mapping[str, torch.nn.Module]",
    pictures: "torch.Tensor",
    statement: Statement,
    *,
    output: int | None = None,
    batch: int = 1 + BARS,
) -> dict[str, Layout]:
    """The layout of every block's output, in network order, by passes of these ``pictures`` (as
    :func:`patterns`, in the range that the network expects): the first alone, then all, at most
    ``batch`` (3 or more) at once.

    Raises :class:`CatsightError`, naming the layer, if frames have no axis of their own, change
    each other, or a layout cannot be known. On torch's meta device, which has shapes but no
    numbers, shapes and the ``statement`` decide, and the order is not asked for.
    """
    alone: dict[str, torch.Tensor] = {}
    axes: dict[str, int] = {}
    found: dict[str, list[dict[int, np.ndarray]]] = {}

    def keep(name: str, given: "torch.Tensor") -> None:
        alone[name] = given.float().clone()  # the network may overwrite its own memory

    def compare(name: str, given: "torch.Tensor") -> None:
        axis = _batch_axis(tuple(alone[name].shape), tuple(given.shape), len(part), name)
        first = alone[name].movedim(axis, 0)
        changes = (given.float().movedim(axis, 0) - first).abs().nan_to_num(0, posinf=0)
        axes[name] = axis
        sums = {axis: changes.sum(axis) for axis in range(1, changes.ndim)}
        if not changes.is_meta:
            found.setdefault(name, []).append({a: one.cpu().numpy() for a, one in sums.items()})

    hooks.watch(model, blocks, pictures[:1], keep, output)
    for part in pictures.tensor_split(-(-len(pictures) // batch)):
        hooks.watch(model, blocks, part, compare, output)
    shapes = {name: tuple(alone[name].movedim(axis, 0).shape[1:]) for name, axis in axes.items()}
    responses = {}
    for name, parts in found.items():
        first = alone[name].movedim(axes[name], 0)
        sizes = {axis: first.abs().sum(axis)[0].cpu().numpy() for axis in parts[0]}
        together = {axis: np.concatenate([part[axis] for part in parts]) for axis in sizes}
        responses[name] = _responses(sizes, together)
        if _mixes(sizes[1], together[1]) and not _draws(model, blocks, pictures[:1], alone, output):
            raise CatsightError(
                f"{name} gives other values for a picture alone than beside other pictures: the "
                "network mixes the frames of a batch (is its batch before its tokens, and its "
                "norm one of evaluation?)"
            )
    return decide(shapes, axes, responses, statement)


def _batch_axis(one: tuple[int, ...], several: tuple[int, ...], count: int, name: str) -> int:
    """The only axis that grows from 1 to ``count`` with the batch."""
    grown = [axis for axis, sizes in enumerate(zip(one, several)) if sizes == (1, count)]
    if len(grown) != 1 or several != (*one[: grown[0]], count, *one[grown[0] + 1 :]):
        raise CatsightError(
            f"{name} gives {one} for one picture and {several} for {count}, so none of its axes is "
            "that of the pictures alone (windows or tokens may be mixed with them); choose "
            "another layer"
        )
    return grown[0]


def _responses(
    sizes: Mapping[int, np.ndarray], changes: Mapping[int, np.ndarray]
) -> dict[int, Responses]:
    """A layer's responses for each axis that may be the channels. The first change is that of the
    same picture, alone and with others.
    """
    return {
        axis: Responses(bars[1 : 1 + BARS], bars[1 + BARS :], np.maximum(bars[0], ROUNDING * size))
        for (axis, bars), size in zip(changes.items(), sizes.values())
    }


def _mixes(size: np.ndarray, changes: np.ndarray) -> bool:
    """Whether a picture's values change with those beside it by more than rounding."""
    same, moved = changes[0].sum(), changes[1:].sum() / (2 * BARS)
    return bool(same > max(0.05 * moved, 1e-3 * size.sum()))


def _draws(
    model: "torch.nn.Module",
    blocks: "Mapping[str, torch.nn.Module]",
    picture: "torch.Tensor",
    alone: "Mapping[str, torch.Tensor]",
    output: int | None,
) -> bool:
    """Whether the network draws random numbers as it runs: whether a second pass of a picture gives
    other values than the first, ``alone``.
    """
    differ: list[bool] = []

    def compare(name: str, given: "torch.Tensor") -> None:
        differ.append(not bool(given.float().equal(alone[name])))

    hooks.watch(model, blocks, picture, compare, output)
    return any(differ)
