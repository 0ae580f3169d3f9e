"""The table of the user's files: one row per file."""

import pyarrow as pa

#: The user's files that the frames are made from, as they were when they were listed.
MANIFEST = pa.schema(
    [
        (
            "source",
            pa.string(),
        ),  # its name in frames.sources; empty where there is one without a name
        ("key", pa.string()),  # of the source under which the file was found: path or partner
        (
            "path",
            pa.string(),
        ),  # below what the key names, as catsight.inputs.files.as_text writes it
        ("sha256", pa.string()),  # of its bytes; null where it cannot be read
        ("bytes", pa.int64()),  # how many; null where it cannot be read
    ]
)
