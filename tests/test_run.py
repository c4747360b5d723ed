"""Whole runs of a recipe: what they write, what they survive, what they refuse."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from rlvr.config import load_recipe
from rlvr.errors import UserError
from rlvr.outcome import TrainReport
from rlvr.records import pack, unpack
from rlvr.run import train_recipe
from tests.tiny import recipe

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / "tests" / "training" / "even_length.py"
LIVE = {"train": {"name": "chain", "verifier": "even_length", "options": {"count": 12}}}


def run(folder: Path, *overrides: str, **sections: Any) -> TrainReport:
    made = recipe(folder, **{"data": LIVE, "plugins": [str(PLUGIN)], **sections})
    return train_recipe(load_recipe(made, overrides))


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


# What a run writes


def test_the_folder_of_a_run(tmp_path: Path) -> None:
    report = run(tmp_path / "r", "train.iterations=2")
    names = {p.name for p in report.folder.iterdir()}
    assert names >= {"recipe.yaml", "env.json", "metrics.jsonl", "rollouts.jsonl", "summary.json", "checkpoints"}
    assert load_recipe(report.folder / "recipe.yaml").recipe.train.iterations == 2
    summary = json.loads((report.folder / "summary.json").read_text())
    assert summary["iterations"] == 2 and summary["metrics"] == pytest.approx(dict(report.metrics), nan_ok=True)
    assert json.loads((report.folder / "env.json").read_text())["versions"]["torch"]


def test_the_loss_follows_from_the_records_alone(tmp_path: Path) -> None:
    """GRPO's equations over `rollouts.jsonl` in numpy: nothing of the training code, no model."""
    low, high, beta = 0.2, 0.28, 0.05
    options = {"name": "grpo", "kl_coef": beta, "clip_low": low, "clip_high": high}
    report = run(tmp_path / "r", "train.iterations=3", algorithm=options)
    records, metrics = lines(report.folder, "rollouts.jsonl"), lines(report.folder, "metrics.jsonl")
    assert len(records) == 3 * 16
    live = 0
    for row in metrics:
        mine = [r for r in records if r["iteration"] == row["iteration"]]
        recorded = {key: mine[0]["coefficients"][key] for key in ("kl_coef", "clip_low", "clip_high", "lr")}
        assert recorded == {"kl_coef": beta, "clip_low": low, "clip_high": high, "lr": row["train/lr"]}
        groups: dict[str, list[dict[str, Any]]] = {}
        for record in mine:
            groups.setdefault(record["prompt_id"], []).append(record)
        total = 0.0
        for members in groups.values():
            rewards = np.array([m["verdict"]["reward"] for m in members], dtype=np.float64)
            centered = rewards - rewards.mean()
            advantages = centered / (math.sqrt((centered**2).sum() / (len(rewards) - 1)) + 1e-4)
            live += int((advantages != 0).any())
            for member, advantage in zip(members, advantages, strict=True):
                np.testing.assert_allclose(unpack(member["advantages"]), advantage, atol=1e-5)
                old, ref = unpack(member["old_logprobs"]), unpack(member["ref_logprobs"])
                (span,) = member["spans"]
                assert len(old) == len(span["token_ids"]) == len(unpack(span["logprobs"]))
                np.testing.assert_allclose(unpack(span["logprobs"]), old, atol=1e-4)  # the engine's
                assert unpack(member["token_rewards"])[-1] == member["shaped"] == member["verdict"]["reward"]
                ratio = np.ones_like(old)  # one update an iteration
                surrogate = -np.minimum(ratio * advantage, np.clip(ratio, 1 - low, 1 + high) * advantage)
                k3 = np.exp(ref - old) - 1 - (ref - old)
                total += float((surrogate + beta * k3).mean()) / len(mine)
        assert row["train/loss"] == pytest.approx(total, abs=1e-5)
        assert row["policy/entropy"] == pytest.approx(
            np.concatenate([unpack(r["entropy"]) for r in mine]).mean(), abs=1e-4
        )
    assert live >= 6 and metrics[-1]["policy/kl_reference"] > 0


def test_packing_keeps_float32_and_nan() -> None:
    values = np.array([0.1, -np.inf, np.nan, 1e-30], dtype="<f4")
    np.testing.assert_array_equal(unpack(pack(values)), values)


def test_several_updates_an_iteration_leave_ratio_one_behind(tmp_path: Path) -> None:
    report = run(tmp_path / "r", "train.epochs=3", "train.iterations=1", "train.lr=0.01")
    assert report.metrics["train/updates"] == 3
    assert report.metrics["policy/ratio"] != 1.0 and report.metrics["policy/kl"] > 0
    assert report.metrics["mismatch/logprob_mean"] < 1e-4  # measured before the first of them


