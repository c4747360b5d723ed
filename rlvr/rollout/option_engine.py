"""Answers multiple-choice questions with the option that the model finds likeliest: how base models are measured.

The model reads `Question: ...` and `Answer:`, and the log-probs of ` ` and each option's text after it are summed
(Brown et al., 2020, arXiv:2005.14165, section 2.4); lm-evaluation-harness calls the share of right ones `acc`, and
`acc_norm` where each sum is divided by the characters of the option. It is an engine like any other, so that judging,
records, resuming and intervals are those of every suite; the labels of the options are never shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from rlvr.core import Completion, Prompt, Sampling, Span
from rlvr.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Scored:
    """An option's tokens after the question, and their log-probs."""

    context: tuple[int, ...]
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]


class OptionEngine:
    """Completes a question with the label of its likeliest option; the tokens are those of the option's text.

    `per_character` divides each option's log-likelihood by the length of its text. Of equal ones the first is taken.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        per_character: bool = False,
        batch_size: int = 64,
        known: dict[tuple[str, str], Scored] | None = None,
    ) -> None:
        self.model, self.tokenizer, self.per_character, self.batch_size = model, tokenizer, per_character, batch_size
        self.context = int(getattr(model.config, "max_position_embeddings", 0) or 1 << 30)
        self.version = 0
        self.known = {} if known is None else known

    @torch.no_grad()
    def generate(self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0) -> list[list[Completion]]:
        """One completion a prompt, whatever the sampling: nothing is drawn."""
        self.model.eval()
        pairs = {(context_of(p), choice["text"]): None for p in prompts for choice in _choices(p)}
        self._score([pair for pair in pairs if pair not in self.known])
        return [[self._answer(prompt)] * sampling.group_size for prompt in prompts]

    def _answer(self, prompt: Prompt) -> Completion:
        choices = _choices(prompt)
        scored = [self.known[context_of(prompt), choice["text"]] for choice in choices]
        values = [
            sum(found.logprobs) / (len(choice["text"]) if self.per_character else 1)
            for found, choice in zip(scored, choices, strict=True)
        ]
        best = values.index(max(values))
        chosen = scored[best]
        return Completion(
            spans=(Span("sampled", chosen.token_ids, chosen.logprobs),),
            text=choices[best]["label"],
            policy_version=self.version,
            prompt_ids=chosen.context,
        )

    def _score(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Fills `known`, rows of like length together."""
        encoded = [(pair, *self._encode(*pair)) for pair in pairs]
        encoded.sort(key=lambda row: -len(row[1]) - len(row[2]))
        for first in range(0, len(encoded), self.batch_size):
            part = encoded[first : first + self.batch_size]
            found = self._logprobs([[*context, *option] for _, context, option in part], [len(o) for *_, o in part])
            for (pair, context, option), logprobs in zip(part, found, strict=True):
                self.known[pair] = Scored(tuple(context), tuple(option), tuple(logprobs))

    def _encode(self, context: str, text: str) -> tuple[list[int], list[int]]:
        """The tokens of the question and those that the option adds to it, the question cut at the left to fit."""
        whole = self.tokenizer(f"{context} {text}", add_special_tokens=False)["input_ids"]
        before = self.tokenizer(context, add_special_tokens=False)["input_ids"]
        option = whole[len(before) :]
        return whole[: len(before)][-(self.context + 1 - len(option)) :], option

    def _logprobs(self, rows: Sequence[Sequence[int]], lengths: Sequence[int]) -> list[list[float]]:
        """The log-probs of the last `lengths` tokens of each row, padded at the right, where nothing looks at it."""
        width = max(map(len, rows)) - 1
        tokens = torch.zeros((len(rows), width), dtype=torch.int64)
        for i, row in enumerate(rows):
            tokens[i, : len(row) - 1] = torch.tensor(row[:-1])
        hidden: Tensor = self.model.base_model(input_ids=tokens.to(self.model.device)).last_hidden_state
        head = self.model.get_output_embeddings()
        out = []
        for i, (row, length) in enumerate(zip(rows, lengths, strict=True)):
            logits = head(hidden[i, len(row) - 1 - length : len(row) - 1]).float()
            targets = torch.tensor(row[len(row) - length :], device=logits.device).unsqueeze(1)
            out.append(logits.log_softmax(dim=-1).gather(1, targets).squeeze(1).tolist())
        return out

    def load_policy(self, weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        """Other weights find other options likely: nothing that was scored holds any more."""
        self.known.clear()
        self.version = version

    def metrics(self) -> Mapping[str, float]:
        return {}


def context_of(prompt: Prompt) -> str:
    """What the model reads before an option. Raises `UserError` where the data set keeps no bare question."""
    question = prompt.meta.get("question")
    if question is None:
        raise UserError(
            f"{prompt.id} cannot be judged by log-likelihood: its data set keeps neither the bare question nor the "
            "options in meta. Use arc_easy or arc_challenge, or put `question` and `choices` there."
        )
    return f"Question: {question}\nAnswer:"


def _choices(prompt: Prompt) -> Sequence[Mapping[str, str]]:
    choices: Sequence[Mapping[str, str]] = prompt.meta.get("choices") or ()
    if not choices:
        context_of(prompt)
        raise UserError(f"{prompt.id} has no options in meta['choices'], so none of them can be the likeliest.")
    return choices
