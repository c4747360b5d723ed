"""Whether a response begins with a verb, by the tagger that IFBench's verdicts were made with.

It is NLTK's averaged perceptron (Honnibal 2013), of whose weights only those lie here that bear on a first word. It
takes some capitalised imperatives for names ("Build resilient ..."); a dictionary of verbs would know them, and would
also pay for "Water is wet". Scores stay comparable with published ones.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any


def is_verb(tokens: Sequence[str]) -> bool:
    """Whether the first of the tokens is a verb, in any form."""
    return first_tag(tokens).startswith("VB")


def first_tag(tokens: Sequence[str]) -> str:
    """The Penn Treebank tag of the first token."""
    table, word = _table(), tokens[0]
    if known := table["known"].get(word):
        return str(known)
    first, second, third = [*map(_normal, tokens[:3]), "-END-", "-END2-"][:3]
    features = (
        ("i suffix", word[-3:]),
        ("i pref1", word[0]),
        ("i word", first),
        ("i-1 tag+i word -START-", first),
        ("i+1 word", second),
        ("i+1 suffix", second[-3:]),
        ("i+2 word", third),
    )
    scores = dict(table["always"])
    for family, value in features:
        for tag, weight in table[family].get(value, {}).items():
            scores[tag] += weight
    return max(scores, key=lambda tag: (scores[tag], tag))


def _normal(token: str) -> str:
    if "-" in token and token[0] != "-":
        return "!HYPHEN"
    if token.isdigit() and len(token) == 4:
        return "!YEAR"
    return "!DIGITS" if token[0].isdigit() else token.lower()


@cache
def _table() -> dict[str, Any]:
    packed = files("rlvr.rewards.constraints").joinpath("tables", "first_tag.json.gz").read_bytes()
    return dict(json.loads(gzip.decompress(packed)))
