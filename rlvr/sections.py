"""The sections of a recipe that say what is trained on and measured; `rlvr.schema` has the others."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Section(BaseModel):
    """Unknown keys are mistakes, so are infinities where none is meant, and nothing changes after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def named(key: str) -> BeforeValidator:
    """A bare string is short for `{key: string}`."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


class VerifierRef(BaseModel):
    """A verifier by name, its weight among several, what it counts behind, and its options as further keys."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str
    weight: float = Field(1.0, ge=0, description="share of the reward; 0 for one that is another's gate only")
    gate: str = Field("", description="another verifier of the list: where its reward is not 1, this one counts as 0")

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class DataRef(Section):
    """A registered data set, or a file with the columns to read."""

    name: str | None = Field(None, description="a registered data set (`rlvr show dataset`)")
    path: str | None = Field(None, description="a file (.jsonl, .json, .parquet, .csv, .arrow), a pattern, or hf://...")
    split: str | None = Field(None, description="default: `train` for training, `test` for evaluation")
    prompt: str | None = Field(None, description="the question's column, where no `name` says how to read the file")
    answer: str | None = Field(None, description="the reference answer's column, likewise")
    system: str | None = Field(None, description="the system prompt's column, likewise")
    id: str | None = Field(None, description="the column that names a row, likewise")
    template: str | None = Field(None, description="none, boxed, r1, dapo or qwen_math; default: the data set's own")
    on_bad_row: Literal["error", "skip"] = Field("error", description="what a row does that cannot be read")
    verifier: Annotated[list[VerifierRef] | None, BeforeValidator(lambda v: _verifiers(v))] = None
    limit: int | None = Field(None, ge=1, description="only the first so many prompts")
    wanted_return: float | None = Field(None, description="asks a return-conditioned policy for this return")
    options: dict[str, Any] = Field(default_factory=dict, description="the data set's own options")


def _verifiers(value: Any) -> Any:
    items = value if isinstance(value, list) or value is None else [value]
    return items if items is None else [{"name": item} if isinstance(item, str) else item for item in items]


class EvalRef(DataRef):
    """A suite or data set that is evaluated during training."""

    samples: int | None = Field(None, ge=1, description="completions a problem; default: the suite's")
    sampling: dict[str, Any] = Field(
        default_factory=dict, description="temperature, top_p, max_tokens, ... instead of the suite's"
    )
    label: str | None = Field(None, description="its name in the metrics; default: `name`")


class SetRef(DataRef):
    """One set of a mix, and how much of it."""

    count: int | None = Field(None, ge=1, description="prompts drawn from it by train.seed; default: all of them")
    weight: float | None = Field(None, gt=0, description="its share among the sets with a weight, repeated if small")
    epochs: int = Field(1, ge=1, description="times that they occur in one pass over the mix")


class TrainRef(DataRef):
    """What is trained on: a data set or a file, several of them (a list, or `sets`), or a published mix by name."""

    sets: list[Annotated[SetRef, named("name")]] = Field(default_factory=list, description="several sets at once")
    mix: str | None = Field(None, description="olmo3_think or olmo3_instruct: sets and counts as published")
    on_missing: Literal["error", "skip"] = Field("error", description="of several: what a set does that cannot be had")

    @property
    def several(self) -> bool:
        return bool(self.sets) or self.mix is not None


class CleaningSection(Section):
    """What is left out before training; `false` for nothing. Generated sets are taken as they are."""

    duplicates: bool = Field(True, description="prompts with the same words; all of them where their answers differ")
    near_duplicates: bool = Field(True, description="0.8 of the 8-grams in common, and the same answer")
    contamination: bool = Field(True, description="prompts that cover half of the 8-grams of a suite's problem")
    answers: bool = Field(True, description="prompts whose own answer their verifier does not accept")
    answers_up_to: int = Field(50_000, ge=0, description="no answers are judged where there are more prompts than this")
    max_prompt_tokens: int | None = Field(None, ge=1, description="longer prompts are left out; default: no limit")


class CurriculumSection(Section):
    """Each epoch in the order of a column's numbers; equal ones in the order of the seed."""

    column: str = Field(description="a column of numbers, of texts like 7/8, or of texts that end in a number")
    order: Literal["ascending", "descending"] = "ascending"


class DifficultyFilterSection(Section):
    """Prompts that teach nothing for now are left out for a while: their completions were all right, or all wrong."""

    solved_after: int | None = Field(2, ge=1, description="times in a row that all were right; null: never left out")
    failed_after: int | None = Field(None, ge=1, description="times in a row that all were wrong; null: never left out")
    revisit_after: int = Field(100, ge=1, description="iterations until such a prompt is tried again")


def _several(value: Any) -> Any:
    return {"sets": value} if isinstance(value, list) else value


def _switched(value: Any) -> Any:
    off = ("duplicates", "near_duplicates", "contamination", "answers")
    return dict.fromkeys(off, False) if value is False else {} if value is True else value


class DataSection(Section):
    """What is trained on and what is measured."""

    train: Annotated[TrainRef, BeforeValidator(_several), named("name")]
    eval: list[Annotated[EvalRef, named("name")]] = Field(default_factory=list)
    language: Annotated[DataRef | None, named("name")] = Field(
        None, description="texts of return_conditioned's auxiliary loss"
    )
    cleaning: Annotated[CleaningSection, BeforeValidator(_switched)] = Field(default_factory=lambda: CleaningSection())
    curriculum: CurriculumSection | None = None
    difficulty_filter: DifficultyFilterSection | None = None
    data_dir: str | None = Field(None, description="folder of files named like gsm8k_test.jsonl, instead of the hub")
