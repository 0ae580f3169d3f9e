"""What the errors of the hub's client mean, and what to do about each.

By status and by name of the exception, because huggingface_hub has changed its HTTP library twice
(requests, httpx, httpx2).
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from catsight.errors import FULL, CatsightError

#: Answers that say that the same request may succeed later: the client retries after them.
_PASSING = (408, 429, 500, 502, 503, 504)
#: Exceptions of a connection that broke off, and of none that came about.
_BROKEN = {"RemoteProtocolError", "ReadError", "ReadTimeout", "ChunkedEncodingError"}
_UNREACHED = {"TransportError", "ConnectionError", "Timeout"}
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


@contextmanager
def downloading(what: str, advice: str, refusals: Mapping[type[Exception], str]) -> Iterator[None]:
    """Turns every error of a download in the block into one :class:`CatsightError`.

    ``refusals`` holds the messages for errors of huggingface_hub that have a special meaning here.
    ``advice`` is how to do without the hub, for errors that a user may not be able to correct.
    """
    try:
        yield
    except CatsightError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise  # a full disk, of which every command says the same
        raise CatsightError(_told(error, what, advice, refusals)) from None


def passing(error: BaseException) -> bool:
    """Whether the hub's answer says that the same request may succeed later."""
    return _status(error) in _PASSING


def _told(error: Exception, what: str, advice: str, refusals: Mapping[type[Exception], str]) -> str:
    from huggingface_hub import constants
    from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError

    cause: BaseException = error
    # "no local file" and "cannot force" come from what the hub answered
    while isinstance(cause, LocalEntryNotFoundError | ValueError) and cause.__cause__:
        cause = cause.__cause__
    names = {kind.__name__ for kind in type(cause).__mro__}
    if constants.HF_HUB_OFFLINE or "OfflineModeIsEnabled" in names:
        switch = _switch()
        return (
            f"{switch} is set, so the hub is not asked for {what}, and its cache on this machine "
            f"({constants.HF_HUB_CACHE}) holds none that is whole: unset {switch}, or {advice}"
        )
    if isinstance(cause, GatedRepoError):  # before refusals: it is a RepositoryNotFoundError, too
        return (
            f"{what} is behind a licence: accept it on the hub, then log in as who did (hf auth "
            "login, or HF_TOKEN)"
        )
    status, reason = _status(cause), _reason(cause)
    for kind, message in refusals.items():
        if isinstance(cause, kind) and not isinstance(cause, LocalEntryNotFoundError):
            return message
    if status is not None:
        return _answered(status, reason, cause, what, advice)
    if "ProxyError" in names:
        return f"the proxy does not let {what} through ({reason}): check {_proxies()}; {advice}"
    if _BROKEN & names or "Consistency check failed" in reason:
        return (
            f"the connection to the hub broke off before {what} was whole ({reason}): run again; "
            f"if that does not help, check the network and {_proxies()}"
        )
    if _UNREACHED & names:
        return (
            f"the model hub cannot be reached for {what} ({reason}): check the network and "
            f"{_proxies()}; {advice}"
        )
    if isinstance(cause, OSError) and cause.filename:
        return (
            f"{what} cannot be written to the hub's cache ({cause.filename}: {cause.strerror}): "
            "set HF_HOME to a folder of yours"
        )
    return f"the model hub did not give {what}: {reason}; {advice}"


def _answered(status: int, reason: str, error: BaseException, what: str, advice: str) -> str:
    """What the status of an answer means."""
    from huggingface_hub import get_token

    if status == 429:
        return (
            f"the model hub refuses {what} because too many requests came from here (429): wait "
            f"{_wait(error)}, then run again; it allows more to who is logged in (hf auth login)"
        )
    if status >= 500:
        return (
            f"the model hub is out of order ({status}), so it does not give {what}: wait a while, "
            f"then run again; or {advice}"
        )
    if status == 407:
        return (
            f"the proxy asks who you are (407), for {what}: put name and password in {_proxies()}"
        )
    if status == 401 and get_token():
        return (
            f"the model hub does not take your token (401), so it does not give {what}: log in "
            "again (hf auth login), or correct or unset HF_TOKEN"
        )
    if status == 401:
        return f"the model hub gives {what} to who is logged in (401): hf auth login, or HF_TOKEN"
    if status == 403:
        return (
            f"you may not read {what} (403: {reason}): use a token that may (hf auth login, or "
            "HF_TOKEN)"
        )
    return f"the model hub did not give {what}: {reason}; {advice}"


def _status(error: BaseException | None) -> int | None:
    """The status of the answer that an error, or the one it came from, was raised for."""
    while error is not None:
        answer = getattr(error, "response", None)
        if answer is not None:
            return getattr(answer, "status_code", None)
        error = error.__cause__
    return None


def _reason(error: BaseException) -> str:
    """The first line of what an error says, or the system's own words, which some wrap up."""
    if system := re.search(r"\[Errno -?\d+\] [\w ]+", str(error)):
        return system[0]
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line.rstrip(".") for line in lines if line), type(error).__name__)


def _wait(error: BaseException) -> str:
    after = error.response.headers.get("Retry-After", "")  # type: ignore[attr-defined]
    return f"{after} s" if after.isdigit() else "five minutes"


def _switch() -> str:
    """The variable that switches the hub off."""
    named = [name for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE") if os.environ.get(name)]
    return named[0] if named else "HF_HUB_OFFLINE"


def _proxies() -> str:
    """The variables that name a proxy, which may hold a password and so are not shown."""
    named = [name for name in _PROXIES if os.environ.get(name) or os.environ.get(name.lower())]
    return " and ".join(named) or "HTTPS_PROXY (if a proxy leads out)"
