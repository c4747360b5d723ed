"""The harness with a scripted engine: counts, overlap, records, and resuming."""

import dataclasses
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from rlvr.core import Completion, Prompt, Sampling, Span, Verdict, noise_key
from rlvr.errors import UserError
from rlvr.eval import SuiteResult, evaluate_suite, notes, results_json, results_table, suite_for
from rlvr.records import RecordFile, completion_of, prompt_of, record_line
from rlvr.rewards.countdown import countdown

SUITE = suite_for({"name": "countdown", "limit": 20}, name="cd")


class Engine:
    """Answers by the noise key: two thirds solve, the rest give up, run out of tokens or cheat."""

    def __init__(self, *, die_after: int | None = None) -> None:
        self.calls: list[list[str]] = []
        self.die_after = die_after

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0) -> list[list[Completion]]:
        self.calls.append([prompt.id for prompt in prompts])
        if self.die_after is not None and len(self.calls) > self.die_after:
            raise KeyboardInterrupt
        return [
            [
                self.answer(prompt, noise_key(sampling.seed, iteration, prompt.id, index))
                for index in range(sampling.group_size)
            ]
            for prompt in prompts
        ]

    def answer(self, prompt: Prompt, key: int) -> Completion:
        kind = key % 6
        text = [f"\\boxed{{{prompt.meta['solution']}}}"] * 4 + ["I give up", "\\boxed{1 + 1}"]
        ids = tuple(text[kind].encode())
        reason = "length" if kind == 4 else "stop"
        return Completion((Span("sampled", ids, (-1.0,) * len(ids)),), text[kind], reason, 3, (1, 2))

    def load_policy(self, weights: Iterable[tuple[str, Any]], version: int) -> None: ...

    def metrics(self) -> Mapping[str, float]:
        return {}


class InlineJudge:
    """Judges at once in this process; `break_on` picks verdicts that it fails to give."""

    def __init__(self, break_on: Callable[[Prompt], bool] = lambda prompt: False) -> None:
        self.break_on = break_on

    def submit(self, prompt: Prompt, completion: Completion) -> Future[Verdict]:
        future: Future[Verdict] = Future()
        if self.break_on(prompt):
            future.set_exception(OSError("the pool is gone"))
        else:
            future.set_result(Verdict.of(countdown(prompt, completion)))
        return future


def lasting(result: SuiteResult) -> SuiteResult:
    """A result without its wall time."""
    return dataclasses.replace(result, seconds=0.0)


IDENTITY = ("suite", "seed", "weights", "template")


def expected_kinds(samples: int, seed: int = 0) -> list[list[int]]:
    prompts = SUITE.load().prompts
    return [[noise_key(seed, 0, p.id, i) % 6 for i in range(samples)] for p in prompts]


def test_scores_and_counts() -> None:
    result = evaluate_suite(SUITE, Engine(), InlineJudge(), samples=4)
    kinds = expected_kinds(4)
    means = [sum(kind < 4 for kind in row) / 4 for row in kinds]
    assert (result.problems, result.samples, result.total) == (20, 4, 80)
    assert result.accuracy == pytest.approx(sum(means) / 20)
    assert 0.4 < result.accuracy < 0.9 and result.interval[0] < result.accuracy < result.interval[1]
    assert result.pass_at_k[4] == pytest.approx(sum(any(kind < 4 for kind in row) for row in kinds) / 20)
    assert result.pass_at_k[1] == pytest.approx(result.accuracy)
    gave_up = sum(kind == 4 for row in kinds for kind in row)
    assert gave_up > 0 and (result.truncated, result.no_answer, result.unjudged) == (gave_up, gave_up, 0)
    values = result.metrics()
    assert values["eval/cd/accuracy"] == result.accuracy
    assert values["eval/cd/truncated_rate"] == gave_up / 80
    assert values["eval/cd/pass_at_2"] == result.pass_at_k[2]


