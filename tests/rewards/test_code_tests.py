"""The code verifier on its four kinds of tests: what is paid, and which word says why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rlvr.core import Completion, Prompt, Verdict
from rlvr.rewards import Judge, code, score

from .sandbox.profiles import ISOLATION

ADD = "```python\ndef add(a, b):\n    return a + b\n```"
ASSERTS = {"kind": "asserts", "tests": ["assert add(1, 2) == 3", "assert add(2, 2) == 4", "assert add(0, 0) == 0"]}
CALL = {"kind": "call", "entry_point": "add", "inputs": [[1, 2], {"args": [3], "kwargs": {"b": 4}}], "outputs": [3, 7]}
CHECK = {"kind": "check", "entry_point": "add", "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n"}
STDIN = {"kind": "stdin", "inputs": ["1 2\n", "3 4\n"], "outputs": ["3\n", "7\n"]}
KINDS = {kind["kind"]: kind for kind in (ASSERTS, CALL, CHECK, STDIN)}
SCRIPT = """```python
import sys

def add(a, b):
    {body}

if __name__ == '__main__':
    print(add(*map(int, input().split())))
```"""


def judged(answer: Mapping[str, Any], text: str, meta: Mapping[str, Any] | None = None, **options: Any) -> Verdict:
    prompt = Prompt("p", (), answer, "code", meta or {})
    return code(prompt, Completion.of_text(text), isolation=ISOLATION, **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return a - b", "wrong answer"),
        ("return a +", "compile error: SyntaxError"),
        ("return a + c", "runtime error: NameError: name 'c' is not defined (line 4)"),
        ("sys.exit()", ""),
        ("while True: pass", "time limit"),
        ("return len([0] * 10**9)", "memory limit"),
        ("return len(bytearray(10**9))", "memory limit"),
        ("return add(a, b)", "runtime error: RecursionError"),
    ],
)
def test_why_a_program_is_not_paid(kind: str, body: str, reason: str) -> None:
    verdict = judged(KINDS[kind], SCRIPT.format(body=body), seconds_per_test=1.0, memory_mb=256)
    assert (verdict.reward, verdict.status) == (0.0, "wrong"), verdict
    assert verdict.reason.startswith(reason), verdict.reason


@pytest.mark.parametrize("kind", KINDS)
def test_a_right_program_is_paid(kind: str) -> None:
    verdict = judged(KINDS[kind], SCRIPT.format(body="return a + b"))
    assert (verdict.reward, verdict.status) == (1.0, "correct"), verdict
    count = {"asserts": 3, "call": 2, "check": 1, "stdin": 2}[kind]
    assert dict(verdict.parts) == {f"test {n}": 1.0 for n in range(1, count + 1)}


def test_the_fraction_of_tests_is_paid_on_request() -> None:
    low = "```python\ndef add(a, b):\n    return a + b if a < 2 else -1\n```"
    assert judged(ASSERTS, low).reward == 0.0
    verdict = judged(ASSERTS, low, partial=True)
    assert verdict.reward == pytest.approx(2 / 3) and verdict.status == "partial"
    assert dict(verdict.parts) == {"test 1": 1.0, "test 2": 0.0, "test 3": 1.0}
    hangs = "```python\ndef add(a, b):\n    while a == 2: pass\n    return a + b\n```"
    verdict = judged(ASSERTS, hangs, partial=True, seconds_per_test=1.0)
    assert dict(verdict.parts) == {"test 1": 1.0, "test 2": 0.0, "test 3": 1.0}  # the third ran in a new process
    assert verdict.reason == "time limit (test 2 of 3)"
    exits = SCRIPT.format(body="import os; return a + b if a > 1 else os._exit(0)")
    assert judged(STDIN, exits, partial=True).reward == 0.5 and judged(CALL, exits, partial=True).reward == 0.5


def test_a_completion_continues_the_prompts_code() -> None:
    meta = {"prompt_code": 'from math import floor\n\ndef add(a, b):\n    """The sum."""\n'}
    for text in (
        "    return floor(a + b)\n",
        "    c = a + b\n    return c",
        "c = a + b\n    return floor(c)",
        "return a + b",
    ):
        assert judged(CHECK, text, meta).reward == 1.0, text
    assert judged(CHECK, "```python\ndef add(a, b):\n    return floor(a + b)\n```", meta).reward == 1.0
    assert judged(CHECK, "    return a - b\n", meta).reward == 0.0
    assert judged(CHECK, "I would add them.", meta).status == "unparsable"
    method = {"prompt_code": "class Solution:\n    def add(self, a: int, b: int) -> int:\n        "}
    answer = CHECK | {"entry_point": "Solution().add"}
    assert judged(answer, "return a + b", method).reward == 1.0
    assert judged(answer, "```\nclass Solution:\n    def add(self, a, b): return a + b\n```", method).reward == 1.0


def test_programs_read_and_print_as_they_like() -> None:
    for script in (
        "a, b = map(int, input().split())\nprint(a + b)",
        "import sys\nprint(sum(map(int, sys.stdin.read().split())))",
        "import sys\nr = sys.stdin.buffer.readline\nsys.stdout.buffer.write(b'%d\\n' % sum(map(int, r().split())))",
        "import os\nos.write(1, str(sum(map(int, os.read(0, 100).split()))).encode())",
        "print(sum(map(int, open(0).read().split())), end='')",
        "import sys\nfor line in sys.stdin: print(sum(map(int, line.split())))\nsys.exit(3)",
        "import atexit\natexit.register(lambda: print(n))\nn = sum(map(int, input().split()))",
        "import threading\ndef main(): print(sum(map(int, input().split())))\nthreading.Thread(target=main).start()",
        "from __future__ import annotations\nimport sys\nsys.setrecursionlimit(10**6)\nsys.set_int_max_str_digits(0)\n"
        "def down(n): return 0 if n == 0 else down(n - 1)\ndown(50_000)\nprint(eval(input().replace(' ', '+')))",
    ):
        verdict = judged(STDIN, f"```python\n{script}\n```")
        assert verdict.reward == 1.0, (script, verdict)
    lines = {"kind": "stdin", "inputs": ["2\n3\n4\n"], "outputs": ["3\n4"]}
    two = "import sys\nread = sys.stdin.buffer.readline\nfor _ in range(int(read())): print(read().decode().strip())"
    assert judged(lines, f"```python\n{two}\n```").reward == 1.0


def test_a_script_must_reach_its_end() -> None:
    right = "import os, sys\nprint(sum(map(int, input().split())))\nsys.stdout.flush()\n"
    assert judged(STDIN, right).reward == 1.0
    assert judged(STDIN, right + "os._exit(0)").reason.startswith(
        "runtime error: the program ended before its tests did"
    )
    for body in (b'{"finished":true}', b'{"finished":true,"token":null}', b'{"finished":true,"token":""}'):
        frame = len(body).to_bytes(4, "big") + body
        forged = f"for fd in range(3, 40):\n    try: os.write(fd, {frame!r})\n    except OSError: pass\nos._exit(0)"
        assert judged(STDIN, right + forged).reward == 0.0
    assert judged(STDIN, right + "raise ValueError('late')").reason.startswith(
        "runtime error: ValueError: late (line 4)"
    )


def test_leetcode() -> None:
    meta = {
        "prompt_code": "class Solution:\n    def rev(self, head: Optional[ListNode]) -> Optional[ListNode]:\n        "
    }
    reverse = (
        "    def rev(self, head):\n        last = None\n        while head:\n"
        "            head.next, last, head = last, head, head.next\n        return last"
    )
    call = {"kind": "call", "entry_point": "Solution().rev", "prelude": "leetcode", "inputs": [[[1, 2, 3]], [[]]]}
    assert judged(call | {"outputs": [[3, 2, 1], []]}, f"```\nclass Solution:\n{reverse}\n```", meta).reward == 1.0
    assert judged(call | {"outputs": [[3, 2, 1], [1]]}, f"```\nclass Solution:\n{reverse}\n```", meta).reward == 0.0
    circle = "    def rev(self, head):\n        if head: head.next = head\n        return head"
    assert judged(call | {"outputs": [[1, 1, 1], []]}, f"```\nclass Solution:\n{circle}\n```", meta).reward == 0.0
    check = "def check(candidate):\n    assert is_same_list(candidate(head=list_node([1, 2])), list_node([2, 1]))\n"
    answer = {"kind": "check", "entry_point": "Solution().rev", "prelude": "leetcode", "test": check}
    assert judged(answer, f"```\nclass Solution:\n{reverse}\n```", meta).reward == 1.0
    bare = call | {"entry_point": "rev", "outputs": [[3, 2, 1], []]}  # APPS and LiveCodeBench name the method alone
    assert judged(bare, f"```\nclass Solution:\n{reverse}\n```", meta).reward == 1.0
    lie = "is_same_list = lambda *args: True\nclass ListNode:\n    def __eq__(self, other): return True\n"
    assert judged(answer, f"```\n{lie}class Solution:\n{circle}\n```", meta).reward == 0.0
    tree = {"kind": "call", "entry_point": "Solution().f", "prelude": "leetcode", "inputs": [[[1, 2, 3, None, 4]]]}
    mirror = (
        "class Solution:\n    def f(self, root: Optional[TreeNode]) -> Optional[TreeNode]:\n        if root:\n"
        "            root.left, root.right = self.f(root.right), self.f(root.left)\n        return root"
    )
    assert judged(tree | {"outputs": [[1, 3, 2, None, None, 4]]}, f"```\n{mirror}\n```").reward == 1.0
    deep = {"inputs": [[list(range(20_000))]], "outputs": [list(range(20_000))[::-1]]}
    assert judged(call | deep, f"```\nclass Solution:\n{reverse}\n```", meta).reward == 1.0


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "42",
        {"kind": "nose"},
        {"kind": "asserts", "tests": []},
        {"kind": "asserts", "tests": ["assert add(1, 2) = 3"]},
        {"kind": "asserts", "tests": ["assert add(1, 2) == 3"], "setup": "import no_such_module"},
        {"kind": "asserts", "tests": ["assert add(1, 2) == 3"], "time": 3},
        {"kind": "stdin", "inputs": ["1"], "outputs": []},
        {"kind": "stdin", "inputs": [1], "outputs": ["1"]},
        {"kind": "call", "inputs": [[1]], "outputs": [1]},
        {"kind": "call", "entry_point": "add(1)", "inputs": [[1]], "outputs": [1]},
        {"kind": "call", "entry_point": "add", "inputs": [1], "outputs": [1]},
        {"kind": "check", "entry_point": "add", "test": "def test(candidate): pass"},
        {"kind": "asserts", "tests": ["from solution import add\nassert add(1, 2) == 3"]},
        {"kind": "asserts", "tests": ["def test_add():\n    assert add(1, 2) == 4"]},
        {"kind": "asserts", "tests": ["import re\nassert add(re.compile('x'), 1) == 1"]},
        {"kind": "check", "entry_point": "add", "test": "def check(candidate):\n    while True: pass"},
    ],
)
def test_broken_tests_are_nobodys_reward(answer: Any) -> None:
    verdict = judged(answer, ADD, seconds_per_test=0.5)
    assert (verdict.reward, verdict.status) == (None, "error") and verdict.reason, verdict


@pytest.mark.parametrize(
    "text", ["", "no program here", "<think>\n```python\ndef add(a, b): return a + b\n```", "a" * 300_000]
)
def test_no_program_is_unparsable(text: str) -> None:
    for answer in KINDS.values():
        assert judged(answer, text).status in ("unparsable", "wrong") and judged(answer, text).reward == 0.0


def test_mappings_whose_keys_cannot_be_written_are_wrong() -> None:
    answer = {"kind": "call", "entry_point": "f", "inputs": [[]], "outputs": [{"1": 2}]}
    assert judged(answer, "def f(): return {1: 2}").reward == 1.0
    for value in ("{10 ** 5000: 2}", "{(10 ** 5000,): 2}", "{__import__('decimal').Decimal('sNaN'): 2}"):
        verdict = judged(answer, f"def f(): return {value}")
        assert (verdict.reward, verdict.status) == (0.0, "wrong"), verdict


def test_through_the_judge() -> None:
    wrong = ADD.replace("+", "-")
    with Judge(2, warm=["code"]) as judge:
        pairs = [(Prompt("p", (), ASSERTS, "code"), Completion.of_text(text)) for text in (ADD, wrong) * 10]
        verdicts = judge.judge(pairs)
        assert [v.reward for v in verdicts] == [1.0, 0.0] * 10
        assert judge.metrics()["verifier/worker_restarts"] == 0
    assert [v.reward for v in score([ADD, wrong], [ASSERTS, ASSERTS], verifier="code")] == [1.0, 0.0]
