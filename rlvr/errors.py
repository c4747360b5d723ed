"""The errors that a person is meant to read.

    UserError            the user's mistake: one paragraph (what, where, next step), exit code 2
      RecipeError        a recipe that is not valid; carries every mistake at once
      UnknownName        a name that no registry knows; suggests the nearest
      LostRanks          nobody's mistake: the other processes of a run are gone, exit code 1

Anything else that is raised is a defect of rlvr and shows its traceback (exit code 1).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


class UserError(Exception):
    """A mistake that the user can mend. The message says what, where and what to do next."""

    exit_code = 2


class RecipeError(UserError):
    """All the mistakes of one recipe."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = f"{len(problems)} problem" + ("s" if len(problems) != 1 else "")
        super().__init__("\n".join([f"{source} is not a valid recipe ({count}):", *(f"  {p}" for p in problems)]))


class LostRanks(UserError):
    """A process waited for others of its run that have ended, or that did not come in time."""

    exit_code = 1


class UnknownName(UserError):
    """A name that is not registered."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        hint = did_you_mean(name, names) or "."
        super().__init__(f"no {kind} is called {name!r}{hint} Known: {', '.join(names) or 'none'}.")


def all_of(actions: Iterable[Callable[[], T]]) -> list[T]:
    """What each action returns. Raises one `UserError` with the mistakes of all of them."""
    found, mistakes = [], list[str]()
    for action in actions:
        try:
            found.append(action())
        except UserError as error:
            mistakes.append(str(error))
    if mistakes:
        raise UserError("\n  ".join(dict.fromkeys(mistakes)))
    return found


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'group_size'?`, or nothing where no known word is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
