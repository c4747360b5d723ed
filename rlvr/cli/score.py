"""`rlvr score`: judges completions that already exist, one or a file of them."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from rlvr.cli.options import Json, Plugins
from rlvr.cli.output import print_json, print_table
from rlvr.errors import UserError


def command(
    file: Annotated[
        Path | None, typer.Argument(help='Rows {"id", "completion", "answer", "prompt"?, "meta"?}, one a line.')
    ] = None,
    verifier: Annotated[str, typer.Option(help="A registered verifier; `rlvr show verifiers` lists them.")] = "math",
    out: Annotated[Path | None, typer.Option(help="Where the judged rows go; by default to stdout.")] = None,
    answer: Annotated[str | None, typer.Option(help="Instead of a file: the reference answer (JSON or text).")] = None,
    text: Annotated[str | None, typer.Option(help="Instead of a file: the completion; `-` reads stdin.")] = None,
    meta: Annotated[str | None, typer.Option(help="With --text: a JSON object, such as choices.")] = None,
    option: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A verifier's option.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds that one verdict may take.")] = 10.0,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Judge completions: a JSONL file, or one with `--answer` and `--text`.

    Rows come back in order with a `verdict`. A row that could not be judged has the reward null, and a summary says
    how many of each status there are. Exit code 1 where no row at all could be judged.

    rlvr score --verifier math --answer '1/2' --text 'so it is \\boxed{0.5}'
    """
    from rlvr.rewards.scoring import read_rows, score_rows

    if (file is None) == (answer is None and text is None):
        raise UserError("score takes either a JSONL file, or --answer and --text; see `rlvr score --help`.")
    if file is not None:
        _check_out(file, out)
        rows: Any = read_rows(file)
    else:
        rows = [_row(answer, text, meta)]
    judged = score_rows(
        rows, verifier, options=_options(option or []), workers=workers, timeout=timeout, plugins=plugin or ()
    )
    if file is None:
        return _print_one(next(judged)["verdict"], as_json)
    summary = _write(judged, out)
    if not summary["rows"]:
        raise UserError(f"{file} has no rows. Give a JSONL file with one row a line: id, completion, answer.")
    _print_summary(summary, as_json, to_stderr=out is None)
    if not summary["judged"]:
        sys.exit(1)


def _row(answer: str | None, text: str | None, meta: str | None) -> dict[str, Any]:
    if answer is None or text is None:
        raise UserError("one completion needs both --answer and --text; see `rlvr score --help`.")
    completion = sys.stdin.read() if text == "-" else text
    reference = _json_object(answer)  # the answers of some verifiers are objects, the others' are text
    given = _json_object(meta) if meta is not None else {}
    if given is None:
        raise UserError(f'--meta is not a JSON object: {meta!r}. Write, for example, \'{{"lang": "de"}}\'.')
    return {"id": "0", "completion": completion, "answer": answer if reference is None else reference, "meta": given}


def _json_object(text: str) -> dict[str, Any] | None:
    with contextlib.suppress(ValueError, RecursionError):
        value = json.loads(text)
        return value if isinstance(value, dict) else None
    return None


def _options(pairs: list[str]) -> dict[str, Any]:
    """`key=value` pairs; values are read as YAML, as in a recipe."""
    import yaml

    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UserError(f"--option {pair!r} is not KEY=VALUE. Write, for example, --option strict=true.")
        try:
            options[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UserError(f"--option {pair!r}: {value!r} is not a YAML value: {error}") from error
    return options


def _check_out(file: Path, out: Path | None) -> None:
    if out is None:
        return
    if out.exists() and file.exists() and out.samefile(file):
        raise UserError(f"--out {out} is the file that is read. Give another name.")
    if out.is_dir() or not out.parent.is_dir():
        raise UserError(f"--out {out} cannot be written: {'it' if out.is_dir() else out.parent} is "
                        f"{'a folder' if out.is_dir() else 'no folder'}. Give the path of a file.")  # fmt: skip


def _write(judged: Iterator[dict[str, Any]], out: Path | None) -> dict[str, Any]:
    """Writes the rows as they come and counts them. A file appears under its name when it is complete."""
    statuses: collections.Counter[str] = collections.Counter()
    total, seconds, reason = 0.0, 0.0, ""
    with _target(out) as stream:
        for row in judged:
            verdict = row["verdict"]
            statuses[verdict["status"]] += 1
            total += verdict["reward"] or 0.0
            seconds += verdict["seconds"]
            reason = reason or (verdict["reason"] if verdict["reward"] is None else "")
            stream.write(_line(row))
    rows, judged_rows = sum(statuses.values()), sum(statuses.values()) - statuses["timeout"] - statuses["error"]
    return {
        "rows": rows,
        "judged": judged_rows,
        "reward_mean": total / judged_rows if judged_rows else None,
        "statuses": dict(statuses.most_common()),
        "verifier_seconds": round(seconds, 3),
        "first_problem": reason,
    }


def _line(row: dict[str, Any]) -> str:
    line = json.dumps(row, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:  # a completion may hold half of a surrogate pair, which UTF-8 cannot
        line = json.dumps(row)
    return line + "\n"


@contextlib.contextmanager
def _target(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    part = out.with_name(out.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as stream:
            yield stream
        os.replace(part, out)
    except OSError as error:
        raise UserError(
            f"writing {part} failed: {error}. The rows judged so far are in it; make room and run again."
        ) from error


def _print_one(verdict: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return print_json(verdict)
    print_table(("verdict", ""), ((key, value) for key, value in verdict.items() if value not in ("", {})))


def _print_summary(summary: dict[str, Any], as_json: bool, to_stderr: bool) -> None:
    with contextlib.redirect_stdout(sys.stderr) if to_stderr else contextlib.nullcontext():
        if as_json:
            return print_json(summary)
        mean = summary["reward_mean"]
        rows = [("rows", summary["rows"]), ("mean reward of the judged", "-" if mean is None else f"{mean:.4f}")]
        rows += [(f"  {status}", count) for status, count in summary["statuses"].items()]
        rows += [("first that could not be judged", summary["first_problem"])] if summary["first_problem"] else []
        print_table(("scored", ""), rows)
