"""A tiny Llama and a real byte-level tokenizer, made from a seed: a policy that needs no download.

Any text round-trips (all 256 bytes are tokens) and 2,048 positions fit, so the same checkpoint also runs
GSM8K and MATH500, badly. A few merges suit the chain task: an operation such as `+5` or a definition's
left side such as `d=` is one token, so one step of the work is four tokens in question and answer.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from rlvr.training.models import quiet

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

PAD, END = "<|pad|>", "<|end|>"
SPECIAL = (PAD, END, "<|system|>", "<|user|>", "<|assistant|>")
TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE: special tokens, 256 bytes, and the merges of `_merges`."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {token: i for i, token in enumerate(SPECIAL)}
    for character in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary[character] = len(vocabulary)
    merges = []
    for left, right in _merges():
        left, right = left.replace(" ", "Ġ"), right.replace(" ", "Ġ")  # how byte-level BPE writes a space
        vocabulary[left + right] = len(vocabulary)
        merges.append((left, right))
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, clean_up_tokenization_spaces=False
    )
    fast.chat_template = TEMPLATE
    return fast


def _merges() -> list[tuple[str, str]]:
    merges = [(letter, "=") for letter in string.ascii_letters]
    merges += [
        (sign, digit) for sign, digits in (("+", "123456789"), ("-", "123456789"), ("*", "379")) for digit in digits
    ]
    merges += [("=", digit) for digit in string.digits]
    merges += [(",", " "), (".", " ")]
    merges += [(f"={digit}", ", ") for digit in string.digits]
    boxed = "\\boxed{"
    merges += [(boxed[:i], boxed[i]) for i in range(1, len(boxed))]
    return merges


def tiny_model(
    tokenizer: PreTrainedTokenizerFast,
    seed: int,
    *,
    layers: int = 2,
    width: int = 128,
    head_size: int = 32,
    tied: bool = True,
) -> LlamaForCausalLM:
    """A Llama of some 0.5 million parameters with weights drawn from `seed`.

    The spread of 0.08 is four times Llama's usual: at width 128 the usual one leaves attention nearly
    uniform, and copying an operand was not learned in the time of a quickstart.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=3 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // head_size,
        num_key_value_heads=width // head_size,
        head_dim=head_size,
        max_position_embeddings=2048,
        tie_word_embeddings=tied,
        initializer_range=0.08,
        rms_norm_eps=1e-5,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng(devices=[]):  # the caller's random state is not ours to move
        torch.manual_seed(seed)
        return LlamaForCausalLM(config).float()


def save_tiny(
    folder: Path, seed: int, *, layers: int = 2, width: int = 128, head_size: int = 32, tied: bool = True
) -> Path:
    """Writes a tiny checkpoint, model and tokenizer, to `folder`."""
    quiet()
    tokenizer = tiny_tokenizer()
    tiny_model(tokenizer, seed, layers=layers, width=width, head_size=head_size, tied=tied).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
