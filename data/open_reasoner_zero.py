"""Open-Reasoner-Zero: 57 thousand problems, and 72 thousand more (Hu et al., 2025, arXiv:2503.24290)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat
from .sources import BadRow, Hosted, Row


@dataset(
    "open_reasoner_zero",
    source=Hosted(
        hub="Open-Reasoner-Zero/orz_math_57k_collection",
        files={"train": "open_reasoner_zero_train.json"},
        rows="57,000",
        licence="MIT",
        verifier="math",
        template="boxed",
        url="https://github.com/Open-Reasoner-Zero/Open-Reasoner-Zero",
        example={
            "0": {"from": "human", "value": "What is 6 times 7?"},
            "1": {"from": "assistant", "ground_truth": {"value": "42"}},
        },
    ),
)
def open_reasoner_zero(row: Row, index: int) -> Prompt:
    """A row is a list of two, which the hub has as the columns "0" and "1"; or ORZ's evaluation shape.

    `options: {hub: Open-Reasoner-Zero/orz_math_72k_collection_extended}` or `orz_math_13k_collection_hard` are the
    others. AIME up to 2023 and MATH are among its sources.
    """
    if "final_answer" in row:
        turns, answer = row["prompt"], row["final_answer"]
        question = turns[0] if isinstance(turns, list) and len(turns) == 1 else None
    else:
        question, answer = row["0"], _value(row["1"].get("ground_truth"), "1")
    return flat(Row({"problem": _value(question, "0"), "answer": answer}), index)


def _value(item: Any, column: str) -> Any:
    if not isinstance(item, Mapping) or "value" not in item:
        raise BadRow(f"column {column!r} holds no {{from, value}}")
    return item["value"]
