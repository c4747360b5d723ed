"""`rlvr score`: judges completions that already exist, one or a file of them."""

from __future__ import annotations

import collections
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from rlvr.cli.judged import Counts, count_lines, print_one, print_summary, write_rows
from rlvr.cli.options import Json, Options, Plugins, read_options
from rlvr.errors import UserError


def command(
    file: Annotated[
        Path | None,
        typer.Argument(help='Rows {"id", "completion", "answer", "prompt"?, "meta"?}, one a line; or a folder.'),
    ] = None,
    verifier: Annotated[
        str | None,
        typer.Option(help="`rlvr show verifiers` lists them; default: math, or what a folder's records name."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the judged rows go; by default to stdout.")] = None,
    answer: Annotated[str | None, typer.Option(help="Instead of a file: the reference answer (JSON or text).")] = None,
    text: Annotated[str | None, typer.Option(help="Instead of a file: the completion; `-` reads stdin.")] = None,
    meta: Annotated[str | None, typer.Option(help="With --text: a JSON object, such as choices.")] = None,
    option: Options = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds that one verdict may take.")] = 10.0,
    audit: Annotated[bool, typer.Option("--audit", help="Compare with the rows' `label` (true or false).")] = False,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Judge completions: a JSONL file, one with `--answer` and `--text`, or those of a run or an evaluation again.

    Rows come back in order with a `verdict`. A row that could not be judged has the reward null, and a summary says
    how many of each status there are. Exit code 1 where no row at all could be judged.

    `--audit` measures the verifier instead: rows have a `label`, true or 1 where the completion is right; printed are
    precision, recall and the first disagreements, and all of those go to `--out`.

    A folder's completions are judged again: printed is which verdicts flipped, and `--out` gets every row with both.

    rlvr score --verifier math --answer '1/2' --text 'so it is \\boxed{0.5}'
    """
    from rlvr.rewards.judging.scoring import read_rows, score_rows
    from rlvr.scorers import Models

    if (file is None) == (answer is None and text is None):
        raise UserError("score takes either a JSONL file, or --answer and --text; see `rlvr score --help`.")
    if file is not None:
        _check_out(file, out)
    if file is not None and file.is_dir():
        from rlvr.cli.rescore import rescore

        if audit:
            raise UserError("--audit compares rows with their `label`, which records have not; give a JSONL file.")
        return rescore(file, verifier, read_options(option or []), workers, timeout, plugin or (), out, as_json)
    if file is not None:
        rows: Any = read_rows(file)
    elif audit:
        raise UserError("--audit compares the rows of a file with their `label`; give a JSONL file.")
    else:
        rows = [_row(answer, text, meta)]
    judged = score_rows(
        rows, verifier or "math", options=read_options(option or []), workers=workers, timeout=timeout,
        plugins=plugin or (), open_model=Models(),
    )  # fmt: skip
    if file is None:
        row = next(judged)
        return print_one(row["verdict"], row["completion"], row["answer"], as_json)
    _report(judged, file, out, audit, as_json)


def _report(judged: Iterator[dict[str, Any]], file: Path, out: Path | None, audit: bool, as_json: bool) -> None:
    """Writes the judged rows of a file and prints their counts; with `audit` the disagreements and their measures."""
    counts = Counts()
    watched = counts.watch(judged, count_lines(file) if out or audit or not sys.stdout.isatty() else None)
    audited = _audited(watched, out) if audit else {}
    if not audit:
        write_rows(watched, out)
    if not counts.rows:
        raise UserError(f"{file} has no rows. Give a JSONL file with one row a line: id, completion, answer.")
    print_summary(counts.summary() | audited, as_json, to_stderr=out is None and not audit)
    if not counts.judged:
        sys.exit(1)


def _audited(rows: Iterator[dict[str, Any]], out: Path | None) -> dict[str, Any]:
    """The audit of judged rows. Raises UserError where none has a label."""
    from rlvr.rewards.judging.audit import Audit

    audit = Audit()
    disagreements = audit.watch(rows)
    if out is None:
        collections.deque(disagreements, maxlen=0)
    else:
        write_rows(disagreements, out)
    if audit.unlabelled and not audit.labelled and not audit.unjudged:
        raise UserError(
            "--audit: no row has a `label`. Give each one: true where the completion is right, false where it is wrong."
        )
    return {"audit": audit.summary()}


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


def _check_out(file: Path, out: Path | None) -> None:
    if out is None:
        return
    if out.exists() and file.exists() and out.samefile(file):
        raise UserError(f"--out {out} is the file that is read. Give another name.")
    if out.is_dir() or not out.parent.is_dir():
        raise UserError(f"--out {out} cannot be written: {'it' if out.is_dir() else out.parent} is "
                        f"{'a folder' if out.is_dir() else 'no folder'}. Give the path of a file.")  # fmt: skip
