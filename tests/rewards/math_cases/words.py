"""Answers that are words: options, texts, names, truth values, infinity and "no solution"."""

from __future__ import annotations

from .value import Draw, Value, distinct

TEXTS = (
    ("odd", "even", "neither"),
    ("True", "False"),
    ("Yes", "No"),
    ("Alice", "Bob", "Carol", "Evelyn"),
    ("Monday", "Tuesday", "Friday"),
    ("red", "blue", "green"),
    ("ellipse", "circle", "parabola", "hyperbola"),
    ("increasing", "decreasing"),
    ("no solution", "infinitely many solutions", "one solution"),
    ("rational", "irrational"),
    ("obtuse", "acute", "right"),
    ("converges", "diverges"),
    ("Saturn", "Mars", "Jupiter"),
    ("always true", "never true", "sometimes true"),
)


def option(draw: Draw) -> Value:
    letter, wrong = draw.few("ABCDE", 2)
    same = (
        letter,
        f"({letter})",
        f"\\text{{{letter}}}",
        f"\\text{{({letter})}}",
        f"\\textbf{{({letter})}}",
        f"\\mathrm{{{letter}}}",
        f"\\textbf{{{letter}}}",
        f"{letter}.",
        f"\\text{{({letter}) }}",
    )
    other = (
        *((form, "another option") for form in (wrong, f"({wrong})", f"\\text{{({wrong})}}")),
        (f"{letter}, {wrong}", "two options"),
        (f"{wrong}{letter}", "two options"),
    )
    prose = tuple(
        p.format(letter)
        for p in (
            "The answer is ({}).",
            "The correct answer is {}.",
            "Therefore, the correct option is $\\boxed{{{}}}$.",
            "So the answer is \\boxed{{\\text{{({})}}}}.",
            "答案是{}。",
            "La bonne réponse est {}.",
        )
    )
    bad = tuple(
        (p.format(wrong), "another option") for p in ("The answer is ({}).", "The correct answer is {}.", "答案是{}。")
    )
    return Value(same, other, prose=prose, prose_other=bad)


def text(draw: Draw) -> Value:
    family = draw.one(TEXTS)
    right, *wrong = draw.few(family, len(family))
    same = (
        right,
        f"\\text{{{right}}}",
        f"\\text{{ {right} }}",
        f"\\textbf{{{right}}}",
        f"\\mathrm{{{right}}}" if " " not in right else f"\\text{{{right}}}",
        f"\\text{{{right}.}}",
        right.lower(),
        right.capitalize(),
        f"\\text{{{right.capitalize()}}}",
        f"\\mbox{{{right}}}",
    )
    other = [(form, "another text") for w in wrong for form in (w, f"\\text{{{w}}}")]
    other += [(f"\\text{{not {right}}}", "denied"), (f"\\text{{{right} or {wrong[0]}}}", "both"), ("42", "a number")]
    return Value(distinct(*same), tuple(other))


def special(draw: Draw) -> Value:
    infinities = ("\\infty", "+\\infty", "∞", "infinity", "\\text{infinity}", "oo")
    values = (
        Value(
            infinities,
            (("-\\infty", "sign"), ("0", "zero"), ("\\text{DNE}", "none"), ("10^{100}", "finite"), ("-∞", "sign")),
        ),
        Value(
            ("-\\infty", "-∞", "-infinity", "-oo", "-\\text{infinity}"),
            (("\\infty", "sign"), ("0", "zero"), ("-10^{100}", "finite")),
        ),
        Value(
            (
                "\\text{DNE}",
                "DNE",
                "does not exist",
                "\\text{does not exist}",
                "\\mathrm{DNE}",
                "\\text{Does not exist}",
            ),
            (("0", "zero"), ("\\infty", "infinite"), ("\\text{exists}", "denied")),
        ),
        Value(
            ("\\text{undefined}", "undefined", "\\text{Undefined}", "\\mathrm{undefined}"),
            (("0", "zero"), ("\\text{defined}", "denied"), ("1", "a number")),
        ),
        Value(
            ("\\emptyset", "\\varnothing", "\\{\\}", "∅", "\\{ \\}", "\\text{empty set}"),
            (("\\{0\\}", "zero"), ("0", "zero"), ("\\mathbb{R}", "all"), ("\\{\\emptyset\\}", "the set of it")),
        ),
        Value(
            (
                "\\mathbb{R}",
                "(-\\infty, \\infty)",
                "(-oo, oo)",
                "\\text{all real numbers}",
                "x \\in \\mathbb{R}",
                "\\mathbf{R}",
                "ℝ",
            ),
            (
                ("\\emptyset", "none"),
                ("(0, \\infty)", "a half"),
                ("\\mathbb{Z}", "integers"),
                ("[0, \\infty)", "a half"),
            ),
        ),
        Value(
            ("\\mathbb{Z}", "ℤ", "\\text{all integers}"),
            (("\\mathbb{R}", "reals"), ("\\mathbb{N}", "naturals"), ("\\mathbb{Q}", "rationals")),
        ),
    )
    return draw.one(values)
