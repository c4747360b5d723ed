"""The candidate's end of the wall: loads the program and does what the tests ask of it.

Runs inside the sandbox, in one process with hostile code, so nothing here is relied on: no expected value,
no test and no verdict ever comes here, and what a forged reply could say, a return value could say as well.
"""

from __future__ import annotations

import operator
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from . import assembly, values
from .calls import BINARY, ITEMS, UNARY, Peer

MODULE = "solution"

#: What tests may do to instances of the candidate's classes beside calling methods.
SPECIAL: dict[str, Callable[..., Any]] = {
    "__len__": len,
    "__bool__": bool,
    "__str__": str,
    "__repr__": repr,
    "__iter__": iter,
    "__next__": next,
    "__rmul__": lambda self, other: other * self,
    **{f"__{name}__": getattr(operator, f"__{name}__") for name in (*BINARY, *UNARY, *ITEMS)},
}


class Candidate(Peer):
    """Serves `load`, `names`, `call`, `get` and `set`."""

    def __init__(self, reader: BinaryIO, writer: BinaryIO) -> None:
        super().__init__(reader, writer)
        self._space: dict[str, Any] = {}
        self._shared: frozenset[str] = frozenset()  # classes that the tests know too: they cross by their fields
        self._convert: Callable[..., Any] | None = None

    def serve(self, question: Mapping[str, Any]) -> dict[str, Any]:
        try:
            reply: dict[str, Any] = getattr(self, f"_{question['ask']}")(question)
        except BaseException as error:  # also SystemExit: it ends no test
            reply = {"raised": description(error)}
        return reply | {"token": question.get("token")}

    def _load(self, question: Mapping[str, Any]) -> dict[str, Any]:
        text, fenced, prompt_code, root, prelude, shared = (
            question[key] for key in ("text", "fenced", "prompt_code", "root", "prelude", "shared")
        )
        try:
            sources = assembly.assemble(text, fenced, prompt_code, root)
        except assembly.NoProgram as error:
            return {"unparsable": str(error)}
        except SyntaxError as error:
            return {"compile": f"{type(error).__name__}: {error.msg} (line {error.lineno})"}
        self._shared = frozenset(shared)
        self._space = namespace(MODULE)
        for name, source in (("<prelude>", prelude), *(("<program>", source) for source in sources)):
            exec(compile(source, name, "exec", dont_inherit=True), self._space)
        if root is not None and root not in self._space and not self._adopt(root):
            return {"raised": {"lineage": ["NameError"], "text": f"the program defines no {root!r}"}}
        return {"loaded": True}

    def _adopt(self, name: str) -> bool:
        """Takes a method of the class `Solution` for the function that the tests speak of, as LeetCode's readers do."""
        solution = self._space.get("Solution")
        if not isinstance(solution, type) or not callable(getattr(solution, name, None)):
            return False
        self._space[name] = lambda *args, **kwargs: getattr(solution(), name)(*args, **kwargs)
        return True

    def _names(self, question: Mapping[str, Any]) -> dict[str, Any]:
        self._shared = frozenset(question["shared"])
        for name in question["names"]:
            if name not in self._space:
                self._adopt(name)
        return self.encode(**{name: self._space[name] for name in question["names"] if name in self._space})

    def _call(self, question: Mapping[str, Any]) -> dict[str, Any]:
        given = self.decode(question)
        args, kwargs = given["args"], given["kwargs"]
        function = self._find(question["path"])
        if question.get("convert") is not None:
            args, kwargs = self._space["__convert__"](function, args, kwargs, question["convert"])
        result = function(*args, **kwargs)
        if question.get("in_place"):  # the tests will look at what became of the arguments
            return self.encode(value=result, args=args, kwargs=kwargs)
        return self.encode(value=Made(result) if question.get("made") else result)

    def _get(self, question: Mapping[str, Any]) -> dict[str, Any]:
        return self.encode(value=self._find(question["path"]))

    def _set(self, question: Mapping[str, Any]) -> dict[str, Any]:
        *path, name = question["path"]
        setattr(self._find(path), name, self.decode(question)["value"])
        return self.encode(value=None)

    def _find(self, path: list[Any]) -> Any:
        """The value at a path: a name or a number first, then attributes and calls without arguments."""
        root, *steps = path
        if isinstance(root, str) and root not in self._space:
            raise NameError(f"the program defines no {root!r}")
        found = self._space[root] if isinstance(root, str) else self.lent(root)
        for step in steps:
            if step == "()":
                found = found()
            elif step in SPECIAL:
                found = _bound(SPECIAL[step], found)
            else:
                found = getattr(found, step)
        return found

    def describe(self, value: Any) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
        if isinstance(value, Callback):
            return {"yours": value.number}, None
        if isinstance(value, Made):
            value = value.instance
        kind = type(value)
        if kind.__name__ in self._shared and self._space.get(kind.__name__) is kind:
            return {"class": kind.__name__}, fields_of(value)
        head = {"mine": self.lend(value), "kind": _kind(value), "class": kind.__qualname__}
        if isinstance(value, type):
            return head | {"class": value.__qualname__, "lineage": [base.__name__ for base in value.__mro__]}, None
        head["lineage"] = [base.__name__ for base in kind.__mro__]
        if head["kind"] != "object" or kind.__module__ != MODULE:
            return head, None
        if (plain := values.underlying(value)) is not None:
            return head, {"": plain}
        return head, fields_of(value)

    def make(self, head: Any) -> Any:
        if "yours" in head:
            return self.lent(head["yours"])
        if "mine" in head:
            return Callback(self, head["mine"])
        if "builtin" in head:
            import builtins

            return getattr(builtins, head["builtin"])
        known = self._space.get(head["class"])
        return object.__new__(known if isinstance(known, type) else type(head["class"], (), {}))

    def fill(self, instance: Any, fields: dict[str, Any]) -> None:
        for name, value in fields.items():
            object.__setattr__(instance, name, value)