@pytest.mark.parametrize("algorithm", ["reinforce", "rloo", "grpo"])
def test_every_algorithm_learns_what_a_reward_asks_for(tmp_path: Path, algorithm: str) -> None:
    """Sixteen updates towards a first character with an even code: about a quarter of an untrained model's are."""
    name = f"even_start_{algorithm}"  # a name means one thing in a process
    plugin = tmp_path / f"{name}.py"
    plugin.write_text(
        f"from rlvr.registry import verifier\n\n@verifier({name!r})\ndef even_start(prompt, completion):\n"
        "    return ord(completion.text[:1] or '1') % 2 == 0\n"
    )
    data = {"train": {"name": "chain", "verifier": name, "options": {"count": 12}}}
    plan = {"iterations": 16, "prompts_per_iteration": 8, "lr": 3e-3, "checkpoint_every": 0}
    report = run(
        tmp_path / "r",
        algorithm={"name": algorithm},
        train=plan,
        sampling={"max_tokens": 2, "group_size": 8},
        data=data,
        plugins=[str(plugin)],
    )
    rewards = [row["reward/mean"] for row in lines(report.folder, "metrics.jsonl")]
    assert np.mean(rewards[:2]) < 0.5, rewards
    assert np.mean(rewards[-3:]) > np.mean(rewards[:2]) + 0.1, rewards


# What a run survives


def test_a_run_in_which_nothing_is_live_goes_on_and_says_so(tmp_path: Path) -> None:
    # The math verifier: an untrained model is wrong every time, so no group has anything to teach.
    data = {"train": {"name": "chain", "options": {"count": 12}}}
    report = run(tmp_path / "r", "train.iterations=2", data=data, plugins=[])
    rows = lines(report.folder, "metrics.jsonl")
    assert [r["train/empty_updates"] for r in rows] == [1.0, 1.0]
    assert [r["group/zero_std_rate"] for r in rows] == [1.0, 1.0]
    assert [e["event"] for e in lines(report.folder, "events.jsonl")] == ["empty_update"] * 2
    assert report.checkpoint is not None


def test_verdicts_that_fail_are_counted_and_left_out(tmp_path: Path) -> None:
    plugin = tmp_path / "moody.py"
    plugin.write_text(
        "import os\nfrom rlvr.registry import verifier\n\n@verifier('moody')\ndef moody(prompt, completion):\n"
        "    size = len(completion.text) % 4\n    if size == 0:\n        os._exit(1)\n"
        "    if size == 1:\n        raise ValueError(completion.text)\n    return size == 2\n"
    )
    data = {"train": {"name": "chain", "verifier": "moody", "options": {"count": 12}}}
    report = run(tmp_path / "r", "train.iterations=2", data=data, plugins=[str(plugin)])
    records = lines(report.folder, "rollouts.jsonl")
    failed = [r for r in records if r["verdict"]["status"] == "error"]
    assert failed and all(r["shaped"] is None and r["verdict"]["reward"] is None for r in failed)
    assert all(not unpack(r["advantages"]).any() for r in failed)
    for row in lines(report.folder, "metrics.jsonl"):
        mine = [r for r in records if r["iteration"] == row["iteration"]]
        known = [r["verdict"]["reward"] for r in mine if r["shaped"] is not None]
        assert row["verifier/error_rate"] == pytest.approx(1 - len(known) / len(mine))
        assert row["reward/mean"] == pytest.approx(np.mean(known) if known else 0.0)


