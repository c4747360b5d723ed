"""One JSON object a rollout: enough to recompute the loss, or to judge again with another verifier.

Arrays of floats are packed as base64 of little-endian float32, NaN where a value is not known; they
line up with the completion's tokens. `rlvr.records` reads the lines back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rlvr.core import Group, Rollout, Sampling
from rlvr.records import pack, prompt_json, rollout_json

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from rlvr.training.batch import Batch


def rollout_records(
    iteration: int,
    groups: Sequence[Group],
    batch: Batch,
    traces: Mapping[str, Tensor | None],
    sampling: Sampling,
    template: str,
    coefficients: Mapping[str, Any],
    state: Mapping[str, float],
) -> Iterator[dict[str, Any]]:
    """The records of an iteration; row b of `batch` and of each trace `[B, T]` is the b-th rollout of `groups`.

    `state` is the algorithm's when it gave out the advantages.
    """
    columns = {
        name: None if tensor is None else tensor.detach().cpu().float().numpy()
        for name, tensor in ({"advantages": batch.advantages} | dict(traces)).items()
    }
    margins = None if batch.margins is None else batch.margins.tolist()
    language = None if batch.language is None else batch.language.tolist()
    settings = {"coefficients": dict(coefficients), "state": dict(state)}
    row = 0
    for group in groups:
        asked = prompt_json(group.prompt)
        for sample, rollout in enumerate(group.rollouts):
            yield {
                "iteration": iteration,
                "prompt_id": group.prompt.id,
                "sample": sample,
                "seed": sampling.seed,
                "temperature": sampling.temperature,
                "template": template,
                **asked,
                **rollout_json(rollout),
                **_arrays(row, rollout, columns),
                **({} if margins is None else {"margin": margins[row]}),
                **({} if language is None else {"language": language[row]}),
                **settings,
            }
            row += 1


def _arrays(row: int, rollout: Rollout, columns: Mapping[str, np.ndarray | None]) -> dict[str, Any]:
    """Of a trace `[B, T]` the completion's tokens, of one `[B]` its one value."""
    start = len(rollout.completion.prompt_ids)
    end = start + rollout.completion.num_tokens
    return {
        name: None if values is None else pack(values[row, start:end] if values.ndim == 2 else values[row : row + 1])
        for name, values in columns.items()
    }
