"""Cleaning: which prompts of a set are trained on, and a report of every decision.

In one pass prompts are compared with the problems of the suites and with each other; what remains is held against the
limit of length, and its answers against their own verifiers. Both of those come from above as functions, because this
room knows neither tokenizers nor verifiers.
"""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from rlvr.core import Prompt

from .decontamination import RULE, Hit, Suites
from .duplicates import near_duplicates, same_words, signatures
from .ngrams import batched, grams
from .prompt_file import packed
from .templates import problem_text

#: Part of what names a cached result: change it with any rule.
VERSION = 2
#: Prompts that are in memory with their tests while their answers are judged.
_JUDGED_TOGETHER = 250


@dataclass(frozen=True, slots=True)
class SuiteTexts:
    """The suites' problems as `(id, text)` by suite; those whose text could not be had, with the reason."""

    texts: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    unchecked: Mapping[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        content = json.dumps([{k: list(v) for k, v in self.texts.items()}, sorted(self.unchecked)], sort_keys=True)
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Rules:
    """What is done. `given`: the rows are demonstrations or pairs, of which several may share a prompt.

    `answers_up_to` is the largest number of prompts whose answers are judged: it takes a millisecond each.
    """

    duplicates: bool = True
    near_duplicates: bool = True
    contamination: bool = True
    answers: bool = True
    answers_up_to: int = 50_000
    max_prompt_tokens: int | None = None
    given: bool = False

    @property
    def any(self) -> bool:
        compared = self.duplicates or self.near_duplicates or self.contamination
        return compared or self.answers or self.max_prompt_tokens is not None


#: (prompts) -> for each "" where its verifier accepts its own answer, why not, or None where that was not tried.
JudgeAnswers = Callable[[Sequence[Prompt]], Iterable["str | None"]]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The places of the prompts that stay, and the report."""

    kept: tuple[int, ...]
    report: Mapping[str, Any]


def clean(
    prompts: Sequence[Prompt],
    rules: Rules,
    *,
    suites: SuiteTexts | None = None,
    judge_answers: JudgeAnswers | None = None,
    count_tokens: Callable[[Prompt], int] | None = None,
) -> Cleaned:
    """Which of `prompts` stay under `rules`, and why the others go."""
    work = _Cleaning(prompts, rules)
    work.compare(suites or SuiteTexts())
    if rules.max_prompt_tokens and count_tokens:
        work.measure(rules.max_prompt_tokens, count_tokens)
    if rules.answers and judge_answers and not rules.given:
        work.judge(judge_answers)
    return work.result(suites or SuiteTexts())


class _Cleaning:
    """One pass of cleaning; `gone` maps a prompt's place to the decision and its detail."""

    def __init__(self, prompts: Sequence[Prompt], rules: Rules) -> None:
        self.prompts, self.rules = prompts, rules
        self.gone: dict[int, tuple[str, str]] = {}
        self.hits: list[Hit] = []
        self.answers: dict[str, Any] = {"accepted": 0, "failed": 0, "unchecked": 0}

    def drop(self, place: int, decision: str, detail: str) -> None:
        self.gone.setdefault(place, (decision, detail))

    def compare(self, suites: SuiteTexts) -> None:
        """With the suites' problems, and with each other."""
        import numpy as np

        rules = self.rules
        if not (rules.duplicates or rules.near_duplicates or rules.contamination):
            return
        index = Suites(suites.texts if rules.contamination else {})
        keys, bands = [np.zeros(0, np.uint64)], [np.zeros((0, 8), np.uint64)]
        offset = 0
        # Prompts are let go one by one, since tests of programs may take megabytes each.
        looked_at = ((_text(p), _whole(p) if rules.given else 0) for p in self.prompts)
        for some in batched(looked_at, itemgetter(0)):
            texts = grams([text for text, _ in some])
            self.hits += index.hits(texts, offset)
            offset += len(some)
            keys.append(np.array([whole for _, whole in some], np.uint64) if rules.given else texts.keys)
            if rules.near_duplicates and not rules.given:
                bands.append(signatures(texts))
        for hit in self.hits:
            self.drop(hit.place, "contaminated", f"{hit.suite}: {hit.problem}")
        if rules.duplicates:
            for found in same_words(self.prompts, np.concatenate(keys)):
                self.drop(*found)
        if rules.near_duplicates and not rules.given:
            for found in near_duplicates(self.prompts, np.concatenate(bands), self.gone.__contains__):
                self.drop(*found)

    def measure(self, limit: int, count_tokens: Callable[[Prompt], int]) -> None:
        """Prompts with more tokens than the limit. A token is at least a byte, so short texts are not tokenised."""
        for place, prompt in enumerate(self.prompts):
            long = 4 * sum(len(m["content"]) for m in prompt.messages) + 256 > limit
            if place not in self.gone and long and (tokens := count_tokens(prompt)) > limit:
                self.drop(place, "too_long", f"{tokens} tokens")

    def judge(self, judge_answers: JudgeAnswers) -> None:
        """Answers that their own verifier does not accept."""
        left = [place for place in range(len(self.prompts)) if place not in self.gone]
        if len(left) > self.rules.answers_up_to:
            self.answers["unchecked"] = len(left)
            self.answers["why"] = f"more than data.cleaning.answers_up_to={self.rules.answers_up_to} prompts"
            return
        failed: dict[int, str] = {}
        for first in range(0, len(left), _JUDGED_TOGETHER):
            places = left[first : first + _JUDGED_TOGETHER]
            outcomes = judge_answers([self.prompts[place] for place in places])
            for place, outcome in zip(places, outcomes, strict=True):
                if outcome:
                    failed[place] = outcome
                else:
                    self.answers["unchecked" if outcome is None else "accepted"] += 1
        self.answers["failed"] = len(failed)
        if len(failed) > self.answers["accepted"]:  # then what is refused is the wording, and not the answers
            self.answers["why"] = "most answers are refused, so none was left out: `rlvr check data` says why"
            return
        for place, outcome in failed.items():
            self.drop(place, "answer_fails", outcome)

    def result(self, suites: SuiteTexts) -> Cleaned:
        kept = tuple(place for place in range(len(self.prompts)) if place not in self.gone)
        dropped = [(self.prompts[place].id, *self.gone[place]) for place in sorted(self.gone)]
        report = {
            "prompts": len(self.prompts),
            "kept": len(kept),
            "dropped": dict(collections.Counter(decision for _, decision, _ in dropped).most_common()),
            "contamination": self._contamination(suites),
            "answers": self.answers,
            "dropped_prompts": [{"id": i, "decision": decision, "detail": detail} for i, decision, detail in dropped],
        }
        return Cleaned(kept, report)

    def _contamination(self, suites: SuiteTexts) -> dict[str, Any]:
        problems: dict[str, set[str]] = {name: set() for name in suites.texts}
        for hit in self.hits:
            problems[hit.suite].add(hit.problem)
        pairs = [
            {
                "suite": hit.suite,
                "problem": hit.problem,
                "prompt": self.prompts[hit.place].id,
                "exact": hit.exact,
                "coverage": hit.coverage,
            }
            for hit in self.hits
        ]
        checked = self.rules.contamination
        return {
            "rule": RULE,
            "suites_checked": sorted(suites.texts) if checked else [],
            "suites_unchecked": dict(suites.unchecked) if checked else {"all": "data.cleaning.contamination is off"},
            "problems_hit": {name: len(found) for name, found in problems.items()},
            "dropped": len({hit.place for hit in self.hits}),
            "pairs": pairs,
        }


def _text(prompt: Prompt) -> str:
    """What a prompt says: the problem, or of plain text, which asks nothing, all of it."""
    return problem_text(prompt) if prompt.messages else str(prompt.meta.get("text", ""))


def _whole(prompt: Prompt) -> int:
    """A key of all of a prompt but its id."""
    digest = hashlib.blake2b(packed(dataclasses.replace(prompt, id="")), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def cache_key(contents: str, rules: Rules, suites: SuiteTexts, *more: str) -> str:
    """What a cleaned result is kept under: everything that it depends on."""
    content = json.dumps([VERSION, contents, dataclasses.asdict(rules), suites.fingerprint, *more])
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
