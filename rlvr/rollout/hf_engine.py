"""Completions from a transformers model in this process: CPU, or one GPU.

What `generate` does not do and training wants: each prompt is read once for its whole group, rows that
have finished leave the batch, noise belongs to the completion, the log-probs are of the distribution
that was sampled, and nothing of the checkpoint's generation config but its stop ids is used.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from rlvr.core import Completion, Prompt, Sampling, Span, noise_key
from rlvr.rollout import chat
from rlvr.rollout.sampling import draw, uniforms

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(slots=True)
class Row:
    """One completion in the making."""

    prompt: int
    sample: int
    key: int
    budget: int
    token_ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    finish_reason: Any = "length"


class HFEngine:
    """Samples with a transformers causal language model, `batch_size` completions at a time."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch_size: int = 256) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.version = 0
        settings = getattr(model, "generation_config", None)  # a reward model writes nothing and has none
        eos = getattr(settings, "eos_token_id", None)
        self.stop_ids = chat.stop_token_ids(tokenizer, eos)
        self.context = int(getattr(model.config, "max_position_embeddings", 0) or 1 << 30)
        self._counts = {"near_ties": 0, "tokens": 0, "seconds": 0.0}

    def load_policy(self, weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        """Copies new weights in; those that the trainer updates in place, in this very model, are there already."""
        own = self.model.state_dict()
        if not any(".lora_" in name for name in own):  # an adapted model is the trainer's: it has them, unmerged
            for name, tensor in weights:
                if own[name].data_ptr() != tensor.data_ptr():
                    own[name].copy_(tensor)
        self.version = version

    def metrics(self) -> Mapping[str, float]:
        counts, self._counts = self._counts, {"near_ties": 0, "tokens": 0, "seconds": 0.0}
        return {
            "rollout/near_ties": float(counts["near_ties"]),
            "rollout/tokens_per_second": counts["tokens"] / max(counts["seconds"], 1e-9),
        }

    @torch.no_grad()
    def generate(self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0) -> list[list[Completion]]:
        """Completions in the order of the prompts. A prompt that fills the context gets `aborted` ones."""
        start = time.perf_counter()
        was_training = self.model.training
        self.model.eval()
        ids = [chat.prompt_ids(self.tokenizer, p.messages) for p in prompts]
        rows = [
            Row(
                p,
                s,
                noise_key(sampling.seed, iteration, prompt.id, s),
                min(sampling.max_tokens, self.context - len(ids[p])),
            )
            for p, prompt in enumerate(prompts)
            for s in range(sampling.group_size)
        ]
        weight = self.model.get_output_embeddings().weight
        head = weight if weight.dtype == torch.float64 else weight.float()
        # Prompts of like length together: less padding. Which rows share a batch changes no noise.
        order = sorted((r for r in rows if r.budget > 0), key=lambda r: (len(ids[r.prompt]), r.prompt))
        for first in range(0, len(order), self.batch_size):
            self._decode(order[first : first + self.batch_size], ids, head, sampling)
        self.model.train(was_training)
        self._counts["tokens"] += sum(len(r.token_ids) for r in rows)
        self._counts["seconds"] += time.perf_counter() - start
        out: list[list[Completion]] = [[] for _ in prompts]
        for row in rows:
            out[row.prompt].append(self._completion(row, ids[row.prompt], sampling.stop))
        return out

    def _completion(self, row: Row, prompt_ids: Sequence[int], stop: Sequence[str]) -> Completion:
        return Completion(
            spans=(Span("sampled", tuple(row.token_ids), tuple(row.logprobs)),),
            text=chat.completion_text(self.tokenizer, row.token_ids, self.stop_ids, stop),
            finish_reason="aborted" if row.budget <= 0 else row.finish_reason,
            policy_version=self.version,
            prompt_ids=tuple(prompt_ids),
        )

    def _decode(self, rows: list[Row], ids: Sequence[Sequence[int]], head: Tensor, sampling: Sampling) -> None:
        """Fills `rows` in: one pass over their distinct prompts, then one token a step for those still going."""
        from rlvr.rollout.row_cache import fill_gaps, row_cache

        cache = row_cache(self.model.config)
        hidden, seen, positions = self._prefill(rows, ids, cache)
        budgets = torch.tensor([row.budget for row in rows])
        ids_drawn = torch.zeros((len(rows), int(budgets.max())), dtype=torch.int64)
        logprobs_drawn = torch.zeros(ids_drawn.shape, dtype=head.dtype)
        stop_ids = torch.tensor(self.stop_ids)
        at = torch.arange(len(rows))  # which row stands in each place of the batch
        step = 0
        while True:
            here = [rows[i] for i in at.tolist()]
            tokens, logprobs = self.sample(hidden, head, here, step, sampling)
            ids_drawn[at, step], logprobs_drawn[at, step] = tokens, logprobs.to(head.dtype)
            step += 1
            stopped = torch.isin(tokens, stop_ids)
            if sampling.stop:
                texts = [self._at_stop_text(ids_drawn[i, :step].tolist(), sampling.stop) for i in at.tolist()]
                stopped |= torch.tensor(texts)
            going = ~stopped & (budgets[at] > step)
            for place in (~going).nonzero().squeeze(1).tolist():
                row, i = here[place], int(at[place])
                row.token_ids, row.logprobs = ids_drawn[i, :step].tolist(), logprobs_drawn[i, :step].tolist()
                row.finish_reason = "stop" if stopped[place] else "length"
            if not going.all():
                order = fill_gaps(going)
                if not len(order):
                    return
                at, tokens = at[order], tokens[order]
                seen = None if seen is None else seen[order]
                positions = positions[order]
                cache.batch_select_indices(order.to(hidden.device))
            if seen is not None:
                seen = torch.cat([seen, seen.new_ones(len(seen), 1)], dim=1)
            hidden = self._forward(tokens.unsqueeze(1), cache, seen, positions + step - 1)[:, -1]

    def sample(
        self, hidden: Tensor, head: Tensor, rows: Sequence[Row], step: int, sampling: Sampling
    ) -> tuple[Tensor, Tensor]:
        """The next token of each row and its log-prob, on the CPU -> `[rows]`, `[rows]`; `hidden [rows, H]`."""
        keys = np.array([row.key for row in rows], dtype=np.uint64)
        logits = hidden.to(head.dtype) @ head.t()
        bias = getattr(self.model.get_output_embeddings(), "bias", None)
        if bias is not None:
            logits += bias.to(logits)
        tokens, logprobs, near = draw(logits, uniforms(keys, step), sampling)
        self._counts["near_ties"] += int(near.sum())
        return tokens.cpu(), logprobs.cpu()

    def _prefill(
        self, rows: list[Row], ids: Sequence[Sequence[int]], cache: Any
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """Reads the prompts: each row's last hidden state `[rows, H]`, which cached positions are real `[rows, L]`
        (None: all), and the position of its first token `[rows, 1]`."""
        distinct = list(dict.fromkeys(r.prompt for r in rows))
        place = {p: i for i, p in enumerate(distinct)}
        width = max(len(ids[p]) for p in distinct)
        tokens = torch.zeros((len(distinct), width), dtype=torch.int64)
        seen = torch.zeros((len(distinct), width), dtype=torch.int64)
        for i, p in enumerate(distinct):
            tokens[i, width - len(ids[p]) :] = torch.tensor(ids[p])
            seen[i, width - len(ids[p]) :] = 1
        expand = torch.tensor([place[r.prompt] for r in rows])
        if bool(seen.all()):
            hidden, mask = self._forward(tokens, cache, None, None)[:, -1], None
        else:
            positions = (seen.cumsum(dim=1) - 1).clamp(min=0)
            hidden, mask = self._forward(tokens, cache, seen, positions)[:, -1], seen[expand]
        cache.batch_select_indices(expand.to(hidden.device))
        return hidden[expand.to(hidden.device)], mask, seen.sum(dim=1, keepdim=True)[expand]

    def _forward(self, tokens: Tensor, cache: Any, seen: Tensor | None, positions: Tensor | None) -> Tensor:
        device = self.model.device
        return self.model.base_model(
            input_ids=tokens.to(device),
            attention_mask=None if seen is None else seen.to(device),
            position_ids=None if positions is None else positions.to(device),
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state

    def _at_stop_text(self, token_ids: list[int], stop: Sequence[str]) -> bool:
        # A token is at least one byte, so a stop text that ends here began within its length in bytes plus one token.
        tail = token_ids[-(max(len(s.encode()) for s in stop) + 1) :]
        text = chat.completion_text(self.tokenizer, tail, ())
        return any(s in text for s in stop)
