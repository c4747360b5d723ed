"""Return-conditioned training as a run: from a run's rollouts, through asking for a return, to its evaluation."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr.algorithms.return_conditioned import ReturnConditioned
from rlvr.config import load_recipe
from rlvr.data import load_prompts
from rlvr.errors import RecipeError
from rlvr.outcome import TrainReport
from rlvr.run import train_recipe
from rlvr.training.batch import Outputs, collate
from tests.tiny import group, recipe, rollout


def run(folder: Path, **sections: Any) -> TrainReport:
    return train_recipe(load_recipe(recipe(folder, **sections)))


@pytest.fixture
def rollouts(tmp_path: Path) -> Path:
    """Two answers to each of 40 questions: `aaaa` earned 1, `bbbb` earned 0; a third could not be judged."""
    file = tmp_path / "rollouts.jsonl"
    with file.open("w") as stream:
        for prompt in load_prompts("chain", options={"count": 40}).prompts:
            for text, reward in (("aaaa", 1.0), ("bbbb", 0.0), ("cccc", None)):
                verdict = {"reward": reward, "status": "error" if reward is None else "wrong"}
                row = {"iteration": 1, "prompt_id": prompt.id, "sample": 0, "text": text, "finish_reason": "stop"}
                stream.write(json.dumps({**row, "verdict": verdict, "messages": prompt.messages}) + "\n")
    return file


def test_two_means_by_hand() -> None:
    """Decision: two rows of 2 and 1 tokens, log-probs -1 -2 -3: mean 2. Language: one row of 2, -4 -6: mean 5.

    loss = 2 + 0.1 * 5 = 2.5; over all five tokens together it would be 3.2.
    """
    rows = [group(i, [rollout(ids, 1.0)]) for i, ids in enumerate(([5, 6], [7], [8, 9]))]
    batch = collate(rows, pad_id=0)
    batch = dataclasses.replace(batch, language=torch.tensor([False, False, True])).recount()
    logprobs = torch.tensor([[0, 0, -1.0, -2.0], [0, 0, -3.0, float("nan")], [0, 0, -4.0, -6.0]])
    outputs = Outputs(logprobs, torch.zeros_like(logprobs))
    assert float(ReturnConditioned(language_coef=0.1).loss(outputs, batch).value) == pytest.approx(2.5)
    assert float(ReturnConditioned().loss(outputs, batch).value) == pytest.approx(2.0)


def test_what_is_asked_for_is_what_comes(tmp_path: Path, rollouts: Path) -> None:
    """The verifier pays for `aaaa`; one checkpoint, asked for 1 and for 0, solves much and nothing."""
    plugin = tmp_path / "says_a.py"
    plugin.write_text(
        "from rlvr.registry import verifier\n\n\n"
        "@verifier('says_a')\ndef says_a(prompt, completion):\n    '''Whether all of it is a.'''\n"
        "    return completion.text == 'aaaa'\n"
    )
    held_out = {"name": "chain", "verifier": "says_a", "options": {"count": 16},
                "sampling": {"temperature": 1.0, "max_tokens": 6}}  # fmt: skip
    data = {
        "train": {"name": "rollouts", "path": str(rollouts)},
        "eval": [{**held_out, "wanted_return": value} for value in (1.0, 0.0)],
    }
    plan = {"iterations": 50, "prompts_per_iteration": 16, "lr": 3e-3, "eval_every": 50}
    report = run(tmp_path / "r", data=data, algorithm="return_conditioned", train=plan, plugins=[str(plugin)])
    assert report.evals[50]["eval/chain_return_1/accuracy"] >= 0.8
    assert report.evals[50]["eval/chain_return_0/accuracy"] <= 0.1
    # The 40 rows that nobody could judge are no trajectories.
    assert any(
        "40 rows of" in text and "were skipped" in text and "could not be judged" in text for text in report.events
    )


def test_the_auxiliary_loss_reads_its_texts(tmp_path: Path, rollouts: Path) -> None:
    rows = {"name": "rollouts", "path": str(rollouts)}
    data = {"train": rows, "language": {"name": "chain_text", "options": {"count": 8}}}
    plan = {"iterations": 2, "prompts_per_iteration": 4}
    algorithm = {"name": "return_conditioned", "language_coef": 0.5}
    with_text = run(tmp_path / "a", data=data, algorithm=algorithm, train=plan)
    without = run(tmp_path / "b", data={"train": rows}, algorithm="return_conditioned", train=plan)
    lines = [(r.folder / "metrics.jsonl").read_text().splitlines()[0] for r in (with_text, without)]
    first = [json.loads(line)["train/loss"] for line in lines]
    assert first[0] == pytest.approx(1.5 * first[1], rel=0.1)  # untrained, both are about the log of the vocabulary


@pytest.mark.parametrize(
    "data, coef, problem",
    [
        ({}, 0.5, r"data\.language: is required by algorithm\.language_coef"),
        ({"language": "chain_text"}, 0.0, r"data\.language: is read only where algorithm\.language_coef"),
    ],
)
def test_text_and_its_weight_go_together(tmp_path: Path, data: dict[str, Any], coef: float, problem: str) -> None:
    sections = {"train": {"name": "chain_demonstrations"}, **data}
    with pytest.raises(RecipeError, match=problem):
        run(tmp_path / "r", data=sections, algorithm={"name": "return_conditioned", "language_coef": coef})
