"""From messages to token ids and back: the only place where text meets tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rlvr.core import Message
from rlvr.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: A template for base models: the contents, one below the other.
PLAIN_TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"


def set_template(tokenizer: PreTrainedTokenizerBase, template: str | None, model: str) -> None:
    """Gives the tokenizer its chat template: its own, `plain`, or Jinja text. Raises where there is none."""
    if template == "plain":
        tokenizer.chat_template = PLAIN_TEMPLATE
    elif template is not None:
        tokenizer.chat_template = template
    if not tokenizer.chat_template:
        raise UserError(
            f"model {model!r} has no chat template, so its prompts cannot be written. It is probably a base model: "
            "set model.chat_template=plain (the messages' text, nothing else), or give a Jinja template there."
        )


def template_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    """Names the template in every record: scores under different templates are not comparable."""
    return hashlib.blake2b(str(tokenizer.chat_template).encode(), digest_size=6).hexdigest()


def prompt_ids(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> list[int]:
    """The tokens that the policy continues: those of `prompt_text`."""
    return list(tokenizer(prompt_text(tokenizer, messages), add_special_tokens=False)["input_ids"])


def prompt_text(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> str:
    """The templated messages and the assistant's opening.

    A last message by the assistant is the beginning of the answer itself.
    """
    begun = messages[-1]["content"] if messages and messages[-1]["role"] == "assistant" else ""
    asked = messages[:-1] if begun else messages
    text = tokenizer.apply_chat_template([dict(m) for m in asked], add_generation_prompt=True, tokenize=False)
    return f"{text}{begun}"


def completion_text(tokenizer: PreTrainedTokenizerBase, token_ids: Sequence[int], stop_ids: Sequence[int]) -> str:
    """The text of a completion, without the token that ended it."""
    ids = list(token_ids)
    if ids and ids[-1] in stop_ids:
        ids = ids[:-1]
    return str(tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def eos_of_checkpoint(path: str, revision: str | None = None) -> int | list[int] | None:
    """What a checkpoint's generation config says ends an answer; its model config's where it has none."""
    from transformers import AutoConfig, GenerationConfig

    try:
        settings = GenerationConfig.from_pretrained(path, revision=revision or "main")
    except OSError:
        settings = GenerationConfig.from_model_config(AutoConfig.from_pretrained(path, revision=revision))
    eos: int | list[int] | None = settings.eos_token_id
    return eos


def tied_embeddings(path: str, revision: str | None = None) -> bool:
    """Whether a checkpoint's output embedding is its input embedding."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(path, revision=revision)
    return bool(getattr(config.get_text_config(), "tie_word_embeddings", False))


def stop_token_ids(tokenizer: PreTrainedTokenizerBase, generation_eos: int | list[int] | None) -> tuple[int, ...]:
    """The ids that end a completion: the checkpoint's generation config contributes these and nothing else."""
    ids = [generation_eos] if isinstance(generation_eos, int) else list(generation_eos or [])
    if tokenizer.eos_token_id is not None:
        ids.append(tokenizer.eos_token_id)
    if not ids:
        raise UserError(
            "the model names no token that ends an answer: neither its tokenizer (eos_token) nor its "
            "generation_config.json (eos_token_id). Set one in the checkpoint; without it no answer would ever stop."
        )
    return tuple(sorted(set(ids)))
