"""`rlvr score FOLDER`: what it prints when stored completions are judged again."""

from __future__ import annotations

import collections
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rlvr.cli.judged import Counts, write_rows
from rlvr.cli.output import print_json, print_table
from rlvr.core import VerifierUse


def rescore(
    folder: Path,
    verifier: str | None,
    options: dict[str, Any],
    workers: int,
    timeout: float,
    plugins: Sequence[Path],
    out: Path | None,
    as_json: bool,
) -> None:
    """Judges a folder's completions again, by `verifier` or each by the one that its record names.

    Lists the flipped verdicts, and writes all rows to `out`, if any.
    """
    from rlvr.rescoring import Flips, named, recorded_verifiers, stored_files, stored_rows
    from rlvr.rewards.judging.scoring import score_rows
    from rlvr.scorers import Models

    stored_files(folder)  # a folder without completions is said before anything else
    judges = [(VerifierUse(verifier, options=options),)] if verifier else recorded_verifiers(folder, options)
    judged = score_rows(
        stored_rows(folder, judges[0] if verifier else None, options),
        judges,
        workers=workers,
        timeout=timeout,
        plugins=plugins,
        open_model=Models(),
    )
    counts, flips = Counts(), Flips()
    rows = flips.watch(counts.watch(judged, 1 if sys.stderr.isatty() else None))
    if out is None:
        collections.deque(rows, maxlen=0)
    else:
        write_rows(rows, out)
    found = counts.summary() | flips.summary() | {"verifier": named(judges)}
    if as_json:
        print_json(found)
    else:
        _print(found)
    if not counts.judged:
        sys.exit(1)


def _print(found: dict[str, Any]) -> None:
    before, after = found["reward_mean_before"], found["reward_mean_after"]
    rows: list[tuple[str, Any]] = [("completions", found["rows"]), ("flipped", found["flipped"])]
    rows += [(f"  {change}", count) for change, count in found["changes"].items()]
    if before is not None:
        rows.append(("mean reward, then and now", f"{before:.4f}, {after:.4f}"))
    rows += [
        (
            f"  {name}",
            f"{means['reward_mean_before']:.4f}, {means['reward_mean_after']:.4f} ({means['flipped']} flipped)",
        )
        for name, means in found["suites"].items()
    ]
    rows += [
        (f"  {name}'s {score}", f"{before:.4f}, {means['scores_after'].get(score, math.nan):.4f}")
        for name, means in found["suites"].items()
        for score, before in means.get("scores_before", {}).items()
    ]
    rows += [("first that could not be judged", found["first_problem"])] if found["first_problem"] else []
    print_table(("judged again by", found["verifier"]), rows)
    if found["flips"]:
        listed = found["flips"][:20]
        columns = ("id", "was", "now", "reference", "answer", "reason")
        title = f"{len(listed)} of {found['flipped']} flipped verdicts"
        print_table(columns, [[_short(row[column]) for column in columns] for row in listed], title=title)


def _short(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 80 else text[:77] + "..."
