"""The same tokens are judged the same in training, in the evaluation within a run, and by `rlvr eval`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rlvr.config import load_recipe
from rlvr.evaluation import evaluate_model
from rlvr.evaluation_settings import eval_recipe
from rlvr.run import train_recipe
from tests import tiny

PLUGIN = str(Path(__file__).parent / "even_length.py")
PATH = str(tiny.checkpoint(pairs=True))


def judged(record: Path) -> dict[tuple[str, int], tuple[list[int], str, float]]:
    rows = [json.loads(line) for line in record.read_text().splitlines()]
    sample = "sample" if "sample" in rows[0] else "index"
    return {
        (row["prompt_id"], row[sample]): (row["spans"][0]["token_ids"], row["text"], row["verdict"]["reward"])
        for row in rows
    }


def test_training_and_both_evaluations_read_the_same_text(tmp_path: Path) -> None:
    """One noise for all three: the first iteration's, whose completions are those of the untrained model."""
    file = tmp_path / "few.jsonl"
    file.write_text("".join(json.dumps({"id": f"q{i}", "q": f"{i}+{i}?", "a": str(2 * i)}) + "\n" for i in range(8)))
    columns = {"path": str(file), "prompt": "q", "answer": "a", "id": "id", "verifier": "even_length"}
    sampling: dict[str, Any] = {"max_tokens": 24, "temperature": 1.0, "top_p": 1.0, "stop": ["e", "\n", "u"]}
    recipe = tiny.recipe(
        tmp_path / "run",
        model={"path": PATH},
        plugins=[PLUGIN],
        data={"train": columns, "eval": [{**columns, "label": "few", "samples": 6, "sampling": sampling}]},
        sampling=sampling | {"group_size": 6},
        train={"iterations": 1, "prompts_per_iteration": 8, "eval_at_start": True, "checkpoint_every": 0, "seed": 5},
    )
    report = train_recipe(load_recipe(recipe))
    trained = judged(report.folder / "rollouts.jsonl")
    suite = tmp_path / "few.yaml"
    suite.write_text(json.dumps(columns))
    given, settings = eval_recipe(PATH, ["judge.workers=1"], [PLUGIN], 5)
    evaluation = evaluate_model(
        given, [str(suite)], samples=6, limit=None, data_dir=None, out=tmp_path / "out", sampling=settings | sampling
    )
    evaluated = judged(tmp_path / "out" / "records.jsonl")
    assert trained == evaluated and sum(text != "" for _, text, _ in trained.values()) > 20
    within, first = (json.loads(line) for line in (report.folder / "metrics.jsonl").read_text().splitlines())
    alone = {name: value for name, value in evaluation.results[0].metrics().items() if not name.endswith("/seconds")}
    assert alone == {name: within[name] for name in alone}
    assert 0 < first["reward/mean"] == alone["eval/few/reward_mean"] < 1
