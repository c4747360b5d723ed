"""What a sandbox takes and gives: jobs, limits, results, and the protocols of a sandbox and a running program.

A `Job` is a program and its limits; a `Result` says how it ended. A fault of the sandbox itself is
told apart from anything that the program did. `start` gives access to running programs: the trusted
side exchanges messages with each, and relays between several. Nothing here says which language
the program is in or where it runs, so that a remote service can stand behind the same protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, get_args

Profile: TypeAlias = Literal["full", "landlock", "unsafe"]
LimitName: TypeAlias = Literal["wall", "cpu", "memory", "disk", "output", "tasks"]

PROFILES: tuple[Profile, ...] = get_args(Profile)  # strongest first; `unsafe` isolates nothing
#: In the sandboxed process: standard input, output, error, and (where `Job.channel` asks for it) the message channel.
CHANNEL_FD = 3
#: A message on the channel is its length, four bytes big endian, and then its bytes; longer ones end the run.
MAX_MESSAGE_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use. `wall_seconds` is enforced to some milliseconds, `disk_mb` is the size of the
    private directory, `output_kb` bounds stdout and stderr each, `memory_mb` comes on top of what the
    interpreter takes, `tasks` counts threads and processes together. Only with `may_fork` may it start
    processes: then `memory_mb` holds for each, and of the CPU time only the first one's is counted exactly."""

    wall_seconds: float = 10.0
    cpu_seconds: float = 10.0
    memory_mb: int = 512
    disk_mb: int = 16
    output_kb: int = 1024
    tasks: int = 32
    open_files: int = 64
    may_fork: bool = False

    def __post_init__(self) -> None:
        bad = [name for name in self.__dataclass_fields__ if name != "may_fork" and not getattr(self, name) > 0]
        if bad:
            raise ValueError(f"limits must be positive: {', '.join(f'{n}={getattr(self, n)!r}' for n in bad)}")


@dataclass(frozen=True, slots=True)
class Job:
    """A program to run: its source, what it reads, and its limits.

    `files` are written into the private directory, which is also the working directory, before the
    program starts. With `channel` the program holds a duplex message channel to the trusted side.
    """

    program: bytes
    stdin: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)
    channel: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended.

    `exit_status` is the exit code, negative for a signal, None where the run was ended for a limit or
    a fault; it is the program's own claim and proves nothing. `limit` names the limit that was hit.
    `fault` is empty unless the sandbox itself failed: then nothing is known about the program.
    `stdout` and `stderr` are cut at the output limit.
    """

    stdout: bytes = b""
    stderr: bytes = b""
    exit_status: int | None = None
    limit: LimitName | None = None
    fault: str = ""
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0

    @property
    def finished(self) -> bool:
        """Whether the program ran to an end of its own, whichever that was."""
        return not self.fault and self.limit is None


class Run(Protocol):
    """One program that is running. One thread uses it; `finish` or `kill` must be called once in the end."""

    def send(self, message: bytes) -> bool:
        """Sends a message over the channel; False where the program is gone or does not read it within its limits."""
        ...

    def receive(self, timeout_seconds: float | None = None) -> bytes | None:
        """The program's next message; None where it ended, broke the framing or sent none in time (by default: until
        its wall limit)."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the program has ended. Messages that it sent before may still be received."""
        ...

    def finish(self) -> Result:
        """Waits for the end, which the wall limit bounds, and says how it ended. Its channel is closed first."""
        ...

    def kill(self) -> Result:
        """Ends the program now (a no-op where it has ended) and says how it ended."""
        ...


class Sandbox(Protocol):
    """Runs programs in isolation. Usable from any thread; `close` ends what still runs."""

    @property
    def description(self) -> str:
        """One line for reports: which isolation is in force."""
        ...

    def run(self, job: Job) -> Result:
        """Runs one program to its end."""
        ...

    def start(self, jobs: Sequence[Job]) -> list[Run]:
        """Starts programs that run at the same time, all or (raising SandboxBusy) none of them. Each has its own
        sandbox. Waits until enough slots are free."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Sandbox: ...

    def __exit__(self, *exception: object) -> None: ...


class SandboxBusy(Exception):
    """No slot became free in time."""
