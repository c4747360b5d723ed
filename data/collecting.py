"""Rows through an adapter into prompts: what is left out and why, ids that are unique, one fingerprint over all."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from rlvr.core import Prompt
from rlvr.errors import UserError

from .prompt_file import PromptFile, packed
from .reading import Rows
from .sources import TRAINING, Adapter, Asker, BadRow, LeftOut, LoadedPrompts

_ENCODER = json.JSONEncoder(sort_keys=True, default=str)
#: From so many prompts on they are kept on disk.
ON_DISK_FROM = 20_000


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """A row that gives no prompt: where it stands and why. `known`: nobody could mend it."""

    place: str
    reason: str
    known: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


def adapted(rows: Rows, adapter: Adapter, prefix: str, *, answered: bool = True) -> Iterator[Prompt | Refused]:
    """Each row as a prompt, or as a refusal. A row without an answer is `known` unless none is needed (`answered`)."""
    for index, place, row in rows:
        if isinstance(row, str):
            yield Refused(place, row)
            continue
        try:
            prompt = adapter(row, index)
            if not prompt.text.strip() and "text" not in prompt.meta:
                raise BadRow("the prompt is empty")
            if answered and no_answer(prompt.answer):
                raise LeftOut("there is no answer")
        except BadRow as error:
            yield Refused(place, str(error), isinstance(error, LeftOut))
        except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
            yield Refused(place, f"a column has an unexpected form ({type(error).__name__}: {error})")
        else:
            name = f"{prefix}/{prompt.id}"  # written out, because `replace` would be a tenth of the time of a long file
            yield Prompt(name, prompt.messages, prompt.answer, prompt.verifier, prompt.meta)


def no_answer(answer: Any) -> bool:
    """None, a blank text, a NaN (Parquet's gap), or an empty container; 0 and False are answers."""
    if isinstance(answer, str):
        return not answer.strip()
    if isinstance(answer, float):
        return math.isnan(answer)
    return answer is None or (isinstance(answer, (list, dict, tuple)) and not answer)


def collect(
    items: Iterable[Prompt | Refused],
    origin: str,
    *,
    limit: int | None = None,
    on_bad_row: str = "error",
    asker: Asker = TRAINING,
) -> LoadedPrompts:
    """Takes up to `limit` prompts, makes ids unique, says what was left out, and keeps many prompts on disk.

    Raises `UserError` at a row that cannot be read unless `on_bad_row` is "skip", and where no row is usable.
    """
    prompts: list[Prompt] | PromptFile = []
    skipped: list[str] = []
    names = _Names()
    same, whole = hashlib.blake2b(digest_size=16), hashlib.blake2b(digest_size=16)
    for item in items:
        if isinstance(item, Refused):
            if on_bad_row == "error" and not item.known:
                raise _unreadable(origin, item, asker)
            skipped.append(str(item))
            continue
        prompt = names.unique(item)
        line = packed(prompt)
        same.update(_content(prompt))
        whole.update(line)
        if isinstance(prompts, PromptFile):
            prompts.append_packed(line)
        else:
            prompts.append(prompt)
        if len(prompts) == ON_DISK_FROM and limit != ON_DISK_FROM and isinstance(prompts, list):
            prompts = PromptFile(prompts)
        if len(prompts) == limit:
            break
    if not prompts:
        raise _nothing_left(origin, skipped)
    kept = tuple(prompts) if isinstance(prompts, list) else prompts
    return LoadedPrompts(kept, tuple(skipped), origin, same.hexdigest(), whole.hexdigest())


def _unreadable(origin: str, item: Refused, asker: Asker) -> UserError:
    return UserError(
        f"{origin}, {item.place}, cannot be read: {item.reason.rstrip('.')}. Mend the row or the column names, or "
        f"leave such rows out and have them counted with {asker.write('on_bad_row', 'skip')}."
    )


def _nothing_left(origin: str, skipped: list[str]) -> UserError:
    if not skipped:
        return UserError(f"{origin} has no rows. Give a data set with at least one.")
    reasons = "; ".join(itertools.islice(skipped, 3)) + ("; ..." if len(skipped) > 3 else "")
    return UserError(
        f"{origin} has no usable row; {len(skipped)} skipped ({reasons}). Mend the file or the column names."
    )


class _Names:
    """Makes ids unique with `#2`, `#3`, ...: they key the sampling noise and the resumption. Eight bytes an id."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self.repeats: dict[bytes, int] = {}

    def unique(self, prompt: Prompt) -> Prompt:
        base = _key(prompt.id)
        if base not in self.seen:
            self.seen.add(base)
            return prompt
        number = self.repeats.get(base, 1) + 1
        while (key := _key(f"{prompt.id}#{number}")) in self.seen:
            number += 1
        self.repeats[base] = number
        self.seen.add(key)
        return dataclasses.replace(prompt, id=f"{prompt.id}#{number}")


def _key(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode("utf-8", "replace"), digest_size=8).digest()


def _content(prompt: Prompt) -> bytes:
    """Id, messages and answer. A text is taken as it is: JSON of it would be a tenth of the time of a long file."""
    answer = prompt.answer if isinstance(prompt.answer, str) else "\x1d" + _ENCODER.encode(prompt.answer)
    turns = (text for message in prompt.messages for text in (message["role"], message["content"]))
    return "\x1f".join((prompt.id, *turns, answer, "\x1e")).encode("utf-8", "surrogatepass")
