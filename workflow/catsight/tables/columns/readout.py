"""The table of readouts: what a trained head answers, and how far a view changes it.

Rows of the kind ``mean`` hold one value of all frames, those of the kind ``frame`` one frame.
"""

import pyarrow as pa

from catsight.tables.columns.replicates import REPLICATES

READOUT = pa.schema(
    [
        ("encoder", pa.string()),
        ("reference", pa.string()),
        ("view", pa.string()),
        ("kind", pa.string()),  # mean: over frames, groups with equal weight; frame: a frame's own
        # of means
        ("metric", pa.string()),  # same_first, shared_five or divergence
        ("value", pa.float64()),
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
        *REPLICATES,
        # of frames
        ("frame_id", pa.string()),
        ("group", pa.string()),
        ("same_first", pa.float64()),  # 1 if the first answer is the same, else 0
        ("shared_five", pa.float64()),  # share of the first five answers that both have
        ("divergence", pa.float64()),  # Jensen-Shannon, of all answers, 0 to 1 bit
        ("reference_answer", pa.int32()),  # the first answer's place in the list of classes, from 0
        ("reference_name", pa.string()),
        ("reference_p", pa.float64()),  # the softmax of its logit
        ("reference_p_in_view", pa.float64()),  # that of the same class in the view
        ("reference_five", pa.list_(pa.string())),  # the first five answers, the first first
        ("view_answer", pa.int32()),
        ("view_name", pa.string()),
        ("view_p", pa.float64()),
        ("view_five", pa.list_(pa.string())),
        ("n_frames", pa.int32()),
        ("n_groups", pa.int32()),
        ("seed", pa.int64()),
        ("reason", pa.string()),  # why a value or an interval is null
    ]
)
