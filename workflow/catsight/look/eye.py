"""``catsight eye``: draws eyes side by side."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from catsight.errors import CatsightError
from catsight.inputs import eyes
from catsight.tables.columns.portraits import PORTRAITS


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="catsight eye",
        description="Draws eyes: pupil against luminance, optics, receptors, and what a test chart becomes.",
        epilog="Example: catsight eye cat human -o eyes.png",
    )
    parser.add_argument(
        "eyes",
        nargs="+",
        help=f"{', '.join(eyes.names())}, or YAML files like resources/eyes/cat.yaml",
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("eyes.png"),
                        help=".png or .svg to write (default: %(default)s)")  # fmt: skip
    parser.add_argument(
        "--luminance", type=float, default=100.0, help="adapting luminance, cd/m² (default: 100)"
    )
    parser.add_argument("--dpi", type=int, default=200, help="resolution of a .png (default: 200)")
    options = parser.parse_args(arguments)
    if not 10 <= options.dpi <= 2400:
        raise CatsightError(f"--dpi is {options.dpi}; it must be a whole number from 10 to 2400")
    if len(options.eyes) > 6:
        raise CatsightError(f"{len(options.eyes)} eyes are too many for one figure; draw up to 6")

    if len({Path(name).stem for name in options.eyes}) < len(options.eyes):
        raise CatsightError(
            "two of the eyes have the same name; rename a file, so that the figure can tell them apart"
        )

    # two stages meet here as they do in a study: in a table
    from catsight.figures import eyes as figure
    from catsight.figures import style
    from catsight.views import Eye
    from catsight.views.portraits import portraits

    seen = {Path(name).stem: (Eye.load(name), options.luminance) for name in options.eyes}
    rows = pa.Table.from_pylist(portraits(seen), schema=PORTRAITS).to_pylist()
    style.save(figure.draw(rows), options.output, options.dpi)
    print(f"drawn: {options.output}")
