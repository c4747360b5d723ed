"""What crosses a sandbox's wall: every plain value as it was, nothing that is not in the wire's form, nothing slow."""

from __future__ import annotations

import datetime
import math
import time
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr.rewards.programs.wall.values import MAX_FRAME, Decoder, Encoder, Unplain, pack, unpack

_HASHABLE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(st.characters()), st.binary(),
    st.complex_numbers(allow_nan=False), st.fractions(), st.dates(),
    st.datetimes().map(lambda moment: moment.replace(fold=0)),
    st.timedeltas(),
    st.decimals(allow_nan=False), st.integers(10**300, 10**400),
)  # fmt: skip
_KEYS = st.recursive(_HASHABLE, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4)
PLAIN = st.recursive(
    _KEYS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.sets(_KEYS) | st.dictionaries(_KEYS, inner),
    max_leaves=20,
)


def refuse(value: Any) -> Any:
    raise Unplain(type(value).__name__)


def nothing(*args: Any) -> None: ...


def crossed(value: Any) -> Any:
    message = unpack(pack(Encoder(refuse).message({"v": value}))[4:])
    return Decoder(refuse, nothing).message(message)["v"]


def alike(left: Any, right: Any) -> bool:
    """Equal and of the same types, all the way down."""
    if type(left) is not type(right) or left != right:
        return False
    if isinstance(left, dict):
        return all(alike(a, b) for a, b in zip(left.items(), right.items(), strict=True))
    if isinstance(left, (list, tuple)):
        return all(map(alike, left, right))
    return isinstance(left, (set, frozenset)) or repr(left) == repr(right)


@settings(max_examples=50)
@given(PLAIN)
def test_plain_values_cross_unchanged(value: Any) -> None:
    assert alike(crossed(value), value)


def test_values_that_json_cannot_say() -> None:
    assert math.isnan(crossed(math.nan)) and crossed([math.inf, -math.inf]) == [math.inf, -math.inf]
    assert math.copysign(1, crossed(-0.0)) == -1.0
    for value in (range(1, 10, 3), deque([1, 2]), bytearray(b"x"), datetime.time(1, 2), NotImplemented, ...):
        assert crossed(value) == value and type(crossed(value)) is type(value)
    assert crossed({1: 2}.items()) == {1: 2}.items() and list(crossed({1: 2}.values())) == [2]


def test_subclasses_arrive_as_what_they_are_based_on() -> None:
    class Loud(int):
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 0

    Color = IntEnum("Color", ["RED"])
    Point = namedtuple("Point", "x y")
    for value, plain in [
        (Loud(7), 7), (Color.RED, 1), (Point(1, 2), (1, 2)), (Counter("aab"), {"a": 2, "b": 1}),
        (defaultdict(list, {1: [2]}), {1: [2]}), (OrderedDict(a=1), {"a": 1}), (type("S", (str,), {})("x"), "x"),
        (type("F", (float,), {})(0.5), 0.5), (type("L", (list,), {})([1]), [1]), (type("B", (bytes,), {})(b"a"), b"a"),
    ]:  # fmt: skip
        arrived = crossed(value)
        assert type(arrived) is type(plain) and arrived == plain
    with pytest.raises(Unplain):
        crossed(object())


def test_instances_keep_their_shape_however_long_the_chain() -> None:
    class Node:
        next: Any = None

    first = Node()
    last = first
    for _ in range(20_000):
        last.next = last = Node()
    last.next = first  # a circle
    message = Encoder(lambda node: ({"class": "Node"}, {"next": node.next})).message({"v": first, "w": last})
    decoder = Decoder(lambda head: Node(), lambda node, fields: vars(node).update(fields))
    arrived = decoder.message(unpack(pack(message)[4:]))
    node = arrived["v"]
    for _ in range(20_001):
        node = node.next
    assert node is arrived["v"] and arrived["w"].next is node


@pytest.mark.parametrize(
    "value",
    [
        {}, {"a": 1, "b": 2}, {"eval": ["1"]}, {"int": 5}, {"int": "x"}, {"float": "0.5"},
        {"tuple": None}, {"set": [[]]},
        {"dict": [1]}, {"dict": [[[], 1]]}, {"object": 0}, {"object": -1}, {"object": "0"}, {"range": [0, 1 << 70, 1]},
        {"range": [1, 2, 0]}, {"Fraction": ["1", "0"]}, {"Fraction": ["f" * 10**6, "e" * 10**6]},
        {"Decimal": "1e99999999"},
        {"datetime": "today"}, {"complex": ["1"]}, {"bytes": "zz"}, {"singleton": "True"}, {"timedelta": [10**12]},
        {"set": [k * (2**61 - 1) for k in range(100_000)]}, {"dict": [[k * (2**61 - 1), 0] for k in range(100_000)]},
        {"set": [{"tuple": [{"int": format(k * (2**61 - 1), "x")}]} for k in range(20_000)]}, [[0] * 1000] * 1001,
    ],
)  # fmt: skip
def test_anything_else_is_refused_at_once(value: Any) -> None:
    began = time.process_time()
    with pytest.raises(Unplain):
        Decoder(refuse, nothing).message({"values": {"v": value}, "objects": []})
    assert time.process_time() - began < 20.0  # seconds; the hostile sets would take minutes


@pytest.mark.parametrize(
    "message", [None, [], {}, {"values": {}}, {"values": [], "objects": []}, {"values": {}, "objects": [1]},
                {"values": {}, "objects": [[{}, []]]}, {"values": {}, "objects": {}}]
)  # fmt: skip
def test_malformed_messages(message: Any) -> None:
    with pytest.raises(Unplain):
        Decoder(lambda head: object(), nothing).message(message)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"NaN", b"Infinity", b"1" * 10_000])
def test_texts_that_are_no_message(body: bytes) -> None:
    with pytest.raises(Unplain):
        unpack(body)


def test_what_is_too_large_does_not_leave() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, [0] * 1_100_000):
        with pytest.raises(Unplain):
            Encoder(refuse).message({"v": value})
    with pytest.raises(Unplain):
        pack("x" * (MAX_FRAME + 1))
    assert crossed([Fraction(1, 3), Decimal("0.10")]) == [Fraction(1, 3), Decimal("0.10")]
