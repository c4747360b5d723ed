r"""Completions that answer a math problem rightly or wrongly, in the ways in which models write."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.eval.math_forms import (
    ascii_form,
    decimal_text,
    doubled,
    grouped,
    is_word,
    narrow,
    number,
    plain,
    scientific,
    wide,
)

#: Formulas that no name is put in front of: equations, lists, intervals, those with words, numerals of a base.
_UNNAMED = re.compile(r"[=,<>%\[\]]|\\(?:text|mbox|cup|in|pm|geq|begin|%)|_\{?\d|np\.")

WORKED = "We set up what is asked, and work through it step by step. First, 2 + 3 = 5, which the bound needs.\n\n"


def prose(reference: str) -> str:
    """A sentence, digits grouped."""
    value, word = number(reference), is_word(reference)
    if value is not None:
        return f"{WORKED}Putting both together, the answer is {grouped(value)}."
    return f"{WORKED}Putting both together, the answer is {word or f'${wide(plain(reference))}$'}."


def box(reference: str) -> str:
    r"""A display with `\boxed`, the value as a fraction that is not in lowest terms."""
    value, word = number(reference), is_word(reference)
    inner = rf"\textbf{{{word}}}" if word else wide(plain(reference)) if value is None else doubled(value)
    return rf"{WORKED}\[\boxed{{{inner}}}\]"


def unit(reference: str) -> str:
    """The value with a unit; a formula with the name of what it is in front."""
    value, word, latex = number(reference), is_word(reference), plain(reference)
    if value is not None and not latex.startswith("\\$"):
        return rf"{WORKED}Hence there are $\boxed{{{grouped(value)}\text{{ meters}}}}$ of it."
    if value is not None:
        return rf"{WORKED}Hence it costs $\boxed{{{grouped(value)}\text{{ dollars}}}}$."
    if (degrees := re.fullmatch(r"([\d.]+)\^\{?\\circ\}?", latex)) is not None:
        return rf"{WORKED}Hence the angle is $\boxed{{{degrees[1]}\text{{ degrees}}}}$."
    if word or _UNNAMED.search(latex):
        return rf"{WORKED}Hence we get $\boxed{{{word or narrow(latex)}}}$ in the end."
    return rf"{WORKED}Hence $\boxed{{Q = {narrow(latex)}}}$, where $Q$ is what was asked for."


def label(reference: str) -> str:
    """A line that says so, the value with decimals."""
    value, word = number(reference), is_word(reference)
    text = decimal_text(value) if value is not None else None
    return f"{WORKED}**Final Answer:** {text or word or f'${narrow(plain(reference))}$'}"


def fenced_code(reference: str) -> str:
    """A code block, as typed on a keyboard."""
    value, word, latex = number(reference), is_word(reference), plain(reference)
    typed = decimal_text(value) if value is not None else None
    return f"{WORKED}The final answer is:\n\n```\n{typed or word or ascii_form(latex) or latex}\n```"


def after_thinking(reference: str) -> str:
    """`<think>` with other numbers, then `<answer>`, in scientific notation."""
    value, word, latex = number(reference), is_word(reference), plain(reference)
    shown = scientific(value) if value is not None else word or wide(latex)
    thought = r"It may be \boxed{-77777}. No: that forgets a case."
    return f"<think>\n{thought}\n</think>\n\nIt follows from the first bound.\n<answer>${shown}$</answer>"


def hashes(reference: str) -> str:
    """GSM8K's own mark."""
    value, word = number(reference), is_word(reference)
    return f"{WORKED}#### {grouped(value) if value is not None else word or plain(reference)}"


RENDERINGS: dict[str, Callable[[str], str]] = {
    "prose": prose,
    "box": box,
    "unit": unit,
    "label": label,
    "fenced code": fenced_code,
    "after thinking": after_thinking,
    "hashes": hashes,
}
