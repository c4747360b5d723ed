"""Asserts of the form `f(1, [2]) == 3`, which most are: the call is asked for and the rest is compared here.

That takes one sandbox instead of two and changes no verdict: values cross as plain ones either way.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from .wall.trial import ambient

Call = tuple[list[Any], dict[str, Any]]


def equations(tests: Sequence[str]) -> tuple[str, list[Call], list[Any]] | None:
    """The function, its arguments and the expected values, where all tests compare one function with constants.

    None where a test says anything else, or the name is one that Python gives a meaning of its own.
    """
    found = [_equation(test) for test in tests]
    names = {equation[0] for equation in found if equation is not None}
    if None in found or len(names) != 1 or ambient(name := names.pop()):
        return None
    return name, [equation[1] for equation in found if equation], [equation[2] for equation in found if equation]


def _equation(test: str) -> tuple[str, Call, Any] | None:
    try:
        match ast.parse(test).body:
            case [
                ast.Assert(
                    ast.Compare(ast.Call(ast.Name(name), args, keywords), [ast.Eq()], [expected]),
                    None | ast.Constant(),
                )
            ]:
                if any(keyword.arg is None for keyword in keywords):
                    return None
                kwargs = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in keywords}
                return name, ([ast.literal_eval(arg) for arg in args], kwargs), ast.literal_eval(expected)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        pass  # no constants, or no program: the tests' own sandbox says what is wrong
    return None
