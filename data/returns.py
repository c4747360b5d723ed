r"""Returns as text: how a trajectory's return is written in front of its completion, and how one is asked for.

The form is `return=0.5` and a newline at the start of the assistant's answer. Training writes the return that a
completion earned, sampling the return that is wanted; the verifier sees only what was sampled after it.
"""

from __future__ import annotations

import dataclasses

from rlvr.core import Prompt


def return_text(value: float) -> str:
    r"""`return=1\n`, `return=0.33\n`: two decimals, so that a model meets the same few texts again and again."""
    return f"return={round(value, 2) + 0.0:g}\n"


def asking_for(prompt: Prompt, value: float) -> Prompt:
    """The same prompt with the return in front of the answer. Id and so sampling noise stay the same."""
    opening = {"role": "assistant", "content": return_text(value)}
    return dataclasses.replace(prompt, messages=(*prompt.messages, opening))
