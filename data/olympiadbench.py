"""OlympiadBench: the 674 English mathematics problems with a final answer (He et al., 2024, arXiv:2402.14008)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import flat
from .sources import Hosted, LeftOut, Row


@dataset(
    "olympiadbench",
    source=Hosted(
        hub="Hothan/OlympiadBench",
        revision="91184b52131e7fc9455fef848035173aea8cc01a",
        files={"test": "olympiadbench.jsonl"},
        config="OE_TO_maths_en_COMP",
        hub_splits={"test": "train"},
        rows="674",
        licence="Apache-2.0",
        verifier="math",
        template="boxed",
        url="https://github.com/OpenBMB/OlympiadBench",
        example={
            "id": 0,
            "question": "What is 6 times 7?",
            "final_answer": ["42"],
            "unit": None,
            "is_multiple_answer": False,
        },
    ),
)
def olympiadbench(row: Row, index: int) -> Prompt:
    """Olympiad problems; an answer may be several values, and `meta` has its unit and error.

    A copy with 675 rows has relay problems whose given ("Let $T=T N Y W R$") is missing: those are left out.
    """
    if "T=T N Y W R" in row["question"]:
        raise LeftOut("a relay problem: the answer that it starts from is not given")
    question = "\n\n".join(text for text in (row.get("context"), row["question"]) if text)
    keep = ("subfield", "unit", "error", "answer_type", "is_multiple_answer")
    return flat(Row(row, question=question), index, problem="question", answer="final_answer", identity="id", keep=keep)
