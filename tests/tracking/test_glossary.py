"""The glossary of metrics explains what runs write, and nothing else."""

from __future__ import annotations

from pathlib import Path

from rlvr.tracking.glossary import EVAL_METRICS, METRICS, PAIR_METRICS
from tests.test_run import LIVE, lines, run


def test_every_metric_is_in_the_glossary_and_the_glossary_promises_no_other(tmp_path: Path) -> None:
    written: set[str] = set()
    evals = {"eval": [{"name": "chain", "label": "held", "limit": 2, "samples": 2, "sampling": {"max_tokens": 4}}]}
    plain = run(tmp_path / "a", "train.iterations=2", "train.eval_every=1", "correction=token", data={**LIVE, **evals})
    more = ("train.minibatch=8", "algorithm.kl_coef=0.1", "data.difficulty_filter={solved_after: 2}")
    with_kl = run(tmp_path / "b", "train.iterations=1", *more)
    pairs = {"train": {"name": "chain_preferences", "options": {"count": 8}},
             "eval": [{"name": "chain_preferences", "label": "pairs", "options": {"count": 4}}]}  # fmt: skip
    one = {"iterations": 1, "prompts_per_iteration": 4, "lr": 1e-3}
    evaluated_once = {**one, "eval_every": 1}
    scored = run(tmp_path / "c", data=pairs, algorithm="reward_model", train=evaluated_once)
    preferred = run(tmp_path / "d", data=pairs, algorithm="dpo", train=evaluated_once)
    shaped = run(
        tmp_path / "e", algorithm="dapo", train=one, sampling={"group_size": 2, "max_tokens": 6, "dynamic_rounds": 1},
        reward={"overlong_buffer": 2, "model": str(scored.folder)}, engine={"max_staleness": 1},
    )  # fmt: skip
    ppo = {"name": "ppo", "kl_coef": 0.1}
    with_critic = run(tmp_path / "f", "train.minibatch=8", "train.iterations=1", algorithm=ppo)
    natural = run(tmp_path / "g", "train.iterations=1", algorithm={"name": "trpo", "max_kl": 1e-3})
    penalty = run(tmp_path / "h", "train.iterations=1", "train.minibatch=8", algorithm="ppo_penalty")
    for report in (plain, with_kl, scored, preferred, shaped, with_critic, natural, penalty):
        for row in lines(report.folder, "metrics.jsonl"):
            written |= row.keys() - {"iteration"}
            assert all(isinstance(v, (int, float)) for v in row.values())
    evaluated = {name for name in written if name.startswith("eval/")}
    assert {name.rpartition("/")[2] for name in evaluated if "/held/" in name} >= set(EVAL_METRICS)
    assert {name.removeprefix("eval/pairs/") for name in evaluated if "/held/" not in name} == set(PAIR_METRICS)
    named = {name for name in written if name.startswith("term/")}  # the glossary's line term/* is for all of them
    assert named >= {"term/overlong", "term/model"}
    assert not written - evaluated - named - set(METRICS)
    # The rest needs a disk that is full, a recorded run, or an engine with weights of its own.
    elsewhere = {"mismatch/probe", "rollout/failed_requests"}
    assert set(METRICS) - written == {"checkpoint/failed", "rollout/recorded_elsewhere"} | elsewhere
    assert all(METRICS.values())
