"""What the tests of the judge share."""

from pathlib import Path

from rlvr.core import Completion, Prompt, VerifierUse

HOSTILE = Path(__file__).with_name("hostile.py")  # a plugin


def ask(text: str, verifier: str | tuple[VerifierUse, ...] = "hostile") -> tuple[Prompt, Completion]:
    return Prompt("p", ({"role": "user", "content": "?"},), "1", verifier), Completion.of_text(text)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
