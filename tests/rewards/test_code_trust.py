"""Which side a name of a test stands for, and what an instance of the candidate's may say for itself."""

from __future__ import annotations

from typing import Any

import pytest

from rlvr.core import Completion, Prompt, Verdict
from rlvr.rewards import code

from .sandbox.profiles import ISOLATION


def judged(program: str, *tests: str, **answer: Any) -> Verdict:
    prompt_code = answer.pop("prompt_code", "")
    prompt = Prompt("p", (), {"kind": "asserts", "tests": list(tests), **answer}, "code", {"prompt_code": prompt_code})
    return code(prompt, Completion.of_text(f"```python\n{program}\n```"), isolation=ISOLATION)


def paid(program: str, *tests: str, **answer: Any) -> bool:
    verdict = judged(program, *tests, **answer)
    assert verdict.reward in (0.0, 1.0), verdict
    return verdict.reward == 1.0


POLY = """
import math

def poly(xs: list, x: float):
    return sum(coeff * math.pow(x, i) for i, coeff in enumerate(xs))

def find_zero(xs: list):
    \"\"\"Where poly(x) is 0.\"\"\"
"""
POLY_CHECK = """
def check(candidate):
    for xs in ([1, 2], [-6, 11, -6, 1]):
        assert abs(poly(xs, candidate(list(xs)))) < 1e-4
"""
NEWTON = """
def find_zero(xs):
    low, high = -1000.0, 1000.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        low, high = (middle, high) if poly(xs, low) * poly(xs, middle) > 0 else (low, middle)
    return low
"""


def check_poly(program: str) -> float | None:
    prompt = Prompt(
        "p", (), {"kind": "check", "test": POLY_CHECK, "entry_point": "find_zero"}, "code", {"prompt_code": POLY}
    )
    return code(prompt, Completion.of_text(f"```python\n{program}```"), isolation=ISOLATION).reward


def test_a_helper_of_the_prompt_is_the_prompts_own() -> None:
    assert check_poly(NEWTON) == 1.0
    assert check_poly("def poly(xs, x):\n    return 0.0\ndef find_zero(xs):\n    return 5.0\n") == 0.0
    # Writing it out again, as models do, changes nothing.
    assert check_poly(POLY.partition("def find_zero")[0] + NEWTON) == 1.0


def test_a_stub_of_the_prompt_is_the_candidates() -> None:
    prompt_code = 'def f(x: int) -> int:\n    """Doubles."""\n'
    test = "def check(candidate):\n    assert candidate(2) == f(2) and f(3) == 6\n"
    prompt = Prompt("p", (), {"kind": "check", "test": test, "entry_point": "f"}, "code", {"prompt_code": prompt_code})
    for body, reward in (("    return 2 * x", 1.0), ("    return x", 0.0), ("    pass", 0.0)):
        assert code(prompt, Completion.of_text(body), isolation=ISOLATION).reward == reward
    announced = "class Shape:\n    def area(self): ...\n"  # a class of the prompt that only announces its methods
    assert paid("class Shape:\n    def area(self): return 4", "assert Shape().area() == 4", prompt_code=announced)


@pytest.mark.parametrize("name", ["set", "sorted", "len", "abs", "isinstance", "math", "Counter", "round"])
def test_a_name_of_pythons_own_is_pythons(name: str) -> None:
    test = {
        "set": "assert set(f([1, 2])) == set([2, 4])",
        "sorted": "assert sorted(f([1, 2])) == [2, 4]",
        "len": "assert len(f([1, 2])) == 2 and f([1, 2])[1] == 4",
        "abs": "assert abs(f([1, 2])[1] - 4) < 0.1",
        "isinstance": "assert isinstance(f([1, 2]), list) and f([1]) == [2]",
        "math": "assert math.isclose(sum(f([1, 2])), 6.0)",
        "Counter": "assert Counter(f([1, 2])) == Counter([2, 4])",
        "round": "assert round(f([1.11])[0], 2) == 2.22",
    }[name]
    assert paid("def f(xs): return [2 * x for x in xs]", test)
    lie = "class Any:\n    isclose = staticmethod(lambda *a, **k: True)\n    def __new__(cls, *a): return 0\n"
    assert not paid(f"{lie}{name} = Any\ndef f(xs): return []", test)
    assert not paid(f"{name} = lambda *args: True\ndef f(xs): return 5", test)


def test_a_function_may_be_called_like_one_of_pythons() -> None:
    assert paid("def sum(a, b): return a + b", "assert sum(10, 15) == 25")
    assert not paid("def sum(a, b): return a", "assert sum(10, 15) == 25")
    assert paid("def gcd(a, b):\n    while b: a, b = b, a % b\n    return a", "assert gcd(12, 18) == 6")


def test_a_package_that_the_tests_do_not_import_is_not_the_candidates() -> None:
    lie = "class np:\n    allclose = staticmethod(lambda *args: True)\ndef f(x): return 0"
    verdict = judged(lie, "assert np.allclose(f(2), 4.0)")
    assert verdict.reward != 1.0  # where there is no numpy inside, the tests are broken: None


