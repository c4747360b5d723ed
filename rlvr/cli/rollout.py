"""`rlvr rollout`: samples and judges a few prompts of a recipe, and trains nothing."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from rlvr.cli.options import Json, Overrides, Plugins


def command(
    recipe: Annotated[str, typer.Argument(help="A recipe's file, or the name of one that ships with rlvr.")],
    overrides: Overrides = None,
    prompts: Annotated[int, typer.Option("-n", min=1, help="Prompts to sample.")] = 4,
    plugin: Plugins = None,
    as_json: Json = False,
) -> None:
    """Look before training: completions of a few prompts with their verdicts.

    rlvr rollout gsm8k_grpo_qwen2.5_0.5b -n 2 sampling.group_size=4
    """
    from rlvr.config import load_recipe

    resolved = load_recipe(recipe, overrides or [], [str(p) for p in plugin or ()])
    from rlvr.api import sample_groups
    from rlvr.cli.output import print_json, print_table
    from rlvr.records import verdict_json

    groups, note = sample_groups(resolved.recipe, prompts)
    if note is not None:
        print(note, file=sys.stderr)
    if as_json:
        return print_json(
            [
                {
                    "prompt_id": group.prompt.id,
                    "prompt": group.prompt.text,
                    "answer": group.prompt.answer,
                    "completions": [
                        {
                            "text": r.completion.text,
                            "verdict": verdict_json(r.verdict),
                            "shaped": r.shaped,
                            "terms": dict(r.terms),
                        }
                        for r in group.rollouts
                    ],
                }
                for group in groups
            ]
        )
    for group in groups:
        rows = [
            (
                _number(r.verdict.reward),
                _number(r.shaped),
                _named(r.verdict.parts),
                r.verdict.status,
                r.verdict.answer,
                r.completion.text,
            )
            for r in group.rollouts
        ]
        print_table(
            ("reward", "shaped", "parts", "status", "answer", "completion"),
            rows,
            title=f"{group.prompt.text}\n= {group.prompt.answer}",
        )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _named(parts: Mapping[str, float]) -> str:
    """The first eight by name: a program may have a thousand tests."""
    shown = [f"{name} {value:.2f}" for name, value in itertools.islice(parts.items(), 8)]
    return ", ".join(shown + ["..."] * (len(parts) > 8))
