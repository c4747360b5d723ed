"""What other harnesses stumble over, beside test_scripted_suites: columns, sampling, conditions, stop texts."""

from __future__ import annotations

import itertools
import json
import shutil
import statistics
from pathlib import Path
from typing import Any

import pytest

from rlvr.core import Prompt
from rlvr.eval import evaluate_suite, notes, suite_for
from rlvr.eval.comparing import Evaluation, compare_evaluations
from rlvr.evaluation import conditions_of, evaluate_model
from rlvr.evaluation_settings import eval_recipe
from rlvr.rollout import chat
from rlvr.rollout.hf_engine import HFEngine
from rlvr.rollout.openai_engine import OpenAIEngine
from rlvr.rollout.scripted_engine import ScriptedEngine
from rlvr.schema import EngineSection
from rlvr.training.models import load_model, load_tokenizer
from tests.chat_server import Server
from tests.eval.engine_traps import InlineJudge, check_one_sampling, check_stop_texts, rows
from tests.tiny import checkpoint

# Several samples a problem: their average, and any of them


def test_every_column_counts_and_pass_at_k_is_over_all_choices_without_replacement() -> None:
    """Problem i has i % 5 right ones of 4, at places that move: against all choices of k, one by one."""
    problems = suite_for("chain").load(limit=25)
    number = {prompt.id: i for i, prompt in enumerate(problems.prompts)}

    def right(i: int, sample: int) -> bool:
        return (sample + i // 5) % 4 < i % 5

    def answer(prompt: Prompt, sample: int) -> str:
        return rf"\boxed{{{prompt.answer if right(number[prompt.id], sample) else 'none'}}}"

    result = evaluate_suite("chain", ScriptedEngine(answer), InlineJudge(), samples=4, problems=problems)
    table = [[right(i, sample) for sample in range(4)] for i in range(25)]
    first_column = statistics.fmean(row[0] for row in table)
    assert result.accuracy == pytest.approx(0.5) and first_column == pytest.approx(0.56)
    for k in (1, 2, 4):
        chosen = [[any(c) for c in itertools.combinations(row, k)] for row in table]
        assert result.pass_at_k[k] == pytest.approx(statistics.fmean(statistics.fmean(c) for c in chosen)), k
    bootstrap = statistics.fmean(1 - (1 - sum(row) / 4) ** 4 for row in table)
    assert result.pass_at_k[4] == 0.8 and bootstrap == 0.7234375  # which never says "any of them"


# One sampling: no second switch beside the temperature


@pytest.fixture(scope="module")
def greedy_by_config(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint whose generation config says `do_sample: false` beside a temperature."""
    folder = tmp_path_factory.mktemp("model") / "greedy"
    shutil.copytree(checkpoint(True, scale=6.0), folder)
    settings = json.loads((folder / "generation_config.json").read_text())
    config = {**settings, "do_sample": False, "temperature": 0.7, "top_k": 1, "num_beams": 4}
    (folder / "generation_config.json").write_text(json.dumps(config))
    return str(folder)


def test_transformers_samples_by_the_temperature_alone(greedy_by_config: str, tmp_path: Path) -> None:
    check_one_sampling(HFEngine(load_model(greedy_by_config), load_tokenizer(greedy_by_config)), tmp_path)


def test_a_server_is_asked_for_the_same_sampling_and_for_noise_of_its_own_each_time(tmp_path: Path) -> None:
    pytest.importorskip("openai", reason="the extra openai is not installed")
    with Server(lambda question: (200, "so")) as server:
        engine = OpenAIEngine("m", None, EngineSection(name="openai", url=server.url, batch_size=4, timeout=60))
        settings = {"temperature": 0.7, "top_p": 1.0, "max_tokens": 24}
        evaluate_suite("chain", engine, InlineJudge(), samples=10, limit=3, sampling=settings)
    sent = [{key: value for key, value in asked.items() if key in settings} for asked in server.asked]
    assert sent == [settings] * 30 and len({asked["seed"] for asked in server.asked}) == 30
    assert not any("do_sample" in asked or "n" in asked or "best_of" in asked for asked in server.asked)


# Stop texts: few-shot prompts of base models need them


def test_transformers_cuts_stop_texts_off(tmp_path: Path) -> None:
    path = str(checkpoint(True, scale=6.0))
    check_stop_texts(HFEngine(load_model(path), load_tokenizer(path, "plain")), tmp_path)


def test_any_server_is_given_the_stop_texts_and_its_text_may_have_them_or_not(tmp_path: Path) -> None:
    pytest.importorskip("openai", reason="the extra openai is not installed")
    texts = iter(["4", "4\n\nQuestion: 3+3?\nAnswer: 6"])  # as OpenAI's answer; and one that stops nowhere
    with Server(lambda question: (200, next(texts))) as server:
        engine = OpenAIEngine("m", None, EngineSection(name="openai", url=server.url, batch_size=1, timeout=60))
        stops = {"stop": ["Question:"], "temperature": 1.0}
        path = tmp_path / "r.jsonl"
        evaluate_suite("chain", engine, InlineJudge(), samples=2, limit=1, sampling=stops, record=path)
    assert [asked["stop"] for asked in server.asked] == [["Question:"]] * 2
    assert sorted(row["text"].strip() for row in rows(path)) == ["4", "4"]


@pytest.mark.parametrize(
    ("template", "stop", "warned"), [("plain", [], True), ("plain", ["\n\n"], False), (None, [], False)]
)
def test_a_base_model_that_nothing_stops_is_warned_of(template: str | None, stop: list[str], warned: bool) -> None:
    named = chat.template_hash(load_tokenizer(str(checkpoint()), template))
    endless = ScriptedEngine(lambda prompt, sample: "2 and 2 and 2 and 2 and 2")
    result = evaluate_suite(
        "chain", endless, InlineJudge(), limit=4, sampling={"max_tokens": 5, "stop": stop}, identity={"template": named}
    )
    assert result.truncated == 4
    assert any("a base model goes on with the next question" in note for note in notes(result)) == warned


# What moves results by itself is recorded and compared


def evaluated(out: Path, *settings: str) -> Evaluation:
    recipe, sampling = eval_recipe(str(checkpoint()), ["judge.workers=1", *settings], [], 0)
    evaluate_model(
        recipe, ["chain"], samples=1, limit=4, data_dir=None, out=out, sampling={**sampling, "max_tokens": 4}
    )
    return Evaluation.read(out)


def test_what_moves_results_is_in_the_manifest_and_two_evaluations_are_compared_by_it(tmp_path: Path) -> None:
    a = evaluated(tmp_path / "a")
    b = evaluated(tmp_path / "b", "model.dtype=bfloat16", "engine.batch_size=3")
    recorded = {"dtype": "float32", "engine": "hf", "device": "cpu", "batch_size": "256", "tensor_parallel": ""}
    assert a.conditions("chain").items() >= recorded.items()
    assert a.conditions("chain")["torch"].startswith("2.") and a.conditions("chain")["transformers"].startswith("5.")
    assert compare_evaluations(a, a)[0].warnings == ()
    [said] = compare_evaluations(a, b)[0].warnings
    assert "which move results by themselves" in said
    assert said.endswith("dtype float32 beside bfloat16; batch_size 256 beside 3.")


CHANGED = [
    ("dtype", "model", "bfloat16"), ("engine", "model", "vllm"), ("device", "model", "cuda"),
    ("batch_size", "conditions", 64), ("tensor_parallel", "conditions", 2), ("attention", "conditions", "eager"),
    ("gpu", "conditions", "NVIDIA H200"), ("server", "conditions", "0.32.0"),
    ("torch", "versions", "2.0.0"), ("transformers", "versions", "5.0.0"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "place", "value"), CHANGED)
def test_each_condition_is_warned_of(tmp_path: Path, name: str, place: str, value: Any) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    fields = {"samples": 1, "rewards": {"p": [1.0]}}
    (folder / "results.json").write_text(json.dumps({"suites": {"chain": fields, "other": fields}}))
    session: dict[str, Any] = {"suites": ["chain"], "versions": {}, "conditions": {"batch_size": 256}}
    manifest: dict[str, Any] = {"model": {"dtype": "float32", "engine": "hf", "device": "cpu"}, "sessions": [session]}
    before = Evaluation("a", {"chain": fields, "other": fields}, json.loads(json.dumps(manifest)))
    (manifest["model"] if place == "model" else session[place])[name] = value
    (folder / "manifest.json").write_text(json.dumps(manifest))
    chain, other = compare_evaluations(before, Evaluation.read(folder))
    assert any(f"{name} " in said and f"beside {value}" in said for said in chain.warnings)
    assert bool(other.warnings) == (place == "model")  # that session did not sample the other suite


def test_an_evaluation_that_was_resumed_under_other_conditions_has_both() -> None:
    sessions = [{"suites": ["s"], "conditions": {"batch_size": n}, "versions": {"torch": "2"}} for n in (256, 64, 256)]
    found = Evaluation("a", {}, {"model": {"engine": "hf"}, "sessions": sessions}).conditions("s")
    assert (found["batch_size"], found["torch"]) == ("256 and 64", "2")


def test_a_servers_version_is_asked_for() -> None:
    def conditions(url: str) -> dict[str, Any]:
        return conditions_of(eval_recipe("served", ["engine=openai", f"engine.url={url}"], [], 0)[0])

    with Server(lambda question: (200, "so"), version="0.32.0") as server:
        assert conditions(server.url)["server"] == "0.32.0"
    with Server(lambda question: (200, "so")) as server:
        found = conditions(server.url)
    assert (found["server"], found["tensor_parallel"], found["batch_size"]) == (None, None, 256)
