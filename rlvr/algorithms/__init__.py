"""One named algorithm a file: its docstring is the paper, its body composes `rlvr.functional`."""

from rlvr.algorithms import grpo, reinforce, rloo, sft
from rlvr.algorithms.base import Algorithm, Loss, State

__all__ = ["Algorithm", "Loss", "State", "grpo", "reinforce", "rloo", "sft"]
