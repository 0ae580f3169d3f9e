"""The Hugging Face hub: asked once, with one clear error where it does not answer."""

import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

from catsight.errors import CatsightError

#: Seconds to wait for the hub to answer.
PATIENCE = 10


def knock(what: str, advice: str) -> None:
    """Raises :class:`CatsightError` where the hub must not or cannot be asked for ``what``;
    ``advice`` says what else helps. One knock at the door: huggingface_hub itself would try again
    and again before it gives up."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise CatsightError(
            f"HF_HUB_OFFLINE is set, so the model hub is not asked for {what}; {advice}"
        )
    endpoint = urlsplit(constants.ENDPOINT)
    port = endpoint.port or (443 if endpoint.scheme == "https" else 80)
    try:
        socket.create_connection((endpoint.hostname, port), timeout=PATIENCE).close()
    except OSError as error:
        raise CatsightError(
            f"the model hub cannot be reached for {what} ({error}); {advice}"
        ) from None


def cached(dataset: str, revision: str) -> Path | None:
    """The folder of the hub's cache on this machine with that commit of a dataset, or None."""
    from huggingface_hub import constants

    folder = Path(
        constants.HF_HUB_CACHE, f"datasets--{dataset.replace('/', '--')}", "snapshots", revision
    )
    return folder if folder.is_dir() else None


def fetch(dataset: str, revision: str, patterns: list[str] | None = None) -> Path:
    """The folder with that commit of a dataset (its files that match ``patterns``), fetched as far
    as it is not there.

    A download that was cut off goes on where it stopped. Where the hub is offline (HF_HUB_OFFLINE)
    or does not answer, what lies in its cache on this machine is taken. Raises
    :class:`CatsightError` where nothing does, or half a file.
    """
    what, folder = f"the dataset {dataset} at {revision[:12]}", cached(dataset, revision)
    try:
        knock(
            what,
            "connect once, or copy the hub's cache from a machine that has it (HF_HUB_CACHE says where it is)",
        )
    except CatsightError:
        if folder is None:
            raise
        if half := sorted(folder.parents[1].glob("blobs/*.incomplete")):
            raise CatsightError(
                f"{what}: its download was cut off ({half[0]} is incomplete); connect and run again to finish it"
            ) from None
        print(
            f"hub: {what}: the hub is not there to be asked; taken from its cache, {folder}",
            file=sys.stderr,
        )
        return folder
    return _download(dataset, revision, patterns, what)


def _download(dataset: str, revision: str, patterns: list[str] | None, what: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        return Path(
            snapshot_download(
                dataset,
                repo_type="dataset",
                revision=revision,
                allow_patterns=patterns,
                etag_timeout=PATIENCE,
            )
        )
    except GatedRepoError:
        raise CatsightError(
            f"{what} is behind a licence: accept it on the hub, then log in (hf auth login)"
        ) from None
    except RevisionNotFoundError:
        raise CatsightError(
            f"{dataset} has no commit {revision}; its page on the hub lists them (History)"
        ) from None
    except RepositoryNotFoundError:
        raise CatsightError(
            f"the hub has no dataset {dataset}, or none for you: log in (hf auth login)"
        ) from None
    except Exception as error:
        raise CatsightError(
            f"the hub did not give {what}: {str(error).splitlines()[0]}; run again to go on"
        ) from None
