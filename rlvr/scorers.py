"""The models that verifiers ask, opened as a recipe or an option says: graders and reward models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from rlvr.core import Scorer
from rlvr.errors import UserError
from rlvr.reward_sections import GraderSection
from rlvr.schema import EngineSection


class Models:
    """Opens models for the judge. `grader` is the one where a verifier's option names none."""

    def __init__(self, grader: GraderSection | None = None, device: str = "auto", tokens: int = 8192) -> None:
        self.grader, self.device, self.tokens = grader, device, tokens

    def __call__(self, kind: str, setting: Any) -> Scorer:
        """The model of a kind (`grader`, `reward_model`) that a verifier's option `setting` names."""
        if kind == "reward_model":
            from rlvr.training.reward_model import RewardModel

            return RewardModel(str(setting), device=self._device(), tokens=self.tokens)
        return self._grader(self.grader if setting is None else grader_section(setting))

    def _grader(self, section: GraderSection | None) -> Scorer:
        if section is None:
            raise UserError(
                "a verifier asks a grader and none is named. Give the recipe a section `grader: {model: NAME, url: "
                "http://HOST:8000/v1}`, or the verifier the option `grader` with the same."
            )
        if section.name == "scripted":
            from rlvr.rollout.engine_grader import ScriptedGrader

            return ScriptedGrader(section.model)
        if section.name == "endpoint":
            from rlvr.rollout.chat_endpoint import ChatEndpoint

            return ChatEndpoint(
                section.model,
                section.url,
                parallel=section.parallel,
                timeout=section.timeout,
                retries=section.retries,
                max_tokens=section.max_tokens,
                cache=section.cache,
            )
        return self._local(section)

    def _local(self, section: GraderSection) -> Scorer:
        """A model in this process, by transformers or by vLLM."""
        from rlvr.rollout.engine_grader import EngineGrader
        from rlvr.training.models import DTYPES, cast_parameters, load_model, load_tokenizer, on_device

        tokenizer = load_tokenizer(section.model)
        if section.name == "vllm":
            from rlvr.rollout.vllm_engine import VLLMEngine

            options = EngineSection(name="vllm")
            return EngineGrader(VLLMEngine(section.model, tokenizer, options, dtype=section.dtype), section.max_tokens)
        from rlvr.rollout.hf_engine import HFEngine

        model = cast_parameters(on_device(load_model(section.model), self._device()), DTYPES[section.dtype])
        return EngineGrader(HFEngine(model.eval(), tokenizer, section.parallel), section.max_tokens)

    def _device(self) -> str:
        import torch

        return ("cuda" if torch.cuda.is_available() else "cpu") if self.device == "auto" else self.device


def grader_section(setting: Any) -> GraderSection:
    """A verifier's option `grader`: a section, or a model's name alone. Raises UserError."""
    try:
        return GraderSection.model_validate(setting if isinstance(setting, Mapping) else {"model": setting})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'grader'}: {e['msg']}" for e in error.errors())
        raise UserError(f"the option grader {setting!r} names no grader: {problems}.") from error
