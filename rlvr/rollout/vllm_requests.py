"""What vLLM is asked for a prompt's group, and completions out of its answers: in this process and over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rlvr.core import Completion, Prompt, Sampling, Span, noise_key
from rlvr.rollout import chat

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

#: vLLM's name of the output embedding, and how that of the input embedding ends, in every family that ties them.
HEAD, EMBEDDING = "lm_head.weight", "embed_tokens.weight"
#: A fixed conversation whose continuation is drawn after each push of weights, and how long that is.
PROBE, PROBE_TOKENS = ({"role": "user", "content": "Name a prime number above 10 and say why it is one."},), 32


@dataclass(frozen=True, slots=True)
class Request:
    """One completion to be made: `parameters` are vLLM's own names of sampling parameters."""

    prompt: int
    sample: int
    token_ids: tuple[int, ...]
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What vLLM sampled for one request. `aborted`: nothing, as the prompt fills the context or the request failed."""

    token_ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    finish_reason: Any = "aborted"


@dataclass(slots=True)
class Asked:
    """The requests of one call of `generate`, and where their answers belong."""

    prompts: Sequence[Sequence[int]]
    sampling: Sampling
    requests: list[Request] = field(default_factory=list)

    def completions(
        self, answers: Sequence[Answer], tokenizer: PreTrainedTokenizerBase, stop_ids: Sequence[int], version: int
    ) -> list[list[Completion]]:
        """The answers, which are in the order of the requests, as the groups of the prompts."""
        found = {(r.prompt, r.sample): a for r, a in zip(self.requests, answers, strict=True)}
        return [
            [
                completion_of(found.get((p, s), Answer()), ids, tokenizer, stop_ids, version, self.sampling.stop)
                for s in range(self.sampling.group_size)
            ]
            for p, ids in enumerate(self.prompts)
        ]


def asked(
    prompts: Sequence[Prompt],
    sampling: Sampling,
    iteration: int,
    tokenizer: PreTrainedTokenizerBase,
    stop_ids: Sequence[int],
    context: int,
) -> Asked:
    """One request a completion. A prompt that leaves no room in the context of so many tokens gets none."""
    ids = [chat.prompt_ids(tokenizer, p.messages) for p in prompts]
    made = Asked(ids, sampling)
    for p, prompt in enumerate(prompts):
        budget = min(sampling.max_tokens, context - len(ids[p]))
        if budget <= 0:
            continue
        for s in range(sampling.group_size):
            seed = noise_key(sampling.seed, iteration, prompt.id, s) >> 1  # vLLM's seeds are signed
            made.requests.append(Request(p, s, tuple(ids[p]), parameters(sampling, budget, seed, stop_ids)))
    return made


def parameters(sampling: Sampling, budget: int, seed: int, stop_ids: Sequence[int]) -> dict[str, Any]:
    """Everything that bends vLLM's distribution or ends a completion, spelled out: no default of anyone counts.

    `logprobs: 0` is the sampled token's own; whether before or after temperature is the engine's `logprobs_mode`.
    """
    return {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "max_tokens": budget,
        "seed": seed,
        "stop": list(sampling.stop),
        "stop_token_ids": list(stop_ids),
        "ignore_eos": True,  # the ids above name every token that ends an answer
        "logprobs": 0,
    }


def probe_request(tokenizer: PreTrainedTokenizerBase, temperature: float) -> Request:
    """The probe: the same tokens, noise and length on every rank and after every push; nothing ends it early."""
    sampling = Sampling(temperature=temperature)
    return Request(0, 0, tuple(chat.prompt_ids(tokenizer, PROBE)), parameters(sampling, PROBE_TOKENS, 1, ()))


def completion_of(
    answer: Answer,
    prompt_ids: Sequence[int],
    tokenizer: PreTrainedTokenizerBase,
    stop_ids: Sequence[int],
    version: int,
    stop: Sequence[str] = (),
) -> Completion:
    return Completion(
        spans=(Span("sampled", answer.token_ids, answer.logprobs),),
        text=chat.completion_text(tokenizer, answer.token_ids, stop_ids, stop),
        finish_reason=answer.finish_reason,
        policy_version=version,
        prompt_ids=tuple(prompt_ids),
    )


def vllm_weights(weights: Iterable[tuple[str, Tensor]], tied: bool) -> Iterator[tuple[str, Tensor]]:
    """The weights as vLLM must get them: each a copy, and a tied output embedding under its own name too.

    vLLM keeps the parts of a fused layer (q, k, v) until it has them all, while the next weight may already be
    gathered over the first one. Its output embedding may be a repacked copy: told of the input embedding alone it
    would go on with the old one, without an error.
    """
    for name, tensor in weights:
        if tied and name == HEAD:
            continue
        yield name, tensor.detach().clone()
        if tied and name.endswith(EMBEDDING):
            yield HEAD, tensor.detach().clone()
