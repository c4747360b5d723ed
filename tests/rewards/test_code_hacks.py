"""No program is paid without the right answers, whatever else it does: every hack on every kind of test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rlvr.core import Completion, Prompt, Verdict
from rlvr.rewards import code

from .hacks import HACKS
from .sandbox.profiles import ISOLATION

CASES = {(17, 25): 702, (3, 131): 1010, (40, 126): 2122}  # 31 a + 7 b, which no hack knows
HONEST = "def mix(a, b):\n    return 31 * a + 7 * b\n"
SCRIPT = "\nif __name__ == '__main__':\n    print(mix(*map(int, input().split())))\n"

SHORT = {"seconds_per_test": 0.5, "seconds_in_all": 2.0}  # for programs that never end

_ASSERTS = [f"assert mix({a}, {b}) == {value}" for (a, b), value in CASES.items()]
_CHECK = "def check(candidate):\n" + "".join(f"    {line.replace('mix', 'candidate')}\n" for line in _ASSERTS)
#: The ways in which tests look at a value, beside ==.
_LOOKS = [
    "assert math.isclose(mix({a}, {b}), {value}, rel_tol=0.001)",
    "assert abs(mix({a}, {b}) - {value}) < 1e-6",
    "assert mix({a}, {b}) in ({value},)",
    "assert not mix({a}, {b}) != {value}",
    "assert {value} == mix({a}, {b})",
    "assert [mix({a}, {b})] == [{value}]",
    "assert {{mix({a}, {b}): 1}} == {{{value}: 1}}",
    "assert set([mix({a}, {b})]) == set([{value}])",
    "assert str(mix({a}, {b})) == '{value}'",
    "assert {value} - 1 < mix({a}, {b}) < {value} + 1",
    "assert isinstance(mix({a}, {b}), int) and mix({a}, {b}) == {value}",
    "assert all(map(lambda case: mix(*case[:2]) == case[2], [({a}, {b}, {value})]))",
    "import unittest\nunittest.TestCase().assertEqual(mix({a}, {b}), {value})",
]
KINDS: dict[str, Mapping[str, Any]] = {
    "asserts": {"kind": "asserts", "tests": _ASSERTS},
    "asserts with a set-up": {"kind": "asserts", "tests": _ASSERTS, "setup": "import math"},
    "stdin": {
        "kind": "stdin",
        "inputs": [f"{a} {b}\n" for a, b in CASES],
        "outputs": [f"{value}\n" for value in CASES.values()],
    },
    "call": {"kind": "call", "entry_point": "mix", "inputs": [[*c] for c in CASES], "outputs": [*CASES.values()]},
    "check": {"kind": "check", "entry_point": "mix", "test": _CHECK},
}


def judged(program: str, answer: Mapping[str, Any], **options: Any) -> Verdict:
    text = f"```python\n{program}{SCRIPT}```"
    return code(Prompt("hack", (), answer, "code"), Completion.of_text(text), isolation=ISOLATION, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_an_honest_program_is_paid(kind: str) -> None:
    verdict = judged(HONEST, KINDS[kind])
    assert (verdict.reward, verdict.status) == (1.0, "correct"), verdict


@pytest.mark.parametrize("name", HACKS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_hack_is_not_paid(kind: str, name: str) -> None:
    verdict = judged(HACKS[name], KINDS[kind], **SHORT)
    assert verdict.reward == 0.0, verdict


def looks(look: str) -> Mapping[str, Any]:
    tests = [look.format(a=a, b=b, value=value) for (a, b), value in CASES.items()]
    return {"kind": "asserts", "setup": "import math", "tests": tests}


@pytest.mark.parametrize("look", _LOOKS)
def test_an_honest_program_is_paid_however_it_is_looked_at(look: str) -> None:
    assert judged(HONEST, looks(look)).reward == 1.0


#: Hacks that answer to how they are looked at; the others do the same whatever the test is.
_LIARS = [name for name in HACKS if name.startswith("liars/") or "patched" in name or "that" in name]


@pytest.mark.parametrize("name", _LIARS)
def test_a_liar_is_not_paid_however_it_is_looked_at(name: str) -> None:
    tests = [test for look in _LOOKS for test in looks(look)["tests"]]
    verdict = judged(HACKS[name], {"kind": "asserts", "setup": "import math", "tests": tests}, partial=True, **SHORT)
    assert verdict.reward == 0.0, {test: verdict.parts[f"test {n}"] for n, test in enumerate(tests, 1)}
