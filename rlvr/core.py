"""The nouns and the protocols. Read this file first; it needs the standard library only.

    Prompt --engine--> Completion --verifier--> Verdict --> Rollout x G = Group --collate--> Batch

Everything here is a frozen, slotted dataclass: a rollout walks through the program once, in one
direction, and nobody edits it on the way. `Batch`, the tensor form, lives in `rlvr.training.batch`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, get_args

Message: TypeAlias = Mapping[str, str]  # {"role": "user" | "assistant" | "system", "content": text}
Status: TypeAlias = Literal["correct", "partial", "wrong", "unparsable", "timeout", "error"]
FinishReason: TypeAlias = Literal["stop", "length", "aborted"]

STATUSES: tuple[str, ...] = get_args(Status)
#: Could not be judged: reward None, left out of every statistic and of the loss, never a silent 0.
UNJUDGED: frozenset[str] = frozenset({"timeout", "error"})


@dataclass(frozen=True, slots=True)
class VerifierUse:
    """One verifier that judges a prompt, its weight among several and its keyword options.

    `gate` names another verifier of the same prompt: where that one's reward is not 1, this one counts as 0.
    """

    name: str
    weight: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)
    gate: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One problem. `answer` is the reference answer in the form that its verifier documents.

    `verifier` is a name, or several `VerifierUse` whose weights are normalised to sum 1.

    Example: `Prompt("gsm8k/train/0", ({"role": "user", "content": "1+1?"},), "2", "math")`
    """

    id: str
    messages: tuple[Message, ...]
    answer: Any
    verifier: str | tuple[VerifierUse, ...] = "math"
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verifiers(self) -> tuple[VerifierUse, ...]:
        """The verifiers as `VerifierUse`, whichever way they were written."""
        return (VerifierUse(self.verifier),) if isinstance(self.verifier, str) else self.verifier

    @property
    def text(self) -> str:
        """The last user message: what a person reads as "the question"."""
        return next((m["content"] for m in reversed(self.messages) if m["role"] == "user"), "")


@dataclass(frozen=True, slots=True)
class Span:
    """A run of tokens with one origin. Only `sampled` spans are trained; `logprobs` are the engine's,
    of the distribution that was sampled (after temperature), one per token, in nats."""

    kind: Literal["sampled", "given"]
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.logprobs is not None and len(self.logprobs) != len(self.token_ids):
            raise ValueError(f"{len(self.token_ids)} token_ids but {len(self.logprobs)} logprobs")


