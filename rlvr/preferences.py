"""From a run's completions to pairs of which one is preferred: by their verdicts, or by a grader (RLAIF)."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlvr.core import Message, Scorer
from rlvr.errors import UserError
from rlvr.records import rollouts_file
from rlvr.rewards import decision, question

#: Pairs that a grader is asked about at once: what is lost when the machine goes down.
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Answer:
    """One completion of a prompt and the reward that it got; None where it could not be judged."""

    text: str
    reward: float | None


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt of a run with the different answers that it got, in the order in which they were sampled."""

    prompt_id: str
    messages: tuple[Message, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one prompt; `margin` says by how much the chosen one is better."""

    prompt_id: str
    messages: tuple[Message, ...]
    chosen: str
    rejected: str
    margin: float

    def row(self, number: int) -> dict[str, Any]:
        """As the data set `preferences` reads it."""
        return {
            "id": f"{self.prompt_id}/{number}",
            "prompt": [dict(m) for m in self.messages],
            "chosen": self.chosen,
            "rejected": self.rejected,
            "margin": round(self.margin, 6),
        }


def read_questions(run: Path, since: int = 0) -> tuple[list[Question], Counter[str]]:
    """The prompts of a run (its folder, or its rollouts.jsonl) with their answers, and what was left out and why.

    Answers of iterations before `since` are not read. Completions that ran into the limit are left out: they are
    no whole answers. So are repetitions.
    """
    file = rollouts_file(run)
    left_out: Counter[str] = Counter()
    messages: dict[str, tuple[Message, ...]] = {}
    answers: dict[str, dict[str, Answer]] = {}
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                row = json.loads(line)
                text, reward, prompt_id = row["text"], row["verdict"]["reward"], str(row["prompt_id"])
                if int(row["iteration"]) < since:
                    continue
                asked = tuple({"role": str(m["role"]), "content": str(m["content"])} for m in row["messages"])
            except (ValueError, KeyError, TypeError):
                left_out["broken line"] += 1
                continue
            if row.get("finish_reason") != "stop":
                left_out["cut off"] += 1
            elif not isinstance(text, str) or not text.strip():
                left_out["empty"] += 1
            elif text in answers.setdefault(prompt_id, {}):
                left_out["repeated"] += 1
            else:
                messages[prompt_id] = asked
                answers[prompt_id][text] = Answer(text, reward)
    found = [Question(i, messages[i], tuple(by_text.values())) for i, by_text in answers.items() if by_text]
    return found, left_out


def by_verdict(questions: Sequence[Question], per_prompt: int, left_out: Counter[str]) -> list[Pair]:
    """Pairs whose rewards differ, at most `per_prompt` of a prompt, each answer as rarely as can be."""
    pairs: list[Pair] = []
    for asked in questions:
        judged = [a for a in asked.answers if a.reward is not None]
        left_out["could not be judged"] += len(asked.answers) - len(judged)
        candidates = []
        for a, b in itertools.combinations(judged, 2):
            better, worse = (a, b) if (a.reward or 0.0) > (b.reward or 0.0) else (b, a)
            margin = (better.reward or 0.0) - (worse.reward or 0.0)
            if margin == 0:
                left_out["tie"] += 1
            else:
                candidates.append(Pair(asked.prompt_id, asked.messages, better.text, worse.text, margin))
        pairs += _spread(candidates, per_prompt)
    return pairs


def by_grader(
    questions: Sequence[Question], per_prompt: int, grader: Scorer, left_out: Counter[str], *, both_orders: bool = False
) -> Iterator[Pair]:
    """Pairs as a grader prefers them. A reply that fails or does not decide costs its pair and is never a number.

    Which answer is shown first is drawn from the texts themselves. With `both_orders` each pair is asked about
    twice, and one where the grader contradicts itself is left out as a tie.
    """
    candidates = []
    for asked in questions:
        mine = [Pair(asked.prompt_id, asked.messages, a.text, b.text, 0.0) for a, b in _ordered(asked)]
        candidates += _spread(mine, per_prompt)
    for start in range(0, len(candidates), _BATCH):
        part = candidates[start : start + _BATCH]
        asked_of = [question(p.messages, p.chosen, p.rejected) for p in part]
        turned = [question(p.messages, p.rejected, p.chosen) for p in part] if both_orders else []
        replies = grader([*asked_of, *turned])
        for index, pair in enumerate(part):
            values = [_read(replies[index])]
            if both_orders:
                back = _read(replies[len(part) + index])
                values.append(None if back is None else -back)
            if (outcome := _outcome(pair, values, left_out)) is not None:
                yield outcome


def write_pairs(pairs: Sequence[Pair], out: Path, held_out: float) -> dict[str, int]:
    """Writes `out`, and a share of the *prompts* to a second file, so that no prompt is in both; pairs by file."""
    files = {out: [p for p in pairs if not _is_held_out(p.prompt_id, held_out)]}
    if held_out:
        files[out.with_name(f"{out.stem}_held_out{out.suffix}")] = [
            p for p in pairs if _is_held_out(p.prompt_id, held_out)
        ]
    for file, rows in files.items():
        part = file.with_name(file.name + ".part")
        try:
            with part.open("w", encoding="utf-8") as stream:
                stream.writelines(json.dumps(p.row(i)) + "\n" for i, p in enumerate(rows))
            part.replace(file)
        except OSError as error:
            raise UserError(f"{file} cannot be written: {error}. Choose another place with --out.") from error
    return {str(file): len(rows) for file, rows in files.items()}


def _outcome(pair: Pair, values: Sequence[float | None], left_out: Counter[str]) -> Pair | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        left_out["not graded"] += 1
        return None
    if min(known) < 0 < max(known):
        left_out["contradicted"] += 1
        return None
    margin = sum(known) / len(known)
    if margin == 0:
        left_out["tie"] += 1
        return None
    better, worse = (pair.chosen, pair.rejected) if margin > 0 else (pair.rejected, pair.chosen)
    return Pair(pair.prompt_id, pair.messages, better, worse, abs(margin))


def _read(reply: Any) -> float | None:
    return decision(reply) if isinstance(reply, str) else None


def _ordered(asked: Question) -> Iterator[tuple[Answer, Answer]]:
    """Every two answers, in an order that depends on nothing but their texts."""
    for a, b in itertools.combinations(asked.answers, 2):
        yield (a, b) if _hash(a.text + b.text) % 2 else (b, a)


def _spread(candidates: Sequence[Pair], count: int) -> list[Pair]:
    """`count` of the pairs, of which each takes the answers that were used least so far."""
    used: Counter[str] = Counter()
    left, picked = list(candidates), list[Pair]()
    while left and len(picked) < count:
        best = min(left, key=lambda p: used[p.chosen] + used[p.rejected])  # the first of equals
        left.remove(best)
        picked.append(best)
        used.update((best.chosen, best.rejected))
    return picked


def _is_held_out(prompt_id: str, share: float) -> bool:
    return _hash(prompt_id) / 2**64 < share


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(errors="replace"), digest_size=8).digest(), "little")


def summary(files: Mapping[str, int], left_out: Mapping[str, int]) -> dict[str, Any]:
    """What the verb reports."""
    return {"pairs": sum(files.values()), "files": dict(files), "left_out": {k: v for k, v in left_out.items() if v}}
