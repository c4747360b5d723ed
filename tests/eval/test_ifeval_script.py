"""What the scripted answers of IFEval cover, and how they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr.core import Completion, Prompt
from rlvr.eval import suite_for
from rlvr.rewards.instructions import instructions
from tests.eval import ifeval_script
from tests.eval.ifeval_languages import NEIGHBOURS, SENTENCES
from tests.eval.suite_scripts import DATA
from tests.eval.test_scripted_suites import EVERY

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data files are not at {DATA}")


@pytest.fixture(scope="module")
def prompts() -> tuple[Prompt, ...]:
    return tuple(suite_for("ifeval").load(data_dir=DATA).prompts)


def test_each_of_the_25_kinds_is_broken_alone_by_a_wrong_answer_of_the_sample(prompts: tuple[Prompt, ...]) -> None:
    kinds = {name for prompt in prompts for name in prompt.answer["instruction_id_list"]}
    sample = [prompt for prompt in prompts[:: EVERY["ifeval"]] if not ifeval_script.impossible(prompt)]
    broken = {ifeval_script.broken(prompt, i) for prompt in sample for i in range(len(ifeval_script.RENDERINGS))}
    assert len(kinds) == 25 and broken == kinds


def test_five_prompts_contradict_themselves(prompts: tuple[Prompt, ...]) -> None:
    # Each asks to have its text repeated, which has what it forbids. Obeying all else breaks just that.
    forbidden = {
        "1627": "punctuation:no_comma",
        "3718": "punctuation:no_comma",
        "3369": "keywords:frequency",
        "3371": "keywords:forbidden_words",
        "374": "keywords:forbidden_words",
    }
    found = [prompt for prompt in prompts if ifeval_script.impossible(prompt)]
    assert {prompt.id.rsplit("/", 1)[-1] for prompt in found} == set(forbidden)
    for prompt in found:
        repeated = f"{prompt.answer['kwargs'][_place(prompt)]['prompt_to_repeat']}\n\nfarmer <<Title>>"
        parts = instructions(prompt, Completion((), repeated, "stop", 0)).parts
        missed = [name for name, share in (parts or {}).items() if share == 0.0]
        assert missed == [forbidden[prompt.id.rsplit("/", 1)[-1]]]


def _place(prompt: Prompt) -> int:
    return int(prompt.answer["instruction_id_list"].index("combination:repeat_prompt"))


def test_every_language_that_is_asked_for_has_sentences_without_a_comma(prompts: tuple[Prompt, ...]) -> None:
    asked = {ifeval_script.asked(prompt).language for prompt in prompts} - {"en"}
    assert len(asked) == 22 and asked <= set(SENTENCES) and set(NEIGHBOURS.values()) <= set(SENTENCES)
    assert not any("," in sentence for bank in SENTENCES.values() for sentence in bank)


def test_what_writes_the_answers_knows_nothing_of_the_verifier() -> None:
    for file in Path(__file__).parent.glob("if*_*.py"):
        assert "rlvr.rewards" not in file.read_text("utf-8"), file
