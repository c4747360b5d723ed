"""Prompts that occur twice: with the same words, or nearly so.

Near duplicates share at least 0.8 of their 8-grams (Jaccard) and have the same answer: a problem with other numbers is
another problem. They are found by MinHash (Broder, 1997; 8 bands of 4), so that a pair at the threshold is seen with
probability 0.98, and then compared exactly.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rlvr.core import Prompt

from .ngrams import Grams, grams, mixed
from .templates import problem_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIMILAR = 0.8
BANDS, ROWS = 8, 4


def signatures(texts: Grams) -> NDArray[Any]:
    """[texts, BANDS] uint64, equal in a band where texts are likely similar; 0 where a text has no 8-gram."""
    import numpy as np

    counts = np.diff(texts.ends, prepend=0)
    some = np.flatnonzero(counts)
    found = np.zeros((len(counts), BANDS), np.uint64)
    if not len(some):
        return found
    starts = (texts.ends - counts)[some]
    draws = np.random.default_rng(8).integers(1, 2**63, (BANDS, ROWS), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    for band in range(BANDS):
        key = np.zeros(len(some), np.uint64)
        for row in range(ROWS):
            least = np.minimum.reduceat(texts.hashes * draws[band, row], starts)
            key = mixed(key + least)
        found[some, band] = key | np.uint64(1)
    return found


def groups_of_equals(keys: NDArray[Any]) -> Iterator[list[int]]:
    """The places of each value that occurs several times, in order."""
    import numpy as np

    order = np.argsort(keys, kind="stable")
    edges = np.flatnonzero(np.diff(keys[order])) + 1
    bounds = np.concatenate([[0], edges, [len(keys)]])
    for number in np.flatnonzero(np.diff(bounds) > 1).tolist():
        yield order[bounds[number] : bounds[number + 1]].tolist()


def same_words(prompts: Sequence[Prompt], keys: NDArray[Any]) -> Iterator[tuple[int, str, str]]:
    """(place, decision, detail) of each prompt that goes. The first of equals stays; where short answers of equals
    differ, nobody knows which is right and all of them go."""
    for places in groups_of_equals(keys):
        some = [prompts[place] for place in places]
        answers = {answer_key(prompt.answer) for prompt in some}
        if len(answers) > 1 and all(isinstance(p.answer, (str, int, float)) for p in some):
            told = "; ".join(f"{p.id}: {p.answer}" for p in some[:4])
            yield from ((place, "conflicting_answers", told) for place in places)
        else:
            yield from ((place, "duplicate", some[0].id) for place in places[1:])


def near_duplicates(
    prompts: Sequence[Prompt], bands: NDArray[Any], gone: Callable[[int], bool]
) -> Iterator[tuple[int, str, str]]:
    """(place, decision, detail) of each prompt that is nearly an earlier one that stays."""

    @functools.cache  # prompts may be on disk, and tests of programs, which are answers too, megabytes long
    def answer(place: int) -> bytes:
        return hashlib.blake2b(answer_key(prompts[place].answer).encode("utf-8", "replace"), digest_size=16).digest()

    pairs = set()
    for band in bands.T:
        for places in groups_of_equals(band):
            if band[places[0]]:
                earliest: dict[bytes, int] = {}  # of each answer, since those with another one are no duplicates
                for place in places:
                    if not gone(place) and (earlier := earliest.setdefault(answer(place), place)) != place:
                        pairs.add((place, earlier))
    dropped = set[int]()
    for later, earlier in sorted(pairs):
        if later in dropped or earlier in dropped:
            continue
        one, two = prompts[earlier], prompts[later]
        both = grams([problem_text(one), problem_text(two)])
        first, second = set(both.hashes[: both.ends[0]].tolist()), set(both.hashes[both.ends[0] :].tolist())
        if len(first & second) >= SIMILAR * len(first | second):
            dropped.add(later)
            yield later, "near_duplicate", one.id


def answer_key(answer: Any) -> str:
    """Answers with equal keys are taken as the same: blanks and the case of letters do not count."""
    text = answer if isinstance(answer, str) else json.dumps(answer, sort_keys=True, default=str)
    return "".join(text.split()).casefold()
