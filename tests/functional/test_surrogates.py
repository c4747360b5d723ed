"""Surrogates and divergences on literal numbers, and what their gradients must be."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from rlvr.functional import (
    cispo,
    clipped,
    dual_clip,
    entropy,
    exact_kl,
    k1,
    k2,
    k3,
    kl_penalty,
    masked_mean,
    reinforce,
    sequence_log_ratio,
    token_kl,
    tokens,
    unclipped,
    value_loss,
)


def test_reinforce() -> None:
    # -(2 * -0.5) = 1, -(-1 * -3) = -3
    loss = reinforce(torch.tensor([[-0.5, -3.0]]), torch.tensor([[2.0, -1.0]]))
    assert loss.tolist() == [[1.0, -3.0]]


@pytest.mark.parametrize(
    "ratio, advantage, loss, held",
    [
        (1.0, 2.0, -2.0, False),  # on policy
        (1.5, 2.0, -2.56, True),  # clipped above: -1.28 * 2
        (0.5, 2.0, -1.0, False),  # a good token below: free, so that it can come back up
        (0.5, -2.0, 1.6, True),  # clipped below: 0.8 * 2
        (1.5, -2.0, 3.0, False),  # a bad token above: free
        (1.28, 1.0, -1.28, False),  # at the bound itself nothing is taken away
    ],
)
def test_clipped_with_separate_bounds(ratio, advantage, loss, held) -> None:
    log_ratio = torch.tensor([[math.log(ratio)]], dtype=torch.float64, requires_grad=True)
    value, mask = clipped(log_ratio, torch.tensor([[advantage]], dtype=torch.float64), 0.2, 0.28)
    assert value.item() == pytest.approx(loss, abs=1e-9)
    if ratio != 1.28:
        assert mask.item() is held
        value.sum().backward()
        # d(-rho A)/d log rho = -rho A where free, 0 where held
        assert log_ratio.grad.item() == pytest.approx(0.0 if held else -ratio * advantage, abs=1e-9)


def test_sequence_log_ratio_sums_or_averages_the_trained_tokens() -> None:
    log_ratio = torch.tensor([[0.1, 0.2, 0.4], [1.0, 5.0, 5.0]])
    mask = torch.tensor([[1, 1, 1], [1, 0, 0]], dtype=torch.bool)
    # 0.1 + 0.2 + 0.4 = 0.7; 1.0 alone; means 0.7 / 3 and 1.0
    torch.testing.assert_close(sequence_log_ratio(log_ratio, mask), torch.tensor([[0.7] * 3, [1.0] * 3]))
    torch.testing.assert_close(
        sequence_log_ratio(log_ratio, mask, normalize=True), torch.tensor([[0.7 / 3] * 3, [1.0] * 3])
    )


def test_sequence_log_ratio_of_an_untrained_row_is_zero_and_finite() -> None:
    result = sequence_log_ratio(torch.tensor([[3.0]]), torch.tensor([[False]]), normalize=True)
    assert result.tolist() == [[0.0]]


def test_the_three_kl_estimators_on_one_number() -> None:
    pi, ref = torch.tensor([[math.log(0.5)]]), torch.tensor([[math.log(0.25)]])
    # d = ln 2 = 0.693147; d^2 / 2 = 0.240227; exp(-d) - 1 + d = 0.5 - 1 + 0.693147
    assert k1(pi, ref).item() == pytest.approx(0.693147, abs=1e-6)
    assert k2(pi, ref).item() == pytest.approx(0.240227, abs=1e-6)
    assert k3(pi, ref).item() == pytest.approx(0.193147, abs=1e-6)


def test_the_estimators_against_the_exact_kl_and_its_gradient() -> None:
    logits = torch.tensor([0.3, -1.0, 0.7, 0.1], dtype=torch.float64, requires_grad=True)
    ref = torch.tensor([0.0, 0.5, -0.5, 0.2], dtype=torch.float64).log_softmax(0)
    p = logits.log_softmax(0)
    exact = (p.exp() * (p - ref)).sum()
    value = exact.item()
    # As values, weighted with the probabilities: k1 and k3 are unbiased.
    weights = p.exp().detach()
    for unbiased in (k1, k3):
        assert (weights * unbiased(p, ref)).sum().item() == pytest.approx(value, abs=1e-12)
    (true,) = torch.autograd.grad(exact, logits, retain_graph=True)
    # On policy the gradient of k2 is the KL's; the gradient of k1 is zero in the mean.
    (second,) = torch.autograd.grad((weights * k2(p, ref)).sum(), logits, retain_graph=True)
    torch.testing.assert_close(second, true)
    (first,) = torch.autograd.grad((weights * k1(p, ref)).sum(), logits)
    torch.testing.assert_close(first, torch.zeros_like(first), rtol=0, atol=1e-12)


def one(value: float) -> Tensor:
    return torch.tensor([[value]], dtype=torch.float64, requires_grad=True)


def test_unclipped_follows_the_ratio_wherever_it_goes() -> None:
    log_ratio = one(math.log(5.0))
    loss = unclipped(log_ratio, one(2.0).detach())
    loss.sum().backward()
    # -5 * 2, and d(-rho A)/d log rho = -rho A
    assert (loss.item(), log_ratio.grad.item()) == (pytest.approx(-10.0), pytest.approx(-10.0))


@pytest.mark.parametrize(
    "ratio, advantage, loss, held",
    [
        (10.0, -2.0, 6.0, True),  # free would be 20; at most 3 * 2
        (2.0, -2.0, 4.0, False),  # below the limit of 3
        (0.5, -2.0, 1.6, True),  # PPO's own clip
        (10.0, 2.0, -2.56, True),  # a good token: PPO's own clip, 1.28 * 2
    ],
)
def test_dual_clip(ratio: float, advantage: float, loss: float, held: bool) -> None:
    log_ratio = one(math.log(ratio))
    value, mask = dual_clip(log_ratio, one(advantage).detach(), 0.2, 0.28)
    value.sum().backward()
    assert value.item() == pytest.approx(loss) and mask.item() is held
    assert log_ratio.grad.item() == pytest.approx(0.0 if held else -ratio * advantage)
    with pytest.raises(ValueError, match="above the upper clip bound"):
        dual_clip(log_ratio, log_ratio, 0.2, 0.28, limit=1.2)


@pytest.mark.parametrize("ratio, weight, held", [(1.5, 1.5, False), (0.01, 0.01, False), (9.0, 5.0, True)])
def test_cispo_holds_the_weight_and_never_the_gradient(ratio: float, weight: float, held: bool) -> None:
    logprobs = one(-1.0)
    loss, mask = cispo(logprobs, logprobs - (-1.0 - math.log(ratio)), one(2.0).detach(), clip_high=4.0)
    loss.sum().backward()
    # -min(rho, 5) * 2 * -1, with the gradient -min(rho, 5) * 2
    assert loss.item() == pytest.approx(2 * weight) and mask.item() is held
    assert logprobs.grad.item() == pytest.approx(-2 * weight)


def test_value_loss() -> None:
    # (3 - 1)^2 / 2 = 2
    values = one(3.0)
    loss, held = value_loss(values, one(1.0).detach())
    loss.sum().backward()
    assert loss.item() == 2.0 and not held.item() and values.grad.item() == pytest.approx(2.0)
    # from 2.5 to 3 is beyond 0.2: (2.7 - 1)^2 / 2 = 1.445 is less than 2, which stands
    assert value_loss(values, one(1.0), one(2.5), clip=0.2)[0].item() == pytest.approx(2.0)
    # towards the return, beyond the clip: (2.7 - 4)^2 / 2 = 0.845 against 0.5: held
    values = one(3.0)
    loss, held = value_loss(values, one(4.0).detach(), one(2.5).detach(), clip=0.2)
    loss.sum().backward()
    assert loss.item() == pytest.approx(0.845) and held.item() and values.grad.item() == 0.0
    with pytest.raises(ValueError, match="needs old_values"):
        value_loss(values, values, clip=0.2)


def test_kl_penalty_weights_with_the_ratio_and_differentiates_through_it() -> None:
    logprobs, ref, old = one(math.log(0.5)), one(math.log(0.25)).detach(), one(math.log(0.4)).detach()
    # rho = 1.25; k3 = 0.193147, so 0.241434
    loss = kl_penalty(logprobs, ref, "k3", old)
    assert loss.item() == pytest.approx(0.241434, abs=1e-6)
    loss.sum().backward()
    # d(rho k3) = rho (k3 + k3') with k3' = 1 - exp(-d) = 0.5: 1.25 * 0.693147
    assert logprobs.grad.item() == pytest.approx(0.866434, abs=1e-6)
    assert kl_penalty(logprobs, ref, "k1").item() == pytest.approx(0.693147, abs=1e-6)
    assert kl_penalty(logprobs, ref, "k2").item() == pytest.approx(0.240227, abs=1e-6)
    assert kl_penalty(logprobs, ref).item() == pytest.approx(0.193147, abs=1e-6)


def test_exact_kl_and_entropy() -> None:
    p, q = (torch.tensor([[row]], dtype=torch.float64).log() for row in ([0.5, 0.5], [0.25, 0.75]))
    # 0.5 ln(0.5 / 0.25) + 0.5 ln(0.5 / 0.75) = 0.5 ln(4/3); any constant added to the logits changes nothing
    assert exact_kl(p + 3, q - 7).item() == pytest.approx(0.5 * math.log(4 / 3))
    # the other way round it is another number: 0.25 ln(0.25 / 0.5) + 0.75 ln(0.75 / 0.5) = 0.130812
    assert exact_kl(q, p).item() == pytest.approx(0.130812, abs=1e-6)
    assert exact_kl(p, p).item() == pytest.approx(0.0, abs=1e-15)
    # -0.25 ln 0.25 - 0.75 ln 0.75 = 0.562335
    assert entropy(q).item() == pytest.approx(0.562335, abs=1e-6)
    assert exact_kl(p, q).shape == entropy(q).shape == (1, 1)


def test_token_kl_in_chunks_is_the_exact_one_and_so_are_its_derivatives(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = torch.Generator().manual_seed(0)
    hidden, weight, bias = (torch.randn(*n, generator=rng, dtype=torch.float64) for n in ((50, 4), (7, 4), (7,)))
    old = [x + 0.3 * torch.randn(x.shape, generator=rng, dtype=torch.float64) for x in (hidden, weight, bias)]
    leaves = [x.requires_grad_() for x in (hidden, weight, bias)]
    monkeypatch.setattr(tokens, "CHUNK_ELEMENTS", 16 * 7)
    assert len(tokens.row_chunks(50, 7)) == 4

    def chunked() -> Tensor:
        return token_kl(old[0], old[1], hidden, weight, old[2], bias, temperature=0.7)

    def plain() -> Tensor:
        logits = [(h @ w.t() + b) / 0.7 for h, w, b in (old, leaves)]
        return exact_kl(logits[0], logits[1])

    torch.testing.assert_close(chunked(), plain(), rtol=0, atol=1e-12)
    with torch.no_grad():
        torch.testing.assert_close(chunked(), plain(), rtol=0, atol=1e-12)
    mixed = torch.linspace(-1, 1, 50, dtype=torch.float64)
    gradients = []
    for value in (chunked(), plain()):
        first = torch.autograd.grad((value * mixed).sum(), leaves, create_graph=True)
        second = torch.autograd.grad(sum((g * g).sum() for g in first), leaves)
        gradients.append([*first, *second])
    for got, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-10)
    assert token_kl(old[0][:0], old[1], hidden[:0], weight).shape == (0,)


def test_masked_mean_ignores_nan_outside_the_mask() -> None:
    assert masked_mean(torch.tensor([1.0, 3.0, float("nan")]), torch.tensor([True, True, False])).item() == 2.0
    assert masked_mean(torch.tensor([1.0]), torch.tensor([False])).item() == 0.0
