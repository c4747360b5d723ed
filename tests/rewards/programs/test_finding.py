"""The program in a completion, and what is made of it beside the prompt's code."""

from __future__ import annotations

import time

import pytest

from rlvr.rewards.programs.finding import Source, find_program
from rlvr.rewards.programs.wall.assembly import NoProgram, assemble, closed, defined_names, stubs


@pytest.mark.parametrize(
    ("completion", "program"),
    [
        ("```python\nx = 1\n```", "x = 1\n"),
        ("First\n```python\nx = 1\n```\nthen\n```python\nx = 2\n```\ndone", "x = 2\n"),
        ("```python\nx = 1\n```\nIt prints\n```text\n1\n```", "x = 1\n"),
        ("```python\nx = 1\n```\nInstall with\n```bash\npip install x\n```", "x = 1\n"),
        ("```\nx = 1\n```", "x = 1\n"),
        ("~~~py\nx = 1\n~~~", "x = 1\n"),
        ("````python\ns = '''\n```\n'''\n````", "s = '''\n```\n'''\n"),
        ("```python\nx = 1\n", "x = 1\n"),
        ("```Python3 title=a.py\nx = 1\n```", "x = 1\n"),
        ("```js\nlet x\n```", "let x\n"),
        ("```python\nx = 1\n```</think>Now:\n```python\nx = 2\n```", "x = 2\n"),
        ("<think>```python\nx = 1\n```</think>\nx = 3", "x = 3"),
        ("<think>hm</think>    return 1\n", "    return 1"),
        ("x = 1", "x = 1"),
        ("    return 1\n", "    return 1\n"),
        ("use `x` or ```y```", "use `x` or ```y```"),
    ],
)
def test_find_program(completion: str, program: str) -> None:
    source = find_program(completion)
    assert source is not None and source.text == program
    unfenced = ("x = 3", "x = 1", "    return 1", "    return 1\n", "use `x` or ```y```")
    assert source.fenced == (program not in unfenced)


@pytest.mark.parametrize("completion", ["", " \n", "<think>\n```python\nx = 1\n```", "```python\n```", "x" * 200_001])
def test_no_program(completion: str) -> None:
    assert find_program(completion) is None


def test_finding_takes_linear_time() -> None:
    began = time.process_time()
    for piece in ("```", "```\n", "``` `\n", "~~~\n```\n", "<think>", " " * 3 + "`", "```python\nx\n"):
        find_program(piece * 100_000)
    assert time.process_time() - began < 30.0  # quadratic time would take hours


PROMPT = 'from math import pi\n\ndef helper(x):\n    return x\n\ndef f(x):\n    """Doubles."""\n'
METHOD = "class Solution:\n    def f(self, x):\n        "


def test_a_program_of_its_own_comes_after_the_prompts() -> None:
    assert assemble("def f(x): return 2 * x", True, PROMPT, "f") == [PROMPT, "def f(x): return 2 * x"]
    assert assemble("x = 1", True, "y = 1\n", "f") == ["y = 1\n", "x = 1"]  # defines no f: the tests will say so
    assert assemble("x = 1", True, "", None) == ["", "x = 1"]
    assert assemble("  x = 1\n  y = 2\n", True, "", None)[1] == "x = 1\ny = 2\n"


@pytest.mark.parametrize(
    "body", ["    y = x\n    return 2 * y", "y = x\n    return 2 * y", "y = x\nreturn 2 * y", "return 2 * x"]
)
def test_a_body_continues_the_prompt(body: str) -> None:
    (whole,) = assemble(body, False, PROMPT, "f")
    space: dict[str, object] = {}
    exec(whole, space)
    assert space["f"](4) == 8  # type: ignore[operator]
    (whole,) = assemble(body.replace("    ", "        "), False, METHOD, "Solution")
    exec(whole, space)
    assert space["Solution"]().f(4) == 8  # type: ignore[operator]


def test_texts_that_are_no_program() -> None:
    for text in ("I would double it.", "", "# nothing"):
        with pytest.raises(NoProgram):
            assemble(text, False, "", "f")
    for text in ("def f(x) return", "x = \0", "(" * 5000, "-" * 100_000 + "1", "return 1"):
        with pytest.raises(SyntaxError):
            assemble(text, True, "", "f")


def test_code_that_stops_in_the_middle_is_closed() -> None:
    assert closed("x = 1\n") == "x = 1\n"
    for source, names in (
        (METHOD, {"Solution"}),
        ("def f(x):", {"f"}),
        ("if True:\n    y = 1\n    for z in ():", {"y", "z"}),
    ):
        assert defined_names(closed(source)) == names
    assert closed("x = 1\ndef f(") == "x = 1\n"


def test_stubs_are_only_announced() -> None:
    source = PROMPT + "\nclass A:\n    def __init__(self): self.x = 1\n    def g(self): ...\n"
    source += (
        "\nclass B:\n    def g(self): return 1\n\nclass C:\n    x = 1\n\ndef h():\n    raise NotImplementedError\n"
    )
    assert stubs(source) == {"f", "A", "h"}
    assert Source("x", True) == Source("x", True)
