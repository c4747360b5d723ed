"""Checks a second of the instruction verifier, one core: strict verdicts on the constraints of the corpora.

    python tests/bench/instructions.py [--out FILE]      (needs ../shared/corpora; half a minute)

Processor seconds of binding arguments and checking, after one pass that loads tables and profiles (counted apart); no
worker processes. Agreement is counted too, strict and loose.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rlvr.rewards.instructions import checks_of, follow
from tests.bench.instruction_corpora import cases, verdicts
from tests.bench.math_corpora import rows

CORPORA = ("ifeval", "ifbench", "ifeval_multilingual")


def measure(name: str) -> dict[str, object]:
    """Agreement and checks a second on one corpus, and the constraints that take most of the time."""
    stable = [case for case in cases(name) if not case.unstable]
    agree = sum(verdicts(case) == (case.strict, case.loose) for case in stable)
    answers = {
        (row["id"], constraint): {"instruction_id_list": [constraint], "kwargs": [arguments]}
        for row in rows(f"{name}.jsonl")
        for constraint, arguments in zip(row["instruction_id_list"], row["kwargs"], strict=True)
    }
    seconds: Counter[str] = Counter()
    for case in stable:
        start = time.process_time()
        ((_, check),) = checks_of(answers[case.row, case.constraint], case.language)
        follow(case.response, [check])
        seconds[case.constraint] += time.process_time() - start
    return {
        "checks": len(stable),
        "agree": agree,
        "agreement": round(agree / len(stable), 5),
        "checks_per_second": round(len(stable) / seconds.total()),
        "slowest_seconds": {constraint: round(spent, 3) for constraint, spent in seconds.most_common(5)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    start = time.process_time()
    follow("warm up.", [check for _, check in checks_of(WARM)])
    result = {
        "load_seconds": round(time.process_time() - start, 2),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: measure(name) for name in CORPORA},
    }
    text = json.dumps(result, indent=1, ensure_ascii=False)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


WARM = {
    "instruction_id_list": ["language:response_language", "length_constraints:number_sentences", "words:start_verb"],
    "kwargs": [{"language": "en"}, {"num_sentences": 1, "relation": "at least"}, {}],
}

if __name__ == "__main__":
    main()
