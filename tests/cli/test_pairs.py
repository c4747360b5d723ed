"""`rlvr pairs`: from a run's verdicts, and from a grader behind a real HTTP server that speaks OpenAI's protocol."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rlvr.data import load_prompts
from rlvr.preferences import by_grader, by_verdict, read_questions
from rlvr.rewards import decision, question
from rlvr.rollout.chat_endpoint import ChatEndpoint
from tests.chat_server import Answer, Server
from tests.cli.conftest import Rlvr


def record(prompt: str, text: str, reward: float | None, **more: Any) -> dict[str, Any]:
    verdict = {"reward": reward, "status": "error" if reward is None else "partial"}
    messages = [{"role": "user", "content": f"ask {prompt}"}]
    row = {"iteration": 1, "prompt_id": prompt, "sample": 0, "text": text, "finish_reason": "stop"}
    return {**row, "messages": messages, "verdict": verdict, **more}


def written(folder: Path, rows: list[dict[str, Any]]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "rollouts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


ROWS = [
    record("p", "right", 1.0),
    record("p", "half", 0.5),
    record("p", "wrong", 0.0),
    record("p", "right", 1.0),  # said again
    record("p", "cut of", 0.0, finish_reason="length"),
    record("p", "lost", None),
    record("q", "one", 1.0),
    record("q", "other", 1.0),
]

# From verdicts


def test_the_better_verdict_is_chosen_and_the_difference_is_the_margin(tmp_path: Path, rlvr: Rlvr) -> None:
    done = rlvr("pairs", written(tmp_path / "run", ROWS), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["pairs"] == 3
    assert report["left_out"] == {"repeated": 1, "cut off": 1, "could not be judged": 1, "tie": 1}
    found = {(row["chosen"], row["rejected"]): row["margin"] for row in lines(tmp_path / "run" / "pairs.jsonl")}
    assert found == {("right", "half"): 0.5, ("right", "wrong"): 1.0, ("half", "wrong"): 0.5}


def test_the_file_is_a_data_set(tmp_path: Path, rlvr: Rlvr) -> None:
    run = written(tmp_path / "run", ROWS)
    rlvr("pairs", run, "--per-prompt", 1)
    (prompt,) = load_prompts("preferences", path=run / "pairs.jsonl").prompts
    assert prompt.messages == ({"role": "user", "content": "ask p"},)
    assert prompt.meta == {"chosen": "right", "rejected": "half", "margin": 0.5}


def test_no_prompt_is_in_both_files(tmp_path: Path, rlvr: Rlvr) -> None:
    rows = [record(f"p{i}", text, reward) for i in range(60) for text, reward in (("a", 1.0), ("b", 0.0), ("c", 0.5))]
    run = written(tmp_path / "run", rows)
    rlvr("pairs", run, "--held-out", 0.3)
    both = [
        {row["prompt"][0]["content"] for row in lines(run / name)} for name in ("pairs.jsonl", "pairs_held_out.jsonl")
    ]
    assert both[0].isdisjoint(both[1]) and len(both[0] | both[1]) == 60
    assert 8 <= len(both[1]) <= 28  # a share of the prompts, by their ids


def test_few_pairs_of_a_prompt_use_many_answers(tmp_path: Path) -> None:
    rows = [record("p", f"right {i}", 1.0) for i in range(3)] + [record("p", f"wrong {i}", 0.0) for i in range(3)]
    questions, left_out = read_questions(written(tmp_path / "run", rows))
    pairs = by_verdict(questions, 3, left_out)
    assert len(pairs) == 3 and len({p.chosen for p in pairs}) == len({p.rejected for p in pairs}) == 3


def test_only_answers_of_later_iterations(tmp_path: Path) -> None:
    rows = [{**row, "iteration": i} for i, row in enumerate(ROWS[:3], 1)]
    (asked,), _ = read_questions(written(tmp_path / "run", rows), since=2)
    assert [a.text for a in asked.answers] == ["half", "wrong"]


def test_what_no_pair_can_be_made_of(tmp_path: Path, rlvr: Rlvr) -> None:
    assert rlvr("pairs", written(tmp_path / "run", ROWS[-2:])).returncode == 1
    missing = rlvr("pairs", tmp_path / "nowhere")
    assert missing.returncode == 2 and "holds no rollouts" in missing.stderr and "Traceback" not in missing.stderr
    assert rlvr("pairs", tmp_path / "run", "--url", "http://x").returncode == 2


def test_broken_lines_are_counted(tmp_path: Path) -> None:
    run = written(tmp_path / "run", ROWS)
    with (run / "rollouts.jsonl").open("a") as stream:
        stream.write('{"half a li\n[1]\n')
    _, left_out = read_questions(run)
    assert left_out["broken line"] == 2


# From a grader


def answers(asked: str) -> dict[str, str]:
    return {name: re.search(rf"<<<ANSWER {name} (\w+)\n(.*)\nANSWER {name} \1>>>", asked, re.S)[2] for name in "AB"}  # type: ignore[index]


def prefers(ranking: dict[str, int], clear: int = 2) -> Answer:
    """A grader that prefers the higher rank: clearly from a distance of `clear` on, slightly below it."""

    def answer(asked: str) -> tuple[int, str]:
        both = answers(asked)
        gap = ranking[both["A"]] - ranking[both["B"]]
        sign = "=" if gap == 0 else ">>" if abs(gap) >= clear else ">"
        return 200, f"[[A=B]] would be wrong. I say [[{'A' if gap >= 0 else 'B'}{sign}{'B' if gap >= 0 else 'A'}]]"

    return answer


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    yield


GRADED = [record("p", text, None) for text in ("best", "good", "same", "bad")]
RANKING = {"best": 3, "good": 1, "same": 1, "bad": 0}


def test_a_grader_over_http_decides_margins_and_ties(tmp_path: Path, rlvr: Rlvr) -> None:
    pytest.importorskip("openai")
    with Server(prefers(RANKING)) as server:
        run = written(tmp_path / "run", GRADED)
        done = rlvr("pairs", run, "--grader", "judge-7b", "--url", server.url, "--per-prompt", 6, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["left_out"] == {"tie": 1}  # good and same
    found = {(row["chosen"], row["rejected"]): row["margin"] for row in lines(run / "pairs.jsonl")}
    third = round(1 / 3, 6)
    assert found == {("best", "good"): 1.0, ("best", "same"): 1.0, ("best", "bad"): 1.0, ("good", "bad"): third,
                     ("same", "bad"): third}  # fmt: skip
    assert len(server.asked) == 6
    assert {(r["path"], r["model"], r["temperature"]) for r in server.asked} == {
        ("/v1/chat/completions", "judge-7b", 0)
    }
    assert {r["authorization"] for r in server.asked} == {"Bearer none"}
    # Which answer is shown first is not always the one that was sampled first.
    firsts = {answers(r["messages"][0]["content"])["A"] for r in server.asked}
    assert len(firsts) > 1


def test_a_failure_to_grade_costs_the_pair_and_is_never_a_number(tmp_path: Path) -> None:
    pytest.importorskip("openai")

    def fails(asked: str) -> tuple[int, Any]:
        both = set(answers(asked).values())
        if both == {"best", "good"}:
            return 400, {"error": {"message": "no", "type": "invalid_request_error"}}
        if both == {"best", "same"}:
            return 200, "I cannot decide."
        if both == {"best", "bad"}:
            return 200, {"unexpected": "shape"}
        if both == {"good", "same"}:
            return 200, ""
        if both == {"good", "bad"}:
            return 200, "[[A>A]]"
        return 200, prefers(RANKING)(asked)[1]

    questions, left_out = read_questions(written(tmp_path / "run", GRADED))
    with Server(fails) as server:
        endpoint = ChatEndpoint("g", server.url, retries=0)
        pairs = list(by_grader(questions, 6, endpoint, left_out))
    assert [(p.chosen, p.rejected) for p in pairs] == [("same", "bad")]
    assert left_out["not graded"] == 5
    assert sum(endpoint.failures.values()) == 3 and any("BadRequest" in reason for reason in endpoint.failures)


def test_a_server_that_is_not_there_is_said_and_nothing_is_invented(tmp_path: Path, rlvr: Rlvr) -> None:
    pytest.importorskip("openai")
    run = written(tmp_path / "run", GRADED[:2])
    done = rlvr("pairs", run, "--grader", "g", "--url", "http://127.0.0.1:9/v1")
    assert done.returncode == 1 and "requests to the grader failed" in done.stderr
    assert "not graded" in done.stdout and lines(run / "pairs.jsonl") == []


def test_a_grader_that_always_takes_the_first_contradicts_itself(tmp_path: Path) -> None:
    pytest.importorskip("openai")
    questions, left_out = read_questions(written(tmp_path / "run", GRADED))
    with Server(lambda asked: (200, "[[A>B]]")) as server:
        endpoint = ChatEndpoint("g", server.url)
        assert list(by_grader(questions, 6, endpoint, left_out, both_orders=True)) == []
        assert left_out["contradicted"] == 6 and len(server.asked) == 12
    with Server(prefers(RANKING)) as server:
        again = by_grader(questions, 6, ChatEndpoint("g", server.url), left_out, both_orders=True)
        assert len(list(again)) == 5  # the sixth is a tie both ways


# The rubric


@pytest.mark.parametrize(
    "reply, value",
    [
        ("[[A>>B]]", 1.0),
        ("[[ B >> A ]]", -1.0),
        ("[[B>A]]", -1 / 3),
        ("[[A=B]]", 0.0),
        ("first [[A>B]], no: [[B>>A]]", -1.0),
        ("A is better", None),
        ("[[A>A]]", None),
        ("[[C>B]]", None),
        ("", None),
    ],
)
def test_the_last_decision_of_a_reply_counts(reply: str, value: float | None) -> None:
    assert decision(reply) == value


def test_an_answer_cannot_fill_in_the_form() -> None:
    (asked,) = question(({"role": "user", "content": "{b}"},), "{request} {b}", "secret")
    text = asked["content"]
    assert text.count("secret") == 1 and "{request} {b}" in text and "user: {b}" in text
    assert all(word in text for word in ("helpful", "truthful", "harmless"))
