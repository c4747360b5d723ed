"""Choices by log-likelihood, against sums that are worked out one option at a time."""

import dataclasses

import pytest
import torch

from rlvr.core import Prompt, Sampling
from rlvr.errors import UserError
from rlvr.eval import suite_for
from rlvr.eval.suites import GROUPS
from rlvr.rollout.option_engine import OptionEngine, context_of
from rlvr.training.models import load_model, load_tokenizer
from tests.tiny import checkpoint

TEXTS = (("a short one", "one that is a good deal longer", "é"), ("yes", "no", "yes and no", "perhaps"), ("3", "30"))
PROMPTS = [
    Prompt(
        f"p{i}",
        ({"role": "user", "content": "?"},),
        "A",
        "choice",
        {
            "question": f"Question {i}, " + "with words " * i,
            "choices": [{"label": label, "text": text} for label, text in zip("ABCD", texts, strict=False)],
        },
    )
    for i, texts in enumerate(TEXTS)
]


@pytest.fixture(scope="module")
def parts():
    folder = str(checkpoint(scale=3.0))
    return load_model(folder), load_tokenizer(folder)


def slow(model, tokenizer, prompt: Prompt, text: str) -> float:
    """The obvious way: one token after the other, each from the whole text before it."""
    before = tokenizer(f"Question: {prompt.meta['question']}\nAnswer:", add_special_tokens=False)["input_ids"]
    whole = tokenizer(f"Question: {prompt.meta['question']}\nAnswer: {text}", add_special_tokens=False)["input_ids"]
    total = 0.0
    with torch.no_grad():
        for i in range(len(before), len(whole)):
            logits = model(torch.tensor([whole[:i]])).logits[0, -1]
            total += float(logits.log_softmax(-1)[whole[i]])
    return total


@pytest.mark.parametrize("per_character", [False, True])
@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_the_likeliest_option_is_chosen(parts, per_character: bool, batch_size: int) -> None:
    model, tokenizer = parts
    engine = OptionEngine(model, tokenizer, per_character=per_character, batch_size=batch_size)
    found = engine.generate(PROMPTS, Sampling())
    for prompt, [completion] in zip(PROMPTS, found, strict=True):
        choices = prompt.meta["choices"]
        sums = [slow(model, tokenizer, prompt, c["text"]) for c in choices]
        for choice, total in zip(choices, sums, strict=True):
            assert sum(engine.known[context_of(prompt), choice["text"]].logprobs) == pytest.approx(total, abs=1e-3)
        worth = [s / (len(c["text"]) if per_character else 1) for s, c in zip(sums, choices, strict=True)]
        best = max(range(len(worth)), key=worth.__getitem__)
        assert completion.text == choices[best]["label"]
        assert tokenizer.decode(completion.token_ids) == " " + choices[best]["text"]
        assert sum(completion.logprobs) == pytest.approx(sums[best], abs=1e-3)


def test_the_two_measures_differ_and_share_what_is_scored(parts) -> None:
    known: dict = {}
    plain, norm = (OptionEngine(*parts, per_character=p, known=known) for p in (False, True))
    first = [c.text for [c] in plain.generate(PROMPTS, Sampling())]
    scored = dict(known)
    second = [c.text for [c] in norm.generate(PROMPTS, Sampling())]
    assert first != second  # the sum likes short options
    assert known == scored and len(known) == sum(map(len, TEXTS))
    norm.load_policy([], 1)
    assert not known


def test_a_long_question_is_cut_at_its_left(parts) -> None:
    model, tokenizer = parts
    engine = OptionEngine(model, tokenizer)
    engine.context = 64
    long = dataclasses.replace(PROMPTS[0], meta={**PROMPTS[0].meta, "question": "word " * 100})
    [[completion]] = engine.generate([long], Sampling())
    assert len(completion.prompt_ids) + len(completion.token_ids) == 65  # the last token is only predicted
    assert tokenizer.decode(completion.prompt_ids).endswith("\nAnswer:")


def test_a_prompt_without_options_is_refused(parts) -> None:
    with pytest.raises(UserError, match="neither the bare question"):
        OptionEngine(*parts).generate([Prompt("x", ({"role": "user", "content": "1+1?"},), "2")], Sampling())


def test_its_suites_are_drawn_once() -> None:
    for name in GROUPS["arc_log_likelihood"]:
        suite = suite_for(name)
        assert suite.template == "none" and suite.answering != "generate"
        with pytest.raises(UserError, match="-k 1"):
            suite.sampling_for(4, {}, 0)
