"""The store: it links what it holds, and never a damaged table."""

import errno
import hashlib
import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from catsight import CatsightError, tables
from catsight.tables.columns.views import VIEWS
from catsight.tables.store import Store, address
from support.rows import ROWS, damage


def test_store_links_what_is_there(tmp_path, capfd):
    store, spec = Store(tmp_path / "store"), {"b": 1, "a": 2}
    where = address(spec, {"x": "1"})
    assert where == address({"a": 2, "b": 1}, {"x": "1"})
    assert where != address(spec, {"x": "2"}) and where != address({**spec, "a": 3}, {"x": "1"})
    output = tmp_path / "results" / "study" / "v.parquet"
    assert not store.find(where, output)
    store.save(where, output, VIEWS, ROWS, {"spec": spec})
    assert output.is_symlink() and not output.readlink().is_absolute()
    output.unlink()
    assert store.find(where, output)
    assert "store: hit" in capfd.readouterr().err
    assert tables.read(output).to_pylist() == ROWS


@pytest.mark.parametrize("harm", [damage, lambda path: path.write_bytes(path.read_bytes()[:100])])
def test_store_never_serves_a_damaged_table(tmp_path, capfd, harm):
    store, where = Store(tmp_path / "store"), address({}, {})
    output = tmp_path / "v.parquet"
    store.save(where, output, VIEWS, ROWS, {})
    harm(store.path(where))
    assert not store.find(where, output)
    assert "is damaged; recomputing it" in capfd.readouterr().err
    assert not store.path(where).exists()


def test_store_never_serves_another_address(tmp_path):
    store, one, two = Store(tmp_path / "store"), address({}, {"x": 1}), address({}, {"x": 2})
    store.save(one, tmp_path / "v.parquet", VIEWS, ROWS, {})
    store.path(two).parent.mkdir(parents=True, exist_ok=True)
    store.path(one).rename(store.path(two))
    assert not store.find(two, tmp_path / "v.parquet")


def test_linking_twice_replaces(tmp_path):
    store, output = Store(tmp_path / "store"), tmp_path / "v.parquet"
    store.save(address({}, 1), output, VIEWS, ROWS, {})
    store.save(address({}, 2), output, VIEWS, ROWS[:3], {})
    assert tables.read(output).num_rows == 3
    assert not list(tmp_path.rglob("*.part"))


def test_an_address_is_the_digest_of_spec_and_inputs():
    """Those of all tables that were ever written depend on it."""
    text = '{"inputs":["é",1],"spec":{"a":null,"b":2.5}}'
    assert address({"b": 2.5, "a": None}, ["é", 1]) == hashlib.sha256(text.encode()).hexdigest()


def test_entries_lie_in_folders_by_the_start_of_their_address(tmp_path):
    store = Store(tmp_path / "store")
    assert store.path("abcdef") == tmp_path / "store" / "ab" / "abcdef.parquet"
    assert store.path("abcdef", ".safetensors") == tmp_path / "store/ab/abcdef.safetensors"
    assert not (tmp_path / "store").exists()  # until something is written


def test_what_the_store_says_and_records(tmp_path, capfd):
    store, output = Store(tmp_path / "store"), tmp_path / "study" / "v.parquet"
    about = {"stage": "views", "spec": {"a": 1}}
    store.save("abcd", output, VIEWS, ROWS, about)
    assert capfd.readouterr().err == f"store: computed {output}\n"
    found = tables.provenance(output)
    assert found == {
        "stage": "views", "spec": {"a": 1}, "address": "abcd", "rows": 10, "content": tables.measure_content(output),
    }  # fmt: skip
    assert about == {"stage": "views", "spec": {"a": 1}}
    assert store.find("abcd", tmp_path / "other.parquet") is True
    assert capfd.readouterr().err == f"store: hit {tmp_path / 'other.parquet'}\n"
    assert store.find("abce", tmp_path / "third.parquet") is False
    assert capfd.readouterr().err == "" and not (tmp_path / "third.parquet").exists()
    damage(store.path("abcd"))
    assert store.find("abcd", tmp_path / "third.parquet") is False
    said = f"store: {store.path('abcd')} is damaged; recomputing it\n"
    assert capfd.readouterr().err == said and not (tmp_path / "third.parquet").exists()


def test_a_writer_of_the_store_takes_the_options_of_a_table(tmp_path):
    store = Store(tmp_path / "store")
    with store.writer("abcd", VIEWS, {}, row_group=1) as writer:
        writer.write(ROWS[:1])
        writer.write(ROWS[1:2])
    with tables.table._opened(store.path("abcd")) as parquet:
        assert parquet.num_row_groups == 2


def test_a_link_replaces_a_file_in_one_step_and_leads_to_the_real_store(tmp_path, monkeypatch):
    """Store and results may themselves be reached through links; no moment is without a file."""
    (tmp_path / "disk" / "store").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "store").symlink_to(tmp_path / "disk" / "store")
    (tmp_path / "disk" / "study").mkdir()
    (tmp_path / "here" / "study").symlink_to(tmp_path / "disk" / "study")
    store, output = Store(tmp_path / "here" / "store"), tmp_path / "here" / "study" / "v.parquet"
    output.write_text("old")
    replaced, real = [], os.replace
    monkeypatch.setattr(
        os, "replace", lambda a, b: (replaced.append((os.path.exists(b), b)), real(a, b))
    )
    store.save("abcd", output, VIEWS, ROWS, {})
    assert replaced[-1] == (True, output)
    assert os.readlink(output) == "../store/ab/abcd.parquet" and tables.read(output).num_rows == 10
    store.link(store.path("abcd"), output)
    assert os.readlink(output) == "../store/ab/abcd.parquet"
    assert sorted(os.listdir(output.parent)) == ["v.parquet"]


