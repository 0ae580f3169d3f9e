"""The hub's real client against a small hub: downloads, revisions, refusals, and damage."""

import hashlib
import os
import time
from contextlib import nullcontext

import huggingface_hub
import pytest
from huggingface_hub import constants
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

from catsight import CatsightError
from catsight.inputs import hub, hub_cache
from catsight.inputs.hub_errors import downloading
from support.small_hub import forget, switch, use

WEIGHTS, OTHER = os.urandom(5000), os.urandom(4000)
REVISION, LATER = "0123456789abcdef0123456789abcdef01234567", "f" * 40
FILES = {
    "README.md": b"# Animals\n" * 20,
    "data/a.parquet": os.urandom(3000),
    "data/b.parquet": os.urandom(3000),
}
NAME, DATASET = "model.safetensors", "datasets/some/animals"


#: Whether the client itself tries again, and lists what a commit holds: the lowest that the project
#: allows does not.
PATIENT = hasattr(huggingface_hub, "get_cached_repo_tree")
patient = pytest.mark.skipif(not PATIENT, reason="of newer clients")


def weights(**more):
    return hub.file("timm/vit", NAME, "vit", "put it there", **more)


def said(of=weights, *arguments, **more):
    with pytest.raises(CatsightError) as raised:
        of(*arguments, **more)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.fixture
def online(small_hub):
    small_hub.add("timm/vit", {NAME: WEIGHTS})
    small_hub.add(DATASET, FILES, REVISION)
    return small_hub


def harm(path, how):
    data = path.read_bytes()
    path.write_bytes(data[:100] if how == "cut" else data[:50] + b"!" + data[51:])


# -- weights ---------------------------------------------------------------------------------------


def test_a_file_is_downloaded_once(online):
    path = weights()
    assert path.read_bytes() == WEIGHTS
    asked = len(online.asked)
    assert weights() == path and len(online.asked) == asked


def test_a_branch_a_tag_and_a_commit(online):
    online.add("timm/vit", {NAME: OTHER}, LATER, "v2")
    assert weights().read_bytes() == OTHER
    assert weights(revision="v2").read_bytes() == OTHER
    assert weights(revision="c" * 40).read_bytes() == WEIGHTS
    assert said(revision="v3").startswith("timm/vit has no commit, branch or tag v3; its page")


def test_a_download_that_is_cut_goes_on_where_it_was(online, monkeypatch):
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 500)
    online.cut = [2000]
    with nullcontext() if PATIENT else pytest.raises(CatsightError, match="broke off before vit"):
        weights()
    assert weights().read_bytes() == WEIGHTS
    assert online.gets() == [(NAME, None), (NAME, "bytes=2000-")]


def test_a_download_that_is_always_cut_is_an_error_and_leaves_nothing(online, tmp_path):
    online.cut = [10] * 50
    assert said().startswith("the connection to the hub broke off before vit was whole (")
    assert not any((tmp_path / "hub").rglob(NAME))
    online.cut = []
    assert weights().read_bytes() == WEIGHTS


@patient
@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_that_passes_is_waited_for(online, status):
    left = [status] * 3
    online.refuse = lambda asked: (left.pop(), None, {"Retry-After": "1"}) if left else None
    assert weights().read_bytes() == WEIGHTS
    left = [status] * 3
    assert held(dataset()) == FILES


def refusing(*answer):
    return lambda asked: answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((429, None, {"Retry-After": "7"}), "too many requests came from here (429): wait 7 s, then run again"),
        ((429, None), "too many requests came from here (429): wait five minutes, then run again"),
        ((500, None), "the model hub is out of order (500), so it does not give vit: wait a while, then run again"),
        ((503, None), "the model hub is out of order (503)"),
        ((401, None), "the model hub gives vit to who is logged in (401): hf auth login, or HF_TOKEN"),
        ((403, None), "you may not read vit (403: 403 Forbidden"),
        ((407, None), "the proxy asks who you are (407), for vit: put name and password in HTTPS_PROXY"),
        ((403, "GatedRepo"), "vit is behind a licence: accept it on the hub, then log in as who did"),
        ((401, "GatedRepo"), "vit is behind a licence"),
        ((401, "RepoNotFound"), "the hub has no timm/vit, or none that you may read; log in (hf auth login), or put it there"),
        ((404, "EntryNotFound"), "the hub has no model.safetensors for vit, and pickles are not read; put it there"),
        ((418, None), "; put it there"),
    ],
)  # fmt: skip
def test_each_refusal_is_one_line_that_says_what_to_do(online, answer, words):
    online.refuse = refusing(*answer)
    assert words in said()


