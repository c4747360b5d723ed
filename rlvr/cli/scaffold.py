"""The text of a new plug-in and of its test, for `rlvr init`. NAME, FUNCTION and CLASS are filled in."""

from __future__ import annotations

from dataclasses import dataclass

_VERIFIER = '''\
"""The verifier `NAME`: name this file in a recipe's `plugins`, or with --plugin."""

from rlvr.core import Completion, Prompt, Verdict
from rlvr.registry import verifier


@verifier("NAME", example={"prompt": "What is 2 + 3?", "completion": "5", "answer": "5"})
def FUNCTION(prompt: Prompt, completion: Completion, *, ignore_case: bool = True) -> Verdict:
    """Correct where the last line of the completion is the reference answer.

    Keyword-only parameters are the options that a recipe may set. It may run for long or crash: the judge
    runs it in a process of its own, and that costs one verdict. `example` is a completion that it pays, for
    `rlvr check verifier NAME`.
    """
    lines = completion.text.strip().splitlines()
    if not lines:
        return Verdict(0.0, "unparsable", reason="the completion is empty")
    answer, wanted = lines[-1].strip(), str(prompt.answer).strip()
    same = answer.lower() == wanted.lower() if ignore_case else answer == wanted
    return Verdict(float(same), "correct" if same else "wrong", answer=answer)
'''

_VERIFIER_TEST = '''\
"""Tests of the verifier `NAME`: what it accepts, what it refuses, and that the judge can run it."""

from pathlib import Path

import rlvr

PLUGIN = Path(__file__).with_name("FUNCTION.py")


def judge(text: str, answer: str, **options: object) -> "rlvr.core.Verdict":
    return rlvr.score([text], [answer], "NAME", options=options, workers=1, plugins=[PLUGIN])[0]


def test_accepts_the_answer_on_the_last_line() -> None:
    verdict = judge("first I think\\nParis", "paris")
    assert (verdict.reward, verdict.status, verdict.answer) == (1.0, "correct", "Paris")


def test_refuses_another_answer() -> None:
    assert judge("Paris is nice, but\\nRome", "Paris").status == "wrong"


def test_the_option_is_used() -> None:
    assert judge("PARIS", "Paris", ignore_case=False).reward == 0.0


def test_an_empty_completion_is_the_models_fault() -> None:
    assert judge("", "Paris").status == "unparsable"
'''

_DATASET = '''\
"""The data set `NAME`: name this file in a recipe's `plugins`, or with --plugin."""

from rlvr.core import Prompt
from rlvr.data import Hosted, Row, user_turn
from rlvr.registry import dataset


@dataset(
    "NAME",
    source=Hosted(
        hub="your-name/NAME",
        files={"train": "NAME_train.jsonl", "test": "NAME_test.jsonl"},  # names in --data-dir
    ),
)
def FUNCTION(row: Row, index: int) -> Prompt:
    """One row, with the columns `question` and `answer`, becomes one prompt.

    A missing column is reported with its row; raise `rlvr.data.BadRow` for a row that yields no prompt.
    """
    return Prompt(str(index), user_turn(row["question"]), row["answer"], "math")
'''

_DATASET_TEST = '''\
"""Tests of the data set `NAME`: a row becomes a prompt, and a broken row is left out with a reason."""

import json
from pathlib import Path

from rlvr.data import load_prompts
from rlvr.registry import load_plugin

load_plugin(Path(__file__).with_name("FUNCTION.py"))


def test_rows_become_prompts(tmp_path: Path) -> None:
    rows = [{"question": "What is 1 + 1?", "answer": "2"}, {"question": "and without an answer?"}]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\\n" for row in rows))
    loaded = load_prompts("NAME", path=file, on_bad_row="skip")
    assert [(prompt.text, prompt.answer) for prompt in loaded.prompts] == [("What is 1 + 1?", "2")]
    assert len(loaded.skipped) == 1 and "answer" in loaded.skipped[0]
'''

_ALGORITHM = '''\
"""The algorithm `NAME`: name this file in a recipe's `plugins`, or with --plugin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rlvr import functional as F
from rlvr.algorithms.base import Algorithm, Loss, State
from rlvr.registry import algorithm

if TYPE_CHECKING:
    from rlvr.training.batch import Batch, Outputs


@algorithm("NAME")
@dataclass(frozen=True, slots=True)
class CLASS(Algorithm):
    """Policy gradient with the reward minus the mean of the prompt's other completions; `scale` multiplies it.

    Fields are the options that a recipe may set. Name the paper here, with its equations.
    """

    scale: float = 1.0

    advantage: ClassVar[str] = "leave-one-out"
    surrogate: ClassVar[str] = "log-prob"
    paper: ClassVar[str] = "-"
    min_group_size: ClassVar[int] = 2

    def credit(self, batch: Batch, state: State) -> Batch:
        """Advantages of a whole iteration, from rewards by group [P, G]; NaN where a completion was not judged."""
        advantages = F.leave_one_out(batch.by_group(batch.returns), batch.by_group(batch.judged))
        return batch.with_advantages(self.scale * advantages.flatten())

    def loss(self, outputs: Outputs, batch: Batch) -> Loss:
        """This micro-batch's share of the mean over the update: `batch.aggregate` owns the denominator."""
        return Loss(batch.aggregate(F.reinforce(outputs.logprobs, batch.advantages), "sequence_sum"))
'''

