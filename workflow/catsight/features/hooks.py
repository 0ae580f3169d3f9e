"""What the chosen modules of a network give in one forward pass."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from catsight.errors import CatsightError

if TYPE_CHECKING:
    import torch


def watch(
    model: "torch.nn.Module",
    blocks: "Mapping[str, torch.nn.Module]",
    pictures: "torch.Tensor",
    each: "Callable[[str, torch.Tensor], None]",
    output: int | None = None,
    *,
    whole: bool = False,
) -> Any:
    """Runs ``pictures`` (n, 3, h, w) through the network and calls ``each(name, given)`` with every
    block's output as it arises, in network order. Returns what the network gives: its own
    answers if the ``whole`` of it runs, otherwise what timm's ``forward_features`` gives before the
    head.

    If blocks return several tensors, ``output`` is the index of the one to use. What ``each`` is
    given is the network's own memory, which later blocks may overwrite. The hooks are always
    removed, even after an error. Raises :class:`CatsightError` if a block does not run exactly
    once, or gives neither tokens nor maps.
    """
    import torch

    runs = dict.fromkeys(blocks, 0)

    def hook_for(name: str) -> Callable[[Any, Any, Any], None]:
        def hook(module: Any, inputs: Any, given: Any) -> None:
            runs[name] += 1
            if runs[name] == 1:
                each(name, _checked(_chosen(given, output, name), name))

        return hook

    handles = [module.register_forward_hook(hook_for(name)) for name, module in blocks.items()]
    try:
        with torch.inference_mode():
            run = model if whole else getattr(model, "forward_features", model)
            returned = run(pictures)
    finally:
        for handle in handles:
            handle.remove()
    for name, count in runs.items():
        if count == 0:
            raise CatsightError(f"the layer {name} is never run; leave it out of the pattern")
        if count > 1:
            raise CatsightError(
                f"the layer {name} runs {count} times in a forward pass, so it has no one value; "
                "leave it out of the pattern, and choose a module around it that runs once"
            )
    return returned


def _checked(output: Any, name: str) -> "torch.Tensor":
    """The output if it is tokens or maps."""
    import torch

    if not isinstance(output, torch.Tensor) or output.ndim not in (3, 4):
        shape = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
        raise CatsightError(
            f"{name} gives {shape}; a layer must give tokens (n, length, d) or maps (n, d, h, w)"
        )
    return output


def _chosen(given: Any, output: int | None, name: str) -> Any:
    """A block's only output, or the one with the index ``output`` if it returns several."""
    several = isinstance(given, tuple | list)
    if output is None:
        if several:
            raise CatsightError(
                f"{name} gives {len(given)} outputs; choose one with the encoder's `output`, "
                "counted from 0"
            )
        return given
    count = len(given) if several else 1
    if not several or output >= count:
        raise CatsightError(
            f"{name} gives {count} output(s), but the encoder's `output` is {output}, "
            "counted from 0"
        )
    return given[output]
