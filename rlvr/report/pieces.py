"""How many characters of a completion's text each of its tokens wrote, so that a page can colour them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_UNFINISHED = "\N{REPLACEMENT CHARACTER}"


def find_tokenizer(run: Path, model: str | None) -> Tokenizer | None:
    """The run's tokenizer: of its newest checkpoint, of the model it began with, or of the hub's cache; or None."""
    candidates = sorted(run.glob("checkpoints/*/model/tokenizer.json"), reverse=True)
    if model is not None:
        folder = Path(model).expanduser()
        candidates += [folder / "tokenizer.json", *sorted(folder.glob("checkpoints/*/model/tokenizer.json"))[-1:]]
        candidates += _cached(model)
    for file in candidates:
        if file.is_file():
            from tokenizers import Tokenizer

            try:
                return Tokenizer.from_file(str(file))
            except Exception:  # the library's own error type is Exception: a torn file costs the colours only
                continue
    return None


def _cached(model: str) -> list[Path]:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found: Any = try_to_load_from_cache(model, "tokenizer.json")
    except HFValidationError:  # a path, and no name on the hub
        return []
    return [Path(found)] if isinstance(found, str) else []


class Pieces:
    """The lengths of tokens, each worked out once: what a token adds to the text of the tokens before it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._lengths = np.full(max(tokenizer.get_vocab_size(with_added_tokens=True), 1), -1, dtype=np.int32)
        self._anchor = self._find_anchor()

    def lengths(self, ids: Sequence[int], text: str) -> Sequence[int] | np.ndarray | None:
        """Characters of each token, which sum to those of `text`; None where the tokens do not spell the text."""
        array = np.asarray(ids, dtype=np.int64)
        if not len(array) or array.min() < 0 or array.max() >= len(self._lengths):
            return None if len(array) else []
        for new in np.unique(array[self._lengths[array] == -1]).tolist():
            self._lengths[new] = self._alone(new)
        found = self._lengths[array]
        if (found >= 0).all() and int(found.sum()) == len(text):
            return found
        return self._together(ids, text)

    def _decode(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    def _find_anchor(self) -> list[int]:
        """A letter to stand before a token: some tokenizers drop the space of the first one."""
        ids = self.tokenizer.encode("a", add_special_tokens=False).ids
        return ids if self._decode(ids) == "a" else []

    def _alone(self, token: int) -> int:
        """Characters that a token adds; -2 where it is a part of a character, which only its neighbours complete."""
        text = self._decode([*self._anchor, token])
        return -2 if _UNFINISHED in text else len(text) - (1 if self._anchor else 0)

    def _together(self, ids: Sequence[int], text: str) -> list[int] | None:
        """Where tokens are parts of characters: the last of them gets the character, those before it none."""
        lengths, pending = [0] * len(ids), []
        for place, token in enumerate(ids):
            pending.append(token)
            written = self._decode([*self._anchor, *pending])[1 if self._anchor else 0 :]
            if written.endswith(_UNFINISHED) and len(pending) < 8:
                continue
            lengths[place], pending = len(written), []
        if pending:
            lengths[-1] = len(self._decode([*self._anchor, *pending])) - (1 if self._anchor else 0)
        return lengths if sum(lengths) == len(text) else None
