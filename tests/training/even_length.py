"""A reward that an untrained model earns half of the time, so that groups are live: a plug-in of the tests' recipes."""

from rlvr.core import Completion, Prompt
from rlvr.registry import verifier


@verifier("even_length")
def even_length(prompt: Prompt, completion: Completion) -> bool:
    """1 where the completion has an even number of characters."""
    return len(completion.text) % 2 == 0
