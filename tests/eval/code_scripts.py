"""Programs that solve a HumanEval or MBPP task, or fail it, in the ways in which models hand programs in."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path

from rlvr.core import Prompt

#: The whole program, and the part of it that follows the beginning in the prompt ("" where there is none).
Solution = tuple[str, str]


def solutions(folder: Path, suite: str) -> dict[str, Solution]:
    """The reference program of each problem, by the prompt's id."""
    with (folder / f"{suite}.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    if suite == "mbpp":
        return {f"mbpp/test/{row['task_id']}": (row["code"].replace("\r\n", "\n"), "") for row in rows}
    return {
        f"humaneval/test/{row['task_id']}": (row["prompt"] + row["canonical_solution"], row["canonical_solution"])
        for row in rows
    }


def broken(program: str, entry_point: str | None) -> str:
    """The program with an answer in place of its result: every function that the tests may call returns a text."""
    tree = ast.parse(program)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and entry_point in (None, node.name):
            node.body = ast.parse("return 'not the answer'").body
        elif isinstance(node, ast.ClassDef):
            node.body = [ast.Pass()]
    return ast.unparse(tree)


def fenced_code(program: str, rest: str) -> str:
    """A block of Python between two sentences."""
    return f"We go through the input once.\n\n```python\n{program}\n```\n\nThis runs in linear time."


def bare(program: str, rest: str) -> str:
    """The program and nothing else."""
    return program


def prose(program: str, rest: str) -> str:
    """A first try, then a second one, of which the last counts; neither block names its language."""
    return f"A first idea:\n\n```\nx = 1\n```\n\nThat is not enough. Here is what works:\n\n```\n{program}\n```\nDone."


def after_thinking(program: str, rest: str) -> str:
    """A wrong block in the thoughts, the program after them."""
    return f"<think>\nMaybe\n```python\nraise ValueError\n```\nno.\n</think>\n\n~~~py\n{program}\n~~~"


def label(program: str, rest: str) -> str:
    """A heading, and below the program what models add to try it out."""
    tried = 'if __name__ == "__main__":\n    raise SystemExit("tried by hand")'
    return f"### Solution\n\n```python3\nimport math\n\n\n{program}\n\n\n{tried}\n```"


def unit(program: str, rest: str) -> str:
    """What only continues the beginning that the prompt gave; the whole program where it gave none."""
    return f"```python\n{rest or program}\n```\n\nComplexity: O(n)."


RENDERINGS: dict[str, Callable[[str, str], str]] = {
    "prose": prose,
    "box": bare,
    "unit": unit,
    "label": label,
    "fenced code": fenced_code,
    "after thinking": after_thinking,
}


def wrong_program(prompt: Prompt, solution: Solution) -> Solution:
    """The broken program of a problem and what continues the prompt's beginning with it."""
    name = prompt.answer.get("entry_point") or None
    rest = "    return 'not the answer'\n" if solution[1] else ""
    return broken(solution[0], name), rest
