"""Small real checkpoints, prompts and recipes, so that every test trains and samples with the real thing."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

import torch

from rlvr.core import Completion, Group, Prompt, Rollout, Span, Verdict

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Models this small are faster on one thread, and tests then neither wait for nor take other cores.
torch.set_num_threads(1)

CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
#: Settings of a published checkpoint that would distort sampling if the engine listened to them.
DISTORTING = {"do_sample": True, "top_k": 20, "top_p": 0.8, "repetition_penalty": 1.1, "temperature": 0.3}


@functools.cache
def checkpoint(
    tied: bool = True, distorting: bool = False, seed: int = 0, scale: float = 1.0, pairs: bool = False
) -> Path:
    """A Llama of 2 layers of width 64 with a byte-level BPE tokenizer, as a folder; made once a session.

    `distorting` gives it a generation config that changes the distribution; `scale` multiplies the
    weights, so that its next-token distribution is far from uniform; `pairs` are tokens of two letters.
    """
    folder = Path(tempfile.mkdtemp(prefix="rlvr-tiny-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    tokenizer = make_tokenizer(pairs)
    model = make_model(tokenizer, tied=tied, seed=seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() >= 2:
                parameter.mul_(scale)
    if distorting:
        for key, value in DISTORTING.items():
            setattr(model.generation_config, key, value)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_tokenizer(pairs: bool = False) -> PreTrainedTokenizerBase:
    """Byte-level BPE: any text round-trips, one token a byte; with `pairs` also one for each vowel and a letter."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges = [(vowel, letter) for vowel in "aeiou" for letter in ascii_lowercase] if pairs else []
    vocabulary |= {"".join(pair): len(vocabulary) + i for i, pair in enumerate(merges)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",
        eos_token="<|end|>",
        additional_special_tokens=["<|user|>", "<|assistant|>"],
    )
    wrapped.chat_template = CHAT_TEMPLATE
    return wrapped


def make_model(
    tokenizer: PreTrainedTokenizerBase, *, tied: bool = True, seed: int = 0, positions: int = 2048
) -> PreTrainedModel:
    return llama(
        len(tokenizer),
        width=64,
        tied=tied,
        seed=seed,
        positions=positions,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def llama(
    vocabulary: int, *, width: int = 64, tied: bool = True, seed: int = 0, positions: int = 2048, **config: Any
) -> PreTrainedModel:
    """A Llama of 2 layers with head size 32, its weights drawn from `seed`."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    settings = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=width // 32,
        num_key_value_heads=width // 32,
        max_position_embeddings=positions,
        tie_word_embeddings=tied,
        **config,
    )
    return LlamaForCausalLM(settings)


def prompt(text: str, answer: Any = "2", name: str | None = None, verifier: str = "math") -> Prompt:
    return Prompt(name or f"t/{text}", ({"role": "user", "content": text},), answer, verifier)


def prompts(count: int) -> list[Prompt]:
    """Prompts of different lengths, so that left padding is in play."""
    return [prompt("what is " + "1+" * (i % 7) + f"{i}?", str(i), name=f"t/{i}") for i in range(count)]


def rollout(ids: Sequence[int], reward: float | None, prompt_ids: Sequence[int] = (1, 2)) -> Rollout:
    """A sampled completion with a verdict; reward None could not be judged."""
    span = Span("sampled", tuple(ids), (-1.0,) * len(ids))
    verdict = Verdict(None, "error") if reward is None else Verdict.of(reward)
    return Rollout(Completion((span,), "", prompt_ids=tuple(prompt_ids)), verdict, shaped=verdict.reward)


def group(index: int, rollouts: Sequence[Rollout]) -> Group:
    return Group(prompt(f"p{index}"), tuple(rollouts))


def recipe(run: Path, **sections: Any) -> dict[str, Any]:
    """A recipe of seconds on the chain task; `sections` are merged into it."""
    base: dict[str, Any] = {
        "model": {"path": str(checkpoint())},
        "data": {"train": {"name": "chain", "options": {"count": 32}}},
        "sampling": {"group_size": 4, "max_tokens": 8},
        "algorithm": {"name": "grpo"},
        "judge": {"workers": 1},
        "train": {"iterations": 4, "prompts_per_iteration": 4, "lr": 1e-3, "checkpoint_every": 2},
        "tracking": {"display": "none"},
        "run": str(run),
    }
    for name, values in sections.items():
        base[name] = {**base[name], **values} if isinstance(values, dict) and name in base else values
    return base
