"""Many requests at a time to an OpenAI-compatible server, from code that is not asynchronous."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import weakref
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Literal, TypeVar

from rlvr.errors import UserError

T = TypeVar("T")

#: Beside its tries a request may wait between them, in seconds.
_PAUSES = 60.0
#: What reading a reply of another form than the interface's raises.
MALFORMED = (ValueError, LookupError, TypeError, AttributeError)


class OpenAIClient:
    """The server at `url` (such as http://127.0.0.1:8000/v1; None: OPENAI_BASE_URL's), `parallel` requests at a time.

    The key is OPENAI_API_KEY's, where a server wants one. A request that fails in a way that may pass (the connection,
    429, 5xx) is tried `retries` more times with growing pauses, which heed Retry-After, each for at most `timeout`
    seconds. `purpose` says in an error what it is for.
    """

    def __init__(self, url: str | None, *, parallel: int, timeout: float, retries: int, purpose: str) -> None:
        try:
            from openai import AsyncOpenAI
        except ImportError as error:
            raise UserError(
                f"{purpose} needs the package `openai`: install rlvr's extra of that name, pip install 'rlvr[openai]'."
            ) from error
        key = os.environ.get("OPENAI_API_KEY") or "none"  # a server of one's own asks for none
        self.http = AsyncOpenAI(base_url=url, api_key=key, timeout=timeout, max_retries=retries)
        self.patience = timeout * (retries + 1) + _PAUSES
        self._turns = asyncio.Semaphore(parallel)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="openai-client", daemon=True).start()
        self._stop = weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)

    def run(self, work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
        """What each coroutine returns, in order, all at the same time; usable from many threads at once."""
        futures = [asyncio.run_coroutine_threadsafe(one, self._loop) for one in work]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:  # where one failed, or the user interrupted, nobody wants the others
                future.cancel()

    def close(self) -> None:
        """Ends the connections, in the loop that they belong to, and the loop."""
        if self._stop.alive:
            with contextlib.suppress(Exception):  # whatever a connection dies of, nobody needs it any more
                asyncio.run_coroutine_threadsafe(self.http.close(), self._loop).result(10.0)
            self._stop()

    async def ask(self, api: Literal["chat", "completions"], question: Mapping[str, Any]) -> Any:
        """The server's reply, once it is this request's turn; OpenAIError or TimeoutError when all tries failed."""
        async with self._turns:
            create = self.http.chat.completions.create if api == "chat" else self.http.completions.create
            return await asyncio.wait_for(create(**question), self.patience)

    async def models(self) -> list[Any]:
        """What the server says that it serves."""
        return [model async for model in self.http.models.list()]


def reason(error: BaseException) -> str:
    """A failure in one line, to be counted by."""
    text = str(error).splitlines()[0][:200] if str(error) else ""
    return f"{type(error).__name__}: {text}"
