"""Doors that fail, by a file's first word: what `tests/fuzz.py` must notice."""

import os
import time
from pathlib import Path

import numpy as np

from catsight import CatsightError


def door(root: Path, data: bytes) -> str:
    """Reads a file, or fails as it says; what is returned is the reason of a rejection."""
    word = data.decode()
    if word == "memory":
        np.ones(1 << 28).sum()
    elif word == "time":
        while True:
            time.process_time()
    elif word == "bug":
        raise KeyError(word)
    elif word == "crash":
        os.abort()
    elif word == "wrong":
        raise CatsightError("it is not YAML")
    return {"swallowed": "it is damaged (Cannot allocate memory)", "cut": "truncated"}.get(word, "")
