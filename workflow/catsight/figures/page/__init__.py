"""The report's page: markup (Jinja), style sheet and script, as files beside this one."""

from pathlib import Path
from typing import Any

from catsight.errors import printable

_FOLDER = Path(__file__).parent


def render(**words: Any) -> str:
    """The page with these words in it. All are escaped except the style sheet and the script; what
    cannot be shown is, too (:func:`catsight.errors.printable`).
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        # not of text that is marked as safe, which is a class of its own
        finalize=lambda value: printable(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("page.html.jinja")
    return page.render(style=_text("style.css"), script=_text("script.js"), **words)


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
