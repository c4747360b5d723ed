"""What one rank does in the tests of several ranks: the same updates for each case, from the same rollouts.

    deepspeed --no_local_rank --num_gpus 2 tests/training/ranks_worker.py OUT.json 0 1 2 3       (the stages to try)

The first rank writes, for each stage and case, the metrics of every update, a sample of the final weights, and how
many spare micro-batches were computed to keep step; whether an adapted policy and critic go on from a checkpoint with
the same bits; of stage 3, whether models that are loaded in parts are those that plain transformers loads; and what
the checks of a recipe find.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from rlvr.algorithms.base import Algorithm
from rlvr.checks.mismatch import check_mismatch
from rlvr.checks.resume import check_resume
from rlvr.config import load_recipe
from rlvr.registry import REGISTRIES, get
from rlvr.schema import LaunchSection, LoraSection, Recipe, TrainSection
from rlvr.training.batch import Batch, collate
from rlvr.training.critic import Critic
from rlvr.training.deepspeed_backend import DeepSpeedBackend
from rlvr.training.local_backend import LocalBackend
from rlvr.training.lora import add_adapter
from rlvr.training.models import load_model
from rlvr.training.ranks import Ranks, joined
from rlvr.training.reward_model import load_reward_model
from rlvr.training.saving import save
from rlvr.training.zero_engine import gathered, loading_in_parts
from rlvr.zero import zero_config
from tests.algorithms.gradients import VOCABULARY, hard_groups
from tests.tiny import checkpoint, llama, make_tokenizer, recipe

#: Further settings of an algorithm beside its defaults; `trunk` gives it a critic of its own, `lora` adapters to both.
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("grpo", {"kl_coef": 0.1}),
    ("ppo", {"trunk": True, "kl_coef": 0.1}),
    ("reinforce", {"baseline": "running_mean"}),
    ("grpo", {"lora": True, "kl_coef": 0.1}),
    ("ppo", {"lora": True, "trunk": True, "kl_coef": 0.1}),
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
    lora = options.pop("lora", False)
    train = TrainSection(lr=1e-4, tokens_per_microbatch=options.pop("tokens", 40), weight_decay=0.01, **options)
    settings = {"total_updates": 100, "dtype": dtype, "temperature": 0.9, "ranks": ranks, "critic": critic}
    settings["reference"] = None if head == "score" or lora else llama(VOCABULARY, width=64, seed=3)
    if lora:
        adapt(model, 1)
        if critic.trunk is not None:
            adapt(critic.trunk, 2)
    if stage == 0:
        return LocalBackend(model, train, **settings)
    return DeepSpeedBackend(model, train, config=config_of(stage, dtype), **settings)


def adapt(model: torch.nn.Module, seed: int) -> None:
    """Puts adapters into a model that do something from the start."""
    add_adapter(model, LoraSection(rank=4, alpha=8.0), seed)
    torch.manual_seed(seed)
    for name, parameter in model.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(parameter, std=0.1)


def trained(ranks: Ranks, stage: int, name: str, options: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Two minibatches of one iteration's rollouts."""
    model = {key: options[key] for key in ("trunk", "lora") if key in options}
    algorithm = get("algorithm", name)(**{k: v for k, v in options.items() if k not in model})
    natural = algorithm.step_kind == "natural"
    owner = backend_of(ranks, stage, algorithm.head, **model)
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
    found = {"updates": seen, "state": dict(state), "weights": weights[:: max(1, len(weights) // 500)].tolist()}
    if len(model) == 2:  # adapters, and a critic that has some too
        other = backend_of(ranks, stage, algorithm.head, **model)
        other.add_inputs(batch, frozenset())
        found["differs"] = goes_on(owner, other, algorithm, part, folder / f"saved_{ranks.count}_{stage}")
    return found


def goes_on(owner: LocalBackend, other: LocalBackend, algorithm: Algorithm, part: Batch, folder: Path) -> list[str]:
    """What differs after another update where `other` has read what `owner` saved, or in the saved folder itself."""
    saved = save(folder, "iteration_000001", 1, owner, make_tokenizer(), {"backend": owner.state_dict()})
    plain = AutoModelForCausalLM.from_pretrained(saved.model).state_dict()
    wrong = [f"saved {name}" for name, tensor in owner.policy if not torch.equal(plain[name], tensor)]
    other.load_state_dict(saved.trainer_state()["backend"], saved.shards)
    seen, again = (owner.update(algorithm, part), other.update(algorithm, part))
    wrong += [name for name in seen if not name.startswith("time/") and seen[name] != again[name]]
    both = zip(owner.policy, other.policy, strict=True)
    wrong += [name for (name, one), (_, two) in both if not torch.equal(one, two)]
    return wrong if any(not torch.equal(plain[name], tensor) for name, tensor in list(owner.policy)) else ["no step"]


def loaded_otherwise(ranks: Ranks) -> list[str]:
    """What differs between models loaded in parts and whole; and a rank that holds more than its share."""
    wrong = []
    tokenizer = make_tokenizer()
    for tied in (True, False):
        path = ranks.first_does(lambda tied=tied: str(checkpoint(tied)))
        kinds = {"causal": lambda path=path: load_model(path),
                 "score": lambda path=path: load_reward_model(path, tokenizer, seed=0)}  # fmt: skip
        for kind, load in kinds.items():
            whole = load()
            with loading_in_parts(config_of(3)):
                model = load()
            for name, parameter in model.named_parameters():
                if parameter.numel() or parameter.ds_tensor.numel() > -(-parameter.ds_numel // ranks.count):
                    wrong.append(f"{kind} {tied} {name} is whole")
                with gathered([parameter]):
                    if not torch.equal(parameter, whole.get_parameter(name)):
                        wrong.append(f"{kind} {tied} {name}")
            pairs = zip(model.named_buffers(), whole.named_buffers(), strict=True)
            wrong += [name for (name, one), (_, two) in pairs if not torch.equal(one, two)]
            shared = model.state_dict(keep_vars=True)
            if kind == "causal" and tied != (shared["lm_head.weight"] is shared["model.embed_tokens.weight"]):
                wrong.append(f"{tied} head")
        # In bf16, the masters are the checkpoint's weights and not what bf16 makes of them.
        with loading_in_parts(config_of(3, "bfloat16")):
            models = [load_model(path), load_model(path)]
        options = {"total_updates": 1, "dtype": "bfloat16", "ranks": ranks, "reference": models[1]}
        owner = DeepSpeedBackend(models[0], TrainSection(), config=config_of(3, "bfloat16"), **options)
        whole = load_model(path)
        kept = {name.removeprefix("policy.model."): state["weight"] for name, state in owner.shard().items()}
        wrong += [f"master {name}" for name, w in kept.items() if not torch.equal(w, whole.get_parameter(name))]
        for name, tensor in owner.policy:
            if tensor.dtype != torch.bfloat16 or not torch.equal(tensor, whole.state_dict()[name].bfloat16()):
                wrong.append(f"rounded {name}")
    return wrong


def checks(folder: Path, model: str) -> dict[str, Any]:
    """What `rlvr check mismatch` and `rlvr check resume` find; of one prompt a rank has none.

    No completion earns anything here, so the checkpoints are those of an optimizer that has made no step.
    """
    made = recipe(folder / "checked", model={"path": model})
    file = folder / f"deepspeed-{os.getpid()}.json"
    file.write_text(json.dumps({"zero_optimization": DIVIDE_ALL}))
    found: dict[str, Any] = {}
    for stage, prompts in ((1, 1), (2, 3), (3, 3)):
        made["backend"] = {"name": "deepspeed", "zero_stage": stage, "config": str(file)}
        found[f"mismatch {stage}"] = asdict(check_mismatch(load_recipe(made).recipe, prompts))
    found["resume"] = asdict(check_resume(made, ["backend.zero_stage=2"], [], 2, 1))
    return found


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
                # Adapters make no difference to stage 1 that they do not make to stage 2.
                if not stage or (
                    get("algorithm", name).step_kind != "natural" and not (stage == 1 and "lora" in options)
                ):
                    found[f"{stage} {name} {options}"] = trained(ranks, stage, name, options, out.parent)
        if 3 in stages:
            model = ranks.told(str(checkpoint(scale=3.0)) if ranks.first else "")
            found["checks"] = ranks.all(checks(out.parent, model))
            found["loaded otherwise"] = [text for wrong in ranks.all(loaded_otherwise(ranks)) for text in wrong]
        found["spares"] = sum(ranks.all(spares))
        if ranks.first:
            out.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(stage) for stage in sys.argv[2:]])
