"""Reference answers out of the forms that hub sets keep them in: JSON, Python literals, lists, numbers.

Nothing is guessed: what cannot be read exactly is a `BadRow` with the reason, never an empty answer. Python text is
read as literals only and never evaluated.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping
from typing import Any

from .sources import BadRow

#: A Python literal is parsed into a tree of some hundred bytes a character, so its text is bounded.
MAX_LITERAL = 1_000_000
#: Tests of competitive programming reach tens of megabytes.
MAX_JSON = 256_000_000


def decode_json(text: Any, column: str) -> Any:
    """The value of a JSON text. Raises `BadRow`."""
    if not isinstance(text, str):
        raise BadRow(f"column {column!r} is {type(text).__name__}, not a JSON text")
    if len(text) > MAX_JSON:
        raise BadRow(f"column {column!r} has {len(text):,} characters, more than {MAX_JSON:,}")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRow(f"column {column!r} is not JSON: {error}") from None


def decode_literal(text: Any, column: str) -> Any:
    """The value of a Python literal of texts, numbers, lists and dicts, tuples as lists. Raises `BadRow`."""
    if not isinstance(text, str):
        raise BadRow(f"column {column!r} is {type(text).__name__}, not a Python literal")
    if len(text) > MAX_LITERAL:
        raise BadRow(f"column {column!r} has {len(text):,} characters, more than {MAX_LITERAL:,}")
    try:
        return plain_value(ast.literal_eval(text.strip()), column)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError) as error:
        raise BadRow(f"column {column!r} is not a Python literal: {type(error).__name__}") from None


def decode(value: Any, column: str) -> Any:
    """A text as JSON or else as a Python literal; any other value as it is. Raises `BadRow` where it is neither."""
    if not isinstance(value, str):
        return value
    try:
        return decode_json(value, column)
    except BadRow as not_json:
        try:
            return decode_literal(value, column)
        except BadRow as neither:
            raise BadRow(f"{not_json}; {neither}") from None


def plain_value(value: Any, column: str) -> Any:
    """`value` with lists for tuples. Raises `BadRow` for what JSON has no form for: sets, bytes, complex numbers."""
    if isinstance(value, (list, tuple)):
        return [plain_value(item, column) for item in value]
    if isinstance(value, dict):
        return {key: plain_value(item, column) for key, item in value.items()}
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise BadRow(f"column {column!r} holds a {type(value).__name__}")


def answer_text(value: Any, column: str) -> str:
    """A final answer as text: `27.0` is "27", `["5"]` is "5". Raises `BadRow` for several, booleans and gaps."""
    if isinstance(value, (list, tuple)):
        if len(value) != 1:
            raise BadRow(f"column {column!r} holds {len(value)} answers, not one")
        return answer_text(value[0], column)
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadRow(f"column {column!r} is {'empty' if value is None else type(value).__name__}, not an answer")
    if not math.isfinite(value):
        raise BadRow(f"column {column!r} is {value}")
    return str(int(value)) if value == int(value) else repr(value)


def listed_answer(value: Any, column: str) -> str:
    """As `answer_text`, where a text may itself be a JSON list of one answer (`'["5"]'`, Skywork-OR1's form)."""
    if isinstance(value, str) and value.strip().startswith('["') and value.strip().endswith('"]'):
        return answer_text(decode_json(value, column), column)
    return answer_text(value, column)


def without_gaps(arguments: Any, column: str) -> dict[str, Any]:
    """Keyword arguments without the nulls that a column of one type is padded with. None means no arguments."""
    if arguments is None:
        return {}
    if not isinstance(arguments, Mapping):
        raise BadRow(f"column {column!r} holds {type(arguments).__name__} where keyword arguments belong")
    return {str(key): value for key, value in arguments.items() if value is not None}
