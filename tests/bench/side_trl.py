"""The workload through TRL's GRPOTrainer, with the flags that were fastest on a CPU."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList
from workload import Meter, Workload, coin, forced_length, questions


class ForcedStop(LogitsProcessor):
    """Leaves only the stop token where a completion shall end."""

    def __init__(self, lengths: list[int], prompt_length: int, stop_id: int) -> None:
        self.ends: dict[int, list[int]] = {}
        for row, length in enumerate(lengths):
            self.ends.setdefault(prompt_length + length - 1, []).append(row)
        self.stop_id = stop_id

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        rows = self.ends.get(input_ids.shape[1])
        if rows:
            scores[rows] = -float("inf")
            scores[rows, self.stop_id] = 0.0
        return scores


def run(work: Workload) -> dict[str, Any]:
    """Trains and measures. The trainer is built before the measurement begins, as a program does once."""
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import GRPOConfig, GRPOTrainer

    tokenizer = AutoTokenizer.from_pretrained(work.checkpoint)
    model = AutoModelForCausalLM.from_pretrained(work.checkpoint, dtype=torch.float32)
    folder = tempfile.mkdtemp()
    accumulation = work.rows // work.microbatch
    seconds: dict[str, float] = {"generate": 0.0, "forward": 0.0, "optimizer": 0.0}
    tokens = {"live": 0, "all": 0, "dead_rows": 0}

    def reward(completions: list[str], completion_ids: list[list[int]], **columns: Any) -> list[float]:
        values = [coin(work.seed, work.coin, text) for text in completions]
        for first in range(0, len(values), work.group_size):
            group = slice(first, first + work.group_size)
            count = sum(len(ids) for ids in completion_ids[group])
            tokens["all"] += count
            live = len(set(values[group])) > 1
            tokens["live"] += count if live else 0
            tokens["dead_rows"] += 0 if live else work.group_size
        return values

    trainer = GRPOTrainer(
        model=model,
        processing_class=tokenizer,
        reward_funcs=reward,
        train_dataset=Dataset.from_list([{"prompt": q + "\n"} for q in questions(work)]),
        args=GRPOConfig(
            output_dir=folder,
            use_cpu=True,
            bf16=False,
            fp16=False,
            gradient_checkpointing=False,
            beta=0.0,
            num_iterations=1,
            loss_type="grpo",
            num_generations=work.group_size,
            max_completion_length=work.max_tokens,
            per_device_train_batch_size=work.microbatch,
            gradient_accumulation_steps=accumulation,
            steps_per_generation=accumulation,
            max_steps=work.updates,
            learning_rate=1e-6,
            lr_scheduler_type="constant",
            max_grad_norm=1.0,
            optim="adamw_torch_fused",
            shuffle_dataset=False,
            temperature=1.0,
            cache_implementation=work.cache,
            logging_strategy="no",
            save_strategy="no",
            eval_strategy="no",
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
            seed=work.seed,
        ),
    )
    _measure_parts(trainer, work, seconds)
    meter = Meter()
    trainer.train()
    result = meter.read()
    assert trainer.state.global_step == work.updates
    seconds["other"] = result["seconds"] - sum(seconds.values())
    return result | {"parts": seconds, "tokens": tokens}


def _measure_parts(trainer: Any, work: Workload, seconds: dict[str, float]) -> None:
    """Coarse times; the forced stop goes into `generate` the way any logits processor does."""
    generate, calls = trainer.model.generate, [0]

    def timed_generate(*args: Any, **kwargs: Any) -> Any:
        if work.ragged:
            iteration = calls[0]
            lengths = [
                forced_length(work, iteration, p, s) for p in range(work.prompts) for s in range(work.group_size)
            ]
            stop = ForcedStop(lengths, kwargs["input_ids"].shape[1], trainer.processing_class.eos_token_id)
            kwargs["logits_processor"] = LogitsProcessorList([stop])
        calls[0] += 1
        return _timed(generate, "generate", seconds)(*args, **kwargs)

    trainer.model.generate = timed_generate
    trainer.compute_loss = _timed(trainer.compute_loss, "forward", seconds)
    create = trainer.create_optimizer

    def timed_create(*args: Any, **kwargs: Any) -> Any:
        optimizer = create(*args, **kwargs)
        optimizer.step = _timed(optimizer.step, "optimizer", seconds)
        return optimizer

    trainer.create_optimizer = timed_create
    backward = trainer.accelerator.backward
    seconds["backward"] = 0.0
    trainer.accelerator.backward = _timed(backward, "backward", seconds)


def _timed(function: Callable[..., Any], name: str, seconds: dict[str, float]) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            seconds[name] += time.perf_counter() - began

    return timed
