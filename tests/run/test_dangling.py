"""Links that lead nowhere: hidden while a process plans, then back unless something took their place."""

import os
import subprocess
import sys

import pytest

from catsight.errors import CatsightError
from catsight.run import dangling

#: Hides, shows what it hid and what is left, makes one of the files, and ends.
_PLANS = """
import os
from catsight.run import dangling
print(sorted(dangling.hide("study")))
print(sorted(os.listdir("study/cat")))
open("study/cat/made.parquet", "w").close()
"""


def test_links_to_nothing_are_hidden_while_a_process_lives(tmp_path):
    cat = tmp_path / "study" / "cat"
    cat.mkdir(parents=True)
    (cat / "file.parquet").touch()
    (cat / "good.parquet").symlink_to("file.parquet")
    for name in ("gone.parquet", "made.parquet", "weights.safetensors"):
        (cat / name).symlink_to("../none")
    said = subprocess.run(
        [sys.executable, "-c", _PLANS], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    hidden = ["gone.parquet", "made.parquet", "weights.safetensors"]
    assert said == [
        str([f"study/cat/{name}" for name in hidden]),
        str(["file.parquet", "good.parquet"]),
    ]
    assert os.readlink(cat / "gone.parquet") == "../none"
    assert os.readlink(cat / "weights.safetensors") == "../none"
    assert not (cat / "made.parquet").is_symlink()


def test_links_come_back_to_where_they_were(tmp_path):
    """Snakemake runs in another folder (`--directory`), and has left it when its process ends."""
    for place in ("work", "home"):
        (tmp_path / place / "study").mkdir(parents=True)
    (tmp_path / "work" / "study" / "gone.parquet").symlink_to("none")
    code = """
import os
from catsight.run import dangling
os.chdir("../work")
assert dangling.hide("study") == {"study/gone.parquet"}
assert os.listdir("study") == []
os.chdir("../home")
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "home", check=True)
    assert os.readlink(tmp_path / "work" / "study" / "gone.parquet") == "none"
    assert list((tmp_path / "home" / "study").iterdir()) == []


def test_a_folder_that_is_not_mounted_is_named_and_stays(tmp_path):
    (tmp_path / "views").symlink_to("/not/mounted")
    with pytest.raises(CatsightError, match="views is a link to /not/mounted, which is not there"):
        dangling.hide(str(tmp_path))
    with pytest.raises(CatsightError, match="mount its file system, or remove the link"):
        dangling.check_folder(str(tmp_path / "views"))
    assert (tmp_path / "views").is_symlink()
    dangling.check_folder(str(tmp_path))


def test_a_lock_of_an_editor_is_no_result(tmp_path):
    """Emacs marks a changed file by a link beside it, which leads nowhere."""
    (tmp_path / ".#report.html").symlink_to("someone@computer.123:456")
    (tmp_path / ".#0.parquet").symlink_to("someone@computer.123:456")
    assert dangling.hide(str(tmp_path)) == set()
    assert len(os.listdir(tmp_path)) == 2


def test_folders_behind_links_are_left_alone(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "0.parquet").symlink_to("none")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "views").symlink_to(theirs)
    assert dangling.hide(str(tmp_path / "mine")) == set()
    assert (theirs / "0.parquet").is_symlink()


def test_where_there_is_nothing_there_is_nothing_to_hide(tmp_path):
    assert dangling.hide(str(tmp_path / "never")) == set()
