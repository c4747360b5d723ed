"""The engine `openai` against a real HTTP server on loopback: what it asks, what it makes of answers and failures."""

from __future__ import annotations

import itertools
import threading
import time
from typing import Any

import pytest

from rlvr.core import Prompt, Sampling, noise_key
from rlvr.errors import UserError
from rlvr.rollout import openai_client, openai_engine
from rlvr.rollout.openai_engine import OpenAIEngine
from rlvr.schema import EngineSection
from rlvr.training.models import load_tokenizer
from tests.chat_server import Answer, Server
from tests.tiny import checkpoint, prompt

pytest.importorskip("openai", reason="the extra openai is not installed")

SAMPLING = Sampling(temperature=0.7, top_p=0.9, max_tokens=16, group_size=2, seed=3)
PLAIN = [{"id": "served", "object": "model", "owned_by": "someone"}]
VLLM = [{"id": "served", "object": "model", "owned_by": "vllm", "max_model_len": 64}]


def engine_for(server: Server, **options: Any) -> OpenAIEngine:
    tokenizer = load_tokenizer(str(checkpoint())) if options.get("api") == "completions" else None
    section = EngineSection(name="openai", url=server.url, **{"batch_size": 4, "timeout": 5, **options})
    return OpenAIEngine(str(checkpoint()) if tokenizer else "any", tokenizer, section)


def reply(text: str, finish_reason: str = "stop", **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text}, **more}
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


def test_one_request_a_completion_with_its_own_seed() -> None:
    asked = [prompt("one"), prompt("two")]
    with Server(lambda question: (200, reply(f"about {question}")), PLAIN) as server:
        groups = engine_for(server).generate(asked, SAMPLING)
    assert [[c.text for c in g] for g in groups] == [["about one"] * 2, ["about two"] * 2]
    completion = groups[0][0]
    assert (completion.spans, completion.num_tokens, completion.finish_reason) == ((), 7, "stop")
    assert {r["path"] for r in server.asked} == {"/v1/chat/completions"}
    keys = {noise_key(3, 0, p.id, s) >> 33 for p in asked for s in (0, 1)}
    assert {r["seed"] for r in server.asked} == keys and len(keys) == 4 and max(keys) < 2**31
    sent = server.asked[0]
    settings = {"model": "served", "temperature": 0.7, "top_p": 0.9, "max_tokens": 16}
    assert {name: sent[name] for name in settings} == settings
    assert not {"stop", "top_k", "return_token_ids"} & sent.keys()  # nothing that only some servers know


def test_a_server_of_vllms_kind_gives_token_ids_and_is_told_everything() -> None:
    body = reply("hi", "length", token_ids=[7, 8, 9]) | {"prompt_token_ids": [1, 2]}
    with Server(lambda _: (200, body), VLLM) as server:
        ((completion, _),) = engine_for(server).generate([prompt("one")], SAMPLING)
    assert (completion.token_ids, completion.prompt_ids, completion.num_tokens) == ((7, 8, 9), (1, 2), 3)
    assert (completion.finish_reason, completion.mask) == ("length", (1, 1, 1))
    told = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0, "return_token_ids": True}
    assert {name: server.asked[0][name] for name in told} == told
    assert {r["seed"] for r in server.asked} == {noise_key(3, 0, "t/one", s) >> 1 for s in (0, 1)}


def test_reasoning_that_the_server_took_out_stands_before_the_answer_again() -> None:
    message = {"role": "assistant", "content": "4", "reasoning": "2+2"}
    with Server(lambda _: (200, reply("", message=message)), PLAIN) as server:
        assert engine_for(server).generate([prompt("x")], SAMPLING)[0][0].text == "<think>2+2</think>4"


def test_completions_send_the_prompt_as_this_sides_template_writes_it() -> None:
    stops = Sampling(max_tokens=500, stop=("###",))
    with Server(lambda _: (200, "so###and on"), PLAIN) as server:  # OpenAI's own leave the stop text out
        engine = engine_for(server, api="completions")
        assert engine.generate([prompt("one")], stops)[0][0].text == "so"
    assert server.asked[0]["path"] == "/v1/completions" and server.asked[0]["stop"] == ["###"]
    assert server.asked[0]["prompt"] == "<|user|>one<|assistant|>" and server.asked[0]["max_tokens"] == 500
    tokenizer = load_tokenizer(str(checkpoint()))
    ids = tokenizer("so", add_special_tokens=False)["input_ids"]
    answer = {"index": 0, "finish_reason": "stop", "text": "?", "token_ids": [*ids, tokenizer.eos_token_id]}
    with Server(lambda _: (200, reply("") | {"choices": [answer]}), VLLM) as server:
        ((completion,),) = engine_for(server, api="completions").generate([prompt("one")], stops)
    wanted = tokenizer("<|user|>one<|assistant|>", add_special_tokens=False)["input_ids"]
    assert server.asked[0]["prompt"] == wanted and server.asked[0]["max_tokens"] == 64 - len(wanted)
    assert server.asked[0]["stop_token_ids"] == [tokenizer.eos_token_id]
    assert completion.text == "so"  # decoded here, as the other engines do


