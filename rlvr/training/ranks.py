"""The processes that train together: who is who, and the few things that they tell each other.

One process alone is `Ranks()`, for which nothing is exchanged. Everything that one rank decides for all (a name that is
taken, a stop signal, the best so far) goes through here, so that none goes on where another has stopped.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from rlvr.errors import LostRanks, UserError

if TYPE_CHECKING:
    from torch import Tensor

    from rlvr.schema import LaunchSection

T = TypeVar("T")

#: What Slurm calls the three numbers that `torchrun` and `deepspeed` put into RANK, WORLD_SIZE and LOCAL_RANK.
_SLURM = {"RANK": "SLURM_PROCID", "WORLD_SIZE": "SLURM_NTASKS", "LOCAL_RANK": "SLURM_LOCALID"}


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among `count` that train together: number `rank`, and number `local` on its host."""

    rank: int = 0
    count: int = 1
    local: int = 0

    @property
    def alone(self) -> bool:
        return self.count == 1

    @property
    def first(self) -> bool:
        """Whether this rank speaks for all: it alone writes and displays."""
        return self.rank == 0

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """This rank's part of `items`, which all ranks have: neighbours, as many for each rank as can be."""
        return items[len(items) * self.rank // self.count : len(items) * (self.rank + 1) // self.count]

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all ranks of tensors of one shape, the same bits on each."""
        if self.alone:
            return values
        total = values.detach().clone()
        _distributed().all_reduce(total)
        return total

    def sum_in_place(self, tensors: Sequence[Tensor]) -> None:
        """Replaces each tensor by its sum over the ranks."""
        if not self.alone:
            for tensor in tensors:
                _distributed().all_reduce(tensor)

    def most(self, number: float) -> float:
        """The largest number that a rank has."""
        return number if self.alone else max(self.all(number))

    def all(self, value: T) -> list[T]:
        """What each rank has, in their order, on every rank."""
        if self.alone:
            return [value]
        found: list[Any] = [None] * self.count
        _distributed().all_gather_object(found, value)
        return found

    def gathered(self, value: T) -> list[T]:
        """What each rank has, in their order, on the first rank; nothing on the others."""
        if self.alone:
            return [value]
        found: list[Any] | None = [None] * self.count if self.first else None
        _distributed().gather_object(value, found)
        return found or []

    def told(self, value: T) -> T:
        """What the first rank has, on every rank."""
        if self.alone:
            return value
        box = [value]
        _distributed().broadcast_object_list(box)
        return box[0]

    def first_does(self, action: Callable[[], T]) -> T:
        """What `action` returns on the first rank, which alone runs it; a user's mistake there is one everywhere."""
        outcome: tuple[T | None, Exception | None] = (None, None)
        if self.first:
            try:
                outcome = (action(), None)
            except (UserError, OSError) as error:
                if self.alone:
                    raise
                outcome = (None, error)
        value, problem = self.told(outcome)
        if problem is not None:
            raise problem
        return value  # type: ignore[return-value]  # the action's own result

    def wait(self) -> None:
        """Until all ranks are here."""
        if not self.alone:
            _distributed().barrier()


def _distributed() -> Any:
    import torch.distributed  # slow, and not needed by who is alone

    return torch.distributed


ALONE = Ranks()


def placed_by(environment: Mapping[str, str]) -> Ranks:
    """Who this process is, by what a launcher (deepspeed, torchrun, srun) put into its environment."""
    values = {name: environment.get(name) or environment.get(slurm) for name, slurm in _SLURM.items()}
    # `srun` of one task sets its variables also for what is no parallel job.
    if values["WORLD_SIZE"] in (None, "1"):
        return ALONE
    return Ranks(int(values["RANK"] or 0), int(values["WORLD_SIZE"] or 1), int(values["LOCAL_RANK"] or 0))


def _not_met(why: str, timeout: float) -> str:
    host, port = os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"]
    if "EADDRINUSE" in why:
        return (
            f"the ranks cannot meet at port {port} of {host}: it is in use, perhaps by another run. Give another one: "
            "launch.port=29501, or --master_port 29501 to deepspeed or torchrun."
        )
    return (
        f"the ranks did not meet at port {port} of {host} within launch.timeout={timeout:g} s: {why.rstrip('.')}. See "
        "whether all of them were started and none has ended, and whether that address is reached from every host."
    )


@contextmanager
def joined(launch: LaunchSection, *, zero: bool) -> Iterator[Ranks]:
    """The ranks of this run, which can talk to each other within the block; `zero` where DeepSpeed must, even alone.

    Each wait for the others ends after `launch.timeout` seconds with an error that names the operation. A block within
    another one has the same ranks: DeepSpeed can be told of them once a process.
    """
    ranks = placed_by(os.environ)
    if ranks.alone and not zero:
        yield ranks
        return
    import torch

    if torch.distributed.is_initialized():
        yield ranks
        return
    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.set_device(ranks.local)
    meeting: dict[str, Any] = {"store": torch.distributed.HashStore()} if ranks.alone else {}
    os.environ.setdefault("LOCAL_RANK", str(ranks.local))  # which DeepSpeed reads
    os.environ.setdefault("MASTER_ADDR", os.environ.get("SLURM_LAUNCH_NODE_IPADDR", "127.0.0.1"))
    os.environ.setdefault("MASTER_PORT", str(launch.port or 29500))
    try:
        torch.distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if gpu else "gloo",
            rank=ranks.rank,
            world_size=ranks.count,
            timeout=timedelta(seconds=launch.timeout),
            **meeting,
        )
    except torch.distributed.DistError as error:
        raise UserError(_not_met(str(error).splitlines()[0], launch.timeout)) from error
    try:
        yield ranks
    except RuntimeError as error:
        # Gloo's errors have no class of their own. Which rank it was, the launcher says.
        if not isinstance(error, torch.distributed.DistError) and "gloo" not in str(error):
            raise
        why = re.sub(r"^\[\S+\] ", "", str(error)).splitlines()[0].partition(". ")[0]  # without gloo's file and advice
        raise LostRanks(
            f"the other ranks are gone, or did not come within launch.timeout={launch.timeout:g} s "
            f"({why}). The first one that ended says why, here or in its host's log; exit code -9 is often the "
            "kernel's, for want of memory. --resume goes on from the newest checkpoint."
        ) from error
    # Only at a good end: after an error the others may never come, and a wait for them would hide it. An engine such
    # as vLLM takes the group down with it.
    if torch.distributed.is_initialized():
        ranks.wait()
        torch.distributed.destroy_process_group()
