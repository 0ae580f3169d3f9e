"""Files of the user: which are listed, what identifies them, and how new ones appear."""

import errno
import hashlib
import os
import re
import stat
from pathlib import Path

import pytest

from catsight import CatsightError
from catsight.inputs import files


@pytest.fixture
def folder(tmp_path):
    for name in ("b.jpg", "a.PNG", "train/c.jpg", "train/d.txt", ".hidden.jpg", ".git/e.jpg",
                 "Thumbs.db", ".DS_Store", "train/desktop.ini"):  # fmt: skip
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "f.jpg").write_bytes(b"f")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "away")
    return tmp_path / "in"


def listed(folder, patterns=None):
    return [os.path.relpath(path, folder) for path in files.list_files(folder, patterns)]


def test_hidden_files_and_those_of_file_managers_are_left_out(folder):
    """A link to a folder is listed as it is, and what it leads to is not."""
    assert listed(folder) == ["a.PNG", "b.jpg", "link", "train/c.jpg", "train/d.txt"]
    assert all(path.startswith(str(folder)) for path in files.list_files(str(folder)))


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["*.jpg"], ["b.jpg", "train/c.jpg"]),
        (["train/*"], ["train/c.jpg", "train/d.txt"]),
        (["*.txt", "a.*"], ["a.PNG", "train/d.txt"]),
        (["*.png"], []),
        (["c.jpg"], []),
        ([], []),
    ],
)
def test_patterns_are_of_the_path_below_the_folder(folder, patterns, names):
    assert listed(folder, patterns) == names
    assert files.below(folder, patterns) == (str(folder), names)


def test_a_single_file_is_below_its_folder_whatever_the_patterns(folder):
    assert files.below(folder / "b.jpg", ["*.png"]) == (str(folder), ["b.jpg"])
    assert files.below("b.jpg") == ("", ["b.jpg"])


def test_a_digest_is_the_sha256_of_a_regular_file(folder, monkeypatch):
    assert files.digest(folder / "b.jpg") == hashlib.sha256(b"b.jpg").hexdigest()
    os.mkfifo(folder / "pipe")
    for name in ("pipe", "train", "nowhere"):
        assert files.digest(folder / name) is None

    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", forbidden)
    assert files.digest(folder / "b.jpg") is None


def test_a_stamp_changes_with_size_time_and_inode(folder):
    path = folder / "b.jpg"
    first = files.stamp(path)
    assert first == files.stamp(path)
    about = path.stat()
    assert first == (about.st_ino, 5, about.st_mtime_ns)
    os.utime(path, ns=(0, 7))
    assert files.stamp(path)[2] == 7
    path.write_bytes(b"longer")
    assert files.stamp(path)[1] == 6
    assert files.stamp(folder / "nowhere") is None


NAME = b"a/caf\xe9 \\x41.png".decode("utf-8", "surrogateescape")


def test_names_in_ids_and_in_tables():
    assert files.as_id(NAME) == "a/caf\\xe9 \\x41.png"
    assert files.as_text(NAME) == "a/caf\\xe9 \\\\x41.png"
    assert files.from_text("a/caf\\xe9 \\\\x41.png") == NAME
    assert files.from_text("\\xe7\\x8c\\xab") == "猫"


#: A name as macOS and as Linux tend to write it: the accent of its own, and together with the e.
NFD, NFC = "d/cafe\u0301.png", "d/caf\u00e9.png"


def test_accents_are_composed_in_ids_and_kept_in_tables():
    assert files.as_id(NFD) == files.as_id(NFC) == NFC
    assert files.from_text(files.as_text(NFD)) == NFD


def test_patterns_match_however_accents_are_written(tmp_path):
    for name, pattern in ((NFD, NFC), (NFC, NFD)):
        root = tmp_path / str(len(name))
        (root / "d").mkdir(parents=True)
        (root / name).write_bytes(b"")
        assert files.list_files(root, [pattern]) == [str(root / name)]


@pytest.mark.parametrize("text", ["/a", "../a", "a/../b", "a/.."])
def test_a_path_that_leaves_its_folder_is_named(text):
    with pytest.raises(ValueError) as raised:
        files.from_text(text)
    assert str(raised.value) == f"{text} leaves its folder"
    assert files.from_text("a/..b") == "a/..b"


