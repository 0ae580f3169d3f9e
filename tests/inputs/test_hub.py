"""The hub: one knock, one clear error for each refusal, and the cache where there is no connection."""

import socket
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

from catsight import CatsightError
from catsight.inputs import hub

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def online(monkeypatch):
    """A hub that answers; the places that were knocked at, and how long it was waited for."""
    knocked = []

    class Connection:
        def close(self):
            knocked.append("closed")

    def create_connection(address, timeout):
        knocked.append((address, timeout))
        return Connection()

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket, "create_connection", create_connection)
    return knocked


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("https://huggingface.co", ("huggingface.co", 443)),
        ("http://mirror.example", ("mirror.example", 80)),
        ("https://mirror.example:8443/path", ("mirror.example", 8443)),
    ],
)
def test_one_knock_at_the_endpoint(online, monkeypatch, endpoint, address):
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    hub.knock("it", "do that")
    assert online == [(address, 10), "closed"]


def test_a_hub_that_is_switched_off_or_silent_is_said(online, monkeypatch):
    def silent(address, timeout):
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", silent)
    with pytest.raises(CatsightError) as raised:
        hub.knock("the weights", "copy them")
    assert (
        str(raised.value)
        == "the model hub cannot be reached for the weights (timed out); copy them"
    )
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(CatsightError) as raised:
        hub.knock("the weights", "copy them")
    assert str(raised.value) == (
        "HF_HUB_OFFLINE is set, so the weights is not fetched from the model hub; copy them"
    )


def raised_by(error, refusals):
    with pytest.raises(CatsightError) as raised, hub.downloading("x", "try again", refusals):
        raise error
    return str(raised.value)


def bare(kind):
    """An error of the hub, without the answer that it would be made from."""
    return kind.__new__(kind)


def test_errors_of_a_download():
    refusals = {RepositoryNotFoundError: "there is none"}
    assert raised_by(bare(RepositoryNotFoundError), refusals) == "there is none"
    gated = "x is behind a licence: accept it on the hub, then log in (hf auth login)"
    assert raised_by(bare(GatedRepoError), refusals) == gated
    assert raised_by(bare(GatedRepoError), {GatedRepoError: "ask"}) == "ask"
    assert raised_by(OSError("full\nand more"), refusals) == (
        "the model hub did not give x: full; try again"
    )
    assert raised_by(ValueError(), {}) == "the model hub did not give x: ValueError; try again"
    with hub.downloading("x", "try again", refusals):
        pass


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The snapshot of a dataset in the local cache."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "datasets--some--animals" / "snapshots" / REVISION
    folder.mkdir(parents=True)
    (folder.parents[1] / "blobs").mkdir()
    return folder


def test_the_cache_is_by_dataset_and_commit(cache):
    assert hub.cached("some/animals", REVISION) == cache
    assert hub.cached("some/animals", REVISION[::-1]) is None
    assert hub.cached("some/plants", REVISION) is None
    cache.rmdir()
    cache.write_bytes(b"")
    assert hub.cached("some/animals", REVISION) is None


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def test_the_cache_is_taken_where_there_is_no_connection(cache, offline, capsys):
    assert hub.fetch("some/animals", REVISION) == cache
    assert capsys.readouterr().err == (
        f"hub: no connection; the dataset some/animals at 0123456789ab is taken from its cache, {cache}\n"
    )


def test_a_dataset_that_is_not_in_the_cache_is_an_error(cache, offline):
    with pytest.raises(CatsightError) as raised:
        hub.fetch("some/plants", REVISION)
    assert str(raised.value) == (
        "HF_HUB_OFFLINE is set, so the dataset some/plants at 0123456789ab is not fetched from the "
        "model hub; connect once, or copy the hub's cache from a machine that has it "
        "(HF_HUB_CACHE says where it is)"
    )


def test_an_incomplete_download_is_an_error(cache, offline):
    for name in ("b", "a"):
        (cache.parents[1] / "blobs" / f"{name}.incomplete").write_bytes(b"half")
    with pytest.raises(CatsightError) as raised:
        hub.fetch("some/animals", REVISION)
    assert str(raised.value) == (
        "the dataset some/animals at 0123456789ab: its download was cut off "
        f"({cache.parents[1]}/blobs/a.incomplete is incomplete); connect and run again to finish it"
    )


def test_a_dataset_is_downloaded_as_asked(online, cache, monkeypatch):
    asked = []

    def snapshot_download(*arguments, **options):
        asked.append((arguments, options))
        return str(cache)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert hub.fetch("some/animals", REVISION, ["data/*"]) == Path(cache)
    options = {
        "repo_type": "dataset",
        "revision": REVISION,
        "allow_patterns": ["data/*"],
        "etag_timeout": 10,
    }
    assert asked == [(("some/animals",), options)]
    assert hub.fetch("some/animals", REVISION) == cache
    assert asked[1][1]["allow_patterns"] is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (bare(RevisionNotFoundError), f"some/animals has no commit {REVISION}; its page on the hub lists them (History)"),
        (bare(RepositoryNotFoundError), "the hub has no dataset some/animals, or none that you may read: log in (hf auth login)"),
        (bare(GatedRepoError), "the dataset some/animals at 0123456789ab is behind a licence: accept it on the hub, then log in (hf auth login)"),
        (OSError("cut"), "the model hub did not give the dataset some/animals at 0123456789ab: cut; run again to continue"),
    ],
)  # fmt: skip
def test_refusals_of_a_dataset(online, monkeypatch, error, words):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(CatsightError) as raised:
        hub.fetch("some/animals", REVISION)
    assert str(raised.value) == words
