"""A small Hugging Face hub on the loopback address, for the hub's real client.

It serves what the client asks for while it downloads (https://huggingface.co/docs/hub/api):
``/resolve/`` of models and datasets, ``/api/datasets/…/revision`` and ``/tree``, with the headers
that name a file's commit and hash. It is a proxy, too: it answers requests for any host.
"""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import NamedTuple
from urllib.parse import unquote, urlsplit


class Asked(NamedTuple):
    method: str
    path: str
    range: str | None
    host: str


class SmallHub:
    """``commits``: of each repository (``timm/vit``, ``datasets/some/animals``) and commit, its
    files; ``refs``: of each repository, the commits of branches and tags.

    ``refuse(request)`` may give a status, a code of the hub and headers to answer with; the next
    answers with a file end after ``cut`` bytes each. ``asked`` lists the requests.
    """

    def __init__(self):
        self.commits, self.refs, self.asked, self.cut = {}, {}, [], []
        self.refuse = lambda request: None
        self.large = lambda name: name.endswith((".safetensors", ".parquet"))
        self.server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Answer", (_Answer,), {"hub": self})
        )
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def add(self, repository, files, commit="c" * 40, *refs):
        """Makes ``commit``, with these ``files``, what ``refs`` of a repository (and main) are."""
        self.commits.setdefault(repository, {})[commit] = files
        self.refs.setdefault(repository, {}).update(dict.fromkeys(["main", *refs], commit))
        return commit

    def find(self, repository, revision):
        """Commit and files of a repository at a branch, tag or commit; (None, None) if none."""
        commits = self.commits[repository]
        commit = self.refs[repository].get(revision, revision)
        return (commit, commits[commit]) if commit in commits else (None, None)

    def name_of(self, path, data):
        """The hash that names a file: its SHA-256 if it is large, git's SHA-1 otherwise."""
        if self.large(path):
            return hashlib.sha256(data).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()

    def gets(self):
        """The paths of the files that were sent, and the ranges that were asked for."""
        return [
            (one.path.rpartition("/")[2], one.range)
            for one in self.asked
            if one.method == "GET" and "/resolve/" in one.path
        ]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        forget()


def named(file):
    return {"rfilename": file}


class _Answer(BaseHTTPRequestHandler):
    hub: SmallHub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        parts = urlsplit(self.path)
        path = unquote(parts.path).lstrip("/")
        asked = Asked(self.command, path, self.headers["Range"], parts.netloc)
        self.hub.asked.append(asked)
        if refusal := self.hub.refuse(asked):
            return self.error(*refusal)
        if path.startswith("api/"):
            return self.about(path.removeprefix("api/").removeprefix("models/"))
        repository, _, rest = path.partition("/resolve/")
        revision, _, name = rest.partition("/")
        if repository not in self.hub.commits:
            return self.error(401, "RepoNotFound")
        commit, files = self.hub.find(repository, revision)
        if commit is None:
            return self.error(404, "RevisionNotFound")
        if name not in files:
            return self.error(404, "EntryNotFound", {"X-Repo-Commit": commit})
        self.file(name, files[name], commit)

    def about(self, path):
        for action in ("/revision/", "/tree/"):
            if action in path:
                repository, _, revision = path.partition(action)
                if repository not in self.hub.commits:
                    return self.error(401, "RepoNotFound")
                commit, files = self.hub.find(repository, revision)
                if commit is None:
                    return self.error(404, "RevisionNotFound")
                if action == "/revision/":
                    about = {"id": repository, "sha": commit, "siblings": list(map(named, files))}
                    return self.send(200, json.dumps(about).encode())
                return self.send(
                    200, json.dumps(list(map(self.entry, *zip(*files.items())))).encode()
                )
        return self.error(404, "RepoNotFound")

    def entry(self, name, data):
        entry = {"type": "file", "path": name, "size": len(data)}
        named = self.hub.name_of(name, data)
        if not self.hub.large(name):
            return entry | {"oid": named}
        return entry | {
            "oid": "0" * 40,
            "lfs": {"oid": named, "size": len(data), "pointerSize": 130},
        }

    def file(self, name, data, commit):
        start = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").split("-")[0])
        etag = f'"{self.hub.name_of(name, data)}"'
        headers = {"ETag": etag, "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        whole = data[start:]
        sent = whole[: self.hub.cut.pop(0)] if self.command == "GET" and self.hub.cut else whole
        self.send(206 if start else 200, sent, headers, len(whole))
        if len(sent) < len(whole):
            self.close_connection = True

    def error(self, status, code=None, headers=None):
        headers = dict(headers or {})
        if code:
            headers |= {"X-Error-Code": code, "X-Error-Message": f"says {code}"}
        self.send(status, b'{"error": "no"}', headers)

    def send(self, status, body, headers=None, length=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def use(monkeypatch, address, cache=None):
    """Lets the hub's client ask the hub at ``address``, without waiting between its tries."""
    from huggingface_hub import constants, file_download, hf_api, utils

    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    for module in (constants, file_download, hf_api):  # earlier versions keep copies
        for name, value in (("ENDPOINT", address), ("HUGGINGFACE_CO_URL_TEMPLATE", template)):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, value)
    if cache is not None:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
    for module in (file_download, utils._http):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=lambda seconds: None))
    forget()


def switch(monkeypatch, off):
    """Switches the hub off, as HF_HUB_OFFLINE does where the client starts, or on."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", off)
    forget()


def forget():
    """Closes the client's connections, whose proxies are those of the environment then."""
    from huggingface_hub.utils import _http

    for name in ("close_session", "reset_sessions"):  # of this, and of an earlier version
        getattr(_http, name, lambda: None)()
