"""The nouns: what they refuse and what they derive."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from pathlib import Path

import pytest

from rlvr.core import Completion, Prompt, Span, Verdict, VerifierUse, noise_key

ROOT = Path(__file__).resolve().parents[1]


def test_a_completion_derives_tokens_mask_and_log_probs_from_its_spans() -> None:
    completion = Completion(
        (Span("sampled", (5, 6), (-0.5, -1.0)), Span("given", (7,)), Span("sampled", (8,))), text="..."
    )
    assert completion.token_ids == (5, 6, 7, 8) and completion.num_tokens == 4
    assert completion.mask == (1, 1, 0, 1)
    assert completion.logprobs[:2] == (-0.5, -1.0) and all(map(math.isnan, completion.logprobs[2:]))
    assert Completion.of_text("hi").token_ids == ()


def test_spans_need_a_log_prob_for_each_token() -> None:
    with pytest.raises(ValueError, match="2 token_ids but 1 logprobs"):
        Span("sampled", (1, 2), (-0.5,))


@pytest.mark.parametrize(
    "reward, status",
    [(None, "wrong"), (0.0, "timeout"), (0.0, "error"), (1.5, "correct"), (-0.1, "wrong"), (1.0, "right")],
)
def test_a_verdict_refuses_what_would_lie(reward: float | None, status: str) -> None:
    with pytest.raises(ValueError):
        Verdict(reward, status)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value, status, reward",
    [
        (True, "correct", 1.0),
        (False, "wrong", 0.0),
        (0.5, "partial", 0.5),
        (1, "correct", 1.0),
        (None, "error", None),  # could not judge: never a silent 0
    ],
)
def test_what_a_verifier_may_return(value: object, status: str, reward: float | None) -> None:
    verdict = Verdict.of(value)  # type: ignore[arg-type]
    assert (verdict.status, verdict.reward, verdict.judged) == (status, reward, reward is not None)
    assert Verdict.of(verdict) is verdict


def test_a_verdict_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError):
        Verdict.of(float("nan"))


def test_nobody_edits_a_noun_on_the_way() -> None:
    completion = Completion.of_text("x")
    with pytest.raises(dataclasses.FrozenInstanceError):
        completion.text = "y"  # type: ignore[misc]


def test_a_prompt_names_one_verifier_or_several() -> None:
    messages = (
        {"role": "system", "content": "s"},
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "a"},
    )
    one = Prompt("p", messages, "2")
    assert one.verifiers == (VerifierUse("math"),) and one.text == "q"
    uses = (VerifierUse("math", 2.0), VerifierUse("choice"))
    assert Prompt("p", messages, "2", uses).verifiers == uses


def test_the_noise_key_never_changes() -> None:
    """Part of the format of a run: another number here would break resuming runs that exist."""
    assert noise_key(0, 0, "gsm8k/train/0", 0) == noise_key(0, 0, "gsm8k/train/0", 0)
    assert noise_key(1, 2, "a", 3) == 8227914743888333604


def test_the_nouns_need_the_standard_library_only() -> None:
    program = (
        "import sys; before = set(sys.modules); import rlvr.core, rlvr.errors, rlvr.registry; "
        "new = {m.partition('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names) - {'rlvr'}; "
        "assert not new, new"
    )
    done = subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
