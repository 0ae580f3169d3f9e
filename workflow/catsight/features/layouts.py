"""The layout of a layer's output, from how it answers a few pictures made for it.

Which axes are places, which tokens are none, and whether places are in raster order, shows in how
they follow a bright bar that moves about the picture (:mod:`catsight.features.bars`). Where that
shows nothing, what the network states decides.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from catsight.errors import CatsightError
from catsight.features.bars import Order, Responses, order_of, shares, spreads

if TYPE_CHECKING:
    import torch

#: How well places must follow the bar (a correlation) to be in raster order. Networks with places
#: in raster order have 0.75 to 1, Hiera's unrolled order at most 0.5.
PROVEN = 0.7
#: Places that follow it less are in another order, if each sees its own part of the picture: if
#: their mean bars spread (a standard deviation) by LOCAL. Where all see all of it, nothing shows.
LIKELY, LOCAL = 0.5, 0.25
#: Channels spread by up to 0.25 where they are those of a few tokens. An axis that spreads by SURE
#: holds places.
SURE = 0.75
#: Fewest places along a side whose correlation cannot be chance without that.
FEW = 4
#: Tokens without a place see all bars alike: the shares of the bars in their changes spread by less
#: than this part of what is usual among the others. Places in windows have at least 0.6.
APART = 0.5
#: Most tokens without a place that are looked for, unless the network or the study states them.
MOST_EXTRA = 32


class Layout(NamedTuple):
    """The axes of a layer's output. ``batch`` is that of the frames; the others count from there:
    they are axes of the output with the frames moved to the front.
    """

    batch: int
    channels: int
    places: tuple[int, ...]  #: the axis of tokens, or those of rows and columns
    extra: tuple[int, ...] = ()  #: tokens without a place: class tokens and registers
    unordered: bool = False  #: whether the order of the places is unknown or another than raster
    #: whether the first of the extra tokens is a class token; None if it may be another of them
    class_token: bool | None = False


class Statement(NamedTuple):
    """What a network and its entry in the study say."""

    given: int | None = None  #: the entry's ``prefix_tokens``
    prefix: int | None = None  #: the network's ``num_prefix_tokens``
    format: str | None = None  #: the network's ``output_fmt``, NCHW or NHWC
    class_token: bool | None = None  #: whether it has a class token; None if it does not say


def stated(model: "torch.nn.Module", given: int | None = None) -> Statement:
    """What a network states of its layouts; ``given`` is the entry's ``prefix_tokens``."""
    prefix = getattr(model, "num_prefix_tokens", None)
    return Statement(
        given,
        prefix if isinstance(prefix, int) else None,
        getattr(model, "output_fmt", None),
        _class_token(model),
    )


def _class_token(model: "torch.nn.Module") -> bool | None:
    """Whether a network has a class token, by its attribute or a parameter inside it."""
    for name in ("cls_token", "class_token"):
        if hasattr(model, name):
            return getattr(model, name) is not None
    names = (name.rpartition(".")[2] for name, _ in model.named_parameters())
    return True if any(re.match(r"(cls|class)(_|$)", name) for name in names) else None


def decide(
    shapes: Mapping[str, tuple[int, ...]],
    batches: Mapping[str, int],
    responses: Mapping[str, Mapping[int, Responses]],
    statement: Statement,
) -> dict[str, Layout]:
    """The layout of each layer from the ``shapes`` of one frame, the axes of the frames, and the
    responses of each layer (none at all if there are no numbers).
    """
    layouts: dict[str, Layout] = {}
    proven: dict[tuple[int, ...], Layout] = {}
    for name, shape in shapes.items():
        of = _of_tokens if len(shape) == 2 else _of_maps
        layout = of(name, shape, responses.get(name, {}), statement, proven.get(shape))
        if not responses:
            layout = layout._replace(unordered=False)
        elif not layout.unordered and shape[layout.places[0] - 1] - len(layout.extra) > 1:
            proven[shape] = layout
        layouts[name] = layout._replace(batch=batches[name])
    return layouts


