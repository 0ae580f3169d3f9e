"""The table of the user's files: one row per file."""

import pyarrow as pa

#: The files that frames are made from, as they were when the table was written.
MANIFEST = pa.schema(
    [
        ("source", pa.string()),  # name in frames.sources; "" for a single source
        ("key", pa.string()),  # the key of the source that names the file: path or partner
        # below the folder that the key names, as catsight.inputs.files.as_text writes it
        ("path", pa.string()),
        ("sha256", pa.string()),  # of its bytes; null if it cannot be read
        ("bytes", pa.int64()),  # size; null if it cannot be read
    ]
)
