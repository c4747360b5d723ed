"""The sections of a recipe. A recipe is short because the defaults here are a vetted setting.

Loads no torch, so that a laptop can check a cluster's recipe. Every field says its unit; `rlvr show
RECIPE` prints the resolved values with where each came from.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rlvr.reward_sections import GraderSection, JudgeSection, RewardSection
from rlvr.sections import DataRef, DataSection, EvalRef, Section, VerifierRef, named

#: Of a moving average.
Decay = Annotated[float, Field(ge=0, lt=1)]
#: Not empty.
Text = Annotated[str, Field(min_length=1)]

__all__ = ["DataRef", "DataSection", "EvalRef", "Recipe", "Section", "VerifierRef"]


class ModelSection(Section):
    """The policy, and where it starts."""

    path: str = Field(description="folder of a Hugging Face checkpoint, or a hub id")
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        "float32", description="compute dtype; masters and moments are fp32. float16 needs ZeRO 1 to 3"
    )
    revision: str | None = Field(None, description="hub revision")
    chat_template: str | None = Field(
        None, description="`plain`, or Jinja text; default: the tokenizer's own, else plain"
    )
    gradient_checkpointing: bool = Field(False, description="recompute activations in the backward pass")
    attention: Literal["sdpa", "eager"] = "sdpa"


class LoraSection(Section):
    """Low-rank adapters: the model is frozen, and B A beside its linear layers is trained."""

    rank: int = Field(32, ge=1, description="rows of A, columns of B")
    alpha: float = Field(32.0, gt=0, description="the adapters' product is scaled by alpha / rank")
    targets: str | list[str] = Field("all-linear", description="layers by name, such as [q_proj, v_proj]")


class SamplingSection(Section):
    """How completions are drawn in training."""

    group_size: int = Field(8, ge=1, description="completions of each prompt")
    max_tokens: int = Field(512, ge=1, description="tokens of a completion at most")
    temperature: float = Field(1.0, ge=0)
    top_p: float = Field(1.0, gt=0, le=1)
    top_k: int = Field(0, ge=0)
    stop: list[Text] = Field(default_factory=list, description="texts that end a completion")
    dynamic_rounds: int = Field(
        0, ge=0, description="times that further prompts are sampled while groups without different outcomes remain"
    )


class AlgorithmSection(BaseModel):
    """An algorithm by name; further keys are its options (`rlvr show grpo`)."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str = "grpo"

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class EngineSection(Section):
    """What samples."""

    name: str = Field("hf", description="`rlvr show engine` lists them")
    path: str | None = Field(None, description="recorded: the run whose completions are taken")
    batch_size: int = Field(256, ge=1, description="completions decoded together; changes no noise")
    tensor_parallel: int = Field(1, ge=1, description="vllm: so many ranks share one copy of the weights")
    gpu_memory_utilization: float = Field(0.5, gt=0, lt=1, description="vllm, GPU: its share of the memory, awake")
    kv_cache_gib: float = Field(1.0, gt=0, description="vllm, CPU: GiB for the keys and values of what is decoded")
    max_model_len: int | None = Field(None, ge=2, description="vllm: longest prompt with answer; default: what fits")
    url: str | None = Field(None, description="vllm_server, openai: where it listens, http://HOST:8000")
    api: Literal["chat", "completions"] = Field("chat", description="openai: who applies the template, server or rlvr")
    weight_transfer: Literal["folder", "nccl"] = Field(
        "folder", description="vllm_server: how it gets weights: a folder that both sides see, or from GPU to GPU"
    )
    weights_dir: str | None = Field(None, description="vllm_server: that folder; default: a temporary one of this host")
    timeout: float = Field(600.0, gt=0, description="servers: seconds for its start, a request, a push of weights")
    max_staleness: int = Field(
        0, ge=0, description="iterations that sampling may be ahead of training, with weights so much older; 0: none"
    )
    rollout_timeout: float = Field(
        3600.0, gt=0, description="seconds that training waits for an iteration's completions that are sampled ahead"
    )


class CorrectionSection(Section):
    """What is made of completions that another distribution sampled than the one that is trained (`mismatch/*`).

    A token's surrogate is weighted with w = exp(old_logprobs - sampler_logprobs): `token` truncates each token's w at
    `cap`, `sequence` the whole completion's, `mask` leaves out tokens whose w is not within `low` and `high` (IcePop).
    `auto` is `token` where engine and trainer differ: another engine than hf, or `engine.max_staleness` above 0.
    """

    name: Literal["auto", "none", "token", "sequence", "mask"] = "auto"
    cap: float = Field(2.0, ge=1, allow_inf_nan=True, description="largest weight of a token or of a sequence")
    low: float = Field(0.5, gt=0, le=1, description="least weight at which `mask` trains a token")
    high: float = Field(5.0, ge=1, description="largest weight at which `mask` trains a token")


