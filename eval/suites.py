"""Suites: which data set, how many samples, drawn how. A suite with another number of samples is the same
suite; change `version` when a prompt, a reference or the verifier changes, because scores then stop comparing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from rlvr import registry
from rlvr.config import problem_of
from rlvr.core import Sampling, Verdict, VerifierUse
from rlvr.data import Asker, LoadedPrompts, asking_for, load_prompts
from rlvr.data_rules import set_problems
from rlvr.errors import UserError, did_you_mean
from rlvr.schema import EvalRef, SamplingSection

from .metrics import Score

#: One sample is greedy; several are drawn as DeepSeek-R1's evaluations did, which most published numbers follow.
GREEDY = {"temperature": 0.0, "top_p": 1.0}
SAMPLED = {"temperature": 0.6, "top_p": 0.95}

#: Several suites under one name, in the order in which they are reported.
GROUPS: dict[str, tuple[str, ...]] = {
    "reasoning": (
        "math500", "aime24", "aime25", "amc23", "minerva_math", "olympiadbench", "arc_easy", "arc_challenge",
    ),
    "math": ("gsm8k", "math500", "aime24", "aime25", "amc23", "minerva_math", "olympiadbench"),
    "code": ("humaneval", "mbpp"),
    "instructions": ("ifeval", "ifbench"),
    "arc_log_likelihood": ("arc_easy_acc", "arc_easy_acc_norm", "arc_challenge_acc", "arc_challenge_acc_norm"),
}  # fmt: skip

_SAMPLING_KEYS = ("temperature", "top_p", "top_k", "max_tokens", "stop")
_COLUMNS = ("prompt", "answer", "system", "id")
_SECTION = (
    "name", "path", "split", *_COLUMNS, "verifier", "options", "limit", "samples", "sampling", "label", "wanted_return",
    "template", "on_bad_row",
)  # fmt: skip


#: Where the settings of a suite are that a recipe evaluates by.
IN_RECIPE = "its entry of data.eval"


@dataclass(frozen=True, slots=True)
class Suite:
    """A data set's split with the settings of an evaluation. `samples` and `sampling` are defaults.

    `answering` says how a completion comes about: the model writes it (`generate`), or it is the option of a
    multiple-choice question whose text has the largest log-likelihood (`likeliest`), or the largest one a character
    (`likeliest_per_character`). `scores` are what it is also reported by: a function of the judged verdicts, one
    sequence a problem, which names further scores. `place` is where its settings are written, as messages call it.
    """

    name: str = ""
    version: int = 0
    dataset: str | None = None
    split: str = "test"
    path: str | Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    verifier: str | tuple[VerifierUse, ...] | None = None
    samples: int = 1
    sampling: Mapping[str, Any] = field(default_factory=dict)
    limit: int | None = None
    wanted_return: float | None = None
    template: str | None = None
    on_bad_row: str = "error"
    answering: Literal["generate", "likeliest", "likeliest_per_character"] = "generate"
    scores: Callable[[Sequence[Sequence[Verdict]]], Mapping[str, Score]] | None = None
    place: str = ""

    def load(self, *, limit: int | None = None, data_dir: str | Path | None = None) -> LoadedPrompts:
        """Its problems: the first `limit` of them, where a return is wanted with it in front of the answer.

        Raises `UserError` that names the suite and where what is wrong is written.
        """
        place = self.place or f"a suite's YAML file, beside name: {self.dataset}"
        folder = "data.data_dir=FOLDER" if self.place == IN_RECIPE else "--data-dir FOLDER"
        try:
            loaded = load_prompts(
                self.dataset,
                path=self.path,
                split=self.split,
                columns=self.columns or None,
                verifier=self.verifier,
                limit=limit if limit is not None else self.limit,
                data_dir=data_dir,
                options=self.options or None,
                template=self.template,
                on_bad_row=self.on_bad_row,
                asker=Asker(f"{{key}}: {{value}} ({place})", folder),
            )
        except UserError as error:
            raise UserError(f"suite {self.name!r}: {error}") from error
        if self.wanted_return is None:
            return loaded
        asked = tuple(asking_for(prompt, self.wanted_return) for prompt in loaded.prompts)
        return dataclasses.replace(loaded, prompts=asked)

    def asking_for(self, value: float) -> Suite:
        """The same suite for a return-conditioned policy, of which it wants this return; its name says so."""
        return dataclasses.replace(self, name=f"{self.name}_return_{value:g}", wanted_return=value)

    def sampling_for(self, samples: int, overrides: Mapping[str, Any], seed: int) -> Sampling:
        """The sampling of `samples` completions a problem: built-in < suite's < `overrides`."""
        if samples < 1:
            raise UserError(f"suite {self.name!r}: the number of samples is {samples}; it must be at least 1.")
        if samples > 1 and self.answering != "generate":
            raise UserError(
                f"suite {self.name!r}: {samples} samples of a choice by log-likelihood are {samples} times the same "
                "one. Ask for one sample (-k 1)."
            )
        chosen = {**(GREEDY if samples == 1 else SAMPLED), **self.sampling, **overrides}
        if "stop" in chosen:
            chosen["stop"] = (chosen["stop"],) if isinstance(chosen["stop"], str) else tuple(chosen["stop"])
        self._check_sampling(chosen)
        if samples > 1 and chosen["temperature"] == 0:
            raise UserError(
                f"suite {self.name!r}: {samples} samples at temperature 0 are {samples} times the same completion. "
                "Ask for one sample, or set a temperature above 0."
            )
        return Sampling(**chosen, seed=seed, group_size=samples)

    def _check_sampling(self, chosen: Mapping[str, Any]) -> None:
        """Raises `UserError` with every setting that is no proper one."""
        problems = [f"no sampling setting is called {k!r}{did_you_mean(k, _SAMPLING_KEYS) or '.'}" for k in chosen
                    if k not in _SAMPLING_KEYS]  # fmt: skip
        try:
            SamplingSection.model_validate({k: v for k, v in chosen.items() if k in _SAMPLING_KEYS})
        except ValidationError as error:
            problems += [f"sampling.{e['loc'][0]} is {e['input']!r}: {e['msg'].lower()}." for e in error.errors()]
        if "" in chosen.get("stop", ()):
            problems.append("sampling.stop has an empty text, at which every completion would stop at once.")
        if problems:
            raise UserError(f"suite {self.name!r}: {' '.join(problems)}")


