"""YAML files: where they are found, what is refused, and the lines that messages name."""

import os
from pathlib import Path

import pytest

from catsight import CatsightError
from catsight.inputs import yaml_files
from catsight.inputs.yaml_files import find, line_of, load_yaml

ROOT = Path(__file__).parents[2]

TEXT = """\
study: mine
views:
  cat: &cat
    eye: cat
  kitten:
    <<: *cat
doses:
  - 1
  -   - 2
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ((), 1),
        (("study",), 1),
        (("views",), 2),
        (("views", "cat", "eye"), 4),
        (("doses", 1), 9),
        (("doses", 1, 0), 9),
        (("views", "kitten", "eye"), None),  # merged from an alias
        (("study", "of", "what"), None),
    ],
)
def test_the_line_of_a_value(tmp_path, keys, line):
    (tmp_path / "study.yaml").write_text(TEXT)
    assert line_of(tmp_path / "study.yaml", keys) == line


def test_resources_and_schemas_are_found_in_the_repository():
    assert find("eyes") == ROOT / "resources" / "eyes"
    assert find("eyes", "cat.yaml") == ROOT / "resources" / "eyes" / "cat.yaml"
    assert find("schemas", "eye.schema.yaml") == ROOT / "workflow" / "schemas" / "eye.schema.yaml"
    with pytest.raises(CatsightError) as raised:
        find("eyes", "lion.yaml")
    assert str(raised.value) == "eyes/lion.yaml is missing from this installation of catsight"


def test_what_is_not_in_the_repository_is_found_in_a_wheel(tmp_path, monkeypatch):
    """There both folders lie in the package; the repository's come first."""
    package = tmp_path / "workflow" / "catsight"
    monkeypatch.setattr(yaml_files, "_PACKAGE", package)
    places = {"resources/a.yaml": "a", "workflow/schemas/b.yaml": "b",
              "workflow/catsight/resources/a.yaml": "c", "workflow/catsight/schemas/b.yaml": "d",
              "workflow/catsight/resources/e.yaml": "e", "workflow/catsight/schemas/f.yaml": "f"}  # fmt: skip
    for place, text in places.items():
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = [find(*parts).read_text() for parts in
             (("a.yaml",), ("schemas", "b.yaml"), ("e.yaml",), ("schemas", "f.yaml"))]  # fmt: skip
    assert found == ["a", "b", "e", "f"]


