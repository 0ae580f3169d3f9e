"""``catsight check`` where nothing can be checked; tests/faults damages files for it to find."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catsight.__main__ import main


@pytest.mark.parametrize("option", [[], ["--redo"]])
def test_a_folder_without_tables_is_an_error(tmp_path, capsys, option):
    (tmp_path / "page.md").write_text("no table")
    assert main(["check", str(tmp_path), *option]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{tmp_path} holds no tables; name results/<study>, or results" in said.err


def test_files_of_other_programs_are_not_removed(tmp_path, capsys):
    """They are no tables of ours, and so damaged; but there is no store beside them."""
    pq.write_table(pa.table({"x": [1]}), tmp_path / "mine.parquet")
    assert main(["check", str(tmp_path), "--redo"]) == 1
    assert (
        "--redo removes files, so it takes results/<study> or results alone"
        in capsys.readouterr().err
    )
    assert (tmp_path / "mine.parquet").exists()
