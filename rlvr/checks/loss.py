"""`rlvr check loss`: no split, order or padding of a batch changes the gradient of a recipe's loss.

The recipe's own model and algorithm, in fp64 on the CPU, on made-up completions that hold every hard case: ragged
lengths, groups that are dead, completions that could not be judged or were cut off. The gradient of the whole batch at
once is compared with those of the same batch in parts, in another order, wider, and as the sum over two ranks' shares.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from rlvr.core import Completion, Group, Prompt, Rollout, Span, Verdict
from rlvr.schema import Recipe

from . import Outcome

if TYPE_CHECKING:
    from rlvr.algorithms.base import Algorithm
    from rlvr.training.batch import Batch
    from rlvr.training.local_backend import LocalBackend

#: Largest difference allowed, relative to the largest entry of the gradient. A wrong denominator makes 1e-2 and more;
#: norms that a model computes in fp32 whatever its weights are leave some 1e-8.
TOLERANCE = 1e-6
_REWARDS: tuple[tuple[float | None, ...], ...] = (
    (1.0, 0.0, 0.5, 0.0),
    (0.25, 0.25, 0.25, 0.25),  # dead
    (1.0, None, 0.0, 0.0),  # one could not be judged
    (None, None, None, None),
    (0.0, 1.0, 1.0, 0.25),
)


def check_loss(recipe: Recipe, *, longest: int = 24) -> Outcome:
    """The gradient of the recipe's loss under seven splits of one batch; `longest` tokens a completion at most."""
    from rlvr import assemble

    algorithm = assemble.algorithm_of(recipe)
    owner = _backend(recipe, algorithm)
    vocabulary = int(owner.model.get_input_embeddings().weight.shape[0])  # type: ignore[index]  # [V, H]
    batch = _credited(owner, algorithm, made_up(algorithm, vocabulary, longest))
    _tokens(owner, 10**9)
    whole, gaps = gradient(owner, algorithm, batch), dict[str, float]()
    size = max(float(whole.abs().max()), 1e-30)
    for name, tokens, part in _splits(batch):
        _tokens(owner, tokens)
        gaps[name] = float((gradient(owner, algorithm, part) - whole).abs().max()) / size
    _tokens(owner, 10**9)
    halves = [gradient(owner, algorithm, batch.select(rows)) for rows in _halves(batch)]
    gaps["the sum of two shares"] = float((halves[0] + halves[1] - whole).abs().max()) / size
    failures = [f"{name}: differs by {gap:.3g}" for name, gap in gaps.items() if not gap <= TOLERANCE]
    if size <= 1e-12:
        failures.append("the gradient is 0 altogether, so nothing was shown")
    figures = {
        "algorithm": recipe.algorithm.name,
        "parameters": len(whole),
        "norm of the gradient": float(whole.norm()),
    }
    return Outcome("loss", {**figures, **gaps, "allowed": TOLERANCE}, tuple(failures))


def made_up(algorithm: Algorithm, vocabulary: int, longest: int) -> list[Group]:
    """Groups of random tokens whose rewards hold every hard case; pairs or given rows for those that take them."""
    rng = np.random.default_rng(0)
    rewards: tuple[tuple[float | None, ...], ...] = _REWARDS
    if algorithm.source != "on_policy":
        rewards = ((1.0, 0.0) if algorithm.source == "pairs" else (1.0,),) * 6
    groups = []
    for index, row in enumerate(rewards):
        prompt = Prompt(f"made-up/{index}", ({"role": "user", "content": ""},), "")
        prompt_ids = tuple(rng.integers(0, vocabulary, rng.integers(1, 9)).tolist())
        rollouts = []
        for sample, reward in enumerate(row):
            ids = tuple(rng.integers(0, vocabulary, rng.integers(1, longest + 1)).tolist())
            cut = index == 0 and sample == len(row) - 1
            span = Span("sampled", ids, (-1.0,) * len(ids))
            completion = Completion((span,), "", "length" if cut else "stop", prompt_ids=prompt_ids)
            verdict = Verdict(None, "error") if reward is None else Verdict.of(reward)
            rollouts.append(Rollout(completion, verdict, reward))
        groups.append(Group(prompt, tuple(rollouts)))
    return groups


