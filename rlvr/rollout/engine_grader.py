"""Graders without a server: a model in this process, behind any engine, or replies from a script."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rlvr.core import Engine, Message, Prompt, Sampling
from rlvr.errors import UserError


class EngineGrader:
    """A local model as a `Scorer` that answers in words, greedily; a reply that was cut off is None."""

    def __init__(self, engine: Engine, max_tokens: int = 1024) -> None:
        self.engine, self.failures = engine, Counter[str]()
        self.sampling = Sampling(temperature=0.0, max_tokens=max_tokens)

    def __call__(self, conversations: Sequence[Sequence[Message]]) -> list[str | None]:
        """The replies in order, all sampled together."""
        prompts = [Prompt(_name(c), tuple(c), None) for c in conversations]
        return [
            self._text(group[0].text, group[0].finish_reason) for group in self.engine.generate(prompts, self.sampling)
        ]

    def _text(self, text: str, finish_reason: str) -> str | None:
        if finish_reason != "stop":
            self.failures["the reply was cut off" if finish_reason == "length" else "the question is too long"] += 1
            return None
        return text


class ScriptedGrader:
    """Replies from a JSONL file of `{"contains", "reply"}`: the first row whose text stands in the question answers.

    `reply` may be null, as from a grader that fails. For tests, dry runs and documentation, with no model.
    """

    concurrent = True

    def __init__(self, path: str | Path) -> None:
        self.failures = Counter[str]()
        try:
            lines = Path(path).expanduser().read_text(encoding="utf-8").splitlines()
            rows = [json.loads(line) for line in lines if line.strip()]
            self.replies = [(str(row["contains"]), row["reply"]) for row in rows]
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise UserError(
                f'the grader\'s script {path} cannot be read: {error}. Each line is {{"contains": ..., "reply": ...}}.'
            ) from error

    def __call__(self, conversations: Sequence[Sequence[Message]]) -> list[str | None]:
        return [self._reply("\n".join(m["content"] for m in c)) for c in conversations]

    def _reply(self, question: str) -> str | None:
        for text, reply in self.replies:
            if text in question:
                return None if reply is None else str(reply)
        self.failures["the script has no reply to this question"] += 1
        return None


def _name(conversation: Sequence[Message]) -> str:
    text = json.dumps([dict(m) for m in conversation])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
