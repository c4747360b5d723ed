"""What holds for every test: no network, and no failure for being slow on a loaded machine."""

from __future__ import annotations

import os
import tempfile

from hypothesis import HealthCheck, settings

# Before anything imports huggingface_hub, which reads them once: a test that reaches for the hub fails at once.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
os.environ["RLVR_CACHE"] = tempfile.mkdtemp(prefix="rlvr_cache_")  # cleaned sets of this session only
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# Fixed examples, so that a red run can be repeated; no deadline, because CI machines stall.
settings.register_profile("rlvr", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rlvr")
