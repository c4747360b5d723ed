"""The suites that ship: one function each. Hub id, revision and columns stand with the data set of the same name.

Samples follow how precise a suite can be: 30 problems want many, 1,319 want one. Several samples are drawn at
temperature 0.6 and top-p 0.95 up to 32,768 tokens, as DeepSeek-R1's evaluations were, which most published numbers
follow; one sample is greedy. A model's own context ends a completion earlier where it is shorter.
"""

from __future__ import annotations

from rlvr.registry import suite

from .instruction_scores import ALSO_LOOSE, instruction_scores
from .suites import Suite

#: Reasoning models write long; a lower limit has halved published scores.
_LONG = {"max_tokens": 32768}


@suite("gsm8k", version=1)
def gsm8k() -> Suite:
    """GSM8K test: 1,319 grade-school word problems, zero-shot, boxed answers."""
    return Suite(dataset="gsm8k", sampling={"max_tokens": 4096})


@suite("math500", version=1)
def math500() -> Suite:
    """MATH500: 500 competition problems, zero-shot, boxed answers."""
    return Suite(dataset="math500", samples=4, sampling=_LONG)


@suite("aime24", version=1)
def aime24() -> Suite:
    """AIME 2024: both contests, 30 problems with answers 0 to 999."""
    return Suite(dataset="aime24", samples=32, sampling=_LONG)


@suite("aime25", version=1)
def aime25() -> Suite:
    """AIME 2025: both contests, 30 problems with answers 0 to 999."""
    return Suite(dataset="aime25", samples=32, sampling=_LONG)


@suite("amc23", version=1)
def amc23() -> Suite:
    """AMC 12 of 2023: the 40 problems with integer answers, not the 83 of AIMO's AMC set."""
    return Suite(dataset="amc23", samples=16, sampling=_LONG)


@suite("minerva_math", version=1)
def minerva_math() -> Suite:
    """Minerva Math: 272 university problems of MIT OpenCourseWare, not Hendrycks' MATH under Minerva's prompt."""
    return Suite(dataset="minerva_math", samples=4, sampling=_LONG)


@suite("olympiadbench", version=1)
def olympiadbench() -> Suite:
    """OlympiadBench: the 674 English mathematics problems with a final answer."""
    return Suite(dataset="olympiadbench", samples=4, sampling=_LONG)


@suite("arc_easy", version=1)
def arc_easy() -> Suite:
    """ARC-Easy test: 2,376 science questions; the model writes, and boxes the label of its option."""
    return Suite(dataset="arc_easy", sampling={"max_tokens": 4096})


@suite("arc_challenge", version=1)
def arc_challenge() -> Suite:
    """ARC-Challenge test: 1,172 science questions; the model writes, and boxes the label of its option."""
    return Suite(dataset="arc_challenge", sampling={"max_tokens": 4096})


@suite("arc_easy_acc", version=1)
def arc_easy_acc() -> Suite:
    """ARC-Easy test, for base models: the option whose text is likeliest after `Question: ...` and `Answer:`.

    It is `acc` of lm-evaluation-harness's `arc_easy`, zero-shot: tests/bench/arc_loglikelihood.py runs both.
    """
    return Suite(dataset="arc_easy", template="none", answering="likeliest")


@suite("arc_easy_acc_norm", version=1)
def arc_easy_acc_norm() -> Suite:
    """As `arc_easy_acc`, each option's log-likelihood divided by the characters of its text: `acc_norm`."""
    return Suite(dataset="arc_easy", template="none", answering="likeliest_per_character")


@suite("arc_challenge_acc", version=1)
def arc_challenge_acc() -> Suite:
    """ARC-Challenge test, for base models: the option whose text is likeliest, as in `arc_easy_acc`."""
    return Suite(dataset="arc_challenge", template="none", answering="likeliest")


@suite("arc_challenge_acc_norm", version=1)
def arc_challenge_acc_norm() -> Suite:
    """ARC-Challenge test, for base models: the likeliest option by character, as in `arc_easy_acc_norm`."""
    return Suite(dataset="arc_challenge", template="none", answering="likeliest_per_character")


@suite("humaneval", version=1)
def humaneval() -> Suite:
    """HumanEval: 164 functions, run against their tests in the sandbox."""
    return Suite(dataset="humaneval", sampling={"max_tokens": 4096})


@suite("mbpp", version=1)
def mbpp() -> Suite:
    """MBPP test: the 500 tasks 11 to 510, run against their tests in the sandbox."""
    return Suite(dataset="mbpp", sampling={"max_tokens": 4096})


@suite("ifeval", version=1)
def ifeval() -> Suite:
    """IFEval: 541 prompts with instructions that a program checks; right where all of a prompt's are followed.

    Its four published scores stand beside the accuracy, which is `prompt_strict`.
    """
    return Suite(dataset="ifeval", verifier=ALSO_LOOSE, sampling={"max_tokens": 4096}, scores=instruction_scores)


@suite("ifbench", version=1)
def ifbench() -> Suite:
    """IFBench: 300 prompts with kinds of instructions that IFEval has not.

    The accuracy is strict, as IFEval's is; what its authors report is `prompt_loose`, which stands beside it.
    """
    return Suite(dataset="ifbench", verifier=ALSO_LOOSE, sampling={"max_tokens": 4096}, scores=instruction_scores)
