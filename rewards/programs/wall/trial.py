"""The tests' end of the wall: runs `asserts` and `check` tests against handles of the candidate's names.

Runs in a sandbox of its own, because tests may be careless; they are trusted all the same. Control frames
to the judge begin with "!", which no message does; everything else is passed to the candidate's sandbox.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import random
import symtable
import sys
import types
from collections.abc import Mapping
from typing import Any, BinaryIO

from . import assembly, values
from .handles import Bridge, CandidateError, CannotPass, ClassHandle, Handle

#: What programs import from the standard library by name, for tests that expect it to be there.
_EXPORTS = {
    **dict.fromkeys(("Counter", "defaultdict", "deque", "namedtuple", "OrderedDict"), "collections"),
    **dict.fromkeys(("List", "Dict", "Set", "Tuple", "Optional", "Any", "Union", "Callable", "Iterable"), "typing"),
    **dict.fromkeys(("isclose", "sqrt", "pi", "inf", "nan", "ceil", "floor", "gcd", "factorial"), "math"),
    **dict.fromkeys(("Fraction",), "fractions"),
    **dict.fromkeys(("Decimal",), "decimal"),
    **dict.fromkeys(("reduce",), "functools"),
    **dict.fromkeys(("deepcopy",), "copy"),
}
_MODULES = {"np": "numpy", "numpy": "numpy", "pd": "pandas", "pandas": "pandas", "sp": "scipy", "sympy": "sympy"}


class BadTests(Exception):
    """The tests themselves cannot be run: nobody's reward depends on it."""


class BadCandidate(Exception):
    """The candidate's end does not say what its names are."""


class Trial:
    """One program's tests, in one namespace."""

    def __init__(self, job: Mapping[str, Any], reader: BinaryIO, writer: BinaryIO) -> None:
        self._job, self._writer = job, writer
        module = types.ModuleType("tests")
        sys.modules["tests"] = module
        self._space = module.__dict__
        self._bridge = Bridge(reader, writer, self._space)
        self._constants = False  # do the tests look at plain values that the candidate defines?
        self._root = job["entry_point"].partition(".")[0].removesuffix("()") if job["entry_point"] else None

    def run(self) -> None:
        """Prepares the namespace, runs the tests one by one and says how each went."""
        try:
            setup, tests = self._prepare()
            if trouble := self._trouble(setup):
                if not self._subjects_of(self._job["setup"]):
                    raise BadTests(f"the set-up fails: {trouble[0]}: {trouble[1]}")
                return self.say({"setup": trouble})
        except BadCandidate as error:
            return self.say({"setup": ["runtime error", str(error)]})
        except (BadTests, ImportError) as error:
            return self.say({"broken": str(error)})
        before = self._bridge.questions
        for number, tree in enumerate(tests):
            random.seed(0)  # the same verdict each time
            self.say({"start": number})
            self.say({"end": number, "trouble": self._trouble(tree)})
        asked = self._bridge.questions > before or self._constants
        self.say({"done": self._job["token"], "asked": asked})

    def say(self, message: Mapping[str, Any]) -> None:
        body = b"!" + values.pack(message)[values.HEADER.size :]
        self._writer.write(values.HEADER.pack(len(body)) + body)
        self._writer.flush()

    def _trouble(self, tree: ast.Module) -> list[Any] | None:
        """Why a test fails: a kind, and a text or the description of the candidate's error; None where it passes."""
        try:
            exec(compile(tree, "<test>", "exec"), self._space)
        except EOFError:
            return ["runtime error", "the program is gone"]
        except CannotPass as error:
            return ["broken", str(error)]
        except BaseException as error:
            if self._bridge.raised is not None and error is self._bridge.raised[0]:
                return ["raised", self._bridge.raised[1]]
            if isinstance(error, AssertionError):
                return ["wrong answer", _text(error)]
            if isinstance(error, MemoryError):
                return ["memory limit", ""]
            if isinstance(error, ImportError):
                return ["broken", f"{type(error).__name__}: {_text(error)}"]
            return ["runtime error", f"{type(error).__name__}: {_text(error)} (in the test)"]
        return None

    def _prepare(self) -> tuple[ast.Module, list[ast.Module]]:
        """Binds every name that the tests need; the compiled set-up and tests."""
        job, space = self._job, self._space
        own_sources = [job["setup"], *job["tests"]]
        try:
            trees = [_in_place_calls(ast.parse(source)) for source in own_sources]
            own = {name for source in own_sources for name in assembly.defined_names(source)}
            wanted = set[str]().union(*map(_global_names, own_sources))
            prompt = assembly.closed(job["prompt_code"]) if job["prompt_code"].strip() else ""
            announced = assembly.stubs(prompt)
        except SyntaxError as error:
            raise BadTests(f"the tests do not compile: {error}") from error
        self._execute(job["prelude"], prompt, *map(_star_imports, own_sources))
        for name in {*announced, self._root or ""}:
            space.pop(name, None)
        unknown = wanted - own - set(space)
        self._subjects = self._find_subjects(unknown, trees[1:])
        for name in unknown - self._subjects:
            space[name] = _meaning(name)
        self._bind(self._subjects)
        space["__in_place__"] = in_place
        if job["kind"] == "check":
            if "check" not in own:
                raise BadTests("the test defines no function `check`")
            space["__candidate__"] = Entry(self._bridge, job["entry_point"])
            trees[1].body += ast.parse("check(__candidate__)").body
        return trees[0], trees[1:]

    def _execute(self, *sources: str) -> None:
        for source in sources:
            try:
                exec(compile(source, "<trusted>", "exec", dont_inherit=True), self._space)
            except Exception as error:  # trusted code may fail in any way: no verdict, and never the program's 0
                raise BadTests(f"the tests' own code fails: {type(error).__name__}: {_text(error)}") from error

    def _find_subjects(self, unknown: set[str], tests: list[ast.Module]) -> set[str]:
        """The free names that stand for the candidate's.

        A name of Python's own stands for Python's, unless a test names nothing else that it could test:
        then the one such name that it calls is the candidate's (`assert sum(10, 15) == 6`).
        """
        subjects = {name for name in unknown if not ambient(name)} | ({self._root} if self._root else set())
        if self._job["entry_point"]:
            return subjects
        for tree in tests:
            names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
            called &= unknown
            if not names & subjects and len(called) == 1:
                subjects |= called
        return subjects

    def _subjects_of(self, source: str) -> set[str]:
        return _global_names(source) & self._subjects

    def _bind(self, names: set[str]) -> None:
        """Puts the candidate's names into the namespace; what it does not define stays unknown."""
        shared = [
            name for name, value in self._space.items() if isinstance(value, type) and value.__module__ == "tests"
        ]
        question = {"ask": "names", "names": sorted(names), "shared": shared}
        try:
            known = self._bridge.question(question)
        except Exception as error:  # it may reply anything
            raise BadCandidate(f"its names cannot be read: {type(error).__name__}") from error
        for name in names & set(known):  # only what was asked for: the reply is the candidate's
            value = known[name]
            if isinstance(value, ClassHandle) and "BaseException" in value._lineage:
                value = self._bridge.errors[name] = type(name, (CandidateError,), {})
            elif isinstance(value, ClassHandle):
                object.__setattr__(value, "_known_as", name)
            self._constants |= not isinstance(value, (Handle, type))
            self._space[name] = value


