r"""The boxed answer of a reference solution."""

from __future__ import annotations


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
