"""What the judge and its workers say to each other: JSON behind its length and its item's number.

Nothing here is pickled, and what comes back from a worker is checked field by field: a verifier
that went astray may have written anything.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from rlvr.core import STATUSES, Completion, Prompt, Verdict, VerifierUse

HEADER = struct.Struct(">QQ")  # bytes of the body, number of the item
PERMIT = struct.Struct("Q")  # number of the item
MAX_REPLY = 8 << 20  # bytes; a longer reply is a worker gone astray
MAX_TEXT = 20_000  # characters of an extracted answer or a reason
MAX_PARTS = 1_000
MAX_STEPS = 100_000


def frame(item: int, message: Mapping[str, Any], text: str | None = None) -> bytes:
    """The message as bytes: a line of JSON, and a text as it is: escaping it and back costs some 5 us a kilobyte.

    Raises TypeError or ValueError where the message is not plain data.
    """
    body = _ENCODER.encode(message).encode()  # ASCII: lone surrogates survive as escapes
    if text is not None:
        body += b"\n" + str.encode(text, "utf-8", "surrogatepass")
    return HEADER.pack(len(body), item) + body


def parse(body: bytes) -> dict[str, Any]:
    """The other end of `frame`, with the text as `text`. Raises ValueError for anything that is not a message."""
    line, newline, text = body.partition(b"\n")
    try:
        message = _DECODER.decode(line.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError("a reply that is not JSON") from error
    if not isinstance(message, dict):
        raise ValueError("a reply that is not a message")
    if newline:
        message["text"] = text.decode("utf-8", "surrogatepass")
    return message


class Frames:
    """Cuts a stream of bytes into frames, wherever the reads happened to end."""

    def __init__(self, limit: int | None = None) -> None:
        self._buffer, self._limit = bytearray(), limit

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def first(self) -> tuple[int, bytes] | None:
        """Item and body of the first frame, None where it has not come whole. ValueError beyond the limit."""
        if len(self._buffer) < HEADER.size:
            return None
        length, item = HEADER.unpack_from(self._buffer)
        if self._limit is not None and length > self._limit:
            raise ValueError("a reply of impossible length")
        end = HEADER.size + length
        return (item, bytes(self._buffer[HEADER.size : end])) if len(self._buffer) >= end else None

    def drop_first(self) -> None:
        """Forgets the frame that `first` returned."""
        length, _ = HEADER.unpack_from(self._buffer)
        del self._buffer[: HEADER.size + length]


def _plain(value: Any) -> Any:
    """Numbers and arrays of numpy or torch, and sets, as what JSON knows."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    if callable(tolist := getattr(value, "tolist", None)):
        return tolist()
    raise TypeError(f"{type(value).__name__} is not plain data (text, number, list, mapping)")


_ENCODER, _DECODER = json.JSONEncoder(default=_plain), json.JSONDecoder()  # json.dumps would build one each time


def request(prompt: Prompt, uses: Sequence[VerifierUse], completion: Completion) -> dict[str, Any]:
    """What a worker needs of a prompt and a completion beside its text; token ids stay behind."""
    return {
        "id": prompt.id,
        "messages": [dict(m) for m in prompt.messages],
        "answer": prompt.answer,
        "meta": dict(prompt.meta),
        "uses": [[use.name, use.weight, dict(use.options)] for use in uses],
        "finish_reason": completion.finish_reason,
    }


def from_request(message: Mapping[str, Any]) -> tuple[Prompt, Completion]:
    """The other end of `request`."""
    uses = tuple(VerifierUse(name, weight, options) for name, weight, options in message["uses"])
    prompt = Prompt(message["id"], tuple(message["messages"]), message["answer"], uses, message["meta"])
    return prompt, Completion(spans=(), text=message["text"], finish_reason=message["finish_reason"])


def of_value(value: Any) -> Verdict:
    """What a verifier returned, as a Verdict. Raises ValueError where it is neither that nor a number."""
    if isinstance(value, Verdict) or value is None:
        return Verdict.of(value)
    if not isinstance(value, (bool, int, float)) and callable(item := getattr(value, "item", None)):
        value = item()  # a number of numpy or torch; an array of several raises here
    if not isinstance(value, (bool, int, float)):
        raise ValueError(f"the verifier returned a {type(value).__name__}, not a Verdict or a number from 0 to 1")
    if not 0 <= value <= 1:  # also NaN
        raise ValueError(f"the verifier returned {clip(repr(value), 40)}, not a number from 0 to 1")
    return Verdict.of(value)


def clip(text: str, length: int = MAX_TEXT) -> str:
    """The text, at most `length` characters of it."""
    return text if len(text) <= length else text[: length - 3] + "..."


def pack(verdict: Verdict) -> list[Any]:
    """The verdict as plain data. Raises ValueError or TypeError for fields that cannot be."""
    if len(verdict.parts) > MAX_PARTS or len(verdict.steps) > MAX_STEPS:
        raise ValueError(f"the verdict has {len(verdict.parts)} parts and {len(verdict.steps)} steps: too many")
    packed = [
        None if verdict.reward is None else float(verdict.reward),
        verdict.status,
        None if verdict.answer is None else clip(str(verdict.answer)),
        clip(str(verdict.reason)),
        {clip(str(name), 200): float(value) for name, value in verdict.parts.items()},
        [[int(end), float(reward)] for end, reward in verdict.steps],
    ]
    _check(packed)  # what the judge would refuse is found here, where it costs one verdict and no worker
    return packed


def unpack(packed: Any) -> Verdict:
    """The verdict that a worker sent: what `pack` made and the seconds. Raises ValueError for anything else."""
    if not isinstance(packed, list) or len(packed) != 7 or not _number(packed[6]):
        raise ValueError("the worker's verdict has not its seven fields")
    _check(packed[:6])
    reward, status, answer, reason, parts, steps, seconds = packed
    return Verdict(reward, status, answer, reason, parts, tuple((s[0], s[1]) for s in steps), max(0.0, seconds))


def _check(packed: list[Any]) -> None:
    reward, status, answer, reason, parts, steps = packed
    if status not in STATUSES or not (reward is None or _number(reward)):
        raise ValueError("the worker's verdict has no proper status and reward")
    if not (answer is None or isinstance(answer, str)) or not isinstance(reason, str):
        raise ValueError("the worker's verdict has no proper answer and reason")
    if not isinstance(parts, dict) or not all(isinstance(k, str) and _number(v) for k, v in parts.items()):
        raise ValueError("the worker's verdict has no proper parts")
    if not isinstance(steps, list) or not all(_step(step) for step in steps):
        raise ValueError("the worker's verdict has no proper steps")


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _step(step: Any) -> bool:
    return isinstance(step, list) and len(step) == 2 and type(step[0]) is int and _number(step[1])


def unjudged(reason: str, seconds: float = 0.0) -> Verdict:
    """The verdict "could not be judged"."""
    return Verdict(None, "error", reason=clip(reason), seconds=seconds)


def combine(uses: Sequence[VerifierUse], verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict of several verifiers: the mean of the rewards by normalised weight.

    Unjudged if any verifier could not judge; `correct` only at reward 1. One whose gate does not hold (its
    reward is not 1) counts as 0, without its steps. `parts` holds each one's own reward by name and its own
    parts as `name/part`. A single verifier's verdict passes through.
    """
    if len(uses) == 1:
        return verdicts[0]
    total = sum(use.weight for use in uses)
    if not total > 0 or any(use.weight < 0 for use in uses):
        return unjudged(f"the weights {[use.weight for use in uses]} of the verifiers cannot be normalised")
    parts: dict[str, float] = {}
    steps: list[tuple[int, float]] = []
    reasons = []
    held = {use.name for use, verdict in zip(uses, verdicts, strict=True) if verdict.reward == 1.0}
    shut = [bool(use.gate) and use.gate not in held for use in uses]
    for use, verdict, closed in zip(uses, verdicts, shut, strict=True):
        name = use.name
        while name in parts:  # the same verifier twice, with different options
            stem, _, count = name.partition("#")
            name = f"{stem}#{int(count or 1) + 1}"
        if verdict.reward is not None:
            parts[name] = verdict.reward
        parts |= {f"{name}/{part}": value for part, value in verdict.parts.items()}
        steps += [(end, reward * use.weight / total) for end, reward in verdict.steps if not closed]
        if closed:
            reasons.append(f"{name} does not count: {use.gate} does not hold")
        if verdict.reason:
            reasons.append(f"{name}: {verdict.reason}")
    answer = next((v.answer for v in verdicts if v.answer is not None), None)
    reason, seconds = clip("; ".join(reasons)), sum(v.seconds for v in verdicts)
    if failed := [v for v in verdicts if v.reward is None]:
        return Verdict(None, failed[0].status, answer, reason, parts, (), seconds)
    rewards = [0.0 if closed else v.reward or 0.0 for v, closed in zip(verdicts, shut, strict=True)]
    mean = sum(use.weight / total * reward for use, reward in zip(uses, rewards, strict=True))
    counted = [reward for use, reward in zip(uses, rewards, strict=True) if use.weight > 0]
    low, high = min(counted), max(counted)
    mean = min(max(mean, low), high)  # rounding: three rewards of 1 are 1, not 0.9999999999999999
    return Verdict(mean, Verdict.of(mean).status, answer, reason, parts, tuple(sorted(steps)), seconds)
