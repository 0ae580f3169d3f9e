"""How a picture lies in a table."""

import pyarrow as pa

#: A picture inside a table: the layout of Hugging Face ``datasets``' Image feature.
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
