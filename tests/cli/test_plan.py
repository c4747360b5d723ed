"""`rlvr plan`: what a person reads, what a program reads, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Rlvr

SHAPE = {
    "model_type": "qwen2", "vocab_size": 151936, "hidden_size": 1536, "intermediate_size": 8960,
    "num_hidden_layers": 28, "num_attention_heads": 12, "num_key_value_heads": 2, "tie_word_embeddings": True,
}  # fmt: skip
RECIPE = "model: {path: not/here, dtype: bfloat16}\ndata: {train: chain}\n"


def test_a_plan_fits_or_says_what_to_change(rlvr: Rlvr, tmp_path: Path) -> None:
    (tmp_path / "shape.json").write_text(json.dumps(SHAPE))
    (tmp_path / "mine.yaml").write_text(RECIPE)
    shape = ("--shape", "shape.json")
    small = rlvr("plan", "mine.yaml", *shape, "--device-gib", "24")
    assert small.returncode == 1, small.stderr
    for word in ("weights", "optimizer", "activations", "KV cache", "it does not fit", "lora={} train.lr=2e-5"):
        assert word in small.stdout, small.stdout
    change = small.stdout.split("With ")[1].split(" it needs")[0].split()
    mended = rlvr("plan", "mine.yaml", *change, *shape, "--device-gib", "24", "--json")
    assert mended.returncode == 0, mended.stdout + mended.stderr
    found = json.loads(mended.stdout)
    assert found["fits"] and found["peak"]["device"] <= found["room"] and found["changes"] == {}
    many = rlvr(
        "plan", "mine.yaml", "backend={name: deepspeed, zero_stage: 3}", *shape, "--device-gib", "80", "--ranks", "4"
    )
    assert many.returncode == 0 and "4 x 80 GiB" in many.stdout and "whole weights of the engine" in many.stdout


def test_a_shape_that_is_not_there_is_the_users_mistake(rlvr: Rlvr, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(RECIPE)
    done = rlvr("plan", "mine.yaml", "--shape", "nowhere.json")
    assert done.returncode == 2 and "--shape" in done.stderr and "Traceback" not in done.stderr
