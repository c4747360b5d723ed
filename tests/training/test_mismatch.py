"""What a run says and does where the engine's log-probs are not quite the trainer's."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rlvr.config import load_recipe
from rlvr.errors import UserError
from rlvr.functional import Correction
from rlvr.records import unpack
from rlvr.run import train_recipe
from rlvr.sourcing import correction_of
from rlvr.training.mismatch import mismatch_metrics, quantile
from tests.tiny import recipe


def test_metrics_are_of_the_weights_before_any_bound() -> None:
    nan, ln = math.nan, math.log
    sampler = torch.tensor([[-1.0, -1.0, -1.0], [-1.0, -1.0, nan]])
    trainer = sampler + torch.tensor([[0.0, ln(4), -ln(2)], [ln(2), nan, 0.0]])
    found = mismatch_metrics(trainer, sampler, Correction("token", cap=2.5))
    # Of four known tokens the weights are 1, 4, 1/2 and 2, the distances 0, ln 4, ln 2 and ln 2.
    assert found["mismatch/logprob_mean"] == pytest.approx(ln(2))
    assert found["mismatch/logprob_p50"] == pytest.approx(ln(2))
    assert found["mismatch/logprob_p99"] == found["mismatch/logprob_max"] == pytest.approx(ln(4))
    # (w - 1 - ln w), whose logs add up to ln 4: (7.5 - 4 - ln 4) / 4
    assert found["mismatch/kl"] == pytest.approx((3.5 - ln(4)) / 4)
    assert found["mismatch/ratio_max"] == pytest.approx(4.0)
    assert found["mismatch/ess"] == pytest.approx(7.5**2 / (4 * (1 + 16 + 0.25 + 4)))
    # The completions weigh 1 * 4 * 1/2 = 2 and 2: equally.
    assert found["mismatch/ess_sequence"] == pytest.approx(1.0)
    assert found["mismatch/bounded_rate"] == 0.25
    assert "mismatch/bounded_rate" not in mismatch_metrics(trainer, sampler)
    assert mismatch_metrics(trainer, torch.full_like(sampler, nan)) == {}


@pytest.mark.parametrize("share, value", [(0.5, 2.0), (0.51, 3.0), (0.95, 4.0), (0.01, 1.0)])
def test_a_quantile_is_one_of_the_values(share: float, value: float) -> None:
    assert float(quantile(torch.tensor([4.0, 2.0, 1.0, 3.0]), share)) == value


# Which completions are weighted


def made(*overrides: str) -> Any:
    return load_recipe(recipe(Path("r")), overrides).recipe


def test_completions_are_weighted_by_default_where_the_sampler_is_another_one() -> None:
    assert correction_of(made()) is None  # the very weights that are trained
    assert correction_of(made("model.dtype=bfloat16")) is None
    assert correction_of(made("engine.max_staleness=1")) == Correction("token", cap=2.0)
    assert correction_of(made("engine=scripted")) == Correction("token", cap=2.0)
    assert correction_of(made("engine.max_staleness=1", "correction=none")) is None
    assert correction_of(made("correction.name=mask", "correction.high=3")) == Correction("mask", 2.0, 0.5, 3.0)


@pytest.mark.parametrize(
    "overrides, problem",
    [
        (["correction.high=3"], "correction.high"),
        (["correction=mask", "correction.cap=3"], "correction.cap"),
        (["correction.cap=0.5"], "correction.cap"),
        (["algorithm=sft", "correction=token"], "has no meaning for sft"),
        (["algorithm=sft", "engine.max_staleness=1"], "engine.max_staleness"),
        (["algorithm=trpo", "engine.max_staleness=1"], "from the policy that sampled"),
        (["engine.name=vllm", "engine.tensor_parallel=2", "engine.max_staleness=1"], "sample together"),
        # What would bend the distribution that is sampled is refused: no weight makes up for it.
        (["sampling.top_p=0.9"], "no weight"),
        (["sampling.top_k=20"], "no weight"),
        (["sampling.min_p=0.1"], "min_p"),
        (["sampling.repetition_penalty=1.1"], "repetition_penalty"),
    ],
)
def test_what_makes_no_sense_is_said_when_the_recipe_is_read(overrides: list[str], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        made(*overrides)


# A run


def live(folder: Path, *overrides: str) -> list[dict[str, Any]]:
    plugin = Path(__file__).with_name("even_length.py")
    data = {"train": {"name": "chain", "verifier": "even_length", "options": {"count": 12}}}
    train_recipe(load_recipe(recipe(folder, data=data, plugins=[str(plugin)]), ["train.iterations=2", *overrides]))
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_run_says_how_far_engine_and_trainer_are_apart_and_weights_of_one_change_little(tmp_path: Path) -> None:
    plain, weighted = live(tmp_path / "a"), live(tmp_path / "b", "correction=token")
    for row, other in zip(plain, weighted, strict=True):
        assert 0 <= row["mismatch/logprob_p50"] <= row["mismatch/logprob_p95"] <= row["mismatch/logprob_max"] < 1e-4
        assert row["mismatch/ess"] > 0.999999
        assert other["mismatch/bounded_rate"] == 0.0
        assert other["train/grad_norm"] == pytest.approx(row["train/grad_norm"], rel=1e-3)


def test_the_weighted_loss_follows_from_the_records(tmp_path: Path) -> None:
    """With bounds so near to 1 that rounding crosses them: tokens whose two log-probs differ at all are left out."""
    rows = live(
        tmp_path / "r", "correction=mask", "correction.low=1", "correction.high=1", "algorithm.aggregation=token"
    )
    records = [json.loads(line) for line in (tmp_path / "r" / "rollouts.jsonl").read_text().splitlines()]
    for row in rows:
        mine = [r for r in records if r["iteration"] == row["iteration"]]
        assert mine[0]["coefficients"]["correction"] == {"kind": "mask", "cap": 2.0, "low": 1.0, "high": 1.0}
        total, tokens, out = 0.0, 0, 0
        for record in mine:
            old, advantages = unpack(record["old_logprobs"]), unpack(record["advantages"])
            weights = np.exp(old - unpack(record["spans"][0]["logprobs"]))
            kept = weights == 1
            total -= float(advantages[kept].sum())  # the ratio is 1
            tokens, out = tokens + len(old), out + int((~kept & ~np.isnan(old)).sum())
        assert row["train/loss"] == pytest.approx(total / tokens, abs=1e-6)
        assert out > 0 and row["mismatch/bounded_rate"] > 0
