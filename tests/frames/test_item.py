"""Items: limits, groups, and files that change while they are read."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from catsight import CatsightError
from catsight.frames.item import File, Item, Rejected, check_size, group_of, note, noting, rejecting
from catsight.inputs import files


def test_a_picture_may_have_as_many_pixels_as_allowed():
    check_size(20, 10, 200)
    with pytest.raises(Rejected) as raised:
        check_size(20, 10, 199)
    assert (raised.value.reason, raised.value.detail) == (
        "too large", "20 × 10 px are more than frames.max_pixels, which is 199",
    )  # fmt: skip
    assert str(raised.value) == (
        "too large: 20 × 10 px are more than frames.max_pixels, which is 199"
    )


@pytest.mark.parametrize(
    ("name", "group"), [("a.jpg", "."), ("day/a.jpg", "day"), ("day/one/a.jpg", "day/one")]
)
def test_a_group_is_the_file_or_its_folder(name, group):
    assert group_of(name, "file") == name
    assert group_of(name, "folder") == group


def test_an_item_that_cannot_be_used_says_so_when_it_is_read():
    problem = Rejected("empty", "nothing")
    item = rejecting("name", "group", problem)
    assert (item.name, item.group, item.credits, item.mark) == ("name", "group", {}, "#")
    with pytest.raises(Rejected) as raised:
        item.load()
    assert raised.value is problem


@pytest.fixture
def file(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    return File("a", tmp_path / "a", files.digest(tmp_path / "a"))


def test_an_unchanged_file_is_read(file):
    with file.unchanged() as path:
        assert path == file.path


def test_a_file_that_was_unreadable_when_it_was_listed_may_be_so_still(tmp_path):
    with File("gone", tmp_path / "gone", None).unchanged() as path:
        assert path == tmp_path / "gone"


def changed(file) -> str:
    return (
        f"{file.path} has changed since it was listed: its SHA-256 is not the one in the "
        "manifest. Delete manifest.parquet in the study's frames folder and run again"
    )


def test_a_file_that_changed_before_or_while_it_is_read_is_an_error(file):
    with pytest.raises(CatsightError) as raised, file.unchanged() as path:
        path.write_bytes(b"two")
    assert str(raised.value) == changed(file)
    with pytest.raises(CatsightError) as raised, file.unchanged():
        pytest.fail("it was read")
    assert str(raised.value) == changed(file)


def test_a_change_explains_an_error_in_reading(file):
    """A file that is replaced while it is decoded may seem damaged; that it changed is said."""
    with pytest.raises(CatsightError, match="has changed"), file.unchanged() as path:
        path.write_bytes(b"tw")
        raise Rejected("truncated", "it ends early")
    assert Item("a", "b", list).load() == []


def test_notes_are_those_of_the_block_and_the_thread(capsys):
    note("a", "before")
    with noting() as outer:
        note("b", "one")
        with noting() as inner:
            note("c", "two")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(note, "d", "elsewhere").result()
        note("e", "three")
    note("f", "after")
    assert (outer, inner) == (["one", "three"], ["two"])
    assert capsys.readouterr().err == "".join(
        f"frames: {said}\n"
        for said in ("a: before", "b: one", "c: two", "d: elsewhere", "e: three", "f: after")
    )
