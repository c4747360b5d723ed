"""What the tests hold in place of the candidate's functions, classes and instances.

Runs in the tests' own sandbox, where no code of the candidate ever runs. A handle never lets the candidate
decide a comparison: instances are equal by the plain fields that they had when they crossed.
"""

from __future__ import annotations

import builtins
import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from . import values
from .calls import BINARY, ITEMS, UNARY, Peer

#: Errors that would end a loop or the test itself instead of failing it.
_NOT_RAISED = (StopIteration, StopAsyncIteration, GeneratorExit)


class CannotPass(Exception):
    """The tests hand the candidate something that is no plain value: they cannot be run this way."""


class CandidateError(Exception):
    """An error of the candidate that is no built-in Exception."""


class Bridge(Peer):
    """The tests' end of the wall. `space` is their namespace: its own classes cross by their fields."""

    def __init__(self, reader: BinaryIO, writer: BinaryIO, space: dict[str, Any]) -> None:
        super().__init__(reader, writer)
        self.space = space
        self.errors: dict[str, type[Exception]] = {}
        self.raised: tuple[Exception, Mapping[str, Any]] | None = (
            None  # the candidate's last error, and its description
        )
        self.seen: dict[Any, int] = {}  # numbers of instances, in the order in which they first came

    def question(self, message: dict[str, Any]) -> Any:
        """What the candidate's end replies, decoded; its errors are raised here. Raises Unplain, EOFError."""
        reply = self.ask(message)
        if "raised" in reply:
            raise self._error(reply["raised"])
        return self.decode(reply)

    def call(self, path: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any], mode: str = "") -> Any:
        """The result of a call; `mode` is `made` for a class and `in_place` where the arguments are looked at after."""
        message = {"ask": "call", "path": path, **self.encode(args=list(args), kwargs=kwargs)}
        reply = self.question(message | ({mode: True} if mode else {}))
        if mode == "in_place":
            for old, new in zip([*args, *kwargs.values()], [*reply["args"], *reply["kwargs"].values()], strict=True):
                overwrite(old, new)
        return reply["value"]

    def _error(self, raised: Any) -> Exception:
        error = self._mapped(raised)
        self.raised = error, raised
        return error

    def _mapped(self, raised: Any) -> Exception:
        text = str(raised["text"])
        for name in raised["lineage"]:
            kind = self.errors.get(name) or self.space.get(name) or getattr(builtins, name, None)
            if isinstance(kind, type) and issubclass(kind, Exception) and kind is not Exception:
                if kind.__module__.partition(".")[0] in ("unittest", "_pytest"):
                    break  # a test that skips itself has not passed
                with contextlib.suppress(TypeError):  # UnicodeDecodeError wants more than a text
                    return RuntimeError(text) if issubclass(kind, _NOT_RAISED) else kind(text)
        return CandidateError(text)

    def serve(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """A callback: the candidate calls a function that the tests gave it."""
        try:
            given = self.decode(question)
            result = self.lent(question["path"][0])(*given["args"], **given["kwargs"])
            return self.encode(value=result)
        except Exception as error:  # whatever the lent function raises is the program's to catch, by name only
            return {"raised": {"lineage": [type(error).__name__], "text": str(error)[:300]}}

    def describe(self, value: Any) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
        if isinstance(value, Handle):
            return {"yours": value._number}, None
        kind = type(value)
        name = str(getattr(value, "__name__", ""))
        if getattr(builtins, name, None) is value:
            return {"builtin": name}, None
        if callable(value):
            return {"mine": self.lend(value)}, None
        if kind.__module__ != self.space["__name__"]:
            raise CannotPass(f"a {kind.__name__} cannot be passed to the program")
        return {"class": kind.__name__}, dict(vars(value))

    def make(self, head: Any) -> Any:
        if "yours" in head:
            return self.lent(head["yours"])
        if "class" in head and "mine" not in head:
            kind = self.space.get(head["class"])
            if not isinstance(kind, type) or kind.__module__ != self.space["__name__"]:
                raise values.Unplain("no such class")
            return object.__new__(kind)
        number, name, kind, lineage = head["mine"], head["class"], head["kind"], head["lineage"]
        if type(number) is not int or not all(isinstance(base, str) for base in [name, *lineage]):
            raise values.Unplain("a malformed instance")
        self.seen.setdefault(number, len(self.seen))
        return _HANDLES.get(kind, Handle)(self, number, name, tuple(lineage))

    def fill(self, instance: Any, fields: dict[str, Any]) -> None:
        if isinstance(instance, Handle):
            object.__setattr__(instance, "_fields", fields)
            return
        for name, value in fields.items():
            if name.startswith("__") or callable(getattr(type(instance), name, None)):
                raise values.Unplain("a field in the place of a method")
            object.__setattr__(instance, name, value)


class Handle:
    """An instance in the candidate's process: attributes and methods go there, comparisons are made here."""

    __slots__ = ("_bridge", "_class", "_fields", "_known_as", "_leaves", "_lineage", "_number")

    def __init__(self, bridge: Bridge, number: int, name: str, lineage: tuple[str, ...]) -> None:
        for slot, value in (("_bridge", bridge), ("_number", number), ("_class", name), ("_lineage", lineage)):
            object.__setattr__(self, slot, value)
        object.__setattr__(self, "_fields", {})
        object.__setattr__(self, "_leaves", None)  # the constants that the tests made it of
        object.__setattr__(self, "_known_as", "")  # the name by which the tests call it

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._bridge.question({"ask": "get", "path": [self._number, name]})["value"]

    def __setattr__(self, name: str, value: Any) -> None:
        self._bridge.question({"ask": "set", "path": [self._number, name], **self._bridge.encode(value=value)})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._bridge.call([self._number], args, kwargs)

    def __eq__(self, other: Any) -> bool:
        return same(self, other)

    def __ne__(self, other: Any) -> bool:
        return not same(self, other)

    def __hash__(self) -> int:
        return hash(self._fields[""]) if "" in self._fields else hash(self._class)

    def __repr__(self) -> str:
        return f"<{self._class} of the candidate>"


class ClassHandle(Handle):
    """A class of the candidate. What the tests make of one with a class's name, they may use with operators.

    A function's name may stand for a class too, but then a test of what a function returns must not be answered
    by the result's own operators.
    """

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        seen = len(self._bridge.seen)
        made = self._bridge.call([self._number], args, kwargs, "made")
        if type(made) is Handle:
            fresh = self._bridge.seen[made._number] >= seen
            kind = Made if re.fullmatch("[A-Z][A-Za-z0-9]*", self._known_as) else Handle
            fields, made = made._fields, kind(self._bridge, made._number, made._class, made._lineage)
            object.__setattr__(made, "_fields", fields)
            object.__setattr__(made, "_leaves", leaves([*args, *kwargs.values()]) if fresh else _NOT_FRESH)
        return made

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, Handle) and self._class in instance._lineage


