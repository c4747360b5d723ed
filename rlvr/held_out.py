"""What a run measures itself by: suites that it samples and judges, pairs of which it must prefer the right one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from rlvr.assemble import verifier_uses
from rlvr.core import Completion, Engine, Prompt, Verdict
from rlvr.engines import SharedEngine, answering_engine
from rlvr.errors import UserError
from rlvr.schema import EvalRef, Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from rlvr.algorithms.base import Algorithm
    from rlvr.data import LoadedPrompts
    from rlvr.eval import Suite
    from rlvr.rewards import Judge
    from rlvr.training.batch import Batch
    from rlvr.training.local_backend import LocalBackend


class HeldOut:
    """The entries of `data.eval`, loaded before training: a network that is lost later ends no run.

    Nothing is loaded where the run is too short to evaluate.
    """

    def __init__(self, recipe: Recipe, algorithm: Algorithm) -> None:
        from rlvr.eval import suite_for

        self.recipe, self.algorithm = recipe, algorithm
        self.entries: list[tuple[EvalRef, Suite, LoadedPrompts]] = []
        self.pairs: dict[int, Batch] = {}
        train = recipe.train
        if not train.eval_at_start and not 0 < train.eval_every <= train.iterations:
            return
        for ref in recipe.data.eval:
            suite = suite_for(_section(ref), name=ref.label)
            problems = suite.load(data_dir=recipe.data.data_dir)
            self._refuse(suite.name, are_pairs(problems.prompts))
            if not are_pairs(problems.prompts):  # a setting that is none must not end the run when it first evaluates
                suite.sampling_for(suite.samples if ref.samples is None else ref.samples, ref.sampling, train.seed)
            self.entries.append((ref, suite, problems))

    @property
    def sets(self) -> list[Sequence[Prompt]]:
        return [problems.prompts for _, _, problems in self.entries]

    def read_pairs(self, tokenizer: PreTrainedTokenizerBase, backend: LocalBackend) -> None:
        """Prepares the entries that are pairs, with the reference's log-probs where the algorithm needs them."""
        from rlvr.training.pairs import Pairs

        reference = backend.reference_logprobs if "ref_logprobs" in self.algorithm.needs else None
        for index, (_, _, problems) in enumerate(self.entries):
            if are_pairs(problems.prompts):
                count = len(problems.prompts)
                rows = Pairs(problems.prompts, tokenizer=tokenizer, iterations=1, pairs_per_iteration=count, seed=0,
                             shuffle=False, reference=reference)  # fmt: skip
                self.pairs[index] = rows.batch()

    def evaluate(self, engine: Engine, judge: Judge, backend: LocalBackend, template: str) -> dict[str, float]:
        """Suites are scored by the run's own engine and judge, as `rlvr eval` scores a checkpoint.

        Of several ranks each samples a share, and the first one's metrics are the ones that count.
        """
        from rlvr.eval import evaluate_suite

        metrics: dict[str, float] = {}
        ranks = backend.ranks
        for index, (ref, suite, problems) in enumerate(self.entries):
            if index in self.pairs:
                found = backend.evaluate(self.algorithm, self.pairs[index])
                metrics |= {f"eval/{suite.name}/{name.replace('pairs/', 'pair_')}": v for name, v in found.items()}
                continue
            answering = answering_engine(engine, suite.answering)
            result = evaluate_suite(
                suite,
                answering if ranks.alone else SharedEngine(answering, ranks),
                judge if ranks.first else Onlooker(),
                samples=ref.samples,
                sampling=ref.sampling,
                seed=self.recipe.train.seed,
                problems=problems,
                identity={"template": template},
            )
            metrics |= result.metrics()
        return metrics

    def _refuse(self, name: str, pairs: bool) -> None:
        algorithm = self.recipe.algorithm.name
        if pairs and self.algorithm.source != "pairs":
            raise UserError(
                f"data.eval: {name!r} holds pairs of answers, which only dpo and reward_model can be measured by, not "
                f"{algorithm}. Name a set of problems with answers there."
            )
        if not pairs and self.algorithm.head == "score":
            raise UserError(
                f"data.eval: {name!r} asks for completions, and a reward model writes none. Name a set of pairs there, "
                "such as {name: preferences, path: held_out.jsonl}."
            )


def are_pairs(prompts: Sequence[Prompt]) -> bool:
    return bool(prompts) and "rejected" in prompts[0].meta


_KEYS = (
    "name", "path", "split", "prompt", "answer", "system", "id", "options", "limit", "wanted_return", "template",
    "on_bad_row",
)  # fmt: skip


def _section(ref: EvalRef) -> dict[str, Any]:
    """An entry of `data.eval` as the harness reads it."""
    names = _KEYS
    return {**{name: getattr(ref, name) for name in names}, "verifier": verifier_uses(ref)}


class Onlooker:
    """The judge of the ranks whose verdicts nobody asks for: the first one judges for all."""

    def submit(self, prompt: Prompt, completion: Completion) -> Future[Verdict]:
        verdict: Future[Verdict] = Future()
        verdict.set_result(Verdict(None, "error", reason="another rank judges this"))
        return verdict

    def metrics(self) -> Mapping[str, float]:
        return {}