def test_a_token_that_the_hub_does_not_take(online, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_of_last_year")
    online.refuse = refusing(401, None)
    message = said()
    assert "does not take your token (401)" in message and "unset HF_TOKEN" in message
    assert "last_year" not in message


def test_no_network_is_known_at_once(online, monkeypatch):
    online.close()
    tries = []
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", tries.append)
    assert said() == (
        "the model hub cannot be reached for vit ([Errno 111] Connection refused): check the network "
        "and HTTPS_PROXY (if a proxy leads out); put it there"
    )
    assert not tries


@pytest.mark.parametrize("what", ["weights", "dataset"])
def test_a_hub_that_hangs_is_given_up_in_the_time_that_was_set(online, monkeypatch, what):
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.1)
    online.refuse = lambda asked: time.sleep(0.5)
    message = said({"weights": weights, "dataset": dataset}[what])
    assert "imed out" in message and "check the network and HTTPS_PROXY" in message
    assert len(online.asked) == 1


def test_the_hub_behind_a_proxy(online, monkeypatch):
    """The hub's own name leads nowhere."""
    use(monkeypatch, "http://hub.invalid")
    assert "cannot be reached" in said()
    monkeypatch.setenv("HTTP_PROXY", online.address)
    forget()
    assert weights().read_bytes() == WEIGHTS
    assert {one.host for one in online.asked} == {"hub.invalid"}


def test_the_name_of_a_proxy_is_not_its_password(online, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret@127.0.0.1:9")
    forget()
    assert "HTTP_PROXY; put it there" in (message := said()) and "secret" not in message


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_the_hub_that_is_switched_off_is_not_asked(online, monkeypatch, tmp_path, variable):
    switch(monkeypatch, True)
    monkeypatch.setenv(variable, "1")
    assert said() == (
        f"{variable} is set, so the hub is not asked for vit, and its cache on this machine "
        f"({tmp_path / 'hub'}) holds none that is whole: unset {variable}, or put it there"
    )
    assert not online.asked
    switch(monkeypatch, False)
    path = weights()
    switch(monkeypatch, True)
    assert weights() == path


@pytest.mark.parametrize("how", ["cut", "altered"])
def test_a_damaged_file_of_the_cache_is_fetched_again(online, monkeypatch, capsys, how):
    path = weights()
    harm(path.resolve(), how)
    assert weights() == path and path.read_bytes() == WEIGHTS
    assert capsys.readouterr().err.endswith(f"hub: {path} was cut or altered; fetched again\n")
    harm(path.resolve(), how)
    online.close()
    assert said().startswith(
        f"{path} in the hub's cache is cut or altered, and was not fetched again: the model hub "
        "cannot be reached for vit"
    )
    switch(monkeypatch, True)
    assert "not fetched again: HF_HUB_OFFLINE is set" in said()


def test_what_comes_altered_is_not_taken(online):
    online.name_of = lambda path, data: hashlib.sha256(b"something else").hexdigest()
    assert "is cut or altered although it was just fetched" in said()


def test_a_cache_that_cannot_be_written(online, tmp_path):
    (tmp_path / "hub").write_text("no folder")
    message = said()
    assert message.startswith("vit cannot be written to the hub's cache (") and "HF_HOME" in message


# -- what the names of blobs say -------------------------------------------------------------------


def linked(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    link = tmp_path / f"link-{name}"
    link.symlink_to(name)
    return link


def test_names_are_hashes(tmp_path):
    """Of `printf hello`: sha256sum, git hash-object --stdin, sha1sum."""
    names = (
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0",
        "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
    )
    for name in names:
        assert hub_cache.sound(linked(tmp_path, name, b"hello"))
        (tmp_path / name).write_bytes(b"hellO")
        assert not hub_cache.sound(tmp_path / f"link-{name}")
    assert hub_cache.sound(linked(tmp_path, "of-a-mirror", b"hello"))
    (tmp_path / "of-a-mirror").unlink()
    assert not hub_cache.sound(tmp_path / "link-of-a-mirror")
    (tmp_path / "ddd").write_bytes(b"a cache without links")
    assert hub_cache.sound(tmp_path / "ddd")


# -- datasets --------------------------------------------------------------------------------------


def dataset(patterns=None, revision=REVISION):
    return hub.fetch("some/animals", revision, patterns)


def held(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_dataset_is_downloaded_as_asked(online):
    folder = dataset(["data/a*"])
    assert held(folder) == {"data/a.parquet": FILES["data/a.parquet"]}
    assert dataset() == folder and held(folder) == FILES
    assert sorted(online.gets()) == [(name.rpartition("/")[2], None) for name in sorted(FILES)]
    assert hub.cached("some/animals", REVISION) == folder
    assert hub.cached("some/animals", LATER) is None


def test_a_dataset_that_was_cut_goes_on(online, tmp_path):
    online.refuse = lambda asked: (403, None) if asked.path.endswith("b.parquet") else None
    assert "you may not read the dataset some/animals at 0123456789ab (403" in said(dataset)
    online.refuse = lambda asked: None
    online.asked.clear()
    assert held(dataset()) == FILES
    assert online.gets() == [("b.parquet", None)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, "RepoNotFound"), "the hub has no some/animals, or none that you may read: log in (hf auth login)"),
        ((404, "RevisionNotFound"), f"some/animals has no commit, branch or tag {REVISION}"),
        ((403, "GatedRepo"), "the dataset some/animals at 0123456789ab is behind a licence"),
        ((429, None), "too many requests"),
        ((503, None), "the model hub is out of order (503)"),
    ],
)  # fmt: skip
def test_refusals_of_a_dataset(online, answer, words):
    online.refuse = refusing(*answer)
    assert words in said(dataset)


