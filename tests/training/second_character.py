"""A plug-in for the tests: 0.5 where every other second character ends, and no outcome."""

from rlvr.core import Completion, Prompt, Verdict
from rlvr.registry import verifier


@verifier("second_character")
def second_character(prompt: Prompt, completion: Completion) -> Verdict:
    """Pays 0.5 where the second character of a longer completion ends, if its code is even."""
    pays = len(completion.text) > 2 and ord(completion.text[1]) % 2 == 0
    return Verdict(0.0, "wrong", steps=((2, 0.5),) if pays else ())
