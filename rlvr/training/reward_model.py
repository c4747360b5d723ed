"""Reward models: loading one to train it, and asking a trained one for its scores."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import torch

from rlvr.core import Message
from rlvr.errors import UserError
from rlvr.training.models import load_tokenizer, on_device, read_model, remove_dropout
from rlvr.training.sources import written
from rlvr.training.zero_engine import gathered, is_divided

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_reward_model(
    path: str,
    tokenizer: PreTrainedTokenizerBase,
    *,
    revision: str | None = None,
    attention: str = "sdpa",
    seed: int | None = None,
) -> PreTrainedModel:
    """A sequence classifier with one label, in fp32, from a reward model or from a language model.

    A language model gets a new score head drawn from `seed`; without a seed it is refused.
    """
    from transformers import AutoModelForSequenceClassification

    model, missing = read_model(
        AutoModelForSequenceClassification, path, revision=revision, attention=attention, num_labels=1
    )
    head = getattr(model, "score", None)
    if not isinstance(head, torch.nn.Linear) or head.out_features != 1:
        raise UserError(
            f"model {path!r} ({model.config.model_type}) cannot be a reward model: as a sequence classifier it has no "
            "linear `score` head on its last token. Start from a decoder such as Llama or Qwen."
        )
    if missing:
        if seed is None:
            raise UserError(
                f"{path!r} is no trained reward model: its checkpoint has no {', '.join(missing)}. Train one with "
                "algorithm.name=reward_model on preferences, then give that run or its checkpoint."
            )
        # Scores of about 1 at the start, whatever the width; the same ones whenever the run is started again.
        noise = torch.randn((1, head.in_features), generator=torch.Generator().manual_seed(seed))
        with torch.no_grad(), gathered([head.weight], changed_by=0) if is_divided(model) else nullcontext():
            head.weight.copy_(noise / (head.in_features + 1) ** 0.5)
    # transformers reads the score at the last token that is not padding. Where padding and end are one token, that
    # would be the one before the end, so there it must look at the last token of all.
    same = tokenizer.pad_token_id == tokenizer.eos_token_id
    model.config.pad_token_id = None if same else tokenizer.pad_token_id
    remove_dropout(model)
    return model


class RewardModel:
    """A trained reward model as a `Scorer`: conversations that end with an answer -> one number each."""

    def __init__(self, path: str, *, device: str = "cpu", template: str | None = None, tokens: int = 8192) -> None:
        self.tokenizer = load_tokenizer(path, template)
        self.model = on_device(load_reward_model(path, self.tokenizer), device).eval()
        self.tokens = tokens

    @torch.no_grad()
    def __call__(self, conversations: Sequence[Sequence[Message]]) -> list[float]:
        """Scores in the order of the conversations, `tokens` with padding at a time."""
        rows = [self._ids(conversation) for conversation in conversations]
        scores = [0.0] * len(rows)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]), reverse=True)
        start = 0
        while start < len(order):
            width = len(rows[order[start]])
            part = order[start : start + max(1, self.tokens // width)]
            batch = torch.zeros((len(part), width), dtype=torch.int64, device=self.model.device)
            for b, i in enumerate(part):
                batch[b, : len(rows[i])] = torch.tensor(rows[i])
            # Padding stands on the right and attention is causal: no real token sees it.
            hidden = self.model.base_model(input_ids=batch, use_cache=False).last_hidden_state
            last = hidden[torch.arange(len(part)), torch.tensor([len(rows[i]) - 1 for i in part])]
            found = self.model.score(last).squeeze(1).tolist()
            for i, score in zip(part, found, strict=True):
                scores[i] = score
            start += len(part)
        return scores

    def _ids(self, conversation: Sequence[Message]) -> list[int]:
        completion = written(self.tokenizer, conversation[:-1], conversation[-1]["content"])
        return [*completion.prompt_ids, *completion.token_ids]
