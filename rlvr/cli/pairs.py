"""`rlvr pairs`: preference pairs from a run's completions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rlvr.cli.options import Json
from rlvr.cli.output import print_json, print_table
from rlvr.errors import UserError


def command(
    run: Annotated[Path, typer.Argument(help="A run's folder, or a rollouts.jsonl.")],
    out: Annotated[Path | None, typer.Option(help="The file to write; by default RUN/pairs.jsonl.")] = None,
    per_prompt: Annotated[int, typer.Option(min=1, help="Pairs of one prompt at most.")] = 4,
    since: Annotated[int, typer.Option(min=0, help="Only answers from this iteration on.")] = 0,
    held_out: Annotated[float, typer.Option(min=0, max=0.9, help="Share of the prompts for a second file.")] = 0.0,
    grader: Annotated[str | None, typer.Option(help="A chat model that compares the answers.")] = None,
    url: Annotated[str | None, typer.Option(help="The grader's OpenAI-compatible endpoint, with /v1.")] = None,
    both_orders: Annotated[bool, typer.Option("--both-orders", help="Ask the grader twice, answers swapped.")] = False,
    parallel: Annotated[int, typer.Option(min=1, help="Requests to the grader at a time.")] = 8,
    as_json: Json = False,
) -> None:
    """Make pairs of a chosen and a rejected answer, for dpo and reward_model.

    Without a grader the better verdict is chosen and the difference of rewards is the margin. A grader compares by a
    rubric (helpful, truthful, harmless): only slightly better is a small margin, and ties are left out.

    rlvr pairs runs/first --held-out 0.1
    """
    from rlvr.preferences import by_grader, by_verdict, read_questions, summary, write_pairs

    if grader is None and (url is not None or both_orders):
        raise UserError("--url and --both-orders belong to a grader: name its model with --grader.")
    questions, left_out = read_questions(run, since)
    target = out or (run if run.is_dir() else run.parent) / "pairs.jsonl"
    if grader is None:
        pairs = by_verdict(questions, per_prompt, left_out)
    else:
        from rlvr.rollout.chat_endpoint import ChatEndpoint

        endpoint = ChatEndpoint(grader, url, parallel=parallel)
        pairs = list(by_grader(questions, per_prompt, endpoint, left_out, both_orders=both_orders))
        for reason, count in endpoint.failures.most_common(3):
            print(f"rlvr: {count} requests to the grader failed: {reason}", file=sys.stderr)
    report = summary(write_pairs(pairs, target, held_out), left_out)
    if as_json:
        print_json(report)
    else:
        rows = [(file, count) for file, count in report["files"].items()]
        print_table(("pairs", ""), rows + [(f"left out: {why}", count) for why, count in report["left_out"].items()])
    if not pairs:
        sys.exit(1)