@pytest.mark.parametrize(
    ("path", "readable"),
    [
        ("a b.png", True), ("{it's}.png", True), ("{}", True), ("<3", True), ("<A>", True), ("猫", True),
        ("{name}.png", False), ("x{ n }", False), ("{n,[0-9]}", False), ("<name>", False), ("<a_1>", False),
        (" a", False), ("a ", False), ("a\nb", False), ("a\rb", False), ("a\udce9", False), ("a\udc80", False), ("a\udcff", False),
    ],
)  # fmt: skip
def test_which_paths_snakemake_reads_as_they_are(path, readable):
    assert files.nameable(path) == readable


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "new" / "out.txt"
    with files.appearing(path) as part:
        assert part.parent == path.parent
        assert re.fullmatch(r"out\.txt\.[0-9a-f]{16}\.part", part.name)
        part.write_text("one")
        assert not path.exists()
    assert path.read_text() == "one" and os.listdir(path.parent) == ["out.txt"]
    with pytest.raises(ZeroDivisionError), files.appearing(str(path)) as part:
        part.write_text("two")
        _ = 1 / 0
    assert path.read_text() == "one" and os.listdir(path.parent) == ["out.txt"]


def test_two_that_write_one_file_at_once_both_end_well(tmp_path):
    """As two jobs in containers, whose processes have the same number."""
    path = tmp_path / "a.txt"
    with files.appearing(path) as one, files.appearing(path) as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one" and os.listdir(tmp_path) == ["a.txt"]


def test_a_link_in_the_place_of_a_file_being_written_is_not_followed(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    part = tmp_path / "a.txt.0.part"
    part.symlink_to(victim)
    monkeypatch.setattr(files, "part_of", lambda path: part)
    with pytest.raises(CatsightError, match="file exists"), files.appearing(tmp_path / "a.txt"):
        raise AssertionError("it was opened")
    assert victim.read_text() == "precious" and part.is_symlink()


def test_bytes_reach_the_disk_before_the_name_does(tmp_path, monkeypatch):
    """A crash of the machine leaves the old file or the new one, never an empty one."""
    done = []
    fsync, replace = os.fsync, os.replace

    def synced(descriptor):
        done.append(("fsync", os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(
        os, "replace", lambda a, b: (done.append(("replace", Path(a).name)), replace(a, b))
    )
    (tmp_path / "a.part").write_bytes(b"x")
    files.publish(tmp_path / "a.part", tmp_path / "a")
    assert done == [("fsync", "a.part"), ("replace", "a.part")]
    assert (tmp_path / "a").read_bytes() == b"x" and not (tmp_path / "a.part").exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "x"), "no space left on device. Nothing else is lost; make room"),
        (OSError(errno.EACCES, "x"), "permission denied. Nothing else is lost; correct that"),
        (OSError("Strange"), "strange. Nothing else is lost; correct that"),
    ],
)
def test_a_file_that_cannot_be_written_is_named(error, words):
    with pytest.raises(CatsightError) as raised, files.writing("some/file"):
        raise error
    assert str(raised.value) == f"some/file cannot be written: {words} and run again"


def test_a_folder_that_cannot_be_made_is_an_error_about_the_file(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(CatsightError) as raised, files.appearing(tmp_path / "a" / "b"):
        pass
    assert str(raised.value).startswith(f"{tmp_path}/a/b cannot be written: ")


@pytest.mark.parametrize("letter", ["a", "\u00e9", "\U0001f408"])
def test_a_name_as_long_as_names_may_be_can_be_written(tmp_path, letter):
    """255 bytes at most, of which the file's own name leaves none for a suffix."""
    name = letter * (251 // len(letter.encode())) + ".png"
    with files.appearing(tmp_path / name) as part:
        assert len(os.fsencode(part.name)) < len(os.fsencode(name)) and part.suffix == ".part"
        part.write_bytes(b"seen")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.fixture(params=[0o022, 0o002, 0o027, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_what_appears_has_the_mode_of_a_new_file(tmp_path, umask):
    """However a library wrote it: safetensors, and all that use mkstemp, write for their owner alone."""
    for name, mode in (("plain", None), ("private", 0o600)):
        with files.appearing(tmp_path / "deep" / name) as part:
            part.write_bytes(b"x")
            if mode:
                part.chmod(mode)
        assert stat.S_IMODE((tmp_path / "deep" / name).stat().st_mode) == 0o666 & ~umask
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) == 0o777 & ~umask
    assert sorted(os.listdir(tmp_path / "deep")) == ["plain", "private"]


def test_a_file_that_a_library_gave_to_others_keeps_its_mode(tmp_path, umask):
    with files.appearing(tmp_path / "x") as part:
        part.write_bytes(b"x")
        part.chmod(0o640)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640
