"""Is what a function returned what was expected? The expected value never leaves the judge's process."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 250


def same_result(actual: Any, expected: Any, tolerance: float = 1e-6) -> bool:
    """Whether a plain value is the expected one, which may have come through JSON.

    A list stands for a tuple too; an expected float allows `tolerance` (absolute or relative); keys of a mapping
    may have become texts. Elsewhere what Python calls equal is equal.
    """
    return _same(actual, expected, tolerance, 0)


def _same(actual: Any, expected: Any, tolerance: float, depth: int) -> bool:
    if depth > MAX_DEPTH:
        return False
    if isinstance(expected, float):
        return _same_float(actual, expected, tolerance)
    if isinstance(expected, (list, tuple)):
        return (
            isinstance(actual, (list, tuple))
            and len(actual) == len(expected)
            and all(_same(a, e, tolerance, depth + 1) for a, e in zip(actual, expected, strict=True))
        )
    if isinstance(expected, Mapping):
        return isinstance(actual, Mapping) and _same_mapping(actual, expected, tolerance, depth)
    if isinstance(expected, int):
        return isinstance(actual, (int, float)) and actual == expected
    return type(actual) is type(expected) and bool(actual == expected)


def _same_float(actual: Any, expected: float, tolerance: float) -> bool:
    if not isinstance(actual, (int, float)):
        return False
    if actual == expected or (math.isnan(expected) and isinstance(actual, float) and math.isnan(actual)):
        return True
    try:
        return math.isclose(actual, expected, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:  # an integer beyond any float
        return False


def _same_mapping(actual: Mapping[Any, Any], expected: Mapping[Any, Any], tolerance: float, depth: int) -> bool:
    if len(actual) != len(expected):
        return False
    if actual.keys() != expected.keys():  # JSON knows only texts as keys
        if not all(isinstance(key, str) for key in expected):
            return False
        actual = {_as_json_key(key): value for key, value in actual.items()}
    return actual.keys() == expected.keys() and all(
        _same(actual[key], value, tolerance, depth + 1) for key, value in expected.items()
    )


def _as_json_key(key: Any) -> str:
    if isinstance(key, str):
        return key
    return json.dumps(key) if key is None or isinstance(key, (bool, int, float)) else str(key)
