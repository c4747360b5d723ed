"""How fast an engine samples, and how many requests failed, since it was last asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Throughput:
    """Counts tokens and failed requests; `timed` adds the seconds that they took."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.tokens, self.failed, self.seconds = 0, 0, 0.0

    @contextmanager
    def timed(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - began

    def metrics(self) -> dict[str, float]:
        """Tokens a second and failed requests, and the counts begin anew."""
        found = {
            "rollout/tokens_per_second": self.tokens / max(self.seconds, 1e-9),
            "rollout/failed_requests": float(self.failed),
        }
        self._clear()
        return found
