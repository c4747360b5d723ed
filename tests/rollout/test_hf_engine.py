"""The engine: its distribution is the trainer's, its noise is the completion's, its bookkeeping holds."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from rlvr.algorithms.grpo import GRPO
from rlvr.core import Completion, Group, Prompt, Rollout, Sampling, Verdict
from rlvr.errors import UserError
from rlvr.rollout import chat
from rlvr.rollout.hf_engine import HFEngine
from rlvr.schema import TrainSection
from rlvr.training.batch import Batch, collate
from rlvr.training.local_backend import LocalBackend
from rlvr.training.mismatch import refuse_mismatch
from rlvr.training.models import load_model, load_tokenizer
from tests.rollout.stop_texts import check_stop_texts_end_completions
from tests.tiny import checkpoint, make_model, make_tokenizer, prompt, prompts

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SAMPLING = Sampling(temperature=0.7, group_size=4, max_tokens=24)


def engine_of(tied: bool = True, distorting: bool = True, batch_size: int = 256, scale: float = 6.0) -> HFEngine:
    path = str(checkpoint(tied=tied, distorting=distorting, scale=scale))
    return HFEngine(load_model(path), load_tokenizer(path), batch_size)


def batch_of(engine: HFEngine, asked: list[Prompt], sampling: Sampling) -> Batch:
    """What the engine samples, with rewards that alternate."""
    groups = [
        Group(p, tuple(Rollout(c, Verdict.of(float(i % 2)), float(i % 2)) for i, c in enumerate(completions)))
        for p, completions in zip(asked, engine.generate(asked, sampling), strict=True)
    ]
    return collate(groups, pad_id=0)


def backend_of(model: PreTrainedModel, temperature: float, dtype: str = "float32") -> LocalBackend:
    train = TrainSection(tokens_per_microbatch=256)
    return LocalBackend(model, train, total_updates=1, dtype=dtype, temperature=temperature)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("dtype, bound", [("float32", 1e-5), ("bfloat16", 0.05)])
def test_the_trainer_agrees_with_the_engine_on_the_sampled_tokens(tied: bool, dtype: str, bound: float) -> None:
    engine = engine_of(tied)
    assert engine.model.generation_config.repetition_penalty == 1.1  # it would distort, if it were used
    backend = backend_of(engine.model, 0.7, dtype)
    batch = batch_of(engine, prompts(9), SAMPLING)
    assert len({int(n) for n in batch.mask.int().argmax(dim=1)}) > 3  # prompts of several lengths: left padding
    metrics = backend.mismatch(batch)
    assert metrics["mismatch/logprob_mean"] < bound
    refuse_mismatch(metrics, dtype)
    if dtype == "float32":
        assert metrics["mismatch/logprob_max"] < 1e-4
    # And so is the first update: ratio exactly 1, KL exactly 0.
    update = backend.update(GRPO(), GRPO().credit(backend.add_inputs(batch, frozenset()), {}))
    assert update["policy/ratio"] == 1.0 and update["policy/kl"] == 0.0 and update["policy/clip_rate"] == 0.0
    assert update["policy/entropy"] > 0.1


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_kl_to_a_reference_that_is_the_policy_is_exactly_zero(dtype: str) -> None:
    engine = engine_of()
    reference = load_model(str(checkpoint(distorting=True, scale=6.0)))
    algorithm = GRPO(kl_coef=0.1)
    backend = LocalBackend(
        engine.model,
        TrainSection(),
        total_updates=1,
        dtype=dtype,
        temperature=0.7,
        reference=reference,
    )
    batch = backend.add_inputs(batch_of(engine, prompts(4), SAMPLING), algorithm.needs)
    assert backend.update(algorithm, algorithm.credit(batch, {}))["policy/kl_reference"] == 0.0


def test_the_log_probs_are_those_of_the_plain_model() -> None:
    """Against transformers' own forward pass, one completion at a time, with nothing shared but the weights."""
    engine = engine_of()
    for completions in engine.generate(prompts(3), SAMPLING):
        for completion in completions:
            ids = torch.tensor([[*completion.prompt_ids, *completion.token_ids]])
            with torch.no_grad():
                steps = (engine.model(input_ids=ids).logits[0] / 0.7).log_softmax(dim=1)
            start = len(completion.prompt_ids)
            expected = steps[start - 1 : -1].gather(1, ids[0, start:].unsqueeze(1)).squeeze(1)
            torch.testing.assert_close(torch.tensor(completion.logprobs), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    "other, cause",
    [
        ({"temperature": 1.0}, "temperature"),
        ({"top_p": 0.5}, "top_p"),
        ({"top_k": 2}, "top_k"),
    ],
)
def test_a_run_refuses_to_start_on_another_distribution(other: dict, cause: str) -> None:
    engine = engine_of()
    batch = batch_of(engine, prompts(4), dataclasses.replace(SAMPLING, **other))
    with pytest.raises(UserError, match=r"before the first update.*Likely cause: .*" + cause):
        refuse_mismatch(backend_of(engine.model, 0.7).mismatch(batch), "float32")


