"""Lists of classes of a user's own; that of ImageNet is in tests/features/test_zoo.py."""

import pytest

from catsight import CatsightError
from catsight.inputs import classes
from catsight.inputs.yaml_files import find


def test_ones_own_list_is_one_name_a_line(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text(
        "# my animals\r\n cat \r\ntiger cat, large\r\n#7\r\nübergroß\r\n\r\n\r\n", "utf-8-sig"
    )
    assert classes.names(str(path)) == ("cat", "tiger cat, large", "übergroß")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"cat\n\ndog\n", "line 2, is empty; each line is the name of a class"),
        (b"cat\n  \ndog\n", "line 2, is empty"),
        (b"# one\ncat\n", "names 1 classes; a head tells at least two apart"),
        (b"", "names 0 classes"),
        (b"cat\n\xff\xfe\n", "is not text in UTF-8"),
        (b"name\n" * 7501, "has 60,008 bytes of names, of at most 60,000; shorten them"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(tmp_path, text, words):
    path = tmp_path / "mine.txt"
    path.write_bytes(text)
    with pytest.raises(CatsightError) as raised:
        classes.names(str(path))
    assert str(raised.value).startswith(str(path)) and words in str(raised.value)


@pytest.mark.parametrize(("name", "most"), [("name", 7500), ("\u732b", 6000)])
def test_names_fit_into_a_command(tmp_path, name, most):
    """Linux limits an argument to 128 KiB: as JSON, in quotes, with a comma and a space."""
    path = tmp_path / "mine.txt"
    path.write_text(f"{name}\n" * most, "utf-8")
    assert len(classes.names(str(path))) == most
    path.with_name("more.txt").write_text(f"{name}\n" * (most + 1), "utf-8")
    with pytest.raises(CatsightError, match="bytes of names"):
        classes.names(str(path.with_name("more.txt")))


def test_a_list_that_is_not_there_names_those_that_are(tmp_path):
    with pytest.raises(CatsightError) as raised:
        classes.names("imagenet")
    assert str(raised.value) == (
        "there is no file 'imagenet', and no list of classes of that name; there is imagenet-1k"
    )
    with pytest.raises(CatsightError, match="is not a file"):
        classes.names(str(tmp_path))
    with pytest.raises(CatsightError, match="/dev/zero is not a file"):
        classes.names("/dev/zero")
    with open(tmp_path / "large.txt", "wb") as file:
        file.truncate(10**12)
    with pytest.raises(CatsightError, match="has 1,000,000,000,000 bytes, too many"):
        classes.names(str(tmp_path / "large.txt"))


def test_every_list_of_the_resources_can_be_read():
    for path in find("classes").iterdir():
        assert len(classes.names(path.stem)) > 1
