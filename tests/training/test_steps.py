"""Rewards on the way: a run puts each right line's pay on the token that ends it, and trains on it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from rlvr.config import load_recipe
from rlvr.core import Completion, Group, Rollout, Span
from rlvr.data.chain import chain
from rlvr.records import unpack
from rlvr.rewards import math_steps
from rlvr.run import train_recipe
from rlvr.training.batch import collate
from rlvr.training.observe import rollout_metrics
from rlvr.training.on_policy import token_at
from rlvr.training.tiny import save_tiny, tiny_tokenizer
from tests.tiny import recipe


def test_each_line_s_pay_stands_on_the_token_that_ends_it() -> None:
    """In the quickstart's tokenizer `=8, ` is one token: the line ends inside it."""
    tokenizer = tiny_tokenizer()
    prompt = next(chain("train", min_ops=3, max_ops=3, count=1))
    lines = prompt.meta["steps"]
    text = f"{lines[0]}, {lines[1]}, \\boxed{{{prompt.answer}}}"
    ids = tuple(tokenizer(text, add_special_tokens=False)["input_ids"])
    completion = Completion((Span("sampled", ids, (-1.0,) * len(ids)),), text, prompt_ids=(7, 8))
    verdict = math_steps(prompt, completion, step_reward=0.25)
    group = Group(prompt, (Rollout(completion, verdict, shaped=verdict.reward),))
    batch = collate([group], 0, partial(token_at, tokenizer))
    paid = {int(t) - 2: float(batch.token_rewards[0, t]) for t in batch.token_rewards[0].nonzero().flatten()}
    ends = [len(lines[0]), len(f"{lines[0]}, {lines[1]}")]
    for end in ends:
        at = next(i for i in range(len(ids)) if len(tokenizer.decode(list(ids[: i + 1]))) >= end)
        assert paid.pop(at) == 0.25
        assert tokenizer.decode([ids[at]]).startswith("=")
    assert paid == {len(ids) - 1: 1.0}  # the outcome, on the last token
    assert batch.returns.tolist() == [1.5]
    assert rollout_metrics([group])["reward/shaped_mean"] == 1.5
    assert rollout_metrics([group])["reward/mean"] == 1.0


@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_a_run_trains_on_them(tmp_path: Path, algorithm: str) -> None:
    """A random policy never writes a right line, so a plug-in pays for the second character of what it writes."""
    plugin = Path(__file__).with_name("second_character.py")
    data = {"train": {"name": "chain", "verifier": "second_character", "options": {"count": 8}}}
    made = recipe(tmp_path / "run", data=data, plugins=[str(plugin)], algorithm={"name": algorithm})
    made["model"] = {"path": str(save_tiny(tmp_path / "model", 0, width=32))}
    report = train_recipe(load_recipe(made), stop_after=1)
    assert report.metrics["train/grad_norm"] > 0
    seen = 0
    for line in (tmp_path / "run" / "rollouts.jsonl").read_text().splitlines():
        row = json.loads(line)
        rewards, advantages = unpack(row["token_rewards"]), unpack(row["advantages"])
        assert rewards.sum() == pytest.approx(0.5 * len(row["verdict"]["steps"]))
        if row["verdict"]["steps"] and rewards[0] == 0:
            seen += 1
            at = int(rewards.argmax())
            if algorithm == "ppo":  # a new critic says 0: before the pay the advantages are one, after it another
                assert len(set(advantages[: at + 1].round(5).tolist())) == 1
                assert advantages[at] > advantages[-1] or at == len(rewards) - 1
            else:
                assert len(set(advantages.round(5).tolist())) == 1
    assert seen > 0
