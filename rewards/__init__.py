"""Verifiers, (Prompt, Completion) -> Verdict, and the judge that runs them safely. Loads no torch."""

if __name__ == "rewards":  # a second copy under the bare name would register everything twice
    raise ImportError("import rlvr.rewards, not rewards: the folder installs as a part of rlvr")

from .choice import choice
from .code_tests import code
from .countdown import countdown
from .extraction.extract import Extracted, extract
from .format_tags import format_tags
from .instructions import instructions
from .judging.checks import check_answers, check_verifiers
from .judging.judge import Judge
from .judging.scoring import BadRow, plain_verifier, read_rows, score, score_rows, verdict_fields
from .math_answer import math_answer
from .math_steps import math_steps
from .preference import decision, question
from .reference import reference
from .reward_score import reward_model
from .rubric import rubric

__all__ = [
    "BadRow",
    "Extracted",
    "Judge",
    "check_answers",
    "check_verifiers",
    "choice",
    "code",
    "countdown",
    "decision",
    "extract",
    "format_tags",
    "instructions",
    "math_answer",
    "math_steps",
    "plain_verifier",
    "question",
    "read_rows",
    "reference",
    "reward_model",
    "rubric",
    "score",
    "score_rows",
    "verdict_fields",
]
