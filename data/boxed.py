"""The prompt that asks for a boxed answer, and the boxed answer of a reference solution."""

from __future__ import annotations

from rlvr.core import Message

from .sources import user_turn

#: The wording of Qwen2.5-Math and of DeepSeek-R1's evaluations, so that scores compare with published ones.
INSTRUCTION = r"Please reason step by step, and put your final answer within \boxed{}."


def boxed_turn(problem: str) -> tuple[Message, ...]:
    """The user turn of every mathematics set: the problem, a blank line, the instruction."""
    return user_turn(f"{problem.strip()}\n\n{INSTRUCTION}")


def last_boxed(text: str) -> str | None:
    r"""The content of the last `\boxed{...}` (or `\fbox{...}`, or `\boxed 7`); None where there is none.

    Escaped braces (`\{`) do not count towards the nesting, as in LaTeX.
    """
    starts = [text.rfind(r"\boxed"), text.rfind(r"\fbox")]
    if (start := max(starts)) < 0:
        return None
    rest = text[start + (len(r"\boxed") if start == starts[0] else len(r"\fbox")) :]
    body = rest.lstrip()
    if not body.startswith("{"):  # MATH has a few of the form `\boxed 7$.`
        bare = body.split("$")[0].strip()
        return bare or None
    depth, position = 0, 0
    while position < len(body):
        character = body[position]
        if character == "\\":
            position += 2
            continue
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return body[1:position].strip() or None
        position += 1
    return None
