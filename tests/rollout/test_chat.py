"""From messages to tokens: templates, stop ids, and text that round-trips."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr.core import Sampling
from rlvr.errors import UserError
from rlvr.rollout import chat
from rlvr.rollout.scripted_engine import ScriptedEngine
from rlvr.training.models import load_model, load_tokenizer
from tests.tiny import checkpoint, make_tokenizer, prompt


def test_the_prompt_ends_where_the_assistant_begins() -> None:
    tokenizer = make_tokenizer()
    ids = chat.prompt_ids(tokenizer, [{"role": "user", "content": "1+1?"}])
    assert tokenizer.decode(ids) == "<|user|>1+1?<|assistant|>"
    assert ids.count(tokenizer.convert_tokens_to_ids("<|user|>")) == 1


@pytest.mark.parametrize("text", ["3 + 4 = 7", "é ß 中文 🙂", "\\boxed{\\frac{1}{2}}", "a\n\tb  c", " lead"])
def test_any_text_round_trips(text: str) -> None:
    tokenizer = make_tokenizer()
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert chat.completion_text(tokenizer, [*ids, tokenizer.eos_token_id], (tokenizer.eos_token_id,)) == text


@pytest.mark.parametrize(
    ("text", "stop", "kept"),
    [
        ("4\n\nQuestion: 3?", ("Question:", "\n\n"), "4"),  # the first in the text, not in the list
        ("4 Question", ("Question:",), "4 Question"),
        ("", ("x",), ""),
        ("xy", ("y", "xy"), ""),
        ("xy", (), "xy"),
    ],
)
def test_a_text_ends_before_the_first_stop_text(text: str, stop: tuple[str, ...], kept: str) -> None:
    assert chat.before_stop(text, stop) == kept
    tokenizer = make_tokenizer(pairs=True)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert chat.completion_text(tokenizer, [*ids, tokenizer.eos_token_id], (tokenizer.eos_token_id,), stop) == kept
    (script,) = ScriptedEngine(lambda prompt, sample: text).generate([prompt("?")], Sampling(stop=stop))
    assert script[0].text == kept and bytes(script[0].token_ids).decode().startswith(kept)
    assert script[0].num_tokens == len(text) or any(bytes(script[0].token_ids).decode().endswith(s) for s in stop)


def test_a_model_without_a_chat_template_gets_the_plain_one_and_says_so() -> None:
    tokenizer, other = make_tokenizer(), make_tokenizer()
    tokenizer.chat_template = None
    chat.set_template(tokenizer, None)
    assert tokenizer.decode(chat.prompt_ids(tokenizer, [{"role": "user", "content": "hi"}])) == "hi\n"
    note = chat.template_note(tokenizer, None, "mine")
    assert note is not None and chat.template_hash(tokenizer) in note
    assert note.startswith("mine has no chat template of its own") and "model.chat_template=plain" in note
    assert chat.template_note(tokenizer, "plain", "mine") is None  # who asks for it knows
    chat.set_template(other, None)
    assert chat.template_note(other, None, "mine") is None  # it has its own, and keeps it
    chat.set_template(other, "plain")
    assert chat.template_hash(other) == chat.template_hash(tokenizer)


def test_a_plain_prompt_begins_as_the_tokenizer_begins_every_text() -> None:
    """Llama's and Gemma's base models were trained behind a token that Qwen's and GPT-2's do not have."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = make_tokenizer()
    tokenizer.add_special_tokens({"bos_token": "<|begin|>"})
    begin = tokenizer.bos_token_id
    chat.set_template(tokenizer, "plain")
    assert begin not in chat.prompt_ids(tokenizer, [{"role": "user", "content": "hi"}])
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|begin|> $A", special_tokens=[("<|begin|>", begin)]
    )
    chat.set_template(tokenizer, "plain")
    asked = [{"role": "user", "content": "hi"}, {"role": "user", "content": "ho"}]
    assert chat.prompt_ids(tokenizer, asked) == tokenizer("hi\nho\n")["input_ids"]
    assert chat.prompt_ids(tokenizer, asked).count(begin) == 1


def test_templates_have_different_hashes() -> None:
    one, other = make_tokenizer(), make_tokenizer()
    assert chat.template_hash(one) == chat.template_hash(other)
    chat.set_template(other, "plain")
    assert chat.template_hash(one) != chat.template_hash(other)


def test_a_model_that_names_no_end_is_refused() -> None:
    tokenizer = make_tokenizer()
    end = tokenizer.eos_token_id
    assert chat.stop_token_ids(tokenizer, [5, end]) == tuple(sorted({5, end}))
    assert chat.stop_token_ids(tokenizer, 5) == tuple(sorted({5, end}))
    tokenizer.eos_token = None
    with pytest.raises(UserError, match="names no token that ends an answer"):
        chat.stop_token_ids(tokenizer, None)


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    for load in (load_model, load_tokenizer):
        with pytest.raises(UserError, match=r"no config.json in .*Give the folder"):
            load(str(tmp_path))
    (tmp_path / "config.json").write_text((checkpoint() / "config.json").read_text())
    with pytest.raises(UserError, match="cannot be loaded from the folder"):
        load_model(str(tmp_path))


def test_a_model_that_caps_its_logits_is_refused() -> None:
    from rlvr.training.models import check_head

    class Capped:
        """Gemma 2's cap around a real model."""

        def __init__(self, model) -> None:
            self.model, self.config, self.device, self.base_model = model, model.config, model.device, model.base_model

        def get_output_embeddings(self):
            return self.model.get_output_embeddings()

        def __call__(self, **kwargs):
            out = self.model(**kwargs)
            out.logits = 0.1 * (out.logits / 0.1).tanh()
            return out

    model = load_model(str(checkpoint()))
    check_head(model, "fine")
    with pytest.raises(UserError, match="changes its logits"):
        check_head(Capped(model), "capped")
