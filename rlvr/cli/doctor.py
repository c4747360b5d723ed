"""`rlvr doctor`: the environment report that belongs into every bug report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from rlvr.cli.options import Json
from rlvr.cli.output import print_json, print_table


def command(
    deep: Annotated[bool, typer.Option("--deep", help="Import DeepSpeed and vLLM too; takes half a minute.")] = False,
    as_json: Json = False,
) -> None:
    """Report versions, devices, which extras are ready or how to get them, the sandbox's walls, the hub."""
    from rlvr.cli.environment import report
    from rlvr.cli.surroundings import hub, imports, shared_memory
    from rlvr.rewards.sandbox import probes

    found = report() | {"sandbox": probes.report(), "shared_memory": shared_memory(), "hub": hub()}
    if deep:
        found["imports"] = imports()
    if as_json:
        return print_json(found)
    print_table(("what", "found"), _rows(found))


def _rows(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "python", f"{found['python']} ({found['executable']})"
    yield "platform", found["platform"]
    for name, version in found["versions"].items():
        yield name, version or "not installed"
    yield "cores", str(found["cores"])
    yield "memory", f"{found['memory_gib']} GiB"
    yield "disk", f"{found['disk_free_gib']} GiB free here"
    yield "shared memory", found["shared_memory"]
    yield "hub", found["hub"]
    yield "accelerators", "; ".join(found["accelerators"]) or "none: torch runs on the CPU"
    for name, path in found["tools"].items():
        yield name, path or "not found" + (" (DeepSpeed compiles with it)" if name != "nvcc" else "")
    for name, problem in found.get("imports", {}).items():
        yield f"import {name}", problem or "works"
    for profile, felt in found["sandbox"].items():
        yield f"sandbox {profile}", felt
    for name, missing in found["extras"].items():
        yield f"extra {name}", f"not ready: {', '.join(missing)}; {_remedy(name)}" if missing else "ready"
    pins = found["pins"]
    if pins is None:
        yield "pins", "no constraints.txt beside the package (installed from a wheel)"
    else:
        yield "pins", "; ".join(f"{name} {text}" for name, text in pins.items()) or "all as in constraints.txt"


def _remedy(extra: str) -> str:
    """The command that mends it, in a clone or where the package came from an index."""
    from rlvr.cli.environment import differing_pins

    if differing_pins() is None:  # no clone: neither make nor constraints.txt is there
        return f"pip install 'rlvr[{extra}]'"
    if extra in ("deepspeed", "vllm"):
        return f"make install, or scripts/install_optional.py {extra}"
    return "make install" if extra == "test" else f"pip install -c constraints.txt -e '.[{extra}]'"