def test_the_cache_is_taken_where_the_hub_does_not_give(online, monkeypatch, capsys):
    folder = dataset()
    taken = f"hub: the dataset some/animals at 0123456789ab is taken from its cache, {folder}"
    for answer, why in (
        ((503, None), "the model hub is out of order (503)"),
        ((403, "GatedRepo"), "the dataset some/animals at 0123456789ab is behind a licence"),
    ):
        online.refuse = refusing(*answer)
        assert dataset() == folder
        assert capsys.readouterr().err.splitlines()[-1] == f"{taken} ({why})"
    online.close()
    assert dataset() == folder
    assert f"{taken} (the model hub cannot be reached for" in capsys.readouterr().err
    assert "cannot be reached" in said(dataset, revision=LATER)
    switch(monkeypatch, True)
    assert dataset() == folder
    assert capsys.readouterr().err == f"{taken} (HF_HUB_OFFLINE is set)\n"


@patient
def test_a_cache_that_lacks_a_file_is_not_taken(online, monkeypatch):
    """The client lists what the commit holds."""
    dataset(["data/a*"])
    switch(monkeypatch, True)
    dataset(["data/a*"])
    message = said(dataset, ["data/*"])
    assert "data/b.parquet" in message and message.endswith("Connect and run again to finish it")


def test_a_download_without_its_end_is_an_error_unless_it_was_finished_since(
    online, tmp_path, monkeypatch
):
    folder = dataset()
    switch(monkeypatch, True)
    whole = folder.parents[1] / "blobs" / os.readlink(folder / "README.md").split("/")[-1]
    whole.with_name(f"{whole.name}.12ab34cd.incomplete").write_bytes(b"half")
    assert dataset() == folder
    for name in ("b", "a"):
        whole.with_name(f"{name}.incomplete").write_bytes(b"half")
    assert said(dataset) == (
        "the dataset some/animals at 0123456789ab: its download was cut off "
        f"({whole.with_name('a.incomplete')} is incomplete); connect and run again to finish it"
    )


@pytest.mark.parametrize("how", ["cut", "altered"])
def test_damaged_files_of_a_dataset_are_fetched_again(online, monkeypatch, capsys, how):
    folder = dataset()
    for name in ("README.md", "data/b.parquet"):
        harm((folder / name).resolve(), how)
    switch(monkeypatch, True)
    assert f"its cached file {folder / 'README.md'} is cut or altered (and 1 more)" in said(dataset)
    assert dataset(["data/a*"]) == folder  # the others are not read
    switch(monkeypatch, False)
    online.asked.clear()
    assert held(dataset()) == FILES
    assert sorted(online.gets()) == [("README.md", None), ("b.parquet", None)]
    assert (
        f"hub: {folder / 'data/b.parquet'} was cut or altered; fetched again"
        in capsys.readouterr().err
    )


# -- other errors ----------------------------------------------------------------------------------


def test_errors_that_are_not_the_hubs():
    def raised(error):
        with downloading("x", "do without", {EntryNotFoundError: "there is no x"}):
            raise error

    assert said(raised, OSError("odd\nand more")) == "the model hub did not give x: odd; do without"
    assert said(raised, ValueError()) == "the model hub did not give x: ValueError; do without"
    wrapped = ValueError("(MaxRetryError('pool: [Errno 111] Connection refused'), 'id')")
    assert said(raised, wrapped).startswith(
        "the model hub did not give x: [Errno 111] Connection refused;"
    )
    # no answer of the hub, although it is an EntryNotFoundError, too
    assert said(raised, LocalEntryNotFoundError("not here")).startswith(
        "the model hub did not give x: not here"
    )
    with pytest.raises(OSError):  # the command says which disk is full
        raised(OSError(28, "No space left on device", "/cache/blob"))
    with downloading("x", "do without", {}):
        pass
