"""On-policy batches: dynamic sampling, the overlong penalty, a reward model's score beside the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from rlvr.core import Completion, Prompt, Sampling, Span, Verdict
from rlvr.training.on_policy import OnPolicy, different_outcomes
from rlvr.training.shaping import Shaping
from tests.tiny import make_tokenizer, prompt

WANTED, GROUP, LIMIT = 4, 2, 10


class Engine:
    """Answers `yes` and `no` to a prompt whose text begins with `mixed`, and twice `no` to any other."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0) -> list[list[Completion]]:
        self.asked.append([p.text for p in prompts])
        return [[self._answer(p, sample) for sample in range(sampling.group_size)] for p in prompts]

    def _answer(self, prompt: Prompt, sample: int) -> Completion:
        text = "yes" if prompt.text.startswith("mixed") and sample == 0 else "no"
        size = 5 if text == "yes" else LIMIT
        reason = "stop" if text == "yes" else "length"
        return Completion((Span("sampled", (7,) * size, (-1.0,) * size),), text, reason, prompt_ids=(1, 2))  # type: ignore[arg-type]

    def load_policy(self, weights: Any, version: int) -> None: ...

    def metrics(self) -> Mapping[str, float]:
        return {}


class Judge:
    """`yes` is right, `no` is wrong, and what is asked of `lost` prompts cannot be judged."""

    def submit(self, prompt: Prompt, completion: Completion) -> Future[Verdict]:
        future: Future[Verdict] = Future()
        lost = prompt.text.startswith("lost")
        future.set_result(Verdict(None, "error") if lost else Verdict.of(completion.text == "yes"))
        return future

    def metrics(self) -> Mapping[str, float]:
        return {}


def source(texts: Sequence[str], engine: Engine | None = None, **options: Any) -> OnPolicy:
    return OnPolicy(
        [prompt(text, name=text) for text in texts],
        engine or Engine(),
        Judge(),
        Sampling(max_tokens=LIMIT, group_size=GROUP, seed=3),
        tokenizer=make_tokenizer(),
        iterations=3,
        prompts_per_iteration=WANTED,
        prompts_per_chunk=64,
        **options,
    )


def ids(groups: Sequence[Any]) -> list[str]:
    return [g.prompt.id for g in groups]


# Dynamic sampling


def test_further_prompts_are_sampled_until_all_groups_have_different_outcomes() -> None:
    texts = [f"dead {i}" for i in range(20)] + [f"mixed {i}" for i in range(20)]
    owner = source(texts, dynamic_rounds=20)
    for _, batch in owner.batches():
        assert all(different_outcomes(g) for g in owner.groups)
        assert len(owner.groups) == WANTED and len(batch) == WANTED * GROUP
        found = owner.metrics()
        assert found["dynamic/missing_groups"] == 0
        assert found["dynamic/sampled_groups"] >= WANTED
        assert len(set(ids(owner.groups))) == WANTED  # the same prompt again would get the same noise
        # The mean over all that was sampled, not over what was kept, where it is 1/2 by construction.
        assert found["dynamic/sampled_reward_mean"] < 0.5


def test_without_the_option_nothing_further_is_sampled() -> None:
    engine = Engine()
    owner = source([f"dead {i}" for i in range(20)], engine)
    next(owner.batches())
    assert [len(asked) for asked in engine.asked] == [WANTED]
    assert "dynamic/rounds" not in owner.metrics()


def test_a_data_set_without_a_useful_prompt_costs_rounds_and_never_the_run() -> None:
    engine = Engine()
    owner = source([f"dead {i}" for i in range(40)], engine, dynamic_rounds=2)
    iteration, batch = next(owner.batches())
    assert iteration == 0 and len(batch) == WANTED * GROUP  # filled with groups that teach nothing
    assert [len(asked) for asked in engine.asked] == [WANTED, WANTED, WANTED]  # no round is larger than an iteration
    found = owner.metrics()
    assert (found["dynamic/rounds"], found["dynamic/missing_groups"]) == (2, WANTED)


