"""The table of the eyes' portraits: one row per eye."""

import pyarrow as pa

from catsight.tables.columns.image import IMAGE

#: One eye (or one view's eye) to a row: what the figure of the eyes draws.
PORTRAITS = pa.schema(
    [
        ("eye", pa.string()),
        ("adapted_to", pa.float64()),  # cd/m²; the transfers and spreads are at this luminance
        ("luminance", pa.list_(pa.float64())),  # cd/m², of the next three
        ("pupil_width", pa.list_(pa.float64())),  # mm
        ("pupil_height", pa.list_(pa.float64())),  # mm
        ("rod_weight", pa.list_(pa.float64())),
        ("frequency", pa.list_(pa.float64())),  # c/deg, of the next four
        ("mtf_across", pa.list_(pa.float64())),
        ("mtf_along", pa.list_(pa.float64())),
        ("mtf_along_defocused", pa.list_(pa.float64())),
        ("contrast_sensitivity", pa.list_(pa.float64())),
        ("spread_degrees", pa.float64()),  # across both point spread functions, square
        ("spread", pa.list_(pa.float32())),
        ("spread_defocus", pa.float64()),  # dioptres
        ("spread_defocused", pa.list_(pa.float32())),
        ("wavelength", pa.list_(pa.float64())),  # nm
        (
            "receptors",
            pa.list_(pa.struct([("name", pa.string()), ("sensitivity", pa.list_(pa.float64()))])),
        ),
        ("chart_degrees", pa.float64()),  # across the test chart
        ("chart", IMAGE),
        ("levels", pa.list_(pa.float64())),  # cd/m², of the charts as seen
        ("charts", pa.list_(IMAGE)),
    ]
)
