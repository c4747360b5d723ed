"""Each rank's host memory while a run's models are loaded under ZeRO 3: in parts, and whole as plain transformers does.

    python tests/bench/loading.py [--case NAME ...] [--out tests/bench/results_loading.json]

Four gloo ranks load a random model of 126 million parameters (and a reference, or a critic of its own) from a bf16
checkpoint, up to the finished DeepSpeed engines. `loading` is the most that a rank held above its imports while it
loaded the policy, `peak` the most until the engines stood, in memory of its own (RssAnon, read every millisecond);
`with_file` is the kernel's peak of everything resident, in which the mapped file counts, whose pages the kernel takes
back when it needs them and all ranks of a host share; `after` is what is left in the end. The weights that the ranks
then gather, and the masters in fp32, are hashed: both ways give the same bits.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MIB = 2**20
RANKS = 4
SHAPE = {
    "vocab_size": 32768, "hidden_size": 768, "intermediate_size": 2304, "num_hidden_layers": 10,
    "num_attention_heads": 12, "num_key_value_heads": 12,
}  # fmt: skip
#: name -> changes of the recipe. Embeddings are tied in one of the two models.
CASES: dict[str, dict[str, Any]] = {
    "policy, fp32": {},
    "policy, fp32, tied": {"model": {"tied": True}},
    "policy, bf16": {"model": {"dtype": "bfloat16"}},
    "policy and reference, bf16": {
        "model": {"dtype": "bfloat16"}, "algorithm": {"name": "grpo", "kl_coef": 0.1},
    },
    "policy and critic, bf16": {
        "model": {"dtype": "bfloat16"}, "algorithm": {"name": "ppo"}, "critic": {"kind": "model"},
    },
    "policy, bf16, LoRA": {"model": {"dtype": "bfloat16"}, "lora": {"rank": 16}, "train": {"lr": 2e-5}},
    "reward model, bf16": {
        "model": {"dtype": "bfloat16"}, "algorithm": {"name": "reward_model"},
        "data": {"train": {"name": "preferences", "path": "pairs.jsonl"}},
    },
}  # fmt: skip


def recipe_of(case: str, folder: Path) -> dict[str, Any]:
    """The recipe of a case, whose models lie in `folder`."""
    made: dict[str, Any] = {
        "data": {"train": "chain"}, "algorithm": {"name": "grpo"}, "run": str(folder / "run"),
        "backend": {"name": "deepspeed", "zero_stage": 3},
        **{name: dict(values) for name, values in CASES[case].items() if name != "model"},
    }  # fmt: skip
    model = dict(CASES[case].get("model", {}))
    made["model"] = {"path": str(folder / ("tied" if model.pop("tied", False) else "untied")), **model}
    return made


def make(folder: Path) -> None:
    """The two checkpoints, in bf16 as most are published, and a pair."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    from rlvr.training.tiny import tiny_tokenizer

    tokenizer = tiny_tokenizer()
    for name in ("tied", "untied"):
        torch.manual_seed(0)
        config = Qwen2Config(**SHAPE, tie_word_embeddings=name == "tied", eos_token_id=tokenizer.eos_token_id)
        Qwen2ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    (folder / "pairs.jsonl").write_text(json.dumps({"prompt": "p", "chosen": "a", "rejected": "b"}) + "\n")


