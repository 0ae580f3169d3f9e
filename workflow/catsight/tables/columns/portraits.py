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

#: The ends of a line of colours that are one to the eye, each linear sRGB.
_CONFUSION = pa.struct([("start", pa.list_(pa.float64())), ("end", pa.list_(pa.float64()))])

#: What the figure of the eyes draws of each view's eye.
PORTRAITS = pa.schema(
    [
        ("eye", pa.string()),
        ("adapted_to", pa.float64()),  # cd/m², for transfer functions and point spread functions
        ("luminance", pa.list_(pa.float64())),  # cd/m², of the next seven
        ("pupil_width", pa.list_(pa.float64())),  # mm
        ("pupil_height", pa.list_(pa.float64())),  # mm
        ("rod_weight", pa.list_(pa.float64())),
        ("acuity", pa.list_(pa.float64())),  # c/deg
        ("quanta_cones", pa.list_(pa.float64())),  # of 1 deg² of white, in the integration time
        ("quanta_rods", pa.list_(pa.float64())),
        ("flicker_fusion", pa.list_(pa.float64())),  # Hz
        ("frequency", pa.list_(pa.float64())),  # c/deg, of the next four
        ("mtf_across", pa.list_(pa.float64())),  # across the pupil's longer axis
        ("mtf_along", pa.list_(pa.float64())),
        ("mtf_along_defocused", pa.list_(pa.float64())),
        ("contrast_sensitivity", pa.list_(pa.float64())),
        (
            "orientation",
            pa.list_(pa.float64()),
        ),  # degrees, of the transfers turned; 0: to the right
        ("orientation_frequency", pa.float64()),  # c/deg of these: half of the acuity
        ("mtf_turned", pa.list_(pa.float64())),
        ("mtf_turned_defocused", pa.list_(pa.float64())),
        ("spread_degrees", pa.float64()),  # width of both point spread functions, which are square
        ("spread", pa.list_(pa.float32())),
        ("spread_defocus", pa.float64()),  # dioptres
        ("spread_defocused", pa.list_(pa.float32())),
        ("wavelength", pa.list_(pa.float64())),  # nm
        ("receptors", pa.list_(_RECEPTOR)),
        ("confusion_lines", pa.list_(_CONFUSION)),  # none unless the eye has two kinds of cones
        ("chart_degrees", pa.float64()),  # width of the test chart
        ("chart", IMAGE),
        ("levels", pa.list_(pa.float64())),  # cd/m², of each of the next
        ("charts", pa.list_(IMAGE)),  # the test chart as the eye sees it
    ]
)