def test_what_no_study_links_to_is_unused(tmp_path):
    """By the stage that wrote it: weights by their suffix, the rest by what they record."""
    store = Store(tmp_path / "store")
    for i, about in enumerate(({"stage": "views"}, {"stage": "views"}, {"stage": "metrics"}, {})):
        store.save(f"ab{i}", tmp_path / "study" / f"{i}.parquet", VIEWS, ROWS, about)
    store.path("cd0", ".safetensors").parent.mkdir()
    store.path("cd0", ".safetensors").touch()
    store.path("cd1").write_bytes(b"PAR1")
    (store.root / "notes" / "deep").mkdir(parents=True)
    (store.root / "notes" / "deep" / "file").touch()
    left = {"weights": [store.path("cd0", ".safetensors")], "damaged": [store.path("cd1")]}
    assert store.unused() == left
    for i in (1, 2, 3):
        (tmp_path / "study" / f"{i}.parquet").unlink()
    assert store.unused() == left | {
        "views": [store.path("ab1")], "metrics": [store.path("ab2")], "unknown": [store.path("ab3")],
    }  # fmt: skip
    (tmp_path / "study" / "0.parquet").unlink()
    assert store.unused()["views"] == [store.path("ab0"), store.path("ab1")]


def test_a_store_lists_who_shares_it(tmp_path):
    """Once each, by the folder with the link, or by that of a table which was written elsewhere."""
    store = Store(tmp_path / "here" / "store")
    store.save("ab0", tmp_path / "here" / "study" / "v.parquet", VIEWS, ROWS, {})
    assert store.users() == {} and not (store.root / ".users").exists()
    other = tmp_path / "there é" / "results"
    other.mkdir(parents=True)
    (other / "store").symlink_to(store.root)
    for name in "vw":
        Store(other / "store").save("ab1", other / "deep" / f"{name}.parquet", VIEWS, ROWS, {})
        Store(other / "store").save("ab1", tmp_path / "far" / f"{name}.parquet", VIEWS, ROWS, {})
    assert sorted(store.users()) == [tmp_path / "far", other]
    assert all(note.read_bytes() == os.fsencode(folder) for folder, note in store.users().items())
    assert len(list((store.root / ".users").iterdir())) == 2
    assert store.unused() == {}


def test_a_store_that_is_read_only_serves_all_the_same(tmp_path, monkeypatch):
    store = Store(tmp_path / "here" / "store")
    store.save("ab0", tmp_path / "here" / "v.parquet", VIEWS, ROWS, {})
    (store.root / ".users").write_text("no folder, so nothing is written into it")
    assert store.find("ab0", tmp_path / "there" / "v.parquet")


# -- files of other users, by what the system says: nothing is forbidden to root --------------------


@pytest.fixture
def forbidden(monkeypatch):
    """A function that makes calls of a function of ``os`` fail for paths with these words."""

    def forbid(name, words, module=os, number=errno.EACCES):
        real = getattr(module, name)

        def limited(path, *arguments, **options):
            if words in str(path):
                raise OSError(number, os.strerror(number), str(path))
            return real(path, *arguments, **options)

        monkeypatch.setattr(module, name, limited)

    return forbid


def test_a_damaged_table_of_another_user_is_computed_anew(tmp_path, forbidden):
    """It may not be removed, but where its folder may be written to, the new one takes its place."""
    store = Store(tmp_path / "store")
    path = store.path("ab" * 32)
    path.parent.mkdir(parents=True)
    for number in (errno.EACCES, errno.EROFS):
        path.write_bytes(b"damaged")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "unlink", Mock(side_effect=OSError(number, os.strerror(number))))
            assert not store.find("ab" * 32, tmp_path / "mine" / "x.parquet")
        assert path.read_bytes() == b"damaged"


def test_a_store_in_which_one_may_not_look_has_nothing(tmp_path, forbidden):
    store = Store(tmp_path / "store")
    store.path("ab" * 32).parent.mkdir(parents=True)
    store.path("ab" * 32).touch()
    forbidden("stat", "abab")
    assert not store.find("ab" * 32, tmp_path / "mine" / "x.parquet")


def test_a_result_that_cannot_be_linked_is_named(tmp_path, forbidden):
    store = Store(tmp_path / "store")
    forbidden("replace", "mine")
    with pytest.raises(CatsightError, match=r"x\.parquet cannot be written: permission denied"):
        store.link(store.path("ab" * 32), tmp_path / "mine" / "x.parquet")


def test_notes_of_users_are_for_all_to_read(tmp_path, forbidden):
    """Also of somebody who keeps other files for themselves."""
    results = tmp_path / "mine"
    results.mkdir()
    (tmp_path / "store").mkdir()
    (results / "store").symlink_to(tmp_path / "store")
    before = os.umask(0o077)
    try:
        assert Store(results / "store").note_user(results)
    finally:
        os.umask(before)
    ((folder, note),) = Store(tmp_path / "store").users().items()
    assert folder == results and note.stat().st_mode & 0o777 == 0o644
    forbidden("stat", ".users")
    forbidden("open", ".users")
    assert not Store(results / "store").note_user(results)


def test_notes_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / ".users" / "no file").mkdir(parents=True)
    with pytest.raises(CatsightError, match=r"no file cannot be read .*not known who shares"):
        Store(tmp_path).users()
