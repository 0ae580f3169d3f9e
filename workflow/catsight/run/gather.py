"""``catsight gather``: lists the tables of many shards, and what each holds, in one small table.

Jobs that read the tables of all shards depend on the list. If each of them depended on every table,
planning many shards would take much longer (docs/scale.md), and Snakemake would read every table
for each job.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from catsight import tables
from catsight.run import job
from catsight.tables.columns.gathered import GATHERED
from catsight.tables.lists import shards


def main(arguments: Sequence[str]) -> None:
    """Runs ``catsight gather`` with these ``arguments``."""
    parser = argparse.ArgumentParser(
        prog="catsight gather",
        description="Lists the tables that later stages read together, each with the digest of its "
        "rows (tables of frames under the view ''). The workflow's jobs depend on the list, and so "
        "on every table; no command reads it.",
        epilog="Example: catsight gather --frames results/mine/frames "
        "--tables cat results/mine/views/cat --output results/mine/views/all.parquet",
    )
    job.add_tables(parser, "--tables", "view")
    parser.add_argument("--output", type=Path, required=True, help="the table to write")
    options = parser.parse_args(arguments)
    rows = [
        {"view": view, "shard": shard, "content": tables.content(path)}
        for view, folder in [("", options.frames), *options.tables]
        for shard, path in enumerate(shards(folder, options.shards))
    ]
    tables.write(options.output, rows, GATHERED, {"stage": "gather"})
