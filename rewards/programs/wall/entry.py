"""Where a process inside the sandbox begins: it becomes the candidate's end, the tests' end, or the program itself.

The first message says which. The source of this module and of those it imports is sent in with the job.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import random
import sys
import threading
from typing import Any, BinaryIO

from . import assembly, values
from .candidate import Candidate, description, namespace
from .trial import Trial


def main(channel_fd: int) -> None:
    """Plays the part that the first message names, until the other side hangs up."""
    reader, writer = os.fdopen(os.dup(channel_fd), "rb"), os.fdopen(os.dup(channel_fd), "wb")
    os.close(channel_fd)
    job = values.receive(reader)
    random.seed(0)  # the same verdict each time
    if job["part"] == "program":
        run_program(job, writer)
    elif job["part"] == "tests":
        Trial(job, reader, writer).run()
    else:
        Candidate(reader, writer).serve_forever()
    os._exit(0)  # what the candidate left behind (threads, exit handlers) has no say


def run_program(job: dict[str, Any], writer: BinaryIO) -> None:
    """Runs a program as Python would run a script, and says how it ended."""
    try:
        report: dict[str, Any] = _run(job)
    except SystemExit:
        report = {"finished": True}
    except BaseException as error:
        report = {"raised": description(error)}
    try:
        if "finished" in report:
            threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as Python does
            atexit._run_exitfuncs()
    except BaseException as error:
        report = report if "raised" in report else {"raised": description(error)}
    for stream in (sys.stdout, sys.__stdout__):
        with contextlib.suppress(Exception):  # closed, or an object of the program's own
            stream.flush()  # type: ignore[union-attr]
    writer.write(values.pack(report | {"token": job["token"]}))
    writer.flush()


def _run(job: dict[str, Any]) -> dict[str, Any]:
    try:
        sources = assembly.assemble(job["text"], job["fenced"], job["prompt_code"], None)
    except assembly.NoProgram as error:
        return {"unparsable": str(error)}
    except SyntaxError as error:
        return {"compile": f"{type(error).__name__}: {error.msg} (line {error.lineno})"}
    sys.argv = ["solution.py"]
    space = namespace("__main__")
    for source in sources:
        exec(compile(source, "<program>", "exec", dont_inherit=True), space)
    return {"finished": True}
