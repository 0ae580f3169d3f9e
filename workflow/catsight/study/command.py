"""``catsight spec``: the spec of a job, as the workflow would give it."""

import argparse
from collections.abc import Sequence

from catsight.study import Study

_STAGES = [
    "manifest", "frames", "views", "portraits", "weights", "features", "metrics", "stability", "maps", "pairs",
    "attribution", "doses", "figures", "report",
]  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="catsight spec",
        description="Prints the spec of a job. Example: "
        'catsight views --spec "$(catsight spec views cat)" --frames frames.parquet --output cat.parquet',
    )
    parser.add_argument("stage", choices=_STAGES)
    parser.add_argument(
        "name",
        nargs="?",
        help="the view (views) or the encoder (the others; maps without one are between encoders)",
    )
    parser.add_argument(
        "--config", default="config.yaml", help="the study's configuration (default: %(default)s)"
    )
    options = parser.parse_args(arguments)

    study = Study.load(options.config)
    spec = getattr(study, f"{options.stage}_spec")
    if options.stage == "maps" and options.name is None:
        spec = spec()
    if callable(spec):
        known = {**study.shown, **study.swapped} if options.stage == "views" else study.encoders
        if options.name not in known:
            parser.error(f"{options.stage} needs one of: {', '.join(known)}")
        spec = spec(options.name)
    print(spec)
