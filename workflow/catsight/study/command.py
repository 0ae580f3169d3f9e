"""``catsight spec``: the spec of a job, as the workflow would give it."""

import argparse
from collections.abc import Sequence

from catsight.study.study import JOBS, Study


def main(arguments: Sequence[str]) -> None:
    """Prints the spec of a job."""
    parser = argparse.ArgumentParser(
        prog="catsight spec",
        description="Prints the spec of a job: all that can change its result, as JSON.",
        epilog='example: catsight views make --spec "$(catsight spec views cat)" '
        "--frames frames.parquet --output cat.parquet",
    )
    parser.add_argument("job", choices=JOBS, help=f"one of {', '.join(JOBS)}", metavar="JOB")
    parser.add_argument(
        "name",
        nargs="?",
        help="the view (views), the figure (figures) or the encoder (weights to "
        "matrix; maps without one are between encoders)",
    )
    parser.add_argument(
        "--config", default="config.yaml", help="the study file (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    print(Study.load(options.config).spec(options.job, options.name))
