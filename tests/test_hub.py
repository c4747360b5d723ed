"""A hub's model trained on a hub's data, and evaluated: the README's first commands, on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from rlvr.registry import REGISTRIES
from rlvr.training.tiny import save_tiny
from tests.data.test_hub import parquet
from tests.hub import Hub

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CONFIGS = b"""---
configs:
- config_name: main
  data_files:
  - {split: train, path: main/train-*}
  - {split: test, path: main/test-*}
---
"""


def test_a_hub_model_trains_on_hub_data_and_its_commit_is_on_record(tmp_path: Path) -> None:
    rows = [{"question": f"What is {i} plus one?", "answer": f"One more. #### {i + 1}"} for i in range(8)]
    files = {f"main/{split}-00000-of-00001.parquet": parquet(rows) for split in ("train", "test")}
    gsm8k = REGISTRIES["dataset"].get("gsm8k").source
    save_tiny(tmp_path / "tiny", 0, tied=True)
    model = {file.name: file.read_bytes() for file in (tmp_path / "tiny").iterdir()}
    with Hub({gsm8k.hub: (gsm8k.revision, {"README.md": CONFIGS, **files}), "me/tiny": (COMMIT, model)}) as hub:

        def rlvr(*words: str) -> str:
            command = [sys.executable, "-m", "rlvr", *words]
            done = subprocess.run(
                command, cwd=tmp_path, env=hub.environment(tmp_path / "hf"), capture_output=True, text=True, timeout=300
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        rlvr(
            "train", "gsm8k_grpo_qwen2.5_0.5b", "model.path=me/tiny", "model.dtype=float32", "sampling.max_tokens=8",
            "train.iterations=1", "train.prompts_per_iteration=2", "train.eval_every=1", "data.cleaning=false",
            "run=me",
        )  # fmt: skip
        rlvr("eval", "me/tiny", "--suite", "gsm8k", "sampling.max_tokens=8", "--out", "scores")
    assert (tmp_path / "me" / "checkpoints").is_dir()
    manifest = json.loads((tmp_path / "scores" / "manifest.json").read_text())
    assert manifest["model"]["weights"] == f"commit:{COMMIT}" and manifest["suites"]["gsm8k"]["problems"] == 8
