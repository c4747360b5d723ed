"""Which training prompts give away an evaluation problem.

A prompt does where it alone covers at least half of the problem's distinct 8-grams, or where both have the same words;
problems of fewer than 8 words by equality only. (A rule of any one common 8-gram would delete phrases like "where m and
n are relatively prime positive integers" and say nothing about leakage.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter

from .ngrams import Grams, N, batched, grams

RULE = (
    f"a prompt is dropped where it alone covers at least half of an evaluation problem's distinct {N}-grams, or equals "
    "it, after normalisation (NFKC, lower case, LaTeX spacing commands dropped, words of letters and digits)"
)
#: What is cut off a hash to leave its first 22 bits.
_SHIFT = 42


@dataclass(frozen=True, slots=True)
class Hit:
    """A prompt (by its place) that gives a problem of a suite away."""

    place: int
    suite: str
    problem: str
    exact: bool
    coverage: float  # of the problem's distinct 8-grams


class Suites:
    """The problems of the suites, by their 8-grams. `texts` maps a suite's name to (id, text) pairs."""

    def __init__(self, texts: Mapping[str, Iterable[tuple[str, str]]]) -> None:
        import numpy as np

        self.names: list[tuple[str, str]] = []
        self.equal: dict[int, list[int]] = {}
        found, owners = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
        for suite, problems in texts.items():
            for some in batched(problems, itemgetter(1)):
                of_some = grams([text for _, text in some])
                found.append(of_some.hashes)
                owners.append(of_some.owners + len(self.names))
                for number, key in enumerate(of_some.keys.tolist(), len(self.names)):
                    self.equal.setdefault(key, []).append(number)
                self.names += [(suite, identity) for identity, _ in some]
        pairs = np.unique(np.stack([np.concatenate(found), np.concatenate(owners).astype(np.uint64)]), axis=1)
        self.grams, first = np.unique(pairs[0], return_index=True)
        self.likely = np.zeros(1 << 22, np.bool_)  # whether any gram begins with these 22 bits: most of others' do not
        self.likely[self.grams >> _SHIFT] = True
        self.first = np.append(first, pairs.shape[1])  # problems of gram i: owners[first[i] : first[i + 1]]
        self.owners = pairs[1].astype(np.int64)
        self.totals = np.bincount(self.owners, minlength=len(self.names))

    def hits(self, texts: Grams, offset: int) -> Iterator[Hit]:
        """What some texts give away, in their order; `offset` is the first one's place."""
        import numpy as np

        counted: dict[tuple[int, int], int] = {}
        if len(self.grams) and len(texts.hashes):
            some = np.flatnonzero(self.likely[texts.hashes >> _SHIFT])
            hashes, owners = texts.hashes[some], texts.owners[some]
            where = np.minimum(np.searchsorted(self.grams, hashes), len(self.grams) - 1)
            known = self.grams[where] == hashes
            pairs = np.unique(np.stack([owners[known], where[known]]), axis=1)
            sizes = self.first[pairs[1] + 1] - self.first[pairs[1]]
            numbers = np.repeat(pairs[0], sizes)
            steps = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            problems = self.owners[np.repeat(self.first[pairs[1]], sizes) + steps]
            both, counts = np.unique(np.stack([numbers, problems]), axis=1, return_counts=True)
            enough = 2 * counts >= self.totals[both[1]]
            for text, problem, count in zip(*both[:, enough].tolist(), counts[enough].tolist(), strict=True):
                counted[text, problem] = count
        equal = {(i, problem) for i, key in enumerate(texts.keys.tolist()) for problem in self.equal.get(key, ())}
        for text, problem in sorted({*counted, *equal}):
            suite, identity = self.names[problem]
            exact = (text, problem) in equal
            share = 1.0 if exact else counted[text, problem] / int(self.totals[problem])
            yield Hit(offset + text, suite, identity, exact, round(share, 3))

    def search(self, texts: Iterable[str]) -> Iterator[Hit]:
        """What `texts` give away."""
        offset = 0
        for some in batched(texts, str):
            yield from self.hits(grams(some), offset)
            offset += len(some)
