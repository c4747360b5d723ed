"""Completions that another run recorded, in place of sampling: the trainer can be looked at alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rlvr.core import Completion, Prompt, Sampling
from rlvr.errors import UserError
from rlvr.records import RecordFile, completion_of
from rlvr.rollout.chat import before_stop


class RecordedEngine:
    """Answers each (iteration, prompt, sample) with what the run at `path` recorded for it, log-probs included.

    Where that iteration has no completions of a prompt, those of the latest iteration before it (or else the first
    after it) stand in. With the recipe and the model of that run, training repeats it; with another, the completions
    are off-policy, as the mismatch metrics show.
    """

    def __init__(self, path: str | Path) -> None:
        self.records = RecordFile(Path(path))
        #: prompt id -> iteration -> where its completions stand in the file
        self.places: dict[str, dict[int, list[int]]] = {}
        for place, row in self.records.located():
            of_prompt = self.places.setdefault(str(row["prompt_id"]), {})
            of_prompt.setdefault(int(row["iteration"]), []).append(place)
        self.version = 0
        self._stood_in = 0

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0) -> list[list[Completion]]:
        """Raises `UserError` where the run holds no, or too few, completions of a prompt."""
        with self.records.path.open("rb") as file:
            found = [
                [self._read(file, place) for place in self._find(prompt.id, sampling.group_size, iteration + 1)]
                for prompt in prompts
            ]
        # A run may be trained again with other stop texts than it had.
        return [[replace(c, text=before_stop(c.text, sampling.stop)) for c in group] for group in found]

    def load_policy(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        self.version = version

    def metrics(self) -> Mapping[str, float]:
        counted, self._stood_in = self._stood_in, 0
        return {"rollout/recorded_elsewhere": float(counted)}

    def _find(self, prompt: str, count: int, iteration: int) -> list[int]:
        by_iteration = self.places.get(prompt, {})
        enough = [i for i, places in by_iteration.items() if len(places) >= count]
        if not enough:
            held = max((len(places) for places in by_iteration.values()), default=0)
            raise UserError(
                f"engine.path: {self.records.path} holds {held} completions of prompt {prompt!r} in an iteration, of "
                f"{len(self.places)} prompts; {count} are asked for. Train on the data and with the group_size of that "
                "run, and without evaluation (train.eval_every=0), which samples anew."
            )
        if iteration not in enough:
            self._stood_in += 1
            before = [i for i in enough if i < iteration]
            iteration = max(before) if before else min(enough)
        return by_iteration[iteration][:count]

    def _read(self, file: Any, place: int) -> Completion:
        file.seek(place)
        return completion_of(json.loads(file.readline()))
