"""Engines that answer every problem of a suite rightly, or wrongly, in several renderings; and what comes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from rlvr.core import Completion, Prompt, Verdict, VerifierUse
from rlvr.eval import SuiteResult, evaluate_suite, suite_for
from rlvr.rewards import Judge
from rlvr.rollout.scripted_engine import ScriptedEngine
from tests.eval import code_scripts, ifbench_script, ifeval_script, math_forms, math_scripts
from tests.rewards.test_choice_arc import KINDS

DATA = Path(__file__).resolve().parents[3] / "shared" / "evaldata"

MATH = ("gsm8k", "math500", "aime24", "aime25", "amc23", "minerva_math", "olympiadbench")
ARC = ("arc_easy", "arc_challenge")
CODE = ("humaneval", "mbpp")


class AnswersInstructions(Protocol):
    """What a module has that answers a suite of instructions: sample i of a prompt is in rendering i."""

    RENDERINGS: tuple[str, ...]

    def right(self, prompt: Prompt, i: int) -> str: ...

    def wrong(self, prompt: Prompt, i: int) -> str: ...

    def broken(self, prompt: Prompt, i: int) -> str:
        """The id of the instruction that `wrong` breaks, alone; "" where that is not known."""

    def impossible(self, prompt: Prompt) -> str:
        """Why no response obeys the prompt, "" where one can."""


#: The suites whose answers obey instructions, and the module that writes them.
INSTRUCTIONS: dict[str, AnswersInstructions] = {"ifeval": ifeval_script, "ifbench": ifbench_script}
#: problems of each suite, as its source counts them
SIZES = {
    "gsm8k": 1319, "math500": 500, "aime24": 30, "aime25": 30, "amc23": 40, "minerva_math": 272, "olympiadbench": 674,
    "arc_easy": 2376, "arc_challenge": 1172, "humaneval": 164, "mbpp": 500, "ifeval": 541,
    "ifbench": 300,
}  # fmt: skip

#: Wide, so that a busy machine changes no verdict: one reference solution (mbpp/123) needs 3 s, and the default is 6 s.
LIMITS = VerifierUse("code", options={"seconds_per_test": 40.0, "seconds_in_all": 80.0})

Script = Callable[[Prompt, int], str]


@dataclass
class Watching:
    """A judge that remembers what it was asked and said."""

    judge: Judge
    seen: list[tuple[Prompt, Completion, Future[Verdict]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def submit(self, prompt: Prompt, completion: Completion) -> Future[Verdict]:
        verdict = self.judge.submit(prompt, completion)
        with self.lock:
            self.seen.append((prompt, completion, verdict))
        return verdict

    def other_than(self, *statuses: str) -> list[str]:
        """What was judged otherwise, in full."""
        return [
            f"{prompt.id} (reference {str(prompt.answer)[:200]!r}): {completion.text[-300:]!r} is "
            f"{verdict.result().status}: {verdict.result().reason}"
            for prompt, completion, verdict in self.seen
            if verdict.result().status not in statuses
        ]

    def broken_otherwise(self, meant: Mapping[tuple[str, str], str]) -> list[str]:
        """What breaks, by its verdict, not just the instruction that is meant, which goes by prompt id and text."""
        found = []
        for prompt, completion, verdict in self.seen:
            parts = {k: v for k, v in verdict.result().parts.items() if not k.startswith("loose/")}
            missed = {name.split(" #")[0] for name, share in parts.items() if share == 0.0}
            name = meant.get((prompt.id, completion.text), "")
            if name and missed != {name}:
                found.append(f"{prompt.id}: {completion.text[-300:]!r} breaks {sorted(missed)}, not {name}")
        return found


def renderings(suite: str) -> tuple[str, ...]:
    """The names of a suite's renderings."""
    if suite in INSTRUCTIONS:
        return INSTRUCTIONS[suite].RENDERINGS
    if suite in ARC:
        return (*KINDS, "fenced code")
    return tuple(code_scripts.RENDERINGS if suite in CODE else math_scripts.RENDERINGS)


def script(suite: str, right: bool) -> Script:
    """Answers sample i of any problem of the suite in rendering i, rightly or wrongly."""
    if suite in INSTRUCTIONS:
        return INSTRUCTIONS[suite].right if right else INSTRUCTIONS[suite].wrong
    if suite in CODE:
        return _program(suite, right)
    return _option(right) if suite in ARC else _value(right)


def _value(right: bool) -> Script:
    renders = list(math_scripts.RENDERINGS.values())
    return lambda prompt, i: renders[i](prompt.answer if right else math_forms.other(prompt.answer))


def _option(right: bool) -> Script:
    renders = [*KINDS.values(), lambda label, text: f"The answer is:\n\n```\n{label}\n```"]

    def answer(prompt: Prompt, i: int) -> str:
        options = [(c["label"], c["text"]) for c in prompt.meta["choices"]]
        gold = next(option for option in options if option[0] == prompt.answer)
        # Mercury_402547 offers the texts A to D: "C" is then the label of one option and the text of another.
        others = [option for option in options if option[1] not in (gold[1], gold[0])]
        return renders[i](*(gold if right else others[i % len(others)]))

    return answer


def _program(suite: str, right: bool) -> Script:
    known, renders = code_scripts.solutions(DATA, suite), list(code_scripts.RENDERINGS.values())

    def answer(prompt: Prompt, i: int) -> str:
        solution = known[prompt.id]
        return renders[i](*(solution if right else code_scripts.wrong_program(prompt, solution)))

    return answer


def impossible(suite: str) -> dict[str, str]:
    """The prompts to which no answer is right, which right answers leave out, and why."""
    if suite not in INSTRUCTIONS:
        return {}
    reasons = {p.id: INSTRUCTIONS[suite].impossible(p) for p in suite_for(suite).load(data_dir=DATA).prompts}
    return {name: reason for name, reason in reasons.items() if reason}


def measured(
    suite: str, right: bool, judge: Judge, *, every: int = 1, only: Sequence[int] | None = None
) -> tuple[SuiteResult, list[str]]:
    """The suite's scores under its script on every `every`-th problem, and each sample that was judged otherwise."""
    watching = Watching(judge)
    chosen = suite_for(suite)
    chosen = replace(chosen, verifier=(LIMITS,)) if suite in CODE else chosen
    loaded = chosen.load(data_dir=DATA)
    assert len(loaded.prompts) == SIZES[suite], f"{suite} has {len(loaded.prompts)} problems, not {SIZES[suite]}"
    problems = replace(loaded, prompts=loaded.prompts[::every])
    if right and suite in INSTRUCTIONS:  # see `impossible`
        possible = tuple(prompt for prompt in problems.prompts if not INSTRUCTIONS[suite].impossible(prompt))
        problems = replace(problems, prompts=possible)
    wanted, answers = list(only or range(len(renderings(suite)))), script(suite, right)
    meant: dict[tuple[str, str], str] = {}

    def answered(prompt: Prompt, i: int) -> str:
        text = answers(prompt, wanted[i])
        if suite in INSTRUCTIONS and not right and not INSTRUCTIONS[suite].impossible(prompt):
            meant[prompt.id, text] = INSTRUCTIONS[suite].broken(prompt, wanted[i])
        return text

    engine = ScriptedEngine(answered)
    settings = {"temperature": 0.6, "max_tokens": 1 << 20}
    result = evaluate_suite(chosen, engine, watching, samples=len(wanted), problems=problems, sampling=settings)
    others = watching.other_than(*(("correct",) if right else ("wrong", "unparsable")))
    return result, others + watching.broken_otherwise(meant)
