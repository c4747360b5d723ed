"""Reference answers and tests out of the forms that hub sets keep them in."""

from typing import Any

import pytest

from rlvr.data.code_answers import checked, code_answer
from rlvr.data.decoding import answer_text, decode, decode_literal, listed_answer, without_gaps
from rlvr.data.sources import BadRow


def refused(call: Any) -> str:
    with pytest.raises(BadRow) as caught:
        call()
    return str(caught.value)


def test_json_is_tried_before_python_literals() -> None:
    assert decode('{"a": [1, null]}', "c") == {"a": [1, None]}
    assert decode("{'a': (1, None)}", "c") == {"a": [1, None]}
    assert decode([1], "c") == [1]  # what is no text is what it is


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",  # a call is no literal
        "[x for x in (1,)]",
        "{1, 2}",
        "b'a'",
        "1+",
        "(" * 5000,
        "-" * 100_000 + "1",
        "",
        "...",
        "[" + "1," * 600_000 + "]",
    ],
)
def test_what_is_neither_is_refused(text: str) -> None:
    assert refused(lambda: decode(text, "ground_truth")).startswith("column 'ground_truth'")


def test_a_literal_is_bounded_before_it_is_parsed() -> None:
    assert "1,000,001 characters" in refused(lambda: decode_literal("1" * 1_000_001, "c"))


@pytest.mark.parametrize(
    ("value", "text"), [("  7 ", "7"), (7, "7"), (27.0, "27"), (-0.5, "-0.5"), (["x"], "x"), ([27.0], "27")]
)
def test_answers_as_text(value: Any, text: str) -> None:
    assert answer_text(value, "c") == text


@pytest.mark.parametrize("value", [True, None, ["1", "2"], [], {"a": 1}, float("nan"), float("inf")])
def test_what_is_no_single_answer_is_refused(value: Any) -> None:
    refused(lambda: answer_text(value, "c"))


def test_a_json_list_of_one_answer_and_a_text_that_only_looks_like_one() -> None:
    assert listed_answer(r'["\\frac{1}{2}"]', "c") == r"\frac{1}{2}"
    assert listed_answer("[1, 2]", "c") == "[1, 2]"  # an interval is an answer
    assert "2 answers" in refused(lambda: listed_answer('["1", "2"]', "c"))


def test_nulls_that_pad_arguments_are_dropped() -> None:
    assert without_gaps({"N": 3, "word": None, "zero": 0}, "c") == {"N": 3, "zero": 0}
    assert without_gaps(None, "c") == {}
    refused(lambda: without_gaps("x", "c"))


STDIN = {"kind": "stdin", "inputs": ["1\n", "2\n"], "outputs": ["2\n", "4\n"]}


@pytest.mark.parametrize(
    ("container", "answer"),
    [
        ({"inputs": ["1\n", "2\n"], "outputs": ["2\n", "4\n"]}, STDIN),
        ('{"inputs": ["1\\n", "2\\n"], "outputs": ["2\\n", "4\\n"]}', STDIN),
        ([{"input": "1\n", "output": "2\n"}, {"input": "2\n", "output": "4\n", "type": "stdin_stdout"}], STDIN),
        ({"inputs": [["1", "2"]], "outputs": [["3"]]}, {"kind": "stdin", "inputs": ["1\n2"], "outputs": ["3"]}),
        (["assert f(1) == 2"], {"kind": "asserts", "tests": ["assert f(1) == 2"]}),
        ("['assert f(1) == 2']", {"kind": "asserts", "tests": ["assert f(1) == 2"]}),
        (  # APPS: Python values, each result in a list of one; "5" stays a text
            {"fn_name": "f", "inputs": [[1, [2]], [3, []]], "outputs": [["5"], ["6"]]},
            {"kind": "call", "entry_point": "f", "inputs": [[1, [2]], [3, []]], "outputs": ["5", "6"]},
        ),
        (  # LiveCodeBench: a JSON text a case, one argument a line
            [{"type": "functional", "fn_name": "f", "input": '[1, 2]\n"a"', "output": "[3]"}],
            {"kind": "call", "entry_point": "f", "inputs": [[[1, 2], "a"]], "outputs": [[3]]},
        ),
        (
            {"functional": "def check(candidate):\n    assert candidate(x = 1) == 2\n\n\ncheck(Solution().f)"},
            {
                "kind": "check",
                "test": "def check(candidate):\n    assert candidate(x = 1) == 2\n",
                "entry_point": "Solution().f",
                "prelude": "leetcode",
            },
        ),
    ],
)
def test_tests_in_every_container(container: Any, answer: dict[str, Any]) -> None:
    from rlvr.rewards.programs.answer import read_answer

    assert code_answer(container, "tests") == answer
    assert len(read_answer(answer, {})) > 0  # and the verifier takes it


@pytest.mark.parametrize(
    "container",
    [
        "...",
        "[]",
        {},
        [1, 2],
        {"inputs": ["1"]},
        {"inputs": ["1"], "outputs": []},
        {"inputs": [1], "outputs": [2]},
        [{"input": "1"}],
        [{"input": "1", "output": "2", "type": "interactive"}],
        [{"input": "1", "output": "2", "fn_name": "f", "type": "function_call"},
         {"input": "1", "output": "2", "fn_name": "g", "type": "function_call"}],
        {"functional": "assert f(1) == 2"},
        {"functional": "def check(candidate):\n    pass\n"},
    ],
)  # fmt: skip
def test_tests_that_cannot_be_read_are_refused(container: Any) -> None:
    assert "column 'tests'" in refused(lambda: code_answer(container, "tests"))


def test_an_entry_point_that_is_known_needs_no_call() -> None:
    assert checked("def check(candidate):\n    pass\n", "test", "Solution().f")["entry_point"] == "Solution().f"
