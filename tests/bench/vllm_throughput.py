"""Completions a second: vLLM in this process and the HF engine, against plain `transformers.generate`.

    python tests/bench/vllm_throughput.py --rounds 3 --out tests/bench/results_vllm_throughput.json

128 completions (16 prompts x 8) of a random Llama, each with a stop length of its own from 8 to 256 tokens, the same on
every side. `generate` gets the batch size that is best for it and a stopping criterion a row; it returns no log-probs,
the engines do. Each side is a process of its own, in turn, after a warm-up of its own. Processor seconds are told too,
which with `--threads 1` say the same on a machine that has other work.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from workload import Workload, forced_length, make_checkpoint, questions

BATCHES = (32, 64, 128)


def lengths(work: Workload) -> list[int]:
    return [forced_length(work, 0, p, s) for p in range(work.prompts) for s in range(work.group_size)]


def prompts_ids(work: Workload) -> list[list[int]]:
    from rlvr.rollout.chat import prompt_ids
    from rlvr.training.models import load_tokenizer

    tokenizer = load_tokenizer(work.checkpoint)
    return [prompt_ids(tokenizer, [{"role": "user", "content": text}]) for text in questions(work)]


def vllm_side(work: Workload) -> Callable[[], int]:
    from rlvr.core import Sampling
    from rlvr.rollout.vllm_engine import VLLMEngine
    from rlvr.rollout.vllm_requests import Request, completion_of, parameters
    from rlvr.schema import EngineSection
    from rlvr.training.models import load_tokenizer

    tokenizer = load_tokenizer(work.checkpoint)
    engine = VLLMEngine(work.checkpoint, tokenizer, EngineSection(name="vllm", kv_cache_gib=1.0, batch_size=work.rows))
    ids = [row for row in prompts_ids(work) for _ in range(work.group_size)]
    requests = [
        Request(i, 0, tuple(row), parameters(Sampling(), length, i, engine.stop_ids))
        for i, (row, length) in enumerate(zip(ids, lengths(work), strict=True))
    ]

    def once() -> int:
        engine.llm.reset_prefix_cache()  # as after a push of weights
        answers = engine._answers(requests)
        pairs = zip(answers, requests, strict=True)
        return sum(completion_of(a, r.token_ids, tokenizer, engine.stop_ids, 0).num_tokens for a, r in pairs)

    return once


def hf_side(work: Workload) -> Callable[[], int]:
    from side_rlvr import ForcedStopEngine

    from rlvr.core import Prompt, Sampling
    from rlvr.training.models import load_model, load_tokenizer

    engine = ForcedStopEngine(load_model(work.checkpoint), load_tokenizer(work.checkpoint), work.rows)
    engine.work = work
    texts = enumerate(questions(work))
    prompts = [Prompt(str(i), ({"role": "user", "content": text},), "", meta={"index": i}) for i, text in texts]
    sampling = Sampling(max_tokens=work.max_tokens, group_size=work.group_size)
    return lambda: sum(c.num_tokens for g in engine.generate(prompts, sampling) for c in g)


def generate_side(work: Workload, batch: int) -> Callable[[], int]:
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    from rlvr.training.models import load_model

    model = load_model(work.checkpoint).eval()
    ids = [row for row in prompts_ids(work) for _ in range(work.group_size)]
    wanted = lengths(work)

    class AtLength(StoppingCriteria):
        """Ends each row at its own length."""

        def __init__(self, width: int, rows: list[int]) -> None:
            self.ends = torch.tensor([width + length for length in rows])

        def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
            return self.ends <= input_ids.shape[1]

    def once() -> int:
        for first in range(0, len(ids), batch):
            rows, ends = ids[first : first + batch], wanted[first : first + batch]
            width = max(map(len, rows))
            tokens = torch.zeros((len(rows), width), dtype=torch.int64)
            seen = torch.zeros((len(rows), width), dtype=torch.int64)
            for i, row in enumerate(rows):
                tokens[i, width - len(row) :], seen[i, width - len(row) :] = torch.tensor(row), 1
            model.generate(
                tokens, attention_mask=seen, do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
                max_new_tokens=max(ends), stopping_criteria=StoppingCriteriaList([AtLength(width, ends)]),
                pad_token_id=0, eos_token_id=None,
            )  # fmt: skip
        return sum(wanted)

    return once


def child(side: str, work: Workload) -> None:
    import torch

    torch.set_num_threads(work.threads)
    torch.manual_seed(0)
    name, _, batch = side.partition("-")
    with torch.no_grad():
        once = {"vllm": vllm_side, "hf": hf_side}[name](work) if not batch else generate_side(work, int(batch))
        once()
        began, cpu = time.perf_counter(), time.process_time()
        tokens = once()
    used = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu, "tokens": tokens}
    print(json.dumps(used), flush=True)
    os._exit(0)


def measured(side: str, options: list[str]) -> dict[str, float]:
    command = [sys.executable, __file__, "--side", side, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise SystemExit(f"{side}: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--vocabulary", type=int, default=8192)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--checkpoint", help=argparse.SUPPRESS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.checkpoint or folder
        work = Workload(path, ragged=True, max_tokens=256, prompts=16, group_size=8, updates=1, threads=given.threads)
        if given.side:
            child(given.side, work)
        make_checkpoint(Path(path), given.vocabulary, given.width, given.layers, seed=0)
        options = ["--checkpoint", path, "--threads", str(given.threads)]
        tried = {batch: measured(f"generate-{batch}", options)["seconds"] for batch in BATCHES}
        best = min(tried, key=lambda batch: tried[batch])
        sides = {"vllm": "vllm", "hf": "hf", "generate": f"generate-{best}"}
        rounds = [{n: measured(side, options) for n, side in sides.items()} for _ in range(given.rounds)]
        ratios = {
            f"{name}_{unit}": [r["generate"][unit] / r[name][unit] for r in rounds]
            for name in ("vllm", "hf")
            for unit in ("seconds", "cpu_seconds")
        }
        result = {
            "completions": work.rows, "tokens": sum(lengths(work)), "threads": given.threads,
            "model": {"width": given.width, "layers": given.layers, "vocabulary": given.vocabulary, "dtype": "float32"},
            "generate_seconds_by_batch": tried, "best_batch": best, "rounds": rounds, "load": os.getloadavg(),
            "times_generate": {n: {"median": statistics.median(v), "all": v} for n, v in ratios.items()},
            "completions_a_second": {n: work.rows / statistics.median(r[n]["seconds"] for r in rounds) for n in sides},
        }  # fmt: skip
    text = json.dumps(result, indent=1)
    print(text)
    if given.out:
        given.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
