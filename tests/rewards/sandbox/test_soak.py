"""A short version of `tests/bench/sandbox_soak.py`: every hostile program among plain ones, twice."""

from __future__ import annotations

import sys

import pytest

from tests.bench.sandbox_soak import HOSTILE, held, problems, soak
from tests.rewards.sandbox.profiles import PROFILES, opened


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
@pytest.mark.parametrize("profile", PROFILES)
def test_many_runs_leave_nothing_and_repeat(profile: str) -> None:
    with opened(profile, slots=1) as sandbox:
        soak(sandbox, 20)
        before = held(sandbox)
        servers = [slot._pid for slot in sandbox._slots]  # type: ignore[attr-defined]
        first, endings = soak(sandbox, 10 * len(HOSTILE), every=10)
        assert problems(before, held(sandbox)) == []
        assert servers == [slot._pid for slot in sandbox._slots]  # type: ignore[attr-defined]
        assert not any("FAULT" in ending for ending in endings) and endings["plain: status 0"] == 9 * len(HOSTILE)
        assert soak(sandbox, 10 * len(HOSTILE), every=10)[0] == first
