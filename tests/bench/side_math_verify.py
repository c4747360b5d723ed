"""Math-Verify as its README recommends it: a process of its own that answers one JSON line with another.

Its own timeouts are off (they are alarms, and cost a system call each); whoever starts this process is its deadline.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any


def main() -> None:
    """Reads `{"gold", "completion"}`, writes `{"right", "read", "seconds", "cpu"}`; `read`: an answer was found."""
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

    logging.disable(logging.CRITICAL)
    sys.set_int_max_str_digits(0)
    targets = [LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig()]

    def read(text: str) -> Any:
        return parse(text, extraction_config=targets, parsing_timeout=None)

    def judge(gold: str, completion: str) -> tuple[bool, bool]:
        if "\\$" in gold:  # money: a dollar sign that delimits nothing
            gold = f"\\boxed{{{gold}}}"
        delimited = "$" in gold or "\\boxed" in gold or "\\(" in gold
        reference = read(gold if delimited else f"${gold}$") or read(gold)
        given = read(completion)
        return bool(verify(reference, given, timeout_seconds=None)), bool(given)

    judge("\\frac{1}{2}", "$x = 0.5$")  # the grammar's tables
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        row = json.loads(line)
        began, used = time.perf_counter(), time.process_time()
        try:
            right, given = judge(row["gold"], row["completion"])
        except Exception:
            right, given = False, False
        spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - used}
        print(json.dumps({"right": right, "read": given, **spent}), flush=True)


if __name__ == "__main__":
    main()