_ALGORITHM_TEST = '''\
"""Tests of the algorithm `NAME` on one group of two completions, small enough to check by hand."""

from pathlib import Path

import torch

from rlvr.core import Completion, Group, Prompt, Rollout, Span, Verdict
from rlvr.registry import get, load_plugin
from rlvr.training.batch import Batch, Outputs, collate

load_plugin(Path(__file__).with_name("FUNCTION.py"))


def two_completions() -> Batch:
    """A right and a wrong completion of two tokens each, after a prompt of one token."""
    rollouts = []
    for reward in (1.0, 0.0):
        span = Span("sampled", (5, 6), (-0.5, -0.5))
        verdict = Verdict.of(reward)
        rollouts.append(Rollout(Completion((span,), "", prompt_ids=(1,)), verdict, reward))
    return collate([Group(Prompt("p", (), "2"), tuple(rollouts))], pad_id=0)


def test_credit() -> None:
    algorithm = get("algorithm", "NAME")()
    credited = algorithm.credit(two_completions(), algorithm.init_state())
    # 1 - 0 and 0 - 1, on both trained tokens of each row, 0 on the prompt
    assert credited.advantages.tolist() == [[0.0, 1.0, 1.0], [0.0, -1.0, -1.0]]


def test_the_gradient_raises_the_right_completion() -> None:
    algorithm = get("algorithm", "NAME")(scale=2.0)
    batch = algorithm.credit(two_completions(), algorithm.init_state())
    logprobs = torch.full((2, 3), -0.5, requires_grad=True)
    algorithm.loss(Outputs(logprobs, torch.zeros(2, 3)), batch).value.backward()
    # the loss falls as log-probs of the first row rise: -scale * advantage / 2 sequences
    assert logprobs.grad is not None
    assert logprobs.grad.tolist() == [[0.0, -1.0, -1.0], [0.0, 1.0, 1.0]]
'''

_SUITE = '''\
"""The suite `NAME`: name this file with --plugin."""

from rlvr.eval import Suite
from rlvr.registry import suite


@suite("NAME", version=1)
def FUNCTION() -> Suite:
    """Chains of nine digit operations, zero-shot. `dataset` may be any registered data set.

    Raise the version when a prompt, a reference or the verifier changes: scores stop comparing then.
    """
    return Suite(
        dataset="chain",
        split="test",
        options={"min_ops": 9, "max_ops": 9, "count": 100},
        sampling={"max_tokens": 256},
    )
'''

_SUITE_TEST = '''\
"""Tests of the suite `NAME`: it loads, and its problems have answers."""

from pathlib import Path

from rlvr.eval import suite_for
from rlvr.registry import load_plugin

load_plugin(Path(__file__).with_name("FUNCTION.py"))


def test_its_problems_load() -> None:
    prompts = suite_for("NAME").load(limit=5).prompts
    assert len(prompts) == 5
    assert all(prompt.text and prompt.answer for prompt in prompts)


def test_sampling() -> None:
    sampling = suite_for("NAME").sampling_for(1, {}, seed=0)
    assert (sampling.temperature, sampling.max_tokens) == (0.0, 256)
'''


@dataclass(frozen=True, slots=True)
class Template:
    """The two files of a kind."""

    plugin: str
    test: str

    def filled(self, name: str) -> tuple[str, str]:
        """Both texts for `name`, which holds letters, digits, `_` and `-`."""
        words = {"NAME": name, "FUNCTION": file_stem(name), "CLASS": _class_name(name)}
        plugin, test = self.plugin, self.test
        for word, replacement in words.items():
            plugin, test = plugin.replace(word, replacement), test.replace(word, replacement)
        return plugin, test


def file_stem(name: str) -> str:
    """The module's and the function's name."""
    return name.replace("-", "_")


def _class_name(name: str) -> str:
    return "".join(part.capitalize() for part in file_stem(name).split("_"))


TEMPLATES: dict[str, Template] = {
    "verifier": Template(_VERIFIER, _VERIFIER_TEST),
    "dataset": Template(_DATASET, _DATASET_TEST),
    "algorithm": Template(_ALGORITHM, _ALGORITHM_TEST),
    "suite": Template(_SUITE, _SUITE_TEST),
}
