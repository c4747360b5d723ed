"""Messages between the trusted side and running programs."""

from __future__ import annotations

import signal
import sys
import time

import pytest

from rlvr.rewards.sandbox import MAX_MESSAGE_BYTES, Job, Limits, Sandbox
from tests.rewards.sandbox.programs import ECHO

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


def test_messages_both_ways(sandbox: Sandbox) -> None:
    first, second = sandbox.start([Job(ECHO, channel=True), Job(ECHO, channel=True)])
    for message in (b"", b"abc", bytes(range(256)), b"xy" * 500_000):
        assert first.send(message)
        turned = first.receive()
        assert turned == message[::-1] and second.send(turned) and second.receive() == message
    assert not first.ended and first.receive(0.05) is None
    assert first.finish().exit_status == 7  # it saw the end of the channel
    assert second.kill().exit_status == -signal.SIGKILL
    assert first.ended and first.finish() == first.finish()
    assert not first.send(b"late") and first.receive() is None


def test_messages_sent_before_the_end_arrive(sandbox: Sandbox) -> None:
    job = Job(b"import os\nos.write(3, b'\\0\\0\\0\\2ok\\0\\0\\0\\1!\\0\\0\\0\\9cut')", channel=True)
    run = sandbox.start([job])[0]
    while not run.ended:
        time.sleep(0.001)
    assert [run.receive(), run.receive(), run.receive()] == [b"ok", b"!", None]
    assert run.finish().exit_status == 0


def test_a_message_of_impossible_length_ends_the_run(sandbox: Sandbox) -> None:
    job = Job(b"import os, time\nos.write(3, b'\\xff\\xff\\xff\\xff')\ntime.sleep(99)", channel=True)
    run = sandbox.start([job])[0]
    assert run.receive() is None
    assert run.finish().limit == "output"
    plain = sandbox.start([Job(b"")])[0]
    with pytest.raises(ValueError, match="channel"):
        plain.send(b"x")
    plain.finish()
    channel = sandbox.start([Job(ECHO, channel=True)])[0]
    with pytest.raises(ValueError, match="too long"):
        channel.send(bytes(MAX_MESSAGE_BYTES + 1))
    channel.kill()


def test_a_program_that_does_not_read_cannot_block_the_trusted_side(sandbox: Sandbox) -> None:
    run = sandbox.start([Job(b"import time; time.sleep(99)", channel=True, limits=Limits(wall_seconds=0.3))])[0]
    began = time.monotonic()
    assert not run.send(bytes(4 << 20))
    assert run.finish().limit == "wall" and time.monotonic() - began < 30
