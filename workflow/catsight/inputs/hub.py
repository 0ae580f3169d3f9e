"""The Hugging Face hub: one attempt to connect, and one clear error if it fails."""

import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from catsight.errors import CatsightError

#: Seconds to wait for the hub to answer.
PATIENCE = 10


def knock(what: str, advice: str) -> None:
    """Raises :class:`CatsightError` if the hub is switched off or cannot be reached for ``what``.

    ``advice`` ends the message. One attempt, because huggingface_hub itself retries many times
    before it gives up.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise CatsightError(
            f"HF_HUB_OFFLINE is set, so {what} is not fetched from the model hub; {advice}"
        )
    endpoint = urlsplit(constants.ENDPOINT)
    port = endpoint.port or (443 if endpoint.scheme == "https" else 80)
    try:
        socket.create_connection((endpoint.hostname, port), timeout=PATIENCE).close()
    except OSError as error:
        raise CatsightError(
            f"the model hub cannot be reached for {what} ({error}); {advice}"
        ) from None


@contextmanager
def downloading(what: str, advice: str, refusals: Mapping[type[Exception], str]) -> Iterator[None]:
    """Turns every error of a download in the block into one :class:`CatsightError`.

    ``refusals`` holds the messages for errors of huggingface_hub that have a special meaning
    here; any other error is reported with ``advice``.
    """
    from huggingface_hub.errors import GatedRepoError

    licence = f"{what} is behind a licence: accept it on the hub, then log in (hf auth login)"
    messages: dict[type[Exception], str] = {GatedRepoError: licence}
    messages |= refusals  # after it, because a GatedRepoError is a RepositoryNotFoundError too
    try:
        yield
    except Exception as error:
        for kind, message in messages.items():
            if isinstance(error, kind):
                raise CatsightError(message) from None
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise CatsightError(f"the model hub did not give {what}: {reason}; {advice}") from None


def cached(dataset: str, revision: str) -> Path | None:
    """The folder of the local hub cache with that commit of a dataset, or None."""
    from huggingface_hub import constants

    folder = Path(
        constants.HF_HUB_CACHE, f"datasets--{dataset.replace('/', '--')}", "snapshots", revision
    )
    return folder if folder.is_dir() else None


def fetch(dataset: str, revision: str, patterns: list[str] | None = None) -> Path:
    """Downloads that commit of a dataset (its files that match ``patterns``); returns its folder.

    An interrupted download is resumed. If the hub is switched off (HF_HUB_OFFLINE) or does not
    answer, the local cache is used. Raises :class:`CatsightError` if the cache lacks the commit or
    holds an incomplete file.
    """
    what, folder = f"the dataset {dataset} at {revision[:12]}", cached(dataset, revision)
    try:
        knock(
            what,
            "connect once, or copy the hub's cache from a machine that has it "
            "(HF_HUB_CACHE says where it is)",
        )
    except CatsightError:
        if folder is None:
            raise
        if incomplete := sorted(folder.parents[1].glob("blobs/*.incomplete")):
            raise CatsightError(
                f"{what}: its download was cut off ({incomplete[0]} is incomplete); "
                "connect and run again to finish it"
            ) from None
        print(f"hub: no connection; {what} is taken from its cache, {folder}", file=sys.stderr)
        return folder
    return _download(dataset, revision, patterns, what)


def _download(dataset: str, revision: str, patterns: list[str] | None, what: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    refusals: dict[type[Exception], str] = {
        RevisionNotFoundError: f"{dataset} has no commit {revision}; its page on the hub lists "
        "them (History)",
        RepositoryNotFoundError: f"the hub has no dataset {dataset}, or none that you may read: "
        "log in (hf auth login)",
    }
    with downloading(what, "run again to continue", refusals):
        folder = snapshot_download(
            dataset,
            repo_type="dataset",
            revision=revision,
            allow_patterns=patterns,
            etag_timeout=PATIENCE,
        )
    return Path(folder)
