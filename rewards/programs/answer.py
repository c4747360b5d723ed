"""What the reference answer of a code prompt says: which tests, of which kind."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .equations import equations
from .finding import Source

KINDS = ("asserts", "stdin", "call", "check")
KEYS = {"kind", "tests", "test", "setup", "inputs", "outputs", "entry_point", "prelude"}
MAX_TESTS = 10_000
_PATH = re.compile(r"[A-Za-z_]\w*(\(\))?(\.[A-Za-z_]\w*(\(\))?)*", re.ASCII)


class BadAnswer(ValueError):
    """The reference answer is not in the form that DESIGN's table gives; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Tests:
    """The tests of one prompt. `inputs` are texts for `stdin` and (args, kwargs) for `call`."""

    kind: str
    tests: tuple[str, ...] = ()
    setup: str = ""
    inputs: tuple[Any, ...] = ()
    outputs: tuple[Any, ...] = ()
    entry_point: str = ""
    prelude: str = ""  # source
    prompt_code: str = ""
    exact: bool = False  # the results of `call` are compared by ==

    def __len__(self) -> int:
        return len(self.inputs) if self.kind in ("stdin", "call") else len(self.tests)

    @property
    def root(self) -> str | None:
        """The name that the program must define, where the answer says which."""
        return self.path[0] if self.entry_point else None

    @property
    def path(self) -> list[str]:
        """The way to the entry point: `Solution().twoSum` is Solution, (), twoSum."""
        return self.entry_point.replace("()", ".()").split(".")

    def load_message(self, source: Source) -> dict[str, Any]:
        """What a candidate's sandbox is told first: the program and its surroundings, nothing of the tests."""
        return {
            "text": source.text,
            "fenced": source.fenced,
            "prompt_code": self.prompt_code,
            "root": self.root,
            "prelude": self.prelude,
            "shared": ["ListNode", "TreeNode"] if self.prelude else [],
        }


def read_answer(answer: Any, meta: Mapping[str, Any]) -> Tests:
    """The tests that an answer and the prompt's meta describe. Raises BadAnswer."""
    if not isinstance(answer, Mapping) or answer.get("kind") not in KINDS:
        raise BadAnswer(f"the answer is no mapping with kind {' | '.join(KINDS)}")
    kind = answer["kind"]
    if unknown := set(answer) - KEYS:
        raise BadAnswer(f"an answer has no {', '.join(sorted(map(str, unknown)))}, only {', '.join(sorted(KEYS))}")
    prompt_code = meta.get("prompt_code") or ""
    texts = {name: answer.get(name) or "" for name in ("setup", "entry_point", "prelude")}
    if not all(isinstance(text, str) for text in (prompt_code, *texts.values())):
        raise BadAnswer("setup, entry_point, prelude and prompt_code are texts")
    if texts["prelude"] not in ("", "none", "leetcode"):
        raise BadAnswer(f"prelude is none or leetcode, not {texts['prelude']!r}")
    if texts["entry_point"] and not _PATH.fullmatch(texts["entry_point"]):
        raise BadAnswer(f"entry_point {texts['entry_point']!r} is no path such as f or Solution().f")
    if kind in ("call", "check") and not texts["entry_point"]:
        raise BadAnswer(f"a {kind!r} answer needs an entry_point")
    inputs, outputs, tests = _cases(kind, answer)
    prelude = leetcode() if texts["prelude"] == "leetcode" else ""
    plain = kind == "asserts" and not (texts["setup"].strip() or prompt_code.strip() or prelude)
    if plain and (found := equations(tests)) is not None:
        name, calls, values = found
        return Tests("call", (), "", tuple(calls), tuple(values), name, exact=True)
    return Tests(kind, tests, texts["setup"], inputs, outputs, texts["entry_point"], prelude, prompt_code)


def _cases(kind: str, answer: Mapping[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[str, ...]]:
    """Inputs, outputs and tests."""
    if kind in ("asserts", "check"):
        tests = answer.get("tests") if kind == "asserts" else [answer.get("test")]
        if (
            not isinstance(tests, (list, tuple))
            or not tests
            or not all(isinstance(t, str) and t.strip() for t in tests)
        ):
            raise BadAnswer(f"a {kind!r} answer needs {'tests, a list of texts' if kind == 'asserts' else 'a test'}")
        return (), (), tuple(tests)
    inputs, outputs = answer.get("inputs"), answer.get("outputs")
    if not isinstance(inputs, (list, tuple)) or not isinstance(outputs, (list, tuple)):
        raise BadAnswer(f"a {kind!r} answer needs inputs and outputs, two lists")
    if not inputs or len(inputs) != len(outputs) or len(inputs) > MAX_TESTS:
        raise BadAnswer(f"{len(inputs)} inputs and {len(outputs)} outputs")
    if kind == "stdin":
        if not all(isinstance(text, str) for text in (*inputs, *outputs)):
            raise BadAnswer("the inputs and outputs of a 'stdin' answer are texts")
        return tuple(inputs), tuple(outputs), ()
    return tuple(map(_arguments, inputs)), tuple(outputs), ()


def _arguments(given: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of one call, from `[arg, ...]` or `{"args": [...], "kwargs": {...}}`."""
    if isinstance(given, Mapping) and set(given) <= {"args", "kwargs"}:
        args, kwargs = given.get("args") or [], given.get("kwargs") or {}
    else:
        args, kwargs = given, {}
    if not isinstance(args, (list, tuple)) or not isinstance(kwargs, Mapping):
        raise BadAnswer('an input of a call is [arg, ...] or {"args": [...], "kwargs": {...}}')
    return list(args), dict(kwargs)


def announced_types(prompt_code: str, function: str) -> tuple[dict[str, str], str]:
    """The annotations of a function's parameters, in order, and of its result, in the prompt's own signature."""
    from .wall.assembly import closed

    for node in ast.walk(ast.parse(closed(prompt_code))):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            arguments = [argument for argument in node.args.args if argument.arg != "self"]
            parameters = {a.arg: ast.unparse(a.annotation) if a.annotation else "" for a in arguments}
            return parameters, ast.unparse(node.returns) if node.returns else ""
    return {}, ""


@cache
def leetcode() -> str:
    """The source of the leetcode prelude."""
    return Path(__file__).with_name("leetcode.py").read_text(encoding="utf-8")