def test_a_run_refuses_to_start_on_other_weights() -> None:
    batch = batch_of(engine_of(), prompts(4), SAMPLING)
    with pytest.raises(UserError, match="other weights"):
        refuse_mismatch(backend_of(engine_of(tied=False).model, 0.7).mismatch(batch), "float32")


def test_the_bounds_of_the_mismatch() -> None:
    for dtype, limit in (("float32", 1e-3), ("bfloat16", 0.05)):
        at = {"mismatch/logprob_mean": limit, "mismatch/ratio_max": 2.0}
        refuse_mismatch(at, dtype)
        with pytest.raises(UserError):
            refuse_mismatch(at | {"mismatch/logprob_mean": limit * 1.01}, dtype)
    refuse_mismatch({}, "float32")  # demonstrations have no engine


def test_the_generation_config_contributes_stop_ids_and_nothing_else() -> None:
    plain, distorted = engine_of(distorting=False), engine_of(distorting=True)
    assert plain.generate(prompts(4), SAMPLING) == distorted.generate(prompts(4), SAMPLING)
    distorted.model.generation_config.eos_token_id = [65, 66]
    again = HFEngine(distorted.model, distorted.tokenizer)
    assert again.stop_ids == tuple(sorted({65, 66, distorted.tokenizer.eos_token_id}))
    long = dataclasses.replace(SAMPLING, max_tokens=200, group_size=8)
    stopped = [c for cs in again.generate(prompts(6), long) for c in cs if c.finish_reason == "stop"]
    assert {c.token_ids[-1] for c in stopped} & {65, 66}
    for completion in stopped:
        assert completion.token_ids[-1] in again.stop_ids
        assert not set(completion.token_ids[:-1]) & set(again.stop_ids)
        assert len(completion.logprobs) == len(completion.token_ids)  # the end itself is trained too


def flat(groups: list[list[Completion]]) -> list[Completion]:
    return [c for g in groups for c in g]


def test_tokens_do_not_depend_on_the_batch_up_to_a_near_tie() -> None:
    asked, sampling = prompts(26), dataclasses.replace(SAMPLING, max_tokens=16)
    alone = engine_of(batch_size=1)
    reference = flat(alone.generate(asked, sampling))
    shuffled = list(reversed(asked))
    for size in (3, 64):
        engine = engine_of(batch_size=size)
        back = {p.id: g for p, g in zip(shuffled, engine.generate(shuffled, sampling), strict=True)}
        for other in (flat(engine.generate(asked, sampling)), flat([back[p.id] for p in asked])):
            whole = [a.token_ids == b.token_ids for a, b in zip(reference, other, strict=True)]
            assert sum(whole) >= 0.99 * len(whole)
            for a, b in zip(reference, other, strict=True):
                same = next(
                    (i for i, (x, y) in enumerate(zip(a.token_ids, b.token_ids, strict=False)) if x != y),
                    min(a.num_tokens, b.num_tokens),
                )
                torch.testing.assert_close(
                    torch.tensor(a.logprobs[:same]), torch.tensor(b.logprobs[:same]), rtol=0, atol=1e-4
                )
        # Rows that differ must have met a near tie, and near ties are counted.
        assert engine.metrics()["rollout/near_ties"] >= len(whole) - sum(whole)


def test_other_iterations_samples_prompts_and_seeds_have_other_noise() -> None:
    engine, one = engine_of(), [prompt("same text", name="a")]
    texts = {c.token_ids for c in flat(engine.generate(one, SAMPLING))}
    assert len(texts) == 4  # the samples of a prompt differ
    for other in (
        engine.generate(one, SAMPLING, iteration=1),
        engine.generate(one, dataclasses.replace(SAMPLING, seed=1)),
        engine.generate([prompt("same text", name="b")], SAMPLING),
    ):
        assert not texts & {c.token_ids for c in flat(other)}
    assert {c.token_ids for c in flat(engine.generate(one, SAMPLING))} == texts
    more = engine.generate(one, dataclasses.replace(SAMPLING, group_size=6))[0]
    assert {c.token_ids for c in more[:4]} == texts  # a larger group keeps its first members


