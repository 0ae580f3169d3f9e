"""Reads a report as its readers do: elements with their text, and tables by label and heading."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input", "circle", "path"}


@dataclass
class Element:
    """One element of the page: its attributes, the id of the section around it, and its text."""

    tag: str
    attributes: dict[str, str]
    section: str | None
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text in it, with single spaces."""
        return " ".join(" ".join(self.parts).split())


class Page(HTMLParser):
    """Collects elements, and notices those that are not closed."""

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.ids: list[str] = []
        #: Heading and cells of each table's rows, by the label of the region around it.
        self.rows: dict[str, list[list[Element]]] = {}
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), tag
        sections = [one.attributes.get("id") for one in self.open if one.tag == "section"]
        element = Element(tag, dict(attributes), sections[-1] if sections else None)
        self.elements.append(element)
        self.ids += [value for name, value in attributes if name == "id"]
        label = next((a["aria-label"] for a in self._around() if "aria-label" in a), None)
        if tag == "tr":
            self.rows.setdefault(label, []).append([])
        elif tag in ("th", "td"):
            self.rows[label][-1].append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop().tag == tag

    def handle_data(self, data):
        if not any(one.tag in ("style", "script") for one in self.open):
            for one in self.open:
                one.parts.append(data)

    def _around(self):
        return [one.attributes for one in reversed(self.open)]

    def all(self, tag):
        """The attributes of all elements of this kind."""
        return [one.attributes for one in self.elements if one.tag == tag]

    def texts(self, tag, section=None):
        """The text of all elements of this kind, in one section or anywhere."""
        return [
            one.text
            for one in self.elements
            if one.tag == tag and section in (None, one.section or "")
        ]

    def words(self):
        """All text."""
        return self.elements[0].text

    def table(self, label):
        """The cells of a table: for each row, heading -> text."""
        head, *rows = self.rows[label]
        names = [cell.text for cell in head]
        return [dict(zip(names, (cell.text for cell in row), strict=True)) for row in rows]

    def keys(self, label):
        """What the rows of a table are sorted by: for each row, heading -> ``data-sort``."""
        head, *rows = self.rows[label]
        return [
            {h.text: c.attributes["data-sort"] for h, c in zip(head, row) if "data-sort" in c.attributes}
            for row in rows
        ]  # fmt: skip
