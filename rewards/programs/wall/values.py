"""Values of Python over a sandbox's wall: JSON with tags, never pickle.

Stands alone (standard library only), because the same source runs on both sides of the wall. What arrives
is always of an exact built-in type: whatever a subclass of `int` or `list` says about itself stays behind.

    None, True, 7, 0.5, "text", [1, 2]            as themselves
    {"int": "hex"}, {"float": "nan"}              what JSON cannot say
    {"tuple": [...]}, {"set": [...]}, {"dict": [[key, value], ...]}, ...
    {"object": 3}                                 an instance, described in a table beside the value
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import json
import math
import struct
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

MAX_FRAME = 8 << 20  # bytes
MAX_NODES = 1_000_000  # values in one message
MAX_DEPTH = 200  # nesting of one value; chains of instances are as long as they like
MAX_COLLISIONS = 64  # equal hashes in one set or dict: hostile numbers make inserting them quadratic
MAX_RANGE = 1 << 62
HEADER = struct.Struct(">I")

_SAFE_INT = 1 << 53
_SEQUENCES: dict[type, str] = {tuple: "tuple", set: "set", frozenset: "frozenset", deque: "deque"}
_VIEWS: dict[type, str] = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}
_MOMENTS = (datetime.datetime, datetime.date, datetime.time)


class Unplain(Exception):
    """A value that cannot cross: too deep, too large, or not in the wire's form."""


