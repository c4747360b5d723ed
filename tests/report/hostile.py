"""Completions that try to be more than text: in a page, in a terminal, in a line of JSON."""

from __future__ import annotations

HOSTILE: dict[str, str] = {
    "script": "<script>window.owned = 1</script>",
    "closing": "</script><script>window.owned = 2</script><!-- --><style>*{display:none}</style>",
    "image": '"><img src=x onerror="window.owned=3"><svg onload=window.owned=4><a href="javascript:owned=5">x</a>',
    "template": "{{ 7 * 7 }} {% raw %} ${window.owned=6} <!-- blocks -->",
    "math": r"$\href{javascript:owned=7}{x}$ $\htmlData{x=1}{y}$ \(\includegraphics{http://x/y.png}\) $\def\a{\a\a}\a$",
    "terminal": "\x1b[2J\x1b]0;owned\x07\x1b[31mred\x9b31m\r\x08\x7f",
    "right to left": "\u202eevitanretla\u202c \u2067x\u2069 \u200fy",
    "nul": "a\x00b\x00c",
    "separators": "one\u2028two\u2029three\x0b\x0cfour",
    "emoji": "\U0001f600 e\u0301 \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "json": '{"iteration": 1, "text": "\\u0000"}\n{"iteration": 99}',
    "long line": "x" * (1 << 20),
}
