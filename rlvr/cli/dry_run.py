"""What `rlvr train --dry-run` prints: the data, the schedule that follows from the recipe, the resolved recipe."""

from __future__ import annotations

from rlvr.cli.output import print_json, print_table
from rlvr.config import Resolved


def show_plan(resolved: Resolved, as_json: bool) -> None:
    """Loads the data (not the model) and prints what a run would do."""
    from rlvr import assemble
    from rlvr.preparing import training_prompts

    recipe = resolved.recipe
    loaded = training_prompts(recipe)
    rows = assemble.schedule_rows(recipe, assemble.algorithm_of(recipe), len(loaded.prompts))
    rows.append(
        ("rows skipped", f"{len(loaded.skipped)}" + (f", the first: {loaded.skipped[0]}" if loaded.skipped else ""))
    )
    if as_json:
        return print_json(
            {"recipe": recipe.model_dump(mode="json"), "origins": dict(resolved.origins), "plan": dict(rows)}
        )
    print_table(("plan", ""), rows, title=resolved.source)
    print(resolved.as_yaml(), end="")
