"""The verifier around the constraints: rewards, loose variants, arguments, data sets' forms, hostile responses."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr.core import Completion, Prompt
from rlvr.data import load_prompts
from rlvr.data.if_rlvr import if_rlvr
from rlvr.data.rlvr_ifeval import rlvr_ifeval
from rlvr.eval.suites import suite_for
from rlvr.registry import get
from rlvr.rewards import Judge, check_answers
from rlvr.rewards.constraints import CONSTRAINTS, MAX_CHARACTERS, bind
from rlvr.rewards.instructions import check_instructions, follow, instructions, variants
from tests.rewards.constraints.benchmark_examples import IFBENCH
from tests.rewards.constraints.examples import IF_RLVR, IFEVAL, TULU

EXAMPLES = {**IFEVAL, **IF_RLVR, **IFBENCH, **TULU}
NO_COMMA = "punctuation:no_comma"
WORDS = "length_constraints:number_words"
TWO = {"instruction_id_list": [NO_COMMA, WORDS], "kwargs": [{}, {"relation": "at least", "num_words": 3}]}


def judged(text: str, answer: Any = TWO, **options: Any) -> Any:
    meta = {"lang": options.pop("lang")} if "lang" in options else {}
    return instructions(Prompt("p", (), answer, "instructions", meta), Completion.of_text(text), **options)


def test_reward_is_all_followed_or_the_fraction() -> None:
    assert (judged("one two three").reward, judged("one two three").status) == (1.0, "correct")
    assert (judged("one two").reward, judged("one two").status) == (0.0, "wrong")
    half = judged("one two", reward="fraction")
    assert (half.reward, half.status) == (0.5, "partial")
    assert half.parts == {NO_COMMA: 1.0, WORDS: 0.0} and WORDS in half.reason


def test_a_repeated_id_counts_twice() -> None:
    names = ["keywords:existence", "keywords:existence", NO_COMMA]
    answer = {"instruction_id_list": names, "kwargs": [{"keywords": ["cat"]}, {"keywords": ["dog"]}, None]}
    verdict = judged("a cat", answer, reward="fraction")
    assert verdict.reward == pytest.approx(2 / 3)
    assert verdict.parts == {names[0]: 1.0, f"{names[0]} #2": 0.0, NO_COMMA: 1.0}


def test_loose_forgives_first_line_last_line_and_stars() -> None:
    assert variants("a\n*b*\nc") == ["a\n*b*\nc", "*b*\nc", "a\n*b*", "*b*", "a\nb\nc", "b\nc", "a\nb", "b"]
    assert variants("one line") == ["one line", ""]
    text = "Sure, here you are:\none two three"
    assert (judged(text).reward, judged(text, loose=True).reward) == (0.0, 1.0)
    assert judged("Sure, here.", loose=True).reward == 0.0  # what is left is empty


def test_what_precedes_the_end_of_reasoning_is_left_out() -> None:
    assert judged("<think>well, one</think>\n\none two three").reward == 1.0
    assert judged("<think>one two three").status == "unparsable"


def test_the_prompt_again_follows_nothing_unless_a_copy_was_asked_for() -> None:
    asked = "Tell me all about rain"
    for answer, reward in (
        (TWO, 0.0),
        ({"instruction_id_list": ["copy:copy"], "kwargs": [{"prompt_to_repeat": asked}]}, 1.0),
    ):
        prompt = Prompt("p", ({"role": "user", "content": asked},), answer, "instructions")
        assert instructions(prompt, Completion.of_text(asked)).reward == reward


def test_the_language_of_the_prompt_chooses() -> None:
    title = {"instruction_id_list": ["detectable_format:title"], "kwargs": [{}]}
    assert [judged("##Pluie##", title, lang=lang).reward for lang in ("en", "fr")] == [0.0, 1.0]
    assert judged("『雨』", title, lang="ja").reward == 1.0


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("{}", "it is not"),
        ({"instruction_id_list": [NO_COMMA], "kwargs": []}, "as many of each"),
        ({"instruction_id_list": [], "kwargs": []}, "as many of each"),
        ({"instruction_id_list": ["punctuation:no_coma"], "kwargs": [{}]}, "'punctuation:no_coma'"),
        ({"instruction_id_list": [WORDS], "kwargs": [{"num_words": 3}]}, "'relation' is missing"),
        ({"instruction_id_list": [WORDS], "kwargs": [{"num_words": 3, "relation": None}]}, "'relation' is missing"),
        ({"instruction_id_list": [NO_COMMA], "kwargs": [{"N": 3}]}, "has no argument 'N'"),
        ({"instruction_id_list": [NO_COMMA], "kwargs": ["x"]}, "its kwargs are no object"),
        ({"instruction_id_list": [WORDS], "kwargs": [{"num_words": -1, "relation": "at least"}]}, "'num_words' is -1"),
        ({"instruction_id_list": [WORDS], "kwargs": [{"num_words": 2.5, "relation": "at least"}]}, "is 2.5"),
        ({"instruction_id_list": [WORDS], "kwargs": [{"num_words": 2, "relation": "exactly"}]}, "is 'exactly'"),
        ({"instruction_id_list": ["keywords:existence"], "kwargs": [{"keywords": []}]}, "'keywords' is []"),
        (
            {"instruction_id_list": ["length_constraints:nth_paragraph_first_word"],
             "kwargs": [{"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "a"}]}, "3 of 2 paragraphs",
        ),
        (
            {"instruction_id_list": ["count:word_count_range"], "kwargs": [{"min_words": 3, "max_words": 2}]},
            "min_words 3 is more than",
        ),
    ],
)  # fmt: skip
def test_bad_arguments_are_an_error_when_rows_are_loaded(answer: Any, message: str) -> None:
    problem = check_instructions(answer)
    assert message in problem
    (told,) = check_answers([Prompt("p7", (), answer, "instructions")])
    assert "'p7'" in told and message in told
    verdict = judged("one two three", answer)
    assert (verdict.reward, verdict.status) == (None, "error") and message in verdict.reason


def test_good_arguments_are_none() -> None:
    for name, (arguments, _, _) in EXAMPLES.items():
        assert check_instructions({"instruction_id_list": [name], "kwargs": [arguments]}) == ""


def test_both_forms_of_the_training_sets() -> None:
    row = {
        "messages": [{"role": "user", "content": "Describe rain."}],
        "ground_truth": "[{'instruction_id': ['punctuation:no_comma', 'length_constraints:number_words'], "
        "'kwargs': [None, {'relation': 'at least', 'num_words': 3}]}]",
        "dataset": "ifeval",
    }
    prompt = if_rlvr(row, 0)
    assert prompt.verifier == "instructions" and check_instructions(prompt.answer) == ""
    assert judged("one two three", prompt.answer).reward == 1.0
    older = {**row, "ground_truth": '{"func_name": "verify_bullet_points", "N": 2, "quantifier": null}'}
    prompt = rlvr_ifeval(older, 0)
    assert check_instructions(prompt.answer) == ""
    assert [judged(text, prompt.answer).reward for text in ("* a\n* b", "* a")] == [1.0, 0.0]


@pytest.mark.parametrize("name", ["ifeval", "ifbench"])
def test_the_suites_rows_can_be_judged(name: str) -> None:
    suite = suite_for(name)
    example = get("dataset", name).source.example
    (prompt,) = [get("dataset", suite.dataset)(example, 0)]
    assert prompt.verifier == "instructions" and check_answers([prompt]) == []


def test_the_suites_real_rows_are_well_formed() -> None:
    from tests.bench.math_corpora import CORPORA

    folder = CORPORA.parent / "evaldata"
    if not folder.is_dir():
        pytest.skip("needs ../shared/evaldata beside the repository")
    for name, rows in (("ifeval", 541), ("ifbench", 300)):
        prompts = load_prompts(name, split="test", data_dir=folder).prompts
        assert len(prompts) == rows and check_answers(prompts) == []


HOSTILE = [
    "*" * 50_000, "[" * 50_000, "<<" * 50_000, "\n" * 50_000, "a\n" * 50_000, "- \n" * 30_000, "* " * 50_000,
    "(" * 50_000, '{"a":' * 30_000, "[" * 30_000 + "]" * 30_000, ". " * 50_000, "!?" * 50_000, "'" * 50_000,
    "' " * 50_000, '"' * 50_000, "a" * 50_000, "A" * 50_000, "a-" * 50_000, "9" * 50_000, "日" * 50_000,
    "\u0300" * 50_000, "@" * 50_000, "a@" * 50_000, "http://" * 14_000, "P.S " * 25_000,
    "\x00\ud800\U0010ffff" * 9_000,
    "cannot " * 14_000, "Section 1" * 11_000, "x" * (MAX_CHARACTERS + 1), " " * 50_000 + ".", "`" * 50_000,
    "&amp;" * 9_000,
]  # fmt: skip


def test_hostile_responses_take_little_time() -> None:
    """All constraints at once, strict and loose: none runs into the judge's deadline, none is an error."""
    names = list(EXAMPLES)
    answer = {"instruction_id_list": names, "kwargs": [EXAMPLES[name][0] for name in names]}
    prompt = Prompt("p", (), answer, "instructions")
    with Judge(2, 60.0, warm=["instructions"]) as judge:
        verdicts = list(judge.judge([(prompt, Completion.of_text(text)) for text in HOSTILE]))
    assert {verdict.status for verdict in verdicts} == {"wrong"}


def test_an_oversized_response_is_the_models_fault() -> None:
    verdict = judged("a " * MAX_CHARACTERS)
    assert verdict.status == "wrong" and "longer than" in verdict.reason


PIECES = st.sampled_from(
    ["a", "Rain", " ", "\n", "\n\n", "*", "***", "-", "[", "]", "<<", ">>", '"', "'", ".", "!", "?", ",", "7", "日",
     "é", "{", "}", "```", "P.S.", "Section 1", "******", "😀", "\u200b", "don't"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60))
def test_any_text_has_a_verdict_and_always_the_same(text: str) -> None:
    checks = [bind(name, CONSTRAINTS[name], arguments) for name, (arguments, _, _) in EXAMPLES.items()]
    strict, loose = follow(text, checks), follow(text, checks, loose=True)
    assert (strict, loose) == (follow(text, checks), follow(text, checks, loose=True))
    assert all(b or not a for a, b in zip(strict, loose, strict=True))
    assert len(variants(text)) <= 8
