"""Tests of code sets, in every container that the hub has, as the reference answer of the `code` verifier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .decoding import decode, decode_json
from .sources import BadRow, LeftOut

#: The call at the end of a LeetCode check, `check(Solution().twoSum)`: it names the entry point.
_CHECKED = re.compile(r"\s*check\((?P<entry>Solution\(\)\.[A-Za-z_]\w*|[A-Za-z_]\w*)\)\s*\Z")


def code_answer(container: Any, column: str, *, entry_point: str = "") -> dict[str, Any]:
    """The answer for `code`, from one of:

    assert lines, as a list or a JSON text of one; `{inputs, outputs}` with or without `fn_name`; a list of
    `{input, output}` with `type` and `fn_name`; `{functional: source}`; JSON texts of any of these.
    """
    value = decode(container, column) if isinstance(container, str) else container
    if isinstance(value, list) and value and all(isinstance(test, str) for test in value):
        return {"kind": "asserts", "tests": value}
    if isinstance(value, list) and value and all(isinstance(test, Mapping) for test in value):
        return _of_cases(value, column, entry_point)
    if isinstance(value, Mapping):
        return _of_mapping(value, column, entry_point)
    raise BadRow(f"column {column!r} holds {'no tests' if not value else 'tests in an unknown form'}")


def _of_mapping(value: Mapping[str, Any], column: str, entry_point: str) -> dict[str, Any]:
    for key in ("functional", "test", "assert_case", "test_cases", "tests"):
        if value.get(key):
            return checked(value[key], column) if key in ("functional", "test") else code_answer(
                value[key], column, entry_point=entry_point)  # fmt: skip
    inputs, outputs = value.get("inputs", value.get("input")), value.get("outputs", value.get("output"))
    if inputs is None or outputs is None:
        raise BadRow(f"column {column!r} has the keys {', '.join(map(str, value)) or 'none'}, not inputs and outputs")
    name = value.get("fn_name") or entry_point
    return _calls(name, inputs, outputs, column) if name else _stdin(inputs, outputs, column)


def _of_cases(cases: list[Mapping[str, Any]], column: str, entry_point: str) -> dict[str, Any]:
    if any("input" not in case or "output" not in case for case in cases):
        raise BadRow(f"column {column!r} has a test without input or output")
    inputs, outputs = [case["input"] for case in cases], [case["output"] for case in cases]
    names = {case.get("fn_name") for case in cases if case.get("fn_name")} or ({entry_point} if entry_point else set())
    if len(names) > 1:
        raise BadRow(f"column {column!r} tests several functions: {', '.join(sorted(map(str, names)))}")
    kinds = {case.get("type", "stdin_stdout") for case in cases}
    if names and kinds <= {"function_call", "functional"} | ({"stdin_stdout"} if entry_point else set()):
        return _calls(str(names.pop()), inputs, outputs, column)
    if kinds <= {"stdin_stdout", "stdin"}:
        return _stdin(inputs, outputs, column)
    raise BadRow(f"column {column!r} has tests of the types {', '.join(sorted(map(str, kinds)))}")


def checked(source: Any, column: str, entry_point: str = "") -> dict[str, Any]:
    """A LeetCode check: `def check(candidate)` and, unless `entry_point` is given, a call that names it. Its helpers
    for lists and trees are the `leetcode` prelude of the verifier."""
    if not isinstance(source, str) or "def check" not in source:
        raise BadRow(f"column {column!r} holds no 'def check'")
    called = _CHECKED.search(source)
    name = entry_point or (called["entry"] if called else "")
    if not name:
        raise BadRow(f"column {column!r} does not say what its check is called with")
    test = source[: called.start()] + "\n" if called else source
    return {"kind": "check", "test": test, "entry_point": name, "prelude": "leetcode"}


def _stdin(inputs: Any, outputs: Any, column: str) -> dict[str, Any]:
    inputs, outputs = _paired(inputs, outputs, column)
    return {
        "kind": "stdin",
        "inputs": [_lines(i, column) for i in inputs],
        "outputs": [_lines(o, column) for o in outputs],
    }


def _calls(name: str, inputs: Any, outputs: Any, column: str) -> dict[str, Any]:
    """Calls of a function: Python values (APPS, TACO), or a JSON text a case with one argument a line (LiveCodeBench).

    APPS and TACO wrap each result in a list of one; where all are so, that list is taken off.
    """
    inputs, outputs = _paired(inputs, outputs, column)
    if all(isinstance(given, str) for given in inputs):
        calls = [[_json_or_text(line) for line in given.strip().split("\n")] for given in inputs]
        results = [_json_or_text(output) for output in outputs]
    else:
        calls = [given if isinstance(given, list) else [given] for given in inputs]
        wrapped = all(isinstance(output, list) and len(output) == 1 for output in outputs)
        results = [output[0] for output in outputs] if wrapped else outputs
    return {"kind": "call", "entry_point": name, "inputs": calls, "outputs": results}


def _paired(inputs: Any, outputs: Any, column: str) -> tuple[list[Any], list[Any]]:
    inputs = [inputs] if isinstance(inputs, str) else inputs
    outputs = [outputs] if isinstance(outputs, str) else outputs
    if not isinstance(inputs, list) or not isinstance(outputs, list) or len(inputs) != len(outputs):
        raise BadRow(f"column {column!r} has inputs and outputs that do not pair")
    if not inputs:
        raise LeftOut(f"column {column!r} holds no tests")
    return inputs, outputs


def _lines(value: Any, column: str) -> str:
    """What a program reads or prints: a text, or a list of lines."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    if not isinstance(value, str):
        raise BadRow(f"column {column!r} has {type(value).__name__} where a program's text belongs")
    return value


def _json_or_text(value: Any) -> Any:
    """A JSON text as its value; a text that is no JSON, and any other value, as it is."""
    if not isinstance(value, str):
        return value
    try:
        return decode_json(value, "")
    except BadRow:
        return value