def test_finished_rows_leave_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of()
    engine.stop_ids = tuple(range(0, 200))  # nearly every token ends a completion
    rows: list[int] = []
    forward = type(engine.model.base_model).forward

    def counted(self, input_ids, **kwargs):
        rows.append(input_ids.numel())
        return forward(self, input_ids=input_ids, **kwargs)

    monkeypatch.setattr(type(engine.model.base_model), "forward", counted)
    made = flat(engine.generate(prompts(8), dataclasses.replace(SAMPLING, max_tokens=64)))
    sampled = sum(c.num_tokens for c in made)
    longest = max(c.num_tokens for c in made)
    assert longest > 1 and all(c.finish_reason == "stop" or c.num_tokens == 64 for c in made)
    steps = rows[1:]  # after the prompts' own pass
    assert steps == sorted(steps, reverse=True)
    # Rows leave soon after they finish (an engine may wait for a few to leave together).
    assert sum(steps) < 0.6 * len(made) * (longest - 1) or longest <= 3
    assert sum(steps) >= sampled - len(made)


def test_each_prompt_is_read_once_for_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of()
    shapes: list[tuple[int, ...]] = []
    forward = type(engine.model.base_model).forward

    def seen(self, input_ids, **kwargs):
        shapes.append(tuple(input_ids.shape))
        return forward(self, input_ids=input_ids, **kwargs)

    monkeypatch.setattr(type(engine.model.base_model), "forward", seen)
    engine.generate(prompts(3), dataclasses.replace(SAMPLING, max_tokens=2))
    assert shapes[0][0] == 3 and shapes[1] == (12, 1)


def test_stop_texts_end_a_completion_and_are_not_in_its_text() -> None:
    path = str(checkpoint(pairs=True))
    tokenizer = load_tokenizer(path)
    check_stop_texts_end_completions(HFEngine(load_model(path), tokenizer), tokenizer)


def test_a_prompt_that_fills_the_context_is_aborted_and_the_rest_goes_on() -> None:
    tokenizer = make_tokenizer()
    engine = HFEngine(make_model(tokenizer, positions=40), tokenizer)
    asked = [prompt("x" * 60), prompt("short"), prompt("y" * 30)]
    long, short, tight = engine.generate(asked, SAMPLING)
    assert {c.finish_reason for c in long} == {"aborted"} and all(c.num_tokens == 0 for c in long)
    assert all(c.finish_reason in ("stop", "length") and c.num_tokens > 0 for c in short)
    for completion in tight:  # cut where the context ends
        assert len(completion.prompt_ids) + completion.num_tokens <= 40


def test_a_completion_says_what_it_continues_and_which_policy_wrote_it() -> None:
    engine = engine_of()
    engine.load_policy(iter(engine.model.state_dict().items()), version=7)
    asked = prompts(2)
    for p, completions in zip(asked, engine.generate(asked, SAMPLING), strict=True):
        for completion in completions:
            assert completion.policy_version == 7
            assert list(completion.prompt_ids) == chat.prompt_ids(engine.tokenizer, p.messages)
            ids = [t for t in completion.token_ids if t not in engine.stop_ids]
            assert completion.text == engine.tokenizer.decode(ids, skip_special_tokens=True)


def test_new_weights_reach_an_engine_with_a_model_of_its_own() -> None:
    engine, other = engine_of(), engine_of(scale=3.0)
    before = engine.generate(prompts(2), SAMPLING)
    engine.load_policy(iter(other.model.state_dict().items()), version=1)
    after = engine.generate(prompts(2), SAMPLING)
    assert [c.token_ids for c in flat(after)] == [c.token_ids for c in flat(other.generate(prompts(2), SAMPLING))]
    assert [c.token_ids for c in flat(after)] != [c.token_ids for c in flat(before)]


def test_an_output_bias_is_part_of_the_distribution() -> None:
    """Phi and GPT-J have one; the trainer applies it, so the engine must."""
    engine = engine_of(tied=False)
    head = engine.model.get_output_embeddings()
    head.bias = torch.nn.Parameter(torch.linspace(-3, 3, head.weight.shape[0]))
    metrics = backend_of(engine.model, 0.7).mismatch(batch_of(engine, prompts(3), SAMPLING))
    assert metrics["mismatch/logprob_mean"] < 1e-5


def test_dropout_is_switched_off_when_a_model_is_loaded(tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    from rlvr.training.models import load_model

    config = GPT2Config(vocab_size=300, n_positions=64, n_embd=32, n_layer=1, n_head=2)  # GPT-2's dropout is 0.1
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    model = load_model(str(tmp_path)).train()
    tokens = torch.arange(20).unsqueeze(0)
    with torch.no_grad():
        assert torch.equal(model(input_ids=tokens).logits, model(input_ids=tokens).logits)