class Encoder:
    """One message's values on their way out.

    `describe(instance)` says what stands in for a value that is not plain: a head (plain JSON) and, where
    the value travels by its fields, a mapping of them.
    """

    def __init__(self, describe: Callable[[Any], tuple[dict[str, Any], Mapping[str, Any] | None]]) -> None:
        self._describe = describe
        self._indices: dict[int, int] = {}
        self._kept: list[Any] = []  # an id() is only good while its object lives
        self._nodes = 0

    def message(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values by name and the table of the instances in them. Raises Unplain."""
        out = {name: self._value(value, 0) for name, value in values.items()}
        table: list[Any] = []
        while len(table) < len(self._kept):  # grows while it is walked: a list of a million nodes is no recursion
            head, fields = self._describe(self._kept[len(table)])
            encoded = None if fields is None else {str(key): self._value(value, 0) for key, value in fields.items()}
            table.append([head, encoded])
        return {"values": out, "objects": table}

    def _value(self, value: Any, depth: int) -> Any:
        kind = type(value)
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise Unplain(f"a value nested deeper than {MAX_DEPTH} levels or of more than {MAX_NODES} parts")
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            return value if -_SAFE_INT < value < _SAFE_INT else {"int": format(value, "x")}
        if kind is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if kind is list:
            return [self._value(item, depth + 1) for item in value]
        if kind is dict:
            return {"dict": [[self._value(k, depth + 1), self._value(v, depth + 1)] for k, v in value.items()]}
        if kind in _SEQUENCES:
            return {_SEQUENCES[kind]: [self._value(item, depth + 1) for item in value]}
        if kind in _VIEWS:
            return {_VIEWS[kind]: [self._value(item, depth + 1) for item in value]}
        return self._other(value, kind, depth)

    def _other(self, value: Any, kind: type, depth: int) -> Any:
        if kind in (bytes, bytearray):
            return {kind.__name__: value.hex()}
        if kind is complex:
            return {"complex": [self._value(value.real, depth + 1), self._value(value.imag, depth + 1)]}
        if kind is range:
            return {"range": [self._value(part, depth + 1) for part in (value.start, value.stop, value.step)]}
        if kind is fractions.Fraction:
            return {"Fraction": [format(value.numerator, "x"), format(value.denominator, "x")]}
        if kind is decimal.Decimal:
            return {"Decimal": str(value)}
        if kind in _MOMENTS and getattr(value, "tzinfo", None) is None:
            return {kind.__name__: value.isoformat()}
        if kind is datetime.timedelta:
            return {"timedelta": [value.days, value.seconds, value.microseconds]}
        if value is NotImplemented or value is Ellipsis:
            return {"singleton": repr(value)}
        if (plain := underlying(value)) is not None:
            return self._value(plain, depth)
        key = id(value)
        if key not in self._indices:
            self._indices[key] = len(self._kept)
            self._kept.append(value)
        return {"object": self._indices[key]}


def underlying(value: Any) -> Any:
    """The plain value inside an instance of a subclass (defaultdict, IntEnum, namedtuple), None where there is none."""
    kind = type(value)  # not isinstance, which asks the value itself
    for base, read in _BASES:
        if issubclass(kind, base):
            return read(value)
    return value.tolist() if kind.__module__ == "numpy" and hasattr(kind, "tolist") else None


_ALL = slice(None)
_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__int__),
    (float, float.__pos__),
    (str, lambda value: str.__getitem__(value, _ALL)),
    (list, lambda value: list.__getitem__(value, _ALL)),
    (tuple, lambda value: tuple.__getitem__(value, _ALL)),
    (dict, lambda value: dict(dict.items(value))),
    (set, lambda value: set(set.__iter__(value))),
    (frozenset, lambda value: frozenset(frozenset.__iter__(value))),
    (bytes, lambda value: bytes.__getitem__(value, _ALL)),
)


class Decoder:
    """One message's values on their way in; the text is hostile.

    `make(head)` gives the instance that stands for a head of the table, `fill(instance, fields)` its fields.
    """

    def __init__(self, make: Callable[[Any], Any], fill: Callable[[Any, dict[str, Any]], None]) -> None:
        self._make, self._fill = make, fill
        self._objects: list[Any] = []
        self._nodes = 0

    def message(self, message: Any) -> dict[str, Any]:
        """The values by name. Raises Unplain for anything that is not exactly the wire's form."""
        try:
            table = message["objects"]
            if not isinstance(table, list) or len(table) > MAX_NODES:
                raise Unplain("the message's table is malformed")
            self._objects = [self._make(head) for head, _ in table]
            for instance, (_, fields) in zip(self._objects, table, strict=True):
                if fields is not None:
                    self._fill(instance, {key: self._value(value, 0) for key, value in fields.items()})
            return {name: self._value(value, 0) for name, value in message["values"].items()}
        except Unplain:
            raise
        except (TypeError, ValueError, KeyError, AttributeError, IndexError, ArithmeticError, RecursionError) as error:
            raise Unplain(f"a malformed value ({type(error).__name__})") from error

    def _value(self, value: Any, depth: int) -> Any:
        self._nodes += 1
        if depth > MAX_DEPTH + 1 or self._nodes > MAX_NODES:
            raise Unplain("a value nested too deep or too large")
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, list):
            return [self._value(item, depth + 1) for item in value]
        ((tag, body),) = value.items()
        if tag == "object":
            return self._objects[_natural(body)]
        if tag == "dict":
            return self._mapping([(self._value(k, depth + 1), self._value(v, depth + 1)) for k, v in body])
        if tag in _SCALARS:
            return _SCALARS[tag](body)
        items = [self._value(item, depth + 1) for item in body]
        if tag in ("set", "frozenset", "keys"):
            _check_hashes(items)
        elif tag == "items":
            return self._mapping([(key, value) for key, value in items]).items()
        return _COLLECTIONS[tag](items)

    def _mapping(self, pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
        _check_hashes([key for key, _ in pairs])
        return dict(pairs)


def _check_hashes(items: list[Any]) -> None:
    if len(items) > MAX_COLLISIONS and max(Counter(map(hash, items)).values()) > MAX_COLLISIONS:
        raise Unplain("too many equal hashes")


def _natural(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise Unplain("not an index")
    return number


def _complex(real: Any, imaginary: Any) -> complex:
    if not isinstance(real, (int, float)) or not isinstance(imaginary, (int, float)):
        raise Unplain("not a complex number")
    return complex(real, imaginary)


def _fraction(numerator: Any, denominator: Any) -> fractions.Fraction:
    if len(numerator) + len(denominator) > 10_000:
        raise Unplain("a fraction of that size")  # reducing it would take minutes
    return fractions.Fraction(int(numerator, 16), int(denominator, 16))


def _decimal(text: Any) -> decimal.Decimal:
    number = decimal.Decimal(text)
    if number.is_snan():
        raise Unplain("a signalling NaN")  # to compare it would raise
    if number.is_finite() and abs(number.adjusted()) > 10_000:
        raise Unplain("a decimal of that exponent")  # int() of it would fill the memory
    return number


def _range(items: list[Any]) -> range:
    if not all(type(item) is int and abs(item) < MAX_RANGE for item in items):
        raise Unplain("a range of that size")
    return range(*items)


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "int": lambda text: int(text, 16),
    "float": lambda text: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[text],
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "Fraction": lambda parts: _fraction(*parts),
    "Decimal": _decimal,
    "datetime": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
    "timedelta": lambda parts: datetime.timedelta(*parts),
    "singleton": lambda name: {"NotImplemented": NotImplemented, "Ellipsis": Ellipsis}[name],
}
_COLLECTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "deque": deque,
    "keys": lambda items: dict.fromkeys(items).keys(),
    "values": lambda items: dict(enumerate(items)).values(),
    "complex": lambda parts: _complex(*parts),
    "range": _range,
}


def pack(message: Any) -> bytes:
    """A message as a frame. Raises Unplain where it is too large."""
    body = json.dumps(message, separators=(",", ":")).encode()  # ASCII: lone surrogates survive as escapes
    if len(body) > MAX_FRAME:
        raise Unplain(f"a message of {len(body)} bytes; at most {MAX_FRAME} may cross")
    return HEADER.pack(len(body)) + body


def unpack(body: bytes) -> Any:
    """The message in a frame's body. Raises Unplain."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unplain(f"not a message ({type(error).__name__})") from error


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def receive(stream: BinaryIO) -> Any:
    """The next message of a stream. Raises EOFError at its end, Unplain."""
    head = stream.read(HEADER.size)
    if len(head) < HEADER.size:
        raise EOFError
    (size,) = HEADER.unpack(head)
    if size > MAX_FRAME:
        raise Unplain("a frame of that size")
    body = stream.read(size)
    if len(body) < size:
        raise EOFError
    return unpack(body)