def suite_for(reference: str | Mapping[str, Any] | Suite, *, name: str | None = None) -> Suite:
    """The suite that `reference` means; `name` renames it (it is in the metrics' paths).

    A text is a registered suite (`gsm8k`) or a data set with an optional split (`chain`, `chain:train`); a
    mapping is an entry of a recipe's `data.eval` (`{"name": "chain", "options": {"min_ops": 8, "max_ops": 9},
    "label": "chain_longer", "samples": 4, "sampling": {"temperature": 1.0}}`).
    """
    found = _find(reference)
    return dataclasses.replace(found, name=name) if name else found


def suites_for(references: Sequence[str]) -> list[Suite]:
    """The suites that texts mean, a group's (`reasoning`) and a file's (`mine.yaml`) among them; each suite once.

    Raises `UserError` with everything that is none.
    """
    found: dict[str, Suite] = {}
    mistakes: list[str] = []
    for name in dict.fromkeys(name for text in references for name in GROUPS.get(text, (text,))):
        try:
            one = suite_for(name)
        except UserError as error:
            mistakes.append(str(error))
            continue
        if found.setdefault(one.name, one) != one:
            mistakes.append(f"two suites are called {one.name!r}: give one of them a `label` in its file.")
    if not references:
        mistakes.append(f"no suite was named.{_choices()}")
    if mistakes:  # what there is to choose from is said once
        said = [text.removesuffix(_choices()) for text in mistakes]
        raise UserError("\n  ".join(said) + (_choices() if said != mistakes else ""))
    return list(found.values())


def _choices() -> str:
    """What --suite takes, as the end of a message."""
    return (
        f" Suites: {', '.join(registry.REGISTRIES['suite'].names())}; groups: {', '.join(GROUPS)}; any data set (`rlvr "
        "show datasets`), with a split where it is not test, such as gsm8k:train; and YAML files."
    )


