"""The conformance kit: every verifier of ours passes, and every fault that it looks for is found in a plug-in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr.checks.verifier import check_verifier
from rlvr.cli import main
from rlvr.cli.scaffold import TEMPLATES
from rlvr.errors import UserError
from rlvr.registry import REGISTRIES, get, load_plugin

OURS = [n for n in REGISTRIES["verifier"].names() if get("verifier", n).__module__.startswith("rlvr.")]

# ruff: noqa: E501
#: name -> the body of a verifier with one fault, and the words that must tell of it.
FAULTS: dict[str, tuple[str, str]] = {
    "kit_pays_all": ("return 1.0", "empty: is paid 1"),
    "kit_pays_nothing": ("return 0.0", "a right completion: is not paid"),
    "kit_anywhere": ("return prompt.answer in completion.text", "several candidates: is paid"),
    "kit_raises": ("return completion.text.split()[-1] == prompt.answer", "empty: could not be judged: IndexError"),
    "kit_none": ("return None if '{' in completion.text else right(completion)", "could not judge"),
    "kit_range": ("return 2.0 * right(completion)", "a right completion: could not be judged"),
    "kit_random": ("return random.random() * right(completion)", "a right completion: is judged differently"),
    "kit_hash": ("return hash(completion.text) % 7 / 7 if len(completion.text) > 999 else right(completion)", "judged differently"),
    "kit_counts": ("seen.append(1); return Verdict(right(completion), 'correct' if right(completion) else 'wrong', str(len(seen)))", "judged differently"),
    "kit_slow": ("return len(completion.text) < 9_999 and right(completion) or time.sleep(9)", "were not tried"),
    "kit_backtracks": ("return bool(re.match('(a+a*)+$', completion.text)) or right(completion)", "a search that backtracks"),
    "kit_dies": ("os._exit(3) if '_exit' in completion.text else None; return right(completion)", "Python that ends the process"),
    "kit_evaluates": ("evaluated(completion.text); return right(completion)", "was executed"),
    "kit_steps": ("return Verdict(right(completion), 'correct' if right(completion) else 'wrong', steps=((0, 0.1),))", "empty: is paid 0.1"),
    "kit_forks": ("subprocess.Popen(['sleep', '9']) if '_exit' in completion.text else 0; return right(completion)", "leaves processes behind"),
}  # fmt: skip

HEAD = """\
import contextlib, os, random, re, subprocess, time
from rlvr.core import Verdict
from rlvr.registry import verifier

seen = []

def right(completion):
    return float(completion.text.strip() == "5")

def evaluated(text):
    with contextlib.suppress(Exception):
        eval(text)

"""


def plugin(folder: Path, *names: str) -> Path:
    text = HEAD
    for name in names:
        text += f'@verifier("{name}", example={{"prompt": "2 + 3?", "completion": "5", "answer": "5"}})\n'
        text += f"def {name}(prompt, completion):\n    {FAULTS[name][0]}\n\n"
    file = folder / f"faulty_{names[0]}.py"
    file.write_text(text)
    load_plugin(file)
    return file


@pytest.mark.parametrize("name", OURS)
def test_ours_pass(name: str) -> None:
    assert getattr(get("verifier", name), "example", None), f"{name} has no example of a completion that it pays"
    found = check_verifier(name)
    assert found.passed, found.failures
    assert found.figures["right completions paid"] == "1 of 1"
    assert str(found.figures["paid for nothing"]).startswith("0 of ")
    assert float(str(found.figures["slowest verdict (s)"])) < 10


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found(name: str, tmp_path: Path) -> None:
    file = plugin(tmp_path, name)
    slow = name in ("kit_slow", "kit_backtracks")
    found = check_verifier(name, plugins=[file], timeout=0.5 if slow else 10.0)
    assert not found.passed and any(FAULTS[name][1] in failure for failure in found.failures), found.failures[:5]


def test_what_init_writes_passes(tmp_path: Path) -> None:
    file = tmp_path / "kit_fresh.py"
    file.write_text(TEMPLATES["verifier"].filled("kit_fresh")[0])
    load_plugin(file)
    found = check_verifier("kit_fresh", plugins=[file])
    assert found.passed and found.figures["right completions paid"] == "1 of 1", found


def test_without_an_example_a_common_question_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "kit_bare.py"
    file.write_text(
        "from rlvr.registry import verifier\n\n@verifier('kit_bare')\n"
        "def bare(prompt, completion):\n    return completion.text.strip() == prompt.answer\n\n"
        "@verifier('kit_dict')\ndef other(prompt, completion):\n    return completion.text == prompt.answer['text']\n"
    )
    load_plugin(file)
    found = check_verifier("kit_bare", plugins=[file])
    assert found.passed and found.figures["right completions paid"] == "none is known"
    other = check_verifier("kit_dict", plugins=[file])
    assert not other.passed and "--rows" in other.failures[-1]
    rows = tmp_path / "rows.jsonl"
    made = [{"prompt": "2 + 2?", "completion": "4", "answer": {"text": "4"}},
            {"prompt": "2 + 2?", "completion": "5", "answer": {"text": "4"}, "label": 0},
            {"prompt": [{"role": "user", "content": "3?"}], "completion": "3", "answer": {"text": "3"}}]  # fmt: skip
    rows.write_text("".join(json.dumps(row) + "\n" for row in made))
    found = check_verifier("kit_dict", rows=rows, plugins=[file])
    assert found.passed and found.figures["right completions paid"] == "2 of 2", found


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("", "no row"),
        ("{broken\n", "line 1 is not JSON"),
        ('{"completion": "4", "answer": "4"}\n', "row 1: a row needs"),
    ],
)
def test_rows_that_cannot_be_used_are_the_users_mistake(rows: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(rows)
    with pytest.raises(UserError, match=words):
        check_verifier("math", rows=file)


def test_mistakes_are_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'math'"):
        check_verifier("mth")
    with pytest.raises(UserError, match="no option is called 'unit'"):
        check_verifier("math", {"unit": "required"})
    file = tmp_path / "kit_asks.py"
    file.write_text(
        "from rlvr.registry import verifier\n\n@verifier('kit_asks', asks='grader')\n"
        "def asks(prompt, completion, *, ask, grader=None):\n    return 0.0\n"
    )
    load_plugin(file)
    with pytest.raises(UserError, match="--option grader"):
        check_verifier("kit_asks", plugins=[file])


def left(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as stopped:
        main(["check", "verifier", *arguments])
    return stopped.value.code


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert left("countdown", "--option", "format_reward=0.1") == 0
    shown = capsys.readouterr().out
    assert "passed" in shown and "paid for nothing" in shown and "countdown.py" in shown
    monkeypatch.setitem(FAULTS, "kit_command", FAULTS["kit_pays_all"])
    file = str(plugin(tmp_path, "kit_command"))
    assert left("kit_command", "--plugin", file, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["passed"] is False and any("prompt copied: is paid 1" in failure for failure in found["failures"])
    assert left("nobody") == 2
    assert "no verifier is called" in capsys.readouterr().err
