"""No verifier pays a completion that answers nothing: every probe, on real prompts of every verifier."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rlvr.checks.probes import NOTHING, Probe, games, probes_for
from rlvr.core import Completion, Prompt, Verdict, VerifierUse
from rlvr.registry import REGISTRIES, get
from rlvr.rewards import Judge

EVALDATA = Path(__file__).parents[3] / "shared" / "evaldata"
TRAIN = [
    {"name": "Correctness", "description": "the time is right", "min": 0, "max": 5},
    {"name": "Reasoning", "description": "each step follows", "min": 0, "max": 3},
    {"name": "Clarity", "description": "easy to read", "min": 0, "max": 2},
]


def asked(text: str, answer: Any, name: str, meta: dict[str, Any] | None = None, **options: Any) -> Prompt:
    messages = ({"role": "system", "content": "You are helpful."}, {"role": "user", "content": text})
    return Prompt(text[:40], messages, answer, (VerifierUse(name, 1.0, options),), meta or {})


def by_hand() -> Iterator[Prompt]:
    yield asked("What is 17 * 23?", "391", "math")
    yield asked("Solve x^2 = 2 for x > 0. Put your final answer in \\boxed{}.", r"\sqrt{2}", "math")
    yield asked("How many of the numbers 1, 2, 3 and 4 are even?", 2, "math")
    yield asked("Write 0.25 as a percentage, as in \\boxed{50\\%}.", r"25\%", "math")
    yield asked("Compute d=3+5, e=d*7 modulo ten.", "6", "math_steps", {"steps": ["d=3+5=8", "e=8*7=6"]})
    for method in ("match", "grader"):
        yield asked("Who wrote Faust? Give the surname alone.", ["Goethe", "von Goethe"], "reference", method=method)
    for method in ("f1", "rouge_l"):
        yield asked("Who wrote Faust?", "Johann Wolfgang von Goethe", "reference", method=method, threshold=0.8)
    yield asked("A train goes 120 km at 60 km/h. How long does it take?", {"criteria": TRAIN}, "rubric")
    yield asked("Say something kind to a friend who failed an exam.", "", "reward_model", model="stand-in")
    for style in ("think", "think_answer", "boxed", "think_boxed"):
        shown = "Answer as <think>why</think> <answer>what</answer>, or in \\boxed{}. What is 2 + 3?"
        yield asked(shown, "", "format", style=style)
    kwargs = [{}, {"relation": "at least", "num_words": 3}]
    followed = {"instruction_id_list": ["startend:quotation", "length_constraints:number_words"], "kwargs": kwargs}
    yield asked(
        "Describe rain in at least three words. Put all of it in double quotation marks.", followed, "instructions"
    )
    yield asked("Make 24 of 3, 3, 8, 8.", {"numbers": [3, 3, 8, 8], "target": 24}, "countdown")
    tests = ["assert add(2, 3) == 5", "assert add(0, 0) == 0"]
    yield asked(
        "Write add(a, b):\n```python\ndef add(a, b):\n    ...\n```", {"kind": "asserts", "tests": tests}, "code"
    )
    stdin = {"kind": "stdin", "inputs": ["1 2\n", "3 4\n"], "outputs": ["3\n", "7\n"]}
    yield asked("Read two numbers and print their sum.", stdin, "code")


def of_data() -> Iterator[Prompt]:
    """Twelve rows each of real multiple-choice and mathematics sets, where they are."""
    from rlvr.data import load_prompts

    for name, file in (("arc_challenge", "arc_challenge.jsonl"), ("gsm8k", "gsm8k_test.jsonl")):
        if (EVALDATA / file).is_file():
            yield from load_prompts(name, split="test", data_dir=str(EVALDATA), limit=12).prompts


def honest(conversations: Any) -> list[Any]:
    """Graders that quote what they judge, and find nothing in it; a reward model that dislikes all of it."""
    return [_reply("\n".join(m["content"] for m in conversation)) for conversation in conversations]


def _reply(text: str) -> Any:
    if "Correctness" in text and "points" in text:
        return f"It says: {text}\n" + json.dumps({c["name"]: 0 for c in TRAIN})
    return f'{text}\n{{"same": false}}' if "<<<REFERENCE" in text else -1e9


def probes(prompt: Prompt) -> list[Probe]:
    form_only = getattr(get("verifier", prompt.verifiers[0].name), "form_only", False)
    return [probe for probe in probes_for(prompt, "nowhere", form_only) if probe.games]


def judged(prompts: list[Prompt], open_model: Any = lambda *_: honest) -> list[tuple[Prompt, str, Verdict]]:
    pairs = [(p, probe.name, probe.completion) for p in prompts for probe in probes(p)]
    with Judge(2, open_model=open_model, warm=["math", "code"]) as judge:
        verdicts = judge.judge([(prompt, completion) for prompt, _, completion in pairs])
    return [(prompt, name, verdict) for (prompt, name, _), verdict in zip(pairs, verdicts, strict=True)]


@pytest.mark.parametrize("prompts", [by_hand, of_data])
def test_nothing_is_paid(prompts: Any) -> None:
    found = judged(list(prompts()))
    if not found:
        pytest.skip("the evaluation data is not here")
    wrong = [
        (p.verifiers[0].name, name, v) for p, name, v in found if v.reward != 0.0 or any(r > 0 for _, r in v.steps)
    ]
    assert not wrong, f"{len(wrong)} of {len(found)} paid or not judged: {wrong[:5]}"
    assert len(found) > 350


def test_every_verifier_is_among_them() -> None:
    """A new verifier needs a prompt here; those of plug-ins are their own business."""
    ours = {name for name in REGISTRIES["verifier"].names() if get("verifier", name).__module__.startswith("rlvr.")}
    assert ours - {p.verifiers[0].name for p in by_hand()} <= {"choice"}  # ARC's rows


def test_a_grader_that_pays_everything_is_not_even_asked_of_what_says_nothing() -> None:
    """The judge sees to what needs no judgement: a gullible grader or reward model cannot pay it."""
    said: list[str] = []

    def gullible(conversations: Any) -> list[Any]:
        out = []
        for conversation in conversations:
            text = "\n".join(m["content"] for m in conversation)
            said.append(text)
            full = json.dumps({c["name"]: c["max"] for c in TRAIN})
            out.append(full if "points" in text else '{"same": true}' if "<<<REFERENCE" in text else 1e9)
        return out

    asks = [p for p in by_hand() if p.verifiers[0].name in ("rubric", "reward_model")]
    asks += [p for p in by_hand() if p.verifiers[0].options.get("method") == "grader"]
    found = [(name, verdict) for _, name, verdict in judged(asks, lambda *_: gullible) if name in NOTHING]
    assert len(found) == len(NOTHING) * len(asks) and [v.reward for _, v in found] == [0.0] * len(found)
    assert said  # it was asked of the others


def test_the_probes_can_be_paid() -> None:
    """They are no decoration: a verifier that looks for the reference anywhere in the text pays some of them."""

    def anywhere(prompt: Prompt, completion: Completion) -> bool:
        return str(prompt.answer) in completion.text

    paid = {
        name
        for name, text in games(asked("2 + 3?", "5", "math"))
        if anywhere(asked("", "5", "math"), Completion.of_text(text))
    }
    assert {"every number", "several candidates", "several candidates, boxed"} <= paid
