"""One JSON object a rollout: enough to recompute the loss, or to judge again with another verifier.

Arrays of floats are packed as base64 of little-endian float32, NaN where a value is not known; they
line up with the completion's tokens.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rlvr.core import Group, Rollout, Sampling, Verdict

if TYPE_CHECKING:
    from torch import Tensor

    from rlvr.training.batch import Batch


def pack(values: Any) -> str:
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()


def unpack(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype="<f4")


def rollout_records(
    iteration: int,
    groups: Sequence[Group],
    batch: Batch,
    traces: Mapping[str, Tensor | None],
    sampling: Sampling,
    template: str,
    coefficients: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    """The records of an iteration; row b of `batch` and of each trace `[B, T]` is the b-th rollout of `groups`."""
    row = 0
    for group in groups:
        for sample, rollout in enumerate(group.rollouts):
            yield {
                "iteration": iteration,
                "prompt_id": group.prompt.id,
                "sample": sample,
                "seed": sampling.seed,
                "temperature": sampling.temperature,
                "template": template,
                "prompt_template": group.prompt.meta.get(
                    "template"
                ),  # the wording around the problem, by name and hash
                "answer": group.prompt.answer,
                "messages": [dict(m) for m in group.prompt.messages],
                **_completion(rollout),
                "shaped": rollout.shaped,
                "verdict": verdict_json(rollout.verdict),
                **_arrays(row, rollout, batch, traces),
                "coefficients": dict(coefficients),
            }
            row += 1


def _completion(rollout: Rollout) -> dict[str, Any]:
    completion = rollout.completion
    return {
        "text": completion.text,
        "finish_reason": completion.finish_reason,
        "policy_version": completion.policy_version,
        "prompt_ids": list(completion.prompt_ids),
        "spans": [
            {
                "kind": span.kind,
                "token_ids": list(span.token_ids),
                "logprobs": None if span.logprobs is None else pack(span.logprobs),
            }
            for span in completion.spans
        ],
    }


def _arrays(row: int, rollout: Rollout, batch: Batch, traces: Mapping[str, Tensor | None]) -> dict[str, Any]:
    start = len(rollout.completion.prompt_ids)
    end = start + rollout.completion.num_tokens
    columns = {"token_rewards": batch.token_rewards, "advantages": batch.advantages, **traces}
    return {
        name: None if tensor is None else pack(tensor[row, start:end].detach().cpu().float())
        for name, tensor in columns.items()
    }


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "reward": verdict.reward,
        "status": verdict.status,
        "answer": verdict.answer,
        "reason": verdict.reason,
        "parts": dict(verdict.parts),
        "steps": [list(step) for step in verdict.steps],
        "seconds": round(verdict.seconds, 6),
    }
