"""Names in the columns ``layer`` and ``part`` that stand for all of them together."""

#: The layer of rows that hold the mean over an encoder's layers.
ALL_LAYERS = "all"

#: The part of rows that hold the loss due to all parts of the eye together.
WHOLE = "whole"
