"""Is an answer the prompt again? Such an answer earns nothing, whatever the prompt shows of the form it asks for."""

from __future__ import annotations

import re
import unicodedata

from rlvr.core import Prompt

MIN_COMPARED = 60_000  # characters of an answer that are compared at least; more where the prompt is longer


def copies(prompt: Prompt, answer: str) -> bool:
    """Whether letters and digits of an answer are those of the prompt, once or several times over."""
    asked = [text for message in prompt.messages if (text := words_of(message["content"]))]
    head = words_of(answer.lstrip()[:50])[:20]
    if not any(text.startswith(head) or head.startswith(text) for text in asked):
        return False  # as most answers do, it begins otherwise
    limit = max(MIN_COMPARED, 2 * sum(len(message["content"]) for message in prompt.messages))
    words = words_of(answer[:limit]).split()[: -1 if len(answer) > limit else None]  # a last word may be cut
    return any(
        text and words[: len(text)] == text and words == (text * (len(words) // len(text) + 1))[: len(words)]
        for text in [*map(str.split, asked), " ".join(asked).split()]
    )


def words_of(text: str) -> str:
    """The words of a text in small letters, without anything else."""
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold().replace("'", "")))
