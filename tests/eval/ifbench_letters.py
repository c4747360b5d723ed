"""Answers to IFBench's `words:*` that are about the letters and the syllables of each word."""

from __future__ import annotations

from typing import Any

from tests.eval.ifbench_counts import Writer, pronoun_sentences
from tests.eval.ifbench_voice import Fits, Voice, clustered, said, vowels
from tests.eval.ifbench_words import MISCOUNTED, PALINDROMES, SHORT_PALINDROMES, WORDS, Word

_PRIMES = (2, 3, 5, 7, 11, 13)


def consonants(v: Voice) -> str:
    return v.laid_out(list(map(said, clusters(v, v.choice([3, 4, 6, 2, 5, 3])))), glued=True)


def clusters(v: Voice, count: int, fits: Fits | None = None) -> list[list[str]]:
    """So many sentences whose words have two consonants side by side each."""

    def both(before: Word | None, word: Word) -> bool:
        return clustered(word.text) and (fits is None or fits(before, word))

    v.last = None
    found = [v.words(None, both, plain=fits is not None) for _ in range(count)]
    if v.breaks("words:consonants"):
        sentence = v.rng.choice(found)
        if fits is None:
            sentence.insert(v.rng.randrange(len(sentence) + 1), v.one_of(["a", "lemon", "river", "I", "tomato"]))
        else:  # in place of a word with as many syllables, odd or even
            place = v.rng.randrange(len(sentence))
            odd = next(word.syllables for word in WORDS if word.text == sentence[place]) % 2
            sentence[place] = (
                v.one_of(["bananas", "tomatoes", "gale"]) if odd else v.one_of(["lemon", "river", "motor"])
            )
    return found


def alternating(before: Word | None, word: Word) -> bool:
    """Whether a word with an even number of syllables follows one with an odd number, or the other way round."""
    return word.text not in MISCOUNTED and (before is None or before.syllables % 2 != word.syllables % 2)


def _one_less(v: Voice, sentences: list[list[str]]) -> list[list[str]]:
    if v.breaks("words:odd_even_syllables"):
        sentence = max(sentences, key=len)
        del sentence[v.rng.randrange(1, len(sentence) - 1)]
    return sentences


def odd_even(v: Voice) -> str:
    v.last = None
    sentences = [v.words(None, alternating, plain=True) for _ in range(v.choice([3, 4, 6, 2, 5, 3]))]
    return v.laid_out(list(map(said, _one_less(v, sentences))), glued=True)


def consonants_odd_even(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    sentences = clusters(v, v.choice([3, 4, 6, 2, 5, 3]), alternating)
    return v.laid_out(list(map(said, _one_less(v, sentences))), glued=True)


def palindrome(v: Voice) -> str:
    count = v.choice([10, 12, 10, 15, 11, 10])
    chosen = v.rng.sample(PALINDROMES, count)
    if v.breaks("words:palindrome"):
        chosen = chosen[:9] + v.one_of([SHORT_PALINDROMES, ["levels", "rotors", "radars"], ["noon", "radio"]])
    return v.laid_out([said([v.draw("noun"), v.draw("verb"), word, v.draw("noun")]) for word in chosen])


def prime_lengths(v: Voice) -> str:
    found = [v.words(None, lambda _, word: len(word.text) in _PRIMES, plain=True) for _ in range(3 + v.rendering % 3)]
    if v.breaks("words:prime_lengths"):
        sentence, length = v.rng.choice(found), v.one_of([4, 6, 8, 9])
        other = [word.text for word in WORDS if len(word.text) == length]
        sentence[v.rng.randrange(len(sentence))] = v.rng.choice(other)
    return v.laid_out(list(map(said, found)))


def _vowel_words(v: Voice, pronouns: int) -> str:
    some = set(v.choice(["aei", "eio", "eiu", "aio", "aei", "eio"]))

    def fits(_: Word | None, word: Word) -> bool:
        return vowels(word.text) <= some and "y" not in word.text

    sentences = pronoun_sentences(v, pronouns, fits)
    sentences += [said(v.words(v.rng.randint(3, 5), fits)[0:3]) for _ in range(v.choice([4, 3, 6, 5, 4, 3]))]
    if v.breaks("words:vowel"):
        other = v.draw("noun", lambda _, word: len(vowels(word.text) - some) == 1)
        sentences.insert(v.rng.randrange(len(sentences)), f"{other.capitalize()}.")
    return " ".join(sentences)


def vowel(v: Voice) -> str:
    return _vowel_words(v, 0)


def vowel_pronouns(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    return _vowel_words(v, second["N"] - 1 if v.breaks("count:pronouns") else second["N"] + v.choice([0, 3, 0, 2]))


WRITERS: dict[str, Writer] = {
    "words:consonants": consonants,
    "words:odd_even_syllables": odd_even,
    "words:consonants words:odd_even_syllables": consonants_odd_even,
    "words:palindrome": palindrome,
    "words:prime_lengths": prime_lengths,
    "words:vowel": vowel,
    "words:vowel count:pronouns": vowel_pronouns,
}
