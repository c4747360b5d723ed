"""The scripted answers to IFBench: each wrong one breaks the instruction that it is to break, and no other.

All 300 prompts through the harness: tests/bench/suites_scripted.py.
"""

from __future__ import annotations

import pytest

from rlvr.core import Completion, Prompt
from rlvr.eval import suite_for
from rlvr.rewards.constraints import CONSTRAINTS
from rlvr.rewards.instructions import instructions
from tests.eval import ifbench_script
from tests.eval.suite_scripts import DATA, impossible

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data files are not at {DATA}")


def _one_of_each() -> list[Prompt]:
    """The last prompt of each kind or pair of kinds."""
    if not DATA.is_dir():
        return []
    kinds = {" ".join(p.answer["instruction_id_list"]): p for p in suite_for("ifbench").load(data_dir=DATA).prompts}
    return list(kinds.values())


ONE_OF_EACH = _one_of_each()


def _missed(prompt: Prompt, text: str) -> list[str]:
    verdict = instructions(prompt, Completion.of_text(text))
    return [name for name, share in verdict.parts.items() if not share]


def test_every_kind_of_the_benchmark_is_written() -> None:
    kinds = {kind for prompt in ONE_OF_EACH for kind in prompt.answer["instruction_id_list"]}
    assert len(kinds) == 58 and kinds <= set(CONSTRAINTS)
    assert {" ".join(prompt.answer["instruction_id_list"]) for prompt in ONE_OF_EACH} == set(ifbench_script.WRITERS)


@pytest.mark.parametrize("i", range(len(ifbench_script.RENDERINGS)), ids=ifbench_script.RENDERINGS)
def test_a_wrong_answer_breaks_one_instruction(i: int) -> None:
    found = {p.id: (_missed(p, ifbench_script.wrong(p, i)), ifbench_script.broken(p, i)) for p in ONE_OF_EACH}
    others = {name: (missed, broken) for name, (missed, broken) in found.items() if missed != [broken]}
    assert not others


def test_renderings_differ_where_the_prompt_leaves_a_choice() -> None:
    for prompt in ONE_OF_EACH:
        answers = {ifbench_script.right(prompt, i).rpartition("</think>")[2] for i in range(6)}
        kind = prompt.answer["instruction_id_list"][0]
        least = 1 if kind.startswith(("repeat:", "format:options")) else 3 if kind.startswith("custom:") else 5
        assert len({" ".join(answer.split()) for answer in answers}) >= least, prompt.id


def test_the_two_prompts_that_nothing_can_follow() -> None:
    # 105 wants "I know" or "I don't know" with each word on its own line. The reference of 212 has five trigrams of
    # such words, in four pieces of 13 tokens together: 5 of 11 trigrams, not 54 %.
    assert list(impossible("ifbench")) == ["ifbench/test/105", "ifbench/test/212"]
