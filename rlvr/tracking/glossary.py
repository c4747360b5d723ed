"""Every metric and what it means. A test keeps the table complete."""

from __future__ import annotations

METRICS: dict[str, str] = {
    "reward/mean": "mean reward of the judged completions, 0..1 (without shaping)",
    "reward/std": "standard deviation of the same",
    "reward/shaped_mean": "mean of what training maximises: the reward and shaping terms",
    "group/zero_std_rate": "share of groups whose rewards are all equal: they teach nothing",
    "group/solved_rate": "share of groups with at least one reward of 1",
    "group/duplicate_rate": "share of completions that repeat a sibling token by token",
    "policy/entropy": "mean entropy of the next-token distribution at trained tokens, nats",
    "policy/kl": "KL from the policy before this iteration's updates to the one now (k3), nats a token; 0 at the first",
    "policy/kl_reference": "KL to the reference policy (k3), nats a token",
    "policy/kl_old": "exact KL from the policy before this iteration to the one now, over the vocabulary, nats a token",
    "policy/kl_coef": "coefficient of the KL term in this iteration",
    "policy/ratio": "mean of pi / pi_old over trained tokens; 1 at the first update",
    "policy/clip_rate": "share of trained tokens whose gradient the clip took away",
    "pairs/accuracy": "share of pairs whose chosen answer has the higher implicit reward (dpo) or score (reward_model)",
    "pairs/margin": "mean of the implicit reward's, or of the score's, difference between chosen and rejected",
    "pairs/score": "mean score of both answers",
    "reward/model_mean": "mean score that the reward model gave",
    "reward/overlong_rate": "share of completions so near the limit that a penalty was taken off",
    "data/left_out": "prompts that data.difficulty_filter leaves out of the next iteration",
    "dynamic/rounds": "times that further prompts were sampled for groups with different outcomes",
    "dynamic/sampled_groups": "groups that were sampled, those included that were left out",
    "dynamic/missing_groups": "groups that still were without different outcomes, and stayed in the batch",
    "dynamic/sampled_reward_mean": "mean reward of all judged completions, those included that were left out",
    "tokens/completion_mean": "mean length of a completion, tokens",
    "tokens/completion_max": "length of the longest completion, tokens",
    "tokens/truncated_rate": "share of completions that ran into max_tokens",
    "tokens/trained": "trained tokens of the iteration",
    "verifier/error_rate": "share of completions that could not be judged because of an error",
    "verifier/timeout_rate": "share of completions that could not be judged in time",
    "verifier/unparsable_rate": "share of completions in which no answer was found",
    "verifier/seconds_p95": "95th percentile of the time of a verdict, s",
    "verifier/worker_restarts": "judge workers that had to be replaced",
    "mismatch/logprob_mean": "mean |trainer - engine| of the log-probs of sampled tokens, nats",
    "mismatch/logprob_p50": "median of |trainer - engine|, nats",
    "mismatch/logprob_p95": "95th percentile of |trainer - engine|, nats",
    "mismatch/logprob_p99": "99th percentile of |trainer - engine|, nats",
    "mismatch/logprob_max": "largest |trainer - engine|, nats",
    "mismatch/kl": "KL from the engine's distribution to the trainer's (k3), nats a token",
    "mismatch/ratio_max": "largest exp(trainer - engine): the weight of a token before any bound",
    "mismatch/ess": "effective share of the tokens under these weights (Kish): 1 where all weigh the same",
    "mismatch/ess_sequence": "the same of whole completions, whose weight is the product of their tokens'",
    "mismatch/bounded_rate": "share of tokens whose weight the correction truncated or masked",
    "rollout/staleness_mean": "mean policy versions (one an iteration) by which the weights that sampled are older",
    "rollout/staleness_max": "the same at most; engine.max_staleness bounds it",
    "mismatch/probe": "mean |trainer - engine| of a fixed prompt's continuation after the push of weights, nats",
    "rollout/near_ties": "sampled tokens whose uniform fell within 1e-5 of another token",
    "rollout/recorded_elsewhere": "prompts whose completions another iteration of the recorded run had to lend",
    "rollout/failed_requests": "requests to a vLLM server that failed three times: their completions are not judged",
    "rollout/tokens_per_second": "sampled tokens a second while sampling",
    "train/loss": "the loss that was minimised, mean over the iteration's updates",
    "train/first_loss": "the loss of the iteration's first update, at which every ratio is 1, where there are several",
    "train/lr": "learning rate of the last update",
    "train/grad_norm": "norm of the gradient before clipping, mean over the iteration's updates",
    "train/updates": "updates since the run began, empty ones included: what the schedule counts",
    "train/empty_updates": "updates without a live row: no step was made",
    "train/skipped_updates": "updates dropped because their gradient was not finite",
    "train/stopped_early": "1 where the KL ended the iteration's updates early; those left out are counted as updates",
    "train/skipped_rows_rate": "share of rows that were not computed because they add exactly nothing",
    "critic/grad_norm": "norm of the critic's gradient before clipping",
    "value/loss": "the critic's squared error / 2, mean over trained tokens",
    "value/clip_rate": "share of trained tokens at which the clip took the critic's gradient away",
    "trust_region/fraction": "share of the full natural step that the line search took; 0: none",
    "trust_region/kl": "measured KL(old, new) of the step that was taken, nats a token",
    "trust_region/gain": "measured gain of the surrogate",
    "trust_region/refused": "natural steps not taken: no length kept the bound and improved the surrogate",
    "time/rollout": "seconds spent sampling",
    "time/rollout_wait": "seconds that training waited for completions that are sampled ahead",
    "time/judge_wait": "seconds spent waiting for verdicts after sampling was done",
    "time/scoring": "seconds spent in the reward model",
    "time/inputs": "seconds spent on passes for old and reference log-probs",
    "time/train": "seconds spent in updates",
    "time/recording": "seconds spent on records, display and trackers since the line before",
    "time/eval": "seconds spent in evaluation",
    "time/checkpoint": "seconds spent writing checkpoints",
    "time/iteration": "seconds of the whole iteration",
    "checkpoint/failed": "checkpoints that could not be written (disk full)",
}

#: Metrics whose names follow from the verifier: `part/<name of the part>`.
PART_METRIC = "mean of this part of the verdicts, as the verifier names it"

#: Metrics whose names follow from the recipe's section `reward`: `term/<name of the term>`.
TERM_METRIC = "mean of this term of `shaped`: verdict, model, format, overlong, repetition, length"

#: Metrics of held-out pairs, under `eval/<label>/`.
PAIR_METRICS: dict[str, str] = {
    "pair_accuracy": "share of held-out pairs whose chosen answer comes out ahead; a tie is half right",
    "pair_margin": "mean distance by which it does: of implicit rewards (dpo) or scores (reward_model)",
    "pair_score": "mean score of both answers (reward_model)",
    "loss": "the algorithm's loss on the held-out pairs",
}

#: Metrics of an evaluation, under `eval/<suite>/`.
EVAL_METRICS: dict[str, str] = {
    "accuracy": "mean reward over the judged samples, averaged by problem",
}


def described() -> dict[str, str]:
    """Every name or pattern of a metric with its meaning; `*` stands for what a recipe or a verifier names."""
    return {
        **METRICS,
        "part/*": PART_METRIC,
        "term/*": TERM_METRIC,
        **{f"eval/*/{name}": text for name, text in (EVAL_METRICS | PAIR_METRICS).items()},
    }
