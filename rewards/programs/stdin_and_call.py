"""`stdin` and `call` tests: the program runs in a sandbox, what it gives is compared here.

What is expected never leaves this process, so a program has nothing to find, and all that it can do to the
comparison is to give the right value.
"""

from __future__ import annotations

from typing import Any

from ..sandbox import Job, Sandbox
from .answer import Tests, announced_types
from .finding import Source
from .output import difference, same_output
from .results import same_result
from .session import NONSENSE, Budget, Outcome, load_trouble, raised_reason, why_ended
from .sources import PROGRAM
from .wall import values


def run_stdin(
    sandbox: Sandbox, source: Source, tests: Tests, first: int, budget: Budget, tolerance: float
) -> list[Outcome]:
    """How a script does on the tests from `first` on, a process a test; stops after one that took too long."""
    outcomes: list[Outcome] = []
    for text, expected in zip(tests.inputs[first:], tests.outputs[first:], strict=True):
        outcomes.append(_run_script(sandbox, source, tests, text, expected, budget, tolerance))
        if outcomes[-1].fatal or outcomes[-1].reason == "time limit":
            break
    return outcomes


def _run_script(
    sandbox: Sandbox, source: Source, tests: Tests, text: str, expected: str, budget: Budget, tolerance: float
) -> Outcome:
    seconds = budget.seconds()
    job = Job(PROGRAM, text.encode(errors="surrogatepass"), channel=True, limits=budget.limits(seconds))
    (line,) = budget.start(sandbox, [job])
    try:
        report = line.ask(tests.load_message(source) | {"part": "program"}, seconds)
        result = line.kill() if isinstance(report, str) else line.finish()
    finally:
        line.kill()
    if isinstance(report, str):
        return Outcome(report)
    if result.fault or result.limit:
        return Outcome(why_ended(result))
    if trouble := load_trouble(report):
        return Outcome(trouble.reason, fatal="raised" not in report)
    actual = result.stdout.decode(errors="replace")
    if same_output(actual, expected, tolerance):
        return Outcome()
    return Outcome(f"wrong answer: {difference(actual, expected, tolerance)}")


def run_call(
    sandbox: Sandbox, source: Source, tests: Tests, first: int, budget: Budget, tolerance: float
) -> list[Outcome]:
    """How a function does on the tests from `first` on, all in one process; stops where the process does."""
    (line,) = budget.start(sandbox, [Job(PROGRAM, channel=True, limits=budget.limits(budget.left()))])
    try:
        line.send({"part": "candidate"})
        reply = line.ask({"ask": "load", **tests.load_message(source)}, budget.seconds())
        if trouble := load_trouble(reply):
            return [trouble]
        convert, returns = announced_types(tests.prompt_code, tests.path[-1]) if tests.prelude else (None, "")
        outcomes: list[Outcome] = []
        for (args, kwargs), expected in zip(tests.inputs[first:], tests.outputs[first:], strict=True):
            question = {"ask": "call", "path": tests.path, "convert": convert, **encode(args=args, kwargs=kwargs)}
            answer = line.ask(question, budget.seconds())
            if expected == [] and "Node" in returns:
                expected = None  # the empty list, the empty tree
            outcomes.append(_compared(answer, expected, None if tests.exact else tolerance))
            if isinstance(answer, str):
                break
        return outcomes
    finally:
        line.kill()


def encode(**named: Any) -> dict[str, Any]:
    """Plain values of ours as a message."""
    return values.Encoder(_refuse).message(named)


def _refuse(value: Any) -> Any:
    raise values.Unplain(f"a {type(value).__name__} is no plain value")


def _compared(answer: dict[str, Any] | str, expected: Any, tolerance: float | None) -> Outcome:
    """What an answer comes to; without a tolerance Python's own == decides."""
    if isinstance(answer, str):
        return Outcome(answer)
    if "raised" in answer:
        return Outcome(raised_reason(answer["raised"]))
    try:
        actual = values.Decoder(_Instance, _Instance.fill).message(answer)["value"]
    except values.Unplain as error:
        return Outcome(f"runtime error: {error}")
    except KeyError:
        return Outcome(NONSENSE)
    if isinstance(actual, _Instance):
        actual = actual.as_plain(expected)
    try:
        right = actual == expected if tolerance is None else same_result(actual, expected, tolerance)
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        return Outcome(f"wrong answer: a value that cannot be compared ({type(error).__name__})")
    if right:
        return Outcome()
    return Outcome(f"wrong answer: {shown(actual)}")


class _Instance:
    """What a function returned that is no plain value: only lists and trees of the leetcode prelude have a value."""

    def __init__(self, head: Any) -> None:
        self.name = head.get("class")
        self.shared = "mine" not in head
        self.fields: dict[str, Any] = {}

    def fill(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    def as_plain(self, expected: Any) -> Any:
        """The values of a linked list in order or of a tree level by level; the instance itself where it is neither."""
        if not self.shared or not isinstance(expected, (list, tuple)):
            return self
        if self.name == "ListNode":
            return self._walk(len(expected), ("next",))
        return self._walk(len(expected), ("left", "right")) if self.name == "TreeNode" else self

    def _walk(self, most: int, links: tuple[str, ...]) -> list[Any]:
        """Breadth first, at most a little further than the expected value is long: a circle has no end."""
        found: list[Any] = []
        line: list[Any] = [self]
        for node in line:
            if len(found) > 2 * most + 2:
                break
            if isinstance(node, _Instance):
                found.append(node.fields.get("val"))
                line += [node.fields.get(link) for link in links]
            elif len(links) > 1:
                found.append(None)
        while len(links) > 1 and found and found[-1] is None:
            found.pop()
        return found


def shown(value: Any) -> str:
    """A hostile value in a few words."""
    try:
        text = repr(value) if isinstance(value, (int, float, str, bool, type(None))) else f"a {type(value).__name__}"
    except ValueError:  # an integer too long to write
        text = "a large number"
    return text[:80]
