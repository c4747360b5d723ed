"""What the trainer sees: groups of rollouts as tensors, the model's outputs on them, and the loss.

`[B, T]` tensors hold prompt and completion, padded on the right; entry `[b, t]` speaks of token t
*given* the tokens before it. `mask` is 1 where a token is trained, and is all 0 for a completion that
could not be judged, which takes it out of numerator and denominator alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import torch
from torch import Tensor

from rlvr.core import Completion, Group
from rlvr.functional.aggregate import Aggregation, aggregation_weights
from rlvr.functional.importance import Correction


def _identity(values: Tensor) -> Tensor:
    return values


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one iteration, one minibatch or one micro-batch.

    `num_*` and `group_tokens` count the trained tokens, sequences and prompts of the whole update
    that the rows belong to, over all micro-batches and ranks. `reduce` sums a tensor over ranks.
    """

    token_ids: Tensor  # [B, T] int64
    mask: Tensor  # [B, T] bool, 1 = trained
    lengths: Tensor  # [B] int64, prompt and completion
    sampler_logprobs: Tensor  # [B, T], NaN where unknown
    token_rewards: Tensor  # [B, T], the outcome on the last trained token
    rewards: Tensor  # [B], NaN where it could not be judged
    group: Tensor  # [B] int64, equal for siblings
    row: Tensor  # [B] int64, position in the iteration
    num_tokens: float
    num_sequences: float
    num_prompts: float
    group_tokens: Tensor  # [B]
    # Absent until the backend or `credit` adds them: an algorithm reads only what it `needs`.
    old_logprobs: Tensor = None  # type: ignore[assignment]  # [B, T]
    ref_logprobs: Tensor = None  # type: ignore[assignment]  # [B, T]
    values: Tensor = None  # type: ignore[assignment]  # [B, T]
    advantages: Tensor = None  # type: ignore[assignment]  # [B, T]
    truncated: Tensor = None  # type: ignore[assignment]  # [B] bool, cut off by max_tokens
    value_targets: Tensor = None  # type: ignore[assignment]  # [B, T], what the critic is to learn
    kl_coef: float | None = None  # this iteration's, where a KL term has one: `credit` takes it from the state
    margins: Tensor = None  # type: ignore[assignment]  # [B], by how much the chosen row of a pair is better
    language: Tensor = None  # type: ignore[assignment]  # [B] bool, rows of plain text for an auxiliary loss
    language_tokens: float = 0.0  # trained tokens of such rows in the whole update
    packed: bool = False  # passes leave padding out, so micro-batches count real tokens
    together: int = 1  # neighbouring rows that every split keeps together: 2 for pairs
    place: Tensor = None  # type: ignore[assignment]  # [B] int64, position among the iteration's rows of all ranks
    all_rows: int = 0  # the iteration's rows of all ranks
    correction: Correction | None = None  # how surrogates are weighted where another distribution sampled the tokens
    stale: bool = False  # older weights sampled these completions than those that begin to train on them
    reduce: Callable[[Tensor], Tensor] = field(default=_identity, repr=False)

    def __len__(self) -> int:
        return self.token_ids.shape[0]

    @property
    def judged(self) -> Tensor:
        """`[B]` bool: the reward is known."""
        return ~self.rewards.isnan()

    @property
    def returns(self) -> Tensor:
        """`[B]`: outcome and intermediate rewards together, NaN where unjudged."""
        return self.token_rewards.sum(dim=1).masked_fill(~self.judged, float("nan"))

    def by_group(self, values: Tensor) -> Tensor:
        """`[B]` as `[P, G]`. Needs the siblings side by side and groups of one size, as they are collected."""
        groups = self.group.unique_consecutive()
        size = len(self) // max(len(groups), 1)
        apart = len(groups.unique()) < len(groups)  # siblings that were torn apart would look like groups of one
        if apart or not torch.equal(groups.repeat_interleave(size), self.group):
            raise ValueError("group statistics need whole groups of one size, with siblings side by side")
        return values.view(-1, size)

    def pairs(self, per_row: Tensor) -> tuple[Tensor, Tensor]:
        """`per_row [B]` of the chosen and of the rejected row of each pair -> `[B/2]`, `[B/2]`. They are neighbours."""
        if len(self) % 2 or not torch.equal(self.group[0::2], self.group[1::2]):
            raise ValueError("a preference loss needs pairs: the chosen row, then the rejected row of the same group")
        return per_row[0::2], per_row[1::2]

    def by_kind(self) -> tuple[Batch, Batch]:
        """The same rows twice, with the completions trained and with the plain texts, each under its own count."""
        if self.language is None:
            return self, replace(self, mask=torch.zeros_like(self.mask), num_tokens=0.0)
        text = self.language.unsqueeze(1)
        return (
            replace(self, mask=self.mask & ~text, num_tokens=self.num_tokens - self.language_tokens),
            replace(self, mask=self.mask & text, num_tokens=self.language_tokens),
        )

    def with_advantages(self, per_row: Tensor) -> Batch:
        """The same advantage on each trained token of a row; `per_row [B]`."""
        return replace(self, advantages=per_row.unsqueeze(1) * self.mask)

    def aggregate(self, values: Tensor, how: Aggregation, length: int | None = None) -> Tensor:
        """The mean of `values [B, T]` over the whole update, or this batch's share of it -> scalar."""
        weights = aggregation_weights(
            self.mask,
            how,
            num_tokens=self.num_tokens,
            num_sequences=self.num_sequences,
            num_prompts=self.num_prompts,
            group_tokens=self.group_tokens,
            length=length,
        )
        # Padding may hold anything, also NaN: weight 0 would not remove that.
        return (values.masked_fill(~self.mask, 0.0) * weights).sum()

    def select(self, rows: Tensor) -> Batch:
        """Some rows, trimmed to their longest; the counts stay those of the update."""
        width = int(self.lengths[rows].max()) if len(rows) else 0
        picked: dict[str, Tensor] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Tensor):
                picked[item.name] = value[rows] if value.dim() == 1 else value[rows][:, :width]
        return replace(self, **picked)  # type: ignore[arg-type]  # names and types come from the fields themselves

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        if self.token_ids.device == torch.device(device):
            return self
        moved = {f.name: getattr(self, f.name) for f in fields(self) if isinstance(getattr(self, f.name), Tensor)}
        return replace(self, **{name: tensor.to(device) for name, tensor in moved.items()})

    def recount(self) -> Batch:
        """Makes these rows an update of their own: the denominators are counted over them and all ranks."""
        tokens = self.mask.sum(dim=1)
        live = tokens > 0
        groups, inverse = self.group.unique(return_inverse=True)
        per_group = torch.zeros(len(groups), dtype=torch.float64).index_add_(0, inverse, tokens.double())
        text = tokens.new_zeros(()) if self.language is None else tokens[self.language].sum()
        counts = torch.stack([tokens.sum(), live.sum(), (per_group > 0).sum(), text]).double()
        num_tokens, num_sequences, num_prompts, language_tokens = self.reduce(counts).tolist()
        return replace(
            self,
            num_tokens=num_tokens,
            num_sequences=num_sequences,
            num_prompts=num_prompts,
            group_tokens=per_group[inverse],
            language_tokens=language_tokens,
        )

    def spare(self) -> Batch:
        """A row (or pair) of no weight, for a rank that has none left where the others still have some."""
        made: dict[str, Tensor] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Tensor):
                made[item.name] = value.new_zeros((self.together, 2)[: value.dim()])
        made["lengths"] += 2
        made["group_tokens"] += 1
        return replace(self, **made)  # type: ignore[arg-type]  # names and types come from the fields themselves

    def without(self, rows: Tensor) -> Batch:
        """The same rows with those where `rows [B]` is True untrained, and so out of the denominators."""
        return replace(self, mask=self.mask & ~rows.unsqueeze(1)).recount()

    def minibatches(self, epochs: int, minibatch: int | None, seed: int, iteration: int) -> Iterator[Batch]:
        """The updates of an iteration: each epoch goes through the rows in a new order, `minibatch` at a time.

        An update is the same rows on any number of ranks, and a rank takes what it has of them, which may be nothing.
        """
        if minibatch is None or minibatch >= self.all_rows:
            for _ in range(epochs):
                yield self.recount()
            return
        unit = self.place // self.together
        for epoch in range(epochs):
            shuffled = np.random.default_rng([seed, iteration, epoch]).permutation(self.all_rows // self.together)
            for part in torch.from_numpy(shuffled).split(max(1, minibatch // self.together)):
                yield self.select(torch.isin(unit, part).nonzero().squeeze(1)).recount()

    def spread(self, place: Tensor, all_rows: int, reduce: Callable[[Tensor], Tensor]) -> Batch:
        """These rows as one rank's part of an iteration of `all_rows`, of which they are those at `place [B]`."""
        return replace(self, place=place, all_rows=all_rows, reduce=reduce).recount()

    def microbatches(self, tokens: int) -> Iterator[Batch]:
        """Parts of at most `tokens` tokens (at least one row or pair), similar lengths together.

        Padding counts, unless the batch is `packed`.
        """
        lengths = self.lengths.view(-1, self.together)
        longest = lengths.amax(dim=1)
        order = longest.argsort(descending=True, stable=True)
        sizes = lengths.sum(dim=1)[order] if self.packed else longest[order] * self.together
        start = 0
        while start < len(order):
            # The longest comes first, so it is what the others of its part are padded to.
            taken = sizes[start:].cumsum(0) if self.packed else sizes[start] * torch.arange(1, len(order) - start + 1)
            size = max(1, int((taken <= tokens).sum()))
            yield self.select(self._rows_of(order[start : start + size]))
            start += size

    def _rows_of(self, units: Tensor) -> Tensor:
        """The rows that units of `together` neighbours consist of, neighbours still side by side."""
        return (units.unsqueeze(1) * self.together + torch.arange(self.together)).flatten()


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the model says of a batch. Logits are never kept."""

    logprobs: Tensor  # [B, T], 0 outside the mask
    entropy: Tensor  # [B, T], nats
    values: Tensor | None = None  # [B, T]
    scores: Tensor | None = None  # [B]
    kl_old: Tensor | None = None  # [B, T], exact


def collate(
    groups: Sequence[Group],
    pad_id: int,
    token_at: Callable[[Completion, int], int] | None = None,
) -> Batch:
    """Groups of rollouts as one batch of CPU tensors.

    `token_at(completion, char_end)` is the position, within the completion, of the token that ends
    a verdict's step; needed only where verdicts have steps.
    """
    rollouts = [(index, rollout) for index, group in enumerate(groups) for rollout in group.rollouts]
    size = len(rollouts)
    lengths = [len(r.completion.prompt_ids) + r.completion.num_tokens for _, r in rollouts]
    width = max(lengths, default=0)
    token_ids = torch.full((size, width), pad_id, dtype=torch.int64)
    mask = torch.zeros((size, width), dtype=torch.bool)
    sampler = torch.full((size, width), float("nan"))
    token_rewards = torch.zeros((size, width))
    rewards = torch.full((size,), float("nan"))
    for b, (_, rollout) in enumerate(rollouts):
        completion, start, end = rollout.completion, len(rollout.completion.prompt_ids), lengths[b]
        token_ids[b, :end] = torch.tensor(completion.prompt_ids + completion.token_ids, dtype=torch.int64)
        trained = torch.tensor(completion.mask, dtype=torch.bool)
        sampler[b, start:end] = torch.tensor(completion.logprobs)
        if rollout.shaped is None or not trained.any():
            continue
        mask[b, start:end] = trained
        rewards[b] = rollout.shaped
        token_rewards[b, start + int(trained.nonzero().max())] += rollout.shaped
        for char_end, reward in rollout.verdict.steps:
            if token_at is None:
                raise ValueError("verdicts have steps: collate needs token_at to place them")
            token_rewards[b, start + token_at(completion, char_end)] += reward
    return Batch(
        token_ids=token_ids,
        mask=mask,
        lengths=torch.tensor(lengths, dtype=torch.int64),
        sampler_logprobs=sampler,
        token_rewards=token_rewards,
        rewards=rewards,
        group=torch.tensor([index for index, _ in rollouts], dtype=torch.int64),
        row=torch.arange(size),
        place=torch.arange(size),
        all_rows=size,
        num_tokens=0.0,
        num_sequences=0.0,
        num_prompts=0.0,
        group_tokens=torch.zeros(size, dtype=torch.float64),
        truncated=torch.tensor([r.completion.finish_reason == "length" for _, r in rollouts], dtype=torch.bool),
    ).recount()