def suite_from_file(path: Path) -> Suite:
    """A user's own suite: a YAML file with the keys of a recipe's `data.eval` entry, such as

        path: problems.jsonl
        prompt: question
        answer: solution
        verifier: math
        samples: 4

    A relative `path` is looked up beside the file, whose name is the suite's unless it has a `label`.
    """
    import yaml

    try:
        section = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no suite file {path.absolute()}. Check --suite.") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"the suite {path} cannot be read: {' '.join(str(error).split())}. Mend it there.") from error
    if not isinstance(section, dict):
        raise UserError(f"the suite {path} is no mapping. Write keys such as path, prompt, answer, verifier, samples.")
    if (data := section.get("path")) is not None and not str(data).startswith("hf://"):
        section["path"] = str(path.parent / Path(str(data)).expanduser())
    if problems := list(_problems_of(section)):
        counted = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise UserError("\n".join([f"the suite {path} is not valid ({counted}):", *(f"  {p}" for p in problems)]))
    return _from_section({"label": path.stem, **section}, str(path))


def _problems_of(section: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a suite's section, by key."""
    try:
        ref = EvalRef.model_validate(section)
    except ValidationError as error:
        for key, text in (problem_of(e, EvalRef) for e in error.errors()):
            yield f"{key}: belongs to sampling: {{{key}: ...}}" if key in _SAMPLING_KEYS else f"{key}: {text}"
        return
    if ref.name is None and ref.path is None:
        yield "it needs a name or a path: name: gsm8k, or path: FILE.jsonl with prompt, answer and verifier"
        return
    yield from (f"{key.removeprefix('data.eval.')}: {text}" for key, text in set_problems("data.eval", ref))


def _find(reference: str | Mapping[str, Any] | Suite) -> Suite:
    if isinstance(reference, Suite):
        return reference
    if isinstance(reference, Mapping):
        return _from_section(reference, IN_RECIPE)
    if reference.endswith((".yaml", ".yml")):
        return suite_from_file(Path(reference))
    if reference in registry.REGISTRIES["suite"].names():
        definition = registry.get("suite", reference)
        return dataclasses.replace(definition(), name=reference, version=definition.version)
    dataset, _, split = reference.partition(":")
    known = registry.REGISTRIES["dataset"].names()
    if dataset not in known:
        suites = registry.REGISTRIES["suite"].names()
        near = did_you_mean(reference, [*suites, *GROUPS, *known]) or "."
        raise UserError(f"no suite or data set is called {reference!r}{near}{_choices()}")
    return Suite(name=reference.replace(":", "_"), dataset=dataset, split=split or _held_out(dataset))


def _from_section(section: Mapping[str, Any], place: str) -> Suite:
    given = {key: value for key, value in section.items() if value is not None and value != {}}
    for key in given:
        if key not in _SECTION:
            known = f" It knows {', '.join(_SECTION)}."
            raise UserError(f"a suite's data section has no key {key!r}{did_you_mean(key, _SECTION) or '.'}{known}")
    dataset, path = given.get("name"), given.get("path")
    if dataset is None and path is None:
        raise UserError("a suite's data section needs a name or a path: {name: gsm8k}, or {path: FILE.jsonl, ...}.")
    if dataset in registry.REGISTRIES["suite"].names():
        base = _find(dataset)
    else:
        base = Suite(dataset=dataset, split=_held_out(dataset) if dataset else "test")
    wanted = given.get("wanted_return")
    base = dataclasses.replace(base, name=str(dataset or Path(str(path)).stem))
    base = base if wanted is None else base.asking_for(wanted)
    return dataclasses.replace(
        base,
        name=str(given.get("label") or base.name),
        path=path,
        split=given.get("split", base.split),
        columns={key: given[key] for key in _COLUMNS if key in given},
        options=given.get("options", {}),
        verifier=_uses(given["verifier"]) if "verifier" in given else base.verifier,
        limit=given.get("limit"),
        template=given.get("template", base.template),
        on_bad_row=given.get("on_bad_row", base.on_bad_row),
        samples=given.get("samples", base.samples),
        sampling={**base.sampling, **given.get("sampling", {})},
        place=place,
    )


def _uses(value: str | Sequence[str | Mapping[str, Any] | VerifierUse]) -> str | tuple[VerifierUse, ...]:
    """A section's verifier: a name, or a list of names, of sections and of `VerifierUse`."""
    if isinstance(value, str):
        return value
    uses = [VerifierUse(use) if isinstance(use, str) else use for use in value]
    return tuple(use if isinstance(use, VerifierUse) else VerifierUse(**use) for use in uses)


def _held_out(dataset: str) -> str:
    """`test` where the data set has it, or else its last split."""
    source = getattr(registry.get("dataset", dataset), "source", None)
    splits = source.splits if source is not None else ("test",)
    return "test" if "test" in splits else splits[-1]
