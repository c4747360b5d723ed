"""Drawing tokens, with noise that belongs to the completion and not to the batch.

Each completion has a 64-bit key (`rlvr.core.noise_key`); its t-th uniform is a hash of (key, t). One
uniform a token picks by inverse CDF. Decoding at another batch size moves logits by some 1e-6, so a
uniform that falls within 1e-5 of a boundary between two tokens may pick either: such *near ties*
are counted, and two decodings agree up to a row's first.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from rlvr.core import Sampling

NEAR_TIE = 1e-5
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def uniforms(keys: np.ndarray, position: int | np.ndarray) -> np.ndarray:
    """The uniform of each completion at a position, in [0, 1) -> `[rows]` float64.

    `keys [rows]` uint64. SplitMix64's output function (Steele, Lea, Flood 2014) of key + (t + 1) * golden ratio.
    """
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64 is meant
        z = keys + (np.asarray(position).astype(np.uint64) + np.uint64(1)) * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def truncate(logits: Tensor, top_k: int, top_p: float) -> Tensor:
    """Removes all but the `top_k` likeliest tokens, then all beyond cumulative probability `top_p` -> `[rows, V]`."""
    if 0 < top_k < logits.shape[1]:
        threshold = logits.topk(top_k, dim=1).values[:, -1:]
        logits = logits.masked_fill(logits < threshold, -float("inf"))
    if top_p < 1.0:
        ordered, index = logits.sort(dim=1, descending=True)
        before = ordered.softmax(dim=1).cumsum(dim=1) - ordered.softmax(dim=1)
        ordered = ordered.masked_fill(before >= top_p, -float("inf"))  # the likeliest always stays
        logits = torch.empty_like(logits).scatter_(1, index, ordered)
    return logits


def draw(logits: Tensor, uniform: np.ndarray, sampling: Sampling) -> tuple[Tensor, Tensor, Tensor]:
    """Next tokens, their log-probs under the distribution that was sampled, and near ties.

    `logits [rows, V]` fp32 before temperature; `uniform [rows]` -> ids `[rows]`, logprobs `[rows]`,
    near ties `[rows]` bool. Temperature 0 takes the likeliest token and gives its log-prob at temperature 1.
    """
    if sampling.temperature == 0.0:
        top = logits.topk(2, dim=1)
        logprobs = top.values[:, 0] - logits.logsumexp(dim=1)
        return top.indices[:, 0], logprobs, top.values[:, 0] - top.values[:, 1] < NEAR_TIE
    if sampling.temperature != 1.0:
        logits = logits / sampling.temperature
    logits = truncate(logits, sampling.top_k, sampling.top_p)
    log_z = logits.logsumexp(dim=1, keepdim=True)
    cdf = torch.exp(logits - log_z).cumsum_(dim=1)
    # Scaled to the rounded total and kept below it: a uniform that rounds to 1 would otherwise pick the last
    # token of the vocabulary, also where its probability is 0.
    total = cdf[:, -1:]
    point = (torch.from_numpy(uniform).to(cdf).unsqueeze(1) * total).minimum(total.nextafter(torch.zeros_like(total)))
    ids = torch.searchsorted(cdf, point, right=True).clamp_(max=cdf.shape[1] - 1)
    upper = cdf.gather(1, ids)
    lower = torch.where(ids > 0, cdf.gather(1, (ids - 1).clamp(min=0)), 0.0)
    # The outer edges of the whole distribution have no neighbour to flip to.
    near = ((upper - point < NEAR_TIE) & (upper < total)) | ((point - lower < NEAR_TIE) & (lower > 0))
    logprobs = (logits.gather(1, ids) - log_z).squeeze(1)
    return ids.squeeze(1), logprobs, near.squeeze(1)
