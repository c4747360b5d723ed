"""Low-rank adapters: a frozen model plus B A beside some of its linear layers, of which A and B alone are trained.

LoRA, Hu et al. 2021, arXiv:2106.09685, by the library `peft`. The adapters are put into the model where it
stands: it remains a transformers model, so forward passes, engines and optimizers need not know. With the adapter
off it is the model that it started as, which is the reference policy; whatever leaves the trainer (checkpoints,
weights for an engine) is merged, under the names that the model had before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor, nn

from rlvr.errors import UserError

if TYPE_CHECKING:
    from rlvr.schema import LoraSection

#: What peft calls the weight that an adapter stands beside: `q_proj.weight` becomes `q_proj.base_layer.weight`.
_BESIDE = ".base_layer."
#: The name under which peft keeps an adapter; one model has one.
_ADAPTER = "default"
#: Inside, the given parameters are whole.
Gathered: TypeAlias = Callable[[Sequence[Tensor]], AbstractContextManager[Any]]


def _whole_already(parameters: Sequence[Tensor]) -> AbstractContextManager[None]:
    return nullcontext()


def add_adapter(model: nn.Module, section: LoraSection, seed: int) -> None:
    """Puts adapters into `model` and freezes all else but a score head; A is drawn from `seed`, B starts at 0.

    Raises `UserError` where `peft` is missing, or where `targets` name no linear layer, or an embedding.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise UserError(f"lora needs the library peft: pip install 'rlvr[lora]' ({error}).") from error

    head = getattr(model, "score", None)
    config = LoraConfig(
        r=section.rank,
        lora_alpha=section.alpha,
        target_modules=section.targets,
        exclude_modules=["score"] if head is not None else None,  # is new: there is nothing to adapt
        fan_in_fan_out=any(type(module).__name__ == "Conv1D" for module in model.modules()),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            inject_adapter_in_model(config, model, adapter_name=_ADAPTER)
        except ValueError as error:
            known = sorted({name.rpartition(".")[2] for name, m in model.named_modules() if isinstance(m, nn.Linear)})
            raise UserError(
                f"lora.targets={section.targets!r} fits no layer of the model. It has {', '.join(known)}."
            ) from error
    for name in ("get_input_embeddings", "get_output_embeddings"):
        embedding = getattr(model, name, lambda: None)()
        if _has_adapter(embedding):
            raise UserError(
                f"lora.targets={section.targets!r} names an embedding. Log-probs are computed from its own weight, "
                "past an adapter; name layers inside the model, such as [q_proj, v_proj], or all-linear."
            )
    if isinstance(head, nn.Module):
        head.requires_grad_(True)


def is_adapted(model: nn.Module) -> bool:
    """Whether adapters have been added."""
    return any(_has_adapter(module) for module in model.modules())


@contextmanager
def adapter_off(model: nn.Module) -> Iterator[None]:
    """Inside, the model computes what it did before the adapters were added."""
    layers: list[Any] = [module for module in model.modules() if _has_adapter(module)]
    trained = {p: p.requires_grad for layer in layers for p in layer.parameters()}
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)
        for parameter, wanted in trained.items():  # peft freezes what it switches off
            parameter.requires_grad_(wanted)


def policy_weights(model: nn.Module, gathered: Gathered = _whole_already) -> Iterator[tuple[str, Tensor]]:
    """The model's weights by name, as if it had been trained whole: adapters are merged, one weight at a time.

    Weights without an adapter are the model's own tensors, not copies. A backend that has partitioned them says with
    `gathered` how to make some parameters whole for a while, such as DeepSpeed's `GatheredParameters`: a weight is
    then valid until the next one is asked for, and all ranks must go through all of them.
    """
    modules = dict(model.named_modules())
    for name, tensor in model.state_dict(keep_vars=True).items():
        owner, beside, kind = name.rpartition(_BESIDE)
        layer = modules[owner] if beside and kind == "weight" else None
        parts = [tensor] if layer is None else [tensor, *_factors(layer)]
        if ".lora_" not in name:
            with gathered(parts):
                yield f"{owner}.{kind}" if beside else name, tensor.detach() if layer is None else merged(tensor, layer)


@torch.no_grad()
def merged(weight: Tensor, layer: Any) -> Tensor:
    """W + alpha / rank * B A, added in at least fp32 and rounded once to the type of `weight`."""
    wide = weight if weight.dtype == torch.float64 else weight.float()
    a, b = (factor.to(wide) for factor in _factors(layer))
    update = layer.scaling[_ADAPTER] * (b @ a)
    return (wide + (update.t() if layer.fan_in_fan_out else update)).to(weight.dtype)


def _factors(layer: Any) -> tuple[Tensor, Tensor]:
    """A `[rank, in]` and B `[out, rank]`."""
    return layer.lora_A[_ADAPTER].weight, layer.lora_B[_ADAPTER].weight


def _has_adapter(module: object) -> bool:
    return hasattr(module, "lora_A") and hasattr(module, "base_layer")
