"""Judging completions that already exist: rows of a file, or two lists."""

from __future__ import annotations

import inspect
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlvr.core import Completion, Prompt, Verdict, VerifierUse
from rlvr.errors import UserError

from .asking import OpenModel
from .checks import check_verifiers
from .judge import Judge
from .wire import unjudged

WINDOW = 16  # rows in flight for each worker: enough to keep it busy, little enough to stay in memory


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line of a file that is no row: where, and why."""

    line: int
    reason: str


def read_rows(path: str | Path) -> Iterator[Mapping[str, Any] | BadRow]:
    """The rows of a JSONL file, one at a time; blank lines are skipped. Raises UserError where there is no file."""
    file = Path(path)
    if not file.is_file():
        raise UserError(f"{file} is not a file. Give a JSONL file with one row a line: id, completion, answer.")
    with file.open(encoding="utf-8-sig", errors="replace") as lines:  # Windows marks the beginning of a file
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield BadRow(number, f"line {number} is not JSON: {error}")
                continue
            yield row if isinstance(row, dict) else BadRow(number, f"line {number} is not a JSON object")


def score_rows(
    rows: Iterable[Mapping[str, Any] | BadRow],
    verifier: str | Sequence[tuple[VerifierUse, ...]],
    *,
    options: Mapping[str, Any] | None = None,
    workers: int = 2,
    timeout: float = 10.0,
    plugins: Sequence[str | Path] = (),
    open_model: OpenModel | None = None,
) -> Iterator[dict[str, Any]]:
    """The rows in order, each with its `verdict` added; a bad row gets an `error` verdict that says why.

    A row is `{"id", "completion", "answer", "prompt"?, "meta"?}`. Rows are read as verdicts come, so a file of any
    length takes little memory. `verifier` is one for all rows, or those that the rows name themselves as a record does
    (`"verifier": [{"name", "weight", "options", "gate"}]`). Raises UserError for an unknown verifier or option.
    """
    from rlvr.registry import load_plugin

    for plugin in plugins:
        load_plugin(plugin)
    known = [(VerifierUse(verifier, options=dict(options or {})),)] if isinstance(verifier, str) else list(verifier)
    if problems := list(dict.fromkeys(text for uses in known for text in check_verifiers(uses))):
        raise UserError(" ".join(problems))
    one = known[0] if isinstance(verifier, str) else None
    return _score(rows, one, known, workers, timeout, plugins, open_model)


def _score(
    rows: Iterable[Mapping[str, Any] | BadRow],
    one: tuple[VerifierUse, ...] | None,
    known: Sequence[tuple[VerifierUse, ...]],
    workers: int,
    timeout: float,
    plugins: Sequence[str | Path],
    open_model: OpenModel | None,
) -> Iterator[dict[str, Any]]:
    waiting: deque[tuple[dict[str, Any], Verdict | Future[Verdict]]] = deque()
    every = list({repr(use): use for uses in known for use in uses}.values())
    with Judge(workers, timeout, plugins=plugins, warm=[use.name for use in every], open_model=open_model) as judge:
        judge.open_models(every)
        for number, row in enumerate(rows):
            asked = _asked(row, number, one)
            waiting.append((_kept(row), unjudged(asked) if isinstance(asked, str) else judge.submit(*asked)))
            while len(waiting) > WINDOW * workers:
                yield _finished(*waiting.popleft())
        while waiting:
            yield _finished(*waiting.popleft())


def _finished(row: dict[str, Any], outcome: Verdict | Future[Verdict]) -> dict[str, Any]:
    verdict = outcome if isinstance(outcome, Verdict) else outcome.result()
    return {**row, "verdict": verdict_fields(verdict)}


def verdict_fields(verdict: Verdict) -> dict[str, Any]:
    """The verdict as it stands in a file."""
    return {
        "reward": verdict.reward,
        "status": verdict.status,
        "answer": verdict.answer,
        "reason": verdict.reason,
        "parts": dict(verdict.parts),
        "seconds": round(verdict.seconds, 6),
    }


def _kept(row: Mapping[str, Any] | BadRow) -> dict[str, Any]:
    """What comes back of a row beside its verdict."""
    if isinstance(row, BadRow):
        return {"id": None, "line": row.line}
    return dict(row) if isinstance(row, Mapping) else {}


def _asked(
    row: Mapping[str, Any] | BadRow, number: int, one: tuple[VerifierUse, ...] | None
) -> tuple[Prompt, Completion] | str:
    """The prompt and the completion of a row, or why it cannot be judged.

    `one` are the verifiers of all rows. A row that names its own is a record, and some prompts have no answer.
    """
    if isinstance(row, BadRow):
        return row.reason
    if not isinstance(row, Mapping):
        return f"the row is a {type(row).__name__}, not an object"
    completion, meta, asked = row.get("completion"), row.get("meta") or {}, row.get("prompt") or ""
    if not isinstance(completion, str):
        return "the row has no completion that is text"
    if row.get("answer") is None and one is not None:
        return "the row has no answer"
    if not isinstance(meta, Mapping):
        return "the row's meta is not an object"
    if isinstance(asked, str):
        messages: tuple[Mapping[str, Any], ...] = ({"role": "user", "content": asked},)
    elif isinstance(asked, list) and all(isinstance(message, Mapping) for message in asked):
        messages = tuple(asked)
    else:
        return "the row's prompt is neither text nor a list of messages"
    uses = tuple(VerifierUse(**use) for use in row["verifier"]) if one is None else one
    prompt = Prompt(str(row.get("id", number)), messages, row.get("answer"), uses, meta)
    return prompt, Completion.of_text(completion)


def score(
    completions: Sequence[str],
    answers: Sequence[Any],
    verifier: str | Callable[..., Any] = "math",
    *,
    options: Mapping[str, Any] | None = None,
    metas: Sequence[Mapping[str, Any]] | None = None,
    workers: int = 2,
    timeout: float = 10.0,
    plugins: Sequence[str | Path] = (),
    open_model: OpenModel | None = None,
) -> list[Verdict]:
    """The verdicts on completions, each against its reference answer, in order.

    `verifier` is a registered name or a function of named columns (`completion`, `answer`, and
    those of `metas`). Raises UserError where the lengths differ or the verifier is unknown.

    Example: `score([r"so \\boxed{0.5}"], ["1/2"])[0].reward` is 1.0.
    """
    from rlvr.registry import load_plugin

    columns = list(metas) if metas is not None else [{} for _ in completions]
    if isinstance(completions, str) or not len(completions) == len(answers) == len(columns):
        raise UserError("score() takes a list of completions and as many answers (and metas, where given).")
    for plugin in plugins:
        load_plugin(plugin)
    functions = {} if isinstance(verifier, str) else {"function": plain_verifier(verifier)}
    use = VerifierUse(verifier if isinstance(verifier, str) else "function", options=dict(options or {}))
    if problems := check_verifiers([use], functions):
        raise UserError(" ".join(problems))
    pairs = [
        (Prompt(str(i), (), answer, (use,), meta), Completion.of_text(text))
        for i, (text, answer, meta) in enumerate(zip(completions, answers, columns, strict=True))
    ]
    with Judge(workers, timeout, plugins=plugins, functions=functions, warm=[use.name], open_model=open_model) as judge:
        judge.open_models([use])
        return judge.judge(pairs)


def plain_verifier(function: Callable[..., Any]) -> Callable[..., Any]:
    """A verifier made of a plain function of named columns.

    Its parameters are filled by name: `completion` (the text), `prompt` (the last user message), `answer`,
    `messages`, and the columns in the prompt's meta; those with defaults may be missing. Raises
    UserError where the function has positional-only parameters.
    """
    parameters = inspect.signature(function).parameters
    if any(p.kind is inspect.Parameter.POSITIONAL_ONLY for p in parameters.values()):
        raise UserError(f"the reward function {function!r} has positional-only parameters; columns are passed by name.")
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())

    def judge_plainly(prompt: Prompt, completion: Completion) -> Any:
        columns = {**prompt.meta, "answer": prompt.answer, "messages": prompt.messages, "prompt": prompt.text}
        columns["completion"] = completion.text
        wanted = columns if takes_all else {name: columns[name] for name in parameters if name in columns}
        return function(**wanted)

    return judge_plainly