class BackendSection(Section):
    """What trains. All but `name` and `device` belong to the backend deepspeed."""

    name: str = Field("local", description="local: one device; deepspeed: one or many ranks")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, ...; deepspeed takes each rank's own")
    zero_stage: Literal[0, 1, 2, 3] = Field(
        0, description="what is divided over the ranks: 1 optimizer states, 2 and gradients, 3 and weights"
    )
    offload_optimizer: bool = Field(False, description="optimizer states in the host's memory")
    offload_parameters: bool = Field(False, description="weights in the host's memory; zero_stage 3")
    config: str | None = Field(None, description="a DeepSpeed JSON file; what it shares with the recipe must agree")


class LaunchSection(Section):
    """Where the ranks run, for `rlvr train` to start them itself; not needed under deepspeed, torchrun or srun."""

    devices: int | None = Field(None, ge=1, description="ranks a host; each takes one device")
    hostfile: str | None = Field(None, description="DeepSpeed's: one line a host, `worker-1 slots=8`")
    port: int | None = Field(None, ge=1024, le=65535, description="of the first host, where ranks meet; default: free")
    timeout: float = Field(1800.0, gt=0, description="seconds that a rank waits for the others before it gives up")


class CriticSection(Section):
    """What estimates the value of a state, for the algorithms that need it (`rlvr show ppo`)."""

    kind: Literal["head", "model"] = Field("head", description="linear on the policy's last hidden state, or a model")
    path: str | None = Field(None, description="where a separate model starts; default: model.path")
    lr: float | None = Field(
        None, gt=0, description="peak learning rate on train's schedule; default: 10 times train.lr"
    )
    detached: bool = Field(False, description="the value loss trains the head alone and not the policy under it")


class TrainSection(Section):
    """The schedule. An iteration collects completions and trains on them; an update is one optimizer step."""

    iterations: int = Field(200, ge=1)
    prompts_per_iteration: int = Field(32, ge=1)
    epochs: int = Field(1, ge=1, description="passes over an iteration's completions")
    minibatch: int | None = Field(None, ge=1, description="completions an update; default: all of the iteration's")
    tokens_per_microbatch: int = Field(
        8192, ge=1, description="tokens at once, with padding unless packed: memory only, no number"
    )
    packing: bool | None = Field(None, description="passes without padding; default: on GPUs")
    lr: float = Field(1e-6, gt=0)
    warmup: int = Field(0, ge=0, description="updates of linear warm-up")
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    betas: tuple[Decay, Decay] = (0.9, 0.999)
    weight_decay: float = Field(0.0, ge=0)
    grad_clip: float = Field(1.0, gt=0, allow_inf_nan=True, description="largest norm of a gradient; .inf: any")
    seed: int = Field(0, ge=0)
    skip_dead_rows: bool = Field(True, description="do not compute rows that add exactly nothing to the gradient")
    count_dead_rows: bool = Field(True, description="their tokens stay in the loss denominator")
    shuffle: bool = True
    eval_every: int = Field(0, ge=0, description="iterations between evaluations; 0: never")
    eval_at_start: bool = Field(False, description="evaluate the untrained policy too")
    checkpoint_every: int = Field(50, ge=0, description="iterations between checkpoints; 0: only at the end")
    keep_checkpoints: int = Field(2, ge=1, description="numbered checkpoints that stay on disk")
    keep_best: str | None = Field(
        None, description="a metric, e.g. eval/gsm8k/accuracy; its best goes to checkpoints/best"
    )


class TrackingSection(Section):
    """What is shown and written."""

    display: Literal["auto", "rich", "plain", "none"] = "auto"
    rollouts_every: int = Field(1, ge=0, description="iterations between records in rollouts.jsonl; 0: never")
    given_every: int = Field(
        0, ge=0, description="the same for rows that were given (demonstrations, pairs), which are known already"
    )
    examples_every: int | None = Field(
        None, ge=0, description="iterations between completions shown; 0: never; default: 10 on a terminal"
    )
    trackers: list[Literal["tensorboard", "wandb"]] = Field(
        default_factory=list, description="where the metrics go besides; each is an extra of the same name"
    )


class Recipe(Section):
    """A whole run."""

    model: Annotated[ModelSection, named("path")]
    lora: LoraSection | None = Field(None, description="adapters instead of whole weights; {} takes the defaults")
    data: DataSection
    sampling: SamplingSection = Field(default_factory=SamplingSection)
    reward: RewardSection = Field(default_factory=RewardSection)
    algorithm: Annotated[AlgorithmSection, named("name")] = Field(default_factory=AlgorithmSection)
    engine: Annotated[EngineSection, named("name")] = Field(default_factory=EngineSection)
    correction: Annotated[CorrectionSection, named("name")] = Field(default_factory=CorrectionSection)
    backend: Annotated[BackendSection, named("name")] = Field(default_factory=BackendSection)
    launch: LaunchSection = Field(default_factory=LaunchSection)
    critic: CriticSection = Field(default_factory=CriticSection)
    judge: JudgeSection = Field(default_factory=JudgeSection)
    grader: Annotated[GraderSection | None, named("model")] = None
    train: TrainSection = Field(default_factory=TrainSection)
    tracking: TrackingSection = Field(default_factory=TrackingSection)
    plugins: list[str] = Field(default_factory=list, description="Python files whose decorators register names")
    run: str | None = Field(None, description="folder of the run; default: runs/ and the recipe's stem")
