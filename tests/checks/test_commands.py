"""The checks on a recipe: each passes on what is right, and each finds a planted fault."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlvr.checks.loss import check_loss
from rlvr.checks.mismatch import check_mismatch
from rlvr.checks.resume import check_resume
from rlvr.cli import main
from rlvr.config import load_recipe
from rlvr.errors import UserError
from rlvr.training.batch import Batch
from tests.tiny import recipe

PLUGIN = Path(__file__).parents[1] / "training" / "even_length.py"
DATA = {"train": {"name": "chain", "verifier": "even_length", "options": {"count": 12}}}


def sections(folder: Path, algorithm: str = "grpo", **options: Any) -> dict[str, Any]:
    return recipe(folder / "r", data=DATA, plugins=[str(PLUGIN)], algorithm={"name": algorithm, **options})


@pytest.mark.parametrize("algorithm", ["grpo", "ppo", "dapo", "dpo", "sft"])
def test_no_split_changes_the_gradient(tmp_path: Path, algorithm: str) -> None:
    made = sections(tmp_path, algorithm)
    made["train"] |= {"epochs": 2}
    if algorithm in ("dpo", "sft"):
        made["data"] = {"train": "chain_preferences" if algorithm == "dpo" else "chain_demonstrations"}
    found = check_loss(load_recipe(made).recipe)
    assert found.passed, found
    assert float(str(found.figures["norm of the gradient"])) > 1e-4
    assert max(v for k, v in found.figures.items() if k.startswith(("a row", "wider", "the sum"))) < 1e-7  # type: ignore[type-var]


def test_a_denominator_of_the_micro_batch_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The field's commonest defect, planted: each part divides by its own count of tokens."""
    right: Callable[..., Any] = Batch.microbatches

    def wrong(self: Batch, tokens: int) -> Any:
        for part in right(self, tokens):
            yield dataclasses.replace(part, num_sequences=part.mask.any(dim=1).sum().item())

    monkeypatch.setattr(Batch, "microbatches", wrong)
    found = check_loss(load_recipe(sections(tmp_path)).recipe)
    assert not found.passed and any("a row at a time" in failure for failure in found.failures)


def test_a_resumed_run_is_the_run(tmp_path: Path) -> None:
    found = check_resume(sections(tmp_path), [], [], 2, 1)
    assert found.passed, found
    assert found.figures["different lines of rollouts.jsonl"] == "0 of 32"
    assert str(found.figures["different tensors of weights and optimizer"]).startswith("0 of ")
    with pytest.raises(UserError, match="within the run"):
        check_resume(sections(tmp_path), [], [], 2, 2)


def test_a_state_that_is_forgotten_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rlvr.training.optimizer import MasterAdamW

    right = MasterAdamW.load_state_dict

    def forgets(self: MasterAdamW, state: dict[str, Any]) -> None:
        right(self, state)
        for group in self.adam.state.values():
            group["exp_avg"].zero_()

    monkeypatch.setattr(MasterAdamW, "load_state_dict", forgets)
    found = check_resume(sections(tmp_path), [], [], 2, 1)
    assert not found.passed and float(str(found.figures["largest difference"])) > 0


def test_engine_and_trainer_agree_and_another_temperature_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = load_recipe(sections(tmp_path)).recipe
    found = check_mismatch(made, 3)
    assert found.passed and found.figures["tokens"] == 3 * 4 * 8
    from rlvr import assemble

    right = assemble.sampling_of
    monkeypatch.setattr(assemble, "sampling_of", lambda r: dataclasses.replace(right(r), temperature=0.5))
    assert not check_mismatch(made, 3).passed


def test_the_command_prints_its_figures_and_its_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(sections(tmp_path)))
    with pytest.raises(SystemExit) as left:
        main(["check", "mismatch", str(tmp_path / "mine.yaml"), "-n", "2", "--json"])
    assert left.value.code == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True
