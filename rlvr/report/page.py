"""`rlvr view`: runs as one HTML file that needs no network, no server and no other file.

The page's own scripts are named by their hashes in its content security policy, so that a browser runs these and no
other, whatever stands in the data. What the runs hold is compressed JSON in base64 (`rlvr.report.blocks`).
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import IO, Any

import yaml
from jinja2 import Environment, FunctionLoader, StrictUndefined

from rlvr.core import STATUSES
from rlvr.errors import UserError
from rlvr.records import RecordFile, read_lines, without_nan

from .blocks import FINISHES, Columns, collect, metric_table, squeeze
from .pieces import Pieces, find_tokenizer

_STYLES = ("vendor/uplot.css", "page/style.css")
_SCRIPTS = ("vendor/uplot.js", "vendor/katex.js", "page/data.js", "page/text.js", "page/curves.js", "page/groups.js",
            "page/other.js", "page/compare.js", "page/app.js")  # fmt: skip
#: Where the blocks of rollouts go: after everything that the page needs to be of use.
_BLOCKS_HERE = "<!-- blocks -->"


def write_page(
    runs: Sequence[Path],
    out: Path,
    *,
    glossary: Mapping[str, str] = {},
    warnings: Mapping[Path, Sequence[Mapping[str, Any]]] = {},
    comparison: Mapping[str, Any] | None = None,
    progress: Any = None,
) -> dict[str, Any]:
    """Writes the page about `runs` to `out` and says what is in it; it appears there when it is complete.

    `warnings` are the rows of each run that name a disease; with a `comparison` the page begins with it, and holds no
    completions. Raises `UserError` where a folder holds no run.
    """
    for run in runs:
        if not (run / "metrics.jsonl").is_file() and not (run / "rollouts.jsonl").is_file():
            raise UserError(
                f"{run} is no run's folder: it holds neither metrics.jsonl nor rollouts.jsonl. Give runs/NAME, as "
                "`rlvr train` prints it."
            )
    counts = {}
    with tempfile.TemporaryFile("w+", encoding="ascii", dir=out.parent) as blocks:
        indices = []
        for number, run in enumerate(runs):
            index = read_run(run, number, None if comparison else blocks, warnings.get(run, ()), progress)
            counts[str(run)] = {"rollouts": len(index["rollouts"]["reward"]), "broken_lines": index["broken"]}
            indices.append({"id": f"run{number}", "data": squeeze(index)})
        shared: dict[str, Any] = {"glossary": dict(glossary), "statuses": STATUSES, "finishes": FINISHES}
        shared["comparison"] = comparison
        page = render([run.name or str(run) for run in runs], [*indices, {"id": "shared", "data": squeeze(shared)}])
        before, _, after = page.partition(_BLOCKS_HERE)
        blocks.seek(0)
        part = out.with_name(out.name + ".part")
        with part.open("w", encoding="utf-8") as file:
            file.write(before)
            shutil.copyfileobj(blocks, file, 1 << 20)
            file.write(after)
        part.replace(out)
    return {"page": str(out), "bytes": out.stat().st_size, "runs": counts}


def read_run(
    run: Path, number: int, blocks: IO[str] | None, warnings: Sequence[Mapping[str, Any]], progress: Any = None
) -> dict[str, Any]:
    """The index of a run: everything but its completions, whose blocks are written to `blocks` (None: left out)."""
    recipe = _text(run / "recipe.yaml")

    def write(name: str, data: str) -> None:
        assert blocks is not None
        blocks.write(f'<script type="application/octet-stream" id="r{number}{name}">{data}</script>\n')
        if progress is not None:
            progress()

    columns, broken = Columns(), 0
    if blocks is not None and (run / "rollouts.jsonl").is_file():
        records = RecordFile(run)
        tokenizer = find_tokenizer(run, _model(recipe))
        columns = collect(records, None if tokenizer is None else Pieces(tokenizer), write)
        broken = records.broken
    return {
        "name": run.name or str(run),
        "recipe": recipe,
        "environment": _text(run / "env.json"),
        "metrics": metric_table(_lines(run / "metrics.jsonl")),
        "events": _lines(run / "events.jsonl"),
        "warnings": [dict(w) for w in warnings],
        "rollouts": vars(columns),
        "broken": broken,
    }


def render(
    names: Sequence[str],
    data: Sequence[Mapping[str, str]],
    page: str = "page.html",
    scripts: Sequence[str] = _SCRIPTS,
) -> str:
    """The page around the data; `data` are base64 under the ids by which its scripts find them."""
    styles, scripts = ([_asset(name) for name in files] for files in (_STYLES, scripts))
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src {' '.join(map(_hash, styles))}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    environment = Environment(
        loader=FunctionLoader(_asset), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(f"page/{page}").render(
        names=names, styles=styles, scripts=scripts, data=data, policy=policy
    )


def _asset(name: str) -> str:
    return (resources.files("rlvr.report") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def _lines(file: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = without_nan(read_lines(file))
    return rows


def _model(recipe: str) -> str | None:
    try:
        return str(yaml.safe_load(recipe)["model"]["path"])
    except (yaml.YAMLError, KeyError, TypeError):
        return None
