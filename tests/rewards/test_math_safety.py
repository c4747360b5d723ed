"""No text is ever handed to an interpreter, and the verifier works and keeps its deadline off the main thread."""

import builtins
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rlvr.core import Completion, Prompt, Verdict
from rlvr.rewards import Judge
from rlvr.rewards.math_answer import math_answer
from tests.rewards.math_cases import FAMILIES, generate
from tests.rewards.math_cases.bombs import BOMBS
from tests.rewards.math_cases.payloads import MARKER, PAYLOADS
from tests.rewards.math_cases.probes import PAID, UNEQUAL, UNPAID

CORPORA = Path(__file__).resolve().parents[2].parent / "shared" / "corpora"


def verdict(gold: Any, text: str) -> Verdict:
    return math_answer(Prompt("p", (), gold), Completion.of_text(text))


@contextlib.contextmanager
def poisoned() -> Iterator[list[str]]:
    """What is handed to an interpreter as text in the meantime; each such call also raises."""
    import sympy
    from sympy.parsing import sympy_parser

    math_answer.warm()  # type: ignore[attr-defined]  # imports run code objects and may build classes from text
    calls: list[str] = []

    def poison(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            source = arguments[0] if arguments else None
            if isinstance(source, str | bytes):
                calls.append(f"{name}({source[:80]!r})")
                raise RuntimeError(f"{name} was reached")
            return real(*arguments, **options)

        return call

    places = [(builtins, name) for name in ("eval", "exec", "compile")]
    places += [(sympy, "sympify"), (sympy, "parse_expr")]
    places += [(sympy_parser, name) for name in ("parse_expr", "eval_expr", "stringify_expr")]
    with pytest.MonkeyPatch.context() as patch:
        for module, name in places:
            patch.setattr(module, name, poison(name, getattr(module, name)))
        yield calls


def test_the_poison_works() -> None:
    import sympy

    attempts = (
        lambda: eval("1+1"),
        lambda: sympy.sympify("1+1"),
        lambda: sympy.S("x"),
        lambda: sympy.parse_expr("x"),
    )
    failures = []
    with poisoned() as reached:
        for attempt in attempts:
            try:
                attempt()
            except Exception as error:
                failures.append(error)
        assert sympy.sympify(1) == 1
    assert len(failures) == len(attempts)
    assert {call.partition("(")[0] for call in reached} >= {"eval", "sympify", "parse_expr"}


def test_probes_reach_no_interpreter() -> None:
    pairs = [(gold, text) for gold, text, _ in UNPAID] + PAID
    pairs += [(gold, f"\\boxed{{{answer}}}") for gold, answer in UNEQUAL]
    for payload in (payload.replace(MARKER, "/nonexistent/marker") for payload in PAYLOADS):
        boxed = f"\\boxed{{{payload}}}"
        pairs += [("42", payload), ("42", boxed), (payload, boxed), (payload, "42"), ("x+1", f"$${payload}$$")]
    with poisoned() as reached:
        for gold, text in pairs:
            verdict(gold, text)
    assert not reached


def test_generated_cases_reach_no_interpreter() -> None:
    cases = list(generate(5, 2 * len(FAMILIES)))
    with poisoned() as reached:
        for case in cases:
            verdict(case.gold, case.text)
    assert not reached


@pytest.mark.skipif(not CORPORA.is_dir(), reason="needs ../shared/corpora beside the repository")
def test_corpora_reach_no_interpreter() -> None:
    pairs = []
    for name, answer in (("math_equiv.jsonl", "pred"), ("math_outputs.jsonl", "output")):
        rows = [json.loads(line) for line in (CORPORA / name).open(encoding="utf-8")]
        for row in rows[:: max(1, len(rows) // 250)]:
            pairs += [(row["gold"], row[answer]), (row["gold"], f"\\boxed{{{row[answer]}}}")]
    with poisoned() as reached:
        for gold, text in pairs:
            verdict(gold, text)
    assert not reached


def test_a_thread_gets_the_same_verdicts() -> None:
    """Signals work in the main thread only; the verifier must need none."""
    cases = list(generate(6, len(FAMILIES)))
    found: list[Verdict] = []
    thread = threading.Thread(target=lambda: found.extend(verdict(case.gold, case.text) for case in cases))
    thread.start()
    thread.join()
    assert [v.status for v in found] == [verdict(case.gold, case.text).status for case in cases]


def test_from_a_thread_the_judge_keeps_its_deadline() -> None:
    found: list[Verdict] = []
    seconds: list[float] = []

    def judge_bombs() -> None:
        with Judge(1, timeout=2.0, memory_mb=512, warm=("math",)) as judge:
            judge.judge([(Prompt("p", (), "1"), Completion.of_text("1"))])  # the worker's start is no part of it
            for bomb in list(BOMBS.values())[:12]:
                began = time.monotonic()
                found.append(judge.judge([(Prompt("p", (), "42"), Completion.of_text(f"\\boxed{{{bomb}}}"))])[0])
                seconds.append(time.monotonic() - began)

    thread = threading.Thread(target=judge_bombs)
    thread.start()
    thread.join()
    assert [v.reward for v in found] == [0.0] * 12
    assert max(seconds) < 2.5