def _of_maps(
    name: str,
    shape: tuple[int, ...],
    responses: Mapping[int, Responses],
    statement: Statement,
    before: Layout | None,
) -> Layout:
    """The layout of maps, whose rows and columns are as many, since the picture is square."""
    options = []
    for channels in (3, 1, 2) if statement.format == "NHWC" else (1, 3, 2):
        rows, columns = (axis for axis in (1, 2, 3) if axis != channels)
        if shape[rows - 1] == shape[columns - 1]:
            options += [Layout(0, channels, order) for order in ((rows, columns), (columns, rows))]
    if not options:
        raise CatsightError(
            f"{name} gives {shape} for each picture, which are not square maps, neither (d, h, w) "
            "nor (h, w, d); its layout is unknown; choose another layer"
        )
    orders = [order_of(_as_maps(responses, option)) for option in options] if responses else []
    if best := _best(options, orders):
        return best
    if before or len(options) == 2 or statement.format or max(shape) == 1:
        usual = before or options[0]
        # maps whose places all see the whole picture show no order, but their axes do
        unordered = bool(orders) and _contradicts(orders[options.index(usual)])
        if not (responses and _in_one_axis(responses, usual)):
            return usual._replace(unordered=unordered)
        raise CatsightError(
            f"{name} gives {shape} for each picture, in which one axis holds all places, as in the "
            "heads of an attention; its layout is unknown; choose another layer"
        )
    raise CatsightError(
        f"{name} gives {shape} for each picture, and does not show which axis are the channels; "
        "give the network an attribute output_fmt, 'NCHW' or 'NHWC', or leave the layer out"
    )


def _in_one_axis(responses: Mapping[int, Responses], layout: Layout) -> bool:
    """Whether one axis of taken maps follows the bar down and across, and one of those taken for
    rows and columns does neither.
    """
    if responses[layout.channels].floor.size == 1:
        return False
    found = {axis: spreads(_along(responses, axis)) for axis in responses}
    return any(min(both) >= SURE for both in found.values()) and any(
        max(found[axis]) < LOCAL for axis in layout.places
    )


def _along(responses: Mapping[int, Responses], axis: int) -> Responses:
    """The responses along one axis of three, summed over the others."""
    summed = 1 if axis != 1 else 2
    rest = [other for other in responses if other not in (summed, axis)]
    where = [other for other in responses if other != summed].index(rest[0]) - 2
    return Responses(*(values.sum(where) for values in responses[summed]))


def _as_maps(responses: Mapping[int, Responses], layout: Layout) -> Responses:
    """The responses of places (h, w) in a layout of maps."""
    found = responses[layout.channels]
    if layout.places[0] > layout.places[1]:
        return Responses(*(values.swapaxes(-1, -2) for values in found))
    return found


def _as_square(found: Responses, extra: Sequence[int]) -> Responses:
    """The responses of tokens but the ``extra`` as those of places (h, w), row by row."""
    rest = (np.delete(values, extra, axis=-1) for values in found)
    side = math.isqrt(found.floor.size - len(extra))
    return Responses(*(values.reshape(*values.shape[:-1], side, side) for values in rest))


def _of_tokens(
    name: str,
    shape: tuple[int, ...],
    responses: Mapping[int, Responses],
    statement: Statement,
    before: Layout | None,
) -> Layout:
    """The layout of tokens: places that form a square, and others without a place."""
    options, orders = [], []
    for channels in (2, 1) if responses else ():
        axis = 3 - channels
        for extra in _extras(shape[axis - 1], responses[channels], statement):
            options.append(Layout(0, channels, (axis,), extra))
            orders.append(order_of(_as_square(responses[channels], extra)))
    found = _best(options, orders)
    if found is None and before:
        order = order_of(_as_square(responses[before.channels], before.extra))
        found = before._replace(unordered=_contradicts(order))
    if found is None:
        channels = _channels(responses) if responses else 2
        length = shape[2 - channels]
        prefix = _prefix(name, length, statement)
        found = Layout(0, channels, (3 - channels,), tuple(range(prefix)))
        likely = any(
            one == found and order.follows >= LIKELY for one, order in zip(options, orders)
        )
        found = found._replace(unordered=length - prefix > 1 and not likely)
    named, count = statement.class_token, len(found.extra)
    # one token without a place, or some that the study states, begin with a class token
    usual = named is None and (count == 1 or statement.given is not None)
    first = count > 0 and bool(named or usual)
    ahead = count <= 1 or found.extra == tuple(range(count))
    return found._replace(class_token=None if first and not ahead else first)


