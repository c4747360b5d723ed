"""CodeContests: problems of AlphaCode (Li et al., 2022, arXiv:2203.07814)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import with_tests
from .sources import Hosted, LeftOut, Row


@dataset(
    "code_contests",
    source=Hosted(
        hub="deepmind/code_contests",
        files={
            "train": "code_contests_train.jsonl",
            "validation": "code_contests_validation.jsonl",
            "test": "code_contests_test_stdin.jsonl",
        },
        hub_splits={"validation": "valid"},
        rows="13,328 + 117 + 165",
        licence="CC-BY-4.0",
        verifier="code",
        template="boxed",
        url="https://github.com/google-deepmind/code_contests",
        example={
            "description": "Read n, print 2n.",
            "public_tests": {"input": ["2\n"], "output": ["4\n"]},
            "private_tests": {"input": ["3\n"], "output": ["6\n"]},
            "generated_tests": {"input": [], "output": []},
        },
    ),
)
def code_contests(row: Row, index: int) -> Prompt:
    """A program reads and prints. Public, private and up to `GENERATED` generated tests of the hub are joined."""
    if "tests" in row:
        return with_tests(row, index)
    if "<image>" in row["description"]:
        raise LeftOut("the problem has a figure")
    joined: dict[str, list[str]] = {"inputs": [], "outputs": []}
    for column, most in (("public_tests", None), ("private_tests", None), ("generated_tests", GENERATED)):
        for ours, theirs in (("inputs", "input"), ("outputs", "output")):
            joined[ours] += row[column][theirs][:most]
    return with_tests(Row(row, tests=joined), index, problem="description", keep=("name", "difficulty", "time_limit"))


#: Generated tests are mutations of the others, a hundred or more a problem: some are enough.
GENERATED = 20
