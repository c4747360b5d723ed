"""Cleaning: what goes, what stays, and that the real sets give exactly the pairs that were measured elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core import Prompt
from rlvr.data import load_prompts, user_turn
from rlvr.data.cleaning import Rules, SuiteTexts, cache_key, clean
from rlvr.data.decontamination import Suites
from rlvr.data.ngrams import grams, normalised
from rlvr.data.templates import problem_text, template_named

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "evaldata"
real = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data files are not at {DATA}")

LONG = "A farmer has twelve hens and each of them lays three eggs on every day of the week but Sunday so how many"
OTHER = "Sixteen ships leave the harbour at dawn and every second of them carries twice as much grain as the first one"
ONLY = {"duplicates": False, "near_duplicates": False, "contamination": False, "answers": False}


def asked(text: str, answer: object = "1", name: str = "") -> Prompt:
    return Prompt(name or text[:30], user_turn(text), answer, "math")


def decisions(prompts: list[Prompt], rules: Rules | None = None, **more: object) -> list[tuple[str, str]]:
    found = clean(prompts, rules or Rules(), **more)  # type: ignore[arg-type]  # which of its functions a test gives
    return [(row["id"], row["decision"]) for row in found.report["dropped_prompts"]]


def words(text: str) -> list[bytes]:
    return normalised(text).split()


def test_words_of_a_text() -> None:
    assert words(r"Let $x^2\,+\,3$ be \left(Big\right).") == b"let x 2 3 be big".split()
    assert words("ÉTÉ ２x") == ["é".encode(), b"t", "é".encode(), b"2x"]  # letters outside a-z stand alone
    assert words("3个苹果") != words("3个梨子")  # and are not dropped: two Chinese problems are not the same


def test_grams_do_not_depend_on_the_batch() -> None:
    together = grams([LONG, "short", "", OTHER, "?!", LONG.upper() + "."])
    alone = grams([OTHER])
    first, _, _, last, *_ = together.ends.tolist()
    assert together.hashes[first:last].tolist() == alone.hashes.tolist() and len(set(alone.hashes.tolist())) == 14
    assert together.sizes.tolist() == [23, 1, 0, 21, 0, 23]
    assert together.keys[0] == together.keys[5] and together.keys[3] == alone.keys[0]
    assert len({*together.keys.tolist()}) == 5  # texts without a word are equal to themselves only
    assert grams([]).hashes.tolist() == grams(["", "?"]).hashes.tolist() == []


@given(st.lists(st.text("ab A1é三,\\", max_size=60), max_size=6))
def test_grams_are_equal_where_their_words_are(texts: list[str]) -> None:
    found, split = grams(texts), [words(text) for text in texts]
    assert found.sizes.tolist() == [len(some) for some in split]
    pieces = [tuple(some[i : i + 8]) for some in split for i in range(len(some) - 7)]
    assert len(pieces) == len(found.hashes) == (found.ends[-1] if texts else 0)
    assert (
        len(set(zip(pieces, found.hashes.tolist(), strict=True))) == len(set(pieces)) == len({*found.hashes.tolist()})
    )
    keys = [tuple(some) or text for some, text in zip(split, texts, strict=True)]
    assert len(set(zip(keys, found.keys.tolist(), strict=True))) == len(set(keys)) == len({*found.keys.tolist()})


def test_a_prompt_that_covers_half_of_a_problem_gives_it_away_and_one_that_covers_less_does_not() -> None:
    suites = Suites({"s": [("p", LONG), ("short", "What is 2+2?")]})
    half = " ".join(LONG.split()[: 7 + len(LONG.split()) // 2])  # 11 of the 16 8-grams
    less = " ".join(LONG.split()[:14])
    found = [
        (h.place, h.problem, h.exact) for h in suites.search([half, less, "what is 2 + 2", "What is 2+2? Now", OTHER])
    ]
    assert found == [(0, "p", False), (2, "short", True)]


def test_the_templates_wording_is_no_part_of_the_problem() -> None:
    for name in ("boxed", "dapo", "r1", "qwen_math"):
        assert problem_text(template_named(name).put_on(asked("What is 2+2?"))) == "What is 2+2?"


def test_every_decision_is_counted_and_named() -> None:
    suites = SuiteTexts({"s": [("p", OTHER)]}, {"gone": "no file"})
    prompts = [
        asked(LONG, "5", "first"),
        asked(LONG.upper() + " ?", " 5", "same words"),
        asked(LONG + " eggs", "5", "nearly"),
        asked(LONG + " ducks", "6", "other answer"),
        asked("What is 3 + 4?", "7", "right"),
        asked("what is 3 + 4", "8", "disagrees"),
        asked(OTHER, "2", "leaked"),
    ]
    found = clean(prompts, Rules(), suites=suites)
    assert [(row["id"], row["decision"]) for row in found.report["dropped_prompts"]] == [
        ("same words", "duplicate"),
        ("nearly", "near_duplicate"),
        ("right", "conflicting_answers"),
        ("disagrees", "conflicting_answers"),
        ("leaked", "contaminated"),
    ]
    assert [prompts[i].id for i in found.kept] == ["first", "other answer"]
    contamination = found.report["contamination"]
    assert contamination["suites_checked"] == ["s"]
    assert contamination["suites_unchecked"] == {"gone": "no file"}
    assert contamination["pairs"] == [
        {"suite": "s", "problem": "p", "prompt": "leaked", "exact": True, "coverage": 1.0}
    ]
    assert sum(found.report["dropped"].values()) + len(found.kept) == len(prompts)


def test_each_step_can_be_switched_off() -> None:
    prompts = [asked(LONG, name="a"), asked(LONG, name="b"), asked(LONG + " eggs", name="c")]
    assert decisions(prompts, Rules(**ONLY)) == []
    assert decisions(prompts, Rules(**{**ONLY, "duplicates": True})) == [("b", "duplicate")]
    off = clean(prompts, Rules(**ONLY), suites=SuiteTexts({"s": [("p", LONG)]})).report["contamination"]
    assert (off["suites_checked"], off["pairs"]) == ([], [])


def test_demonstrations_may_share_a_prompt() -> None:
    prompts = [asked(LONG, "5", "a"), asked(LONG, "6", "b"), asked(LONG, "5", "c")]
    assert decisions(prompts, Rules(given=True)) == [("c", "duplicate")]


def test_near_duplicates_are_found_behind_a_problem_that_differs_in_its_answer() -> None:
    """The band's first problem says nothing about those after it, whose answer is another one."""
    words = [f"w{i}" for i in range(200)]
    prompts = [asked(" ".join([*words, last]), answer, last) for last, answer in (("x", "1"), ("y", "2"), ("z", "2"))]
    assert decisions(prompts) == [("z", "near_duplicate")]


