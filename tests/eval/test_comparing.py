"""Two evaluations on disk, compared: by hand, and what is warned of."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from rlvr.errors import UserError
from rlvr.eval.comparing import (
    Evaluation,
    compare_evaluations,
    compare_means,
    comparison_json,
    comparison_markdown,
    is_evaluation,
)


def write(
    folder: Path,
    rewards: dict[str, list[float | None]],
    *,
    chosen_by: str | None = None,
    suite: str = "gsm8k",
    **more: Any,
) -> Path:
    """An evaluation's folder with one suite."""
    folder.mkdir()
    samples = max(map(len, rewards.values()))
    fields = {"suite": suite, "version": 1, "samples": samples, "fingerprint": "f", "rewards": rewards,
              "settings": {"sampling": {"temperature": 0.0}, "template": "t"}, **more}  # fmt: skip
    (folder / "results.json").write_text(json.dumps({"format": 1, "suites": {suite: fields}}))
    manifest = {"model": {"path": "m", "chosen_by": chosen_by}, "suites": {suite: {"dataset": "gsm8k"}}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_problems_are_paired_by_hand(tmp_path: Path) -> None:
    a = write(tmp_path / "a", {"p0": [0.0], "p1": [0.0], "p2": [0.0], "p3": [1.0], "p4": [None], "only": [1.0]})
    b = write(tmp_path / "b", {"p3": [1.0], "p2": [1.0], "p1": [1.0], "p0": [1.0], "p4": [1.0]})
    [found] = compare_evaluations(Evaluation.read(a), Evaluation.read(b))
    # p4 was not judged in A, and "only" not asked in B: four pairs, differences 1, 1, 1, 0; McNemar 2 (1/2)^3
    assert (found.problems, found.a, found.b, found.paired.difference) == (4, 0.25, 1.0, 0.75)
    assert found.paired.p_value == pytest.approx(0.25)
    assert (found.paired.better, found.paired.worse) == (3, 0)
    assert [flip.problem for flip in found.flips] == ["p0", "p1", "p2"]
    assert not found.warnings


def test_several_samples_are_shares_and_a_partial_reward_is_not_right(tmp_path: Path) -> None:
    a = write(tmp_path / "a", {"x": [1.0, 0.0, 0.5, None], "y": [1.0, 1.0, 1.0, 1.0]})
    b = write(tmp_path / "b", {"x": [1.0, 1.0, 1.0, 1.0], "y": [1.0, 1.0, 0.0, 0.0]})
    [found] = compare_evaluations(Evaluation.read(a), Evaluation.read(b))
    # A: 1/3 and 1; B: 1 and 1/2
    assert (found.a, found.b) == pytest.approx((2 / 3, 3 / 4))
    assert [(f.problem, round(f.b - f.a, 3)) for f in found.flips] == [("x", 0.667), ("y", -0.5)]


@pytest.mark.parametrize(
    ("suite", "chosen_by", "warned"),
    [
        ("gsm8k", "eval/gsm8k/accuracy", True),
        ("gsm8k_again", "eval/gsm8k/accuracy", True),  # the same data set under another name
        ("gsm8k", "eval/math500/accuracy", False),
        ("gsm8k", "eval/of_my_own/accuracy", False),
        ("gsm8k", "reward/mean", False),
        ("gsm8k", None, False),
    ],
)
def test_a_checkpoint_that_the_suite_chose(tmp_path: Path, suite: str, chosen_by: str | None, warned: bool) -> None:
    a = write(tmp_path / "a", {"x": [1.0], "y": [0.0]}, suite=suite)
    b = write(tmp_path / "b", {"x": [1.0], "y": [1.0]}, suite=suite, chosen_by=chosen_by)
    sides = Evaluation.read(a), Evaluation.read(b)
    [found] = compare_evaluations(*sides)
    assert any("was chosen out of its run's checkpoints" in text for text in found.warnings) == warned
    assert ("too high" in comparison_markdown(*sides, [found])) == warned


def test_another_suite_of_the_same_problems_chose_it_too(tmp_path: Path) -> None:
    a = write(tmp_path / "a", {"x": [1.0]}, suite="arc_easy_acc_norm", chosen_by="eval/arc_easy_acc/accuracy")
    manifest = json.loads((a / "manifest.json").read_text())
    manifest["suites"]["arc_easy_acc_norm"]["dataset"] = "arc_easy"
    (a / "manifest.json").write_text(json.dumps(manifest))
    [found] = compare_evaluations(Evaluation.read(a), Evaluation.read(a))
    assert len(found.warnings) == 1 and "by eval/arc_easy_acc/accuracy" in found.warnings[0]


def test_what_keeps_scores_from_comparing_is_said(tmp_path: Path) -> None:
    a = write(tmp_path / "a", {"x": [1.0], "y": [0.0]})
    b = write(tmp_path / "b", {"x": [1.0]}, fingerprint="g", version=2,
              settings={"sampling": {"temperature": 1.0}, "template": "u"})  # fmt: skip
    [found] = compare_evaluations(Evaluation.read(a), Evaluation.read(b))
    said = " ".join(found.warnings)
    assert all(
        text in said for text in ("version 1 beside 2", "not the same problems", "another sampling", "another template")
    )


def test_the_table_and_the_json(tmp_path: Path) -> None:
    a = write(tmp_path / "a", {f"p|{i}": [float(i < 3)] for i in range(8)})
    b = write(tmp_path / "b", {f"p|{i}": [float(i < 6)] for i in range(8)})
    sides = Evaluation.read(a), Evaluation.read(b)
    found = compare_evaluations(*sides)
    text = comparison_markdown(*sides, found)
    assert "| gsm8k | 8 | 1 | 37.5 % | 75.0 % | +37.5 |" in text and "p\\|3" in text
    values = json.loads(json.dumps(comparison_json(*sides, found), allow_nan=False))
    assert values["suites"][0]["paired"]["difference"] == 0.375 and len(values["suites"][0]["flips"]) == 3


def test_what_is_no_evaluation(tmp_path: Path) -> None:
    assert not is_evaluation(tmp_path)
    with pytest.raises(UserError, match="no suite was finished"):
        Evaluation.read(tmp_path)
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        Evaluation.read(tmp_path)
    one = write(tmp_path / "a", {"x": [1.0]})
    other = write(tmp_path / "b", {"x": [1.0]}, suite="math500")
    with pytest.raises(UserError, match=r"share no suite: .*a has gsm8k and .*b has math500"):
        compare_evaluations(Evaluation.read(one), Evaluation.read(other))


def two_suites(folder: Path, first: list[float], second: list[float]) -> Evaluation:
    """An evaluation of two suites, one sample a problem."""
    write(folder, {f"a/{i}": [x] for i, x in enumerate(first)})
    found = json.loads((folder / "results.json").read_text())
    other = {**found["suites"]["gsm8k"], "suite": "b", "rewards": {f"b/{i}": [x] for i, x in enumerate(second)}}
    found["suites"]["b"] = other
    (folder / "results.json").write_text(json.dumps(found))
    return Evaluation.read(folder)


def test_the_mean_over_suites_by_hand(tmp_path: Path) -> None:
    a = two_suites(tmp_path / "a", [0.0] * 4, [0.0, 1.0])
    b = two_suites(tmp_path / "b", [1.0, 1.0, 0.0, 0.0], [1.0, 1.0])
    found = compare_evaluations(a, b)
    mean = compare_means(a, found)
    assert mean is not None and mean.suites == ("gsm8k", "b")
    assert (mean.a, mean.b, mean.difference) == (0.25, 0.75, 0.5)  # (0 + 1/2) / 2 and (1/2 + 1) / 2
    halves = [(one.paired.interval[1] - one.paired.interval[0]) / 2 for one in found]
    assert mean.interval[0] == pytest.approx(max(-1.0, 0.5 - math.hypot(*halves) / 2))
    # three flips for the better, weighing 1/8, 1/8 and 1/4: of 8 choices of signs two are as far from 0
    assert mean.p_value == pytest.approx(2 / 8)
    text = comparison_markdown(a, b, found)
    assert "| mean of 2 suites |  |  | 25.0 % | 75.0 % | +50.0 |" in text
    assert comparison_json(a, b, found)["mean"]["difference"] == 0.5


def test_one_suite_has_no_mean(tmp_path: Path) -> None:
    a = write(tmp_path / "a", {"x": [1.0], "y": [0.0]})
    side = Evaluation.read(a)
    assert compare_means(side, compare_evaluations(side, side)) is None
    assert comparison_json(side, side, compare_evaluations(side, side))["mean"] is None