def test_what_the_setup_defines_is_trusted() -> None:
    setup = "import math as m\ndef near(a, b): return m.isclose(a, b)\nLIMIT = 3"
    assert paid("def f(x): return 2.0 * x", "assert near(f(LIMIT), 6.0)", setup=setup)
    assert not paid("near = lambda *a: True\nLIMIT = 0\ndef f(x): return 1", "assert near(f(LIMIT), 6.0)", setup=setup)


NODE = "class Node:\n    def __init__(self, data):\n        self.data, self.left, self.right = data, None, None\n"
SETUP = "root = Node(1)\nroot.left = Node(2)\nroot.left.left = Node(3)"


def test_instances_of_the_candidates_classes_go_back_to_it() -> None:
    height = "def height(n): return 0 if n is None else 1 + max(height(n.left), height(n.right))"
    assert paid(NODE + height, "assert height(root) == 3", "assert height(root.left) == 2", setup=SETUP)
    assert not paid(NODE + "def height(n): return 1", "assert height(root) == 3", setup=SETUP)
    verdict = judged("def height(n): return 3", "assert height(root) == 3", setup=SETUP)
    assert verdict.reward == 0.0 and verdict.reason.startswith("runtime error: NameError")  # it defines no Node
    pair = "class Pair:\n    def __init__(self, a, b): self.a, self.b = a, b\n"
    assert paid(
        pair + "def longest(ps): return max(p.b for p in ps)", "assert longest([Pair(5, 24), Pair(1, 2)]) == 24"
    )


PAIR = "class Pair:\n    def __init__(self, a, b): self.a, self.b = a, b\n"
LIAR = "class Pair:\n    def __init__(self, *args): pass\n    def __eq__(self, other): return True\n"


def test_instances_are_equal_by_their_fields_only() -> None:
    test = "assert swap(1, 2) == Pair(2, 1)"
    assert paid(PAIR + "def swap(a, b): return Pair(b, a)", test)
    assert not paid(PAIR + "def swap(a, b): return Pair(a, b)", test)
    for extra in ("def __eq__(self, other): return True", "def __ne__(self, other): return False"):
        assert not paid(
            PAIR + f"    {extra}\ndef swap(a, b): return Pair(a, b)", test, "assert not swap(1, 2) != Pair(2, 1)"
        )
    assert not paid(LIAR + "def swap(a, b): return Pair()", test)  # it holds nothing
    assert not paid("class Thing: pass\ndef make(): return Thing()", "assert make() == Thing()")
    assert paid("class Thing: pass\nthing = Thing()\ndef make(): return thing", "assert make() == make()")
    forgetful = "class Pair:\n    def __init__(self, *args): self.x = 1\n"
    assert not paid(forgetful + "def swap(a, b): return Pair()", test)
    single = """
class Pair:
    one = None
    def __new__(cls, *args):
        cls.one = cls.one or object.__new__(cls)
        cls.one.args = args
        return cls.one
"""
    assert not paid(single + "def swap(a, b): return Pair(a, b)", test)
    named = "from typing import NamedTuple\nclass Pair(NamedTuple):\n    a: int\n    b: int\n"
    assert paid(named + "def swap(a, b): return Pair(b, a)", "assert swap(1, 2) == (2, 1)", "assert swap(1, 2)[0] == 2")
    data = "from dataclasses import dataclass\n@dataclass\nclass Pair:\n    a: int\n    b: int\n"
    assert paid(
        data + "def swap(a, b): return Pair(b, a)", test, "assert swap(1, 2).a == 2", "assert swap(3, 4) != Pair(3, 4)"
    )


def test_classes_can_be_tested() -> None:
    stack = """
class Stack:
    def __init__(self): self.items = []
    def push(self, x): self.items.append(x)
    def pop(self):
        if not self.items: raise IndexError("empty")
        return self.items.pop()
    def __len__(self): return len(self.items)
"""
    test = """
s = Stack()
assert len(s) == 0
s.push(4); s.push(5)
assert len(s) == 2 and s.pop() == 5 and s.items == [4]
s.pop()
try:
    s.pop()
    assert False
except IndexError:
    pass
"""
    assert paid(stack, test)
    assert not paid(stack.replace("return len(self.items)", "return 0"), test)
    vector = """
class Vector:
    def __init__(self, x, y): self.x, self.y = x, y
    def __add__(self, o): return Vector(self.x + o.x, self.y + o.y)
    def __mul__(self, k): return Vector(self.x * k, self.y * k)
"""
    assert paid(vector, "assert Vector(1, 2) + Vector(3, 4) == Vector(4, 6)", "assert Vector(1, 2) * 3 == Vector(3, 6)")


