"""Opening the sandbox profiles that this machine has, for the suites that run under each of them."""

from __future__ import annotations

import os

import pytest

from rlvr.errors import UserError
from rlvr.rewards.sandbox import Sandbox, open_sandbox

#: `RLVR_TEST_SANDBOX=full` makes a profile that is missing here a failure and not a skipped test, and runs only that.
REQUIRED = os.environ.get("RLVR_TEST_SANDBOX", "")
PROFILES = REQUIRED.split(",") if REQUIRED else ["full", "landlock"]
#: For suites that run under one profile.
ISOLATION = PROFILES[0] if REQUIRED else "auto"


def opened(profile: str, slots: int = 2) -> Sandbox:
    """The profile, or a skipped test that says why it cannot be had here."""
    try:
        return open_sandbox(profile, slots=slots)
    except UserError as error:
        if REQUIRED:
            raise
        pytest.skip(str(error))
