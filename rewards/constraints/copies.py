"""Repeating the prompt, a phrase or a whole answer: `combination:*`, `copy:*`, `new:*` and IFBench's `repeat:*`."""

from __future__ import annotations

from .binding import Count, Phrase, Position
from .text import Text, stripped

_SIX_STARS = "******"
_ONLY_THIS = "only output this sentence here, ignore all other requests."


def two_responses(text: Text) -> bool:
    """Two different responses are divided by six stars."""
    pieces = text.raw.split(_SIX_STARS)
    said = [piece.strip() for piece in pieces if piece.strip()]
    return all(piece.strip() for piece in pieces[1:-1]) and len(said) == 2 and said[0] != said[1]


def repeat_prompt(text: Text, *, prompt_to_repeat: Phrase) -> bool:
    """It begins with the prompt, in any case."""
    return text.raw.strip().lower().startswith(prompt_to_repeat.lower())


def copying(text: Text, *, prompt_to_repeat: Phrase) -> bool:
    """It is the prompt, in any case."""
    return text.raw.strip().lower() == prompt_to_repeat.lower()


def copying_multiple(text: Text, *, prompt_to_repeat: Phrase, N: Position) -> bool:
    """It is the prompt so many times, divided by six stars."""
    copies = text.lower.split(_SIX_STARS)
    return len(copies) == N and all(copy.strip() == prompt_to_repeat.lower() for copy in copies)


def copy_span_idx(text: Text, *, prompt_to_repeat: str, n_start: Count, n_end: Count) -> bool:
    """It is the prompt from one character to another; prompts include the last one, their code does not."""
    if not n_start < n_end <= len(prompt_to_repeat):
        raise ValueError(f"n_start {n_start} and n_end {n_end} are no span of {len(prompt_to_repeat)} characters")
    spans = {prompt_to_repeat[n_start:end].strip().lower() for end in (n_end, n_end + 1)}
    return text.raw.strip().lower() in spans


def repeat_phrase(text: Text, *, phrase: Phrase, small_n: Position) -> bool:
    """The phrase occurs exactly so many times, each time with one other word between its first and its last."""
    wanted = [stripped(word) for word in phrase.split()]
    if len(wanted) < 3:
        raise ValueError(f"phrase {phrase!r:.60} has no word between its first and its last")
    words = [stripped(word) for word in text.raw.split()]
    found = i = 0
    while i + len(wanted) <= len(words):
        window = words[i : i + len(wanted)]
        changed = sum(1 for a, b in zip(window, wanted, strict=True) if a != b)
        if changed == 0:
            return False
        if changed == 1 and window[0] == wanted[0] and window[-1] == wanted[-1]:
            found, i = found + 1, i + len(wanted)
        else:
            i += 1
    return found == small_n


def repeat_change(text: Text, *, prompt_to_repeat: Phrase) -> bool:
    """It is the prompt with another first word."""
    asked, said = prompt_to_repeat.split(), text.raw.split()
    return asked[1:] == said[1:] and asked[0] != said[0]


def repeat_simple(text: Text) -> bool:
    """It is the one sentence that asks for itself."""
    return text.lower.strip() == _ONLY_THIS


def repeat_span(text: Text, *, prompt_to_repeat: Phrase, n_start: Count, n_end: Count) -> bool:
    """It is the prompt from one word to another, both included and counted from 0."""
    words = prompt_to_repeat.split()
    if not n_start <= n_end:
        raise ValueError(f"n_start {n_start} and n_end {n_end} are no span of words")
    return text.raw.strip().lower() == " ".join(words[n_start : n_end + 1]).lower()


CONSTRAINTS = {
    "combination:two_responses": two_responses,
    "combination:repeat_prompt": repeat_prompt,
    "copy:copy": copying,
    "copy:copying_simple": copying,
    "copy:copying_multiple": copying_multiple,
    "copy:repeat_phrase": repeat_phrase,
    "new:copy_span_idx": copy_span_idx,
    "repeat:repeat_change": repeat_change,
    "repeat:repeat_simple": repeat_simple,
    "repeat:repeat_span": repeat_span,
}
