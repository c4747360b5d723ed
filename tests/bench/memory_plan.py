"""Measured peaks beside what `rlvr plan` says, on a CPU: real runs of models of 60 to 125 million parameters.

    python tests/bench/memory_plan.py [--case NAME ...] [--out tests/bench/results_memory_plan.json]

Each case is a process of its own (with DeepSpeed: two ranks): a random checkpoint is trained for two iterations of
GRPO or PPO through `rlvr.run`, and the growth of the process's peak memory over its imports is read from the kernel.
The reward is a coin, so hardly a group is without different outcomes, and none is skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
GIB = 2**30
#: Three shapes: deep with a small vocabulary; a large tied vocabulary; wide with few key heads.
SHAPES: dict[str, dict[str, Any]] = {
    "deep": {
        "vocab_size": 8192, "hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 16,
        "num_attention_heads": 8, "num_key_value_heads": 8, "tie_word_embeddings": False,
    },
    "vocabulary": {
        "vocab_size": 65536, "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 6,
        "num_attention_heads": 12, "num_key_value_heads": 4, "tie_word_embeddings": True,
    },
    "wide": {
        "vocab_size": 16384, "hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 8,
        "num_attention_heads": 8, "num_key_value_heads": 2, "tie_word_embeddings": False,
    },
}  # fmt: skip
SHORT = {"float32": "fp32", "bfloat16": "bf16"}
TRAIN = {"iterations": 2, "prompts_per_iteration": 4, "tokens_per_microbatch": 1024, "lr": 1e-5}
#: name -> shape, changes of the recipe, ranks.
CASES: dict[str, tuple[str, dict[str, Any], int]] = {
    **{f"{shape} fp32": (shape, {}, 1) for shape in SHAPES},
    **{f"{shape} bf16": (shape, {"model": {"dtype": "bfloat16"}}, 1) for shape in SHAPES},
    "deep bf16, gradient checkpointing": (
        "deep", {"model": {"dtype": "bfloat16", "gradient_checkpointing": True},
                 "train": {"tokens_per_microbatch": 2048}}, 1,
    ),
    "wide fp32, lora": ("wide", {"lora": {"rank": 32}}, 1),
    "wide bf16, lora and a reference": (
        "wide", {"lora": {"rank": 32}, "model": {"dtype": "bfloat16"},
                 "algorithm": {"name": "grpo", "kl_coef": 0.1}}, 1,
    ),
    "vocabulary bf16, a reference": (
        "vocabulary", {"model": {"dtype": "bfloat16"}, "algorithm": {"name": "grpo", "kl_coef": 0.1}}, 1,
    ),
    "deep fp32, ppo with a critic of its own": (
        "deep", {"algorithm": {"name": "ppo"}, "critic": {"kind": "model"}}, 1,
    ),
    "wide bf16, sampling is the peak": (
        "wide", {"model": {"dtype": "bfloat16", "gradient_checkpointing": True}, "lora": {"rank": 8},
                 "sampling": {"group_size": 64, "max_tokens": 64}}, 1,
    ),
    **{
        f"{shape} {SHORT[dtype]}, ZeRO {stage}, 2 ranks": (
            shape, {"model": {"dtype": dtype}, "backend": {"name": "deepspeed", "zero_stage": stage}}, 2,
        )
        for shape in SHAPES for dtype, stage in (("float32", 0), ("bfloat16", 0), ("float32", 3), ("bfloat16", 3))
    },
    "wide fp32, ZeRO 1, 2 ranks": ("wide", {"backend": {"name": "deepspeed", "zero_stage": 1}}, 2),
    "wide fp32, ZeRO 2, 2 ranks": ("wide", {"backend": {"name": "deepspeed", "zero_stage": 2}}, 2),
    "wide bf16, ZeRO 2, 2 ranks": (
        "wide", {"model": {"dtype": "bfloat16"}, "backend": {"name": "deepspeed", "zero_stage": 2}}, 2,
    ),
}  # fmt: skip

PLUGIN = '''
import random

from rlvr.registry import verifier


@verifier("coin")
def coin(prompt, completion):
    """1 for every other completion or so."""
    return float(random.random() < 0.5)
'''


def recipe_of(case: str, folder: Path) -> dict[str, Any]:
    """The recipe of a case, whose model lies in `folder`."""
    shape, changed, _ = CASES[case]
    base: dict[str, Any] = {
        "model": {"path": str(folder / shape)},
        "data": {"train": {"name": "chain", "verifier": "coin", "options": {"count": 64}}},
        "sampling": {"group_size": 4, "max_tokens": 128},
        "algorithm": {"name": "grpo"},
        "judge": {"workers": 1},
        "train": {**TRAIN, "checkpoint_every": 0, "skip_dead_rows": False},
        "tracking": {"display": "none", "rollouts_every": 0},
        "plugins": [str(folder / "coin.py")],
        "run": str(folder / "runs" / case.replace(" ", "_").replace(",", "")),
    }
    for name, values in changed.items():
        base[name] = {**base.get(name, {}), **values}
    return base


def make(shape: str, folder: Path) -> None:
    """A random checkpoint with the tokenizer of `rlvr init model`, whose tokens are the vocabulary's first."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    from rlvr.training.tiny import tiny_tokenizer

    torch.manual_seed(0)
    tokenizer = tiny_tokenizer()
    config = Qwen2Config(**SHAPES[shape], eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    Qwen2ForCausalLM(config).save_pretrained(folder / shape)
    tokenizer.save_pretrained(folder / shape)


def memory(name: str) -> int:
    """A line of the kernel's account of this process, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)


def child(case: str, folder: Path) -> None:
    """Runs a case and prints what it needed beyond its imports."""
    import datasets  # noqa: F401
    import torch
    import transformers.models.qwen2.modeling_qwen2  # noqa: F401

    import rlvr.rollout.hf_engine
    import rlvr.training.loop  # noqa: F401
    from rlvr.config import load_recipe
    from rlvr.run import train_recipe

    if "lora" in CASES[case][1]:
        import peft  # noqa: F401
    torch.set_num_threads(1)
    resolved = load_recipe(recipe_of(case, folder))
    if CASES[case][2] > 1:
        import deepspeed  # noqa: F401
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = memory("VmRSS")
    report = train_recipe(resolved)
    rank = int(os.environ.get("RANK", 0))
    (folder / f"measured_{rank}.json").write_text(json.dumps(memory("VmHWM") - before))
    if rank == 0:  # or nothing was trained
        assert report.metrics["train/skipped_updates"] == 0 and report.metrics["train/empty_updates"] == 0


def planned(case: str, folder: Path) -> Any:
    """What `rlvr plan` says of a case."""
    from rlvr import assemble
    from rlvr.config import load_recipe
    from rlvr.rollout.chat import prompt_ids
    from rlvr.training.memory import Setting, estimate
    from rlvr.training.models import load_tokenizer
    from rlvr.training.shape import read_config

    recipe = load_recipe(recipe_of(case, folder)).recipe
    tokenizer = load_tokenizer(recipe.model.path)
    prompts = assemble.load_data(recipe.data.train, None, "train").prompts
    longest = max(len(prompt_ids(tokenizer, p.messages)) for p in prompts)
    setting = Setting(ranks=CASES[case][2], cpu=True, prompt_tokens=longest)
    return estimate(recipe, assemble.algorithm_of(recipe), read_config(recipe.model.path), setting)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", action="append", choices=list(CASES))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plain-malloc", action="store_true", help="let the C library keep what is freed")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        return child(given.child[0], Path(given.child[1]))
    folder = Path(tempfile.mkdtemp(prefix="rlvr-memory-"))
    (folder / "coin.py").write_text(PLUGIN)
    results = {}
    try:
        for case in given.case or CASES:
            shape = CASES[case][0]
            if not (folder / shape).exists():
                make(shape, folder)
            estimated = planned(case, folder)
            command = [sys.executable, __file__, "--child", case, str(folder)]
            if (ranks := CASES[case][2]) > 1:
                command[1:1] = ["-m", "torch.distributed.run", f"--nproc-per-node={ranks}", "--master-port=29533"]
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "DS_ACCELERATOR": "cpu"}
            if not given.plain_malloc:  # a block of 64 KiB and more goes back to the system when it is freed
                environment["MALLOC_MMAP_THRESHOLD_"] = str(2**16)
            for old in folder.glob("measured_*.json"):
                old.unlink()
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            if done.returncode:
                raise SystemExit(done.stderr)
            measured = max(json.loads(p.read_text()) for p in folder.glob("measured_*.json"))
            results[case] = {
                "parameters": estimated.shape.parameters,
                "measured_gib": round(measured / GIB, 3),
                "planned_gib": round(estimated.peak() / GIB, 3),
                "planned_over_measured": round(estimated.peak() / measured, 3),
                "parts_gib": {f"{p.name} ({p.phase})": round(p.bytes / GIB, 3) for p in estimated.parts},
            }
            print(case, json.dumps(results[case]), flush=True)
            if given.out:
                given.out.write_text(json.dumps(results, indent=1) + "\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
