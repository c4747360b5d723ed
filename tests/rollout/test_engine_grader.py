"""A local model as a grader: what it says is read like anybody's, and what it never finishes is no grade."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rlvr.core import Completion, Prompt, VerifierUse
from rlvr.rewards import Judge
from rlvr.scorers import Models
from tests.tiny import checkpoint, make_model, make_tokenizer

REPLY = '{"same": true}'
QUESTION = Prompt("p", ({"role": "user", "content": "Which city?"},), "Paris", "reference")


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its next token follows from the last alone: after `<|assistant|>` comes the reply, after the reply the end."""
    folder = tmp_path_factory.mktemp("grader")
    tokenizer = make_tokenizer()
    tokenizer.add_tokens([REPLY])
    model = make_model(tokenizer, tied=False)
    said, start = tokenizer.convert_tokens_to_ids([REPLY, "<|assistant|>"])
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.lm_head.weight.zero_()
        for last, then in ((start, said), (said, tokenizer.eos_token_id)):
            model.lm_head.weight[then] = 100 * model.model.embed_tokens.weight[last]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def judged(model: Path, *texts: str, max_tokens: int = 24) -> list[tuple[float | None, str, str]]:
    section = {"name": "hf", "model": str(model), "max_tokens": max_tokens}
    use = VerifierUse("reference", 1.0, {"method": "grader", "grader": section})
    prompt = Prompt(QUESTION.id, QUESTION.messages, QUESTION.answer, (use,))
    with Judge(1, open_model=Models(device="cpu")) as judge:
        judge.open_models([use])
        verdicts = judge.judge([(prompt, Completion.of_text(text)) for text in texts])
    return [(v.reward, v.status, v.reason) for v in verdicts]


def test_it_grades(grader: Path) -> None:
    found = judged(grader, "the one on the Seine", "I think Paris", "")
    assert [(reward, status) for reward, status, _ in found] == [
        (1.0, "correct"),
        (1.0, "correct"),
        (0.0, "unparsable"),
    ]


def test_a_reply_that_is_cut_off_is_an_error(grader: Path) -> None:
    ((reward, status, reason),) = judged(grader, "Paris, I think", max_tokens=1)
    assert (reward, status) == (None, "error") and "cut off" in reason


def test_a_model_that_babbles_is_an_error_and_no_number() -> None:
    for reward, status, _ in judged(checkpoint(), "the one on the Seine", "Rome"):
        assert (reward, status) == (None, "error")
