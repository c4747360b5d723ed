"""What a constraint is: a function of a response whose keyword-only parameters are the arguments of its id.

    def number_words(text: Text, *, num_words: Count, relation: Relation) -> bool

The annotations are what arguments are checked by, when rows are loaded and again before anything is judged. Nothing
is drawn or assumed for an argument that is missing, so that a constraint always means the same.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

import pydantic
from pydantic import BeforeValidator, Field, StringConstraints

from .text import Text

Follows: TypeAlias = Callable[..., bool]
Check: TypeAlias = Callable[[Text], bool]


class BadArguments(ValueError):
    """Arguments by which a constraint cannot be checked."""


def _one(value: Any) -> Any:
    """IF-RLVR keeps some words in a list of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


Count = Annotated[int, Field(ge=0)]
Position = Annotated[int, Field(ge=1)]
Percentage = Annotated[float, Field(ge=0, le=100)]
#: One word or phrase, without blanks around it.
_PHRASE = StringConstraints(strip_whitespace=True, min_length=1, max_length=100_000)
Phrase = Annotated[str, BeforeValidator(_one), _PHRASE]
Phrases = Annotated[list[Phrase], Field(min_length=1, max_length=1_000)]
Letter = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1)]
#: How a number compares to a threshold, also in the words of M-IFEval's languages.
Relation = Literal[
    "less than", "at least", "at most", "al menos", "como máximo", "au moins", "moins de", "以上", "未満"
]
_AT_LEAST = frozenset(["at least", "al menos", "au moins", "以上"])
_AT_MOST = frozenset(["at most", "como máximo"])


def compare(number: int, relation: str, threshold: int) -> bool:
    """Whether `number` is less than, at least or at most the threshold."""
    if relation in _AT_LEAST:
        return number >= threshold
    return number <= threshold if relation in _AT_MOST else number < threshold


def bind(name: str, function: Follows, arguments: Mapping[str, Any]) -> Check:
    """The check of a response by one constraint. Raises BadArguments that names constraint, argument and reason.

    Arguments that are None count as missing: hub rows are padded with them.
    """
    given = {key: value for key, value in arguments.items() if value is not None}
    try:
        bound = _model(function).model_validate(given)
    except pydantic.ValidationError as error:
        problems = [_problem(each, given) for each in error.errors(include_url=False, include_context=False)]
        raise BadArguments(f"instruction {name!r}: {'; '.join(problems)}") from None
    return functools.partial(function, **bound.__dict__)


@functools.cache
def _model(function: Follows) -> type[pydantic.BaseModel]:
    """The function's keyword-only parameters as a pydantic model that knows no others."""
    hints = typing.get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {
        name: (hints[name], ... if parameter.default is inspect.Parameter.empty else parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    return pydantic.create_model(function.__name__, __config__=pydantic.ConfigDict(extra="forbid"), **fields)


def _problem(error: Any, given: Mapping[str, Any]) -> str:
    name = str(error["loc"][0]) if error["loc"] else "?"
    if error["type"] == "missing":
        return f"argument {name!r} is missing"
    if error["type"] == "extra_forbidden":
        return f"it has no argument {name!r}"
    return f"argument {name!r} is {given.get(name)!r:.80}: {error['msg']}"


class _Reached(Exception):
    """A check came to look at the text: it has nothing against its arguments."""


class _NoText:
    def __getattr__(self, name: str) -> Any:
        raise _Reached


def check_ahead(name: str, check: Check) -> None:
    """Raises BadArguments where a constraint's arguments do not suit each other, which checks say before they read."""
    try:
        check(_NoText())  # type: ignore[arg-type]  # it stands in for a Text, and is never read
    except _Reached:
        return
    except ValueError as error:
        raise BadArguments(f"instruction {name!r}: {error}") from None
