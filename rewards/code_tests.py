"""The `code` verifier: does the program in the completion pass the prompt's tests?"""

from __future__ import annotations

import contextlib
import threading
import time
from functools import cache
from typing import Literal

from rlvr.core import Completion, Prompt, Verdict
from rlvr.errors import UserError
from rlvr.registry import verifier

from .programs.answer import BadAnswer, Tests, read_answer
from .programs.finding import Source, find_program
from .programs.relay import run_trial
from .programs.session import Budget, Fault, Outcome
from .programs.sources import modules
from .programs.stdin_and_call import run_call, run_stdin
from .programs.wall.values import Unplain
from .sandbox import Sandbox, SandboxBusy, open_sandbox

MAX_PARTS = 1000


def warm() -> None:
    """Starts the sandbox before the first deadline."""
    with contextlib.suppress(UserError):  # shows again in each verdict; and another isolation may be asked for
        sandbox_of("auto")


def sandbox_of(isolation: str) -> Sandbox:
    """The sandbox of this process. Raises UserError where the isolation cannot be had."""
    with _OPENING:  # two threads at once would open two
        sandbox = _opened(isolation)
    if isinstance(sandbox, UserError):
        raise sandbox
    return sandbox


_OPENING = threading.Lock()


@cache
def _opened(isolation: str) -> Sandbox | UserError:
    try:
        return open_sandbox(isolation, modules=modules())
    except UserError as error:  # kept, so that not every verdict tries again
        return error


@verifier(
    "code",
    owns_processes=True,
    warm=warm,
    example={
        "prompt": "Write a Python function add(a, b) that returns the sum.",
        "completion": "```python\ndef add(a, b):\n    return a + b\n```",
        "answer": {"kind": "asserts", "tests": ["assert add(2, 3) == 5", "assert add(-1, 1) == 0"]},
    },
)
def code(
    prompt: Prompt,
    completion: Completion,
    *,
    partial: bool = False,
    seconds_per_test: float = 6.0,
    seconds_in_all: float = 9.0,
    memory_mb: int = 1024,
    tolerance: float = 1e-6,
    isolation: Literal["auto", "full", "landlock", "unsafe"] = "auto",
) -> Verdict:
    """Runs the program of the completion against `asserts`, `stdin`, `call` or `check` tests in a sandbox.

    The last fenced block after `</think>` counts, or the whole text where it is a program; `meta.prompt_code` gives
    imports and helpers. 1 where every test passes; with `partial`, the fraction of them. `reason` tells
    compile error, wrong answer, runtime error, time limit and memory limit apart; `parts` holds each test.
    `tolerance` (absolute or relative) is for expected decimals of `stdin` and `call`. A fault of the sandbox or broken
    tests are `error`, never 0. `seconds_in_all` should stay below the judge's own timeout.
    """
    try:
        tests = read_answer(prompt.answer, prompt.meta)
        source = find_program(completion.text)
        if source is None:
            return Verdict(0.0, "unparsable", reason="no program found")
        sandbox = sandbox_of(isolation)
        budget = Budget(seconds_per_test, time.monotonic() + seconds_in_all, memory_mb)
        outcomes = _run(sandbox, source, tests, budget, tolerance, partial)
    except (BadAnswer, Fault, SandboxBusy, Unplain) as error:
        return Verdict(None, "error", reason=str(error) or type(error).__name__)
    if outcomes[-1].reason == "time limit" and not budget.left():
        outcomes[-1] = Outcome(f"time limit ({seconds_in_all:g} s for all tests together)")
    return _verdict(outcomes, len(tests), source, partial)


def _run(
    sandbox: Sandbox, source: Source, tests: Tests, budget: Budget, tolerance: float, partial: bool
) -> list[Outcome]:
    """The outcomes of the tests, in order; after a process that ended early the next one goes on, where it can pay."""
    outcomes: list[Outcome] = []
    while (first := len(outcomes)) < len(tests):
        if tests.kind in ("asserts", "check"):
            outcomes += run_trial(sandbox, source, tests, first, budget)
        else:
            compare = run_stdin if tests.kind == "stdin" else run_call
            outcomes += compare(sandbox, source, tests, first, budget, tolerance)
        if outcomes[-1].fatal or not (partial and budget.left() > 0):
            break
    return outcomes


def _verdict(outcomes: list[Outcome], count: int, source: Source, partial: bool) -> Verdict:
    passed = sum(outcome.passed for outcome in outcomes)
    failed = next((number for number, outcome in enumerate(outcomes, 1) if not outcome.passed), None)
    parts = {f"test {n}": float(n <= len(outcomes) and outcomes[n - 1].passed) for n in range(1, count + 1)}
    parts = dict(list(parts.items())[:MAX_PARTS])
    if failed is None and passed == count:
        return Verdict(1.0, "correct", source.text, f"{count} of {count} tests passed", parts)
    reason = outcomes[failed - 1].reason if failed else "time limit"
    if reason.startswith("unparsable"):
        return Verdict(0.0, "unparsable", reason="no program found")
    if failed and not outcomes[failed - 1].fatal and count > 1:
        reason += f" (test {failed} of {count})"
    reward = passed / count if partial else 0.0
    return Verdict(reward, "partial" if reward else "wrong", source.text, reason, parts)
