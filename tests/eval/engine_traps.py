"""What every engine must do under the harness where others do not: one sampling, and stop texts that are cut off.

Called with a real engine: transformers' in test_traps, vLLM's and a vLLM server's where those are started already.
"""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from rlvr.core import Completion, Engine, Prompt, Verdict
from rlvr.errors import UserError
from rlvr.eval import evaluate_suite, suites_for
from rlvr.registry import get


class InlineJudge:
    """Judges at once in this process."""

    def submit(self, prompt: Prompt, completion: Completion) -> Future[Verdict]:
        (use,) = prompt.verifiers
        future: Future[Verdict] = Future()
        future.set_result(Verdict.of(get("verifier", use.name)(prompt, completion, **use.options)))
        return future


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def check_one_sampling(engine: Engine, folder: Path) -> None:
    """Of k samples at a temperature above 0 no two are the same; nothing but the temperature makes a sample greedy."""

    def texts(samples: int, name: str, **sampling: Any) -> list[list[str]]:
        settings = {"temperature": 0.7, "top_p": 1.0, "max_tokens": 24, **sampling}
        path = folder / f"{name}.jsonl"
        evaluate_suite("chain", engine, InlineJudge(), samples=samples, limit=5, sampling=settings, record=path)
        assert {row["sampling"]["temperature"] for row in rows(path)} == {settings["temperature"]}
        found = [row["text"] for row in rows(path)]
        return [found[at : at + samples] for at in range(0, len(found), samples)]

    ten = texts(10, "ten")
    assert [len(set(group)) for group in ten] == [10] * 5
    assert texts(1, "greedy", temperature=0.0) == texts(1, "again", temperature=0.0)
    with pytest.raises(UserError, match="10 samples at temperature 0 are 10 times the same completion"):
        texts(10, "refused", temperature=0.0)
    with pytest.raises(UserError, match="no sampling setting is called 'do_sample'"):
        texts(10, "switch", do_sample=False)


def check_stop_texts(engine: Engine, folder: Path) -> None:
    """A user's few-shot suite of five lines: its stop texts end a completion and are cut off, with all behind them."""
    shots = "Question: 1+1?\nAnswer: 2\n\nQuestion: {}?\nAnswer:"
    problems = [json.dumps({"q": shots.format(f"{i}+{i}"), "a": str(2 * i)}) for i in range(1, 9)]
    (folder / "few.jsonl").write_text("\n".join(problems) + "\n")
    file = folder / "few.yaml"
    suite = "path: few.jsonl\nprompt: q\nanswer: a\nverifier: math\ntemplate: none\n"

    def completions(name: str, sampling: str) -> list[dict[str, Any]]:
        file.write_text(f"{suite}sampling: {{max_tokens: 40, {sampling}}}\n")
        evaluate_suite(suites_for([str(file)])[0], engine, InlineJudge(), record=folder / f"{name}.jsonl")
        return rows(folder / f"{name}.jsonl")

    whole = completions("whole", "stop: []")
    seen = Counter(c for row in whole for c in set(row["text"][1:-1]) if c.isascii() and c.isalnum())
    stop = max(sorted(seen), key=seen.__getitem__)
    cut = completions("cut", f"stop: ['{stop}', 'Question:']")
    assert cut[0]["sampling"]["stop"] == [stop, "Question:"]
    ended = 0
    for before, after in zip(whole, cut, strict=True):
        kept, found, _ = before["text"].partition(stop)
        assert after["text"].rstrip("\ufffd") == kept.rstrip("\ufffd")  # a server leaves half a character out
        if found:
            ended += 1
            assert after["finish_reason"] == "stop"
    assert ended > 0, "nothing that was written here has the stop text"
