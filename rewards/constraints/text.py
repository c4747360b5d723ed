"""A response in the forms that constraints look at: sentences, words and tokens, each computed once and only if asked.

Sentences and tokens are those of NLTK, which the published verdicts were made with: Punkt with its English tables
(Kiss and Strunk 2006), and the tokens of the Penn Treebank. The tables come with a package; nothing is downloaded.
"""

from __future__ import annotations

import re
import string
from functools import cached_property

from .tokens import treebank

#: No honest response is longer; it bounds the time that any check takes.
MAX_CHARACTERS = 200_000

#: What `str.translate` needs to take the ASCII punctuation out of a text.
NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_WORD = re.compile(r"\w+")


class Text:
    """A response, or a variant of it, and its views. `whole` is the response itself."""

    def __init__(self, raw: str, whole: str | None = None) -> None:
        self.raw = raw
        self.whole = raw if whole is None else whole

    @cached_property
    def lower(self) -> str:
        return self.raw.lower()

    @cached_property
    def sentences(self) -> list[str]:
        return split_sentences(self.raw)

    @cached_property
    def tokens(self) -> list[str]:
        """Words and punctuation marks, as NLTK's `word_tokenize` has them."""
        return [token for sentence in self.sentences for token in treebank(sentence)]

    @cached_property
    def token_words(self) -> list[str]:
        """The tokens that hold a letter or a digit."""
        return words_among(self.tokens)

    @cached_property
    def plain_words(self) -> list[str]:
        """What stands between blanks, without ASCII punctuation, in small letters."""
        return self.lower.translate(NO_PUNCTUATION).split()

    @cached_property
    def num_words(self) -> int:
        r"""How many runs of `\w` there are: "don't" is two."""
        return sum(1 for _ in _WORD.finditer(self.raw))

    @cached_property
    def language(self) -> str | None:
        """Its ISO 639-1 code as langdetect has it; None where it holds nothing to tell by."""
        from .language import detect

        return detect(self.raw)


def words_among(tokens: list[str]) -> list[str]:
    """The tokens that hold a letter or a digit."""
    return [token for token in tokens if any(map(str.isalnum, token))]


def stripped(word: str) -> str:
    """A word in small letters, without the ASCII punctuation around it."""
    return word.strip(string.punctuation + " ").lower()


def bracketed(text: str) -> int:
    """How many pieces of one line stand in square brackets."""
    count = 0
    for line in text.split("\n"):
        end = 0
        while (start := line.find("[", end)) >= 0 and (close := line.find("]", start)) >= 0:
            count, end = count + 1, close + 1
    return count


def split_sentences(text: str) -> list[str]:
    """The sentences of an English text."""
    from .sentences import split

    return split(text)


def tokenize(text: str) -> list[str]:
    """Words and punctuation marks, sentence by sentence."""
    return [token for sentence in split_sentences(text) for token in treebank(sentence)]
