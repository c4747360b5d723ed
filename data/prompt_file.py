"""Prompts on disk: a sequence that takes the memory of a few numbers a prompt, however long the prompts are."""

from __future__ import annotations

import bisect
import json
import os
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from rlvr.core import Prompt, VerifierUse

#: Bytes that are read together by who wants all prompts, and written together.
_AT_ONCE = 1 << 20
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


class PromptFile(Sequence[Prompt]):
    """A sequence of prompts in an unnamed temporary file, each read when it is asked for.

    Reading takes no shared position, so forked processes and threads may read at once. Values that JSON has no form
    for (dates of Parquet columns) become texts.
    """

    def __init__(self, prompts: Iterable[Prompt] = ()) -> None:
        self._file = tempfile.TemporaryFile(prefix="rlvr_prompts_")  # noqa: SIM115 closed with the sequence
        self._ends = array("q", [0])
        self._pending: list[bytes] = []
        self._size = 0
        for prompt in prompts:
            self.append(prompt)

    def append(self, prompt: Prompt) -> None:
        self.append_packed(packed(prompt))

    def append_packed(self, line: bytes) -> None:
        """Adds the prompt that `packed` made `line` of."""
        self._pending.append(line)
        self._ends.append(self._ends[-1] + len(line))
        self._size += len(line)
        if self._size > _AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        self._file.write(b"".join(self._pending))
        self._file.flush()
        self._pending, self._size = [], 0

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> Prompt: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Prompt]: ...
    def __getitem__(self, index: int | slice) -> Prompt | Sequence[Prompt]:
        if isinstance(index, slice):
            places = range(*index.indices(len(self)))
            return self._read(places.start, places.stop) if places.step == 1 else [self[i] for i in places]
        if not -len(self) <= index < len(self):
            raise IndexError(f"prompt {index} of {len(self)}")
        return self._read(index % len(self), index % len(self) + 1)[0]

    def __iter__(self) -> Iterator[Prompt]:
        first = 0
        while first < len(self):
            end = max(first + 1, bisect.bisect_right(self._ends, self._ends[first] + _AT_ONCE) - 1)
            yield from self._read(first, end)
            first = end

    def _read(self, first: int, end: int) -> list[Prompt]:
        """The prompts at the places from `first` to `end`, by one call of the system."""
        if self._pending:
            self._flush()
        if end <= first:
            return []
        start = self._ends[first]
        content = os.pread(self._file.fileno(), self._ends[end] - start, start)
        return [unpacked(content[self._ends[i] - start : self._ends[i + 1] - start]) for i in range(first, end)]


def packed(prompt: Prompt) -> bytes:
    """The prompt as one JSON line."""
    verifier: Any = prompt.verifier
    if not isinstance(verifier, str):
        verifier = [[use.name, use.weight, dict(use.options), use.gate] for use in verifier]
    content = [prompt.id, [dict(m) for m in prompt.messages], prompt.answer, verifier, dict(prompt.meta)]
    return _ENCODER.encode(content).encode("utf-8", "surrogatepass") + b"\n"


def unpacked(line: bytes) -> Prompt:
    """What `packed` wrote."""
    identity, messages, answer, verifier, meta = json.loads(line.decode("utf-8", "surrogatepass"))
    if not isinstance(verifier, str):
        verifier = tuple(VerifierUse(*use) for use in verifier)
    return Prompt(identity, tuple(messages), answer, verifier, meta)
