"""What both sides of the comparison share: checkpoint, prompts, forced lengths, reward, and how a process is measured.

The stop token is never sampled: each embedding carries the same value in channel 0, no layer writes to
that channel, and the stop token's row of the (untied) output embedding weighs it so that its logit is some
60 below the others. So completions run to the limit without any suppression inside either engine, and where
lengths are ragged, both engines force the same stop token at the same place.
"""

from __future__ import annotations

import hashlib
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, EOS = "<|pad|>", "<|end|>"
TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
MIN_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Workload:
    """One setting. Lengths in tokens; `microbatch` in rows of TRL, the same number of tokens on this side."""

    checkpoint: str
    ragged: bool = False
    max_tokens: int = 128
    prompts: int = 8
    group_size: int = 8
    updates: int = 3
    microbatch: int = 16
    coin: float = 0.5
    skip_dead_rows: bool = True
    seed: int = 0
    threads: int = 2
    cache: str | None = None  # TRL's cache_implementation

    @property
    def rows(self) -> int:
        return self.prompts * self.group_size


def unit(*parts: object) -> float:
    """A uniform of [0, 1) that belongs to `parts`."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") / 2.0**64


def forced_length(work: Workload, iteration: int, prompt: int, sample: int) -> int:
    """The length of a completion with its stop token, uniform from 8 to the limit."""
    span = work.max_tokens - MIN_LENGTH + 1
    return MIN_LENGTH + int(unit("length", work.seed, iteration, prompt, sample) * span)


def coin(work_seed: int, share: float, text: str) -> float:
    """The reward: 1 for a `share` of all texts, by their hash."""
    return float(unit("coin", work_seed, text) < share)


def questions(work: Workload) -> list[str]:
    """The prompts of all updates in order: sums of 3 to 9 numbers, so of ragged length."""
    out = []
    for index in range(work.prompts * work.updates):
        count = 3 + int(unit("count", work.seed, index) * 7)
        numbers = [str(int(unit("number", work.seed, index, i) * 1000)) for i in range(count)]
        out.append(f"What is {' + '.join(numbers)}? Answer:")
    return out


def tokenizer(entries: int) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer without merges, filled up to `entries`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {PAD: 0, EOS: 1}
    for character in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary[character] = len(vocabulary)
    while len(vocabulary) < entries:
        vocabulary[f"<extra{len(vocabulary)}>"] = len(vocabulary)
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=core, pad_token=PAD, eos_token=EOS)
    fast.chat_template = TEMPLATE
    return fast


def make_checkpoint(folder: Path, vocabulary: int, width: int, layers: int, seed: int) -> None:
    """A random Llama with heads of size 64, whose stop token has a logit of about -60."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=width * 11 // 4,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        num_key_value_heads=width // 64,
        max_position_embeddings=2048,
        tie_word_embeddings=False,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        model.model.embed_tokens.weight[:, 0] = 0.1
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight[0] = 0
            layer.mlp.down_proj.weight[0] = 0
        model.lm_head.weight[1] = 0
        model.lm_head.weight[1, 0] = -100.0
    model.save_pretrained(folder)
    tokenizer(vocabulary).save_pretrained(folder)


class Meter:
    """Wall and processor seconds, and resident memory, of this process between two points."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # the peak from here on
        self.baseline = _status("VmRSS")
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "seconds": time.perf_counter() - self.wall,
            "cpu_seconds": time.process_time() - self.cpu,
            "system_seconds": usage.ru_stime,
            "baseline_mb": self.baseline,
            "peak_mb": _status("VmHWM"),
        }


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))
