"""Loading policies and tokenizers, and building the tiny model that needs no download."""

from __future__ import annotations

import copy
import os
from contextlib import ExitStack, nullcontext
from logging import WARNING, getLogger
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from rlvr import hub
from rlvr.errors import UserError
from rlvr.hub import looks_local
from rlvr.rollout import chat
from rlvr.training.checkpoint import model_folder
from rlvr.training.packing import attention_name
from rlvr.training.zero_engine import gathered, is_divided, whole_as_used

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16, "float64": torch.float64}


def load_tokenizer(path: str, template: str | None = None, revision: str | None = None) -> PreTrainedTokenizerBase:
    """The tokenizer of a checkpoint, with a chat template. Raises `UserError` where there is none."""
    from transformers import AutoTokenizer

    tokenizer = _load(AutoTokenizer, path, revision=revision)
    chat.set_template(tokenizer, template)
    return tokenizer


def quiet() -> None:
    """Switches transformers' bars off: one per file read or written would tear the run's own display."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    # DeepSpeed, where it is installed, is imported by transformers and says on stdout which device it found.
    if not torch.cuda.is_available():
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
    getLogger("DeepSpeed").setLevel(WARNING)


def on_device(model: PreTrainedModel, device: str | torch.device) -> PreTrainedModel:
    """The model on a device, typed: transformers' wrapper of `Module.to` hides its arguments from type checkers."""
    moved: PreTrainedModel = torch.nn.Module.to(model, device)
    return moved


def cast_parameters(model: PreTrainedModel, dtype: torch.dtype) -> PreTrainedModel:
    """The model with its parameters in `dtype`. Buffers stay: rotary frequencies in bf16 would turn positions wrong."""
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
    return model


def load_model(path: str, revision: str | None = None, attention: str = "sdpa") -> PreTrainedModel:
    """A causal language model in fp32: the master weights. The backend makes the compute copy."""
    from transformers import AutoModelForCausalLM

    model = _load(AutoModelForCausalLM, path, revision=revision, dtype=torch.float32, attn_implementation=attention)
    remove_dropout(model)
    check_head(model, path)
    return model


def blank_copy(model: PreTrainedModel) -> PreTrainedModel:
    """A model of the same shape in fp32, as it was before any adapter was added; its weights are still to be set."""
    from transformers.initialization import no_init_weights

    config = copy.deepcopy(model.config)
    with no_init_weights():  # memory that nobody wrote to is not taken yet
        made: PreTrainedModel = type(model)._from_config(config, attn_implementation=config._attn_implementation)
    remove_dropout(made)
    return made


def remove_dropout(model: PreTrainedModel) -> None:
    """Switches dropout off: the policy that is trained must be the one that was sampled."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = 0.0  # type: ignore[assignment]  # a plain float in transformers' attention


def read_model(
    auto: Any, path: str, *, revision: str | None, attention: str, num_labels: int
) -> tuple[PreTrainedModel, list[str]]:
    """A model with a head that its checkpoint may lack, in fp32, and the names of the weights that it lacks."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()  # a head that is still to be trained is no news
    try:
        model, info = _load(
            auto,
            path,
            revision=revision,
            dtype=torch.float32,
            attn_implementation=attention,
            num_labels=num_labels,
            output_loading_info=True,
        )
    finally:
        logging.set_verbosity(level)
    return model, sorted(info["missing_keys"])


def _load(auto: Any, path: str, **options: Any) -> Any:
    path = model_folder(path)
    quiet()
    if "attn_implementation" in options:
        options["attn_implementation"] = attention_name(options["attn_implementation"])
    local = looks_local(path)
    folder = Path(path).expanduser()
    if local and not (folder / "config.json").is_file():
        raise UserError(
            f"model.path={path!r} is not a checkpoint: there is no config.json in {folder.resolve()}. "
            "Give the folder of a Hugging Face model, or a hub id such as Qwen/Qwen2.5-0.5B-Instruct."
        )
    with nullcontext() if local else hub.asked() as trouble:
        try:
            return auto.from_pretrained(str(folder) if local else path, **options)
        except (OSError, ValueError, KeyError) as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            where = "the folder" if local else "the Hugging Face hub"
            told = f"{trouble}, and its cache here has no such model" if trouble else first.rstrip(".")
            raise UserError(
                f"model.path={path!r} cannot be loaded from {where}: {told}. Check the name and the network, "
                "or download the model elsewhere and give its folder."
            ) from error


@torch.no_grad()
def check_head(model: PreTrainedModel, path: str) -> None:
    """Refuses a model whose logits are more than its output embedding times its last hidden state.

    Log-probs are computed from those two, in chunks; a model that caps or scales its logits
    (Gemma 2, Granite, Cohere) would otherwise be trained on wrong ones, silently.
    """
    head = model.get_output_embeddings()
    if head is None:
        raise UserError(f"model {path!r} has no output embedding: it is not a causal language model.")
    tokens = torch.arange(8, device=model.device).remainder(model.config.get_text_config().vocab_size).unsqueeze(0)
    with ExitStack() as stack:
        if divided := is_divided(head):
            stack.enter_context(whole_as_used(model))
        expected = model(input_ids=tokens, use_cache=False).logits.float()
        hidden = model.base_model(input_ids=tokens, use_cache=False).last_hidden_state
        if divided:
            stack.enter_context(gathered(list(head.parameters())))
        actual = torch.nn.functional.linear(hidden.float(), head.weight.float(), _float(head.bias))
    if not torch.allclose(actual, expected, atol=1e-3, rtol=1e-3):
        raise UserError(
            f"model {path!r} ({model.config.model_type}) changes its logits after the output embedding (a cap or a "
            "scale), which chunked log-probs do not follow. This family cannot be trained here yet."
        )


def _float(tensor: Any) -> Any:
    return None if tensor is None else tensor.float()
