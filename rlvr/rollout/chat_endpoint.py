"""A chat model behind an OpenAI-compatible HTTP endpoint, as a `Scorer` that answers in words."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rlvr.core import Message
from rlvr.rollout.openai_client import MALFORMED, OpenAIClient, reason
from rlvr.rollout.reply_cache import ReplyCache


class ChatEndpoint:
    """Asks `model` at `url` (such as http://127.0.0.1:8000/v1), `parallel` conversations at a time, at temperature 0.

    The key is OPENAI_API_KEY's, where a server wants one. A request that fails is tried `retries` more times with
    growing pauses (the client's own, which heeds Retry-After), each for at most `timeout` seconds; what fails then,
    is refused, empty or cut off is answered by None, and `failures` counts why. `cache` is a file of replies by
    content: the same question is not asked twice.
    """

    concurrent = True

    def __init__(
        self,
        model: str,
        url: str | None = None,
        *,
        parallel: int = 8,
        timeout: float = 120.0,
        retries: int = 2,
        max_tokens: int = 1024,
        cache: str | os.PathLike[str] | None = None,
    ) -> None:
        purpose = "a grader behind an endpoint"
        self.client = OpenAIClient(url, parallel=parallel, timeout=timeout, retries=retries, purpose=purpose)
        self.model, self.max_tokens = model, max_tokens
        self.patience = self.client.patience
        self.failures: Counter[str] = Counter()
        self.cache = None if cache is None else ReplyCache(cache)

    def __call__(self, conversations: Sequence[Sequence[Message]]) -> list[str | None]:
        """The replies in order; usable from many threads at once."""
        return self.client.run([self._ask(conversation) for conversation in conversations])

    async def _ask(self, conversation: Sequence[Message]) -> str | None:
        question: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": m["role"], "content": m["content"]} for m in conversation],
            "temperature": 0.0,
            "max_tokens": self.max_tokens,
        }
        if self.cache is not None and (known := self.cache.get(question)) is not None:
            return known
        reply = await self._request(question)
        if reply is not None and self.cache is not None:
            self.cache.put(question, reply)
        return reply

    async def _request(self, question: dict[str, Any]) -> str | None:
        from openai import OpenAIError

        try:
            answer = await self.client.ask("chat", question)
            choice = answer.choices[0]
            text, refusal = choice.message.content, getattr(choice.message, "refusal", None)
            finish_reason = choice.finish_reason
        except (OpenAIError, TimeoutError, *MALFORMED) as error:
            return self._failed(reason(error))
        if refusal or finish_reason == "content_filter":
            return self._failed("the grader refused")
        if finish_reason == "length":
            return self._failed(f"the reply was cut off at {self.max_tokens} tokens")
        return str(text) if text else self._failed("the reply was empty")

    def _failed(self, why: str) -> str | None:
        """Counts the failure; no reply."""
        self.failures[why] += 1
        return None
