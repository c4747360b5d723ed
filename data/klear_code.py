"""KlearReasoner-Code: 15 thousand programming problems with tests (Su et al., 2025, arXiv:2508.07629)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import verl
from .sources import Hosted, Row


@dataset(
    "klear_code",
    source=Hosted(
        hub="Kwai-Klear/KlearReasoner-CodeSub-15K",
        files={"train": "klear_code_train.jsonl"},
        rows="~15,000",
        licence="Apache-2.0",
        verifier="code",
        template="boxed",
        url="https://github.com/Kwai-Klear/KlearReasoner",
        example={
            "hash": "0",
            "ability": "code",
            "prompt": [{"role": "user", "content": "Read n, print 2n."}],
            "reward_model": {"ground_truth": '{"inputs": ["2\\n"], "outputs": ["4\\n"]}', "style": "rule"},
        },
    ),
)
def klear_code(row: Row, index: int) -> Prompt:
    """verl's shape; the tests are a JSON text of `{inputs, outputs}` or `{functional}`.

    A row without readable tests is refused, such as the one that the authors' README shows with "..." in their place.
    """
    return verl(row, index, keep=("hash",))