def test_chunks_change_nothing() -> None:
    whole = evaluate_suite(SUITE, Engine(), InlineJudge(), samples=2, chunk=100)
    parts = evaluate_suite(SUITE, Engine(), InlineJudge(), samples=2, chunk=3)
    assert lasting(whole) == lasting(parts)


def test_problems_that_were_loaded_before_are_used() -> None:
    problems = SUITE.load(limit=7)
    given = evaluate_suite(dataclasses.replace(SUITE, dataset="not there"), Engine(), InlineJudge(), problems=problems)
    assert lasting(given) == lasting(evaluate_suite(SUITE, Engine(), InlineJudge(), limit=7))


def test_the_seed_changes_the_samples() -> None:
    first, second = (evaluate_suite(SUITE, Engine(), InlineJudge(), samples=4, seed=seed) for seed in (0, 1))
    assert expected_kinds(4, 0) != expected_kinds(4, 1)
    assert first.no_answer == sum(kind == 4 for row in expected_kinds(4, 0) for kind in row)
    assert second.no_answer == sum(kind == 4 for row in expected_kinds(4, 1) for kind in row)


def test_what_cannot_be_judged_is_in_no_score_and_counted() -> None:
    broken = {prompt.id for prompt in SUITE.load().prompts[:5]}
    result = evaluate_suite(SUITE, Engine(), InlineJudge(lambda p: p.id in broken), samples=2)
    kinds = expected_kinds(2)[5:]
    assert result.accuracy == pytest.approx(sum(kind < 4 for row in kinds for kind in row) / 30)
    assert (result.errors, result.timeouts, result.unjudged_problems, result.problems) == (10, 0, 5, 20)
    assert any("10 of 40 samples could not be judged" in note for note in notes(result))


def test_a_partial_reward_is_in_the_mean_reward_and_not_in_the_accuracy() -> None:
    class Partial:
        def submit(self, prompt: Prompt, completion: Completion) -> Future[Verdict]:
            future: Future[Verdict] = Future()
            future.set_result(Verdict.of(countdown(prompt, completion, format_reward=0.1)))
            return future

    result = evaluate_suite(SUITE, Engine(), Partial(), samples=4)
    kinds = [kind for row in expected_kinds(4) for kind in row]
    assert result.accuracy == pytest.approx(sum(kind < 4 for kind in kinds) / 80)
    assert result.reward == pytest.approx((sum(kind < 4 for kind in kinds) + 0.1 * kinds.count(5)) / 80)
    assert result.metrics()["eval/cd/reward_mean"] == result.reward > result.accuracy


def test_the_next_chunk_is_sampled_while_the_last_one_is_judged() -> None:
    futures: list[Future[Verdict]] = []
    open_at_call: list[int] = []

    class Slow:
        def submit(self, prompt: Prompt, completion: Completion) -> Future[Verdict]:
            futures.append(Future())
            if len(open_at_call) > 1:
                futures[-1].set_result(Verdict(1.0, "correct"))
            return futures[-1]

    class Watching(Engine):
        def generate(
            self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0
        ) -> list[list[Completion]]:
            waiting = [future for future in futures if not future.done()]
            open_at_call.append(len(waiting))
            for future in waiting:  # judged while this chunk is sampled: who waits for them first waits for ever
                future.set_result(Verdict(1.0, "correct"))
            return super().generate(prompts, sampling, iteration=iteration)

    result = evaluate_suite(SUITE, Watching(), Slow(), chunk=10)
    assert open_at_call == [0, 10]
    assert (result.errors, result.accuracy) == (0, 1.0)


