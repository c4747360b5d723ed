"""`rlvr score`: one completion or a file, through the real verifiers and their worker processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
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
        (("--answer", "1", "--text", "1", "--audit"), "give a JSONL file"),
        (("rows.jsonl", "--audit"), "no row has a `label`"),
        (("--answer", "1"), "both --answer and --text"),
        (("--answer", "1", "--text", "1", "--meta", "[1]"), "not a JSON object"),
        ((".",), "holds no completions"),
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


def test_one_completion_is_explained(rlvr: Rlvr) -> None:
    """What was found and where, by which rule, compared with what, decided how."""
    done = rlvr("score", "--answer", r"\frac12", "--text", r"by symmetry it is \boxed{0.5}, as we hoped")
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.split()}
    assert lines["verdict"].endswith("correct") and lines["reward"].split() == ["reward", "1"]
    assert lines["reference"].split()[1] == r"\frac12" and lines["answer"].split()[1] == "0.5"
    found = next(line for line in done.stdout.splitlines() if "→" in line)
    assert r"by symmetry it is \boxed{→0.5←}, as we hoped" in found
    assert "boxed" in next(line for line in done.stdout.splitlines() if "found by" in line)
    assert "number" in next(line for line in done.stdout.splitlines() if "decided by" in line)
    nothing = rlvr("score", "--answer", "1", "--text", "I do not know what to do with this question")
    assert nothing.returncode == 0 and "unparsable" in nothing.stdout and "no answer found" in nothing.stdout


AUDITED = [
    {"id": "a", "completion": r"\boxed{4}", "answer": "4", "label": True},
    {"id": "b", "completion": r"\boxed{5}", "answer": "4", "label": 0},
    {"id": "c", "completion": r"\boxed{5}", "answer": "4", "label": True},
    {"id": "d", "completion": r"\boxed{4}", "answer": "4", "label": 0},
    {"id": "e", "completion": r"\boxed{4.0}", "answer": "4", "label": 1},
    {"id": "f", "completion": r"\boxed{4}", "answer": "4"},
    {"id": "g", "completion": r"\boxed{4}", "answer": "", "label": 1},
    {"id": "h", "completion": r"\boxed{4}", "answer": "4", "label": "yes"},
]


def test_an_audit_against_labels(rlvr: Rlvr, tmp_path: Path) -> None:
    """Right: a, b, e. False negative: c. False positive: d. No label: f, h. Not judged: g.
    Precision 2 of 3 accepted, recall 2 of 3 labelled right."""
    write_rows(tmp_path / "rows.jsonl", AUDITED)
    done = rlvr("score", "rows.jsonl", "--audit", "--json", "--out", "differ.jsonl")
    assert done.returncode == 0, done.stderr
    audit = json.loads(done.stdout)["audit"]
    assert (audit["labelled"], audit["false_positives"], audit["false_negatives"]) == (5, 1, 1)
    assert (audit["unlabelled"], audit["unjudged"]) == (2, 1)
    assert audit["precision"] == audit["recall"] == pytest.approx(2 / 3) and audit["agree"] == pytest.approx(3 / 5)
    assert [(row["id"], row["disagreement"]) for row in audit["disagreements"]] == [
        ("c", "false negative"),
        ("d", "false positive"),
    ]
    written = [json.loads(line) for line in (tmp_path / "differ.jsonl").read_text().splitlines()]
    assert [row["id"] for row in written] == ["c", "d"] and written[0]["completion"] == r"\boxed{5}"
    table = rlvr("score", "rows.jsonl", "--audit")
    assert "precision" in table.stdout and "0.6667" in table.stdout and "false positive" in table.stdout
    assert "completion" not in table.stdout, "an audit prints no rows"


def test_an_audits_list_is_bounded_and_its_file_is_not(rlvr: Rlvr, tmp_path: Path) -> None:
    rows = [{"id": f"r{i}", "completion": rf"\boxed{{{i}}}", "answer": "-1", "label": True} for i in range(50)]
    write_rows(tmp_path / "rows.jsonl", rows)
    done = rlvr("score", "rows.jsonl", "--audit", "--out", "differ.jsonl")
    assert "20 of 50 disagreements" in done.stdout and "r19" in done.stdout and "r20" not in done.stdout
    assert len((tmp_path / "differ.jsonl").read_text().splitlines()) == 50


def test_five_thousand_rows_are_counted_with_a_bar_on_a_terminal(rlvr: Rlvr, tmp_path: Path) -> None:
    """In a pipe there is no bar; on a terminal there is one, on stderr, and the JSON on stdout stays clean."""
    rows = [{"id": i, "completion": rf"so \boxed{{{i}}}", "answer": str(i - i % 2)} for i in range(5_000)]
    write_rows(tmp_path / "rows.jsonl", rows)
    quiet = rlvr("score", "rows.jsonl", "--out", "judged.jsonl", "--json")
    summary = json.loads(quiet.stdout)
    assert summary["statuses"] == {"correct": 2_500, "wrong": 2_500} and summary["reward_mean"] == 0.5
    assert quiet.stderr == ""
    command = f"{sys.executable} -m rlvr score rows.jsonl --out judged.jsonl --json > summary.json"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "TERM": "xterm"}
    if shutil.which("script") is None:
        pytest.skip("util-linux's `script`, which gives a process a terminal, is not installed")
    terminal = ["script", "-qec", command, "/dev/null"]
    done = subprocess.run(terminal, cwd=tmp_path, env=environment, capture_output=True, timeout=120)
    assert done.returncode == 0 and b"5000/5000" in done.stdout
    assert json.loads((tmp_path / "summary.json").read_text())["rows"] == 5_000
