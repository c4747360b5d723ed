"""Replies of a model on disk, by the content of the question."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlvr.errors import UserError


class ReplyCache:
    """A file of replies that several threads and processes may share. One that fails later on costs the reuse only."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        file = Path(path).expanduser()
        self._lock = threading.Lock()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(file, timeout=10.0, check_same_thread=False)
            self._db.execute("CREATE TABLE IF NOT EXISTS replies (key BLOB PRIMARY KEY, reply TEXT NOT NULL)")
            self._db.commit()
        except (OSError, sqlite3.Error) as error:
            raise UserError(
                f"the grader's cache {file} cannot be used: {error}. Name another file, or delete it."
            ) from error

    def get(self, question: Mapping[str, Any]) -> str | None:
        """The reply to exactly this question (model, messages and settings), None where it is not known."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            found = self._db.execute("SELECT reply FROM replies WHERE key = ?", (_key(question),)).fetchone()
            return None if found is None else str(found[0])
        return None

    def put(self, question: Mapping[str, Any], reply: str) -> None:
        with self._lock, contextlib.suppress(sqlite3.Error, UnicodeEncodeError), self._db:
            self._db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (_key(question), reply))


def _key(question: Mapping[str, Any]) -> bytes:
    return hashlib.blake2b(json.dumps(question, sort_keys=True).encode(), digest_size=32).digest()
