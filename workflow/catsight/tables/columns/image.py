"""The type of a column of pictures, which several tables share."""

import pyarrow as pa

#: A picture in a table, in the layout of the Image feature of Hugging Face ``datasets``.
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
