"""The Decision Transformer: a sequence model that acts as well as it is asked to. Chen et al., arXiv:2106.01345."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from rlvr.functional import masked_mean, returns_to_go, token_logprobs
from rlvr.lab.episodes import Episodes, encoder


def small_backbone(width: int = 64, seed: int = 0) -> Any:
    """A transformer from scratch; any causal language model of transformers can stand in its place."""
    torch.manual_seed(seed)
    sizes: Any = {"vocab_size": 1, "hidden_size": width, "intermediate_size": 2 * width, "num_attention_heads": 2}
    return LlamaForCausalLM(LlamaConfig(num_hidden_layers=2, bos_token_id=None, eos_token_id=None, **sizes))


class DecisionTransformer(nn.Module):
    """Reads (return-to-go, state, action) of the last `context` steps and says the next action.

    The three tokens of a step share one embedding of its time. `scale` divides the returns; `blind` hides them:
    behaviour cloning. Discrete actions are learned as classes, others as numbers.
    """

    def __init__(self, backbone: Any, env: Any, *, context: int = 8, scale: float = 1.0, blind: bool = False) -> None:
        super().__init__()
        self.backbone, self.context, self.scale, self.blind = backbone, context, scale, blind
        self.discrete = hasattr(env.action_space, "n")
        self.encode_state, self.encode_action = encoder(env.observation_space), encoder(env.action_space)
        states = len(self.encode_state(env.observation_space.sample()))
        actions, width = len(self.encode_action(env.action_space.sample())), backbone.config.hidden_size
        self.embed_time = nn.Embedding(128, width)  # later steps share the last one
        self.embed_return, self.embed_state = nn.Linear(1, width), nn.Linear(states, width)
        self.embed_action, self.norm = nn.Linear(actions, width), nn.LayerNorm(width)
        self.predict = nn.Linear(width, actions)

    def forward(self, returns: Tensor, states: Tensor, actions: Tensor, times: Tensor) -> Tensor:
        """`returns [B, K]`, `states [B, K, F]`, `actions [B, K, A]`, `times [B, K]` -> logits or actions `[B, K, A]`.

        Read off where the state stands, which sees everything before this step's action and not the action itself.
        """
        asked = (returns * (0.0 if self.blind else 1.0 / self.scale)).float().unsqueeze(-1)
        tokens = torch.stack([self.embed_return(asked), self.embed_state(states), self.embed_action(actions)], dim=2)
        tokens = tokens + self.embed_time(times.clamp(max=127)).unsqueeze(2)
        hidden = self.backbone.base_model(inputs_embeds=self.norm(tokens.flatten(1, 2)), use_cache=False)
        return self.predict(hidden.last_hidden_state[:, 1::3])

    def language_loss(self, token_ids: Tensor) -> Tensor:
        """-log p of each next token of a text, in the mean; `token_ids [B, L]`."""
        hidden = self.backbone.base_model(input_ids=token_ids[:, :-1]).last_hidden_state.flatten(0, 1)
        head = self.backbone.get_output_embeddings()
        return -token_logprobs(hidden, head.weight, token_ids[:, 1:].flatten())[0].mean()


def train(
    model: DecisionTransformer, data: Episodes, *, updates: int, batch: int = 64, rate: float = 3e-3,
    text: Tensor | None = None, language_coef: float = 0.1, seed: int = 0,
) -> float:  # fmt: skip
    """L_decision + language_coef L_language on random windows of `data` and rows of `text [N, L]` -> the last loss."""
    noise = torch.Generator().manual_seed(seed)
    returns, places = returns_to_go(data.rewards, data.mask), data.mask.nonzero()
    states, actions = model.encode_state(data.states), model.encode_action(data.actions)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-4, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / updates)
    for _ in range(updates):
        rows, ends = places[torch.randint(len(places), (batch,), generator=noise)].unbind(1)
        times = (ends - model.context + 1).clamp(min=0).unsqueeze(1) + torch.arange(model.context)
        seen = times <= ends.unsqueeze(1)  # what follows a window is padding, which nothing before it looks at
        rows, times = rows.unsqueeze(1), times.minimum(ends.unsqueeze(1))
        predicted = model(returns[rows, times], states[rows, times], actions[rows, times], times)
        if model.discrete:
            errors = nn.functional.cross_entropy(predicted.transpose(1, 2), data.actions[rows, times], reduction="none")
        else:
            errors = (predicted - actions[rows, times]).square().mean(dim=-1)
        loss = masked_mean(errors, seen)
        if text is not None:
            loss += language_coef * model.language_loss(text[torch.randint(len(text), (batch // 8,), generator=noise)])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return float(loss.detach())


@torch.no_grad()
def ask(model: DecisionTransformer, env: Any, target: float, *, episodes: int, seed: int = 0) -> list[float]:
    """The returns that it reaches when asked for `target`: less what was earned so far, from the last K steps."""
    noise, reached = torch.Generator().manual_seed(seed), []
    for episode in range(episodes):
        state, over = env.reset(seed=seed if episode == 0 else None)[0], False
        returns, states, actions = [target], [model.encode_state(state)], list[Tensor]()
        while not over:
            latest = slice(-model.context, None)
            known = torch.stack([*actions, torch.zeros(model.predict.out_features)])[latest]
            times = torch.arange(len(states))[latest]  # the time goes on when the window is full
            window = (torch.tensor(returns)[latest], torch.stack(states)[latest], known, times)
            said = model(*(part.unsqueeze(0) for part in window))[0, -1]
            action = int(said.softmax(0).multinomial(1, generator=noise)) if model.discrete else said.numpy()
            state, reward, terminated, truncated, _ = env.step(action)
            returns.append(returns[-1] - float(reward))
            states.append(model.encode_state(state))
            actions, over = [*actions, model.encode_action(action)], terminated or truncated
        reached.append(target - returns[-1])
    return reached
