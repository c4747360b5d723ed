"""One iteration on a GPU, timed by part: a random model of 1.5B's shape in bf16, 8 x 64 completions of 1,024 tokens.

    python tests/bench/gpu.py [--microbatch 16384] [--out tests/bench/results_gpu.json]
    python tests/bench/gpu.py --dry-run          the same code at a tiny shape on a CPU; its numbers mean nothing

Reported: sampled and trained tokens a second; MFU of training (6 FLOP a weight and token plus attention's, without what
gradient checkpointing computes again) over 989 TFLOP/s, an H200's dense bf16; decoding's share of its 4.8 TB/s
(weights and cache, read once a step); peak memory of log-probs in chunks and at once. Not yet run on a GPU.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from rlvr.algorithms.grpo import GRPO
from rlvr.core import Completion, Group, Prompt, Rollout, Sampling, Verdict
from rlvr.functional.tokens import token_logprobs
from rlvr.rollout.hf_engine import HFEngine
from rlvr.schema import TrainSection
from rlvr.training.batch import Batch, collate
from rlvr.training.local_backend import LocalBackend
from rlvr.training.models import load_model, load_tokenizer
from rlvr.training.tiny import tiny_tokenizer

FLOPS, BANDWIDTH = 989e12, 4.8e12
SHAPE = {
    "vocab_size": 151_936, "hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28,
    "num_attention_heads": 12, "num_key_value_heads": 2, "tie_word_embeddings": True,
}  # fmt: skip
TINY = {**SHAPE, "vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4}  # fmt: skip


def synchronised(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def peak(device: str, reset: bool = False) -> float:
    """GiB that tensors have taken at most since the last reset; NaN on a CPU."""
    if device != "cuda":
        return float("nan")
    found = torch.cuda.max_memory_allocated() / 2**30
    if reset:
        torch.cuda.reset_peak_memory_stats()
    return found


def sample(model: Any, tokenizer: Any, prompts: int, group: int, length: int, device: str) -> tuple[list[Any], dict]:
    """Completions that all run to the limit, and how fast they came."""
    engine = HFEngine(model, tokenizer, batch_size=prompts * group)
    engine.stop_ids = ()
    asked = [Prompt(f"p{i}", ({"role": "user", "content": "1+1?" * 20},), "2") for i in range(prompts)]
    engine.generate(asked[:1], Sampling(max_tokens=4, group_size=2))  # warms up
    peak(device, reset=True)
    began = synchronised(device)
    made = engine.generate(asked, Sampling(max_tokens=length, group_size=group))
    seconds = synchronised(device) - began
    config, rows = model.config, prompts * group
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    head = config.hidden_size // config.num_attention_heads
    cached = 2 * config.num_hidden_layers * config.num_key_value_heads * head * model.dtype.itemsize
    prompt = len(made[0][0].prompt_ids)
    read = length * (weights + rows * cached * (prompt + length / 2))
    tokens = sum(c.num_tokens for g in made for c in g)
    return made, {
        "tokens_per_second": tokens / seconds,
        "share_of_bandwidth": read / seconds / BANDWIDTH,
        "peak_gib": peak(device, reset=True),
    }


def batch_of(made: list[list[Completion]]) -> Batch:
    """Every other completion is right, so that each row is trained."""
    prompt = Prompt("p", (), "2")
    groups = [
        Group(prompt, tuple(Rollout(c, Verdict.of(float(i % 2)), float(i % 2)) for i, c in enumerate(group)))
        for group in made
    ]
    return collate(groups, pad_id=0)


def train(model: Any, batch: Batch, tokens: int, device: str) -> dict[str, float]:
    """The second of two updates: the first makes the optimizer's state."""
    section = TrainSection(tokens_per_microbatch=tokens)
    backend = LocalBackend(model, section, total_updates=2, dtype="bfloat16", device=device)
    batch = GRPO().credit(backend.add_inputs(batch, frozenset()), {})
    backend.update(GRPO(), batch.recount())
    peak(device, reset=True)
    began = synchronised(device)
    backend.update(GRPO(), batch.recount())
    seconds = synchronised(device) - began
    config, count = model.config, float(batch.lengths.sum())
    # Attention, causal: two products of half the length squared, forward once and backward twice.
    attention = 3 * 2 * config.num_hidden_layers * config.hidden_size * float((batch.lengths.double() ** 2).sum())
    flop = 6 * sum(p.numel() for p in model.parameters()) * count + attention
    return {"tokens_per_second": count / seconds, "mfu": flop / seconds / FLOPS, "peak_gib": peak(device, reset=True)}


def head_memory(model: Any, tokens: int, device: str) -> dict[str, float]:
    """Peak memory of log-probs and their gradient over so many tokens, in chunks and at once."""
    weight = model.get_output_embeddings().weight.detach()
    hidden = torch.randn(tokens, weight.shape[1], dtype=weight.dtype, device=device, requires_grad=True)
    targets = torch.zeros(tokens, dtype=torch.int64, device=device)
    found = {}

    def at_once() -> torch.Tensor:
        logits = (hidden @ weight.t()).float()
        return torch.log_softmax(logits, dim=1).gather(1, targets.unsqueeze(1))

    for name, make in (("chunked", lambda: token_logprobs(hidden, weight, targets)[0]), ("at_once", at_once)):
        peak(device, reset=True)
        try:
            make().sum().backward()
            found[f"{name}_peak_gib"] = peak(device)
        except torch.OutOfMemoryError:
            found[f"{name}_peak_gib"] = float("inf")
        hidden.grad = None
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--microbatch", type=int, default=16_384)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if not torch.cuda.is_available() and not given.dry_run:
        print(
            "This benchmark needs a GPU, and torch sees none here. --dry-run tries its code on the CPU.",
            file=sys.stderr,
        )
        sys.exit(2)
    device = "cpu" if given.dry_run else "cuda"
    prompts, group, length = (2, 4, 8) if given.dry_run else (8, 64, 1024)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        Qwen2ForCausalLM(Qwen2Config(**(TINY if given.dry_run else SHAPE))).save_pretrained(folder)
        tiny_tokenizer().save_pretrained(folder)
        model, tokenizer = load_model(folder), load_tokenizer(folder)
    sampled = model.to(device, torch.bfloat16)
    made, decoding = sample(sampled, tokenizer, prompts, group, length, device)
    tokens = 64 if given.dry_run else given.microbatch
    head = head_memory(sampled, tokens, device)
    training = train(sampled.float(), batch_of(made), tokens, device)
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU, dry run: no measurement"
    found = {"device": name, "sampling": decoding, "training": training, "log_probs": head, "microbatch": tokens}
    print(json.dumps(found, indent=1))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
