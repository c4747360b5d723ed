"""Cases of every family in turn, from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import (
    closed_values,
    compound_units,
    expressions,
    further_expressions,
    numerals,
    quantities,
    random_trees,
    relations,
    small_differences,
    spans,
    structures,
    words,
)
from .prose import after_another, completion
from .value import Case, Draw, Value

FAMILIES: dict[str, Callable[[Draw], Value]] = {
    "integer": numerals.integer,
    "fraction": numerals.fraction,
    "decimal": numerals.decimals,
    "decimal comma": numerals.decimal_comma,
    "scientific": numerals.scientific,
    "repeating": numerals.repeating,
    "tiny": small_differences.tiny,
    "large": small_differences.large,
    "polynomial": expressions.polynomial,
    "several letters": expressions.several_letters,
    "rational function": expressions.rational_function,
    "surd": closed_values.surd,
    "radical": closed_values.radical,
    "logarithm": closed_values.logarithm,
    "trig value": closed_values.trig_value,
    "pi": closed_values.pi_multiple,
    "trig identity": expressions.trig_identity,
    "exponential": expressions.exponential,
    "complex": closed_values.complex_number,
    "absolute": expressions.absolute,
    "floor": closed_values.rounded,
    "counting": closed_values.counting,
    "sum": closed_values.sums,
    "definition": expressions.definition,
    "point": structures.point,
    "named point": structures.named_point,
    "set": structures.finite_set,
    "list": structures.answer_list,
    "plus-minus": structures.plus_minus,
    "matrix": structures.matrix,
    "determinant": structures.determinant,
    "interval": spans.interval,
    "union": spans.union,
    "punctured": spans.punctured,
    "inequality": spans.inequality,
    "line": relations.line,
    "conic": relations.conic,
    "plane": relations.plane,
    "parabola": relations.parabola,
    "congruence": relations.congruence,
    "residue": relations.residue,
    "ratio": relations.ratio,
    "quantity": quantities.quantity,
    "bare number": quantities.bare_number_with_unit,
    "money": quantities.money,
    "degrees": quantities.degrees,
    "percent": quantities.percent,
    "date": quantities.date,
    "time": quantities.time_of_day,
    "base": quantities.based,
    "option": words.option,
    "text": words.text,
    "special": words.special,
    "power": further_expressions.power,
    "antiderivative": further_expressions.antiderivative,
    "general solution": further_expressions.general_solution,
    "points": further_expressions.points,
    "expressions inside": further_expressions.expressions_inside,
    "labelled expression": further_expressions.labelled_expression,
    "logarithm of a letter": further_expressions.logarithm_of_letter,
    "random number": random_trees.random_number,
    "random expression": random_trees.random_expression,
    "random in two letters": random_trees.random_in_two_letters,
    "compound": compound_units.compound,
    "rate": compound_units.rate,
    "absolute inequality": compound_units.absolute_inequality,
    "hexadecimal": compound_units.hexadecimal,
    "labelled option": compound_units.labelled_option,
}
WORDS = frozenset(
    {"text", "option", "special", "money", "date", "time", "labelled option"}
)  # nobody writes these between dollar signs
BOXED_ONLY = frozenset({"text", "option", "special", "money", "labelled option"})


def generate(seed: int, count: int, kinds: tuple[str, ...] = ()) -> Iterator[Case]:
    """`count` cases, of the families in turn; the same for the same seed on every machine."""
    names = kinds or tuple(FAMILIES)
    for index in range(count):
        kind = names[index % len(names)]
        draw = Draw(f"{seed}/{index}/{kind}")
        yield pair(draw, kind, FAMILIES[kind](draw))


def pair(draw: Draw, kind: str, value: Value) -> Case:
    """Two notations of the value, or one of it and one of a near miss."""
    equal = draw.coin()
    gold = draw.one(value.references or value.same)
    if value.prose and draw.coin(0.6):
        text, why = (draw.one(value.prose), "another notation") if equal else draw.one(value.prose_other)
        return Case(kind, gold, text, text, equal, why)
    if equal:
        pred, why = draw.one([n for n in value.same if n != gold] or value.same), "another notation"
    else:
        pred, why = draw.one(value.other)
        if not value.references and draw.coin(0.3):
            gold, pred = pred, gold
    shown = f"${gold}$" if draw.coin(0.25) and "$" not in gold and kind not in WORDS else gold
    distracted = draw.coin(0.2)
    text = completion(draw, pred, kind not in WORDS, kind not in BOXED_ONLY, marked=distracted)
    if distracted:
        text = after_another(draw, draw.one(value.other)[0] if equal else gold, text)
    return Case(kind, shown, pred, text, equal, why)