def gradient(owner: LocalBackend, algorithm: Algorithm, part: Batch) -> Tensor:
    """What the next step would start from, policy's parameters first, then the critic's -> `[n]`."""
    owner._accumulate(algorithm, part)  # the update without its step
    weights = [p for p in owner.model.parameters() if p.requires_grad]
    weights += [] if owner.critic is None else [p for p in owner.critic.parameters() if p.requires_grad]
    taken = torch.cat([(torch.zeros_like(w) if w.grad is None else w.grad).flatten().double() for w in weights])
    for weight in weights:
        weight.grad = None
    return taken


def _backend(recipe: Recipe, algorithm: Algorithm) -> LocalBackend:
    from rlvr import assemble
    from rlvr.training.local_backend import LocalBackend
    from rlvr.training.models import load_tokenizer

    section = recipe.model
    tokenizer = load_tokenizer(section.path, section.chat_template, section.revision)
    model = assemble.policy_of(recipe, algorithm, tokenizer, None).double()
    critic = assemble.critic_of(recipe, model, algorithm)
    if critic is not None:
        critic = critic.double()
        torch.manual_seed(0)
        torch.nn.init.normal_(critic.head.weight, std=0.1)  # a critic that says 0 hides its part of the loss
    train = recipe.train.model_copy(update={"skip_dead_rows": False})
    temperature = recipe.sampling.temperature if algorithm.source == "on_policy" else 1.0
    return LocalBackend(
        model, train, total_updates=1, dtype="float64", temperature=temperature, critic=critic, device="cpu"
    )


def _credited(owner: LocalBackend, algorithm: Algorithm, groups: list[Group]) -> Batch:
    """The batch with advantages. Old and reference log-probs, and values, are a little off: no ratio is 1."""
    from rlvr.training.batch import collate

    batch = collate(groups, pad_id=0)
    if algorithm.source == "pairs":
        batch = dataclasses.replace(batch, margins=torch.arange(len(groups)).repeat_interleave(2) / 4, together=2)
    if algorithm.source == "trajectories":
        batch = dataclasses.replace(batch, language=torch.arange(len(batch)) >= len(batch) // 2).recount()
    needs = algorithm.needs & {"values", "kl_old"} | ({"old_logprobs"} if algorithm.head == "tokens" else set())
    batch = owner.add_inputs(batch, frozenset(needs))
    if algorithm.head == "tokens":
        noise = torch.rand((3, *batch.mask.shape), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        off = (0.6 * noise - 0.3) * batch.mask
        moved = {"old_logprobs": batch.old_logprobs.double() + off[0], "ref_logprobs": batch.old_logprobs + off[1]}
        if batch.values is not None:
            moved["values"] = batch.values + off[2]
        batch = dataclasses.replace(batch, **moved)  # type: ignore[arg-type]  # tensors, by the names of their fields
    return algorithm.credit(batch, algorithm.init_state())


def _splits(batch: Batch) -> Iterator[tuple[str, int, Batch]]:
    order = torch.randperm(len(batch) // batch.together, generator=torch.Generator().manual_seed(2))
    rows = (order.unsqueeze(1) * batch.together + torch.arange(batch.together)).flatten()
    shuffled, tokens = batch.select(rows), int(batch.lengths.max())
    yield "a row at a time", 1, batch
    yield "three rows at a time", 3 * tokens, batch
    yield "in another order", 10**9, shuffled
    yield "in another order, four rows at a time", 4 * tokens, shuffled
    yield "with 9 more columns of padding", 10**9, _wider(batch, 9)
    yield "wider, in another order, two rows at a time", 2 * tokens, _wider(shuffled, 9)


def _wider(batch: Batch, extra: int) -> Batch:
    """More columns that hold rubbish: padding may hold anything."""
    wide: dict[str, Any] = {}
    for item in dataclasses.fields(batch):
        value = getattr(batch, item.name)
        if isinstance(value, Tensor) and value.dim() == 2:
            filler: Any = 1 if value.dtype == torch.int64 else False if value.dtype == torch.bool else float("nan")
            wide[item.name] = torch.nn.functional.pad(value, (0, extra), value=filler)
    return dataclasses.replace(batch, **wide)


def _halves(batch: Batch) -> list[Tensor]:
    middle = len(batch) // 2 // batch.together * batch.together
    return [torch.arange(middle), torch.arange(middle, len(batch))]


def _tokens(owner: LocalBackend, tokens: int) -> None:
    owner.train = owner.train.model_copy(update={"tokens_per_microbatch": tokens})
