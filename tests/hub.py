"""A hub on loopback: the part of the Hugging Face hub's API that its clients need to load data sets and models."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from urllib.parse import unquote

_INFO = re.compile(r"/api/(?:datasets|models)/([^/]+/[^/]+)(?:/revision/([^/]+))?$")
_TREE = re.compile(r"/api/(?:datasets|models)/([^/]+/[^/]+)/tree/([^/]+)/?(.*)$")
_PATHS = re.compile(r"/api/(?:datasets|models)/([^/]+/[^/]+)/paths-info/([^/]+)$")
_FILE = re.compile(r"/(?:datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)$")


@dataclass
class Hub:
    """Serves `repositories`, name -> (revision, {path: content}); `asked` lists (name, revision) of every request."""

    repositories: Mapping[str, tuple[str, Mapping[str, bytes]]]
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __enter__(self) -> Hub:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def environment(self, home: Path) -> dict[str, str]:
        """For a program that knows this hub and no other: the hub's clients read its address when they are imported."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        return {**env, "HF_ENDPOINT": self.url, "HF_HOME": str(home), "no_proxy": "127.0.0.1"}

    def files(self, name: str, revision: str | None) -> Mapping[str, bytes] | str:
        """A repository's files; the hub's code of the error where there are none."""
        self.asked.append((name, revision or "main"))
        if name not in self.repositories:
            return "RepoNotFound"
        known, files = self.repositories[name]
        return files if revision in (None, "main", known) else "RevisionNotFound"


def _entry(path: str, files: Mapping[str, bytes]) -> dict[str, object]:
    if path not in files:
        return {"type": "directory", "path": path, "size": 0, "oid": "0"}
    return {"type": "file", "path": path, "size": len(files[path]), "oid": hashlib.sha1(files[path]).hexdigest()}


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = unquote(self.path.partition("?")[0])
            for pattern, reply in ((_INFO, self.info), (_TREE, self.tree), (_PATHS, self.paths), (_FILE, self.file)):
                if found := pattern.match(path):
                    name, revision, *rest = found.groups()
                    files = hub.files(name, revision)
                    if isinstance(files, str):
                        return self.send(404, b"", {"X-Error-Code": files})
                    return reply(name, files, rest[0] if rest else "", sent)
            self.send(404, b"", {})

        do_GET = do_HEAD = do_POST = answer

        def info(self, name: str, files: Mapping[str, bytes], rest: str, sent: bytes) -> None:
            siblings = [{"rfilename": path} for path in files]
            self.json(
                {"id": name, "sha": hub.repositories[name][0], "siblings": siblings, "tags": [], "private": False}
            )

        def tree(self, name: str, files: Mapping[str, bytes], folder: str, sent: bytes) -> None:
            start = f"{folder}/" if folder else ""
            inside = [path for path in files if path.startswith(start)]
            if "recursive=true" not in self.path.lower():
                inside = sorted({start + path.removeprefix(start).split("/")[0] for path in inside})
            self.json([_entry(path, files) for path in inside])

        def paths(self, name: str, files: Mapping[str, bytes], rest: str, sent: bytes) -> None:
            known = [
                path for path in json.loads(sent)["paths"] if any(f"{file}/".startswith(f"{path}/") for file in files)
            ]
            self.json([_entry(path, files) for path in known])

        def file(self, name: str, files: Mapping[str, bytes], path: str, sent: bytes) -> None:
            if path not in files:
                return self.send(404, b"", {"X-Error-Code": "EntryNotFound"})
            tag = hashlib.sha1(files[path]).hexdigest()
            self.send(200, files[path], {"X-Repo-Commit": hub.repositories[name][0], "ETag": f'"{tag}"'})

        def json(self, value: object) -> None:
            self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

        def send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