def test_a_disk_that_is_full_costs_checkpoints_and_not_the_run(tmp_path: Path) -> None:
    """From the third iteration on no file may grow beyond 64 KiB; the model alone has several hundred."""
    sections = recipe(tmp_path / "r", data=LIVE, plugins=[str(PLUGIN)])
    sections["train"] |= {"iterations": 6, "checkpoint_every": 2}
    sections["tracking"] |= {"rollouts_every": 0}
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(sections))
    program = """
import resource, sys
from rlvr.cli import main
from rlvr.training.on_policy import OnPolicy

changed = OnPolicy.policy_changed
def fill(self, weights, version):
    changed(self, weights, version)
    if version == 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
OnPolicy.policy_changed = fill
main(["train", sys.argv[1], "--json"])
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "r.yaml")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1, done.stderr  # the run went on, and its end is not saved
    report = json.loads(done.stdout)
    assert (report["iterations"], report["metrics"]["checkpoint/failed"]) == (6, 1.0)
    folder = tmp_path / "r"
    assert [p.name for p in (folder / "checkpoints").iterdir()] == ["iteration_000002"]  # and no half of another
    events = [e for e in lines(folder, "events.jsonl") if e["event"] == "checkpoint_failed"]
    assert len(events) == 2 and "could not be written" in events[0]["text"]
    assert [r.get("checkpoint/failed") for r in lines(folder, "metrics.jsonl")] == [None, None, None, 1.0, None, 1.0]
    # With room again it goes on from what was left.
    resumed = train_recipe(load_recipe(tmp_path / "r.yaml"), resume=True)
    assert resumed.iterations == 6 and resumed.checkpoint.name == "iteration_000006"


# What a run refuses


def test_rows_without_an_answer_are_skipped_and_reported(tmp_path: Path) -> None:
    rows = [{"q": "1+1?", "a": "2"}, {"q": "2+2?"}, {"q": "3+3?", "a": ""}, {"q": "4+4?", "a": "8"}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    columns = {"path": str(tmp_path / "rows.jsonl"), "prompt": "q", "answer": "a", "verifier": "even_length",
               "on_bad_row": "skip"}  # fmt: skip
    report = run(tmp_path / "r", "train.iterations=1", data={"train": columns})
    assert any("2 rows of rows.jsonl were skipped" in text for text in report.events)
    assert {r["prompt_id"] for r in lines(report.folder, "rollouts.jsonl")} and report.iterations == 1


@pytest.mark.parametrize("content", ["", '{"q": "no answer"}\n'])
def test_an_empty_data_set_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "rows.jsonl").write_text(content)
    columns = {"path": str(tmp_path / "rows.jsonl"), "prompt": "q", "answer": "a", "verifier": "math"}
    with pytest.raises(UserError, match=r"rows\.jsonl"):
        run(tmp_path / "r", data={"train": columns})


def test_a_base_model_is_trained_and_evaluated_by_every_engine_with_the_plain_template(tmp_path: Path) -> None:
    from rlvr.api import sample_groups
    from rlvr.evaluation import evaluate_model
    from rlvr.evaluation_settings import eval_recipe
    from rlvr.rollout.chat import plain_template, template_hash
    from tests.chat_server import Server
    from tests.tiny import make_model, make_tokenizer

    tokenizer, base = make_tokenizer(), tmp_path / "base"
    tokenizer.chat_template = None
    make_model(tokenizer).save_pretrained(base)
    tokenizer.save_pretrained(base)
    tokenizer.chat_template = plain_template(tokenizer)
    plain = template_hash(tokenizer)
    report = run(tmp_path / "r", "train.iterations=1", model={"path": str(base)})
    (event,) = lines(report.folder, "events.jsonl")
    assert event["event"] == "chat_template" and plain in event["text"] and "model.chat_template=plain" in event["text"]
    asked = run(tmp_path / "s", "train.iterations=1", "model.chat_template=plain", model={"path": str(base)})
    assert not (asked.folder / "events.jsonl").exists()
    one, other = (lines(r.folder, "rollouts.jsonl") for r in (report, asked))
    assert [(r["template"], r["text"]) for r in one] == [(r["template"], r["text"]) for r in other]
    assert {r["template"] for r in one} == {plain}

    _, note = sample_groups(load_recipe(recipe(tmp_path / "t", model={"path": str(base)})).recipe, 1)
    assert plain in str(note)

    found = {}
    with Server(lambda _: (200, "2"), [{"id": "m", "object": "model", "owned_by": "me"}]) as server:
        remote = ["engine=openai", f"engine.url={server.url}", "engine.api=completions"]
        for name, path, words in (("own", base, []), ("trained", report.checkpoint, []), ("served", base, remote)):
            given, _ = eval_recipe(str(path), ["judge.workers=1", *words], [], 0)
            settings: dict[str, Any] = {"samples": 1, "limit": 2, "data_dir": None, "sampling": {"max_tokens": 4}}
            made = evaluate_model(given, ["chain"], out=tmp_path / name, **settings)
            assert len(made.notes) == 1 and plain in made.notes[0]
            assert json.loads((tmp_path / name / "results.json").read_text())["notes"] == list(made.notes)
            found[name] = json.loads((tmp_path / name / "manifest.json").read_text())["model"]["template"]
    assert set(found.values()) == {plain}
    records = lines(tmp_path / "own", "records.jsonl")
    assert [r["prompt"] for r in server.asked] == [tokenizer.decode(r["prompt_ids"]) for r in records]


def test_a_mistake_in_how_an_evaluation_samples_is_told_before_training(tmp_path: Path) -> None:
    data = {"train": {"name": "chain", "options": {"count": 4}}, "eval": [{"name": "chain", "limit": 2,
            "sampling": {"temprature": 1}}]}  # fmt: skip
    with pytest.raises(UserError, match="did you mean 'temperature'"):
        run(tmp_path / "r", "train.eval_every=2", data=data)
    assert not (tmp_path / "r").exists()


def test_supervised_fine_tuning_needs_demonstrations(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no demonstration"):
        run(tmp_path / "r", algorithm={"name": "sft"})