def faulty(*first: tuple[int, Any]) -> Answer:
    """Answers that are given one after the other, and then a good one for ever."""
    turns, lock = iter(first), threading.Lock()

    def answer(_: Any) -> tuple[int, Any]:
        with lock:
            return next(turns, (200, reply("good")))

    return answer


def test_what_may_pass_is_tried_again_with_pauses() -> None:
    with Server(faulty((503, {"error": "loading"}), (429, {"error": "slow down"})), PLAIN) as server:
        ((completion,),) = engine_for(server).generate([prompt("x")], Sampling())
    assert (completion.text, len(server.asked)) == ("good", 3)


@pytest.mark.parametrize(
    ("refusal", "then"),
    [
        ("maximum context length is 64 tokens", {}),
        ("use 'max_completion_tokens' instead", {"max_completion_tokens": 512}),
    ],
)
def test_a_refused_limit_is_left_out_or_renamed(refusal: str, then: dict[str, Any]) -> None:
    with Server(faulty((400, {"error": {"message": refusal}})), PLAIN) as server:
        ((completion,),) = engine_for(server).generate([prompt("x")], Sampling())
    assert completion.text == "good" and "max_tokens" in server.asked[0]
    assert {key: value for key, value in server.asked[1].items() if key.startswith("max_")} == then


def test_failures_are_aborted_completions_until_they_are_most() -> None:
    def answer(question: Any) -> tuple[int, Any]:
        bad = {
            "bad": (400, {"error": "no"}),
            "form": (200, {"choices": []}),
            "filter": (200, reply("", "content_filter")),
        }
        return bad.get(question, (200, reply("good")))

    names = ["a", "b", "c", "bad", "form", "filter", "d"]
    with Server(answer, PLAIN) as server:
        engine = engine_for(server)
        groups = engine.generate([prompt(n) for n in names], Sampling())
        assert [g[0].finish_reason == "aborted" for g in groups] == [n in ("bad", "form", "filter") for n in names]
        assert engine.metrics()["rollout/failed_requests"] == 3
        with pytest.raises(UserError, match=r"2 of 3 requests to the server at http.* failed; .*--resume"):
            engine.generate([prompt("bad"), prompt("bad", name="again"), prompt("a")], Sampling())


def test_requests_are_bounded_and_every_wait_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    busy, most, lock = itertools.count(), [0], threading.Lock()
    open_now = [0]

    def answer(_: Any) -> tuple[int, Any]:
        with lock:
            next(busy)
            open_now[0] += 1
            most[0] = max(most[0], open_now[0])
        time.sleep(0.02)
        with lock:
            open_now[0] -= 1
        return 200, reply("x")

    with Server(answer, PLAIN) as server:
        engine_for(server, batch_size=3).generate([prompt(str(i)) for i in range(12)], Sampling())
    assert next(busy) == 12 and 1 < most[0] <= 3

    monkeypatch.setattr(openai_engine, "_RETRIES", 0)
    monkeypatch.setattr(openai_client, "_PAUSES", 0.0)
    release = threading.Event()
    with Server(lambda _: (release.wait(20), (200, reply("late")))[1], PLAIN) as server:
        engine = engine_for(server, timeout=0.3)
        began = time.monotonic()
        with pytest.raises(UserError, match=r"1 of 1 requests .* failed"):
            engine.generate([prompt("x")], Sampling())
        assert time.monotonic() - began < 10
        release.set()


def test_the_servers_model_is_found_or_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    two = [*PLAIN, {"id": "anybody", "object": "model", "owned_by": "x"}]
    with Server(lambda _: (200, reply("x")), two) as server, pytest.raises(UserError, match="serves no model 'any'"):
        engine_for(server)
    with Server(lambda _: (200, reply("x"))) as server:  # it has no list
        assert engine_for(server).model == "any"
    monkeypatch.setattr(openai_engine, "_RETRIES", 0)
    section = EngineSection(name="openai", url="http://127.0.0.1:9/v1", timeout=1)
    with pytest.raises(UserError, match=r"no OpenAI-compatible server answered at engine.url=http://127.0.0.1:9/v1"):
        OpenAIEngine("m", None, section)


def test_it_cannot_be_trained(tmp_path: Any) -> None:
    from rlvr.config import load_recipe
    from rlvr.run import train_recipe
    from tests.tiny import recipe

    with pytest.raises(UserError, match=r"engine.name=openai evaluates what a server serves"):
        train_recipe(load_recipe(recipe(tmp_path / "r", engine={"name": "openai", "url": "http://127.0.0.1:9/v1"})))
    assert not (tmp_path / "r").exists()


def test_closed_it_leaves_no_connection_and_no_loop() -> None:
    with Server(lambda _: (200, reply("x")), PLAIN) as server:
        engine = engine_for(server)
        engine.generate([prompt("x")], SAMPLING)
        engine.close()
        engine.close()
        assert engine.client.http.is_closed()
        deadline = time.monotonic() + 60
        while engine.client._loop.is_running() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not engine.client._loop.is_running()


def test_a_begun_answer_is_continued() -> None:
    begun = Prompt("p", ({"role": "user", "content": "x"}, {"role": "assistant", "content": "return=1\n"}), "2")
    with Server(lambda _: (200, reply("y")), VLLM) as server:
        engine_for(server).generate([begun], Sampling())
    assert server.asked[0]["continue_final_message"] is True and server.asked[0]["add_generation_prompt"] is False
