"""The wordings around a problem."""

import dataclasses

import pytest

from rlvr.core import Prompt
from rlvr.data import TEMPLATES, template_named
from rlvr.data.wrappers import unwrapped
from rlvr.errors import UnknownName


def prompt(verifier: str, system: str = "") -> Prompt:
    turns = [{"role": "system", "content": system}] if system else []
    return Prompt("i", (*turns, {"role": "user", "content": " What is 6 times 7?\n"}), "42", verifier)


def test_boxed_words_each_kind_of_task_and_leaves_instructions_alone() -> None:
    boxed = template_named("boxed")
    worded = boxed.put_on(prompt("math"))
    assert worded.text == (
        "What is 6 times 7?\n\nPlease reason step by step, and put your final answer within \\boxed{}."
    )
    assert worded.meta == {"template": boxed.identity}
    assert "label" in boxed.put_on(prompt("choice")).text and "```python" in boxed.put_on(prompt("code")).text
    assert boxed.put_on(prompt("instructions")) == prompt("instructions")


def test_r1_and_qwen_speak_in_the_system_prompt_before_the_rows_own() -> None:
    worded = template_named("r1").put_on(prompt("math", "Answer in French."))
    assert [m["role"] for m in worded.messages] == ["system", "user"]
    assert (
        worded.messages[0]["content"].startswith("A conversation between")
        and "<answer>" in worded.messages[0]["content"]
    )
    assert worded.messages[0]["content"].endswith("\n\nAnswer in French.")
    assert template_named("qwen_math").put_on(prompt("math")).messages[0]["content"].startswith("Please reason")


def test_daposs_wording_is_what_the_adapters_strip() -> None:
    assert unwrapped(template_named("dapo").put_on(prompt("math")).text) == "What is 6 times 7?"
    assert unwrapped("Remember to put your answer on its own line") == "Remember to put your answer on its own line"


def test_none_changes_nothing_and_an_unknown_name_is_explained() -> None:
    assert template_named("none").put_on(prompt("math")) == prompt("math")
    with pytest.raises(UnknownName, match="did you mean 'boxed'"):
        template_named("boxd")


def test_the_identity_names_the_wording() -> None:
    assert len({t.identity for t in TEMPLATES.values()}) == len(TEMPLATES)
    boxed = TEMPLATES["boxed"]
    other = dataclasses.replace(
        boxed, wordings={**boxed.wordings, "math": dataclasses.replace(boxed.wordings["math"], after="x")}
    )
    assert other.identity.split(":")[0] == boxed.identity.split(":")[0] == "boxed@1"
    assert other.identity != boxed.identity


def test_a_changed_wording_gets_a_new_version() -> None:
    """Scores under another wording do not compare: raise `version` with any change, then put the new hash here."""
    assert {t.name: t.identity for t in TEMPLATES.values()} == PINNED


PINNED = {
    "none": "none@1:d905e156",
    "boxed": "boxed@1:f1719b4d",
    "r1": "r1@1:833fc210",
    "dapo": "dapo@1:c672681d",
    "qwen_math": "qwen_math@1:5cad0c8f",
}
