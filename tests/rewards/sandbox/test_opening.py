"""Opening a sandbox: which profile, which interpreter, and the probes that prove it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from rlvr.errors import UnknownName, UserError
from rlvr.rewards.sandbox import Job, Sandbox, launch, open_sandbox
from rlvr.rewards.sandbox.probes import probe
from tests.rewards.sandbox.profiles import opened

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


def test_unsafe_is_only_ever_explicit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch.shutil, "which", lambda name: None)
    monkeypatch.setattr(launch.seccomp, "supported", lambda: False)
    with pytest.raises(UserError, match=r"cannot be isolated here.*bubblewrap.*seccomp filter.*unsafe"):
        open_sandbox()
    with open_sandbox("unsafe", slots=1) as unsafe:
        assert "NOT isolated" in unsafe.description
        assert unsafe.run(Job(b"import os; print(os.path.exists('/etc/passwd'))")).stdout == b"True\n"
    with pytest.raises(UnknownName, match=r"landlok.*did you mean 'landlock'"):
        open_sandbox("landlok")


def test_a_wall_that_does_not_stand_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probes fail where a layer is missing, and the profile is refused."""
    opened("landlock", slots=1).close()
    whole = launch.settings

    def without_filter(plan: launch.Plan, work: str) -> dict[str, Any]:
        return {**whole(plan, work), "filters": []}

    def without_landlock(plan: launch.Plan, work: str) -> dict[str, Any]:
        return {**whole(plan, work), "landlock": False}

    monkeypatch.setattr(launch, "settings", without_filter)
    with pytest.raises(UserError, match=r"seccomp does not hold \(no sockets\)"):
        open_sandbox("landlock", slots=1)
    monkeypatch.setattr(launch, "settings", without_landlock)
    with pytest.raises(UserError, match="landlock does not hold"):
        open_sandbox("landlock", slots=1)


def test_every_probe_holds(sandbox: Sandbox) -> None:
    findings = probe(sandbox)  # type: ignore[arg-type]
    assert len(findings) >= 12 and all(finding.holds for finding in findings)


def test_an_interpreter_that_nobody_may_read_is_replaced(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no Python interpreter can run in the sandbox: .*missing"):
        launch.make_plan("landlock", str(tmp_path / "missing"))
    if os.geteuid() != 0:
        pytest.skip("only root runs the sandbox as another user")
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    plan = launch.make_plan("landlock")
    (private / "python").write_bytes(Path(plan.interpreter).read_bytes())
    (private / "python").chmod(0o755)
    with pytest.raises(UserError, match="may not read it"):
        launch.make_plan("landlock", str(private / "python"))
