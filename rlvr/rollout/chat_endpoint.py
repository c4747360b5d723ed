"""A chat model behind an OpenAI-compatible HTTP endpoint, as a `Scorer` that answers in words."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from rlvr.core import Message
from rlvr.errors import UserError


class ChatEndpoint:
    """Asks `model` at `url` (such as http://127.0.0.1:8000/v1), `parallel` conversations at a time.

    The key is OPENAI_API_KEY's, where a server wants one. A request that fails after `retries` more tries is
    answered by None, and `failures` counts why.
    """

    def __init__(
        self,
        model: str,
        url: str | None = None,
        *,
        parallel: int = 8,
        timeout: float = 120.0,
        retries: int = 2,
        max_tokens: int = 1024,
    ) -> None:
        try:
            from openai import OpenAI
        except ImportError as error:
            raise UserError(
                "a grader behind an endpoint needs the package `openai`: install rlvr's extra of that name, "
                "pip install 'rlvr[openai]'."
            ) from error
        key = os.environ.get("OPENAI_API_KEY") or "none"  # a server of one's own asks for none
        self.client = OpenAI(base_url=url, api_key=key, timeout=timeout, max_retries=retries)
        self.model, self.parallel, self.max_tokens = model, parallel, max_tokens
        self.failures: Counter[str] = Counter()

    def __call__(self, conversations: Sequence[Sequence[Message]]) -> list[str | None]:
        """The replies in order, at temperature 0."""
        with ThreadPoolExecutor(self.parallel) as pool:
            return list(pool.map(self._ask, conversations))

    def _ask(self, conversation: Sequence[Message]) -> str | None:
        from openai import OpenAIError

        messages = [{"role": m["role"], "content": m["content"]} for m in conversation]
        try:
            reply = self.client.chat.completions.create(
                model=self.model,
                messages=messages,  # type: ignore[arg-type]  # plain mappings of the right shape
                temperature=0.0,
                max_tokens=self.max_tokens,
            )
            text = reply.choices[0].message.content
        except (OpenAIError, ValueError, LookupError, TypeError, AttributeError) as error:  # or a reply of another form
            self.failures[f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"] += 1
            return None
        if not text:
            self.failures["the reply was empty"] += 1
            return None
        return str(text)
