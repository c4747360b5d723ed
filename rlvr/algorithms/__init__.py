"""One named algorithm a file: its docstring is the paper, its body composes `rlvr.functional`."""

from rlvr.algorithms import (
    a2c,
    cispo,
    dapo,
    dpo,
    dr_grpo,
    grpo,
    gspo,
    ppo,
    ppo_penalty,
    reinforce,
    reinforce_pp,
    return_conditioned,
    reward_model,
    rloo,
    sft,
    trpo,
)
from rlvr.algorithms.base import Algorithm, Loss, State

__all__ = [
    "Algorithm",
    "Loss",
    "State",
    "a2c",
    "cispo",
    "dapo",
    "dpo",
    "dr_grpo",
    "grpo",
    "gspo",
    "ppo",
    "ppo_penalty",
    "reinforce",
    "reinforce_pp",
    "return_conditioned",
    "reward_model",
    "rloo",
    "sft",
    "trpo",
]
