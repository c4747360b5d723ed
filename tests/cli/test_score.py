"""`rlvr score`: one completion or a file, through the real verifiers and their worker processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Rlvr


def write_rows(file: Path, rows: list[Any]) -> None:
    file.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))


def test_one_completion_with_its_extraction(rlvr: Rlvr) -> None:
    done = rlvr("score", "--verifier", "math", "--answer", "1/2", "--text", r"so it is \boxed{0.5}", "--json")
    assert done.returncode == 0, done.stderr
    verdict = json.loads(done.stdout)
    assert (verdict["reward"], verdict["status"], verdict["answer"]) == (1.0, "correct", "0.5")


def test_one_completion_as_a_table_and_from_stdin(rlvr: Rlvr) -> None:
    done = rlvr("score", "--answer", "4", "--text", "-", stdin=r"\boxed{5}")
    assert done.returncode == 0
    assert "wrong" in done.stdout and "\x1b" not in done.stdout


def test_a_choice_with_meta(rlvr: Rlvr) -> None:
    meta = json.dumps({"choices": [{"label": "A", "text": "red"}, {"label": "B", "text": "blue"}]})
    done = rlvr("score", "--verifier", "choice", "--answer", "B", "--text", r"\boxed{B}", "--meta", meta, "--json")
    assert json.loads(done.stdout)["status"] == "correct", done.stderr


def test_a_file_comes_back_in_order(rlvr: Rlvr, tmp_path: Path) -> None:
    """Fields stay, a verdict is added; a broken line costs one verdict and is counted."""
    rows = [{"id": f"r{i}", "completion": rf"\boxed{{{i}}}", "answer": str(i % 3), "mine": i} for i in range(40)]
    write_rows(tmp_path / "rows.jsonl", [*rows[:20], "nonsense", *rows[20:], {"id": "x", "completion": "1"}])
    done = rlvr("score", "rows.jsonl", "--verifier", "math", "--out", "judged.jsonl", "--json")
    assert done.returncode == 0, done.stderr
    judged = [json.loads(line) for line in (tmp_path / "judged.jsonl").read_text().splitlines()]
    assert [row["id"] for row in judged] == [
        *(f"r{i}" for i in range(20)),
        None,
        *(f"r{i}" for i in range(20, 40)),
        "x",
    ]
    assert judged[5]["mine"] == 5
    assert [row["verdict"]["reward"] for row in judged[:5]] == [1.0, 1.0, 1.0, 0.0, 0.0]
    assert judged[20]["verdict"]["reward"] is None and judged[20]["line"] == 21
    assert set(judged[0]["verdict"]) == {"reward", "status", "answer", "reason", "parts", "seconds"}
    summary = json.loads(done.stdout)
    assert summary["rows"] == 42 and summary["judged"] == 40
    assert summary["statuses"] == {"wrong": 37, "correct": 3, "error": 2}
    assert summary["reward_mean"] == pytest.approx(3 / 40)
    assert not (tmp_path / "judged.jsonl.part").exists()


def test_rows_go_to_stdout_and_the_summary_beside_them(rlvr: Rlvr, tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [{"id": "ä", "completion": "\ud800 \\boxed{1}", "answer": "1"}])
    done = rlvr("score", "rows.jsonl")
    assert json.loads(done.stdout)["completion"] == "\ud800 \\boxed{1}"  # half a surrogate pair survives
    assert "mean reward" in done.stderr


def test_a_plugins_verifier_with_an_option(rlvr: Rlvr, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from rlvr.registry import verifier\n\n@verifier('at-least')\n"
        "def at_least(prompt, completion, *, length: int = 1):\n    '''Long enough.'''\n"
        "    return len(completion.text) >= length\n"
    )
    command = ("score", "--plugin", "mine.py", "--verifier", "at-least", "--answer", "-", "--text", "four", "--json")
    assert json.loads(rlvr(*command, "--option", "length=4").stdout)["reward"] == 1.0
    assert json.loads(rlvr(*command, "--option", "length=5").stdout)["reward"] == 0.0
    misspelt = rlvr(*command, "--option", "lenght=5")
    assert misspelt.returncode == 2 and "length" in misspelt.stderr


def test_a_verifier_that_hangs_or_dies_costs_its_rows_only(rlvr: Rlvr, tmp_path: Path) -> None:
    (tmp_path / "hostile.py").write_text(
        "import os, time\nfrom rlvr.registry import verifier\n\n@verifier('hostile')\n"
        "def hostile(prompt, completion):\n    '''Does what the completion says.'''\n"
        "    if completion.text == 'hang':\n        time.sleep(600)\n"
        "    if completion.text == 'die':\n        os._exit(3)\n"
        "    return 1.0\n"
    )
    texts = ["fine", "hang", "fine", "die", "fine"]
    write_rows(tmp_path / "rows.jsonl", [{"id": i, "completion": t, "answer": "-"} for i, t in enumerate(texts)])
    done = rlvr("score", "rows.jsonl", "--plugin", "hostile.py", "--verifier", "hostile", "--timeout", "1")
    assert done.returncode == 0, done.stderr
    statuses = [json.loads(line)["verdict"]["status"] for line in done.stdout.splitlines()]
    assert statuses == ["correct", "timeout", "correct", "error", "correct"]


def test_nothing_judged_is_a_failure(rlvr: Rlvr, tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", ["nonsense"])
    done = rlvr("score", "rows.jsonl")
    assert done.returncode == 1
    assert "line 1 is not JSON" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "either a JSONL file"),
        (("missing.jsonl",), "missing.jsonl"),
        (("empty.jsonl",), "no rows"),
        (("rows.jsonl", "--verifier", "mth"), "did you mean 'math'"),
        (("rows.jsonl", "--out", "rows.jsonl"), "is the file that is read"),
        (("rows.jsonl", "--out", "nowhere/o.jsonl"), "nowhere"),
        (("rows.jsonl", "--plugin", "missing.py"), "missing.py"),
        (("rows.jsonl", "--option", "strict"), "KEY=VALUE"),
        (("--answer", "1"), "both --answer and --text"),
        (("--answer", "1", "--text", "1", "--meta", "[1]"), "not a JSON object"),
        ((".",), "not a file"),
    ],
)
def test_the_obvious_mistakes(rlvr: Rlvr, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    write_rows(tmp_path / "rows.jsonl", [{"id": 1, "completion": "1", "answer": "1"}])
    (tmp_path / "empty.jsonl").write_text("\n")
    before = (tmp_path / "rows.jsonl").read_bytes()
    done = rlvr("score", *arguments)
    assert done.returncode == 2
    assert words in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "rows.jsonl").read_bytes() == before


def test_a_full_disk_keeps_what_was_written(rlvr: Rlvr, tmp_path: Path) -> None:
    """`/dev/full` refuses every write; the message says so, without a traceback."""
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full is a device of Linux")
    write_rows(tmp_path / "rows.jsonl", [{"id": 1, "completion": "1", "answer": "1"}])
    (tmp_path / "out.jsonl.part").symlink_to("/dev/full")
    done = rlvr("score", "rows.jsonl", "--out", "out.jsonl")
    assert done.returncode == 2
    assert "No space left" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
