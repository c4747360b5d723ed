"""From messages to token ids and back: the only place where text meets tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rlvr.core import Message
from rlvr.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: The prompts of base models: the contents, one below the other.
_PLAIN = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
_BEGUN = "{{ bos_token }}"


def plain_template(tokenizer: PreTrainedTokenizerBase) -> str:
    """The messages' text and nothing else, behind the token that this tokenizer begins every text with, if any."""
    begin = tokenizer.bos_token_id
    begins = begin is not None and list(tokenizer("a")["input_ids"])[:1] == [begin]
    return _BEGUN + _PLAIN if begins else _PLAIN


def set_template(tokenizer: PreTrainedTokenizerBase, template: str | None) -> None:
    """Gives the tokenizer its chat template: its own, `plain` where it has none or that is asked for, or Jinja text."""
    if template == "plain" or (template is None and not tokenizer.chat_template):
        tokenizer.chat_template = plain_template(tokenizer)
    elif template is not None:
        tokenizer.chat_template = template


def template_note(tokenizer: PreTrainedTokenizerBase, template: str | None, model: str) -> str | None:
    """What a user should know of a template that nobody chose: that of a base model."""
    if template is not None or tokenizer.chat_template != plain_template(tokenizer):
        return None
    return (
        f"{model} has no chat template of its own: its prompts are the messages' text and nothing else "
        f"(model.chat_template=plain, hash {template_hash(tokenizer)}); a Jinja template there changes that"
    )


def template_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    """Names the template in every record: scores under different templates are not comparable."""
    return _hash(str(tokenizer.chat_template))


def names_plain(hash: str | None) -> bool:
    """Whether a template's hash is that of the plain one."""
    return hash in (_hash(_PLAIN), _hash(_BEGUN + _PLAIN))


def _hash(template: str) -> str:
    return hashlib.blake2b(template.encode(), digest_size=6).hexdigest()


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


def completion_text(
    tokenizer: PreTrainedTokenizerBase, token_ids: Sequence[int], stop_ids: Sequence[int], stop: Sequence[str] = ()
) -> str:
    """The text of a completion, without what ended it: a token of `stop_ids`, or a text of `stop` and all behind it."""
    ids = list(token_ids)
    if ids and ids[-1] in stop_ids:
        ids = ids[:-1]
    return before_stop(str(tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)), stop)


def before_stop(text: str, stop: Sequence[str]) -> str:
    """The text before the first stop text: the last token may have brought more than that text's end."""
    return text[: min((place for ended in stop if (place := text.find(ended)) >= 0), default=None)]


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