def memory(name: str) -> int:
    """A line of the kernel's account of this process, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)


class Watched:
    """The most memory of its own that this process held within the block."""

    def __enter__(self) -> Watched:
        self.before, self.resident = memory("RssAnon"), memory("VmRSS")
        self.most, self.going = self.before, True
        Path("/proc/self/clear_refs").write_text("5")  # the kernel's own peak counts from here
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def _watch(self) -> None:
        while self.going:
            self.most = max(self.most, memory("RssAnon"))
            time.sleep(0.001)

    def __exit__(self, *_: object) -> None:
        self.going = False
        self.thread.join()
        self.after = memory("RssAnon") - self.before
        self.peak, self.with_file = self.most - self.before, memory("VmHWM") - self.resident


def child(case: str, whole: bool, folder: Path) -> None:
    """Loads the models of a case on this rank, and leaves what it held and what the weights are."""
    # Imported ahead, so that what they take is not counted as the models'.
    import deepspeed  # noqa: F401
    import torch
    import transformers.models.qwen2.modeling_qwen2  # noqa: F401

    import rlvr.training.deepspeed_backend  # noqa: F401
    from rlvr import assemble
    from rlvr.config import load_recipe
    from rlvr.training.models import load_tokenizer
    from rlvr.training.ranks import joined

    torch.set_num_threads(1)
    if "lora" in CASES[case]:
        import peft  # noqa: F401
    os.chdir(folder)
    recipe = load_recipe(recipe_of(case, folder)).recipe
    if whole:
        assemble.loading = lambda recipe: nullcontext()
    algorithm, tokenizer = assemble.algorithm_of(recipe), load_tokenizer(recipe.model.path)
    with joined(recipe.launch, zero=True) as ranks:
        torch.distributed.barrier()
        began = time.perf_counter()
        with Watched() as watched:
            model = assemble.policy_of(recipe, algorithm, tokenizer, None)
            loading = watched.most - watched.before
            backend = assemble.backend_of(recipe, model, algorithm, ranks)
            del model
        seconds = time.perf_counter() - began
        digest = hashlib.blake2b(digest_size=16)
        for part in backend.shard().values():  # the masters in fp32 of every fourth parameter, whole
            digest.update(part["weight"].numpy().tobytes())
        for models in (backend.policy, () if backend.reference is None else weights(backend.reference)):
            for name, tensor in models:
                digest.update(name.encode() + tensor.contiguous().view(torch.uint8).numpy().tobytes())
        found = {
            "loading": loading,
            "peak": watched.peak,
            "with_file": watched.with_file,
            "after": watched.after,
            "seconds": seconds,
        }
        found = {name: round(value / MIB) if name != "seconds" else round(value, 1) for name, value in found.items()}
        (folder / f"found_{ranks.rank}.json").write_text(json.dumps(found | {"hash": digest.hexdigest()}))


def weights(model: Any) -> Any:
    """A divided model's weights, each whole while it is looked at."""
    from rlvr.training.zero_engine import gathered

    for name, parameter in model.named_parameters():
        with gathered([parameter]):
            yield name, parameter.detach()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", action="append", choices=list(CASES))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        return child(given.child[0], given.child[1] == "whole", Path(given.child[2]))
    folder = Path(tempfile.mkdtemp(prefix="rlvr-loading-"))
    environment = {
        **os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "DS_ACCELERATOR": "cpu",
        "MALLOC_MMAP_THRESHOLD_": str(2**16),  # a block of 64 KiB and more goes back to the system when it is freed
    }  # fmt: skip
    results: dict[str, Any] = {}
    try:
        make(folder)
        for case in given.case or CASES:
            found: dict[str, Any] = {}
            for way in ("whole", "parts"):
                command = [
                    sys.executable,
                    "-m",
                    "torch.distributed.run",
                    f"--nproc-per-node={RANKS}",
                    "--master-port=29535",
                ]
                command += [__file__, "--child", case, way, str(folder)]
                done = subprocess.run(command, capture_output=True, text=True, env=environment)
                if done.returncode:
                    raise SystemExit(done.stderr)
                ranks = [json.loads((folder / f"found_{rank}.json").read_text()) for rank in range(RANKS)]
                found[way] = ranks
            same = [a["hash"] == b["hash"] for a, b in zip(found["whole"], found["parts"], strict=True)]
            results[case] = {"same_bits": all(same)}
            for way, of_ranks in found.items():  # the worst of the ranks
                results[case][way] = {k: max(rank[k] for rank in of_ranks) for k in of_ranks[0] if k != "hash"}
            print(case, json.dumps(results[case]), flush=True)
            if given.out:
                given.out.write_text(json.dumps({"unit": "MiB", "cases": results}, indent=1) + "\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