def _channels(responses: Mapping[int, Responses]) -> int:
    """The axis of the channels of tokens in an unknown order: the first, if the second alone holds
    places, each of which sees a part of the picture; else the second.
    """
    first, second = (min(spreads(responses[3 - axis])) for axis in (1, 2))
    return 1 if second >= SURE and first < LOCAL else 2


def _best(options: Sequence[Layout], orders: Sequence[Order]) -> Layout | None:
    """The first option whose order is proven, unless another is better by half of what a shift of
    all places by one costs: about 6 / (side + 1) of the correlation.
    """
    sure = [
        (option, order)
        for option, order in zip(options, orders)
        if order.follows >= PROVEN and (order.local >= LOCAL or order.side >= FEW)
    ]
    best = max((order.follows for _, order in sure), default=0)
    for option, order in sure:
        if order.follows >= best - 3 / (order.side + 1):
            return option
    return None


def _contradicts(order: Order) -> bool:
    """Whether places show that they are in another order."""
    return order.local >= LOCAL and order.follows < LIKELY


def _extras(length: int, responses: Responses, statement: Statement) -> Iterator[tuple[int, ...]]:
    """Which of some tokens may have no place, the likeliest first: as many as leave a square, at
    the front, or those that follow the bars least. Unless they are stated, they must follow them
    much less than the others do.
    """
    if statement.given is not None:
        counts = [statement.given]
    else:
        sides = range(math.isqrt(length), 1, -1)
        counts = [length - side**2 for side in sides if length - side**2 <= MOST_EXTRA]
        if statement.prefix is not None:
            counts = list(dict.fromkeys([statement.prefix, *counts]))
    spread = sum(shares(bars, responses.floor)[0].std(0) for bars in responses[:2])
    order = np.argsort(spread, kind="stable")
    for count in counts:
        if count >= length - 1 or not _square(length - count):
            continue
        first = tuple(range(count))
        if count in (0, statement.given, statement.prefix) or _apart(spread, first):
            yield first
        others = tuple(sorted(map(int, order[:count])))
        if statement.given is None and others != first and _apart(spread, others):
            yield others


def _apart(spread: np.ndarray, extra: Sequence[int]) -> bool:
    """Whether tokens follow the bars much less than the others do."""
    return bool(spread[list(extra)].max() <= APART * np.median(np.delete(spread, extra)))


def _prefix(name: str, length: int, statement: Statement) -> int:
    """The number of tokens without a place, in front of the others, where nothing else shows it."""
    if statement.given is not None:
        if statement.given > length:
            raise CatsightError(
                f"{name} gives {length} tokens, fewer than the encoder's prefix_tokens, "
                f"{statement.given}; correct it, or leave the layer out"
            )
        return statement.given
    if length == 1 and statement.class_token:  # the class token alone, at the network's end
        return 1
    prefix = statement.prefix
    if prefix is not None and prefix <= length and _square(length - prefix):
        return prefix
    if _square(length):
        return 0
    raise CatsightError(
        f"{name} gives {length} tokens, and does not show which of them are places; state how many "
        "of the first have none (class tokens and registers) as the encoder's `prefix_tokens`, or "
        "leave the layer out"
    )


def _square(count: int) -> bool:
    return math.isqrt(count) ** 2 == count
