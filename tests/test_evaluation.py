"""Whole evaluations: what their folder holds, a run's own evaluation is the same, and a kill changes nothing."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from rlvr.cli.progress import Progress
from rlvr.config import load_recipe
from rlvr.errors import UserError
from rlvr.eval import suite_for
from rlvr.evaluation import evaluate_model, model_of
from rlvr.evaluation_settings import eval_recipe
from rlvr.rescoring import stored_rows
from rlvr.run import train_recipe
from tests.chat_server import Server
from tests.tiny import checkpoint, recipe

PLUGIN = Path(__file__).parent / "training" / "even_characters.py"
SAMPLING = {"max_tokens": 6, "temperature": 1.0}
SETTINGS: dict[str, Any] = {"samples": 2, "limit": 12, "data_dir": None, "sampling": SAMPLING}


def evaluated(model: Path | str, out: Path | None, *suites: str, seed: int = 0, **changed: Any) -> Any:
    given, _ = eval_recipe(str(model), ["judge.workers=1"], [str(PLUGIN)], seed)
    return evaluate_model(given, suites or ("chain",), out=out, **{**SETTINGS, **changed})


def document(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / name).read_text())
    return found


def lasting(metrics: Any) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if not name.endswith("/seconds")}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that evaluated itself after each of two iterations."""
    chain = {"name": "chain", "limit": 12, "verifier": "even_characters", "label": "even"}
    entry = {**chain, "samples": 2, "sampling": SAMPLING}
    train = {"iterations": 2, "prompts_per_iteration": 4, "lr": 3e-2, "checkpoint_every": 1, "eval_every": 1}
    train |= {"keep_best": "eval/even/reward_mean"}
    data = {"train": {"name": "chain", "options": {"count": 32}, "verifier": "even_characters"}, "eval": [entry]}
    algorithm = {"name": "reinforce", "baseline": "none"}
    folder = tmp_path_factory.mktemp("run") / "r"
    made = recipe(folder, data=data, train=train, algorithm=algorithm, plugins=[str(PLUGIN)])
    return train_recipe(load_recipe(made)).folder


def test_a_runs_own_evaluation_and_rlvr_eval_on_its_checkpoints_are_the_same(run: Path, tmp_path: Path) -> None:
    own = document(run, "summary.json")["evals"]
    assert own["1"]["eval/even/reward_mean"] != own["2"]["eval/even/reward_mean"]  # or any policy would do
    suite = tmp_path / "even.yaml"
    suite.write_text("name: chain\nverifier: even_characters\n")  # the same as a user's own suite
    for iteration in ("1", "2"):
        model = run / "checkpoints" / f"iteration_{int(iteration):06d}"
        assert lasting(evaluated(model, None, str(suite)).metrics) == lasting(own[iteration])


def test_the_folder_says_what_was_evaluated_and_how_it_went(run: Path, tmp_path: Path) -> None:
    (run / "data_report.json").write_text(
        json.dumps({"cleaned": True, "contamination": {"pairs": [], "suites_unchecked": ["aime24"]}, "sets": []})
    )
    best = run / "checkpoints" / "best"
    report = evaluated(best, tmp_path / "e", "chain", "countdown")
    manifest, results = document(tmp_path / "e", "manifest.json"), document(tmp_path / "e", "results.json")
    model = manifest["model"]
    assert (model["path"], model["engine"], model["dtype"], model["device"]) == (str(best), "hf", "float32", "cpu")
    assert model["weights"].startswith("blake2b:") and len(model["template"]) == 12
    assert model["chosen_by"] == "eval/even/reward_mean"
    assert manifest["contamination"]["cleaned"] and manifest["contamination"]["suites_unchecked"] == ["aime24"]
    assert len(manifest["sessions"]) == 1 and "torch" in manifest["sessions"][0]["versions"]
    assert [*manifest["suites"]] == [*results["suites"]] == ["chain", "countdown"]
    mean = results["mean"]
    assert mean["suites"] == ["chain", "countdown"] and results["notes"] == []
    assert mean["accuracy"] == sum(r.accuracy for r in report.results) / 2 and mean["interval"][0] <= mean["accuracy"]
    assert "| mean of 2 suites |" in (tmp_path / "e" / "results.md").read_text()
    assert manifest["suites"]["chain"]["seconds"] > 0 and "seconds" not in (tmp_path / "e" / "results.json").read_text()
    assert (results["model"], results["weights"]) == (str(best), model["weights"])
    chain, result = results["suites"]["chain"], report.results[0]
    assert (chain["accuracy"], chain["mean_tokens"]) == (result.accuracy, result.mean_tokens)
    assert {*chain["shares"]} == {"truncated", "no_answer", "unjudged"} and chain["standard_error"] is not None
    assert {len(rewards) for rewards in chain["rewards"].values()} == {2} and len(chain["rewards"]) == 12
    lines = [json.loads(line) for line in (tmp_path / "e" / "records.jsonl").open()]
    assert len(lines) == 48 and {line["weights"] for line in lines} == {model["weights"]}

    with pytest.raises(UserError, match="already holds samples of suite chain"):
        evaluated(best, tmp_path / "e")
    evaluated(best, tmp_path / "e", resume=True)  # nothing is missing; the other suite's results stay
    assert document(tmp_path / "e", "results.json") == results
    assert len(document(tmp_path / "e", "manifest.json")["sessions"]) == 2
    with pytest.raises(UserError, match=r"belongs to another evaluation \(path"):
        evaluated(run / "checkpoints" / "iteration_000001", tmp_path / "e", resume=True)


