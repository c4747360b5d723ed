"""Naming a suite or a generated data set loads nothing heavy: validation and `--help` answer at once."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "datasets", "pyarrow", "pandas", "rich", "sympy")


@pytest.mark.parametrize(
    "statement",
    [
        "import rlvr.data; rlvr.data.load_prompts('chain', limit=3); rlvr.data.load_prompts('countdown', limit=3)",
        "import rlvr.eval; rlvr.eval.suite_for('gsm8k').sampling_for(4, {}, 0)",
    ],
)
def test_nothing_heavy_is_imported(statement: str) -> None:
    check = f"{statement}; import sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, timeout=300)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
