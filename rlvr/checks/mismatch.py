"""`rlvr check mismatch`: engine and trainer say the same of the tokens that the engine sampled."""

from __future__ import annotations

from contextlib import ExitStack

from rlvr.core import Group, Rollout, Verdict
from rlvr.errors import UserError
from rlvr.schema import Recipe

from . import Outcome


def check_mismatch(recipe: Recipe, prompts: int) -> Outcome:
    """Samples `prompts` groups with the recipe's engine and has its trainer read them, before any update.

    Under a launcher each rank samples and reads a share, as in a run, and all come to the same figures.
    """
    from rlvr import assemble
    from rlvr.engines import engine_of
    from rlvr.preparing import training_prompts
    from rlvr.training.batch import collate
    from rlvr.training.mismatch import LIMITS
    from rlvr.training.models import load_tokenizer
    from rlvr.training.ranks import joined

    algorithm = assemble.algorithm_of(recipe)
    if algorithm.source != "on_policy":
        raise UserError(f"{recipe.algorithm.name} trains on given data, so no engine samples for it. Choose another.")
    section = recipe.model
    loaded = training_prompts(recipe)
    tokenizer = load_tokenizer(section.path, section.chat_template, section.revision)
    with joined(recipe.launch, zero=recipe.backend.zero_stage > 0) as ranks, ExitStack() as stack:
        assemble.check_ranks(recipe, ranks)
        policy = assemble.policy_of(recipe, algorithm, tokenizer, None)
        backend = assemble.backend_of(recipe, policy, algorithm, ranks)
        engine = engine_of(recipe, tokenizer, backend.sampled_model, stack)
        engine.load_policy(backend.policy, 0)
        asked = ranks.share(loaded.prompts[:prompts])
        answers = engine.generate(asked, assemble.sampling_of(recipe), iteration=0)
        nobody = Verdict.of(0.0)  # only the tokens matter here
        groups = [
            Group(prompt, tuple(Rollout(c, nobody, 0.0) for c in completions))
            for prompt, completions in zip(asked, answers, strict=True)
        ]
        batch = backend.add_inputs(collate(groups, tokenizer.pad_token_id or 0), frozenset({"old_logprobs"}))
        found, tokens = backend.mismatch(batch), sum(ranks.all(int(batch.mask.sum())))
    if not found:
        raise UserError(f"engine {recipe.engine.name} gives no log-probs, so there is nothing to compare.")
    limit = LIMITS[section.dtype]
    figures = {"engine": recipe.engine.name, "dtype": section.dtype, "tokens": tokens, **found}
    mean = found["mismatch/logprob_mean"]
    failures = [] if mean <= limit else [f"the mean difference of {mean:.3g} nats is above {limit:g}"]
    return Outcome("mismatch", {**figures, "allowed mean": limit}, tuple(failures))
