"""Two ways of the policy's weights to a vLLM server: files in a folder that both sides see, or NCCL."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from torch import Tensor

from rlvr.errors import UserError

if TYPE_CHECKING:
    from rlvr.rollout.vllm_http import Server

#: Bytes of weights that are written, or sent, at a time: what the transfer costs in memory.
CHUNK = 1 << 30

Weights = Iterator[tuple[str, Tensor]]


class Transfer(Protocol):
    """`gather` takes what it can while the server still samples; `load`, on a server that has paused, the rest."""

    def gather(self, weights: Weights, version: str) -> None: ...

    def load(self, weights: Weights) -> None: ...

    def close(self) -> None: ...


class FolderTransfer:
    """Writes safetensors files into a folder, which the server reads and which then is deleted."""

    def __init__(self, server: Server, folder: str | None, run: str) -> None:
        self.server = server
        self.own = None if folder else tempfile.TemporaryDirectory(prefix="rlvr-weights-")
        self.folder = Path(folder or self.own.name).expanduser().resolve() / f"weights-{run}"  # type: ignore[union-attr]

    def gather(self, weights: Weights, version: str) -> None:
        from safetensors.torch import save_file

        try:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            for number, chunk in enumerate(chunks(weights)):
                tensors = {name: tensor.contiguous().cpu() for name, tensor in chunk}
                save_file(tensors, self.folder / f"{number:05d}.safetensors")
        except OSError as error:
            raise UserError(
                f"the weights of version {version} cannot be written to {self.folder}: {error}. Make room there, or "
                "name another folder that both sides see with engine.weights_dir; the run can be resumed."
            ) from error

    def load(self, weights: Weights) -> None:
        path = {"weights_path": str(self.folder)}
        self.server.post("/collective_rpc", "it loads new weights", method="reload_weights", kwargs=path)
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.own is not None:
            self.own.cleanup()


class NCCLTransfer:
    """Broadcasts from this GPU to all of the server's by vLLM's own weight transfer, a chunk at a time.

    Not yet run: it needs a GPU on both sides. Its calls follow vllm 0.32's HTTP interface for training.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sender: Any = None

    def gather(self, weights: Weights, version: str) -> None:
        """Nothing is taken ahead: the weights go from GPU to GPU while the server pauses."""
        if self.sender is None:
            from rlvr.rollout.vllm_engine import nccl_sender

            found = self.server.call("GET", "/get_world_size", "asking how many GPUs it has")
            address, port = address_towards(self.server.url), free_port()
            self.sender = nccl_sender(self, address, port, 1 + int(found["world_size"]))

    def load(self, weights: Weights) -> None:
        from rlvr.rollout.vllm_engine import chunk_source

        self.server.post("/start_weight_update", "it prepares for new weights")
        for chunk in chunks(weights):
            self.sender.source = chunk_source(chunk)
            self.sender.send_weights()
        self.server.post("/finish_weight_update", "it takes new weights into use")

    def close(self) -> None:
        if self.sender is not None:
            self.sender.shutdown()

    # What vLLM's sender asks of the server. A chunk is a whole update to it, so the frame around it is `load`'s.

    def init_weight_transfer_engine(self, init_info: dict[str, Any]) -> None:
        self.server.post("/init_weight_transfer_engine", "it joins the NCCL group", init_info=init_info)

    def start_weight_update(self) -> None: ...

    def update_weights(self, update_info: Any) -> None:
        self.server.post("/update_weights", "it receives weights over NCCL", update_info=update_info)

    def finish_weight_update(self, weight_version: str | None = None) -> None: ...


def chunks(weights: Weights) -> Iterator[list[tuple[str, Tensor]]]:
    """The weights in lists of at least `CHUNK` bytes, but the last."""
    held: list[tuple[str, Tensor]] = []
    size = 0
    for name, tensor in weights:
        held.append((name, tensor))
        size += tensor.nbytes
        if size >= CHUNK:
            yield held
            held, size = [], 0
    if held:
        yield held


def address_towards(url: str) -> str:
    """This host's address as the server sees it."""
    parts = urlsplit(url)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:  # no packet is sent
        probe.connect((parts.hostname, parts.port or 80))
        return str(probe.getsockname()[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])
