"""Tokens a second of training passes on ragged rows: padded, and packed in two ways.

    python tests/bench/packing.py [--rounds 5] [--device cuda] [--out tests/bench/results_packing.json]

Forward and backward passes of a random Llama without its head over rows of 8 to 256, or 8 to 1,024 tokens, in
micro-batches of 4,096. `padded` is what training does on a CPU: similar lengths together. `padded, as they come` has
rows in the order of the batch. `packed` is `rlvr.training.packing`; `packed, one mask` gives transformers' sdpa one
block-diagonal mask of all tokens by all tokens. Variants take turns; the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from rlvr.training.batch import Batch, collate
from rlvr.training.forward import last_hidden
from rlvr.training.packing import ATTENTION, attention_name
from tests.tiny import group, rollout

TOKENS = 4096
MODELS = {"width 128, 4 layers": (128, 4), "width 512, 8 layers": (512, 8)}
LENGTHS = {"8 to 256": (8, 256, 96), "8 to 1,024": (8, 1024, 32)}


def ragged(low: int, high: int, rows: int) -> Batch:
    lengths = torch.randint(low, high + 1, (rows,), generator=torch.Generator().manual_seed(0)).tolist()
    return collate([group(i, [rollout(list(range(n - 2)), 1.0)]) for i, n in enumerate(lengths)], pad_id=0)


def as_they_come(batch: Batch) -> Iterator[Batch]:
    """Micro-batches in the order of the rows, each padded to its longest."""
    start = 0
    while start < len(batch):
        end = start + 1
        while end < len(batch) and int(batch.lengths[start : end + 1].max()) * (end + 1 - start) <= TOKENS:
            end += 1
        yield batch.select(torch.arange(start, end))
        start = end


def one_mask(model: LlamaForCausalLM, batch: Batch) -> torch.Tensor:
    real = torch.arange(batch.token_ids.shape[1], device=batch.token_ids.device) < batch.lengths.unsqueeze(1)
    positions = (real.cumsum(dim=1)[real] - 1).unsqueeze(0)
    return model(
        input_ids=batch.token_ids[real].unsqueeze(0), position_ids=positions, use_cache=False
    ).last_hidden_state


def passes(model: LlamaForCausalLM, parts: list[Batch], hidden: Callable[..., torch.Tensor]) -> float:
    """Seconds of the passes over all parts."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    began = time.perf_counter()
    for part in parts:
        hidden(model.base_model, part).sum().backward()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    model.zero_grad()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    attention_name("sdpa")
    results: dict[str, dict[str, float]] = {}
    for model_name, (width, layers) in MODELS.items():
        config = LlamaConfig(
            vocab_size=2048, hidden_size=width, intermediate_size=3 * width, num_hidden_layers=layers,
            num_attention_heads=width // 64, num_key_value_heads=width // 64,
        )  # fmt: skip
        model = LlamaForCausalLM(config).to(given.device, torch.float32 if given.device == "cpu" else torch.bfloat16)
        for lengths_name, (low, high, rows) in LENGTHS.items():
            batch = ragged(low, high, rows).to(given.device)
            packed = list(replace(batch, packed=True).microbatches(TOKENS))
            variants = {
                "padded": (list(batch.microbatches(TOKENS)), last_hidden, "sdpa"),
                "padded, as they come": (list(as_they_come(batch)), last_hidden, "sdpa"),
                "packed": (packed, last_hidden, ATTENTION),
                "packed, one mask": (packed, one_mask, "sdpa"),
            }
            seconds: dict[str, list[float]] = {name: [] for name in variants}
            for _ in range(given.rounds + 1):
                for name, (parts, hidden, attention) in variants.items():
                    model.set_attn_implementation(attention)
                    seconds[name].append(passes(model, parts, hidden))
            real = int(batch.lengths.sum())
            found = {name: round(real / statistics.median(times[1:])) for name, times in seconds.items()}
            results[f"{model_name}; rows of {lengths_name}"] = found
            print(model_name, lengths_name, json.dumps(found), flush=True)
    if given.out:
        about = {"threads": torch.get_num_threads(), "device": given.device, "rounds": given.rounds}
        given.out.write_text(json.dumps({"tokens_per_second": results, **about}, indent=1) + "\n")


if __name__ == "__main__":
    main()