@dataclass(frozen=True, slots=True)
class Completion:
    """What the policy answered: one sampled span per turn; tools and environments add given ones.

    `prompt_ids` are the tokens it continues, after the chat template. `text` is derived from the
    token ids and is never tokenised again. `policy_version` counts the updates behind the weights.
    `counted` is the number of tokens where a server told that and the text alone; there are no spans then.
    """

    spans: tuple[Span, ...]
    text: str
    finish_reason: FinishReason = "stop"
    policy_version: int = 0
    prompt_ids: tuple[int, ...] = ()
    counted: int = 0

    @classmethod
    def of_text(cls, text: str) -> Completion:
        """A completion of which only the text is known (scoring a file, tests)."""
        return cls(spans=(), text=text)

    @property
    def token_ids(self) -> tuple[int, ...]:
        return tuple(t for span in self.spans for t in span.token_ids)

    @property
    def mask(self) -> tuple[int, ...]:
        """1 where a token is trained: from the spans, never from comparing token ids."""
        return tuple(int(span.kind == "sampled") for span in self.spans for _ in span.token_ids)

    @property
    def logprobs(self) -> tuple[float, ...]:
        """The engine's log-probs, NaN where a token was given or its log-prob is unknown."""
        out: list[float] = []
        for span in self.spans:
            out.extend(span.logprobs if span.logprobs is not None else [math.nan] * len(span.token_ids))
        return tuple(out)

    @property
    def num_tokens(self) -> int:
        return sum(len(span.token_ids) for span in self.spans) if self.spans else self.counted


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verifier's judgement of one completion.

    `reward` is 0..1, or None exactly when `status` is `timeout` or `error`. `answer` is what was
    extracted, `reason` says why in a few words, `parts` holds named components, `steps` optional
    intermediate rewards as (character offset where the step ends, reward), `seconds` the wall time.
    """

    reward: float | None
    status: Status
    answer: str | None = None
    reason: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    steps: tuple[tuple[int, float], ...] = ()
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"status is {self.status!r}, not one of {', '.join(STATUSES)}")
        if (self.reward is None) != (self.status in UNJUDGED):
            raise ValueError(
                f"status {self.status!r} with reward {self.reward!r}: None goes with timeout and error only"
            )
        if self.reward is not None and not 0.0 <= self.reward <= 1.0:
            raise ValueError(f"reward {self.reward!r} is outside 0..1; use a shaping term for other ranges")

    @classmethod
    def of(cls, value: Verdict | float | bool | None) -> Verdict:
        """What a verifier may return, as a Verdict. None means that it could not judge."""
        if isinstance(value, Verdict):
            return value
        if value is None:
            return cls(None, "error", reason="the verifier returned None: could not judge")
        reward = float(value)
        status: Status = "correct" if reward == 1.0 else "wrong" if reward == 0.0 else "partial"
        return cls(reward, status)

    @property
    def judged(self) -> bool:
        return self.reward is not None


@dataclass(frozen=True, slots=True)
class Rollout:
    """A completion and its verdict. `shaped` is what training maximises: any finite number, equal to
    the reward unless shaping terms were added; None where the completion could not be judged. `terms`
    are what it is the sum of, by name."""

    completion: Completion
    verdict: Verdict
    shaped: float | None = None
    terms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """The G siblings of one prompt."""

    prompt: Prompt
    rollouts: tuple[Rollout, ...]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How completions are drawn. `top_k` 0 and `top_p` 1 switch truncation off; temperature 0 is greedy."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 512
    stop: tuple[str, ...] = ()
    seed: int = 0
    group_size: int = 1


def noise_key(seed: int, iteration: int, prompt_id: str, sample: int) -> int:
    """The 64-bit key of all randomness of one completion.

    It depends on nothing else, so that neither resuming, nor the number of workers or ranks, nor
    the batch that a completion happens to be decoded in changes its noise.
    """
    text = f"{seed}\x1f{iteration}\x1f{prompt_id}\x1f{sample}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


class Verifier(Protocol):
    """Judges one completion. Keyword-only parameters beyond these two are its options."""

    def __call__(self, prompt: Prompt, completion: Completion, /) -> Verdict | float | bool | None: ...


class Engine(Protocol):
    """Draws completions from a policy."""

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0) -> list[list[Completion]]:
        """`sampling.group_size` completions for each prompt, in order, keyed by `noise_key`."""
        ...

    def load_policy(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        """Takes the policy's new weights; completions carry `version` from now on."""
        ...

    def metrics(self) -> Mapping[str, float]:
        """Counters since the last call (`rollout/near_ties`, `rollout/tokens_per_second`, ...)."""
        ...


class Scorer(Protocol):
    """A model behind a verifier (a reward model, an LLM that grades), passed in from above.

    One reply a conversation, in order: text of a grader, a number of a reward model, None where there was none.
    One that has `concurrent = True` is called from many threads at once, others with what has gathered.
    """

    def __call__(self, conversations: Sequence[Sequence[Message]]) -> Sequence[Any]: ...


#: What a verifier that asks a model is given as `ask`: a conversation -> the model's reply, which is never None.
Ask: TypeAlias = Callable[[Sequence[Message]], Any]


class Tracker(Protocol):
    """Receives what a run reports."""

    def metrics(self, iteration: int, values: Mapping[str, float]) -> None: ...

    def close(self) -> None: ...
