"""``catsight eye``: draws eyes side by side."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from catsight.errors import CatsightError, say, tell
from catsight.inputs import eyes
from catsight.run.progress import Progress
from catsight.tables.columns.portraits import PORTRAITS

if TYPE_CHECKING:
    from catsight.views import Eye

#: How far apart the two statements of an eye's acuity may be, as a ratio.
_AGREES = 1.25
#: Most eyes in one figure.
_MOST = 10

_EXAMPLES = """examples:
  catsight eye human cat dog -o eyes.png
  catsight eye cat mine.yaml -o eyes.svg --luminance 1
"""


def main(arguments: Sequence[str]) -> None:
    options = _parser().parse_args(arguments)
    _check(options)
    with Progress("eye", len(options.eyes), "eyes") as progress:
        # two stages meet here as they do in a study, in a table; imported now, so that the bar is
        # seen at once
        from catsight.figures import eyes as figure
        from catsight.figures import style
        from catsight.views import Eye
        from catsight.views.portraits import portraits

        loaded = {Path(name).stem: Eye.load(name) for name in options.eyes}
        rows = []
        for name, eye in loaded.items():
            rows += portraits({name: (eye, options.luminance)})
            progress.advance()
        table = pa.Table.from_pylist(rows, schema=PORTRAITS)
        style.save(figure.draw(table.to_pandas()), options.output, options.dpi)
    for name, eye in loaded.items():
        if told := disagreement(eye):
            say(f"catsight eye: warning: {name}: {told}")
    tell(f"written: {options.output}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="catsight eye",
        description="Draws eyes side by side: pupil, optics, receptors, and a test chart as seen.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "eyes",
        nargs="+",
        metavar="eye",
        help=f"{', '.join(eyes.names())}, or a YAML file like resources/eyes/cat.yaml",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("eyes.png"),
        help="the .png or .svg to write (default: %(default)s)",
    )
    parser.add_argument(
        "--luminance",
        type=float,
        default=100.0,
        metavar="CD/M2",
        help="luminance that the eyes are adapted to, cd/m² (default: 100, a bright room)",
    )
    parser.add_argument("--dpi", type=int, default=200, help="resolution of a .png (default: 200)")
    return parser


def _check(options: argparse.Namespace) -> None:
    """Raises :class:`CatsightError`, before any work, for what cannot be drawn or written."""
    if options.output.suffix.lower() not in (".png", ".svg"):
        raise CatsightError(
            f"{options.output}: figures are .png or .svg files; change the output's suffix"
        )
    if not 10 <= options.dpi <= 2400:
        raise CatsightError(f"--dpi is {options.dpi}; it must be a whole number from 10 to 2400")
    if len(options.eyes) > _MOST:
        raise CatsightError(
            f"{len(options.eyes)} eyes are too many for one figure; draw at most {_MOST}"
        )
    given: dict[str, str] = {}  # by the name in the figure
    for eye in options.eyes:
        name = Path(eye).stem
        if given.get(name) == eye:
            raise CatsightError(f"{eye} is named twice; name each eye once")
        if name in given:
            raise CatsightError(
                f"{given[name]} and {eye} have the same name in the figure; rename a file"
            )
        given[name] = eye


def disagreement(eye: "Eye") -> str | None:
    """How an eye's ``acuity.cutoff`` and its contrast sensitivity contradict each other; None if
    they agree.

    Both state the finest grating that is seen in good light: the cutoff is its frequency, and the
    contrast sensitivity falls to 1 there. Pictures use the cutoff alone.
    """
    cutoff = eye.parts["acuity"]["cutoff"]
    frequency = np.geomspace(0.01 * cutoff, 100 * cutoff, 2000)
    visible = frequency[eye.contrast_sensitivity(frequency) >= 1]
    limit = float(visible.max()) if len(visible) else 0.0
    if cutoff / _AGREES <= limit <= cutoff * _AGREES:
        return None
    told = (
        f"acuity.cutoff is {cutoff:g} c/deg, but by acuity.contrast no grating finer than "
        f"{limit:.2g} c/deg is seen. Pictures use cutoff; the panel of contrast sensitivity uses "
        "contrast"
    )
    if not limit:
        return told
    # contrast sensitivity depends on frequency / high and frequency / low alone
    return f"{told}. Multiply contrast.high and contrast.low by {cutoff / limit:.2f} to match"
