"""Stamps of the user's files: what was replaced is noticed, whatever the times say."""

import os

import pytest

from catsight.inputs import files, stamps


@pytest.fixture
def seen(tmp_path):
    """Three files and the record of what they held."""
    paths = [str(tmp_path / name) for name in ("a", "b", "c\udce9")]
    for i, path in enumerate(paths):
        with open(os.fsencode(path), "wb") as file:
            file.write(bytes([i]) * 10)
    record = tmp_path / "made" / stamps.RECORD
    stamps.write(record, {path: (stamps.of(path), files.digest(path)) for path in paths})
    return record, paths


def rewrite(path, data, time_ns):
    with open(path, "wb") as file:
        file.write(data)
    os.utime(path, ns=(time_ns, time_ns))


def test_what_is_as_it_was_is_not_read_again(seen, monkeypatch):
    monkeypatch.setattr(files, "digest", lambda path: 1 / 0)
    assert not stamps.replaced(*seen)
    record, paths = seen
    assert not stamps.replaced(record, [*paths, "/one/that/was/added"])
    assert not stamps.replaced(record, paths[:1])  # others were removed: Snakemake notices


@pytest.mark.parametrize("time_ns", [0, 10**18, 4 * 10**18])
def test_other_bytes_of_any_time_are_noticed(seen, time_ns):
    record, paths = seen
    rewrite(paths[1], b"x" * 10, time_ns)
    assert stamps.replaced(record, paths)
    assert stamps.replaced(record, paths)  # until the files are listed again
    assert not stamps.replaced(record, paths[:1])


def test_other_bytes_of_the_same_size_and_time_are_noticed(seen):
    record, paths = seen
    time_ns = os.stat(paths[0]).st_mtime_ns
    rewrite(paths[0], b"y" * 10, time_ns)
    assert stamps.of(paths[0])[:2] == (10, time_ns)
    assert stamps.replaced(record, paths)


def test_the_same_bytes_of_another_time_are_read_once(seen, monkeypatch):
    record, paths = seen
    os.utime(paths[0], ns=(5, 5))
    read = []
    digest = files.digest
    monkeypatch.setattr(files, "digest", lambda path: read.append(path) or digest(path))
    assert not stamps.replaced(record, paths) and read == paths[:1]
    assert not stamps.replaced(record, paths) and read == paths[:1]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', "null", "\udc80"])
def test_without_a_record_all_count_as_replaced(seen, text):
    record, paths = seen
    record.write_bytes(text.replace("a", paths[0]).encode("utf-8", "surrogateescape"))
    assert stamps.replaced(record, paths)
    record.unlink()
    assert stamps.replaced(record, paths)
