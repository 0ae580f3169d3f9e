"""``catsight metrics``: alignment per layer, how stable it is, of all layers with all, and a
study's in one table.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from catsight import tables
from catsight.metrics import attribution, compare, doses, maps, pairs, stability
from catsight.run import job


def main(arguments: Sequence[str]) -> None:
    commands = {
        "compare": (
            compare.main,
            "compares one encoder's features of each view with those of the reference",
        ),
        "attribute": (attribution.main, "divides a loss of alignment among the parts of the eye"),
        "doses": (
            doses.main,
            "compares one encoder's features as light, focus or acuity are varied",
        ),
        "pairs": (pairs.main, "tabulates dissimilarities of frames, for pictures of them"),
        "stability": (
            stability.main,
            "how much one encoder's values depend on which and how many frames there are",
        ),
        "layers": (
            maps.layers,
            "compares each layer of the reference view with each layer of another",
        ),
        "encoders": (maps.encoders, "compares each layer of each encoder with each of every other"),
        "merge": (merge, "puts tables of a study into one"),
    }
    job.choose("metrics", commands, arguments)


def merge(arguments: Sequence[str]) -> None:
    """Puts tables of one kind (all metrics, all stability, all maps) into one."""
    parser = argparse.ArgumentParser(prog="catsight metrics merge", description=merge.__doc__)
    parser.add_argument("tables", type=Path, nargs="+", help="tables made by catsight metrics")
    parser.add_argument(
        "--study", required=True, help="name of the study, for the table's provenance"
    )
    parser.add_argument("--output", type=Path, required=True, help="the table to write")
    options = parser.parse_args(arguments)
    about = {
        "stage": "metrics",
        "study": options.study,
        "parts": {path.stem: tables.provenance(path) for path in options.tables},
    }
    rows = pa.concat_tables([tables.read(path) for path in options.tables])
    tables.write(options.output, rows, rows.schema.remove_metadata(), about)