class IteratorHandle(Handle):
    """A generator or another iterator: it can be iterated over, once, and has no length."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        nothing = self._bridge.encode(args=[], kwargs={})
        reply = self._bridge.ask({"ask": "call", "path": [self._number, "__next__"], **nothing})
        if "raised" in reply and reply["raised"]["lineage"][0] == "StopIteration":
            raise StopIteration
        if "raised" in reply:
            raise self._bridge._error(reply["raised"])
        return self._bridge.decode(reply)["value"]


class Made(Handle):
    """An instance that the tests made. Operators are passed on, except == and !=; between two operands only where
    both are the candidate's, so that none is shown a plain value to agree with (but `v * 3`)."""

    __slots__ = ()
    __hash__ = Handle.__hash__


def _passed_on(name: str, plain_too: bool) -> Callable[..., Any]:
    def operation(self: Handle, *args: Any) -> Any:
        if not (plain_too or isinstance(args[0], Handle)):
            return NotImplemented
        return self._bridge.call([self._number, name], args, {})

    return operation


for _name in BINARY:
    setattr(Made, f"__{_name}__", _passed_on(f"__{_name}__", _name == "mul"))
for _name in (*UNARY, *ITEMS, "len", "bool", "str", "repr", "iter", "rmul"):
    setattr(Made, f"__{_name}__", _passed_on(f"__{_name}__", True))

_NOT_FRESH: list[Any] = [object()]  # in the place of what an instance was made of
_HANDLES: dict[str, type[Handle]] = {"class": ClassHandle, "iterator": IteratorHandle}


def same(left: Any, right: Any, depth: int = 0) -> bool:
    """Whether two values are equal, instances of the candidate's by class and plain fields.

    An instance without fields is equal to itself only. One whose fields lack what the tests made it of, or that
    was there before they made it, is equal to none: such a class would be equal to everything.
    """
    if not isinstance(left, Handle):
        left, right = right, left
    if not isinstance(right, Handle):
        return "" in left._fields and bool(left._fields[""] == right)
    if left._number == right._number:
        return left._leaves is not _NOT_FRESH and right._leaves is not _NOT_FRESH
    if not left._fields or not right._fields:
        return False
    if depth > values.MAX_DEPTH or left._class != right._class or left._fields.keys() != right._fields.keys():
        return False
    for one in (left, right):
        if one._leaves and not _contains(leaves(one), one._leaves):
            return False
    return all(_equal(value, right._fields[name], depth + 1) for name, value in left._fields.items())


def _equal(left: Any, right: Any, depth: int) -> bool:
    if isinstance(left, Handle) and isinstance(right, Handle):
        return same(left, right, depth)
    return bool(left == right)


def leaves(value: Any, depth: int = 0) -> list[Any]:
    """The constants inside a value, however deep."""
    if depth > values.MAX_DEPTH:
        return []
    if isinstance(value, Handle):
        value = list(value._fields.values())
    if isinstance(value, Mapping):
        return [leaf for pair in value.items() for part in pair for leaf in leaves(part, depth + 1)]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [leaf for part in value for leaf in leaves(part, depth + 1)]
    return [value]


def _contains(present: list[Any], wanted: list[Any]) -> bool:
    known = {(type(leaf).__name__, repr(leaf)) for leaf in present}
    return all((type(leaf).__name__, repr(leaf)) in known for leaf in wanted)


def overwrite(old: Any, new: Any) -> None:
    """Makes a mutable argument what the candidate made of its copy."""
    if type(old) is not type(new):
        return
    if isinstance(old, list):
        old[:] = new
    elif isinstance(old, (dict, set)):
        old.clear()
        old.update(new)
    elif type(old).__module__ == "tests":
        vars(old).clear()
        vars(old).update(vars(new))
