"""``catsight validate``: sets published values beside catsight's own, on a page to sign."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from catsight.errors import CatsightError, tell
from catsight.inputs.files import appearing

_ABOUT = """\
Computes catsight's own values beside published ones, and writes docs/validation.md and its figure.
Fails if a value differs and resources/validation.yaml, which holds the published values, does not
say why.
"""
_EXAMPLES = """examples:
  catsight validate
  catsight validate -o validation.md --published mine.yaml
"""


def main(arguments: Sequence[str]) -> None:
    options = _parser().parse_args(arguments)
    if options.output.suffix != ".md":
        raise CatsightError(
            f"{options.output}: the page is an .md file; change the output's suffix"
        )
    from catsight.figures import style
    from catsight.look import validation, validation_figure

    published = validation.load(options.published)
    compared = validation.compare(published)
    with appearing(options.output) as part:
        part.write_text(validation.page(published, compared), encoding="utf-8")
    style.save(validation_figure.draw(compared), options.output.with_suffix(".png"), 120)
    tell(f"written: {options.output} and {options.output.with_suffix('.png')}")
    if wrong := validation.problems(compared):
        raise CatsightError("\n  ".join(["published values and catsight's:", *wrong]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="catsight validate",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("docs/validation.md"),
        help="the .md to write; its figure lies beside it (default: %(default)s)",
    )
    parser.add_argument(
        "--published",
        type=Path,
        metavar="YAML",
        help="published values (default: resources/validation.yaml)",
    )
    return parser
