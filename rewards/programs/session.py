"""The judge's hold on one sandboxed process: questions and messages go in, values or a reason come out."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..sandbox import Job, Limits, Result, Run, Sandbox
from .wall import values

ENDED = "runtime error: the program ended before its tests did"
NONSENSE = "runtime error: the program wrote to its tests' channel"
_LIMITS = {"wall": "time limit", "cpu": "time limit", "memory": "memory limit", "output": "output limit"}


class Fault(Exception):
    """No reward may depend on this: the sandbox failed, or the tests themselves are broken."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one test went: `reason` starts with its kind (`wrong answer`, `time limit`, ...) and is empty for a pass.

    `fatal`: every other test fails for the same reason (no program, one that does not compile or load).
    """

    reason: str = ""
    fatal: bool = False

    @property
    def passed(self) -> bool:
        return not self.reason


@dataclass(slots=True)
class Budget:
    """What a program's tests may take; `until` is on the monotonic clock, which stands still while a program waits."""

    seconds_per_test: float
    until: float
    memory_mb: int

    def start(self, sandbox: Sandbox, jobs: Sequence[Job]) -> list[Line]:
        """The jobs, running. Waiting for free slots takes nothing off the budget."""
        began = time.monotonic()
        lines = [Line(run) for run in sandbox.start(jobs)]
        self.until += time.monotonic() - began
        return lines

    def seconds(self) -> float:
        """What is left for the next test."""
        return max(0.0, min(self.seconds_per_test, self.until - time.monotonic()))

    def left(self) -> float:
        return max(0.0, self.until - time.monotonic())

    def limits(self, seconds: float) -> Limits:
        seconds = max(seconds, 0.05)
        return Limits(wall_seconds=seconds, cpu_seconds=seconds, memory_mb=self.memory_mb, output_kb=8 << 10)


class Line:
    """The trusted end of one process's channel."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._result: Result | None = None

    def send(self, message: Mapping[str, Any]) -> None:
        """Sends a message of ours. Raises Fault where it is too large."""
        try:
            self.pass_on(values.pack(message)[values.HEADER.size :])
        except values.Unplain as error:
            raise Fault(f"the tests cannot be sent to the sandbox: {error}") from error

    def pass_on(self, body: bytes) -> None:
        self._run.send(body)  # where the process is gone, `receive` says why

    def receive(self, seconds: float) -> bytes | str:
        """The next message, or in words why there is none. Raises Fault where the sandbox failed."""
        until = time.monotonic() + seconds
        body = self._run.receive(seconds)
        if body is not None:
            return body
        late = time.monotonic() >= until and not self._run.ended
        result = self.kill()
        return "time limit" if late and not result.fault else why_ended(result)

    def ask(self, message: Mapping[str, Any], seconds: float) -> dict[str, Any] | str:
        """The reply to a question, or in words why there is none. It must carry the question's own token."""
        token = secrets.token_hex(16)
        self.send({**message, "token": token})
        body = self.receive(seconds)
        if isinstance(body, str):
            return body
        try:
            reply = values.unpack(body)
        except values.Unplain:
            return NONSENSE
        return reply if isinstance(reply, dict) and reply.get("token") == token else NONSENSE

    def finish(self) -> Result:
        """Waits for the end of a process that has said its last word."""
        if self._result is None:
            self._result = self._run.finish()
        return self._result

    def kill(self) -> Result:
        if self._result is None:
            self._result = self._run.kill()
        return self._result


def why_ended(result: Result) -> str:
    """Why a run ended too early, in the words of a verdict. Raises Fault where the sandbox failed."""
    if result.fault:
        raise Fault(f"the sandbox failed: {result.fault}")
    return ENDED if result.limit is None else _LIMITS.get(result.limit, f"runtime error: {result.limit} limit")


def load_trouble(reply: Mapping[str, Any] | str) -> Outcome | None:
    """Why a program did not load (or a script did not end well), None where it did."""
    if isinstance(reply, str):
        return Outcome(reply, fatal=True)
    for kind, words in (("unparsable", "unparsable"), ("compile", "compile error")):
        if kind in reply:
            return Outcome(f"{words}: {_text(reply[kind])}", fatal=True)
    return Outcome(raised_reason(reply["raised"]), fatal=True) if "raised" in reply else None


def raised_reason(raised: Any) -> str:
    """An error of the program, in the words of a verdict."""
    lineage = raised.get("lineage") if isinstance(raised, dict) else None
    if not isinstance(lineage, list) or not lineage:
        return NONSENSE
    if "MemoryError" in lineage:
        return "memory limit"
    where = f" (line {raised['line']})" if type(raised.get("line")) is int else ""
    return f"runtime error: {_text(lineage[0])}: {_text(raised.get('text'))}{where}"


def _text(value: Any) -> str:
    return str(value)[:300] if isinstance(value, str) else ""
