"""Several models evaluated in one go, plotted, and compared: as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr.cli import main
from rlvr.training.tiny import save_tiny


def run(*words: object) -> int:
    """The exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, words)))
    return int(ended.value.code or 0)


def test_two_checkpoints_evaluated_plotted_and_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for number, seed in ((10, 0), (20, 1)):
        save_tiny(tmp_path / f"checkpoints/iteration_0000{number}", seed=seed, width=64)
    rows = [
        {"id": str(i), "question": f"What is {i}?", "choices": {"label": ["A", "B", "C"], "text": ["x", "yes", f"{i}"]},
         "answerKey": "C"}
        for i in range(12)
    ]  # fmt: skip
    (tmp_path / "arc_easy.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    models = ["checkpoints/iteration_000010", "checkpoints/iteration_000020"]
    suites = ["--suite", "arc_easy_acc,arc_easy_acc_norm", "--data-dir", ".", "--out", "found"]
    assert run("eval", *models, *suites, "--plot", "plot.html", "judge.workers=1") == 0
    printed = capsys.readouterr().out
    assert "Evaluation of checkpoints/iteration_000010" in printed and "arc_easy_acc_norm v1" in printed
    assert "checkpoints/iteration_000020" in printed.split("accuracy")[-1]
    assert (tmp_path / "plot.html").stat().st_size > 50_000
    folders = [f"found/checkpoints_iteration_0000{number}" for number in (10, 20)]
    assert "| arc_easy_acc v1 | 12 | 1 |" in (tmp_path / folders[0] / "results.md").read_text()

    assert run("compare", *folders, "--json") == 0
    found = {one["suite"]: one for one in json.loads(capsys.readouterr().out)["suites"]}
    assert list(found) == ["arc_easy_acc", "arc_easy_acc_norm"]
    for suite, one in found.items():
        stored = [json.loads((tmp_path / f / "results.json").read_text())["suites"][suite] for f in folders]
        assert [one["a"], one["b"]] == [s["accuracy"] for s in stored]
        assert one["paired"]["difference"] == pytest.approx(one["b"] - one["a"])
    assert run("compare", *folders, "--out", "both.md") == 0
    assert "arc_easy_acc_norm" in capsys.readouterr().out and "| suite |" in (tmp_path / "both.md").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["eval", "sampling.max_tokens=4"], "no model was given"),
        (["eval", "m", "--plot", "plot.png"], "ends in .html"),
        (["eval", "./m", "--suite", "chain"], "there is no model './m': no such folder"),
        (["eval", "model", "--suite", "chain", "sampling.max_tokns=4"], "did you mean 'max_tokens'?"),
        (["eval", "model", "--suite", "chian"], "did you mean 'chain'?"),
        (["eval", "model", "--suite", ","], "no suite was named"),
        (["eval", "model", "--suite", "gsm8k", "--data-dir", "empty"], "suite 'gsm8k': the data folder empty has no"),
        (["eval", "model", "--suite", "chain", "-k", "2", "sampling.temperature=0"], "2 times the same completion"),
        (["compare", "empty", "also"], "no run's folder"),
        (["compare", "evaluated", "empty"], "no suite was finished"),
        (["compare", "evaluated", "nowhere"], "there is no folder"),
        (["compare", "evaluated", "."], "no evaluation, but holds some: evaluated"),
        (["compare", "evaluated", "run"], "is a run, and no evaluation"),
        (["eval", "model", "--out", "model/config.json"], "is a file. Give a folder"),
        (["eval", "model", "model"], "given twice"),
        (["score", "evaluated", "--audit"], "records have not"),
        (["score", "evaluated", "--out", "empty"], "it is a folder"),
        (["compare", "evaluated", "evaluated", "--out", "x.html"], "ends in .md"),
    ],
)
def test_mistakes_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "also", "evaluated", "run"):
        (tmp_path / name).mkdir()
    (tmp_path / "run/metrics.jsonl").touch()
    (tmp_path / "evaluated/results.json").write_text('{"suites": {}}')
    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.json").write_text("{}")
    assert run(*words) == 2
    assert message in " ".join(capsys.readouterr().err.split())
