"""A small Hugging Face hub on loopback: the hub's own client, and `datasets`, talk to it as to the real one."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import huggingface_hub
import pytest

WEIGHTS = "model.safetensors"
RESOLVE = re.compile(r"/(?P<kind>datasets/)?(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")
API = re.compile(r"/api/(?P<kind>models|datasets)/(?P<name>[^/]+/[^/]+)(/(?P<what>[^/]+))?(/(?P<revision>[^/]+))?.*")
BOT = {
    "num": 1,
    "author": {"name": "SFconvertbot"},
    "isPullRequest": True,
    "status": "open",
    "title": "Adding `safetensors` variant of this model",
    "createdAt": "2023-01-01T00:00:00.000Z",
}


def use(monkeypatch: pytest.MonkeyPatch, url: str, cache: Path) -> None:
    """Let the hub's client in this process talk to a hub at `url`, with its cache in a folder."""
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url)
    template = f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache / "hub"))


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their names."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@dataclass
class Hub:
    """The contents of a hub, and its faults.

    Attributes:
        models, datasets: repositories by name, each its files; "owner/name@revision" is another revision of it.
        gated, private: names to which access is refused.
        cuts: for the name of a file, the number of bytes after which each of the next answers breaks off, in turn.
        corrupt: for the name of a file, how many more times it arrives with a byte changed.
        sent: the files that were sent, as "owner/name/file", and how many bytes of each.
    """

    models: dict[str, dict[str, bytes]] = field(default_factory=dict)
    datasets: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    private: set[str] = field(default_factory=set)
    cuts: dict[str, list[int]] = field(default_factory=dict)
    corrupt: dict[str, int] = field(default_factory=dict)
    sent: list[tuple[str, int]] = field(default_factory=list)
    url: str = ""

    def files(self, kind: str, name: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """The commit and the files of a repository at a revision."""
        shelf = self.models if kind == "models" else self.datasets
        for key, files in shelf.items():
            known, _, branch = key.partition("@")
            commit = hashlib.sha1(key.encode()).hexdigest()
            if known == name and revision in (branch or "main", commit):
                return commit, files
        return None

    def asked(self) -> set[str]:
        """The files that were sent, at least in part."""
        return {name for name, _ in self.sent}


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Within, `hub` answers at `hub.url`."""

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        raw = urlsplit(self.path).path  # a revision such as refs/pr/1 is one quoted part of it
        if path == "/":
            return self.reply(200, b"")
        if asked := RESOLVE.fullmatch(raw):
            return self.give_file("datasets" if asked["kind"] else "models", asked["name"], asked)
        if asked := API.fullmatch(raw):
            return self.give_facts(asked["kind"], asked["name"], asked)
        return self.reply(404, b"", {"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_GET  # noqa: N815

    def give_file(self, kind: str, name: str, asked: re.Match[str]) -> None:
        found = self.look_up(kind, name, unquote(asked["revision"]))
        if found is None:
            return
        commit, files = found
        file = unquote(asked["file"])
        if file not in files:
            return self.reply(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
        content = files[file]
        # As on the real hub, a file of the large kind has its sha256 for an ETag, any other one the git hash.
        large = file.endswith(".safetensors")
        tag = (hashlib.sha256 if large else hashlib.sha1)(content).hexdigest()
        headers = {"ETag": f'"{tag}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        self.reply(200, content, headers, file=f"{name}/{file}")

    def give_facts(self, kind: str, name: str, asked: re.Match[str]) -> None:
        if asked["what"] == "discussions":
            has_bot = self.hub.files(kind, name, "refs/pr/1") is not None
            found = [BOT | {"repo": {"name": name, "type": "model"}}] if has_bot else []
            return self.reply(200, json.dumps({"discussions": found, "count": len(found), "start": 0}).encode())
        known = self.look_up(kind, name, unquote(asked["revision"] or "main"))
        if known is None:
            return None
        commit, files = known
        if asked["what"] == "tree":
            listed = [{"type": "file", "path": path, "size": len(files[path]), "oid": "0" * 40} for path in files]
            return self.reply(200, json.dumps(listed).encode())
        siblings = [{"rfilename": path, "size": len(files[path])} for path in files]
        return self.reply(200, json.dumps({"id": name, "sha": commit, "siblings": siblings}).encode())

    def look_up(self, kind: str, name: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        if name in self.hub.private:
            return self.reply(401, b"")
        if name in self.hub.gated:
            return self.reply(401, b"", {"X-Error-Code": "GatedRepo"})
        found = self.hub.files(kind, name, revision)
        if found is None:
            self.reply(404, b"", {"X-Error-Code": "RepoNotFound" if revision == "main" else "RevisionNotFound"})
        return found

    def reply(self, status: int, content: bytes, headers: dict[str, str] | None = None, file: str = "") -> None:
        start = int(re.sub(r"\D", "", self.headers.get("Range", "").partition("-")[0]) or 0)
        body = content[start:]
        self.send_response(206 if start else status)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.write(body, file)

    def write(self, body: bytes, file: str) -> None:
        short = file.rpartition("/")[2]
        if self.hub.corrupt.get(short, 0) > 0:
            self.hub.corrupt[short] -= 1
            body = body[:-1] + bytes([body[-1] ^ 255])
        cuts = self.hub.cuts.get(short, [])
        sent = body[: cuts.pop(0)] if cuts else body
        self.wfile.write(sent)
        if file:
            self.hub.sent.append((file, len(sent)))
        if len(sent) < len(body):
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass
