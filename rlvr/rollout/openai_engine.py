"""Completions from any OpenAI-compatible server, for evaluation: it is asked, and never given weights.

    rlvr eval NAME --suite gsm8k engine=openai engine.url=http://HOST:8000/v1

`engine.api=chat` sends the messages, which the server writes by its own template; `completions` sends the prompt as
this side's template writes it, so `model.path` must then name a tokenizer. A server that tells what tokens it sampled
(vLLM, SGLang) is asked for them, and for a distribution that nothing but the sampling settings bends. Of others there
is the text, and the number of tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rlvr.core import Completion, Message, Prompt, Sampling, Span, noise_key
from rlvr.errors import UserError, did_you_mean
from rlvr.rollout import chat
from rlvr.rollout.openai_client import MALFORMED, OpenAIClient, reason
from rlvr.rollout.throughput import Throughput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from rlvr.schema import EngineSection

#: Further tries of a request that failed: some 15 seconds of pauses, or what the server asks for.
_RETRIES = 5
#: Servers that know more settings than OpenAI's, and give token ids, by the owner that they give their models.
_FULLER = ("vllm", "sglang")
#: What those are told, so that a checkpoint's generation config does not bend the distribution.
_UNBENT = {"min_p": 0.0, "repetition_penalty": 1.0, "return_token_ids": True}
#: Bits that seeds have not: those servers take 63, as vllm_requests sends them; others may have room for 31.
_NO_SEED = {True: 1, False: 33}


class OpenAIEngine:
    """Asks the server at `engine.url` for each completion alone, `engine.batch_size` at a time.

    `path` is the model's name there (or the server's only model). Each request has the seed of its completion's
    noise; what it is worth depends on the server.
    """

    def __init__(self, path: str, tokenizer: PreTrainedTokenizerBase | None, options: EngineSection) -> None:
        self.tokenizer, self.api = tokenizer, options.api
        self.url = options.url or "OPENAI_BASE_URL's"
        self.client = OpenAIClient(
            options.url, parallel=options.batch_size, timeout=options.timeout, retries=_RETRIES, purpose="engine=openai"
        )
        self.model, self.fuller, self.context = self._served(path)
        self.stop_ids = () if tokenizer is None else chat.stop_token_ids(tokenizer, chat.eos_of_checkpoint(path))
        self.failures: Counter[str] = Counter()
        self._limit = "max_tokens"  # what the server calls it
        self.throughput = Throughput()

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling, *, iteration: int = 0) -> list[list[Completion]]:
        """Completions in the order of the prompts; `aborted` ones where every try of a request failed.

        Raises `UserError` where most of them did.
        """
        self.failures.clear()
        with self.throughput.timed():
            flat = self.client.run(
                [
                    self._complete(prompt, sampling, noise_key(sampling.seed, iteration, prompt.id, sample))
                    for prompt in prompts
                    for sample in range(sampling.group_size)
                ]
            )
        failed = self.failures.total()
        self.throughput.failed += failed
        if failed > len(flat) / 2:
            why, count = self.failures.most_common(1)[0]
            raise UserError(
                f"{failed} of {len(flat)} requests to the server at {self.url} failed; {count} of them: {why}. "
                "What was sampled before is kept: look at the server, then continue with --resume."
            )
        self.throughput.tokens += sum(completion.num_tokens for completion in flat)
        size = sampling.group_size
        return [flat[start : start + size] for start in range(0, len(flat), size)]

    def load_policy(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        raise UserError("engine.name=openai cannot be given weights: it evaluates what a server serves.")

    def metrics(self) -> Mapping[str, float]:
        return self.throughput.metrics()

    def close(self) -> None:
        self.client.close()

    def _served(self, path: str) -> tuple[str, bool, int | None]:
        """The server's name for the model, whether it is one of `_FULLER`, and its context in tokens, if it says so."""
        from openai import APIConnectionError, AuthenticationError, OpenAIError

        try:
            (models,) = self.client.run([self.client.models()])
            names = {str(model.id): model for model in models}
        except (APIConnectionError, AuthenticationError) as error:
            why = reason(error).rstrip(".")
            raise UserError(
                f"no OpenAI-compatible server answered at engine.url={self.url}: {why}. Give the address "
                "with its /v1, such as http://127.0.0.1:8000/v1, and the key, where it wants one, in OPENAI_API_KEY."
            ) from error
        except (OpenAIError, *MALFORMED):  # it need not have a list
            return path, False, None
        if path not in names and len(names) > 1:
            raise UserError(
                f"the server at {self.url} serves no model {path!r}{did_you_mean(path, list(names))}. It serves: "
                f"{', '.join(list(names)[:10])}."
            )
        name = path if path in names or not names else next(iter(names))
        owner, context = (getattr(names.get(name), key, None) for key in ("owned_by", "max_model_len"))
        return name, str(owner).startswith(_FULLER), context if isinstance(context, int) else None

    async def _complete(self, prompt: Prompt, sampling: Sampling, key: int) -> Completion:
        from openai import BadRequestError, OpenAIError

        question = self._question(prompt.messages, sampling, key)
        try:
            try:
                reply = await self.client.ask(self.api, question)
            except BadRequestError as error:
                if (amended := self._amended(question, str(error))) is None:
                    raise
                reply = await self.client.ask(self.api, amended)
            return self._completion(reply, sampling.stop)
        except (OpenAIError, TimeoutError, *MALFORMED) as error:
            self.failures[reason(error)] += 1
            return Completion((), "", "aborted")

    def _question(self, messages: Sequence[Message], sampling: Sampling, key: int) -> dict[str, Any]:
        begun = messages[-1]["role"] == "assistant"  # the beginning of the answer itself
        more: dict[str, Any] = {"top_k": sampling.top_k} if sampling.top_k else {}
        if self.fuller:
            more |= {**_UNBENT, "top_k": sampling.top_k or -1}
        question: dict[str, Any] = {
            "model": self.model,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            self._limit: sampling.max_tokens,
            "seed": key >> _NO_SEED[self.fuller],
        }
        if sampling.stop:
            question["stop"] = list(sampling.stop)
        if self.api == "chat":
            question["messages"] = [{"role": m["role"], "content": m["content"]} for m in messages]
            if begun:
                more |= {"add_generation_prompt": False, "continue_final_message": True}
        else:
            assert self.tokenizer is not None, "completions are asked for with a template of this side"
            ids = chat.prompt_ids(self.tokenizer, messages)
            question["prompt"] = ids if self.fuller else self._text(messages)
            if self.context is not None:
                question[self._limit] = min(sampling.max_tokens, self.context - len(ids))
            if self.fuller:
                more["stop_token_ids"] = list(self.stop_ids)
        return question | ({"extra_body": more} if more else {})

    def _text(self, messages: Sequence[Message]) -> str:
        """The prompt as text, without the first token that a server puts before every prompt by itself."""
        assert self.tokenizer is not None
        text, first = chat.prompt_text(self.tokenizer, messages), self.tokenizer.bos_token
        return text.removeprefix(first) if isinstance(first, str) else text

    def _amended(self, question: Mapping[str, Any], refusal: str) -> dict[str, Any] | None:
        """The question without what the server refused: the limit's name, or a limit that its context has no room for.

        Without a limit a chat completion ends where the context does, which is the lower of the two then.
        """
        if "max_tokens" in question and "max_completion_tokens" in refusal:
            self._limit = "max_completion_tokens"
            return {**{k: v for k, v in question.items() if k != "max_tokens"}, self._limit: question["max_tokens"]}
        kept = {key: value for key, value in question.items() if not key.startswith("max_")}
        return kept if self.api == "chat" and len(kept) < len(question) else None

    def _completion(self, reply: Any, stop: Sequence[str]) -> Completion:
        """Raises one of `MALFORMED` where the reply has another form, or the server refused to answer."""
        choice = reply.choices[0]
        text = _answer(choice.message) if self.api == "chat" else choice.text or ""
        ended = choice.finish_reason
        if ended == "content_filter":
            raise ValueError("the server refused to answer (content_filter)")
        ids = _ids(choice, "token_ids")
        if ids and self.tokenizer is not None:
            text = chat.completion_text(self.tokenizer, ids, self.stop_ids, stop)
        usage = getattr(reply, "usage", None)
        prompt_ids = _ids(choice, "prompt_token_ids") or _ids(reply, "prompt_token_ids")
        return Completion(
            spans=(Span("sampled", ids),) if ids else (),
            text=chat.before_stop(text, stop),  # of its own accord a server may keep the stop text
            finish_reason="length" if ended == "length" else "stop",
            prompt_ids=prompt_ids,
            counted=0 if ids else int(getattr(usage, "completion_tokens", None) or 0),
        )


def _answer(message: Any) -> str:
    """The answer; where the server took the reasoning out of it, that stands before it again, in its tags."""
    thought = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)
    answer = str(message.content or "")
    return f"<think>{thought}</think>{answer}" if isinstance(thought, str) and thought else answer


def _ids(holder: Any, name: str) -> tuple[int, ...]:
    return tuple(int(token) for token in getattr(holder, name, None) or ())
