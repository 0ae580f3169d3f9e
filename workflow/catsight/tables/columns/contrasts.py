"""The table of contrasts: one row per difference between two values of a study."""

import pyarrow as pa

#: Of which two values a contrast is. Columns that say nothing of its kind are null.
_SIDE = [
    ("member_{}", pa.string()),  # in words: an encoder, family, view, layer, dose or part
    ("encoder_{}", pa.string()),  # null for a mean over encoders
    ("view_{}", pa.string()),
    ("layer_{}", pa.string()),  # "all" for the mean over layers
    ("dose_{}", pa.float64()),
    ("part_{}", pa.string()),
    ("members_{}", pa.list_(pa.string())),  # the encoders of a mean over encoders
]


def _side(which: str) -> list[tuple[str, pa.DataType]]:
    return [(name.format(which), kind) for name, kind in _SIDE]


#: Differences between two values of a study (a - b), with corrections for their number.
CONTRASTS = pa.schema(
    [
        ("study", pa.string()),
        ("kind", pa.string()),  # encoder, family, training, view, layer, dose or part
        (
            "hypotheses",
            pa.string(),
        ),  # the contrasts that are corrected together have this in common
        ("reference", pa.string()),
        ("metric", pa.string()),
        ("pooling", pa.string()),  # several, with commas between, if encoders' differ
        ("swept", pa.string()),  # of doses
        *_side("a"),
        *_side("b"),
        ("value_a", pa.float64()),
        ("value_b", pa.float64()),
        ("difference", pa.float64()),  # value_a - value_b
        ("diff_low", pa.float64()),  # where ci_low and ci_high lie on the values' own scale
        ("diff_high", pa.float64()),
        ("scale", pa.string()),  # fisher, log or plain
        ("z", pa.float64()),  # the difference on that scale
        ("se_z", pa.float64()),
        ("df", pa.float64()),  # degrees of freedom of se_z
        ("ci_low", pa.float64()),  # of z, of this contrast alone
        ("ci_high", pa.float64()),
        ("sim_low", pa.float64()),  # of z, of all contrasts of these hypotheses together
        ("sim_high", pa.float64()),
        ("loss_ratio", pa.float64()),  # how many times a loses what b loses
        ("ratio_low", pa.float64()),  # from ci_low and ci_high
        ("ratio_high", pa.float64()),
        ("ratio_sim_low", pa.float64()),  # from sim_low and sim_high
        ("ratio_sim_high", pa.float64()),
        ("p_value", pa.float64()),
        ("p_holm", pa.float64()),  # corrected for the number of contrasts of these hypotheses
        ("n_hypotheses", pa.int32()),  # how many of these contrasts have a test
        ("level", pa.float64()),  # at which each is tested so that all hold together
        ("margin", pa.float64()),  # the loss ratio below which two values count as equivalent
        ("p_equivalence", pa.float64()),
        ("p_equivalence_holm", pa.float64()),
        ("equivalent", pa.bool_()),
        ("n_renderings", pa.int32()),  # that were compared, if the study has several
        ("n_above", pa.int32()),  # in how many of them the test tells that z is above 0
        ("n_below", pa.int32()),  # or below 0
        ("n_equivalent", pa.int32()),  # in how many the two are equivalent
        ("ratio_all_low", pa.float64()),  # the least ratio_sim_low of all renderings
        ("ratio_all_high", pa.float64()),  # the largest ratio_sim_high
        ("groups_needed", pa.int64()),  # to tell this difference; null if it is told already
        ("groups_low", pa.int64()),  # as uncertain as the spread of so few groups is
        ("groups_high", pa.int64()),
        ("n_groups", pa.int32()),
        ("n_frames", pa.int32()),
        ("reason", pa.string()),  # why there is no test
    ]
)
