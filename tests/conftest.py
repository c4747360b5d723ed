"""What holds for every test: no network, and no failure for being slow on a loaded machine."""

from __future__ import annotations

import os
import signal
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports huggingface_hub, which reads them once: a test that reaches for the hub fails at once.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
os.environ["RLVR_CACHE"] = tempfile.mkdtemp(prefix="rlvr_cache_")  # cleaned sets of this session only
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# What a test starts sums on one thread, as the test does: there is another test at work beside it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Fixed examples, so that a red run can be repeated; no deadline, because CI machines stall.
settings.register_profile("rlvr", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rlvr")

#: The files that take longest, the longest first. Begun last, one of them would keep the other workers waiting.
LONG = (
    "test_launch.py", "test_ranks.py", "test_resume.py", "test_quickstart.py", "test_async_runs.py",
    "test_invariance.py", "test_code_hacks.py", "test_methods.py", "test_runs.py", "test_verifier.py", "test_plan.py",
    "test_run.py", "test_docs_commands.py", "test_vllm_engine.py", "test_init.py", "test_vllm_server.py",
    "test_score.py", "test_scripted_suites.py", "test_decision_transformer.py", "test_vllm_ranks.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: position for position, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONG)))
