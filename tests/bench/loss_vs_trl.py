"""Loss values and gradients beside TRL's own, on random batches: `python tests/bench/loss_vs_trl.py [--json FILE]`.

Needs `rlvr[bench]`. TRL's trainers are built and their `_compute_loss` (GRPO, DPO) and `compute_loss` (reward model)
are called as they are; rlvr's algorithms see the same model, tokens, old and reference log-probs. What is compared
is the loss and its gradient over all weights. Exit code 1 where anything differs by more than 1e-6.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rlvr.algorithms.base import Algorithm
from rlvr.registry import get
from rlvr.training.batch import Batch
from rlvr.training.forward import forward

TOLERANCE = 1e-6
ROWS, GROUP, PROMPT, LENGTH, VOCABULARY = 8, 4, 5, 9, 40

#: rlvr's algorithm and options, TRL's settings of the same loss.
POLICY: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "grpo": ("grpo", {}, {"loss_type": "grpo"}),
    "grpo, kl 0.1": (
        "grpo",
        {"kl_coef": 0.1},
        {"loss_type": "grpo", "beta": 0.1, "use_bias_correction_kl": False},
    ),
    "grpo, kl 0.1 with importance": (
        "grpo",
        {"kl_coef": 0.1, "kl_importance": True},
        {"loss_type": "grpo", "beta": 0.1, "use_bias_correction_kl": True},
    ),
    "grpo, token mean (TRL: bnpo)": ("grpo", {"aggregation": "token"}, {"loss_type": "bnpo"}),
    "dapo": ("dapo", {}, {"loss_type": "dapo", "epsilon_high": 0.28}),
    "dr_grpo": ("dr_grpo", {"length": LENGTH}, {"loss_type": "dr_grpo"}),
    "gspo": (
        "gspo",
        {"clip_low": 0.02, "clip_high": 0.03},
        {"loss_type": "grpo", "importance_sampling_level": "sequence", "epsilon": 0.02, "epsilon_high": 0.03},
    ),
    # TRL's epsilon_high of CISPO is the bound itself, ours what is above 1.
    "cispo": ("cispo", {"clip_high": 0.2}, {"loss_type": "cispo", "epsilon_high": 1.2}),
}


def model_of(head: str = "tokens", seed: int = 0) -> Any:
    """A small GPT-2 in fp64, without dropout, its weights far from uniform."""
    from transformers import GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel

    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=64,
        n_embd=16,
        n_layer=2,
        n_head=2,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        initializer_range=0.3,
        num_labels=1,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
    )
    return (GPT2ForSequenceClassification if head == "score" else GPT2LMHeadModel)(config).double()


def tokenizer_of() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {"<pad>": 0, "<end>": 1, **{f"w{i}": i for i in range(2, VOCABULARY)}}
    inner = Tokenizer(models.WordLevel(words, unk_token="w2"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", eos_token="<end>")


def random_batch(seed: int, rows: int = ROWS, lengths: Tensor | None = None) -> Batch:
    """Prompts of one length, completions of ragged ones; old and reference log-probs and advantages are random."""
    rng = torch.Generator().manual_seed(seed)
    if lengths is None:
        lengths = torch.randint(2, LENGTH + 1, (rows,), generator=rng)
    tokens = torch.randint(2, VOCABULARY, (rows, PROMPT + LENGTH), generator=rng)
    position = torch.arange(PROMPT + LENGTH).unsqueeze(0)
    mask = (position >= PROMPT) & (position < PROMPT + lengths.unsqueeze(1))
    tokens = tokens.masked_fill(position >= PROMPT + lengths.unsqueeze(1), 0)
    nothing = torch.zeros(tokens.shape, dtype=torch.float64)
    batch = Batch(
        token_ids=tokens,
        mask=mask,
        lengths=PROMPT + lengths,
        sampler_logprobs=nothing,
        token_rewards=nothing,
        rewards=torch.zeros(rows),
        group=torch.arange(rows) // GROUP,
        row=torch.arange(rows),
        num_tokens=0.0,
        num_sequences=0.0,
        num_prompts=0.0,
        group_tokens=torch.zeros(rows, dtype=torch.float64),
    )
    return replace(
        batch.recount(),
        advantages=torch.randn((rows, 1), generator=rng, dtype=torch.float64) * mask,
    )


def with_old_policies(batch: Batch, model: Any, seed: int) -> Batch:
    """Old and reference log-probs up to half a nat from the model's, so that some ratios are clipped."""
    with torch.no_grad():
        now = forward(model, batch, 1.0).logprobs
    noise = torch.rand((2, *now.shape), generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 0.5
    return replace(batch, old_logprobs=(now + noise[0]) * batch.mask, ref_logprobs=(now + noise[1]) * batch.mask)


def ours(algorithm: Algorithm, model: Any, batch: Batch) -> Tensor:
    return algorithm.loss(forward(model, batch, 1.0), batch).value


def difference(model: Any, first: Callable[[], Tensor], second: Callable[[], Tensor]) -> dict[str, float]:
    """Two losses and the largest difference of their gradients over the model's weights."""
    values, gradients = [], []
    for loss in (first, second):
        model.zero_grad()
        value = loss()
        value.backward()
        values.append(float(value.detach()))
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    model.zero_grad()
    return {
        "rlvr": values[0],
        "trl": values[1],
        "loss": abs(values[0] - values[1]),
        "gradient": float((gradients[0] - gradients[1]).abs().max()),
        "gradient_norm": float(gradients[0].norm()),
    }


def arguments(kind: Any, **settings: Any) -> Any:
    base = {
        "output_dir": tempfile.mkdtemp(),
        "use_cpu": True,
        "bf16": False,
        "report_to": "none",
        "gradient_checkpointing": False,
        "per_device_train_batch_size": ROWS,
    }
    return kind(**base, **settings)


def policy_trainer(model: Any, beta: float = 0.0, **settings: Any) -> Any:
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    trainer = GRPOTrainer(
        model=model,
        processing_class=tokenizer_of(),
        reward_funcs=lambda completions, **_: [0.0] * len(completions),
        train_dataset=Dataset.from_list([{"prompt": "w3 w4"}] * ROWS),
        args=arguments(
            GRPOConfig, num_generations=GROUP, max_completion_length=LENGTH, temperature=1.0, beta=0.0, **settings
        ),
    )
    trainer.beta = beta  # given to the constructor, it would load a reference model, whose log-probs we have
    trainer.current_gradient_accumulation_steps = 1  # set by the training loop that is not run here
    return trainer


def trl_inputs(batch: Batch, num_items: float) -> dict[str, Tensor]:
    """The batch as GRPOTrainer's own collection would hand it over."""
    completion = slice(PROMPT, None)
    return {
        "prompt_ids": batch.token_ids[:, :PROMPT],
        "prompt_mask": torch.ones_like(batch.token_ids[:, :PROMPT]),
        "completion_ids": batch.token_ids[:, completion],
        "completion_mask": batch.mask[:, completion].long(),
        "advantages": batch.advantages[:, PROMPT],
        "old_per_token_logps": batch.old_logprobs[:, completion],
        "ref_per_token_logps": batch.ref_logprobs[:, completion],
        "num_items_in_batch": torch.tensor(num_items),
    }


def policy_losses() -> dict[str, dict[str, float]]:
    """GRPO and its kin, a whole update in one batch."""
    found = {}
    for name, (algorithm, options, settings) in POLICY.items():
        model = model_of()
        trainer = policy_trainer(model, **settings)
        batch = with_old_policies(random_batch(1), model, 2)
        chosen = get("algorithm", algorithm)(**options)
        found[name] = difference(
            model,
            lambda: ours(chosen, model, batch),  # noqa: B023
            lambda: trainer._compute_loss(model, trl_inputs(batch, batch.num_tokens)),  # noqa: B023
        )
    return found


def windows() -> dict[str, Any]:
    """TRL issue 5619: one generation, trained in two optimizer steps whose completions differ in length.

    The token mean of a step divides by the tokens *of that step*, as ours does. TRL divides by the average over
    the steps, so a step of long completions weighs more than its own mean and one of short ones less.
    """
    model = model_of()
    trainer = policy_trainer(model, loss_type="dapo", epsilon_high=0.28, steps_per_generation=2)
    steps = [random_batch(seed, lengths=torch.full((ROWS,), length)) for seed, length in ((1, 2), (2, 8))]
    steps = [with_old_policies(step, model, 3) for step in steps]
    total = sum(step.num_tokens for step in steps)
    algorithm = get("algorithm", "dapo")()
    rows = []
    for step in steps:
        row = difference(
            model,
            lambda: ours(algorithm, model, step),  # noqa: B023
            lambda: trainer._compute_loss(model, trl_inputs(step, total)),  # noqa: B023
        )
        rows.append({"tokens": step.num_tokens, "expected_factor": step.num_tokens / (total / 2),
                     "measured_factor": row["trl"] / row["rlvr"]})  # fmt: skip
    return {"steps": rows}


def pair_batch(model: Any, seed: int) -> Batch:
    batch = random_batch(seed)
    batch = replace(batch, group=torch.arange(ROWS) // 2, together=2, margins=torch.arange(ROWS).double() // 2 / 4)
    return batch.recount() if model is None else with_old_policies(batch.recount(), model, seed)


def preference_losses() -> dict[str, dict[str, float]]:
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer, RewardConfig, RewardTrainer

    rows = Dataset.from_list([{"prompt": "w3 w4", "chosen": " w5", "rejected": " w6"}] * ROWS)
    found = {}
    # The chosen rows first, then the rejected ones.
    order = torch.cat([torch.arange(0, ROWS, 2), torch.arange(1, ROWS, 2)])
    for name, options, settings in (
        ("dpo", {"beta": 0.3}, {"beta": 0.3, "loss_type": ["sigmoid"]}),
        ("dpo, ipo", {"beta": 0.3, "kind": "ipo"}, {"beta": 0.3, "loss_type": ["ipo"]}),
    ):
        model = model_of()
        trainer = DPOTrainer(
            model=model, ref_model=model_of(seed=5), processing_class=tokenizer_of(), train_dataset=rows,
            args=arguments(DPOConfig, precompute_ref_log_probs=False, **settings),
        )  # fmt: skip
        batch = pair_batch(model, 4)
        if name.endswith("ipo"):  # TRL divides by each length: where all are equal, that is a rescaled beta
            batch = equal_lengths(model)
        trainer.precompute_ref_logps = True
        sums = batch.ref_logprobs.sum(dim=1)
        inputs = {
            "input_ids": batch.token_ids[order],
            "attention_mask": (torch.arange(batch.token_ids.shape[1]) < batch.lengths[order].unsqueeze(1)).long(),
            "completion_mask": batch.mask[order].long(),
            "ref_chosen_logps": sums[0::2],
            "ref_rejected_logps": sums[1::2],
        }
        chosen = get("algorithm", "dpo")(**options)
        if name.endswith("ipo"):
            # ((d / L) - 1 / (2 beta))^2 = (d - 1 / (2 beta / L))^2 / L^2: TRL at beta is ours at beta / L, over L^2.
            scaled = get("algorithm", "dpo")(**{**options, "beta": options["beta"] / LENGTH})
            value = lambda: ours(scaled, model, batch) / LENGTH**2  # noqa: E731, B023
        else:
            value = lambda: ours(chosen, model, batch)  # noqa: E731, B023
        found[name] = difference(model, value, lambda: trainer._compute_loss(model, dict(inputs), False))  # noqa: B023
    found |= {"reward_model": _reward(rows, order, RewardConfig, RewardTrainer)}
    return found


def equal_lengths(model: Any) -> Batch:
    batch = random_batch(4, lengths=torch.full((ROWS,), LENGTH))
    batch = replace(batch, group=torch.arange(ROWS) // 2, together=2).recount()
    return with_old_policies(batch, model, 4)


def _reward(rows: Any, order: Tensor, config: Any, trainer_class: Any) -> dict[str, float]:
    model = model_of("score")
    trainer = trainer_class(
        model=model, processing_class=tokenizer_of(), train_dataset=rows.remove_columns("prompt"),
        args=arguments(config, center_rewards_coefficient=0.01),
    )  # fmt: skip
    batch = pair_batch(None, 4)
    inputs = {
        "input_ids": batch.token_ids[order],
        "attention_mask": (torch.arange(batch.token_ids.shape[1]) < batch.lengths[order].unsqueeze(1)).long(),
        "margin": batch.margins[0::2],
    }
    algorithm = get("algorithm", "reward_model")(center_coef=0.01)
    return difference(model, lambda: ours(algorithm, model, batch), lambda: trainer.compute_loss(model, dict(inputs)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="where the results go")
    options = parser.parse_args()
    results = {"policy": policy_losses(), "preference": preference_losses(), "issue_5619": windows()}
    worst = 0.0
    for name, row in {**results["policy"], **results["preference"]}.items():
        worst = max(worst, row["loss"], row["gradient"])
        print(f"{name:32} loss {row['rlvr']:+.8f}  differs by {row['loss']:.1e}, gradient by {row['gradient']:.1e}")
    found = results["policy"]["gspo"]["gradient_norm"]
    assert found > 1e-3, "a gradient of 0 would agree with everything"
    for row in results["issue_5619"]["steps"]:
        print(f"issue 5619: a step of {row['tokens']:.0f} tokens: TRL's loss is {row['measured_factor']:.3f} times "
              f"the token mean (by arithmetic {row['expected_factor']:.3f})")  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(worst > TOLERANCE)


if __name__ == "__main__":
    main()
