"""What every algorithm is: a frozen dataclass whose fields are its options.

An algorithm composes `rlvr.functional`: `credit` turns rewards into advantages, `loss` turns the
model's outputs into one scalar. It does no I/O and knows no other rank; sums over ranks reach it
through `batch.reduce`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from annotated_types import Interval

if TYPE_CHECKING:
    from torch import Tensor

    from rlvr.training.batch import Batch, Outputs

# The ranges of options, checked when a recipe is read.
Positive = Annotated[float, Interval(gt=0, lt=math.inf)]
NotNegative = Annotated[float, Interval(ge=0, lt=math.inf)]
Share = Annotated[float, Interval(ge=0, le=1)]
Count = Annotated[int, Interval(ge=1)]
CountOrAll = Annotated[int, Interval(ge=0)]

#: What an algorithm remembers between updates: plain numbers, kept in the checkpoint.
State = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Loss:
    """What an algorithm makes of a micro-batch.

    `value` is a scalar to be minimised, this micro-batch's share of the mean over the update.
    `metrics` are values per token `[B, T]`, of which the mean over the trained tokens is reported, or
    values per row or pair `[N]`, of which the plain mean is.
    """

    value: Tensor
    metrics: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrustRegion:
    """How a natural step is made: a direction by conjugate gradient, a length by line search.

    `max_kl` bounds the mean KL(old, new) of a token's distribution, in nats. `damping` is added to the
    Fisher matrix's diagonal while the direction is sought. `fisher_rows` completions of the update make the
    Fisher matrix (0: all); the bound is measured on all of them in any case.
    """

    max_kl: float
    damping: float
    cg_iterations: int
    backtracks: int
    fisher_rows: int
    critic_updates: int


@dataclass(frozen=True, slots=True)
class Algorithm:
    """The contract. `advantage`, `surrogate`, `aggregation`, `paper` make the README's table."""

    advantage: ClassVar[str] = "-"
    surrogate: ClassVar[str] = "-"
    paper: ClassVar[str] = "-"
    step_kind: ClassVar[Literal["adam", "natural"]] = "adam"
    #: The source of its batches: completions that the policy samples, or rows of a data set: demonstrations,
    #: pairs of which one was preferred, completions with their returns.
    source: ClassVar[Literal["on_policy", "corpus", "pairs", "trajectories"]] = "on_policy"
    #: What the trained model says: the next token's distribution, or one score for a whole row.
    head: ClassVar[Literal["tokens", "score"]] = "tokens"
    #: Fewest completions of a prompt that `credit` can work with.
    min_group_size: ClassVar[int] = 1

    @property
    def needs(self) -> frozenset[str]:
        """The inputs that `credit` or `loss` read: of {"old_logprobs", "ref_logprobs", "values", "kl_old"}.

        "values" asks for a critic; "kl_old" for the exact KL to the policy before the iteration, in `Outputs`.
        """
        return frozenset()

    @property
    def dead_rows_are_free(self) -> bool:
        """True where a row whose advantages are all exactly 0 adds exactly nothing to the gradient.

        Not so with a KL, entropy or value term: those train every row.
        """
        return False

    def dead_rows(self, batch: Batch) -> Tensor:
        """`[B]` bool: nothing to train, or advantages that are all exactly 0 and nothing else that trains."""
        dead = ~batch.mask.any(dim=1)
        if self.dead_rows_are_free and batch.advantages is not None:
            dead |= (batch.advantages == 0).all(dim=1)
        return dead

    @property
    def trust_region(self) -> TrustRegion | None:
        """The settings of the natural step, where `step_kind` is `natural`."""
        return None

    def init_state(self) -> State:
        return {}

    def credit(self, batch: Batch, state: State) -> Batch:
        """The batch of a whole iteration with its advantages."""
        return batch

    def observe(self, batch: Batch, state: State) -> State:
        """The state after an iteration's rewards were seen; called once an iteration, after `credit`."""
        return state

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        """The loss of a micro-batch: its share of the mean over the whole update."""
        raise NotImplementedError

    def after_update(self, metrics: Mapping[str, float], state: State) -> tuple[State, bool]:
        """The state after an update, and whether to stop training on this iteration's batch."""
        return state, False

    def after_iteration(self, metrics: Mapping[str, float], state: State) -> State:
        """The state after an iteration's updates; `metrics` are those of the last one."""
        return state
