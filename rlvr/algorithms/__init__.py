"""One named algorithm a file: its docstring is the paper, its body composes `rlvr.functional`."""

from rlvr.algorithms import cispo, dapo, dr_grpo, grpo, gspo, reinforce, reinforce_pp, rloo, sft
from rlvr.algorithms.base import Algorithm, Loss, State

__all__ = [
    "Algorithm",
    "Loss",
    "State",
    "cispo",
    "dapo",
    "dr_grpo",
    "grpo",
    "gspo",
    "reinforce",
    "reinforce_pp",
    "rloo",
    "sft",
]