class Entry:
    """The entry point, a path such as `Solution().twoSum`: each call goes along it anew."""

    def __init__(self, bridge: Bridge, path: str) -> None:
        self._bridge, self._path = bridge, steps(path)
        self.__name__ = self._path[-1]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._bridge.call(self._path, args, kwargs)

    def in_place(self, *args: Any, **kwargs: Any) -> Any:
        return self._bridge.call(self._path, args, kwargs, "in_place")


def steps(path: str) -> list[str]:
    """`Solution().twoSum` as the path Solution, (), twoSum."""
    return path.replace("()", ".()").split(".")


def _global_names(source: str) -> set[str]:
    """The names that a source reads from its globals, in any of its scopes."""
    names: set[str] = set()
    tables = [symtable.symtable(source, "<test>", "exec")]
    while tables:
        table = tables.pop()
        top = table.get_type() == "module"
        names |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())}
        tables += table.get_children()
    return names


def _star_imports(source: str) -> str:
    """The `from x import *` of a source: what they bind is known before anything else runs."""
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom)]
    return "\n".join(ast.unparse(node) for node in imports if node.names[0].name == "*")


def ambient(name: str) -> bool:
    """Whether Python itself, its library or a well-known package means something by a name."""
    library = name in sys.stdlib_module_names and not name.startswith("_")
    return hasattr(builtins, name) or name in _EXPORTS or name in _MODULES or library


def _meaning(name: str) -> Any:
    """What they mean by it. Raises ImportError."""
    if hasattr(builtins, name):
        return getattr(builtins, name)
    if name in _EXPORTS:
        return getattr(importlib.import_module(_EXPORTS[name]), name)
    return importlib.import_module(_MODULES.get(name, name))


class _InPlace(ast.NodeTransformer):
    """`f(x)` as a statement: only there do the tests look at what became of x."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        self.generic_visit(node)
        if isinstance(node.value, ast.Call):
            call = node.value
            node.value = ast.Call(ast.Name("__in_place__", ast.Load()), [call.func, *call.args], call.keywords)
            ast.copy_location(node.value, call)
        return ast.fix_missing_locations(node)


def _in_place_calls(tree: ast.Module) -> ast.Module:
    return _InPlace().visit(tree)


def in_place(function: Any, *args: Any, **kwargs: Any) -> Any:
    """A call whose result nobody uses."""
    if isinstance(function, Entry):
        return function.in_place(*args, **kwargs)
    if type(function) is Handle:
        return function._bridge.call([function._number], args, kwargs, "in_place")
    return function(*args, **kwargs)


def _text(error: BaseException) -> str:
    try:
        return str(error)[:300]
    except Exception:
        return ""
