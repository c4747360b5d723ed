"""The five families of rows that hub sets come in, each as one reader; a data set's own file names the columns.

    flat           a problem and its answer in two columns
    verl           `prompt` messages and `reward_model.ground_truth`
    open_instruct  `messages`, `ground_truth` and `dataset`, which says what judges it
    with_tests     a question and a container of tests (`code_answers`)
    conversation   a conversation whose first answer may serve as a reference, or which has none

Known wordings around a problem are stripped (`wrappers`); what stood there before is in `meta["original"]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rlvr.core import Message, Prompt

from .code_answers import code_answer
from .decoding import answer_text, decode, listed_answer, without_gaps
from .sources import BadRow, Row, messages_of, user_turn
from .wrappers import is_wrapper, unwrapped


def flat(
    row: Row,
    index: int,
    *,
    problem: str = "problem",
    answer: str = "answer",
    identity: str | None = None,
    keep: Sequence[str] = (),
    verifier: str = "math",
) -> Prompt:
    """A problem and its answer in two columns; the columns in `keep` go to `meta`, `identity` names the id's."""
    return _prompt(
        str(row[identity]) if identity and row.get(identity) is not None else str(index),
        user_turn(_text(row[problem], problem)),
        listed_answer(row[answer], answer) if row[answer] is not None else None,
        verifier,
        _kept(row, keep),
    )


def verl(row: Row, index: int, *, keep: Sequence[str] = (), read: Callable[[Any, str], Any] = listed_answer) -> Prompt:
    """verl's shape; `read` turns `reward_model.ground_truth` into the answer, and `code` rows are judged by tests."""
    model = row["reward_model"]
    if not isinstance(model, Mapping) or "ground_truth" not in model:
        raise BadRow("column 'reward_model' has no 'ground_truth'")
    column = "reward_model.ground_truth"
    meta = _kept(row, ("data_source", *keep))
    extra = row.get("extra_info")
    identity = extra.get("index") if isinstance(extra, Mapping) else None
    verifier = "code" if str(row.get("ability", "")).lower().startswith(("code", "coding")) else "math"
    answer = code_answer(model["ground_truth"], column) if verifier == "code" else read(model["ground_truth"], column)
    return _prompt(
        str(index if identity is None else identity), _turns(row["prompt"], "prompt"), answer, verifier, meta
    )


def open_instruct(row: Row, index: int, *, prompt: str = "messages", keep: Sequence[str] = ()) -> Prompt:
    """open-instruct's shape. `dataset` and `ground_truth` are texts, or lists of one text."""
    kind = _one(row["dataset"], "dataset").lower()
    truth = row["ground_truth"]
    truth = truth[0] if isinstance(truth, list) and len(truth) == 1 else truth
    verifier, answer = _open_instruct_answer(kind, truth)
    identity = next((str(row[key]) for key in ("id", "key", "custom_id") if row.get(key)), str(index))
    messages = user_turn(row[prompt]) if isinstance(row[prompt], str) else _turns(row[prompt], prompt)
    meta = {**_kept(row, ("constraint_type", "constraint", *keep)), "dataset": kind}
    return _prompt(identity, messages, answer, verifier, meta)


def with_tests(
    row: Row, index: int, *, problem: str = "problem", tests: str = "tests", identity: str | None = None,
    keep: Sequence[str] = (), entry_point: str = "",
) -> Prompt:  # fmt: skip
    """A question and a column of tests in any of the forms that `code_answers.code_answer` knows."""
    name = str(row[identity]) if identity and row.get(identity) is not None else str(index)
    answer = code_answer(row[tests], tests, entry_point=entry_point)
    meta = _kept(row, keep)
    if (solution := _first_solution(row.get("solutions"))) and "solution" not in meta:
        meta["solution"] = solution  # a program that passes, by which the tests themselves are checked
    return _prompt(name, user_turn(_text(row[problem], problem)), answer, "code", meta)


def _first_solution(solutions: Any) -> str:
    """The first of a list of programs, which may be a JSON text of one (APPS, TACO); "" where there is none."""
    if isinstance(solutions, str) and solutions.lstrip().startswith("["):
        try:
            solutions = decode(solutions, "solutions")
        except BadRow:
            return solutions
    first = solutions[0] if isinstance(solutions, list) and solutions else solutions
    return first if isinstance(first, str) and first.strip() else ""


