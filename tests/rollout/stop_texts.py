"""What every engine must make of stop texts, with a checkpoint whose tokens may bring more than one's end (`pairs`)."""

from __future__ import annotations

import math

from transformers import PreTrainedTokenizerBase

from rlvr.core import Engine, Sampling
from tests.tiny import prompts

STOPS = ("e", "o", "uz", "\n")  # a server takes no more


def check_stop_texts_end_completions(engine: Engine, tokenizer: PreTrainedTokenizerBase) -> None:
    """The tokens are what was sampled, up to the one with which a stop text is there; the text ends before it."""
    sampling = Sampling(temperature=2.0, max_tokens=120, group_size=12, seed=3, stop=STOPS)
    made = [c for group in engine.generate(prompts(6), sampling) for c in group]
    by, within = set(), 0
    for completion in made:
        assert len(completion.logprobs) == completion.num_tokens and all(map(math.isfinite, completion.logprobs))
        whole, before = (
            tokenizer.decode(ids, skip_special_tokens=True) for ids in (completion.token_ids, completion.token_ids[:-1])
        )
        assert not any(stop in completion.text or stop in before for stop in STOPS)
        found = {stop: whole.partition(stop) for stop in STOPS if stop in whole}
        if not found:
            assert completion.text == whole
            continue
        stop = min(found, key=lambda s: len(found[s][0]))
        assert completion.finish_reason == "stop" and completion.text == found[stop][0]
        by.add(stop)
        within += bool(found[stop][2])  # the token went on behind the stop text
    assert len(by) > 1 and within > 3, "the test's own seed no longer samples the stop texts"
