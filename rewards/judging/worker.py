"""The inside of a worker process: reads items from a pipe, runs their verifiers, writes verdicts.

It may be killed at any moment. It guards the judge against verifiers that are careless or fed with
hostile text; it is no sandbox for hostile code.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from rlvr import registry
from rlvr.core import Completion, Prompt, Verdict

from . import wire
from .processes import die_with_parent
from .worker_pipes import WorkerEnd

Functions = Mapping[str, Callable[..., Any]]


def main(config: Mapping[str, Any]) -> None:
    """Entry of a worker that was started as a fresh interpreter."""
    die_with_parent(config["parent"])
    faulthandler.disable()
    try:
        serve(WorkerEnd(*config["pipes"]), config, {})
    finally:
        os._exit(0)  # leftovers of verifiers (threads, exit handlers) have no say


def serve(pipes: WorkerEnd, config: Mapping[str, Any], functions: Functions) -> None:
    """Judges until the pipes close. Says `ready` or `failed` first."""
    try:
        for plugin in config["plugins"]:
            registry.load_plugin(plugin)
        warmed: set[str] = set()
        for name in config["warm"]:
            _warm(name, functions, warmed)
        _limit(config["memory_mb"])
    except BaseException as error:
        pipes.reply(0, {"failed": describe(error)})
        return
    pipes.reply(0, {"ready": True})
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 2)  # stderr was the parent's log until here
    os.close(null)
    had_children = _has_children()
    while (request := pipes.next_request()) is not None:
        item, message = request
        verdicts, dirty = _judge(item, message, functions, warmed, pipes, config["memory_mb"])
        signal.setitimer(signal.ITIMER_REAL, 0)
        if not had_children and _has_children() and not _owns_processes(message, functions):
            dirty = True
        pipes.reply(item, {"verdicts": verdicts, "recycle": dirty})
        if dirty:  # starts on nothing more, and stays until it is killed together with its strays
            pipes.wait_for_the_end()


def _limit(memory_mb: int) -> None:
    """Lets the process grow by `memory_mb` beyond what its imports took, and dump no core."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):  # not Linux, or a hard limit below ours
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[0])
        limit = pages * resource.getpagesize() + (memory_mb << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _find(name: str, functions: Functions) -> Callable[..., Any]:
    return functions[name] if name in functions else registry.get("verifier", name)


def _warm(name: str, functions: Functions, warmed: set[str]) -> None:
    """Runs a verifier's `warm` (its slow imports) once, before its deadline starts."""
    if name not in warmed:
        warmed.add(name)
        if callable(warm := getattr(_find(name, functions), "warm", None)):
            warm()


def _judge(
    item: int,
    message: Mapping[str, Any],
    functions: Functions,
    warmed: set[str],
    pipes: WorkerEnd,
    memory_mb: int,
) -> tuple[list[list[Any]], bool]:
    """Runs the verifiers of one item. Also says whether the worker should be replaced.

    The permit was the start of the first verifier; the others' are announced, and imports that come before.
    """
    prompt, completion = wire.from_request(message)
    cold = [use.name for use in prompt.verifiers if use.name not in warmed]
    if cold:
        pipes.reply(item, {"start": -1})
        for name in cold:
            with contextlib.suppress(BaseException):  # shows again below, where it costs one verdict
                _warm(name, functions, warmed)
    verdicts, dirty, me = [], False, os.getpid()
    for index, use in enumerate(prompt.verifiers):
        if index or cold:
            pipes.reply(item, {"start": index})
        began = time.perf_counter()
        try:
            packed = wire.pack(_call(use.name, functions, prompt, completion, use.options))
        except MemoryError:
            dirty = True  # the heap may be in pieces
            packed = wire.pack(wire.unjudged(f"out of memory (the limit is {memory_mb} MB)"))
        except BaseException as error:
            packed = wire.pack(wire.unjudged(describe(error)))
        if os.getpid() != me:
            os._exit(0)  # a child that the verifier forked and that came back here
        verdicts.append([*packed, time.perf_counter() - began])
    return verdicts, dirty


def _call(
    name: str, functions: Functions, prompt: Prompt, completion: Completion, options: Mapping[str, Any]
) -> Verdict:
    return wire.of_value(_find(name, functions)(prompt, completion, **options))


def _owns_processes(message: Mapping[str, Any], functions: Functions) -> bool:
    """Whether a verifier of the item declares that it keeps child processes (`owns_processes=True`)."""
    for name, _, _ in message["uses"]:
        with contextlib.suppress(Exception):
            if getattr(_find(name, functions), "owns_processes", False):
                return True
    return False


def _has_children() -> bool:
    """Whether this process has children. Looks without reaping: they may be somebody's to wait for."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def describe(error: BaseException) -> str:
    """`ValueError: message (mine.py:12)`, whatever the error's own methods do."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno})" if trace is not None else ""
    try:
        text = wire.clip(str(error), 500)
    except BaseException:
        text = "(no message)"
    return f"{type(error).__name__}: {text}{where}" if text else f"{type(error).__name__}{where}"


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
