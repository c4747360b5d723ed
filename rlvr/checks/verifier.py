"""`rlvr check verifier`: what every verifier must stand, a third party's too.

It is given completions that are empty, huge, hostile, or that want the reward without an answer, and must judge each of
them: within the deadline, the same in another process and another order, with a reward in 0..1 that is 0 for those that
answer nothing. It runs as in training: in the judge's workers, or beside them where it asks a model.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rlvr import registry
from rlvr.core import Completion, Message, Prompt, Verdict, VerifierUse
from rlvr.errors import UserError
from rlvr.rewards import BadRow, Judge, check_answers, check_verifiers, read_rows

from . import Outcome
from .probes import Probe, probes_for

#: Rows of a file that are tried: each brings all the probes.
CASES = 4
#: Verdicts that may be late before the rest is left out.
PATIENCE = 3
RIGHT = "a right completion"


@dataclass(frozen=True, slots=True)
class Case:
    """A prompt with a completion that must be paid; None where no such completion is known."""

    prompt: Prompt
    right: str | None


@dataclass(frozen=True, slots=True)
class Tried:
    """One probe and the verdicts on it, of both passes."""

    case: int
    probe: Probe
    first: Verdict
    second: Verdict

    def said(self, what: str) -> str:
        return f"{self.probe.name}: {what}"


class StandIn:
    """A grader or a reward model that pays the right completions alone, and quotes what it was asked before it says so.

    `replies` are what it says of a right and of any other completion; a verifier's `example` gives them.
    """

    concurrent = True

    def __init__(self, cases: Sequence[Case], replies: tuple[Any, Any]) -> None:
        self.right, self.replies = [case.right for case in cases if case.right], replies

    def __call__(self, conversations: Sequence[Sequence[Message]]) -> list[Any]:
        return [self._reply("\n".join(m["content"] for m in conversation)) for conversation in conversations]

    def _reply(self, asked: str) -> Any:
        reply = self.replies[0 if any(text in asked for text in self.right) else 1]
        return f"I was asked:\n{asked}\n\n{reply}" if isinstance(reply, str) else reply


def check_verifier(
    name: str,
    options: Mapping[str, Any] | None = None,
    *,
    rows: Path | None = None,
    plugins: Sequence[Path] = (),
    timeout: float = 10.0,
) -> Outcome:
    """Every probe, twice, on the verifier's own example or the first rows of a file.

    Rows are those of `rlvr score` (prompt, completion, answer, meta), with completions that are right. `timeout` is in
    seconds a verdict. Plug-ins are loaded already. Raises UserError where it cannot be tried.
    """
    function = registry.get("verifier", name)
    example = getattr(function, "example", None)
    use = VerifierUse(name, options={**(example or {}).get("options", {}), **(options or {})})
    cases = _cases_of_rows(rows, use) if rows else [_case(example, use)]
    problems = check_verifiers([use]) or check_answers(case.prompt for case in cases)
    if problems:
        raise UserError(" ".join(problems))
    asks = getattr(function, "asks", None)
    kind = asks(use.options) if callable(asks) else asks
    open_model, model = _model(name, kind, example, cases, options or {})
    with tempfile.TemporaryDirectory() as folder:
        canary = Path(folder) / "ran"
        form_only = bool(getattr(function, "form_only", False))
        asked = [(i, probe) for i, case in enumerate(cases) for probe in _probes(case, canary, form_only)]
        pairs = {n: (cases[i].prompt, probe.completion) for n, (i, probe) in enumerate(asked)}
        first, second, restarts = dict[int, Verdict](), dict[int, Verdict](), 0.0
        for found, order in ((first, iter(pairs)), (second, reversed(pairs))):  # what a verdict leaves behind shows
            with Judge(1, timeout, plugins=plugins, warm=[name], open_model=open_model) as judge:
                judge.open_models([use])
                _judge(judge, pairs, (n for n in order if found is first or n in first), found)
                restarts += judge.metrics()["verifier/worker_restarts"]
        ran = canary.exists()
    tried = [Tried(*asked[n], verdict, second.get(n, verdict)) for n, verdict in first.items()]
    outcome = _outcome(tried, len(asked), restarts, ran, known=any(case.right for case in cases))
    head = {"verifier": name, "defined at": registry.location(function), **({"model": model} if model else {})}
    return replace(outcome, figures={**head, **outcome.figures})


def _judge(
    judge: Judge, pairs: Mapping[int, tuple[Prompt, Completion]], order: Iterable[int], found: dict[int, Verdict]
) -> None:
    """Judges one after the other; a verifier that is late again and again is not waited for to the end."""
    late = 0
    for n in order:
        found[n] = judge.submit(*pairs[n]).result()
        late += found[n].status == "timeout"
        if late == PATIENCE:
            break


def _probes(case: Case, canary: Path, form_only: bool) -> Iterable[Probe]:
    if case.right is not None:
        yield Probe(RIGHT, Completion.of_text(case.right))
    yield from probes_for(case.prompt, str(canary), form_only)


def _case(example: Mapping[str, Any] | None, use: VerifierUse) -> Case:
    """The verifier's own example, or a question that any verifier may be asked."""
    row = example or {"prompt": "What is 2 + 3?", "answer": "5"}
    messages = ({"role": "user", "content": row["prompt"]},)
    return Case(Prompt("example", messages, row["answer"], (use,), row.get("meta") or {}), row.get("completion"))


