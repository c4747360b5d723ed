"""Mistakes in the verifiers of a recipe, found before anything runs."""

from __future__ import annotations

import inspect
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rlvr import registry
from rlvr.core import Prompt, VerifierUse
from rlvr.errors import UserError, did_you_mean


def check_verifiers(
    uses: Sequence[VerifierUse], functions: Mapping[str, Callable[..., Any]] | None = None
) -> list[str]:
    """Every problem of the verifiers a prompt names: unknown names and options, wrong types, bad weights.

    `functions` are further verifiers by name. The empty list means that all is well.
    """
    problems = [] if uses else ["no verifier is named; give one, for example verifier: math"]
    gates = {use.gate for use in uses if use.gate}
    for use in uses:
        if isinstance(use.weight, bool) or not isinstance(use.weight, (int, float)) or not 0 <= use.weight < math.inf:
            problems.append(f"verifier {use.name!r}: weight {use.weight!r} is not a positive number")
        elif use.weight == 0 and use.name not in gates:
            problems.append(
                f"verifier {use.name!r}: weight 0 is not a positive number; only one that is another's gate may have it"
            )
        if use.gate and use.gate not in {other.name for other in uses if other is not use}:
            others = ", ".join(other.name for other in uses if other is not use) or "none"
            problems.append(
                f"verifier {use.name!r}: its gate {use.gate!r} is no other verifier of the "
                f"same prompt; those are: {others}"
            )
        try:
            function = (functions or {}).get(use.name) or registry.get("verifier", use.name)
        except UserError as error:
            problems.append(str(error))
            continue
        problems += [f"verifier {use.name!r}: {problem}" for problem in _check_options(function, use.options)]
    if len(uses) > 1 and all(use.weight == 0 for use in uses):
        problems.append("all verifiers have weight 0: nothing would be rewarded")
    return problems


def check_answers(
    prompts: Iterable[Prompt], functions: Mapping[str, Callable[..., Any]] | None = None, limit: int = 5
) -> list[str]:
    """What is wrong with the reference answers, where a verifier can say so ahead: at most `limit` of the problems.

    A verifier registers `check_answer`, a function of the answer that returns what is wrong with it, or "".
    """
    problems: list[str] = []
    checkers: dict[str, Any] = {}
    for prompt in prompts:
        for use in prompt.verifiers:
            if use.name not in checkers:
                function = (functions or {}).get(use.name) or registry.get("verifier", use.name)
                checkers[use.name] = getattr(function, "check_answer", None)
            if (check := checkers[use.name]) is not None and (problem := check(prompt.answer)):
                problems.append(f"prompt {prompt.id!r}: {use.name}: {problem}.")
                if len(problems) >= limit:
                    return problems
    return problems


def _check_options(function: Callable[..., Any], options: Mapping[str, Any]) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    # `ask` is no option: what runs a verifier that asks a model gives it.
    known = {p.name: p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY and p.name != "ask"}
    open_ended = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError, AttributeError):  # annotations for type checkers only
        hints = {}
    problems = []
    for name, value in options.items():
        if name not in known:
            if not open_ended:
                listed = ", ".join(known) or "none"
                problems.append(f"no option is called {name!r}{did_you_mean(name, known)}. Options: {listed}.")
        elif not _fits(value, hints.get(name, Any)):
            wanted = getattr(hints[name], "__name__", None) or str(hints[name])
            if typing.get_origin(hints[name]) is not None:
                wanted = str(hints[name]).replace("typing.", "")
            problems.append(f"option {name!r} is {value!r}, not of type {wanted}")
    for name, parameter in known.items():
        if parameter.default is inspect.Parameter.empty and name not in options:
            problems.append(f"option {name!r} is required")
    return problems


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value of YAML suits a plain annotation; annotations beyond these pass."""
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return value in typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, part) for part in typing.get_args(hint))
    if hint in (None, type(None)):
        return value is None
    if hint is bool or isinstance(value, bool):
        return isinstance(value, bool) and hint not in (int, float, str)
    if hint is float:
        return isinstance(value, (int, float))
    return isinstance(value, hint) if hint in (int, str) else True
