"""DAPO-Math-17k: problems whose answers are integers (Yu et al., 2025, arXiv:2503.14476)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat, verl
from .sources import Hosted, Row


@dataset(
    "dapo_math",
    source=Hosted(
        hub="open-r1/DAPO-Math-17k-Processed",
        files={"train": "dapo_math_en14k.jsonl"},
        config="all",
        rows="17,398",
        licence="Apache-2.0",
        verifier="math",
        template="boxed",
        url="https://huggingface.co/datasets/BytedTsinghua-SIA/DAPO-Math-17k",
        example={
            "prompt": [
                {
                    "role": "user",
                    "content": "Solve the following math problem step by step. The last line of your response should "
                    "be of the form Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\n"
                    'What is 6 times 7?\n\nRemember to put your answer on its own line after "Answer:".',
                }
            ],
            "ability": "MATH",
            "reward_model": {"ground_truth": "42", "style": "rule"},
        },
    ),
)
def dapo_math(row: Row, index: int) -> Prompt:
    """The 14,116 English and 3,282 Chinese problems, without DAPO's own wording, which `template: dapo` puts on again.

    The raw set (`options: {hub: BytedTsinghua-SIA/DAPO-Math-17k, config: default}`) repeats each about 100 times.
    It holds 26 of AMC23's 40 problems.
    """
    if isinstance(row["prompt"], str):  # the processed copy
        return flat(row, index, problem="prompt", answer="solution")
    return verl(row, index)
