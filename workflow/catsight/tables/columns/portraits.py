"""The table of portraits: one row per eye."""

import pyarrow as pa

from catsight.tables.columns.image import IMAGE

_RECEPTOR = pa.struct(
    [
        ("name", pa.string()),
        ("sensitivity", pa.list_(pa.float64())),  # by wavelength
        ("transfer", pa.list_(pa.float64())),  # by frequency, across the pupil's longer axis
    ]
)

#: What the figure of the eyes draws of each view's eye.
PORTRAITS = pa.schema(
    [
        ("eye", pa.string()),
        ("adapted_to", pa.float64()),  # cd/m², for transfer functions and point spread functions
        ("luminance", pa.list_(pa.float64())),  # cd/m², of the next four
        ("pupil_width", pa.list_(pa.float64())),  # mm
        ("pupil_height", pa.list_(pa.float64())),  # mm
        ("rod_weight", pa.list_(pa.float64())),
        ("acuity", pa.list_(pa.float64())),  # c/deg
        ("frequency", pa.list_(pa.float64())),  # c/deg, of the next four
        ("mtf_across", pa.list_(pa.float64())),  # across the pupil's longer axis
        ("mtf_along", pa.list_(pa.float64())),
        ("mtf_along_defocused", pa.list_(pa.float64())),
        ("contrast_sensitivity", pa.list_(pa.float64())),
        ("spread_degrees", pa.float64()),  # width of both point spread functions, which are square
        ("spread", pa.list_(pa.float32())),
        ("spread_defocus", pa.float64()),  # dioptres
        ("spread_defocused", pa.list_(pa.float32())),
        ("wavelength", pa.list_(pa.float64())),  # nm
        ("receptors", pa.list_(_RECEPTOR)),
        ("chart_degrees", pa.float64()),  # width of the test chart
        ("chart", IMAGE),
        ("levels", pa.list_(pa.float64())),  # cd/m², of each of the next
        ("charts", pa.list_(IMAGE)),  # the test chart as the eye sees it
    ]
)
