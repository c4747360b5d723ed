"""rlvr trains language models to reason by reinforcement learning with verifiable rewards.

Three functions are enough for a notebook; `rlvr --help` shows the command line; `rlvr.core` holds the nouns.
Importing this module loads neither torch nor transformers: what is heavy is imported when it is used.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlvr.core import Verdict
    from rlvr.outcome import EvalReport, TrainReport

__all__ = ["__version__", "evaluate", "score", "train"]

try:
    __version__ = importlib.metadata.version("rlvr")
except importlib.metadata.PackageNotFoundError:  # a bare clone that was not installed
    __version__ = "0.1.0"


def train(
    model: str | Path | Mapping[str, Any],
    data: str | Path | Mapping[str, Any] | Sequence[Mapping[str, Any]],
    reward: Callable[..., Any] | str | None = None,
    **recipe: Any,
) -> TrainReport:
    """Trains `model` on `data` and returns what the run reports; the run folder holds the rest.

    model   a hub name or a folder, or the recipe's `model` section
    data    a registered data set, the recipe's `data` section, or rows with a `prompt` (text or messages) and
            whatever columns the reward asks for; both: `{"train": rows, "cleaning": False}`
    reward  a function of the completion's text and of columns of the row, by parameter name
            (`lambda completion, answer: ...`) that returns 0..1, a bool or None; or a verifier's name; by default
            the verifier that the data set names
    recipe  the recipe's other sections: `train={"iterations": 20}, algorithm={"name": "grpo"}, run="mine"`

    Raises `RecipeError` with every mistake of the recipe at once, before anything is loaded.
    """
    from rlvr.api import train_from_python

    return train_from_python(model, data, reward, recipe)


def score(
    completions: Sequence[str],
    answers: Sequence[Any],
    verifier: str | Callable[..., Any] = "math",
    *,
    options: Mapping[str, Any] | None = None,
    metas: Sequence[Mapping[str, Any]] | None = None,
    workers: int = 2,
    timeout: float = 10.0,
    plugins: Sequence[str | Path] = (),
) -> list[Verdict]:
    """Judges `completions[i]` against the reference `answers[i]`; verdicts come back in the same order.

    verifier  a registered name, or a function of named columns (`lambda completion, answer: ...`) that returns
              0..1, a bool, a Verdict, or None where it cannot judge
    options   a registered verifier's keyword-only options
    metas     what a verifier needs beside the answer, a mapping a completion (`choice` reads `choices`)
    workers   worker processes; a verifier that hangs or crashes costs one verdict
    timeout   seconds that one verdict may take; beyond it the status is `timeout` and the reward None
    plugins   Python files whose decorators register verifiers

    Raises `UserError` where the lengths differ or the verifier is unknown.
    """
    from rlvr.rewards.judging.scoring import score as judge_all
    from rlvr.scorers import Models

    return judge_all(
        completions, answers, verifier,
        options=options, metas=metas, workers=workers, timeout=timeout, plugins=plugins, open_model=Models(),
    )  # fmt: skip


def evaluate(
    model: str | Path | Mapping[str, Any],
    suites: str | Sequence[str],
    *,
    k: int = 1,
    limit: int | None = None,
    data_dir: str | Path | None = None,
    out: str | Path | None = None,
    wanted_return: float | None = None,
    **recipe: Any,
) -> EvalReport:
    """Scores `model` on `suites` with `k` samples a problem and returns rates with 95 % intervals.

    model     a run, a checkpoint, a folder or a hub id, or the recipe's `model` section
    limit     evaluates only the first so many problems of each suite
    data_dir  a folder that holds the problems as files, for machines without the hub
    out       the folder for one record a sample; by default nothing is written
    wanted_return  the return that a return-conditioned policy is asked for
    recipe    sections that differ from the defaults: `sampling={"temperature": 0.6}, engine={"name": "vllm"}`

    Raises `UserError` where a suite is unknown or the model cannot be found.
    """
    from rlvr.api import evaluate_from_python

    return evaluate_from_python(
        model, suites, k=k, limit=limit, data_dir=data_dir, out=out, wanted_return=wanted_return, recipe=recipe
    )