def conversation(
    row: Row, index: int, *, column: str = "messages", identity: str | None = None, keep: Sequence[str] = ()
) -> Prompt:
    """The first user turn of a conversation. The first answer, where there is one, is the reference answer."""
    turns = row[column]
    if not isinstance(turns, Sequence) or isinstance(turns, str) or not all(isinstance(t, Mapping) for t in turns):
        raise BadRow(f"column {column!r} is no list of {{role, content}}")
    asked = next((i for i, turn in enumerate(turns) if turn.get("role") == "user"), None)
    if asked is None:
        raise BadRow(f"column {column!r} has no user turn")
    answered = next((turn for turn in turns[asked + 1 :] if turn.get("role") == "assistant"), None)
    messages = _turns([turn for turn in turns[: asked + 1] if turn.get("role") in ("system", "user")], column)
    reference = str(answered.get("content") or "").strip() if answered else ""
    name = str(row[identity]) if identity and row.get(identity) is not None else str(index)
    return _prompt(name, messages, reference or None, "reference", _kept(row, keep))


def constraints(value: Any, column: str) -> dict[str, Any]:
    """The answer of `instructions` from open-instruct's list of one `{instruction_id, kwargs}`, or from its older
    `{func_name, ...}`, whose functions are named `open_instruct:...` because IFEval has other definitions of them."""
    decoded = decode(value, column)
    if isinstance(decoded, list):
        if len(decoded) != 1:
            raise BadRow(f"column {column!r} holds {len(decoded)} sets of constraints, not one")
        decoded = decode(decoded[0], column)
    if not isinstance(decoded, Mapping):
        raise BadRow(f"column {column!r} holds no constraints")
    if "func_name" in decoded:
        arguments = without_gaps({k: v for k, v in decoded.items() if k != "func_name"}, column)
        return {"instruction_id_list": [f"open_instruct:{decoded['func_name']}"], "kwargs": [arguments]}
    return instructions(
        decoded.get("instruction_id", decoded.get("instruction_id_list")), decoded.get("kwargs"), column
    )


def instructions(names: Any, arguments: Any, column: str) -> dict[str, Any]:
    """IFEval's own shape, without the nulls that pad it. Raises `BadRow` where names and arguments do not pair."""
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise BadRow(f"column {column!r} names no instructions")
    if not isinstance(arguments, list) or len(arguments) != len(names):
        raise BadRow(f"column {column!r} has {len(names)} instructions and not as many sets of arguments")
    return {"instruction_id_list": names, "kwargs": [without_gaps(each, column) for each in arguments]}


def _open_instruct_answer(kind: str, truth: Any) -> tuple[str, Any]:
    if kind.startswith(("gsm8k", "math", "omega")):
        return "math", listed_answer(truth, "ground_truth")
    if kind.startswith("code"):
        return "code", code_answer(truth, "ground_truth")
    if kind.startswith("ifeval"):
        return "instructions", constraints(truth, "ground_truth")
    if kind.startswith(("general", "string", "puzzle")):
        return "reference", answer_text(truth, "ground_truth")
    raise BadRow(f"column 'dataset' is {kind!r}, which no verifier is known for")


def _prompt(identity: str, messages: tuple[Message, ...], answer: Any, verifier: str, meta: dict[str, Any]) -> Prompt:
    """A prompt with the known wordings around its last user turn, and system prompts of that kind, taken off."""
    kept = [m for m in messages if m["role"] != "system" or not is_wrapper(m["content"])]
    for i in reversed(range(len(kept))):
        if kept[i]["role"] == "user":
            kept[i] = {**kept[i], "content": unwrapped(kept[i]["content"])}
            break
    if tuple(kept) != messages:
        meta = {**meta, "original": [dict(m) for m in messages]}
    return Prompt(identity, tuple(kept), answer, verifier, meta)


def _turns(value: Any, column: str) -> tuple[Message, ...]:
    """Messages up to the last user turn; a text is one user turn."""
    if isinstance(value, str):
        return user_turn(_text(value, column))
    if (messages := messages_of(value)) is None:
        raise BadRow(f"column {column!r} is neither a text nor a list of {{role, content}}")
    turns = list(messages)
    while turns and turns[-1]["role"] != "user":
        turns.pop()
    if not turns or not turns[-1]["content"].strip():
        raise BadRow(f"column {column!r} has no user turn with text")
    return tuple(turns)


def _text(value: Any, column: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadRow(f"column {column!r} is {'empty' if not value else type(value).__name__}, not a text")
    return value


def _one(value: Any, column: str) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return _text(value, column)


def _kept(row: Row, keep: Sequence[str]) -> dict[str, Any]:
    return {key: row[key] for key in keep if row.get(key) is not None}
