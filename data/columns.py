"""A person's own file as prompts: which column is the question, which the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlvr.core import Message, Prompt, VerifierUse
from rlvr.errors import UserError, did_you_mean

from .sources import TRAINING, Adapter, Asker, BadRow, Row, messages_of, user_turn

#: What `columns` may map: the recipe's keys beside `path`.
COLUMN_KEYS = ("prompt", "answer", "system", "id")


def column_adapter(
    columns: Mapping[str, str],
    source: str,
    present: tuple[str, ...] = (),
    *,
    answer_needed: bool = True,
    verifier: str | tuple[VerifierUse, ...] = "math",
    asker: Asker = TRAINING,
) -> Adapter:
    """An adapter from a column mapping. The columns that it does not map go to `meta`."""
    listed = f" The columns of {source} are: {', '.join(present)}." if present else ""
    for key in columns:
        if key not in COLUMN_KEYS:
            raise UserError(
                f"{source}: no column can be mapped to {key!r}{did_you_mean(key, COLUMN_KEYS) or '.'}{listed}"
            )
    required = ("prompt", "answer") if answer_needed else ("prompt",)
    if missing := [key for key in required if key not in columns]:
        wanted = " and ".join(asker.write(key, "COLUMN") for key in missing)
        raise UserError(f"{source} has no data set's name beside it, so say which columns it has: {wanted}.{listed}")
    mapped = set(columns.values())

    def adapter(row: Row, index: int) -> Prompt:
        messages = _messages(row[columns["prompt"]])
        if "system" in columns and row[columns["system"]]:
            messages = ({"role": "system", "content": str(row[columns["system"]])}, *messages)
        named = row[columns["id"]] if "id" in columns else None
        identity = str(index if named is None else named)
        answer = row[columns["answer"]] if "answer" in columns else None
        return Prompt(identity, messages, answer, verifier, {k: v for k, v in row.items() if k not in mapped})

    return adapter


def _messages(value: Any) -> tuple[Message, ...]:
    """A prompt column as messages: a text, or a list of {role, content}."""
    if isinstance(value, str) and value.strip():
        return user_turn(value)
    if (messages := messages_of(value)) is not None:
        return messages
    raise BadRow("the prompt is empty" if not value else "the prompt is neither a text nor a list of {role, content}")
