"""A reward model as a run: its checkpoint is any tool's, and a policy can be trained on it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr.config import load_recipe
from rlvr.errors import RecipeError, UserError
from rlvr.outcome import TrainReport
from rlvr.rollout import chat
from rlvr.run import train_recipe
from rlvr.training.models import load_tokenizer
from rlvr.training.reward_model import RewardModel, load_reward_model
from tests.tiny import checkpoint, recipe

HELD_OUT = {"name": "chain_preferences", "options": {"count": 24, "slips": 0.0}, "label": "held_out"}
PAIRS = {"train": {"name": "chain_preferences", "options": {"count": 64, "slips": 0.0}}, "eval": [HELD_OUT]}
PLAN = {"iterations": 16, "prompts_per_iteration": 8, "lr": 3e-3, "eval_every": 16}


def run(folder: Path, **sections: Any) -> TrainReport:
    base = {"data": PAIRS, "algorithm": "reward_model", "train": PLAN}
    return train_recipe(load_recipe(recipe(folder, **{**base, **sections})))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainReport:
    return run(tmp_path_factory.mktemp("reward") / "model")


def conversation(question: str, answer: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


CONVERSATIONS = [
    conversation("a=3, b=a+5.", "b=3+5=8, \\boxed{8}"),
    conversation("a=3, b=a+5, c=b*7. D=c+1.", "\\boxed{1}"),
    conversation("hi", ""),
]


def test_it_learns_what_is_preferred(trained: TrainReport) -> None:
    assert trained.evals[16]["eval/held_out/pair_accuracy"] >= 0.9
    assert trained.metrics["pairs/accuracy"] >= 0.9
    assert "policy/entropy" not in trained.metrics and "eval/held_out/pair_margin" in trained.evals[16]


def test_transformers_loads_the_checkpoint_and_scores_the_same(trained: TrainReport) -> None:
    from transformers import AutoModelForSequenceClassification

    folder = str(trained.checkpoint / "model")
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    assert type(model).__name__ == "LlamaForSequenceClassification" and model.config.num_labels == 1
    tokenizer = load_tokenizer(folder)
    expected = []
    for asked, answered in CONVERSATIONS:
        ids = chat.prompt_ids(tokenizer, [asked])
        ids += [*tokenizer(answered["content"], add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        with torch.no_grad():
            expected.append(float(model(input_ids=torch.tensor([ids])).logits))
    scores = RewardModel(folder, tokens=50)(CONVERSATIONS)  # several batches, padded
    assert scores == pytest.approx(expected, abs=1e-5)
    assert len({round(s, 4) for s in scores}) == 3
    # Padded by transformers itself, all in one batch.
    padded = tokenizer.pad(
        {"input_ids": [chat.prompt_ids(tokenizer, [a]) + tokenizer(b["content"], add_special_tokens=False)["input_ids"]
                       + [tokenizer.eos_token_id] for a, b in CONVERSATIONS]}, return_tensors="pt")  # fmt: skip
    with torch.no_grad():
        together = model(**padded).logits.squeeze(1)
    assert together.tolist() == pytest.approx(expected, abs=1e-5)


def test_a_run_is_as_good_as_its_checkpoint(trained: TrainReport) -> None:
    assert RewardModel(str(trained.folder))(CONVERSATIONS) == RewardModel(str(trained.checkpoint))(CONVERSATIONS)


def test_where_padding_is_the_end_transformers_must_not_skip_it(tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    folder = tmp_path / "m"
    shutil.copytree(checkpoint(), folder)
    tokenizer = load_tokenizer(str(folder))
    tokenizer.pad_token = tokenizer.eos_token
    model = load_reward_model(str(folder), tokenizer, seed=0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    [ours] = RewardModel(str(folder))(CONVERSATIONS[:1])
    asked, answered = CONVERSATIONS[0]
    ids = chat.prompt_ids(tokenizer, [asked])
    ids += [*tokenizer(answered["content"], add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    theirs = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        assert ours == pytest.approx(float(theirs(input_ids=torch.tensor([ids])).logits), abs=1e-6)


def test_the_head_of_a_language_model_is_drawn_from_the_seed(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(checkpoint()))
    one, same, other = (load_reward_model(str(checkpoint()), tokenizer, seed=s).score.weight for s in (0, 0, 1))
    assert torch.equal(one, same) and not torch.equal(one, other)
    with pytest.raises(UserError, match=r"no trained reward model.*score\.weight.*algorithm\.name=reward_model"):
        RewardModel(str(checkpoint()))


def test_a_policy_is_trained_on_its_score_and_measured_by_the_verifier(trained: TrainReport, tmp_path: Path) -> None:
    data = {"train": {"name": "chain", "options": {"count": 16}}}
    report = run(tmp_path / "p", data=data, algorithm="grpo", train={"iterations": 2, "prompts_per_iteration": 4},
                 sampling={"group_size": 4, "max_tokens": 8},
                 reward={"model": str(trained.folder), "verdict_weight": 0.0, "model_weight": 0.5})  # fmt: skip
    rows = [json.loads(line) for line in (report.folder / "rollouts.jsonl").read_text().splitlines()]
    conversations = [[*row["messages"], {"role": "assistant", "content": row["text"]}] for row in rows]
    scores = RewardModel(str(trained.folder))(conversations)
    assert [row["shaped"] for row in rows] == pytest.approx([0.5 * s for s in scores], abs=1e-5)
    assert all(row["verdict"]["reward"] in (0.0, 1.0) for row in rows)
    assert report.metrics["reward/model_mean"] == pytest.approx(sum(scores[16:]) / 16, abs=1e-5)
    assert report.metrics["time/scoring"] > 0


def test_it_cannot_be_asked_for_completions(tmp_path: Path) -> None:
    data = {**PAIRS, "eval": [{"name": "chain", "options": {"count": 4}}]}
    with pytest.raises(UserError, match="asks for completions, and a reward model writes none"):
        run(tmp_path / "r", data=data)


@pytest.mark.parametrize(
    "reward, problem",
    [
        ({"verdict_weight": 0}, r"reward\.verdict_weight: is 0 and there is no reward\.model"),
        ({"model": "./nowhere"}, r"reward\.model: no folder at './nowhere'"),
        ({"overlong_buffer": 9}, r"reward\.overlong_buffer: is more than sampling\.max_tokens=8"),
    ],
)
def test_a_reward_section_that_cannot_work_is_refused(tmp_path: Path, reward: dict[str, Any], problem: str) -> None:
    with pytest.raises(RecipeError, match=problem):
        load_recipe(recipe(tmp_path / "r", reward=reward))
