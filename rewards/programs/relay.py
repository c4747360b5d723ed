"""`asserts` and `check` tests: two sandboxes, and the messages between them.

The tests run in one, the program in the other. This process passes each message on without reading it,
and knows at every moment whose turn it is: so it knows who is late, who is gone, and how the tests ended.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from ..sandbox import Job, Sandbox
from .answer import Tests
from .finding import Source
from .session import ENDED, Budget, Fault, Line, Outcome, load_trouble, raised_reason
from .sources import PROGRAM
from .wall import values

HARMLESS = 1 << 14  # bytes: a first reply of that size only says what kind the names are of


def run_trial(sandbox: Sandbox, source: Source, tests: Tests, first: int, budget: Budget) -> list[Outcome]:
    """How a program does on the tests from `first` on; stops where one of the processes does. Raises Fault."""
    jobs = [Job(PROGRAM, channel=True, limits=budget.limits(budget.left() + 1.0)) for _ in range(2)]
    candidate, trial = budget.start(sandbox, jobs)
    try:
        candidate.send({"part": "candidate"})
        reply = candidate.ask({"ask": "load", **tests.load_message(source)}, budget.seconds())
        if trouble := load_trouble(reply):
            return [trouble]
        return _Relay(candidate, trial, budget).run(tests, first)
    finally:
        candidate.kill()
        trial.kill()


class _Relay:
    def __init__(self, candidate: Line, trial: Line, budget: Budget) -> None:
        self._candidate, self._trial, self._budget = candidate, trial, budget
        self._outcomes: list[Outcome] = []
        self._passed_on = 0  # bytes of the candidate's that the tests have seen

    def run(self, tests: Tests, first: int) -> list[Outcome]:
        """The outcomes. All of them count only with the token that the tests' process gives after the last one."""
        token = secrets.token_hex(16)
        self._trial.send(
            {
                "part": "tests",
                "kind": tests.kind,
                "token": token,
                "prelude": tests.prelude,
                "prompt_code": tests.prompt_code,
                "setup": tests.setup,
                "entry_point": tests.entry_point,
                "tests": list(tests.tests[first:]),
            }
        )
        while True:
            body = self._next()
            if isinstance(body, Outcome):
                return [*self._outcomes, body]
            message = _control(body)
            if "start" in message:
                continue
            if "setup" in message:
                return [Outcome(_words(message["setup"]), fatal=True)]
            elif "broken" in message:
                raise Fault(f"the tests are broken: {message['broken']}")
            elif "end" in message and message["trouble"] and message["trouble"][0] == "broken":
                raise Fault(f"the tests are broken: {message['trouble'][1]}")
            elif "end" in message:
                self._outcomes.append(Outcome(_words(message["trouble"])))
            elif message.get("done") == token and len(self._outcomes) == len(tests.tests) - first:
                if not (message["asked"] or first) and all(outcome.passed for outcome in self._outcomes):
                    raise Fault("the tests are broken: they never call the program")
                return self._outcomes
            else:
                raise Fault("the tests' process sent nonsense")

    def _next(self) -> bytes | Outcome:
        """The next control message of the tests; on the way to it, what they ask the candidate is passed on."""
        until = time.monotonic() + self._budget.seconds()  # for one test: its own steps and the candidate's together
        while True:
            body = self._trial.receive(until - time.monotonic())
            if isinstance(body, str):
                if self._passed_on > (0 if body == ENDED else HARMLESS):  # they choke on what the program gave them
                    return Outcome(f"{body} (in the test)")
                raise Fault(f"the tests did not run: {body}")
            if body[:1] == b"!":
                return body
            self._candidate.pass_on(body)
            reply = self._candidate.receive(until - time.monotonic())
            if isinstance(reply, str):
                return Outcome(reply)
            self._passed_on += len(reply) + HARMLESS * int(self._passed_on > 0)
            self._trial.pass_on(reply)


def _control(body: bytes) -> dict[str, Any]:
    try:
        message = values.unpack(body[1:])
    except values.Unplain as error:
        raise Fault("the tests' process sent nonsense") from error
    if not isinstance(message, dict):
        raise Fault("the tests' process sent nonsense")
    return message


def _words(trouble: Any) -> str:
    """Why a test failed, in the words of a verdict; empty where it passed."""
    if trouble is None:
        return ""
    kind, text = trouble
    if kind == "raised":
        return raised_reason(text)
    return f"{kind}: {text}" if text else str(kind)
