"""The table of frames: one row per frame."""

import pyarrow as pa

from catsight.tables.columns.image import IMAGE

FRAMES = pa.schema(
    [
        ("frame_id", pa.string()),
        ("group", pa.string()),  # the unit of inference: frames of a group are not independent
        ("source", pa.string()),
        ("image", IMAGE),  # PNG, sRGB
        ("width", pa.int32()),  # px
        ("height", pa.int32()),  # px
        ("sha256", pa.string()),  # of the sRGB pixels
        ("title", pa.string()),
        ("author", pa.string()),
        ("licence", pa.string()),
        ("link", pa.string()),  # a page about the picture or its licence
        (
            "note",
            pa.string(),
        ),  # what is odd about its file; null if nothing is
        # what it is like (catsight.frames.describe); null where undefined
        ("contrast", pa.float64()),  # RMS, of luminance
        ("colourfulness", pa.float64()),  # 0 grey, 109 extremely colourful
        ("spectral_slope", pa.float64()),  # of log amplitude against log spatial frequency
        ("left", pa.int32()),  # px; corner of the glance in its photo, null for a whole photo
        ("top", pa.int32()),  # px
        # a .npy file: float32 (height, width), metres from the eye; null if unknown
        ("depth", pa.binary()),
        ("partner", IMAGE),  # PNG, sRGB: the picture recorded with this one; null without one
        # frames of the clip before a still, the latest first, each with the time between it and the
        # still; null without any
        ("past", pa.list_(pa.struct([("seconds", pa.float64()), ("image", IMAGE)]))),
    ]
)
