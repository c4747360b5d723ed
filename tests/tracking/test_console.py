"""The console: greppable lines where nothing animates, and no foreign text that a terminal or Rich would obey."""

from __future__ import annotations

import io
import re
import unicodedata

import pytest
from rich.console import Console

from rlvr.core import Completion, Group, Rollout, Verdict
from rlvr.tracking.console import ConsoleTracker, plan_table
from rlvr.tracking.dashboard import small_curve
from tests.report import hostile
from tests.tiny import prompt

HOSTILE = "[bold]b[/bold] [/nothing] [link=http://x]y[/link] \x1b[2J\x1b]0;owned\x07 \x9b31m \r hidden \x08"


def tracker(display: str = "plain", terminal: bool = False) -> tuple[ConsoleTracker, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, width=200, force_terminal=terminal, color_system=None)
    return ConsoleTracker(5, display, "training", console), out  # type: ignore[arg-type]


def group(text: str, question: str = "1+1?") -> Group:
    rollouts = tuple(
        Rollout(Completion.of_text(f"{text}{i}"), Verdict.of(r), r) for i, r in enumerate([0.0, 1.0, 0.5, None])
    )
    return Group(prompt(question), rollouts)


def test_an_iteration_is_one_line_of_key_value_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    console, _ = tracker()
    console.metrics(
        3,
        {
            "reward/mean": 0.25,
            "train/loss": -0.5,
            "policy/entropy": 1.25,
            "time/iteration": 2.0,
            "eval/chain/accuracy": 0.75,
        },
    )
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("training iteration=3/5 ")
    pairs = dict(word.split("=") for word in line.split()[1:])
    assert pairs["reward"] == "0.250" and pairs["loss"] == "-0.5000" and pairs["eval/chain/accuracy"] == "0.7500"
    assert "\x1b" not in line


def test_what_is_no_terminal_gets_plain_lines_and_silence_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    console, out = tracker("auto")
    assert console.display == "plain"
    assert tracker("auto", terminal=True)[0].display == "rich"
    silent, out = tracker("none")
    silent.metrics(1, {"reward/mean": 1.0})
    silent.say("x")
    silent.examples(group("x"))
    assert out.getvalue() == "" and capsys.readouterr().out == ""


def test_examples_show_best_median_and_worst() -> None:
    console, out = tracker()
    console.examples(group("completion number "))
    shown = out.getvalue()
    rows = re.findall(
        r"(best|median|worst)\s*│\s*([\d.-]+)\s*│\s*([\d.-]+)\s*│\s*(\w+)\s*│\s*completion number (\d)", shown
    )
    assert rows == [
        ("best", "1.00", "1.00", "correct", "1"),
        ("median", "0.00", "0.00", "wrong", "0"),
        ("worst", "-", "-", "error", "3"),
    ]


def test_a_small_curve_of_any_numbers() -> None:
    assert small_curve([1e308, -1e308, 0.0]) == "█▁▄" and small_curve([float("nan"), float("inf")]) == ""


def test_what_could_not_be_judged_comes_after_any_reward_and_a_lone_completion_is_the_best() -> None:
    console, out = tracker()
    shaped = [Rollout(Completion.of_text("penalised"), Verdict.of(0.0), -3.0),
              Rollout(Completion.of_text("unjudged"), Verdict(None, "error"), None)]  # fmt: skip
    console.examples(Group(prompt("1+1?"), tuple(shaped)))
    assert out.getvalue().index("penalised") < out.getvalue().index("unjudged")
    console, out = tracker()
    console.examples(Group(prompt("1+1?"), tuple(shaped[:1])))
    assert "best" in out.getvalue() and "worst" not in out.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_hostile_text_is_shown_and_not_obeyed(terminal: bool) -> None:
    console, out = tracker(terminal=terminal)
    console.examples(group(HOSTILE, question=HOSTILE))
    console.say(HOSTILE)
    console.console.print(plan_table([("data", HOSTILE)], "plan"))
    shown = out.getvalue()
    # Five times: the title, three completions, the sentence; and the table.
    assert shown.count("[bold]b[/bold] [/nothing] [link=http://x]y[/link]") == 6  # markup as it was written
    assert shown.count("owned") == 6
    without_own_styles = re.sub(r"\x1b\[[0-9;]*m", "", shown)  # Rich's bold and italics, of which text brings none
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", without_own_styles)
    assert "\x1b[2J" not in shown and "\x1b[31m" not in shown


@pytest.mark.parametrize("name", list(hostile.HOSTILE))
def test_no_completion_brings_a_character_that_a_terminal_obeys(name: str) -> None:
    text = hostile.HOSTILE[name]
    console, out = tracker(terminal=True)
    console.examples(group(text, question=text))
    console.say(text)
    own = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    obeyed = {c for c in own if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c not in "\n\t"}
    assert obeyed == set()
    beginning = text.split("\n")[0][:20].translate(
        {ord(c): "\N{REPLACEMENT CHARACTER}" for c in text if not c.isprintable()}
    )
    assert beginning in own  # as text, what is no control character left as it was


def test_a_long_completion_keeps_its_beginning_and_its_end() -> None:
    console, out = tracker()
    console.examples(group("begin " + "x" * 5000 + " end"))
    text = "".join(out.getvalue().split())
    assert "begin" in text and "end1" in text and len(out.getvalue()) < 8000


def test_a_terminal_shows_progress_figures_and_where_the_time_goes() -> None:
    console, out = tracker("rich", terminal=True)
    times = {"time/rollout": 6.0, "time/train": 3.0, "time/recording": 0.01, "time/inputs": 1.0, "time/iteration": 10.0}
    console.metrics(1, {"reward/mean": 0.25, "policy/entropy": 2.0, **times})
    with console.doing("evaluating"):
        pass
    console.metrics(2, {"reward/mean": 0.5, "policy/entropy": 1.0, "verifier/error_rate": 0.02, **times})
    console.close()
    console.close()
    shown = out.getvalue()
    last = shown[shown.rindex("training") :]
    assert "2/5" in last and re.search(r"reward\s+0\.500\s+▁█", last) and re.search(r"entropy\s+1\.000\s+█▁", last)
    assert "rollout 60%" in last and "train 30%" in last and "inputs 10%" in last and "recording" not in last
    assert re.search(r"verifier errors\s+2\.0%", last)


def test_a_small_curve_spans_from_lowest_to_highest() -> None:
    assert small_curve([1.0, 2.0, 3.0]) == "▁▄█"
    assert small_curve([5.0, 5.0]) == "▁▁" and small_curve([]) == "" and small_curve([float("nan")]) == ""
