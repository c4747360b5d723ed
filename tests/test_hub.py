"""A hub's model trained on a hub's data, and evaluated: the README's first commands, on loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

from rlvr.errors import UserError
from rlvr.hub import asked, looks_local, missing_model
from rlvr.registry import REGISTRIES
from rlvr.training.models import load_tokenizer
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


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The hub's clients ask it, and have an empty cache; other tests run with it switched off."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return monkeypatch


def test_a_model_that_the_hub_has_not_is_told_at_once(online: pytest.MonkeyPatch) -> None:
    with Hub({"me/tiny": (COMMIT, {"config.json": b"{}"})}) as hub:
        online.setattr(constants, "ENDPOINT", hub.url)
        assert missing_model("me/tiny") is None
        assert "has none of that name" in str(missing_model("me/tony"))
        assert "no name that" in str(missing_model("my model"))
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and never says a word
        online.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        online.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.2)
        assert "does not answer" in str(missing_model("me/tiny"))


def test_a_hub_that_does_not_answer_is_not_asked_again_and_again(online: pytest.MonkeyPatch) -> None:
    with Hub({}) as hub:
        online.setattr(constants, "ENDPOINT", hub.url)
        with asked() as why:
            assert why is None and not constants.is_offline_mode()
    with socket.create_server(("127.0.0.1", 0)) as closed:  # nothing listens there from here on
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    online.setattr(constants, "ENDPOINT", address)
    with asked() as why:
        assert why is not None and "does not answer" in why
        assert constants.is_offline_mode()
    assert not constants.is_offline_mode()
    with pytest.raises(UserError, match=r"hub: http\S+ does not answer .* its cache here has no such model"):
        load_tokenizer("me/tiny")


def test_what_looks_like_a_path_is_no_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs/a").mkdir(parents=True)
    assert all(map(looks_local, ("./a", "/a", "~/a", "runs/a/checkpoints", "runs", "runs/a")))
    assert not any(map(looks_local, ("gpt2", "runs/b", "Qwen/Qwen2.5-0.5B-Instruct")))
