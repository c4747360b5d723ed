"""Canned completions: dry runs, tests and documentation, with no model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rlvr.core import Completion, Prompt, Sampling, Span, noise_key
from rlvr.rollout.chat import before_stop


def _reference(prompt: Prompt, sample: int) -> str:
    """Every other completion gives the reference answer, the rest give up: each group has something to learn."""
    return f"\\boxed{{{prompt.answer}}}" if sample % 2 == 0 else "I do not know."


class ScriptedEngine:
    """Answers each (prompt, sample index) with `script`'s text, one token per UTF-8 byte.

    Log-probs are those of a uniform choice among 256 bytes, so that every field of a completion is filled.
    """

    def __init__(self, script: Callable[[Prompt, int], str] = _reference) -> None:
        self.script = script
        self.version = 0

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0) -> list[list[Completion]]:
        return [[self._complete(p, s, sampling, iteration) for s in range(sampling.group_size)] for p in prompts]

    def _complete(self, prompt: Prompt, sample: int, sampling: Sampling, iteration: int) -> Completion:
        # The key picks the sample's turn, so that scripts see a different order in each group, as with a real engine.
        turn = (sample + noise_key(sampling.seed, iteration, prompt.id, 0)) % max(sampling.group_size, 1)
        text = self.script(prompt, turn).encode()
        stops = [s.encode() for s in sampling.stop]
        ids = text[: min((text.find(stop) + len(stop) for stop in stops if stop in text), default=None)]
        kept = ids[: sampling.max_tokens]
        return Completion(
            spans=(Span("sampled", tuple(kept), (-5.545177444479562,) * len(kept)),),  # -ln 256
            text=before_stop(kept.decode(errors="replace"), sampling.stop),
            finish_reason="length" if len(kept) < len(ids) else "stop",
            policy_version=self.version,
            prompt_ids=tuple(prompt.text.encode()),
        )

    def load_policy(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        self.version = version

    def metrics(self) -> Mapping[str, float]:
        return {}
