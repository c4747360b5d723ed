"""What one rank does in the tests of several ranks: the same updates for each case, from the same rollouts.

    deepspeed --no_local_rank --num_gpus 2 tests/training/ranks_worker.py OUT.json 0 1 2 3       (the stages to try)

The first rank writes, for each stage and case, the metrics of every update, a sample of the final weights, and how
many spare micro-batches were computed to keep step.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from rlvr.registry import REGISTRIES, get
from rlvr.schema import LaunchSection, Recipe, TrainSection
from rlvr.training.batch import Batch, collate
from rlvr.training.critic import Critic
from rlvr.training.local_backend import LocalBackend
from rlvr.training.ranks import Ranks, joined
from rlvr.zero import zero_config
from tests.algorithms.gradients import VOCABULARY, hard_groups
from tests.tiny import llama

#: Further settings of an algorithm beside its defaults; `trunk` gives it a critic of its own.
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("grpo", {"kl_coef": 0.1}),
    ("ppo", {"trunk": True, "kl_coef": 0.1}),
    ("reinforce", {"baseline": "running_mean"}),
]
CASES = [*((name, {}) for name in REGISTRIES["algorithm"].names()), *OPTIONS]
#: So small a model would never be divided by DeepSpeed's defaults, and a test of stage 3 could not fail.
DIVIDE_ALL = {
    "stage3_param_persistence_threshold": 0,
    "stage3_max_live_parameters": 0,
    "stage3_max_reuse_distance": 0,
    "stage3_prefetch_bucket_size": 0,
}


def config_of(stage: int, dtype: str = "float32", **backend: Any) -> dict[str, Any]:
    recipe = Recipe.model_validate(
        {
            "model": {"path": "tiny", "dtype": dtype},
            "data": {"train": "chain"},
            "backend": {"name": "deepspeed", "zero_stage": stage, **backend},
        }
    )
    config = zero_config(recipe)
    if stage == 3:
        config["zero_optimization"] |= DIVIDE_ALL
    return config


def backend_of(ranks: Ranks, stage: int, head: str = "tokens", dtype: str = "float32", **options: Any) -> LocalBackend:
    """A backend of its own tiny policy, reference and critic."""
    model = llama(VOCABULARY, width=64, tied=bool(options.pop("tied", True)))
    if head == "score":
        from transformers import AutoModelForSequenceClassification

        settings = model.config
        settings.num_labels = 1
        torch.manual_seed(0)
        model = AutoModelForSequenceClassification.from_config(settings)
    critic = Critic(64, trunk=llama(VOCABULARY, width=64, seed=5) if options.pop("trunk", False) else None)
    torch.manual_seed(7)
    torch.nn.init.normal_(critic.head.weight, std=0.1)
    train = TrainSection(lr=1e-4, tokens_per_microbatch=options.pop("tokens", 40), weight_decay=0.01, **options)
    settings = {"total_updates": 100, "dtype": dtype, "temperature": 0.9, "ranks": ranks, "critic": critic}
    settings["reference"] = None if head == "score" else llama(VOCABULARY, width=64, seed=3)
    if stage == 0:
        return LocalBackend(model, train, **settings)
    from rlvr.training.deepspeed_backend import DeepSpeedBackend

    return DeepSpeedBackend(model, train, config=config_of(stage, dtype), **settings)


def trained(ranks: Ranks, stage: int, name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Two epochs of minibatches over one iteration's rollouts."""
    trunk = options.get("trunk", False)
    algorithm = get("algorithm", name)(**{k: v for k, v in options.items() if k != "trunk"})
    natural = algorithm.step_kind == "natural"
    owner = backend_of(ranks, stage, algorithm.head, trunk=trunk)
    groups = hard_groups(algorithm)
    size = len(groups[0].rollouts)
    mine = ranks.share(range(len(groups)))
    places = torch.tensor([size * i + j for i in mine for j in range(size)])
    batch = collate([groups[i] for i in mine], 0)
    if algorithm.source == "pairs":
        batch = replace(batch, margins=(places // 2).float() / 4, together=2)
    if algorithm.source == "trajectories":
        batch = replace(batch, language=places > 3)
    batch = batch.spread(places, size * len(groups), ranks.sum)
    batch = owner.add_inputs(batch, algorithm.needs if natural else algorithm.needs | {"old_logprobs"})
    if "ref_logprobs" in algorithm.needs and batch.ref_logprobs is None:
        batch = replace(batch, ref_logprobs=owner.reference_logprobs(batch))
    state = algorithm.init_state()
    batch = algorithm.credit(batch, state)
    state = algorithm.observe(batch, state)
    seen = []
    for part in batch.minibatches(1, None if natural else len(groups) * size // 2, 0, 0):
        metrics = owner.update(algorithm, part)
        state, _ = algorithm.after_update(metrics, state)
        seen.append({k: v for k, v in metrics.items() if not k.startswith("time/")})
        if stage == 3:
            assert all(p.numel() == 0 for p in owner.model.parameters()), "nothing is divided between steps"
    weights = torch.cat([tensor.detach().float().flatten() for _, tensor in owner.policy])
    return {"updates": seen, "state": dict(state), "weights": weights[:: max(1, len(weights) // 500)].tolist()}


def main(out: Path, stages: list[int]) -> None:
    torch.set_num_threads(1)
    spares = 0
    spare = Batch.spare

    def counted(batch: Batch) -> Batch:
        nonlocal spares
        spares += 1
        return spare(batch)

    Batch.spare = counted  # type: ignore[method-assign]
    with joined(LaunchSection(timeout=300), zero=max(stages) > 0) as ranks:
        found: dict[str, Any] = {}
        for stage in stages:
            for name, options in CASES:
                if not stage or get("algorithm", name).step_kind != "natural":
                    found[f"{stage} {name} {options}"] = trained(ranks, stage, name, options)
        found["spares"] = sum(ranks.all(spares))
        if ranks.first:
            out.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(stage) for stage in sys.argv[2:]])