def test_a_result_has_no_operators_of_its_own() -> None:
    test = "r = f([3, 1])\nassert len(r) == 2 and all(a == b for a, b in zip(r, [1, 3]))"
    liar = """
class {name}:
    def __init__(self, *args): self.args = args
    def __len__(self): return 2
    def __iter__(self): return iter(())
    def __sub__(self, other): return 0
    def __lt__(self, other): return True
    __gt__ = __contains__ = __lt__
"""
    assert paid("def f(xs): return sorted(xs)", test)
    assert not paid(liar.format(name="Liar") + "def f(xs): return Liar()", test)
    assert not paid(liar.format(name="f"), test)  # the function itself is a class
    assert not paid(liar.format(name="Liar") + "f = Liar", test)
    for test_of_a_class in ("5 in Split([3])", "abs(Split([3]) - 2.5) < 1", "Split([3]) > 2", "2 < Split([3])"):
        assert not paid(liar.format(name="Split"), f"assert {test_of_a_class}")
    for test in (
        "assert abs(f([3, 1]) - 2.5) < 1e-6",
        "assert f([3, 1]) > 2",
        "assert 3 in f([3, 1])",
        "assert 2 < f([0])",
    ):
        assert not paid(liar.format(name="f"), test)
        assert not paid(liar.format(name="Liar") + "def f(xs): return Liar()", test)


def test_an_argument_is_the_tests_own() -> None:
    test = "x = [3, 1, 2]\nassert f(x) == sorted(x)"
    assert paid("def f(x): return sorted(x)", test)
    assert not paid("def f(x):\n    x.clear()\n    return []", test)
    in_place = "x = [3, 1, 2]\nf(x)\nassert x == [1, 2, 3]"
    assert paid("def f(x): x.sort()", in_place)
    assert paid("def f(x):\n    x.sort()\n    return x", in_place)
    assert not paid("def f(x): sorted(x)", in_place)
    assert paid("class Solution:\n    def f(self, x): x.sort()", "x = [2, 1]\nSolution().f(x)\nassert x == [1, 2]")


def test_what_is_raised_fails_a_test_and_ends_no_loop() -> None:
    loop = "assert all(map(lambda case: f(case) == 2 * case, [1, 2, 3]))"
    assert paid("def f(x): return 2 * x", loop)
    for error in ("StopIteration", "GeneratorExit", "SystemExit", "KeyboardInterrupt", "AssertionError"):
        assert not paid(f"def f(x): raise {error}", loop)
        assert not paid(f"def f(x): raise {error}", "assert list(map(f, [1, 2])) == []")
    wanted = "try:\n    f(-1)\n    assert False\nexcept ValueError:\n    pass"
    assert paid("def f(x):\n    raise ValueError('no')", wanted)
    assert paid("class Bad(ValueError): pass\ndef f(x):\n    raise Bad('no')", wanted)
    assert not paid("def f(x): raise KeyError('no')", wanted)
    own = "try:\n    f(-1)\n    assert False\nexcept TooLow:\n    pass"
    assert paid("class TooLow(Exception): pass\ndef f(x):\n    raise TooLow('no')", own)
    assert not paid("class TooLow(Exception): pass\ndef f(x):\n    raise ValueError('no')", own)


def test_constants_can_be_tested() -> None:
    assert paid("LIMIT = 3\nNAMES = ['a']", "assert LIMIT == 3 and NAMES == ['a']")
    assert not paid("LIMIT = 4", "assert LIMIT == 3")


def test_a_test_that_skips_itself_has_not_passed() -> None:
    runner = """
import unittest
from unittest import *
class Case(TestCase):
    def test(self): self.assertEqual(f(2), 4)
result = TextTestRunner(open('/dev/null', 'w')).run(defaultTestLoader.loadTestsFromTestCase(Case))
assert result.wasSuccessful() and result.testsRun == 1
"""
    assert paid("def f(x): return 2 * x", runner)
    assert not paid("def f(x): return x", runner)
    assert not paid("import unittest\ndef f(x): raise unittest.SkipTest", runner)
    assert not paid("class SkipTest(Exception): pass\ndef f(x): raise SkipTest", runner)


def test_values_keep_their_types() -> None:
    program = "def same(x): return x"
    values = """(1, [2, {3}], {'a': (4,)}, b'x', 2j, None) | frozenset({(1, 2)}) | 10**400 | '\\ud800' | float('inf')
        | -0.0 | range(3) | {1: 2}.keys() | Fraction(1, 3) | Decimal('1.10')"""
    for value in map(str.strip, values.split(" | ")):
        assert paid(program, f"v = {value}\nassert same(v) == v and type(same(v)) is type(v)"), value
    assert paid("from collections import *\ndef f(): return defaultdict(int, {1: 2})", "assert f() == {1: 2}")
    assert paid("def f():\n    yield from (1, 2)", "assert list(f()) == [1, 2]", "assert f() != [1, 2]")
    assert paid("def f(n): return lambda x: x + n", "assert f(2)(3) == 5")
    assert paid("def f(g, x): return g(g(x))", "assert f(lambda x: x * 3, 2) == 18", "assert f(abs, -1) == 1")