def test_plain_text_that_holds_a_problem_is_contaminated() -> None:
    texts = [Prompt(name, (), text, meta={"text": text}) for name, text in (("a", f"Once: {LONG}. 36."), ("b", OTHER))]
    assert decisions(texts, Rules(given=True), suites=SuiteTexts({"s": [("p", LONG)]})) == [("a", "contaminated")]


def test_answers_are_judged_and_where_most_fail_the_wording_is_to_blame() -> None:
    prompts = [asked(f"Number {n}?", str(n)) for n in range(6)]
    some = decisions(prompts, judge_answers=lambda batch: ["no" if p.answer == "3" else "" for p in batch])
    assert some == [("Number 3?", "answer_fails")]
    most = clean(prompts, Rules(), judge_answers=lambda batch: ["no"] * len(batch))
    assert (len(most.kept), most.report["answers"]["failed"]) == (6, 6)
    capped = clean(prompts, Rules(answers_up_to=5), judge_answers=lambda batch: 1 / 0)
    assert capped.report["answers"]["unchecked"] == 6


def test_long_prompts_go_and_short_ones_are_not_even_tokenised() -> None:
    prompts = [asked("x"), asked("y " * 400)]
    seen: list[str] = []

    def tokens(prompt: Prompt) -> int:
        seen.append(prompt.id)
        return len(prompt.text.split())

    assert decisions(prompts, Rules(max_prompt_tokens=300), count_tokens=tokens) == [(prompts[1].id, "too_long")]
    assert seen == [prompts[1].id]


def test_what_a_cached_result_is_kept_under_changes_with_all_that_it_depends_on() -> None:
    one = SuiteTexts({"s": [("p", "a")]})
    keys = [
        cache_key("f", Rules(), one),
        cache_key("g", Rules(), one),
        cache_key("f", Rules(answers=False), one),
        cache_key("f", Rules(), SuiteTexts({"s": [("p", "b")]})),
        cache_key("f", Rules(), SuiteTexts({"s": [("p", "a")]}, {"t": "why"})),
        cache_key("f", Rules(), one, "math"),
    ]
    assert len(set(keys)) == len(keys)


SETS = {
    "math500": "math500", "aime24": "aime24", "aime25": "aime25", "amc23": "amc23", "minerva_math": "minerva",
    "olympiadbench": "olympiad", "gsm8k": "gsm8k",
}  # fmt: skip
FILES = {
    "dapo_math_en14k.jsonl": "dapo_math",
    "math_train.jsonl": "competition_math",
    "math_test_minus500.jsonl": "competition_math",
    "deepscaler_sub1209.jsonl": "deepscaler",
    "aime_1983_2023.jsonl": "aime_1983_2023",
    "gsm8k_train.jsonl": "gsm8k",
}


@real
def test_the_pairs_are_those_of_the_published_report() -> None:
    """All 256 pairs, none beside them, and the same ones word for word. Rows count from 0 in the report."""
    texts = {}
    for name, label in SETS.items():
        loaded = load_prompts(name, split="test", data_dir=DATA, template="none")
        assert not loaded.skipped  # places are row numbers
        texts[label] = [(str(row), problem_text(prompt)) for row, prompt in enumerate(loaded.prompts)]
    suites = Suites(texts)
    report = json.loads((DATA / "contamination_report.json").read_text())["files"]
    assert set(report) == set(FILES)
    for file, name in FILES.items():
        loaded = load_prompts(name, path=DATA / file, on_bad_row="skip")
        refused = {int(text.split()[1].rstrip(":")) - 1 for text in loaded.skipped}
        rows = [row for row in range(len(loaded.prompts) + len(refused)) if row not in refused]
        found = list(suites.search(problem_text(prompt) for prompt in loaded.prompts))
        for label, measured in report[file].items():
            wanted = {(hit["eval_row"], row) for hit in measured["hits"] for row in hit["train_rows"]}
            assert {(int(h.problem), rows[h.place]) for h in found if h.suite == label} == wanted, (file, label)
            exact = {hit["eval_row"] for hit in measured["hits"] if hit["exact"]}
            assert {int(h.problem) for h in found if h.suite == label and h.exact} == exact, (file, label)
