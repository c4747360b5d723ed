"""What is asked of DeepSpeed: models loaded in parts, engines made of them, stepped, read and written.

The only file that imports deepspeed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from rlvr.errors import UserError

#: What Adam remembers of each weight, beside the weight itself in fp32.
MOMENTS = ("exp_avg", "exp_avg_sq")


def deepspeed() -> Any:
    """The library, told what this project needs of it. Raises `UserError` where it is missing."""
    try:
        import deepspeed as library
    except ImportError as error:
        raise UserError(f"backend.name=deepspeed needs DeepSpeed: pip install 'rlvr[deepspeed]' ({error}).") from error
    # An operation of its inference that takes half a minute to compile and leaves 132 MB of shared memory behind.
    library.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    return library


@contextmanager
def loading_in_parts(config: Mapping[str, Any]) -> Iterator[None]:
    """Inside, `from_pretrained` leaves each rank its share of every weight, in fp32, and never holds more than a
    module beside the shares. The first rank reads the checkpoint, mapped into memory, for all."""
    deepspeed()
    from transformers.integrations.deepspeed import HfDeepSpeedConfig, unset_hf_deepspeed_config

    settings = HfDeepSpeedConfig(_wide(config))  # transformers finds it as long as it is referred to
    try:
        yield
    finally:
        del settings
        unset_hf_deepspeed_config()


def _wide(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without a narrower type: shares are divided in fp32, of which the masters are made."""
    return {**config, "bf16": {"enabled": False}, "fp16": {"enabled": False}}


def is_divided(model: nn.Module) -> bool:
    """Whether each rank holds a share of the model's weights."""
    return any(hasattr(parameter, "ds_id") for parameter in model.parameters())


def gathered(parameters: Sequence[Tensor], changed_by: int | None = None) -> AbstractContextManager[Any]:
    """Inside, the given parameters are whole; what rank `changed_by` makes of them is then every rank's."""
    made: AbstractContextManager[Any] = deepspeed().zero.GatheredParameters(parameters, modifier_rank=changed_by)
    return made


@contextmanager
def whole_as_used(model: nn.Module) -> Iterator[None]:
    """Inside, the modules of a divided model are whole one by one, each while it computes: before an engine does it."""
    with ExitStack() as hooks:
        for module in model.modules():
            own = [p for p in module.parameters(recurse=False) if hasattr(p, "ds_id")]
            if own:
                gather, let_go = _hooks(own)
                hooks.callback(module.register_forward_pre_hook(gather).remove)
                hooks.callback(module.register_forward_hook(let_go).remove)
        yield


def _hooks(parameters: list[nn.Parameter]) -> tuple[Callable[..., None], Callable[..., None]]:
    whole = ExitStack()

    def gather(*_: Any) -> None:
        whole.enter_context(gathered(parameters))

    def let_go(*_: Any) -> None:
        whole.close()

    return gather, let_go


def keep_whole(module: nn.Module, parameters: Iterator[nn.Parameter]) -> None:
    """Has an engine of `module` gather some parameters for the whole of its pass."""
    for parameter in parameters:
        deepspeed().zero.register_external_parameter(module, parameter)


def engine_of(
    module: nn.Module,
    config: Mapping[str, Any],
    dtype: torch.dtype,
    adam: Callable[[Sequence[nn.Parameter]], torch.optim.Optimizer],
) -> Any:
    """DeepSpeed's engine of `module`, which computes in `dtype`, with an optimizer where it has anything to train."""
    library = deepspeed()
    trained = [p for p in module.parameters() if p.requires_grad]
    buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
    if config["zero_optimization"]["stage"] == 3:
        library.zero.Init(module=module, config_dict_or_path=_wide(config))  # what is not divided yet
        exact = _narrow_shares(module, dtype)
    else:
        exact = _rounded(trained, dtype)
    engine, *_ = library.initialize(model=module, optimizer=adam(trained) if trained else None, config=dict(config))
    for name, buffer in engine.module.named_buffers():
        # Rotary frequencies in bf16 would turn positions wrong.
        buffer.data = buffers[name].to(buffer.device)
    for parameter, weight in exact:  # the masters, which DeepSpeed makes of rounded weights
        if config["zero_optimization"]["stage"] == 3:
            library.utils.safe_set_local_fp32_param(parameter, weight)
        else:
            library.utils.safe_set_full_fp32_param(parameter, weight.to(parameter.device))
    if hasattr(engine.optimizer, "check_grad_overflow"):  # also in fp32: a broken gradient is no step
        engine.optimizer.check_grad_overflow = True
    return engine


