"""Every metric and what it means. A test keeps the table complete."""

from __future__ import annotations

METRICS: dict[str, str] = {
    "reward/mean": "mean reward of the judged completions, 0..1 (without shaping)",
    "reward/std": "standard deviation of the same",
    "reward/shaped_mean": "mean of what training maximises: the reward and shaping terms",
    "group/zero_std_rate": "share of groups whose rewards are all equal: they teach nothing",
    "group/solved_rate": "share of groups with at least one reward of 1",
    "policy/entropy": "mean entropy of the next-token distribution at trained tokens, nats",
    "policy/kl": "KL from the policy before this iteration's updates to the one now (k3), nats a token; 0 at the first",
    "policy/kl_reference": "KL to the reference policy (k3), nats a token",
    "policy/ratio": "mean of pi / pi_old over trained tokens; 1 at the first update",
    "policy/clip_rate": "share of trained tokens whose gradient the clip took away",
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
    "mismatch/logprob_max": "largest |trainer - engine|, nats",
    "mismatch/kl": "KL from the engine's distribution to the trainer's (k3), nats a token",
    "mismatch/ratio_max": "largest exp(trainer - engine)",
    "rollout/near_ties": "sampled tokens whose uniform fell within 1e-5 of another token",
    "rollout/tokens_per_second": "sampled tokens a second while sampling",
    "train/loss": "the loss that was minimised, mean over the iteration's updates",
    "train/lr": "learning rate of the last update",
    "train/grad_norm": "norm of the gradient before clipping, mean over the iteration's updates",
    "train/updates": "updates since the run began, empty ones included: what the schedule counts",
    "train/empty_updates": "updates without a live row: no step was made",
    "train/skipped_updates": "updates dropped because their gradient was not finite",
    "train/skipped_rows_rate": "share of rows that were not computed because they add exactly nothing",
    "time/rollout": "seconds spent sampling",
    "time/judge_wait": "seconds spent waiting for verdicts after sampling was done",
    "time/inputs": "seconds spent on passes for old and reference log-probs",
    "time/train": "seconds spent in updates",
    "time/eval": "seconds spent in evaluation",
    "time/checkpoint": "seconds spent writing checkpoints",
    "time/iteration": "seconds of the whole iteration",
    "checkpoint/failed": "checkpoints that could not be written (disk full)",
}

#: Metrics of an evaluation, under `eval/<suite>/`.
EVAL_METRICS: dict[str, str] = {
    "accuracy": "mean reward over the judged samples, averaged by problem",
}
