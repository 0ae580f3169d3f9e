"""The table of physiology: the losses of drawn eyes, their spread, and what it is due to."""

import pyarrow as pa

from catsight.tables.columns.metrics import METRICS

_NUMBER = pa.struct([("number", pa.string()), ("value", pa.float64())])
#: Rows of three kinds. ``draw``: a drawn eye against the reference, with the columns of metrics.
#: ``spread``: of the draws' mean losses over layers. ``share``: of a number of the eye in that
#: spread.
PHYSIOLOGY = pa.schema(
    [
        ("kind", pa.string()),
        ("draw", pa.int32()),  # of draw: from 1; 0 is the eye as its file states it
        ("number", pa.string()),  # of share: a dotted key of the eye's file
        ("drawn", pa.list_(_NUMBER)),  # of draw: the value of each number
        ("loss", pa.float64()),  # of draw: 1 - value, or of a distance the value
        ("sd", pa.float64()),  # of spread: standard deviation of the losses
        ("low", pa.float64()),  # of spread: 5 % of the losses are lower
        ("high", pa.float64()),  # of spread: 5 % are higher
        ("share", pa.float64()),  # of share: first-order, of the losses' variance
        *METRICS,
    ]
)
