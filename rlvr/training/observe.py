"""Numbers about an iteration: its rollouts, and its updates taken together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, pstdev

from rlvr.core import Group, Rollout
from rlvr.functional.advantages import DEAD_SPREAD

#: Counted over the iteration's updates rather than averaged.
_SUMMED = frozenset({"train/empty_updates", "train/skipped_updates", "time/train"})


_SUMMED_OVER_RANKS = frozenset({"rollout/near_ties", "rollout/tokens_per_second"})


def rollout_metrics(groups: Sequence[Group]) -> dict[str, float]:
    """Rewards, lengths and statuses of an iteration's rollouts; nothing for demonstrations."""
    rollouts = [r for g in groups for r in g.rollouts]
    if not rollouts:
        return {}
    rewards = [r.verdict.reward for r in rollouts if r.verdict.reward is not None]
    lengths = [r.completion.num_tokens for r in rollouts]
    return {
        "reward/mean": fmean(rewards) if rewards else 0.0,
        "reward/std": pstdev(rewards) if rewards else 0.0,
        "reward/shaped_mean": _mean(_returns(rollouts)),
        "group/zero_std_rate": _mean([float(_dead(g)) for g in groups]),
        "group/solved_rate": _mean([float(any(r.verdict.reward == 1.0 for r in g.rollouts)) for g in groups]),
        "group/duplicate_rate": _mean([_duplicates(g) for g in groups]),
        "tokens/completion_mean": fmean(lengths),
        "tokens/completion_max": float(max(lengths)),
        "tokens/truncated_rate": _mean([float(r.completion.finish_reason == "length") for r in rollouts]),
        "tokens/trained": float(sum(sum(r.completion.mask) for r in rollouts if r.shaped is not None)),
        "verifier/error_rate": _mean([float(r.verdict.status == "error") for r in rollouts]),
        "verifier/timeout_rate": _mean([float(r.verdict.status == "timeout") for r in rollouts]),
        "verifier/unparsable_rate": _mean([float(r.verdict.status == "unparsable") for r in rollouts]),
        **_parts(rollouts),
        **_terms(rollouts),
    }


def across_ranks(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """What the ranks' sources report, as one row: the most seconds and maxima, counts summed, the rest averaged."""
    out: dict[str, float] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row[name] for row in rows if name in row]
        largest = name.startswith("time/") or name.endswith("_max")
        out[name] = max(values) if largest else sum(values) if name in _SUMMED_OVER_RANKS else fmean(values)
    return out


def mean_of_updates(updates: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The updates of an iteration as one row: counts and seconds summed, `train/lr` the last, the rest averaged."""
    names = dict.fromkeys(name for update in updates for name in update)
    out: dict[str, float] = {}
    for name in names:
        values = [update[name] for update in updates if name in update]
        out[name] = sum(values) if name in _SUMMED else values[-1] if name == "train/lr" else fmean(values)
    return out


def _returns(rollouts: Sequence[Rollout]) -> list[float]:
    """What training maximises, of the judged: the shaped reward and the intermediate ones."""
    return [r.shaped + sum(pay for _, pay in r.verdict.steps) for r in rollouts if r.shaped is not None]


def _parts(rollouts: Sequence[Rollout]) -> dict[str, float]:
    """The mean of each part that verdicts name."""
    values: dict[str, list[float]] = {}
    for rollout in rollouts:
        for name, value in rollout.verdict.parts.items():
            values.setdefault(f"part/{name}", []).append(value)
    return {name: fmean(found) for name, found in values.items()}


def _terms(rollouts: Sequence[Rollout]) -> dict[str, float]:
    """The mean of each term of what training maximises, where there is more than the verdict."""
    values: dict[str, list[float]] = {}
    for rollout in rollouts:
        for name, value in rollout.terms.items():
            values.setdefault(f"term/{name}", []).append(value)
    return {name: fmean(found) for name, found in values.items()} if set(values) - {"term/verdict"} else {}


def _duplicates(group: Group) -> float:
    """The share of completions that repeat one before them, token by token."""
    return 1.0 - len({r.completion.token_ids for r in group.rollouts}) / len(group.rollouts)


def _dead(group: Group) -> bool:
    rewards = _returns(group.rollouts)
    return len(rewards) < 2 or max(rewards) - min(rewards) < DEAD_SPREAD


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0
