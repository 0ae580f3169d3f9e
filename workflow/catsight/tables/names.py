"""Names that several tables share: of all layers and of all parts together, and of answers."""

from collections.abc import Collection

#: The layer of rows that hold the mean over an encoder's layers.
ALL_LAYERS = "all"

#: The part of rows that hold the loss due to all parts of the eye together.
WHOLE = "whole"

#: In a table of features the column, after all layers, of what a trained head answers: its logits.
LOGITS = "head/logits"


def shown_pooling(has: Collection[str], wanted: str) -> str:
    """Of the poolings that an encoder ``has``, the one that is shown and compared: the ``wanted``
    one, or ``mean``, or the first.
    """
    return next(pooling for pooling in (wanted, "mean", *sorted(has)) if pooling in has)