class Made:
    """An instance that the tests made of one of the candidate's classes: it stays one, even a named tuple."""

    def __init__(self, instance: Any) -> None:
        self.instance = instance


class Callback:
    """A function of the tests, as the candidate sees it."""

    def __init__(self, peer: Peer, number: int) -> None:
        self._peer, self.number = peer, number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        question = {"ask": "call", "path": [self.number], **self._peer.encode(args=args, kwargs=kwargs)}
        reply = self._peer.ask(question)
        if "raised" in reply:
            import builtins

            kind = getattr(builtins, reply["raised"]["lineage"][0], None)
            raise (kind if isinstance(kind, type) and issubclass(kind, Exception) else RuntimeError)(
                reply["raised"]["text"]
            )
        return self._peer.decode(reply)["value"]


def _bound(function: Callable[..., Any], instance: Any) -> Callable[..., Any]:
    return lambda *args: function(instance, *args)


def _kind(value: Any) -> str:
    kind = type(value)
    if issubclass(kind, type):
        return "class"
    if hasattr(kind, "__next__"):
        return "iterator"
    if isinstance(value, types.ModuleType):
        return "module"
    return "function" if callable(value) and kind.__module__ in ("builtins", "functools") else "object"


def fields_of(value: Any) -> dict[str, Any]:
    """What an instance holds, in its dictionary and its slots."""
    fields = dict(getattr(value, "__dict__", {}))
    for base in type(value).__mro__:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                fields[name] = getattr(value, name)
    return {name: field for name, field in fields.items() if not name.startswith("__")}


def namespace(name: str) -> dict[str, Any]:
    """The globals of a new module of that name, which dataclasses and typing can find."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    return module.__dict__


def description(error: BaseException) -> dict[str, Any]:
    """An error as plain data: the names of its classes, its text, the line of the program."""
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<program>":
            line = trace.tb_lineno
        trace = trace.tb_next
    try:
        text = str(error)[:300]
    except BaseException:
        text = ""
    return {"lineage": [kind.__name__ for kind in type(error).__mro__], "text": text, "line": line}
