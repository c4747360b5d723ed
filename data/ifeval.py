"""IFEval and IFBench: instructions that a program can check."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import instructions
from .sources import Hosted, Row, user_turn


@dataset(
    "ifeval",
    source=Hosted(
        hub="google/IFEval",
        revision="966cd89545d6b6acfd7638bc708b98261ca58e84",
        files={"test": "ifeval.jsonl"},
        hub_splits={"test": "train"},
        rows="541",
        licence="Apache-2.0",
        verifier="instructions",
        url="https://arxiv.org/abs/2311.07911",
        example={
            "key": 0,
            "prompt": "Describe rain. Use no commas.",
            "instruction_id_list": ["punctuation:no_comma"],
            "kwargs": [{}],
        },
    ),
)
def ifeval(row: Row, index: int) -> Prompt:
    """IFEval (Zhou et al., 2023, arXiv:2311.07911): 25 kinds of instructions, one to three a prompt."""
    answer = instructions(row["instruction_id_list"], row["kwargs"], "kwargs")
    return Prompt(str(row["key"]), user_turn(row["prompt"]), answer, "instructions")


@dataset(
    "ifbench",
    source=Hosted(
        hub="allenai/IFBench_test",
        revision="2e8a48de45ff3bf41242f927254ca81b59ca3ae2",
        files={"test": "ifbench_test.jsonl"},
        hub_splits={"test": "train"},
        rows="300",
        licence="ODC-BY-1.0",
        verifier="instructions",
        url="https://github.com/allenai/IFBench",
        example={
            "key": 0,
            "prompt": "Describe rain. Use no commas.",
            "instruction_id_list": ["punctuation:no_comma"],
            "kwargs": [{}],
        },
    ),
)
def ifbench(row: Row, index: int) -> Prompt:
    """IFBench (Pyatkin et al., 2025, arXiv:2507.02833): 58 kinds of instructions that IFEval has not."""
    answer = instructions(row["instruction_id_list"], row["kwargs"], "kwargs")
    return Prompt(str(row["key"]), user_turn(row["prompt"]), answer, "instructions")
