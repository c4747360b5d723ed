"""A value from forms that are equal, and what the families draw their letters and coefficients from."""

from __future__ import annotations

import sympy as sp

from .notation import one_way, written
from .trusted import equal, near
from .value import Draw, Value, distinct

LETTERS = ["x", "y", "t", "n", "a", "m", "z", "k", "r", "s", "p", "q", "u", "v", "w"]


def of_forms(draw: Draw, *forms: sp.Expr, extra: tuple[str, ...] = (), count: int = 8) -> Value:
    """The value of forms that are all equal, with near misses of the first."""
    for form in forms[1:]:
        assert equal(forms[0], form), forms
    other = [(one_way(draw, wrong), why) for wrong, why in near(forms[0], draw)]
    return Value(distinct(*written(draw, *forms, count=count), *extra), tuple(other))


def letter(draw: Draw) -> sp.Symbol:
    return sp.Symbol(draw.one(LETTERS[:4]) if draw.coin(0.7) else draw.one([*LETTERS, "theta", "alpha", "beta"]))


def coefficient(draw: Draw) -> sp.Integer:
    return sp.Integer(draw.whole(-9, 9, 0))
