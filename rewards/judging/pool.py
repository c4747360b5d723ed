"""What the slots of the judge share: the queue of items and the counters."""

from __future__ import annotations

import concurrent.futures
import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rlvr.core import Verdict, VerifierUse


@dataclass(eq=False)
class Item:
    """One completion to judge and where its verdict goes."""

    number: int
    uses: tuple[VerifierUse, ...]
    data: bytes
    future: concurrent.futures.Future[Verdict]
    claimed: bool = False  # it can no longer be cancelled
    deaths: int = 0  # of workers that died before they started on it
    sent: float = 0.0  # when it was last sent to a worker (monotonic)

    def claim(self) -> bool:
        """Whether it is still wanted."""
        self.claimed = self.claimed or self.future.set_running_or_notify_cancel()
        return self.claimed


@dataclass
class Pool:
    """What the slots share. It does not know the `Judge`, so that a forgotten one can be collected."""

    timeout: float
    config: Mapping[str, Any]
    functions: Mapping[str, Callable[..., Any]]
    items: queue.SimpleQueue[Item | None] = field(default_factory=queue.SimpleQueue)
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=10_000))  # the newest, for a percentile

    def count(self, verdict: Verdict) -> None:
        with self.lock:
            self.counts[verdict.status] += 1
            self.seconds.append(verdict.seconds)

    def metrics(self) -> dict[str, float]:
        """Rates (0..1), seconds and counts since the last call."""
        with self.lock:
            counts, seconds = dict(self.counts), sorted(self.seconds)
            self.counts.clear()
            self.seconds.clear()
        restarts = counts.pop("restarts", 0)
        judged = max(1, sum(counts.values()))
        return {
            "verifier/error_rate": counts.get("error", 0) / judged,
            "verifier/timeout_rate": counts.get("timeout", 0) / judged,
            "verifier/seconds_p95": seconds[-(-len(seconds) * 95 // 100) - 1] if seconds else 0.0,
            "verifier/worker_restarts": float(restarts),
        }