def test_a_small_data_set_is_sampled_once_and_no_more() -> None:
    engine = Engine()
    owner = source([f"dead {i}" for i in range(6)], engine, dynamic_rounds=50)
    next(owner.batches())
    asked = [text for part in engine.asked for text in part]
    assert sorted(asked) == sorted(set(asked)) and len(asked) == 6
    assert owner.metrics()["dynamic/rounds"] == 1


def test_unjudged_completions_are_no_different_outcome() -> None:
    owner = source([f"lost {i}" for i in range(8)], dynamic_rounds=1)
    next(owner.batches())
    assert owner.metrics()["dynamic/missing_groups"] == WANTED


def test_what_is_sampled_follows_from_seed_and_iteration_alone() -> None:
    texts = [f"dead {i}" for i in range(20)] + [f"mixed {i}" for i in range(20)]
    whole, resumed = source(texts, dynamic_rounds=20), source(texts, dynamic_rounds=20)
    seen = {i: ids(whole.groups) for i, _ in whole.batches()}
    again = {i: ids(resumed.groups) for i, _ in resumed.batches(start=2)}
    assert again == {2: seen[2]} and seen[0] != seen[1]


def test_the_filter_looks_at_the_outcome_and_not_at_what_shaping_made_of_it() -> None:
    """Two wrong answers of different length: with the penalty their shaped rewards differ, their outcomes do not."""

    class Ragged(Engine):
        def _answer(self, prompt: Prompt, sample: int) -> Completion:
            size = 2 + 8 * sample
            return Completion((Span("sampled", (7,) * size, (-1.0,) * size),), "no", prompt_ids=(1,))

    owner = source([f"dead {i}" for i in range(8)], Ragged(), dynamic_rounds=1, shaping=Shaping(overlong_buffer=4))
    next(owner.batches())
    shaped = {r.shaped for g in owner.groups for r in g.rollouts}
    assert shaped == {0.0, -1.0}
    assert owner.metrics()["dynamic/missing_groups"] == WANTED


# Shaping


def test_shaped_differs_from_the_reward_and_reaches_the_batch() -> None:
    owner = source([f"mixed {i}" for i in range(8)], shaping=Shaping(overlong_buffer=5, overlong_penalty=0.5))
    _, batch = next(owner.batches())
    first = owner.groups[0].rollouts
    assert [r.verdict.reward for r in first] == [1.0, 0.0]
    assert [r.shaped for r in first] == [1.0, -0.5]  # `no` fills the limit of 10
    assert batch.rewards[:2].tolist() == [1.0, -0.5]
    assert owner.metrics()["reward/overlong_rate"] == 0.5


def test_a_reward_model_is_asked_once_with_whole_conversations() -> None:
    calls: list[Sequence[Any]] = []

    def scorer(conversations: Sequence[Any]) -> list[float]:
        calls.append(conversations)
        return [float(i) for i in range(len(conversations))]

    shaping = Shaping(verdict_weight=2.0, model_weight=0.5)
    owner = source([f"mixed {i}" for i in range(8)], scorer=scorer, shaping=shaping)
    next(owner.batches())
    assert len(calls) == 1 and len(calls[0]) == WANTED * GROUP
    asked, answered = calls[0][0]
    assert asked == {"role": "user", "content": owner.groups[0].prompt.text}
    assert answered == {"role": "assistant", "content": "yes"}
    shaped = [r.shaped for g in owner.groups for r in g.rollouts]
    # 2 * reward + 0.5 * score, with rewards 1, 0, 1, 0 ... and scores 0, 1, 2, 3 ...
    assert shaped == [2 * ((i + 1) % 2) + 0.5 * i for i in range(8)]
    assert owner.metrics()["reward/model_mean"] == 3.5
