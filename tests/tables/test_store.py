"""The store: it links what it holds, and never a damaged table."""

import pytest

from catsight import tables
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
