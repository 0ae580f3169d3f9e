"""The table of places: one row per frame, view and layer, each with maps over the picture."""

import pyarrow as pa

#: How far the features of each place are apart between two views of a frame. A map's places stand
#: row by row; ``left`` to ``bottom`` are the part of the picture that they divide evenly.
PLACES = pa.schema(
    [
        ("encoder", pa.string()),
        ("layer", pa.string()),
        ("layer_index", pa.int32()),
        ("depth", pa.float64()),  # 0 (first block) to 1 (last)
        ("reference", pa.string()),
        ("view", pa.string()),
        ("frame_id", pa.string()),
        ("group", pa.string()),
        ("left", pa.float64()),  # fractions of the picture's width and height
        ("top", pa.float64()),
        ("right", pa.float64()),
        ("bottom", pa.float64()),
        ("side", pa.int32()),  # the layer's own places along each side
        ("height", pa.int32()),  # places of the maps below, of which each may be a mean of several
        ("width", pa.int32()),
        ("mean", pa.float64()),  # of the distances
        ("distance", pa.list_(pa.float32())),  # 1 - cosine between the two views' features, 0 to 2
        ("contrast", pa.list_(pa.float32())),  # RMS contrast of luminance in the reference
        ("eccentricity", pa.list_(pa.float32())),  # degrees from the middle of the picture
        ("reason", pa.string()),  # why a value is null
    ]
)
