"""What is known about a registered name: its text, its options, where it stands. Loads no heavy module."""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, get_origin

from rlvr.errors import UnknownName
from rlvr.registry import KINDS, REGISTRIES, location


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its type and default as they are written in the source; `required` where it has none."""

    name: str
    type: str
    default: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What `rlvr show NAME` prints; `location` is `path:line`."""

    kind: str
    name: str
    doc: str
    location: str
    options: tuple[Option, ...] = ()
    declared: dict[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The docstring's first paragraph, on one line."""
        return " ".join(self.doc.partition("\n\n")[0].split())


def kind_of(word: str) -> str | None:
    """The kind that `word` names, in the singular or the plural."""
    return next((kind for kind in KINDS if word in (kind, f"{kind}s")), None)


def entries(kind: str) -> Iterator[Entry]:
    """Every registered name of a kind."""
    for name in REGISTRIES[kind].names():
        yield describe(kind, name)


def find(name: str) -> list[Entry]:
    """What is called `name`, of whatever kind, a group of suites too. Raises `UnknownName` with the nearest."""
    from rlvr.eval.suites import GROUPS

    found = [describe(kind, name) for kind in KINDS if name in REGISTRIES[kind].names()]
    if name in GROUPS:
        found.append(Entry("group of suites", name, ", ".join(GROUPS[name]), "rlvr eval MODEL --suite " + name))
    if not found:
        known = {*KINDS, *GROUPS, *(known for kind in KINDS for known in REGISTRIES[kind].names())}
        raise UnknownName("kind, name or recipe", name, known)
    return found


def describe(kind: str, name: str) -> Entry:
    """The entry of one name. A third party's thing that does not load is described by its error."""
    registry = REGISTRIES[kind]
    if name in registry.lazy():
        return _from_source(kind, name, registry.lazy()[name])
    facts = {"dataset": _source_facts, "suite": _suite_facts}
    try:
        thing = registry.get(name)
        declared = facts.get(kind, _declared)(thing)
    except Exception as error:  # an entry point may fail in any way; the list must still be printed
        return Entry(kind, name, f"cannot be loaded: {type(error).__name__}: {error}", "")
    return Entry(kind, name, inspect.getdoc(thing) or "", _short(location(thing)), _options(thing), declared)


def _options(thing: Any) -> tuple[Option, ...]:
    """Dataclass fields of a class, keyword-only parameters of a function, field values of an instance."""
    if dataclasses.is_dataclass(thing):
        instance = not isinstance(thing, type)
        values = {f.name: getattr(thing, f.name) for f in dataclasses.fields(thing)} if instance else {}
        return tuple(
            Option(f.name, _type_text(f.type), _default_text(values.get(f.name, _field_default(f))))
            for f in dataclasses.fields(thing)
        )
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(
        Option(p.name, _type_text(p.annotation), _default_text(p.default))
        for p in parameters
        if p.kind is p.KEYWORD_ONLY and p.name != "ask" and not p.name.startswith("_")
    )


def _field_default(f: dataclasses.Field[Any]) -> Any:
    return f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default


def _default_text(value: Any) -> str:
    return "required" if value in (dataclasses.MISSING, inspect.Parameter.empty) else repr(value)


#: The types of options that have a range (`rlvr.algorithms.base`), in words.
_RANGES = {
    "Positive": "float, above 0",
    "NotNegative": "float, at least 0",
    "Share": "float, 0 to 1",
    "Count": "int, at least 1",
    "CountOrAll": "int, 0: all",
}


def _type_text(annotation: Any) -> str:
    if annotation is inspect.Parameter.empty:
        return ""
    if annotation in _RANGES:
        return _RANGES[annotation]
    if isinstance(annotation, str):
        return annotation
    return annotation.__name__ if isinstance(annotation, type) and not get_origin(annotation) else str(annotation)


def _declared(thing: Any) -> dict[str, str]:
    """What it declares beside its options: class variables such as `paper`, or attributes the decorator set."""
    if isinstance(thing, type):
        names = [
            name for base in reversed(thing.__mro__) for name, type_ in inspect.get_annotations(base).items()
            if "ClassVar" in str(type_) or get_origin(type_) is ClassVar
        ]  # fmt: skip
    else:
        names = list(getattr(thing, "__dict__", {})) if inspect.isfunction(thing) else []
    shown = {name: getattr(thing, name, "-") for name in names if not name.startswith("_")}
    return {name: str(value) for name, value in shown.items() if value not in ("-", "", None)}


def _source_facts(adapter: Any) -> dict[str, str]:
    """Where a data set's rows are, how many, under which licence, and what judges them."""
    from rlvr.data import Hosted

    source = getattr(adapter, "source", None)
    if not isinstance(source, Hosted):
        return {} if source is None else {"splits": ", ".join(source.splits), "licence": source.licence}
    facts = {
        "hub": source.hub,
        "config": source.config if isinstance(source.config, str) else ", ".join(source.config or ()),
        "revision": source.revision or "the newest: none was confirmed, so pin one with options: {revision: ...}",
        "splits": ", ".join(source.splits),
        "rows": source.rows,
        "licence": source.licence,
        "verifier": source.verifier,
        "template": source.template,
        "columns": ", ".join(source.example),
        "url": source.url,
    }
    return {key: value for key, value in facts.items() if value}


def _suite_facts(definition: Any) -> dict[str, str]:
    """What a suite asks, how often and how; `-k` and `sampling.*` change the last two."""
    from rlvr.eval.suites import GROUPS, suite_for

    name = next(n for n in REGISTRIES["suite"].names() if REGISTRIES["suite"].get(n) is definition)
    suite = suite_for(name)
    drawn = suite.sampling_for(suite.samples, {}, 0)
    how = f"temperature {drawn.temperature:g}, top_p {drawn.top_p:g}, max_tokens {drawn.max_tokens:,}"
    facts = {
        "version": str(suite.version),
        "data set": f"{suite.dataset or suite.path}, {suite.split}",
        "samples": str(suite.samples),
        "sampling": how if suite.answering == "generate" else "none: the likeliest option",
        "groups": ", ".join(group for group, names in GROUPS.items() if name in names),
    }
    return {key: value for key, value in facts.items() if value}


def example_prompt(name: str, data_dir: str | None) -> tuple[str, str, str] | None:
    """(where it is from, the messages, the answer) of one prompt of a data set: the first in the file of `data_dir`,
    or the row that the data set itself gives as an example of its shape."""
    from rlvr.data import Hosted, Row, load_prompts, template_named

    adapter = REGISTRIES["dataset"].get(name)
    source = getattr(adapter, "source", None)
    if data_dir is not None and isinstance(source, Hosted):
        loaded = load_prompts(name, split=source.splits[0], data_dir=data_dir, limit=1)
        prompt, origin = loaded.prompts[0], loaded.source
    elif isinstance(source, Hosted) and source.example:
        prompt = template_named(source.template).put_on(adapter(Row(source.example), 0))
        origin = "a row of its shape; --data-dir FOLDER shows a real one"
    elif source is not None and not isinstance(source, Hosted):
        prompt, origin = load_prompts(name, split=source.splits[0], limit=1).prompts[0], "drawn"
    else:
        return None
    turns = "\n".join(f"{m['role']}: {m['content']}" for m in prompt.messages)
    return origin, turns, str(prompt.answer)


def _from_source(kind: str, name: str, target: str) -> Entry:
    """An entry read from the source text, because importing the module would load torch or an engine."""
    module, _, attribute = target.partition(":")
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return Entry(kind, name, f"cannot be loaded: there is no module {module}", "")
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    node = next((n for n in tree.body if getattr(n, "name", None) == attribute), None)
    if not isinstance(node, ast.ClassDef | ast.FunctionDef):
        return Entry(kind, name, ast.get_docstring(tree) or "", _short(spec.origin))
    doc = ast.get_docstring(node) or ast.get_docstring(tree) or ""
    return Entry(kind, name, doc, _short(f"{spec.origin}:{node.lineno}"), tuple(_source_options(node)))


def _source_options(node: ast.ClassDef | ast.FunctionDef) -> Iterator[Option]:
    """The parameters with a default, and the keyword-only ones, of a function or of a class's `__init__`."""
    body = node.body if isinstance(node, ast.ClassDef) else [node]
    init = next((n for n in body if isinstance(n, ast.FunctionDef) and n.name in ("__init__", node.name)), None)
    if init is None:
        return
    positional = init.args.args[len(init.args.args) - len(init.args.defaults) :]
    pairs = [*zip(positional, init.args.defaults, strict=True)]
    for argument, default in (*pairs, *zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)):
        annotation = ast.unparse(argument.annotation) if argument.annotation else ""
        yield Option(argument.arg, annotation, "required" if default is None else ast.unparse(default))


def _short(place: str) -> str:
    """`place` relative to the working directory where it lies below it."""
    here = f"{Path.cwd()}/"
    return place.removeprefix(here)
