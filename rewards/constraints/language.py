"""The language of a text as langdetect tells it, which IFEval's verdicts were made with, without its chance.

langdetect (Shuyo 2010) draws n-grams of a text and multiplies what its profiles of 55 languages say of each until one
language is nearly certain, seven times over. Here the draw is seeded for each text and the profiles are read in the
order of their names, so that a text has the same language always and everywhere; the products are numpy's, which is
five times as fast.
"""

from __future__ import annotations

import random
import re
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from langdetect.detector import Detector
from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.utils.ngram import NGram

SEED = 0
MAX_CHARACTERS = 10_000  # langdetect's own bound
_TRIALS = 7
_MAX_DRAWS = 1_000
_DRAWS_AT_ONCE = 5  # after the first, before it is looked at again whether one language is certain
_CERTAIN = 0.99999
_UNLIKELY = 0.1
_MANY_BLANKS = re.compile(" {2,}")


def detect(text: str) -> str | None:
    """The ISO 639-1 code of the text's language (Chinese: `zh-cn`, `zh-tw`); None where it has nothing to tell by."""
    codes, profiles, _ = _profiles()
    grams = ngrams(_cleaned(text))
    if not grams:
        return None
    draw = random.Random(SEED)
    total = np.zeros(len(codes))
    for _ in range(_TRIALS):
        weight = (Detector.ALPHA_DEFAULT + draw.gauss(0.0, 1.0) * Detector.ALPHA_WIDTH) / Detector.BASE_FREQ
        chances = np.full(len(codes), 1.0 / len(codes))
        drawn, many = 0, 1
        while drawn <= _MAX_DRAWS and chances.max() <= _CERTAIN:
            rows = profiles[[grams[_below(draw, len(grams))] for _ in range(many)]]
            chances *= (rows + weight).prod(axis=0)
            chances /= chances.sum()
            drawn, many = drawn + many, _DRAWS_AT_ONCE
        total += chances / _TRIALS
    best = int(total.argmax())
    return codes[best] if total[best] > _UNLIKELY else None


def _below(draw: random.Random, bound: int) -> int:
    """A number from 0 to `bound`, exclusive, as `Random.choice` draws it, whatever a later Python makes of that."""
    bits = bound.bit_length()
    while (number := draw.getrandbits(bits)) >= bound:
        pass
    return number


def ngrams(text: str) -> list[int]:
    """Rows of the profiles: the text's runs of one to three letters, with blanks for where words begin and end."""
    found: list[int] = []
    *whole, last = text.translate(_NORMAL).split(" ")
    for word in whole:
        if word:
            found += _rows(f" {word} ")
    return found + list(_rows(f" {last}")) if last else found


@lru_cache(maxsize=100_000)  # words recur
def _rows(word: str) -> tuple[int, ...]:
    """A word's rows of the profiles; its letters from the second of two capitals up to a small one are left out."""
    numbers = _profiles()[2]
    found = []
    shouted = before = False
    for end in range(2, len(word) + 1):
        upper = word[end - 1].isupper()
        shouted, before = upper and (shouted or before), upper
        if not shouted:
            found += [numbers.get(word[end - 1 : end]), numbers.get(word[end - 2 : end])]
            if end > 2:
                found.append(numbers.get(word[end - 3 : end]))
    return tuple(row for row in found if row is not None)


def _cleaned(text: str) -> str:
    """Without links, addresses and, where most of it is in another script, Latin letters."""
    text = NGram.normalize_vi(Detector.MAIL_RE.sub(" ", Detector.URL_RE.sub(" ", text)))[:MAX_CHARACTERS]
    text = _MANY_BLANKS.sub(" ", text)
    if text.isascii():
        return text
    latin = sum("A" <= char <= "z" for char in text)
    other = sum(char >= "\u0300" and not "\u1e00" <= char <= "\u1eff" for char in text)
    return "".join(char for char in text if char < "A" or char > "z") if 2 * latin < other else text


class _Normal(dict[int, str]):
    """What langdetect counts a character as, worked out once for each."""

    def __missing__(self, code: int) -> str:
        self[code] = normal = NGram.normalize(chr(code))
        return normal


_NORMAL = _Normal()


@cache
def _profiles() -> tuple[list[str], np.ndarray, dict[str, int]]:
    """The languages' codes, how likely each n-gram is in each of them [n-grams, languages], and the n-grams' rows."""
    factory = DetectorFactory()
    factory.load_json_profile([file.read_text("utf-8") for file in sorted(Path(PROFILES_DIRECTORY).iterdir())])
    grams = factory.word_lang_prob_map
    numbers = {gram: row for row, gram in enumerate(grams) if gram != " "}
    return factory.langlist, np.array(list(grams.values())), numbers
