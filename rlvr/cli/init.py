"""`rlvr init`: a new plug-in file and its test, ready to run; or a tiny model to try things on."""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from rlvr.errors import UserError, did_you_mean


def command(
    kind: Annotated[str, typer.Argument(help="verifier, dataset, algorithm, suite or model.")],
    name: Annotated[str, typer.Argument(help="What recipes and commands will call it.")],
    folder: Annotated[Path, typer.Option("--dir", help="Where it goes.")] = Path("."),
    seed: Annotated[int, typer.Option(min=0, help="A model's: the seed of its weights.")] = 0,
    untied: Annotated[bool, typer.Option("--untied", help="A model's: output weights of their own.")] = False,
) -> None:
    """Write a new plug-in file and its test, or a tiny random model. Nothing is overwritten.

    `rlvr init verifier palindrome` writes palindrome.py and test_palindrome.py; the test passes as it is. `rlvr init
    model tiny` writes a Llama of half a million weights with its tokenizer: recipes run with model.path=./tiny.
    """
    from rlvr.cli.scaffold import TEMPLATES, file_stem

    known = [*TEMPLATES, "model"]
    if kind not in known:
        raise UserError(f"{kind!r} is nothing that init writes{did_you_mean(kind, known)}. Known: {', '.join(known)}.")
    if kind == "model":
        return _write_model(folder / name, seed, tied=not untied)
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
    if kind == "verifier":
        print(f"hostile completions:  rlvr check verifier {name} --plugin {files[0]}")
    print(f"use it:  plugins: [./{stem}.py] in a recipe beside it, or --plugin {files[0]}")


def _write_model(folder: Path, seed: int, tied: bool) -> None:
    if folder.exists():
        raise UserError(f"{folder} exists already and is not overwritten. Choose another name, or --dir FOLDER.")
    from rlvr.training.tiny import save_tiny

    print(f"wrote {save_tiny(folder, seed, tied=tied)}")
    print(f"use it:  rlvr train RECIPE model.path={folder}")


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
