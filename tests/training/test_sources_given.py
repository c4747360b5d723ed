"""Batches of what somebody wrote: demonstrations, plain text, pairs, trajectories with their returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from rlvr.core import Prompt
from rlvr.data import asking_for, return_text
from rlvr.errors import UserError
from rlvr.rollout import chat
from rlvr.training.batch import Batch
from rlvr.training.corpus import Corpus
from rlvr.training.pairs import Pairs
from rlvr.training.trajectories import Trajectories
from tests.tiny import make_tokenizer

TOKENIZER = make_tokenizer()
END = TOKENIZER.eos_token_id


def given(name: str, **meta: Any) -> Prompt:
    return Prompt(name, ({"role": "user", "content": f"ask {name}"},), "a", meta=meta)


def trained(batch: Batch, row: int) -> list[int]:
    return batch.token_ids[row][batch.mask[row]].tolist()


def text_of(ids: Sequence[int]) -> str:
    return str(TOKENIZER.decode([i for i in ids if i != END]))


# Demonstrations and text


def corpus(prompts: Sequence[Prompt], **options: Any) -> Corpus:
    settings = {"iterations": 2, "rows_per_iteration": len(prompts), "seed": 0, "max_tokens": 64, "shuffle": False}
    return Corpus(prompts, tokenizer=TOKENIZER, **{**settings, **options})


def test_of_a_demonstration_the_answer_is_trained_and_its_end() -> None:
    _, batch = next(corpus([given("p", demonstration="an answer")]).batches())
    assert text_of(trained(batch, 0)) == "an answer" and trained(batch, 0)[-1] == END
    start = int(batch.mask[0].nonzero()[0])
    assert batch.token_ids[0, :start].tolist() == chat.prompt_ids(TOKENIZER, given("p").messages)


def test_a_demonstration_that_was_cut_off_is_not_taught_to_end_there() -> None:
    _, batch = next(corpus([given("p", demonstration="an ans", finish_reason="length")]).batches())
    assert trained(batch, 0)[-1] != END


def test_of_plain_text_every_token_is_trained_once_in_pieces() -> None:
    content = "abcdefghij" * 5  # 50 bytes, one token each, and the end
    source = corpus([given("t", text=content)], max_tokens=20, rows_per_iteration=3)
    _, batch = next(source.batches())
    assert [len(trained(batch, b)) for b in range(3)] == [20, 20, 11]
    assert text_of([i for b in range(3) for i in trained(batch, b)]) == content
    assert batch.token_ids[:, 0].tolist() == [END] * 3  # what separates documents predicts the first token
    assert not batch.mask[:, 0].any()


def test_a_row_without_either_is_refused() -> None:
    with pytest.raises(UserError, match="'p' has no demonstration"):
        corpus([given("p")])


# Pairs


def pairs(prompts: Sequence[Prompt], **options: Any) -> Pairs:
    settings = {"iterations": 3, "pairs_per_iteration": 2, "seed": 0}
    return Pairs(prompts, tokenizer=TOKENIZER, **{**settings, **options})


FIVE = [given(f"p{i}", chosen="good" + "!" * i, rejected="bad" * (i + 1), margin=i / 4) for i in range(5)]


def test_pairs_are_neighbours_with_their_margin() -> None:
    source = pairs(FIVE, shuffle=False)
    _, batch = next(source.batches())
    assert [text_of(trained(batch, b)) for b in range(4)] == ["good", "bad", "good!", "badbad"]
    assert batch.group.tolist() == [0, 0, 1, 1] and batch.margins.tolist() == [0, 0, 0.25, 0.25]
    assert batch.num_prompts == 2
    chosen, rejected = batch.pairs(batch.row)
    assert chosen.tolist() == [0, 2] and rejected.tolist() == [1, 3]


def test_no_split_tears_a_pair_apart() -> None:
    batch = pairs(FIVE).batch()
    parts = [
        *batch.microbatches(tokens=1),
        *batch.microbatches(tokens=100),
        *batch.minibatches(epochs=2, minibatch=4, seed=0, iteration=0),
    ]
    for part in parts:
        part.pairs(part.row)  # raises where they are apart
    assert sorted(r for p in batch.microbatches(tokens=100) for r in p.row.tolist()) == list(range(10))
    assert [len(p) for p in batch.minibatches(1, 4, 0, 0)] == [4, 4, 2]
    with pytest.raises(ValueError, match="needs pairs"):
        batch.select(torch.tensor([0, 2])).pairs(torch.zeros(2))


def test_the_reference_is_asked_once_for_the_pairs_that_will_be_seen() -> None:
    asked: list[Batch] = []

    def reference(batch: Batch) -> torch.Tensor:
        asked.append(batch)
        return -batch.token_ids.float() * batch.mask

    source = pairs(FIVE, iterations=2, reference=reference)
    assert len(asked) == 1 and len(asked[0]) == 2 * 4  # two iterations of two pairs, of five
    batches = [batch for _, batch in source.batches()]
    assert len(asked) == 1
    for batch in batches:
        assert torch.equal(batch.ref_logprobs, -batch.token_ids.float() * batch.mask)


def test_a_resumed_source_goes_on_with_the_same_batches() -> None:
    whole, resumed = ([*pairs(FIVE).batches(start)] for start in (0, 2))
    assert [i for i, _ in resumed] == [2]
    assert torch.equal(whole[2][1].token_ids, resumed[0][1].token_ids)


@pytest.mark.parametrize("meta", [{}, {"chosen": "a"}, {"chosen": "a", "rejected": ""}])
def test_a_row_without_both_answers_is_refused(meta: dict[str, str]) -> None:
    with pytest.raises(UserError, match="no chosen and rejected answer"):
        pairs([given("p", **meta)])


# Trajectories


def test_the_return_stands_in_front_of_the_completion_and_is_not_trained() -> None:
    rows = [given("p", demonstration="answer", **{"return": 0.5})]
    source = Trajectories(rows, [], tokenizer=TOKENIZER, iterations=1, rows_per_iteration=1, seed=0, max_tokens=64)
    _, batch = next(source.batches())
    assert text_of(trained(batch, 0)) == "answer"
    whole = text_of(batch.token_ids[0, : int(batch.lengths[0])].tolist())
    assert whole.endswith("<|assistant|>return=0.5\nanswer")
    # Sampling continues exactly the tokens that training put before the completion.
    start = int(batch.mask[0].nonzero()[0])
    assert batch.token_ids[0, :start].tolist() == chat.prompt_ids(TOKENIZER, asking_for(rows[0], 0.5).messages)


def test_plain_text_comes_beside_it_under_its_own_count() -> None:
    rows = [given(f"p{i}", demonstration="xy", **{"return": 1.0}) for i in range(3)]
    texts = [given("t", text="some text")]
    source = Trajectories(rows, texts, tokenizer=TOKENIZER, iterations=1, rows_per_iteration=3, seed=0, max_tokens=64)
    _, batch = next(source.batches())
    assert batch.language.tolist() == [False] * 3 + [True] * 3
    decision, language = batch.by_kind()
    assert decision.num_tokens == 3 * 3 and language.num_tokens == 3 * 10  # with the end of each
    assert torch.equal(decision.mask | language.mask, batch.mask) and not (decision.mask & language.mask).any()


@pytest.mark.parametrize("value, text", [(1.0, "1"), (0.0, "0"), (-0.0, "0"), (1 / 3, "0.33")])
def test_returns_are_written_short(value: float, text: str) -> None:
    assert return_text(value) == f"return={text}\n"


def test_a_row_without_a_return_is_refused() -> None:
    with pytest.raises(UserError, match="is no trajectory"):
        Trajectories([given("p", demonstration="x")], [], tokenizer=TOKENIZER, iterations=1, rows_per_iteration=1,
                     seed=0, max_tokens=8)  # fmt: skip