def test_what_a_server_serves_is_evaluated_without_a_checkpoint(tmp_path: Path) -> None:
    pytest.importorskip("openai", reason="the extra openai is not installed")
    answers = {p.text: p.answer for p in suite_for("chain").load(limit=12).prompts}
    right = set(list(answers)[:9])

    def answer(question: str) -> tuple[int, Any]:
        return 200, f"\\boxed{{{answers[question] if question in right else 'none'}}}"

    with Server(answer, [{"id": "served", "object": "model", "owned_by": "me"}]) as server:
        settings = ["engine=openai", f"engine.url={server.url}", "judge.workers=1"]
        given, _ = eval_recipe("served", settings, [], 0)
        report = evaluate_model(given, ["chain"], out=tmp_path / "e", **SETTINGS)
    assert report.results[0].accuracy == 0.75 and len(server.asked) == 24
    model = document(tmp_path / "e", "manifest.json")["model"]
    assert (model["weights"], model["dtype"], model["template"]) == (None, None, "the server's")
    assert (model["engine"], model["url"]) == ("openai", server.url)
    again = list(stored_rows(tmp_path / "e"))
    assert len(again) == 24 and {row["was"]["reward"] for row in again} == {0.0, 1.0}


@pytest.mark.parametrize("user", ["", "me:secret@"])
def test_the_manifest_keeps_no_password(user: str) -> None:
    settings = ["engine=openai", f"engine.url=http://{user}[::1]:8000/v1"]
    assert model_of(eval_recipe("served", settings, [], 0)[0], None)["url"] == "http://[::1]:8000/v1"


def test_a_log_files_reader_hears_of_the_mean(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress("evaluating") as progress:
        progress.update("gsm8k", 1, 2000, 1.0)
        monkeypatch.setattr("rlvr.cli.progress.LOG_SECONDS", 0.0)
        progress.update("gsm8k", 1024, 2000, 0.25)
    assert capsys.readouterr().err == "evaluating gsm8k 1,024 of 2,000 mean 0.250\n"


def killed(out: Path, lines: int, pause: float) -> None:
    """Evaluates in a process of its own, which is killed `pause` seconds after so many samples are recorded."""
    child = os.fork()
    if child == 0:
        try:
            long_evaluation(out, resume=out.exists(), on_progress=pause_after_1100)
        finally:
            os._exit(1)  # it was to be killed long before
    deadline = time.monotonic() + 300
    while recorded(out) < lines and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(pause)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and recorded(out) >= lines


def recorded(out: Path) -> int:
    file = out / "records.jsonl"
    return file.read_bytes().count(b"\n") if file.is_file() else 0


def pause_after_1100(suite: str, done: int, total: int, mean: float | None) -> None:
    """However busy the machine is, the evaluation has not ended when it is killed."""
    if done > 1100:
        time.sleep(600)


def long_evaluation(out: Path, resume: bool = False, **changed: Any) -> None:
    evaluated(checkpoint(True, scale=3.0), out, samples=4, limit=400, resume=resume, **changed)


def test_killed_twice_it_ends_with_the_same_results(tmp_path: Path) -> None:
    draw = random.Random(os.getpid())
    long_evaluation(tmp_path / "whole")
    assert recorded(tmp_path / "whole") == 1600  # in chunks of 512
    moments = sorted(draw.randrange(1, 1000) for _ in range(2))
    for moment in moments:
        killed(tmp_path / "parts", moment, draw.uniform(0, 0.2))
        assert not (tmp_path / "parts" / "results.json").exists()
    long_evaluation(tmp_path / "parts", resume=True)
    assert recorded(tmp_path / "parts") == 1600, moments
    whole, parts = ((tmp_path / name / "results.json").read_bytes() for name in ("whole", "parts"))
    assert parts == whole, moments