def _rounded(trained: Sequence[nn.Parameter], dtype: torch.dtype) -> list[tuple[nn.Parameter, Tensor]]:
    """What DeepSpeed would round: nothing of a checkpoint that was published in the compute type."""
    return [(p, p.detach().clone()) for p in trained if not torch.equal(p, p.detach().to(dtype).to(p.dtype))]


@torch.no_grad()
def _narrow_shares(module: nn.Module, dtype: torch.dtype) -> list[tuple[nn.Parameter, Tensor]]:
    """Puts each rank's share of the weights into `dtype`; returns those that are to be trained and lose by it."""
    lost = []
    parameters: list[Any] = list(module.parameters())
    for parameter in parameters:
        share = parameter.ds_tensor
        wide = share.data
        if wide.dtype == dtype:
            continue
        share.data = wide.to(dtype)
        parameter.data = parameter.data.to(dtype)  # empty, and says the type
        if parameter.requires_grad and not torch.equal(share.to(wide.dtype), wide):
            lost.append((parameter, wide))
    return lost


def cpu_adam(groups: Sequence[Any], **options: Any) -> torch.optim.Optimizer:
    """AdamW in host memory, for moments and masters that are kept there."""
    deepspeed()
    from deepspeed.ops.adam import DeepSpeedCPUAdam

    made: torch.optim.Optimizer = DeepSpeedCPUAdam(groups, **options)
    return made


def step(engine: Any, lr: float) -> dict[str, float]:
    """A step on what the engine has accumulated, and the gradient's norm before clipping; none where it is broken."""
    for group in engine.optimizer.param_groups:
        group["lr"] = lr
    engine.step()
    norm, applied = engine.get_global_grad_norm(), engine.was_step_applied()
    return {
        "train/grad_norm": float(norm) if applied and norm is not None else math.inf,
        "train/skipped_updates": float(not applied),
    }


def steps_of(engine: Any) -> float:
    """The steps that an engine's Adam has made."""
    states = engine.basic_optimizer.state.values()  # DeepSpeed leaves empty ones behind before there was a step
    return max((float(moments.get("step", 0.0)) for moments in states), default=0.0)


def set_steps(moments: dict[str, Any], steps: float) -> None:
    """Has Adam's state of one tensor say that it made so many steps, on which its bias correction depends."""
    if isinstance(moments["step"], Tensor):
        moments["step"].fill_(steps)
    else:
        moments["step"] = int(steps)


def read(parameter: nn.Parameter, moments: bool) -> dict[str, Tensor]:
    """A parameter's weight in fp32 and its moments, whole; all ranks take part."""
    utils = deepspeed().utils
    state = {"weight": utils.safe_get_full_fp32_param(parameter)}
    for key in MOMENTS if moments else ():
        state[key] = utils.safe_get_full_optimizer_state(parameter, key)
    return state


@torch.no_grad()
def write(parameter: nn.Parameter, state: Mapping[str, Tensor]) -> None:
    """Gives a parameter the weight and moments that `read` found, its compute copy too; all ranks take part."""
    utils = deepspeed().utils
    if not hasattr(parameter, "ds_id"):
        utils.safe_set_full_fp32_param(parameter, state["weight"])
        for key in state.keys() & set(MOMENTS):
            utils.safe_set_full_optimizer_state(parameter, state[key], key)
        parameter.copy_(state["weight"])
        return
    # By each rank's share: DeepSpeed's own division of a whole fails where a rank has none, as of a bias of one number.
    utils.safe_set_local_fp32_param(parameter, _share(parameter, state["weight"]))
    for key in state.keys() & set(MOMENTS):
        utils.safe_set_local_optimizer_state(parameter, _share(parameter, state[key]), key)
    with gathered([parameter], changed_by=0):
        parameter.copy_(state["weight"])


def _share(parameter: Any, whole: Tensor) -> Tensor:
    """This rank's part of a divided parameter's numbers, padded with 0 as DeepSpeed's parts are."""
    size = parameter.ds_tensor.numel()
    part = whole.flatten()[size * parameter.ds_zero_partition_rank :][:size]
    return torch.cat([part, part.new_zeros(size - len(part))])
