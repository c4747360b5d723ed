"""A polite end: a scheduler that takes a machine back sends SIGTERM and gives a little time."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def terminations() -> Iterator[Callable[[], bool]]:
    """Inside, SIGTERM ends nothing; the function says whether one came. A second one ends the process as usual."""
    if threading.current_thread() is not threading.main_thread():  # only that one may set what a signal does
        yield lambda: False
        return
    came = threading.Event()

    def noted(number: int, frame: object) -> None:
        came.set()
        signal.signal(signal.SIGTERM, before)

    before = signal.signal(signal.SIGTERM, noted)
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGTERM, before)
