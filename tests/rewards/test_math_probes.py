"""Adversarial probes: gaming, near misses, hostile code, resource bombs. None may be paid, late or fatal."""

import time
from pathlib import Path

import pytest

from rlvr.core import Completion, Prompt, Verdict
from rlvr.rewards import Judge
from rlvr.rewards.math_answer import math_answer
from tests.rewards.math_cases.bombs import BOMBS, OPENINGS, PIECES, nested
from tests.rewards.math_cases.payloads import MARKER, PAYLOADS
from tests.rewards.math_cases.probes import PAID, UNEQUAL, UNPAID

DEADLINE = 2.0  # seconds of wall time, which the issue allows a verdict
MEMORY = 512  # MiB beyond what the imports take


def verdict(gold: str, text: str) -> Verdict:
    return math_answer(Prompt("p", (), gold), Completion.of_text(text))


def judged(pairs: list[tuple[str, str]]) -> list[Verdict]:
    with Judge(2, timeout=DEADLINE, memory_mb=MEMORY, warm=("math",)) as judge:
        return judge.judge([(Prompt("p", (), gold), Completion.of_text(text)) for gold, text in pairs])


def test_there_are_enough_probes() -> None:
    assert len(UNPAID) + len(UNEQUAL) + len(PAID) >= 80


@pytest.mark.parametrize(("gold", "text", "why"), UNPAID)
def test_gaming_is_not_paid(gold: str, text: str, why: str) -> None:
    found = verdict(gold, text)
    assert found.reward == 0.0, (why, found)


@pytest.mark.parametrize(("gold", "answer"), UNEQUAL)
def test_nearly_equal_is_not_paid(gold: str, answer: str) -> None:
    for first, second in ((gold, answer), (answer, gold)):
        found = verdict(first, f"\\boxed{{{second}}}")
        assert found.reward == 0.0, (first, second, found)


@pytest.mark.parametrize(("gold", "text"), PAID)
def test_right_is_paid_however_it_looks(gold: str, text: str) -> None:
    found = verdict(gold, text)
    assert found.reward == 1.0, found


@pytest.mark.parametrize("where", ["answer", "reference", "both"])
def test_code_in_an_answer_is_never_run(where: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    texts = [payload.replace(MARKER, str(marker)) for payload in PAYLOADS]
    golds = texts if where != "answer" else ["42"] * len(texts)
    answers = texts if where != "reference" else ["42"] * len(texts)
    pairs = [(gold, form.format(a)) for gold, a in zip(golds, answers, strict=True) for form in ("\\boxed{{{}}}", "{}")]
    verdicts = judged(pairs)
    assert not marker.exists()
    if where != "both":  # a payload may be the same text as itself
        paid = [(pair, v) for pair, v in zip(pairs, verdicts, strict=True) if v.reward == 1.0]
        assert not paid
    if where == "answer":
        assert {v.reward for v in verdicts} == {0.0}


def test_the_payloads_do_something(tmp_path: Path) -> None:
    """Where they are run, the marker comes into being: the test above can fail."""
    marker = tmp_path / "marker"
    eval(PAYLOADS[0].replace(MARKER, str(marker)))
    assert marker.exists()


def in_time(pairs: list[tuple[str, str]], names: list[str]) -> None:
    """Every completion is judged, in time and within the memory, and none is paid."""
    bad = [
        f"{name}: {v.status} in {v.seconds:.2f} s, {v.reason[:80]}"
        for name, v in zip(names, judged(pairs), strict=True)
        if v.reward != 0.0 or v.seconds > DEADLINE
    ]
    assert not bad, "\n".join(bad)


def test_bombs_are_decided_or_refused_in_time() -> None:
    in_time([("42", f"\\boxed{{{bomb}}}") for bomb in BOMBS.values()], list(BOMBS))


def test_bombs_against_expressions() -> None:
    """An expression in letters as the reference sends them into algebra."""
    in_time([("x^2 + 3x + 2", f"\\boxed{{{bomb}}}") for bomb in BOMBS.values()], list(BOMBS))


def test_bombs_as_references_are_never_matched_by_a_number() -> None:
    pairs = [(bomb, "\\boxed{42}") for bomb in BOMBS.values()]
    for name, found in zip(BOMBS, judged(pairs), strict=True):
        assert found.reward != 1.0, (name, found)


@pytest.mark.parametrize("depth", [40, 300, 20_000])
def test_nesting_overflows_no_stack(depth: int) -> None:
    texts = [f"\\boxed{{{nested(depth, opening)}}}" for opening in OPENINGS]
    texts += [nested(depth, opening) for opening in OPENINGS]
    in_time([("42", text) for text in texts], [f"{depth} x {o}" for o in (*OPENINGS, *OPENINGS)])


def test_repetition_within_an_answer_is_cheap() -> None:
    """As long as an answer may be, so that the readers see it."""
    texts = ["\\boxed{" + piece * (1_900 // len(piece)) + "}" for piece in PIECES]
    texts += ["\\boxed{" + piece * (250 // len(piece)) + "}" for piece in PIECES]
    in_time([("42000", text) for text in texts], [repr(piece) for piece in (*PIECES, *PIECES)])


def test_long_completions_of_anything_are_cheap() -> None:
    texts = [piece * (60_000 // len(piece)) for piece in PIECES]
    in_time([("42000", text) for text in texts], [repr(piece) for piece in PIECES])


@pytest.mark.parametrize("start", range(5))
def test_a_megabyte_is_cheap(start: int) -> None:
    """Of some pieces, after a box that is not closed and before one that is."""
    pieces = PIECES[start::25]
    texts = ["\\boxed{ " + piece * (1_000_000 // len(piece)) + "\\boxed{41}" for piece in pieces]
    in_time([("42000", text) for text in texts], [repr(piece) for piece in pieces])


def test_bombs_all_at_once_cost_no_more_than_their_deadlines() -> None:
    """The wall time of a whole batch: a hung worker would hold up the queue."""
    began = time.monotonic()
    judged([("42", f"\\boxed{{{bomb}}}") for bomb in BOMBS.values()])
    assert time.monotonic() - began < 0.5 * len(BOMBS)
