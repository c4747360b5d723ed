"""Completions from a vLLM server on other devices or hosts, which gets the policy's weights by its own interface.

The server must listen where only the trainer reaches it, since its interface for development changes weights:

    VLLM_SERVER_DEV_MODE=1 vllm serve MODEL --logprobs-mode processed_logprobs --generation-config vllm

Weights travel through a folder that both sides see (`engine.weight_transfer: folder`), or over NCCL from the first rank
to every GPU of the server, which then also needs `--weight-transfer-config '{"backend": "nccl"}'`. Each push
has a version that the server gives back, so that one that was restarted, or was pushed to by another run, is noticed.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rlvr.core import Completion, Prompt, Sampling
from rlvr.errors import UserError
from rlvr.rollout import chat
from rlvr.rollout.throughput import Throughput
from rlvr.rollout.vllm_http import Server
from rlvr.rollout.vllm_requests import Answer, Request, asked, completion_of, probe_request, vllm_weights
from rlvr.rollout.weight_transfer import FolderTransfer, NCCLTransfer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from rlvr.schema import EngineSection

#: Pauses in seconds before a request is tried again that the connection or the server failed.
_PAUSES = (0.5, 2.0)


class VLLMServerEngine:
    """Samples with the vLLM server at `engine.url`; `path` is the checkpoint that the trainer starts from."""

    def __init__(
        self,
        path: str,
        tokenizer: PreTrainedTokenizerBase,
        options: EngineSection,
        *,
        revision: str | None = None,
    ) -> None:
        assert options.url is not None, "the rules ask for engine.url"
        self.tokenizer, self.version = tokenizer, 0
        self.stop_ids = chat.stop_token_ids(tokenizer, chat.eos_of_checkpoint(path, revision))
        self.tied = chat.tied_embeddings(path, revision)
        self.server = Server(options.url, options.timeout, options.batch_size)
        self.server.wait()
        served = self.server.call("GET", "/v1/models", "asking for its model")["data"][0]
        self.model, self.context = str(served["id"]), int(served["max_model_len"])
        self.pool = ThreadPoolExecutor(options.batch_size, thread_name_prefix="vllm-request")
        self.run = _told_by_first(uuid.uuid4().hex[:8])
        self.pushed: str | None = None
        self.transfer = NCCLTransfer(self.server) if options.weight_transfer == "nccl" else FolderTransfer(
            self.server, options.weights_dir, self.run
        )  # fmt: skip
        self.throughput = Throughput()

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0) -> list[list[Completion]]:
        """Completions in the order of the prompts. A prompt that fills the context gets `aborted` ones.

        So does a request that failed three times; where most of them do, or the server has other weights than the
        last that were pushed, `UserError` says why.
        """
        with self.throughput.timed():
            wanted = asked(prompts, sampling, iteration, self.tokenizer, self.stop_ids, self.context)
            answers = self._answers(wanted.requests)
            self._check_version()
        self.throughput.tokens += sum(len(answer.token_ids) for answer in answers)
        return wanted.completions(answers, self.tokenizer, self.stop_ids, self.version)

    def load_policy(self, weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        """Pushes new weights: the first rank sends what all ranks gather. Requests under way end with the old ones."""
        pushed = f"{self.run}:{version}"
        pairs = vllm_weights(weights, self.tied)
        if _rank() == 0:
            self._push(pairs, pushed)
        else:
            for _ in pairs:
                pass
        _told_by_first(pushed)  # nobody asks before the server has them
        self.version, self.pushed = version, pushed

    def _push(self, weights: Iterator[tuple[str, Tensor]], version: str) -> None:
        self.transfer.gather(weights, version)
        self.server.call("POST", "/pause?mode=wait", "it finishes the requests under way")
        self.transfer.load(weights)
        self.server.call("POST", "/reset_prefix_cache", "it forgets what it computed with the old weights")
        self.server.post("/update_weight_version", "it notes the version of its weights", new_version=version)
        self.server.call("POST", "/resume", "it goes on")

    def probe(self, temperature: float) -> Completion:
        """The server's continuation of a fixed prompt, whose log-probs the trainer compares with its own."""
        request = probe_request(self.tokenizer, temperature)
        return completion_of(self._answers([request])[0], request.token_ids, self.tokenizer, (), self.version)

    def metrics(self) -> Mapping[str, float]:
        return self.throughput.metrics()

    def close(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.transfer.close()
        self.server.http.close()

    def _check_version(self) -> None:
        """Stops a run whose server has other weights than it was given."""
        if self.pushed is None:
            return
        has = self.server.call("GET", "/weight_info", "asking for the version of its weights")["weight_version"]
        if has != self.pushed:
            raise UserError(
                f"the vLLM server at {self.server.url} has the weights {has!r}, not {self.pushed!r} of this run: it "
                "was restarted, or another run pushes to it. Give each run a server of its own, then --resume."
            )

    def _answers(self, requests: Sequence[Request]) -> list[Answer]:
        failures: list[str] = []
        answers = list(self.pool.map(lambda request: self._answer(request, failures), requests))
        self.throughput.failed += len(failures)
        if len(failures) > len(requests) / 2:
            raise UserError(
                f"{len(failures)} of {len(requests)} requests to the vLLM server at {self.server.url} failed, each "
                f"{len(_PAUSES) + 1} times; the first: {failures[0]}. Look at its log; the run can be resumed."
            )
        return answers

    def _answer(self, request: Request, failures: list[str]) -> Answer:
        """One completion; an aborted one, and a line in `failures`, where every try fails."""
        body = {"model": self.model, "prompt": list(request.token_ids), "return_token_ids": True, **request.parameters}
        for pause in (*_PAUSES, None):
            try:
                return _read(self.server.post("/v1/completions", "sampling", **body))
            except (UserError, LookupError, TypeError, ValueError) as error:  # or an answer of another form
                if pause is None:
                    failures.append(f"{type(error).__name__}: {error}")
                    return Answer()
                time.sleep(pause)
        raise AssertionError("the last try returns")


def _read(answer: Mapping[str, Any]) -> Answer:
    choice = answer["choices"][0]
    ids, logprobs = tuple(choice["token_ids"]), tuple(choice["logprobs"]["token_logprobs"])
    if len(ids) != len(logprobs) or choice["finish_reason"] not in ("stop", "length"):
        raise ValueError(f"{len(ids)} tokens, {len(logprobs)} log-probs, finished by {choice['finish_reason']!r}")
    return Answer(ids, logprobs, choice["finish_reason"])


def _rank() -> int:
    return torch.distributed.get_rank() if torch.distributed.is_initialized() else 0


def _told_by_first(value: str) -> str:
    """What the first rank has, on every rank."""
    if not torch.distributed.is_initialized() or torch.distributed.get_world_size() == 1:
        return value
    box = [value]
    torch.distributed.broadcast_object_list(box)
    return box[0]
