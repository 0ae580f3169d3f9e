"""The Hugging Face hub, asked by its own client, with that client's proxies, timeouts and retries.

One small request first, so that a missing network is known at once; every refusal is one clear
error. What the cache on this machine holds is checked against its name, which is its hash.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from catsight.errors import CatsightError, say
from catsight.inputs import hub_cache, hub_errors
from catsight.inputs.hub_errors import downloading


def file(repository: str, name: str, what: str, by_hand: str, revision: str | None = None) -> Path:
    """A file of a model's repository at a branch, tag or commit (its main branch by default), from
    the cache on this machine or else from the hub.

    A cached file that is cut or altered is fetched again. Raises :class:`CatsightError` about
    ``what`` the file is, which may end with how to get it ``by_hand``.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub import try_to_load_from_cache as in_cache
    from huggingface_hub.errors import EntryNotFoundError

    found = in_cache(repository, name, revision=revision)
    damaged = isinstance(found, str) and not hub_cache.sound(Path(found))
    if isinstance(found, str) and not damaged:
        return Path(found)
    refusals = _refusals(repository, revision, f"; log in (hf auth login), or {by_hand}") | {
        EntryNotFoundError: f"the hub has no {name} for {what}, and pickles are not read; {by_hand}"
    }
    try:
        with downloading(what, by_hand, refusals):
            url, patience = hf_hub_url(repository, name, revision=revision), _patience()
            _ask(partial(get_hf_file_metadata, url, timeout=patience))
            path = hf_hub_download(repository, name, revision=revision, force_download=damaged)
    except CatsightError as error:
        if not damaged:
            raise
        raise CatsightError(
            f"{found} in the hub's cache is cut or altered, and was not fetched again: {error}"
        ) from None
    if damaged:
        say(f"hub: {found} was cut or altered; fetched again")
    return _checked(Path(path))


def cached(dataset: str, revision: str) -> Path | None:
    """The folder of the local hub cache with that commit of a dataset, or None."""
    from huggingface_hub import constants

    folder = Path(
        constants.HF_HUB_CACHE, f"datasets--{dataset.replace('/', '--')}", "snapshots", revision
    )
    return folder if folder.is_dir() else None


def fetch(dataset: str, revision: str, patterns: list[str] | None = None) -> Path:
    """Downloads that commit of a dataset (its files that match ``patterns``); returns its folder.

    Files that an interrupted download brought whole are kept; those that are cut or altered are
    fetched again. If the hub does not give the commit, the cache on this machine is used. Raises
    :class:`CatsightError` if that lacks the commit or a file, or holds a damaged one.
    """
    from huggingface_hub import HfApi

    what, folder = f"the dataset {dataset} at {revision[:12]}", cached(dataset, revision)
    advice = (
        "connect once, or copy the hub's cache from a machine that has it (HF_HUB_CACHE says where "
        "it is)"
    )
    refusals = _refusals(dataset, revision, ": log in (hf auth login)")
    asked = partial(HfApi().dataset_info, dataset, revision=revision, timeout=_patience())
    try:
        with downloading(what, advice, refusals):
            _ask(asked, patient=folder is None)
    except CatsightError as error:
        if folder is None:
            raise
        why = re.split("[,:;] ", str(error), maxsplit=1)[0]
        say(f"hub: {what} is taken from its cache, {folder} ({why})")
        return _from_cache(folder, what, dataset, revision, patterns)
    with downloading(what, "run again to continue", refusals):
        return _downloaded(dataset, revision, patterns)


def _ask(request: Callable[[], object], patient: bool = True) -> None:
    """Makes one small request of the hub, without retries.

    With ``patient``, the server's own passing trouble raises nothing: the download that follows
    retries, and waits as long as the server asks for.
    """
    try:
        request()
    except Exception as error:
        if not (patient and hub_errors.passing(error)):
            raise


def _patience() -> float:
    """Seconds to wait for a small answer, as the user has set them (HF_HUB_ETAG_TIMEOUT)."""
    from huggingface_hub import constants

    return constants.HF_HUB_ETAG_TIMEOUT


def _downloaded(dataset: str, revision: str, patterns: list[str] | None) -> Path:
    from huggingface_hub import hf_hub_download, snapshot_download

    kind = "dataset"
    folder = Path(
        snapshot_download(dataset, repo_type=kind, revision=revision, allow_patterns=patterns)
    )
    for damaged in hub_cache.damaged(folder, patterns):
        name = damaged.relative_to(folder).as_posix()
        fresh = hf_hub_download(
            dataset, name, repo_type=kind, revision=revision, force_download=True
        )
        _checked(Path(fresh))
        say(f"hub: {damaged} was cut or altered; fetched again")
    return folder


def _from_cache(
    folder: Path, what: str, dataset: str, revision: str, patterns: list[str] | None
) -> Path:
    """The ``folder`` of a cached commit, if it is known to hold no damaged file and to lack none.

    Which files a commit has is known to the cache of new clients only.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    if cut := hub_cache.incomplete(folder):
        raise CatsightError(
            f"{what}: its download was cut off ({cut[0]} is incomplete); connect and run again to "
            "finish it"
        )
    if damaged := hub_cache.damaged(folder, patterns):
        raise CatsightError(
            f"{what}: its cached file {damaged[0]} is cut or altered{_more(damaged)}; connect and "
            "run again to fetch it again"
        )
    try:
        snapshot_download(
            dataset,
            repo_type="dataset",
            revision=revision,
            allow_patterns=patterns,
            local_files_only=True,
        )
    except LocalEntryNotFoundError as error:
        reason = str(error).partition(" Outgoing traffic")[0]
        raise CatsightError(f"{what}: {reason} Connect and run again to finish it") from None
    return folder


def _checked(path: Path) -> Path:
    """``path``, unless what was just downloaded is not what its name says."""
    if not hub_cache.sound(path):
        raise CatsightError(
            f"{path} is cut or altered although it was just fetched; delete it and run again. If "
            "that does not help, something between here and the hub alters it"
        )
    return path


def _refusals(repository: str, revision: str | None, advice: str) -> dict[type[Exception], str]:
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    return {
        RevisionNotFoundError: f"{repository} has no commit, branch or tag {revision}; its page on "
        "the hub lists them (History)",
        RepositoryNotFoundError: f"the hub has no {repository}, or none that you may read{advice}",
    }


def _more(damaged: Sequence[Path]) -> str:
    return f" (and {len(damaged) - 1} more)" if len(damaged) > 1 else ""
