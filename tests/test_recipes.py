"""The recipes for real models: each resolves with its model's real shape, divides evenly, and fits its hardware.

The shapes are those of the published checkpoints; nothing is downloaded, and models exist on the meta device only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from transformers import Qwen2Config

from rlvr import assemble
from rlvr.cli.plan import USABLE
from rlvr.config import load_recipe
from rlvr.training.fitting import ranks_of
from rlvr.training.memory import GIB, Estimate, Setting, estimate

RECIPES = Path(__file__).resolve().parents[1] / "recipes"
QWEN: dict[str, dict[str, Any]] = {
    "Qwen/Qwen2.5-1.5B-Instruct": {
        "hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28, "num_attention_heads": 12,
        "num_key_value_heads": 2, "vocab_size": 151_936, "tie_word_embeddings": True, "max_position_embeddings": 32_768,
    },
    "Qwen/Qwen2.5-7B-Instruct": {
        "hidden_size": 3584, "intermediate_size": 18_944, "num_hidden_layers": 28, "num_attention_heads": 28,
        "num_key_value_heads": 4, "vocab_size": 152_064, "tie_word_embeddings": False,
        "max_position_embeddings": 32_768,
    },
    "Qwen/Qwen2.5-Math-7B": {
        "hidden_size": 3584, "intermediate_size": 18_944, "num_hidden_layers": 28, "num_attention_heads": 28,
        "num_key_value_heads": 4, "vocab_size": 152_064, "tie_word_embeddings": False, "max_position_embeddings": 4096,
    },
    "Qwen/Qwen2.5-32B": {
        "hidden_size": 5120, "intermediate_size": 27_648, "num_hidden_layers": 64, "num_attention_heads": 40,
        "num_key_value_heads": 8, "vocab_size": 152_064, "tie_word_embeddings": False,
        "max_position_embeddings": 131_072,
    },
}  # fmt: skip
#: What the checkpoints' cards say, in billions.
BILLIONS = {
    "Qwen/Qwen2.5-1.5B-Instruct": 1.54, "Qwen/Qwen2.5-7B-Instruct": 7.62, "Qwen/Qwen2.5-Math-7B": 7.62,
    "Qwen/Qwen2.5-32B": 32.8,
}  # fmt: skip


@dataclass(frozen=True)
class Hardware:
    """What a recipe's head comment names. A card of 80 GB reports a little less than 80 GiB."""

    ranks: int
    gib: float
    prompt_tokens: int


HARDWARE = {
    "gsm8k_grpo_lora_1.5b_24gb": Hardware(1, 23.6, 512),
    "gsm8k_grpo_1.5b_80gb": Hardware(1, 79.2, 512),
    "gsm8k_ppo_1.5b_80gb": Hardware(1, 79.2, 512),
    "gsm8k_grpo_7b_8x80gb": Hardware(8, 79.2, 512),
    "dapo_math_7b_8x80gb": Hardware(8, 79.2, 1024),
    "dapo_math_32b_4x8x80gb": Hardware(32, 79.2, 2048),
}


def hosts(folder: Path) -> Path:
    file = folder / "hosts.txt"
    file.write_text("".join(f"worker-{n} slots=8\n" for n in range(1, 5)))
    return file


def resolved(name: str, folder: Path) -> tuple[Any, Qwen2Config, Hardware]:
    recipe = load_recipe(str(RECIPES / f"{name}.yaml")).recipe
    if recipe.launch.hostfile is not None:
        recipe = load_recipe(str(RECIPES / f"{name}.yaml"), [f"launch.hostfile={hosts(folder)}"]).recipe
    return recipe, Qwen2Config(**QWEN[recipe.model.path]), HARDWARE[name]


def planned(recipe: Any, config: Qwen2Config, hardware: Hardware) -> Estimate:
    setting = Setting(hardware.ranks, prompt_tokens=hardware.prompt_tokens, device_bytes=hardware.gib * GIB)
    return estimate(recipe, assemble.algorithm_of(recipe), config, setting)


def test_every_recipe_for_named_hardware_is_here() -> None:
    assert {p.stem for p in RECIPES.glob("*gb.yaml")} == set(HARDWARE)


@pytest.mark.parametrize("name", HARDWARE)
def test_it_fits_its_hardware_and_says_how_much_it_needs(name: str, tmp_path: Path) -> None:
    recipe, config, hardware = resolved(name, tmp_path)
    found = planned(recipe, config, hardware)
    assert found.peak() <= USABLE * hardware.gib * GIB
    assert found.shape.parameters / 1e9 == pytest.approx(BILLIONS[recipe.model.path], rel=0.03)
    assert "room for the keys and values" in found.notes[0]
    completions_at_once = int(re.search(r"of (\d+) completions", found.notes[0]).group(1))  # type: ignore[union-attr]
    assert completions_at_once >= 16, found.notes
    # Never larger than it must be: twice the micro-batch, or twice the cache, would not be free.
    assert found.total("training") > 0.15 * hardware.gib * GIB
    head = (RECIPES / f"{name}.yaml").read_text().partition("\nmodel:")[0]
    assert "Not yet run." in head.splitlines()[0] and "Hardware: " in head and "Aims at" in head
    said = float(re.search(r"Expected: (\d+) GiB", head).group(1))  # type: ignore[union-attr]
    assert said == pytest.approx(found.peak() / GIB, abs=1.0), f"{name}: the plan says {found.peak() / GIB:.1f} GiB"


@pytest.mark.parametrize("name", HARDWARE)
def test_everything_divides(name: str, tmp_path: Path) -> None:
    recipe, config, hardware = resolved(name, tmp_path)
    train, tp = recipe.train, recipe.engine.tensor_parallel
    assert ranks_of(recipe) == hardware.ranks
    assert hardware.ranks % tp == 0
    assert config.num_attention_heads % tp == config.num_key_value_heads % tp == 0
    assert config.intermediate_size % tp == config.vocab_size % tp == 0
    assert train.prompts_per_iteration % hardware.ranks == 0
    rows = train.prompts_per_iteration * recipe.sampling.group_size
    assert rows % (train.minibatch or rows) == 0 and (train.minibatch or rows) % hardware.ranks == 0
    length = hardware.prompt_tokens + recipe.sampling.max_tokens
    assert length <= config.max_position_embeddings
    assert length <= train.tokens_per_microbatch  # one full completion fits into a micro-batch
    assert recipe.model.dtype == "bfloat16" and (recipe.backend.name == "deepspeed") == (hardware.ranks > 1)
