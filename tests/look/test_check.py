"""``catsight check`` where nothing can be checked; tests/faults damages files for it to find."""

import pytest

from catsight.__main__ import main


@pytest.mark.parametrize("option", [[], ["--redo"]])
def test_a_folder_without_tables_is_an_error(tmp_path, capsys, option):
    (tmp_path / "page.md").write_text("no table")
    assert main(["check", str(tmp_path), *option]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{tmp_path} holds no tables; name results/<study>, or results" in said.err
