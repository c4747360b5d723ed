"""From the text of an answer to a program: on its own, or as the continuation of the prompt's code.

Stands alone, because it runs inside the sandbox: the compiler is one more thing that hostile text may break.
"""

from __future__ import annotations

import ast
import symtable
import textwrap
import warnings
from collections.abc import Iterator


class NoProgram(ValueError):
    """The text is not a program; `compiles_not` says that it was meant as one."""


def assemble(text: str, fenced: bool, prompt_code: str, root: str | None) -> list[str]:
    """The sources to run in order, in one namespace.

    `root` is the name that the tests need. Where the text does not define it, the text continues
    `prompt_code`. Raises SyntaxError (a fenced program that does not compile) or NoProgram.
    """
    trouble = _trouble(text)
    alone = trouble is None and bool(ast.parse(text).body)
    if alone and (root is None or root in defined_names(text)):
        return [closed(prompt_code), text]
    for whole in _continuations(prompt_code, text) if prompt_code.strip() else ():
        if _trouble(whole) is None and (root is None or root in defined_names(whole)):
            return [whole]
    if alone:
        return [closed(prompt_code), text]
    if fenced and text[:1].isspace() and _trouble(textwrap.dedent(text)) is None:
        return [closed(prompt_code), textwrap.dedent(text)]  # a block inside a list is indented with it
    if not fenced or trouble is None:
        raise NoProgram("no program found")
    raise trouble


def closed(source: str) -> str:
    """Code that may stop in the middle of a block, as a program that parses; what cannot be mended is left off."""
    if _trouble(source) is None:
        return source
    for indent in (_next_indent(source), 0, 4, 8, 12):
        whole = f"{source.rstrip()}\n{' ' * indent}pass\n"
        if _trouble(whole) is None:
            return whole
    lines = source.splitlines()
    while lines and _trouble("\n".join(lines)) is not None:
        lines.pop()
    return "\n".join(lines) + "\n"


def defined_names(source: str) -> set[str]:
    """The names that a program binds at its top level."""
    table = symtable.symtable(source, "<program>", "exec")
    return {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}


def stubs(source: str) -> set[str]:
    """The functions and classes of a program that are only announced: a docstring, `pass`, `...`."""
    return {
        node.name
        for node in ast.parse(source).body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and _is_stub(node)
    }


def _is_stub(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        methods = [part for part in node.body if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))]
        open_ones = [method for method in methods if not method.name.startswith("__")]
        return bool(open_ones) and all(map(_is_stub, open_ones))
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    return all(
        isinstance(part, ast.Pass)
        or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
        or (isinstance(part, ast.Raise) and "NotImplementedError" in ast.unparse(part))
        for part in node.body
    )


def _continuations(prompt_code: str, text: str) -> Iterator[str]:
    """The ways to go on after the prompt: as written, with the first line's indentation lost, with all of it lost."""
    head = prompt_code if prompt_code.endswith("\n") else prompt_code + "\n"
    body = text.strip("\n")
    indent = " " * _next_indent(prompt_code)
    yield prompt_code + text
    yield head + body + "\n"
    yield head + indent + body.lstrip() + "\n"
    yield head + textwrap.indent(textwrap.dedent(body), indent) + "\n"


def _next_indent(source: str) -> int:
    """How far the line after the last one is indented, in spaces."""
    lines = [line for line in source.expandtabs(4).splitlines() if line.strip()]
    if not lines:
        return 0
    opening = next((line for line in reversed(lines) if line.lstrip().startswith(("def ", "class ", "async "))), "")
    last = lines[-1]
    if last.rstrip().endswith(":"):
        return len(last) - len(last.lstrip()) + 4
    return len(opening) - len(opening.lstrip()) + 4 if opening else 0


def _trouble(source: str) -> SyntaxError | None:
    """Why a source does not compile. None where it does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<program>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:  # null bytes, nesting, huge numbers
        return SyntaxError(f"{type(error).__name__}: {error}")
    return None
