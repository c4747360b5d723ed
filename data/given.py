"""Generic sets for training on what somebody wrote: demonstrations, preferences, plain text, and a run's rollouts.

Each reads a file of the described columns (`{name: preferences, path: pairs.jsonl}`), or the hub: the set that is
named here, or another of the same columns (`options: {hub: me/mine, revision: ...}`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rlvr.core import Message, Prompt
from rlvr.registry import dataset

from .sources import BadRow, Hosted, LeftOut, Row, messages_of, user_turn


@dataset(
    "demonstrations",
    source=Hosted(
        hub="HuggingFaceH4/no_robots",
        files={"train": "demonstrations_train.jsonl", "test": "demonstrations_test.jsonl"},
        licence="CC-BY-NC-4.0",
        url="https://huggingface.co/datasets/HuggingFaceH4/no_robots",
    ),
)
def demonstrations(row: Row, index: int) -> Prompt:
    """Answers to imitate: `prompt` and `completion`, each a text or messages, or a conversation in `messages`."""
    if "messages" in row:
        asked, answer = _split(row["messages"], "messages")
    else:
        asked, answer = _asked(row["prompt"]), _answer(row["completion"], "completion")
    return Prompt(_identity(row, index), asked, answer, meta={"demonstration": answer})


@dataset(
    "preferences",
    source=Hosted(
        hub="trl-lib/ultrafeedback_binarized",
        files={"train": "preferences_train.jsonl", "test": "preferences_test.jsonl"},
        licence="MIT",
        url="https://huggingface.co/datasets/trl-lib/ultrafeedback_binarized",
    ),
)
def preferences(row: Row, index: int) -> Prompt:
    """Two answers of which one was preferred: `chosen` and `rejected`, each a text, or messages that end with it.

    `prompt` may be left out where both are whole conversations that differ in the last message only. `margin`, how
    much better the chosen one is, is optional. `rlvr pairs RUN` writes such rows.
    """
    asked = _asked(row["prompt"]) if row.get("prompt") else ()
    both: dict[str, str] = {}
    for key in ("chosen", "rejected"):
        before, both[key] = ((), _answer(row[key], key)) if isinstance(row[key], str) else _split(row[key], key)
        asked = asked or before
        if before and before != asked:
            raise BadRow(f"{key!r} answers another conversation")
    if not asked:
        raise BadRow("there is no column 'prompt', and the answers are no conversations that contain it")
    if both["chosen"] == both["rejected"]:
        raise LeftOut("both answers are the same")
    margin = float(row.get("margin") or 0.0)
    if not math.isfinite(margin):  # one in a batch would make every weight NaN
        raise BadRow(f"column 'margin' is {margin}, not a number by how much the chosen answer is better")
    meta = {**both, "margin": margin}
    return Prompt(_identity(row, index), asked, both["chosen"], meta=meta)


@dataset(
    "text",
    source=Hosted(
        hub="Salesforce/wikitext",
        config="wikitext-2-raw-v1",
        files={"train": "text_train.jsonl", "validation": "text_validation.jsonl", "test": "text_test.jsonl"},
        licence="CC-BY-SA-3.0",
        url="https://huggingface.co/datasets/Salesforce/wikitext",
    ),
)
def text(row: Row, index: int) -> Prompt:
    """Plain text in the column `text`, for pre-training and for auxiliary language-modelling losses."""
    content = row["text"]
    if not isinstance(content, str) or not content.strip():
        raise LeftOut("the text is empty")
    return Prompt(_identity(row, index), (), content, meta={"text": content})


@dataset("rollouts")
def rollouts(row: Row, index: int) -> Prompt:
    """A run's `rollouts.jsonl`: its completions as demonstrations, each with the reward that it earned as `return`.

    `sft` clones all of them, `return_conditioned` learns what leads to which return. Completions that could not be
    judged, and empty ones, are left out.
    """
    verdict = row["verdict"]
    if not isinstance(verdict, Mapping) or verdict.get("reward") is None:
        raise LeftOut("the completion could not be judged")
    if isinstance(row["text"], str) and not row["text"].strip():
        raise LeftOut("the completion is empty")
    answer = _answer(row["text"], "text")
    meta = {
        "demonstration": answer,
        "return": float(verdict["reward"]),
        "finish_reason": row.get("finish_reason", "stop"),
    }
    identity = f"{row['iteration']}/{row['prompt_id']}/{row['sample']}"
    return Prompt(identity, _conversation(row["messages"], "messages"), answer, meta=meta)


def _identity(row: Row, index: int) -> str:
    return str(row.get("id") or row.get("prompt_id") or index)


def _asked(value: Any) -> tuple[Message, ...]:
    """A prompt column: a text, or a list of messages."""
    if isinstance(value, str):
        if not value.strip():
            raise BadRow("the prompt is empty")
        return user_turn(value)
    return _conversation(value, "prompt")


def _answer(value: Any, column: str) -> str:
    """An answer column: a text, or a list of messages that is the assistant's one."""
    if isinstance(value, str):
        if not value.strip():
            raise BadRow(f"column {column!r} is empty")
        return value
    return _split(value, column)[1]


def _split(value: Any, column: str) -> tuple[tuple[Message, ...], str]:
    """A conversation as what was asked and the assistant's last answer."""
    messages = _conversation(value, column)
    if messages[-1]["role"] != "assistant" or not messages[-1]["content"].strip():
        raise BadRow(f"column {column!r} does not end with an answer by the assistant")
    return messages[:-1], messages[-1]["content"]


def _conversation(value: Any, column: str) -> tuple[Message, ...]:
    if (messages := messages_of(value)) is None:
        raise BadRow(f"column {column!r} is neither a text nor a list of {{role, content}}")
    return messages
