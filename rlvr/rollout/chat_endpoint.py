"""A chat model behind an OpenAI-compatible HTTP endpoint, as a `Scorer` that answers in words."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rlvr.core import Message
from rlvr.errors import UserError
from rlvr.rollout.reply_cache import ReplyCache

#: Beside its tries a conversation may wait for its turn and between tries, in seconds.
_SPARE = 60.0


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
        try:
            from openai import AsyncOpenAI
        except ImportError as error:
            raise UserError(
                "a grader behind an endpoint needs the package `openai`: install rlvr's extra of that name, "
                "pip install 'rlvr[openai]'."
            ) from error
        key = os.environ.get("OPENAI_API_KEY") or "none"  # a server of one's own asks for none
        self.client = AsyncOpenAI(base_url=url, api_key=key, timeout=timeout, max_retries=retries)
        self.model, self.max_tokens = model, max_tokens
        self.patience = timeout * (retries + 1) + _SPARE
        self.failures: Counter[str] = Counter()
        self.cache = None if cache is None else ReplyCache(cache)
        self._turns = asyncio.Semaphore(parallel)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="grader", daemon=True).start()
        weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)

    def __call__(self, conversations: Sequence[Sequence[Message]]) -> list[str | None]:
        """The replies in order; usable from many threads at once."""
        futures = [asyncio.run_coroutine_threadsafe(self._ask(c), self._loop) for c in conversations]
        return [future.result() for future in futures]

    async def _ask(self, conversation: Sequence[Message]) -> str | None:
        question: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": m["role"], "content": m["content"]} for m in conversation],
            "temperature": 0.0,
            "max_tokens": self.max_tokens,
        }
        if self.cache is not None and (known := self.cache.get(question)) is not None:
            return known
        async with self._turns:
            reply = await self._request(question)
        if reply is not None and self.cache is not None:
            self.cache.put(question, reply)
        return reply

    async def _request(self, question: dict[str, Any]) -> str | None:
        from openai import OpenAIError

        try:
            answer = await self.client.chat.completions.create(**question)
            choice = answer.choices[0]
            text, refusal = choice.message.content, getattr(choice.message, "refusal", None)
            finish_reason = choice.finish_reason
        except (OpenAIError, ValueError, LookupError, TypeError, AttributeError) as error:  # or a reply of another form
            why = str(error).splitlines()[0][:200] if str(error) else ""
            return self._failed(f"{type(error).__name__}: {why}")
        if refusal or finish_reason == "content_filter":
            return self._failed("the grader refused")
        if finish_reason == "length":
            return self._failed(f"the reply was cut off at {self.max_tokens} tokens")
        return str(text) if text else self._failed("the reply was empty")

    def _failed(self, why: str) -> str | None:
        """Counts the failure; no reply."""
        self.failures[why] += 1
        return None