def _cases_of_rows(file: Path, use: VerifierUse) -> list[Case]:
    cases: list[Case] = []
    for number, row in enumerate(read_rows(file), 1):
        if isinstance(row, BadRow):
            raise UserError(f"{file}: {row.reason}.")
        if row.get("label") in (False, 0):
            continue
        prompt, right = row.get("prompt"), row.get("completion")
        if not isinstance(prompt, (str, list)) or not isinstance(right, str) or row.get("answer") is None:
            raise UserError(
                f"{file}, row {number}: a row needs the keys prompt, completion (a right one) and answer, as "
                "`rlvr score` reads them."
            )
        messages = tuple(prompt) if isinstance(prompt, list) else ({"role": "user", "content": prompt},)
        cases.append(
            Case(Prompt(str(row.get("id", number)), messages, row["answer"], (use,), row.get("meta") or {}), right)
        )
        if len(cases) == CASES:
            break
    if not cases:
        raise UserError(f"{file} has no row with a right completion. Give rows with prompt, completion and answer.")
    return cases


def _model(
    name: str, kind: str | None, example: Mapping[str, Any] | None, cases: Sequence[Case], options: Mapping[str, Any]
) -> tuple[Any, str]:
    """What opens the verifier's model, and its name: the one that an option says, or a stand-in."""
    from rlvr.rewards.judging.asking import SETTINGS
    from rlvr.scorers import Models

    if kind is None or options.get(SETTINGS[kind]) is not None:
        return Models(), str(options[SETTINGS[kind]]) if kind else ""
    replies = (example or {}).get("replies")
    if replies is None:
        raise UserError(
            f"verifier {name!r} asks a {kind.replace('_', ' ')}: name one with --option {SETTINGS[kind]}=..., or give "
            "the verifier's `example` the two `replies` of a stand-in, for a right and for any other completion."
        )
    stand_in = StandIn(cases, tuple(replies))
    return (lambda *_: stand_in), "a stand-in that pays right completions alone"


def _outcome(tried: Sequence[Tried], probes: int, restarts: float, ran: bool, known: bool) -> Outcome:
    """The figures, and what failed."""
    right = [t for t in tried if t.probe.name == RIGHT]
    games = [t for t in tried if t.probe.games]
    both = [(t, v) for t in tried for v in (t.first, t.second)]
    slowest, seconds = max(((t, v.seconds) for t, v in both), key=lambda pair: pair[1])
    unpaid = [t.said(f"is not paid: {t.first.reason}") for t in right if not t.first.reward]
    paid = [t.said(f"is paid {_worth(t.first):g}: {t.first.reason}") for t in games if _worth(t.first) > 0]
    lost = [t.said(f"could not be judged: {v.reason}") for t, v in both if not v.judged]
    lost = list(dict.fromkeys(lost))
    differing = [
        t.said("is judged differently in another process") for t in tried if _facts(t.first) != _facts(t.second)
    ]
    failures = [*unpaid, *paid, *lost, *differing]
    if ran:
        failures.append("text of a completion was executed: it made a file")
    if len(tried) < probes:
        failures.append(f"{probes - len(tried)} completions were not tried after {PATIENCE} that took too long")
    if restarts and not lost:
        failures.append("a worker had to be replaced: the verifier leaves processes behind, or takes too much memory")
    if unpaid:
        failures.append("where options or a grader make another completion right, give rows with --rows")
    if lost and not known:
        failures.append("if the verifier needs another kind of reference, give rows with --rows, or it an `example`")
    return Outcome(
        "verifier",
        {
            "right completions paid": f"{len(right) - len(unpaid)} of {len(right)}" if known else "none is known",
            "paid for nothing": f"{len(paid)} of {len(games)}",
            "could not be judged": f"{sum(not v.judged for _, v in both)} of {len(both)}",
            "judged differently again": f"{len(differing)} of {len(tried)}",
            "completions that were executed": "some" if ran else "none",
            "workers replaced": int(restarts),
            "slowest verdict (s)": seconds,
            "slowest on": slowest.probe.name,
        },
        tuple(failures),
    )


def _worth(verdict: Verdict) -> float:
    """All that a verdict pays: its reward, and its intermediate ones."""
    return (verdict.reward or 0.0) + sum(max(pay, 0.0) for _, pay in verdict.steps)


def _facts(verdict: Verdict) -> tuple[Any, ...]:
    """What must be the same again; a reason may tell times or places."""
    return verdict.reward, verdict.status, verdict.answer, dict(verdict.parts), verdict.steps
