"""Each profile of the sandbox that this machine has, opened once a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rlvr.rewards.sandbox import Sandbox
from tests.rewards.sandbox.profiles import PROFILES, opened


@pytest.fixture(scope="module", params=PROFILES)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with opened(request.param, slots=2) as sandbox:
        yield sandbox
