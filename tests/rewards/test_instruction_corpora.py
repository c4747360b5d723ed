"""Agreement with published verdicts, constraint by constraint, strict and loose. Measured: see the tests."""

from collections import Counter

import pytest

from rlvr.rewards.constraints import CONSTRAINTS
from tests.bench.instruction_corpora import Case, cases, verdicts
from tests.bench.math_corpora import CORPORA, rows

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="needs ../shared/corpora beside the repository")

#: The prompt asks for four `#`, which the response has. The code behind the label counts a letter drawn by chance where
#: the argument is none: of 26 letters one occurs four times in this response, so one run in 26 says otherwise. Other
#: responses to the prompt are marked `unstable` for it; runs that all drew one of the 25 left this one unmarked.
DRAWN = "if-en-1122-Qwen__Qwen2.5-0.5B-Instruct-GPTQ-Int4"

#: How many verdicts on M-IFEval differ, and why.
MULTILINGUAL = {
    ("es", "length_constraints:number_sentences"): 6,  # labels: spaCy's sentences; ours: Punkt's English tables
    ("es", "length_constraints:number_words"): 1,  # labels: spaCy's tokens
    ("ja", "keywords:existence"): 5,  # labels look for tokens: two that make up the keyword do not count
    ("ja", "keywords:frequency"): 4,  # likewise
    ("ja", "keywords:letter_frequency"): 3,  # labels take hiragana and katakana for the same letter
    ("ja", "punctuation:no_comma"): 1,
}


def differing(name: str) -> tuple[list[Case], int]:
    """The stable verdicts that are not ours, and how many there are."""
    stable = [case for case in cases(name) if not case.unstable]
    return [case for case in stable if verdicts(case) != (case.strict, case.loose)], len(stable)


def test_ifeval() -> None:
    """Measured: 2,407 of 2,408; the one is DRAWN by chance."""
    wrong, total = differing("ifeval")
    assert [case.row for case in wrong] == [DRAWN]
    assert total == 2408


def test_that_label_is_drawn_by_chance() -> None:
    (case,) = [c for c in cases("ifeval") if c.row == DRAWN and c.constraint == "keywords:letter_frequency"]
    letters = Counter(letter for letter in case.response.lower() if "a" <= letter <= "z")
    assert case.response.count("#") == 4 and verdicts(case) == (True, True)
    assert sum(times >= 4 for times in letters.values()) == 1


def test_only_unstable_verdicts_are_set_aside() -> None:
    every = list(cases("ifeval"))
    assert sum(len(row["instruction_id_list"]) for row in rows("ifeval.jsonl")) == len(every)
    aside = Counter(case.constraint for case in every if case.unstable)
    assert set(aside) <= {"keywords:letter_frequency", "language:response_language", "change_case:english_lowercase",
                          "change_case:english_capital"}, aside  # fmt: skip
    assert aside.total() == 16


def test_ifbench() -> None:
    """Measured: all 182; one verdict is unstable."""
    wrong, total = differing("ifbench")
    assert not wrong
    assert total + 1 == sum(len(row["instruction_id_list"]) for row in rows("ifbench.jsonl"))


def test_multilingual() -> None:
    """Measured: 992 of 1,012, 98.0 %."""
    wrong, total = differing("ifeval_multilingual")
    assert Counter((case.language, case.constraint) for case in wrong) == MULTILINGUAL
    assert len(wrong) <= 0.03 * total and total == 1012


@pytest.mark.parametrize("name", ["ifeval", "ifbench", "ifeval_multilingual"])
def test_two_runs_agree(name: str) -> None:
    """In the other order too: nothing is carried from one response to the next."""
    every = list(cases(name))[::3]
    assert [verdicts(case) for case in every] == [verdicts(case) for case in reversed(every)][::-1]


def test_every_constraint_of_ifeval_occurs() -> None:
    seen = {constraint for row in rows("ifeval.jsonl") for constraint in row["instruction_id_list"]}
    assert seen <= set(CONSTRAINTS) and len(seen) == 25