def refusal(path):
    with pytest.raises(CatsightError) as raised:
        load_yaml(path)
    return str(raised.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a: 1\nb: [1\n", " is not YAML, line 3: expected ',' or ']', but got '<stream end>'"),
        (b"a: 1\nb: 2\na: 3\n", " is not YAML, line 3: the key 'a' comes twice"),
        (b"a: {b: 1, b: 2}\n", " is not YAML, line 1: the key 'b' comes twice"),
        (b"a: *x\n", " is not YAML, line 1: found undefined alias 'x'"),
        (b"a: 2024-13-45\n", " is not YAML: month must be in 1..12"),
        (b"a: 1\nb: !!bool x\n", " is not YAML, line 2: 'x' is no bool"),
        (b"a: !!timestamp x\n", " is not YAML, line 1: 'x' is no timestamp"),
        (b'a: !!int ""\n', " is not YAML, line 1: '' is no int"),
        (b'a: !!float ""\n', " is not YAML, line 1: '' is no float"),
        (b"a: 1" + b":1" * 400 + b".5\n", f" is not YAML, line 1: '1{':1' * 400}.5' is no float"),
        (b"a: 1" + b":1" * 200_000, " is not YAML, line 1: a number of 400,001 letters"),
        (b"? 1" + b":1" * 200_000 + b".5\n: 1", " is not YAML, line 1: a number of 400,003 letters"),
        (b"a: \xe9\n", " is not YAML: 'utf-8' codec can't decode byte 0xe9 in position 3: invalid continuation byte"),
        (b"[" * 1000, " cannot be read as YAML: it is nested too deeply"),
        (
            b"\n".join([b"a: &a [1,1,1,1,1,1,1,1,1,1]", *(f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]".encode() for a, b in zip("abcde", "bcdef"))]),
            " expands to more than 1,000,000 values; its aliases (*name) repeat one another",
        ),
    ],
)  # fmt: skip
def test_what_is_not_yaml_is_named_with_its_line(tmp_path, data, words):
    (tmp_path / "a.yaml").write_bytes(data)
    assert refusal(tmp_path / "a.yaml") == f"{tmp_path / 'a.yaml'}{words}"


def test_what_cannot_be_read_is_named(tmp_path, monkeypatch):
    assert refusal(tmp_path) == f"{tmp_path} is not a file"
    assert refusal(tmp_path / "no.yaml") == f"{tmp_path / 'no.yaml'} is missing"
    (tmp_path / "a.yaml").write_text("a: 1")

    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", forbidden)
    assert (
        refusal(tmp_path / "a.yaml") == f"{tmp_path / 'a.yaml'} cannot be read: Permission denied"
    )


def test_a_long_file_is_not_read(tmp_path):
    """Half a megabyte takes seconds; a file with holes may have any size."""
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\n#" + "x" * ((1 << 19) - 6))
    assert load_yaml(path) == {"a": 1}
    other = tmp_path / "b.yaml"
    other.write_text("a: 1\n")
    os.truncate(other, 1 << 36)
    assert refusal(other) == (
        f"{other} has 68,719,476,736 bytes; YAML of more than 524,288 is not read"
    )
    with pytest.raises(CatsightError, match="is not read"):
        line_of(other, ("a",))


def test_what_is_yaml(tmp_path):
    """Also with a byte order mark, merged aliases, and equal keys in different places or types."""
    path = tmp_path / "a.yaml"
    path.write_bytes(
        b"\xef\xbb\xbfa: &x {b: 1, c: [2, '\xc3\xa9']}\nd: {<<: *x, b: 3}\n1: y\n'1': z\n"
    )
    assert load_yaml(path) == {
        "a": {"b": 1, "c": [2, "é"]}, "d": {"b": 3, "c": [2, "é"]}, 1: "y", "1": "z",
    }  # fmt: skip
    assert line_of(path, ("d",)) == 2
    many = tmp_path / "many.yaml"
    many.write_text("a: &a [1, 2]\nb: [*a, *a]\n")
    assert load_yaml(many) == {"a": [1, 2], "b": [[1, 2], [1, 2]]}


@pytest.mark.parametrize(("count", "fits"), [(4, True), (5, False)])
def test_values_are_counted_as_often_as_an_alias_refers_to_them(tmp_path, monkeypatch, count, fits):
    """A mapping of a key and a list is three values; each alias adds its own."""
    monkeypatch.setattr(yaml_files, "_MOST", 4 + 3)
    (tmp_path / "a.yaml").write_text(f"a: [{', '.join('1' * (count - 1))}]")
    if fits:
        assert load_yaml(tmp_path / "a.yaml") == {"a": [1] * (count - 1)}
    else:
        assert "more than 7 values" in refusal(tmp_path / "a.yaml")


def merging(count, levels):
    """A file whose mappings merge the one before ``count`` times each."""
    lines = ["a0: &a0 {" + ", ".join(f"k{i}: 1" for i in range(count)) + "}"]
    for level in range(1, levels + 1):
        names = ", ".join([f"*a{level - 1}"] * count)
        lines += [f"a{level}: &a{level}", f"  <<: [{names}]"]
    return "\n".join(lines)


def test_merges_do_not_multiply_without_limit(tmp_path):
    """A thousand times a thousand times a thousand pairs, from 19 kB."""
    path = tmp_path / "a.yaml"
    path.write_text(merging(1000, 2))
    with pytest.raises(CatsightError, match=r"line 4: its merges \(<<: \*name\) give more than"):
        load_yaml(path)
    fine = tmp_path / "b.yaml"
    fine.write_text(merging(20, 2) + "\nlast: {<<: *a2, own: 2}")
    assert load_yaml(fine)["last"] == {f"k{i}": 1 for i in range(20)} | {"own": 2}