def test_what_could_not_be_sampled_is_nobodys_wrong_answer(tmp_path: Path) -> None:
    class Failing(Engine):
        broken = True

        def answer(self, prompt: Prompt, key: int) -> Completion:
            return Completion((), "", "aborted") if self.broken and key % 5 == 0 else super().answer(prompt, key)

    path, engine = tmp_path / "r.jsonl", Failing()
    whole = evaluate_suite(SUITE, Engine(), InlineJudge(), samples=4)
    result = evaluate_suite(SUITE, engine, InlineJudge(), samples=4, record=path)
    prompts = SUITE.load().prompts
    lost = sum(noise_key(0, 0, p.id, i) % 5 == 0 for p in prompts for i in range(4))
    assert result.errors == lost > 0 and result.shares["unjudged"] == lost / 80
    engine.broken = False  # resuming draws what failed again
    assert lasting(evaluate_suite(SUITE, engine, InlineJudge(), samples=4, record=path, resume=True)) == lasting(whole)
    assert len(rows(path)) == len({(row["prompt_id"], row["sample"]) for row in rows(path)}) == 80


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_record_has_one_line_a_sample(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cd.jsonl"
    evaluate_suite(
        SUITE,
        Engine(),
        InlineJudge(),
        samples=2,
        limit=3,
        record=path,
        seed=5,
        identity={"weights": "w", "template": "t"},
    )
    lines = rows(path)
    prompts = SUITE.load(limit=3).prompts
    assert [(line["prompt_id"], line["sample"]) for line in lines] == [(p.id, i) for p in prompts for i in range(2)]
    first = lines[0]
    assert {key: first[key] for key in IDENTITY} == {"suite": "cd", "seed": 5, "weights": "w", "template": "t"}
    assert first["sampling"] == {"temperature": 0.6, "top_p": 0.95, "top_k": 0, "max_tokens": 512, "stop": []}
    again = [row for row in RecordFile(path)]  # as a run's rollouts are read
    completion = completion_of(again[0])
    assert prompt_of(again[0]).text == prompts[0].text and prompt_of(again[0]).answer == prompts[0].answer
    assert bytes(completion.token_ids).decode() == completion.text
    assert (completion.prompt_ids, completion.policy_version) == ((1, 2), 3)
    assert Verdict.of(countdown(prompt_of(again[0]), completion)).reward == first["verdict"]["reward"]


@pytest.mark.parametrize("torn", [False, True])
def test_resuming_ends_as_an_uninterrupted_run(tmp_path: Path, torn: bool) -> None:
    whole, parts = tmp_path / "whole.jsonl", tmp_path / "parts.jsonl"
    expected = evaluate_suite(SUITE, Engine(), InlineJudge(), samples=3, record=whole, chunk=12)
    with pytest.raises(KeyboardInterrupt):
        evaluate_suite(SUITE, Engine(die_after=3), InlineJudge(), samples=3, record=parts, chunk=12)
    written = rows(parts)
    assert 0 < len(written) < 60
    if torn:  # a kill in the middle of a line, and with it in the middle of a group
        parts.write_bytes(parts.read_bytes()[:-100])
    engine = Engine()
    resumed = evaluate_suite(SUITE, engine, InlineJudge(), samples=3, record=parts, chunk=12, resume=True)
    assert lasting(resumed) == lasting(expected)
    key = itemgetter("prompt_id", "sample")
    assert sorted(rows(parts), key=key) == sorted(rows(whole), key=key)
    ids = [prompt.id for prompt in SUITE.load().prompts]
    assert len(written) == 36 and engine.calls == [ids[at : at + 4] for at in ((8, 12, 16) if torn else (12, 16))]


def test_resuming_a_finished_record_samples_nothing_and_it_may_grow(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    first = evaluate_suite(SUITE, Engine(), InlineJudge(), samples=2, record=path)
    engine = Engine()
    again = evaluate_suite(SUITE, engine, InlineJudge(), samples=2, record=path, resume=True)
    assert engine.calls == [] and lasting(again) == lasting(first)
    more = evaluate_suite(SUITE, Engine(), InlineJudge(), samples=4, record=path, resume=True)
    assert lasting(more) == lasting(evaluate_suite(SUITE, Engine(), InlineJudge(), samples=4))
    assert len(rows(path)) == 80


def test_a_record_is_never_overwritten_or_mixed(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    evaluate_suite(SUITE, Engine(), InlineJudge(), samples=2, record=path, identity={"path": "a"})
    before = path.read_bytes()
    with pytest.raises(UserError, match="already holds samples"):
        evaluate_suite(SUITE, Engine(), InlineJudge(), samples=2, record=path, identity={"path": "a"})
    with pytest.raises(UserError, match="model: 'a' there, 'b' now"):
        evaluate_suite(SUITE, Engine(), InlineJudge(), samples=2, record=path, identity={"path": "b"}, resume=True)
    with pytest.raises(UserError, match="seed: 0 there, 1 now"):
        evaluate_suite(
            SUITE, Engine(), InlineJudge(), samples=2, record=path, identity={"path": "a"}, seed=1, resume=True
        )
    assert path.read_bytes() == before
    other = dataclasses.replace(SUITE, name="other")  # another suite may share the file
    evaluate_suite(other, Engine(), InlineJudge(), samples=1, record=path)
    assert path.read_bytes().startswith(before)


def test_a_changed_reference_is_judged_again(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    evaluate_suite(SUITE, Engine(), InlineJudge(), samples=1, limit=4, record=path)
    lines = rows(path)
    lines[1]["answer"]["target"] += 1
    path.write_text("".join(map(record_line, lines)))
    engine = Engine()
    evaluate_suite(SUITE, engine, InlineJudge(), samples=1, limit=4, record=path, resume=True)
    assert engine.calls == [[line["prompt_id"] for line in lines]]  # its chunk
    again = rows(path)  # the old line is gone: nothing that reads the file counts the sample twice
    assert [row["prompt_id"] for row in again] == [lines[i]["prompt_id"] for i in (0, 2, 3, 1)]
    assert again[3]["answer"] == SUITE.load(limit=4).prompts[1].answer


def test_a_sample_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    whole = evaluate_suite(SUITE, Engine(), InlineJudge(), samples=1, limit=4, record=path)
    once = path.read_bytes()
    path.write_bytes(once + once.splitlines(keepends=True)[2])
    again = evaluate_suite(SUITE, Engine(), InlineJudge(), samples=1, limit=4, record=path, resume=True)
    assert path.read_bytes() == once and lasting(again) == lasting(whole)


def test_a_full_disk_is_said_in_one_paragraph() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(UserError, match=r"cannot be written: .*No space left"):
        evaluate_suite(SUITE, Engine(), InlineJudge(), limit=1, record=full)


def test_progress_counts_samples_to_the_end() -> None:
    seen: list[tuple[int, int, float | None]] = []
    result = evaluate_suite(SUITE, Engine(), InlineJudge(), samples=2, on_progress=lambda *told: seen.append(told))
    assert [told[:2] for told in seen] == [(done, 40) for done in range(1, 41)]
    assert seen[0][2] in (0.0, 1.0) and seen[-1][2] == pytest.approx(result.reward)


def test_the_table_and_the_json_say_the_same() -> None:
    from rich.console import Console

    result = evaluate_suite(SUITE, Engine(), InlineJudge(), samples=2)
    console = Console(width=160, file=io.StringIO())
    console.print(results_table([result]))
    text = console.file.getvalue()
    assert f"{100 * result.accuracy:.1f} %" in text
    assert f"{100 * result.interval[0]:.1f} % to {100 * result.interval[1]:.1f} %" in text
    (row,) = json.loads(json.dumps(results_json([result]), allow_nan=False))
    assert row["accuracy"] == result.accuracy and row["pass_at_k"]["2"] == result.pass_at_k[2]
    assert row["unjudged"] == 0 and row["shares"]["truncated"] == result.truncated / 40 and "seconds" not in row
    assert row["standard_error"] == result.standard_error > 0
    assert [*row["rewards"]] == [prompt.id for prompt in SUITE.load().prompts]


def test_nothing_judged_gives_null_and_a_dash() -> None:
    result = evaluate_suite(SUITE, Engine(), InlineJudge(lambda prompt: True), limit=2)
    (row,) = results_json([result])
    assert row["accuracy"] is None and result.interval == (0.0, 1.0) and row["errors"] == 2
    assert [*results_table([result]).columns[3].cells] == ["-"]
