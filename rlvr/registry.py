"""Names that a user may type, and what they stand for.

One decorator a kind registers a thing where it is defined:

    @verifier("palindrome")
    def palindrome(prompt, completion, *, min_length=3): ...

Built-in modules are listed in `_BUILTIN` and imported when a name of their kind is asked for; other
packages register through entry points (`rlvr.verifiers`, ...), and a user's single file through
`load_plugin`. Nothing here imports torch.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from rlvr.errors import UnknownName, UserError

T = TypeVar("T")

#: The module whose import registers every built-in of a kind.
_BUILTIN = {
    "verifier": "rlvr.rewards",
    "dataset": "rlvr.data",
    "algorithm": "rlvr.algorithms",
    "suite": "rlvr.eval",
}

#: kind -> name -> "module:attribute". These choose heavy code, so they are looked up lazily.
_LAZY: dict[str, dict[str, str]] = {
    "engine": {
        "hf": "rlvr.rollout.hf_engine:HFEngine",
        "vllm": "rlvr.rollout.vllm_engine:VLLMEngine",
        "vllm_server": "rlvr.rollout.vllm_server:VLLMServerEngine",
        "openai": "rlvr.rollout.openai_engine:OpenAIEngine",
        "scripted": "rlvr.rollout.scripted_engine:ScriptedEngine",
        "recorded": "rlvr.rollout.recorded_engine:RecordedEngine",
    },
    "backend": {
        "local": "rlvr.training.local_backend:LocalBackend",
        "deepspeed": "rlvr.training.deepspeed_backend:DeepSpeedBackend",
    },
    "tracker": {
        "tensorboard": "rlvr.tracking.trackers:TensorBoardTracker",
        "wandb": "rlvr.tracking.trackers:WandbTracker",
    },
}

KINDS: tuple[str, ...] = (*_BUILTIN, *_LAZY)


class Registry:
    """The names of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Any] = {}
        self._loaded = False

    def register(self, name: str, **attributes: Any) -> Callable[[T], T]:
        """The decorator. A second thing under one name is an error that names both places."""

        def add(thing: T) -> T:
            self.add(name, thing)
            for key, value in attributes.items():
                setattr(thing, key, value)
            return thing

        return add

    def add(self, name: str, thing: Any) -> None:
        other = self._entries.get(name)
        # The same source line twice is a plug-in file that was loaded again, not a clash.
        if other is not None and location(other) != location(thing):
            raise UserError(
                f"two {self.kind}s are called {name!r}: {location(other)} and {location(thing)}. "
                "Rename one of them; a name means one thing."
            )
        self._entries[name] = thing

    def names(self) -> list[str]:
        self._load()
        return sorted({*self._entries, *_LAZY.get(self.kind, {}), *self._entry_points()})

    def get(self, name: str) -> Any:
        """The thing called `name`. Raises `UnknownName` with the nearest known name."""
        self._load()
        if name in self._entries:
            return self._entries[name]
        if name in _LAZY.get(self.kind, {}):
            module, _, attribute = _LAZY[self.kind][name].partition(":")
            return getattr(importlib.import_module(module), attribute)
        if name in (points := self._entry_points()):
            self.add(name, points[name].load())
            return self._entries[name]
        raise UnknownName(self.kind, name, self.names())

    def lazy(self) -> dict[str, str]:
        """name -> `module:attribute` of what is imported only when it is used, because its module is heavy."""
        return dict(_LAZY.get(self.kind, {}))

    def _load(self) -> None:
        if not self._loaded:
            self._loaded = True  # first: the modules below register into this very registry
            if self.kind in _BUILTIN:
                importlib.import_module(_BUILTIN[self.kind])

    def _entry_points(self) -> dict[str, importlib.metadata.EntryPoint]:
        return {p.name: p for p in importlib.metadata.entry_points(group=f"rlvr.{self.kind}s")}

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())


REGISTRIES: dict[str, Registry] = {kind: Registry(kind) for kind in KINDS}

verifier = REGISTRIES["verifier"].register
dataset = REGISTRIES["dataset"].register
algorithm = REGISTRIES["algorithm"].register
suite = REGISTRIES["suite"].register


def get(kind: str, name: str) -> Any:
    """What `name` stands for among the things of `kind`."""
    return REGISTRIES[kind].get(name)


def load_plugin(path: str | Path, relative_to: Path | None = None) -> None:
    """Runs a user's Python file so that its decorators register what it defines.

    Relative paths are looked up beside the recipe that names them. Raises `UserError` where the
    file is missing or fails to import.
    """
    file = Path(path).expanduser()
    if not file.is_absolute():
        file = (relative_to or Path.cwd()) / file
    file = file.resolve()
    if not file.is_file():
        raise UserError(f"plugin {str(path)!r} is not a file (looked for {file}). Give the path of a Python file.")
    name = "rlvr_plugin_" + hashlib.blake2b(str(file).encode(), digest_size=6).hexdigest()
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UserError(f"plugin {file} cannot be imported: its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except UserError:
        raise
    except Exception as error:  # the user's own code: anything may be raised
        del sys.modules[name]
        raise UserError(f"plugin {file} failed while it was imported: {type(error).__name__}: {error}") from error


def location(thing: Any) -> str:
    """`path/to/file.py:12`, where a reader finds the thing."""
    try:
        target = inspect.unwrap(thing) if callable(thing) else type(thing)
        return f"{inspect.getsourcefile(target)}:{inspect.getsourcelines(target)[1]}"
    except (TypeError, OSError):
        return f"{getattr(thing, '__module__', '?')}.{getattr(thing, '__qualname__', repr(thing))}"
