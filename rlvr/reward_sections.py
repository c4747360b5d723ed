"""The sections of a recipe that say how completions are judged, and what is made of the verdicts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rlvr.sections import Section


class RewardSection(Section):
    """What training maximises: `shaped`, the sum of the terms below. The verdict's reward stays the outcome beside it.

    The terms are `verdict` (weight times reward), `model`, `format`, `overlong`, `repetition` and `length`; each is
    off until it is set, but for the verdict. Records, pages and metrics show them by name.
    """

    verdict_weight: float = Field(1.0, ge=0)
    model: str | None = Field(None, description="a trained reward model: a run of reward_model, or its checkpoint")
    model_weight: float = 1.0
    format: Literal["think", "think_answer", "boxed", "think_boxed"] | None = Field(
        None, description="the form that earns format_weight (`rlvr show format` explains them)"
    )
    format_weight: float = Field(0.1, gt=0, description="what the right form earns, whatever the answer")
    overlong_buffer: int = Field(0, ge=0, description="tokens before max_tokens where the penalty sets in; 0: never")
    overlong_penalty: float = Field(1.0, ge=0, description="what the penalty comes to at max_tokens")
    repetition_ngram: int = Field(0, ge=0, description="tokens of a run that may not come again, say 20; 0: any may")
    repetition_penalty: float = Field(1.0, ge=0, description="what is taken off where all of them repeat")
    length_weight: float = Field(
        0.0, ge=0, description="half of it for the shortest right sibling, minus half for the longest; 0: none"
    )


class GraderSection(Section):
    """A model that grades answers, for the verifiers that ask one (rubric; reference with `method: grader`)."""

    name: Literal["endpoint", "hf", "vllm", "scripted"] = Field(
        "endpoint", description="an OpenAI-compatible server; a model in this process; replies from a file"
    )
    model: str = Field(description="the server's name for it; a checkpoint's folder or hub id; scripted: the file")
    url: str | None = Field(None, description="the server's address, with /v1; default: OPENAI_BASE_URL's")
    parallel: int = Field(16, ge=1, description="requests at a time; of hf, conversations decoded together")
    timeout: float = Field(120.0, gt=0, description="seconds of one request")
    retries: int = Field(4, ge=0, description="further tries of a request that failed, with growing pauses")
    max_tokens: int = Field(1024, ge=1, description="tokens of a reply; one that is cut off is no grade")
    cache: str | None = Field(None, description="a file that keeps replies by content; endpoint only")
    dtype: Literal["float32", "bfloat16"] = Field("float32", description="of a model in this process")


class JudgeSection(Section):
    """The worker pool that runs verifiers."""

    workers: int = Field(2, ge=1)
    timeout: float = Field(10.0, gt=0, description="seconds for one verdict, from when a worker starts on it")
    memory_mb: int = Field(4096, ge=64, description="address space of a worker, MiB")
