"""`rlvr init`: a new plug-in file and its test, ready to run."""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from rlvr.errors import UserError, did_you_mean


def command(
    kind: Annotated[str, typer.Argument(help="verifier, dataset, algorithm or suite.")],
    name: Annotated[str, typer.Argument(help="What recipes and commands will call it.")],
    folder: Annotated[Path, typer.Option("--dir", help="Where the two files go.")] = Path("."),
) -> None:
    """Write a new plug-in file and its test. Nothing is overwritten.

    `rlvr init verifier palindrome` writes palindrome.py and test_palindrome.py; the test passes as it is.
    """
    from rlvr.cli.scaffold import TEMPLATES, file_stem

    if kind not in TEMPLATES:
        raise UserError(f"{kind!r} is nothing that init writes{did_you_mean(kind, TEMPLATES)}. "
                        f"Known: {', '.join(TEMPLATES)}.")  # fmt: skip
    _check_name(kind, name)
    stem = file_stem(name)
    files = [folder / f"{stem}.py", folder / f"test_{stem}.py"]
    for file in files:
        if file.exists():
            raise UserError(f"{file} exists already and is not overwritten. Choose another name, or --dir FOLDER.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in zip(files, TEMPLATES[kind].filled(name), strict=True):
            with file.open("x", encoding="utf-8") as stream:
                stream.write(text)
            print(f"wrote {file}")
    except OSError as error:
        raise UserError(f"writing to {folder} failed: {error}. Give another folder with --dir.") from error
    print(f"try it:  python -m pytest {files[1]}")
    print(f"use it:  plugins: [./{stem}.py] in a recipe beside it, or --plugin {files[0]}")


def _check_name(kind: str, name: str) -> None:
    """A name becomes a file, a function and a word in recipes."""
    from rlvr.registry import REGISTRIES, get, location

    stem = name.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name) or keyword.iskeyword(stem):
        raise UserError(f"{name!r} cannot be a name: use small letters, digits, `_` and `-`, beginning with a letter.")
    if stem in sys.stdlib_module_names:
        raise UserError(f"{name!r} would write {stem}.py, which hides Python's own module {stem}. Choose another name.")
    if name in REGISTRIES[kind].names():
        raise UserError(f"a {kind} called {name!r} exists already ({location(get(kind, name))}). Choose another name.")
