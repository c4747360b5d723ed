"""Calls between two processes that share no object: questions and replies in turn, over one pair of streams.

Both ends are alike: while one waits for a reply it serves the questions that come instead (a callback). An
instance stays where it was made; a number stands for it elsewhere. Stands alone: runs inside sandboxes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, BinaryIO

from . import values

MAX_CALLBACKS = 40  # questions inside questions

#: What tests may do to an instance that they made, beside calling its methods; == and != are not passed on.
BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lt", "le", "gt", "ge")
UNARY = ("neg", "pos", "abs")
ITEMS = ("getitem", "setitem", "delitem")


class Peer(ABC):
    """One end. What the other end may ask for is in `serve`."""

    def __init__(self, reader: BinaryIO, writer: BinaryIO) -> None:
        self._reader, self._writer = reader, writer
        self._own: list[Any] = []  # instances that the other end knows by their index here
        self._indices: dict[int, int] = {}
        self._inside = 0
        self.questions = 0  # how many were asked here

    @abstractmethod
    def serve(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The reply to a question; whatever goes wrong in it is in the reply."""

    @abstractmethod
    def describe(self, value: Any) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
        """What stands for an instance on its way out: a head, and its fields where they travel along."""

    @abstractmethod
    def make(self, head: Any) -> Any:
        """What stands here for an instance that the other end described. Raises Unplain."""

    @abstractmethod
    def fill(self, instance: Any, fields: dict[str, Any]) -> None:
        """Gives the instance the fields that travelled along."""

    def encode(self, **named: Any) -> dict[str, Any]:
        return values.Encoder(self.describe).message(named)

    def decode(self, message: Any) -> dict[str, Any]:
        return values.Decoder(self.make, self.fill).message(message)

    def lend(self, value: Any) -> int:
        """The number under which the other end may name a value of this one."""
        if id(value) not in self._indices:
            self._indices[id(value)] = len(self._own)
            self._own.append(value)
        return self._indices[id(value)]

    def lent(self, number: Any) -> Any:
        """The value behind such a number. Raises Unplain."""
        if type(number) is not int or not 0 <= number < len(self._own):
            raise values.Unplain("no such instance")
        return self._own[number]

    def ask(self, question: Mapping[str, Any]) -> Any:
        """The reply of the other end. Raises Unplain, EOFError."""
        self._inside += 1
        self.questions += 1
        if self._inside > MAX_CALLBACKS:
            raise values.Unplain("callbacks nested too deep")
        try:
            self._send(question)
            while True:
                message = values.receive(self._reader)
                if not isinstance(message, dict):
                    raise values.Unplain("not a message")
                if "ask" not in message:
                    return message
                self._send(self.serve(message))
        finally:
            self._inside -= 1

    def serve_forever(self) -> None:
        """Serves until the other end is gone."""
        while True:
            try:
                self._send(self.serve(values.receive(self._reader)))
            except EOFError:
                return

    def _send(self, message: Mapping[str, Any]) -> None:
        self._writer.write(values.pack(message))
        self._writer.flush()
