"""The reward_model verifier: a score as a reward, and a real classifier behind the judge, in batches."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rlvr.core import Completion, Message, Prompt, Verdict, VerifierUse
from rlvr.errors import UserError
from rlvr.rewards import Judge, check_verifiers
from rlvr.rewards.reward_score import reward_model
from rlvr.scorers import Models
from tests.tiny import checkpoint

QUESTION = "Say hello."


def judged(score: Any, text: str = "Hello!", **options: Any) -> Verdict:
    prompt = Prompt("p", ({"role": "user", "content": QUESTION},), "", "reward_model")
    return reward_model(prompt, Completion.of_text(text), model="m", ask=lambda _: score, **options)


def test_a_score_becomes_the_probability_of_winning_against_zero() -> None:
    # 1 / (1 + e^-1) = 0.7310586
    assert judged(1.0).reward == pytest.approx(0.7310586)
    assert judged(1.0).parts == {"score": 1.0} and judged(1.0).status == "partial"
    assert judged(0.0).reward == 0.5
    assert judged(5.0, center=3.0, scale=2.0).reward == pytest.approx(judged(1.0).reward)
    assert judged(1e300).reward == 1.0 and judged(-1e300).reward == 0.0  # no overflow
    assert [judged(s).reward for s in (-2, -1, 0, 1, 2)] == sorted(judged(s).reward or 0 for s in range(-2, 3))


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, "0.5", [1.0], {}])
def test_what_is_no_finite_number_is_an_error(score: Any) -> None:
    verdict = judged(score)
    assert (verdict.reward, verdict.status) == (None, "error") and "score" in verdict.reason


@pytest.mark.parametrize("text", ["", " \n", "...", QUESTION, f"{QUESTION} {QUESTION}", "<think>Hello", "Solution"])
def test_what_says_nothing_is_not_even_scored(text: str) -> None:
    verdict = judged(1e9, text)
    assert verdict.reward == 0.0, verdict


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="above 0"):
        judged(1.0, scale=0.0)
    assert any("'model' is required" in p for p in check_verifiers([VerifierUse("reward_model")]))
    assert check_verifiers([VerifierUse("reward_model", options={"model": "m"})]) == []


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sequence classifier with one label, saved as any tool saves it."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("classifier")
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint(), num_labels=1)
    with torch.no_grad():
        model.score.weight.mul_(30)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(checkpoint()).save_pretrained(folder)
    return folder


def test_a_classifier_is_asked_in_batches_and_says_what_transformers_says(classifier: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    from rlvr.rollout import chat
    from rlvr.training.models import load_tokenizer

    use = VerifierUse("reward_model", options={"model": str(classifier)})
    prompt = Prompt("p", ({"role": "user", "content": QUESTION},), "", (use,))
    texts = [f"Hello, number {i}{'!' * (i % 5)}" for i in range(40)]
    batches: list[int] = []

    class Watched(Models):
        def __call__(self, kind: str, setting: Any) -> Any:
            scorer = super().__call__(kind, setting)

            def score(conversations: Sequence[Sequence[Message]]) -> Any:
                batches.append(len(conversations))
                return scorer(conversations)

            return score

    with Judge(1, open_model=Watched(device="cpu")) as judge:
        judge.open_models([use])
        verdicts = judge.judge([(prompt, Completion.of_text(text)) for text in texts])
    assert sum(batches) == 40 and len(batches) < 20, batches
    model = AutoModelForSequenceClassification.from_pretrained(classifier).eval()
    tokenizer = load_tokenizer(str(classifier))
    for text, verdict in list(zip(texts, verdicts, strict=True))[::8]:
        ids = chat.prompt_ids(tokenizer, list(prompt.messages))
        ids += [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        with torch.no_grad():
            score = float(model(input_ids=torch.tensor([ids])).logits)
        assert verdict.parts["score"] == pytest.approx(score, abs=1e-4)
        assert verdict.reward == pytest.approx(1 / (1 + math.exp(-score)), abs=1e-5)
    assert len({v.reward for v in verdicts}) > 10


def test_what_is_no_reward_model_is_told_before_anything_runs() -> None:
    with Judge(1, open_model=Models(device="cpu")) as judge, pytest.raises(UserError, match=re.escape("score.weight")):
        judge.open_models([VerifierUse("reward_model", options={"model": str(checkpoint())})])
