"""The `reward_model` verifier: the score of a sequence classifier, as a reward from 0 to 1."""

from __future__ import annotations

import math

from rlvr.core import Ask, Completion, Prompt, Verdict
from rlvr.registry import verifier

from .grading import answer_part, nothing_to_grade


@verifier(
    "reward_model",
    asks="reward_model",
    example={
        "prompt": "Say hello.",
        "completion": "Hello! How are you today?",
        "answer": "",
        "options": {"model": "a stand-in"},
        "replies": (4.0, -1e9),
    },
)
def reward_model(
    prompt: Prompt, completion: Completion, *, model: str, ask: Ask, center: float = 0.0, scale: float = 1.0
) -> Verdict:
    """Has a reward model score the conversation; the reward is 1 / (1 + exp(-(score - center) / scale)).

    `model` is a run of the algorithm `reward_model`, its checkpoint, or any sequence classifier with one label. With
    `center` 0 and `scale` 1 the reward is the Bradley-Terry probability of winning against an answer that scores 0.
    `parts["score"]` is the score itself. Answers that are empty or the prompt again are not scored: 0. `error`: the
    score is not finite. To add the raw score to what is trained on instead, see the recipe's `reward.model`.
    """
    if not scale > 0:
        raise ValueError(f"scale is {scale}; it must be above 0")
    if (verdict := nothing_to_grade(prompt, answer_part(completion))) is not None:
        return verdict
    score = ask((*prompt.messages, {"role": "assistant", "content": completion.text}))
    if not isinstance(score, (int, float)) or not math.isfinite(score):
        return Verdict(None, "error", reason=f"the reward model's score is {score!r}"[:200])
    reward = 0.5 * (1.0 + math.tanh((score - center) / (2 * scale)))  # the logistic function, without overflow
    return Verdict(reward, Verdict.of(reward).status, reason=f"score {score:.4g}", parts={"score": float(score)})
