"""The table of frames: one row per frame."""

import pyarrow as pa

from catsight.tables.columns.image import IMAGE

FRAMES = pa.schema(
    [
        ("frame_id", pa.string()),
        ("group", pa.string()),  # frames of one group are not independent: the unit of inference
        ("source", pa.string()),
        ("image", IMAGE),  # PNG, sRGB
        ("width", pa.int32()),  # px
        ("height", pa.int32()),  # px
        ("sha256", pa.string()),  # of the sRGB pixels
        ("title", pa.string()),
        ("author", pa.string()),
        ("licence", pa.string()),
        ("link", pa.string()),  # where the picture or its licence can be read about
        (
            "left",
            pa.int32(),
        ),  # where the glance lies in its photo, px; null where the frame is the whole photo
        ("top", pa.int32()),
        (
            "depth",
            pa.binary(),
        ),  # a .npy file: float32 (height, width), metres from the eye; null where unknown
        (
            "partner",
            IMAGE,
        ),  # the picture that was recorded with it, as PNG, sRGB; null where there is none
    ]
)
