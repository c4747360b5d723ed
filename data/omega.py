"""OMEGA: synthetic problems whose tests ask for more than training showed (Sun et al., 2025, arXiv:2506.18880)."""

from __future__ import annotations

from rlvr.core import Prompt
from rlvr.registry import dataset

from .families import open_instruct
from .sources import Hosted, Row


def _hosted(kind: str, **more: str) -> Hosted:
    """One of the three sets; all settings of the hub, one after the other. `more` maps further splits to the hub's."""
    name = f"omega_{kind}"
    return Hosted(
        hub=f"allenai/omega-{kind}",
        files={split: f"{name}_{split}.jsonl" for split in dict.fromkeys(("train", "test", *more))},
        config="*",
        hub_splits=more,
        rows="10,000-100,000",
        licence="MIT",
        verifier="math",
        template="boxed",
        url=f"https://huggingface.co/datasets/allenai/omega-{kind}",
        example={
            "id": "ours_0",
            "setting_key": "ours",
            "messages": [
                {
                    "role": "user",
                    "content": "What is 6 times 7? Present the answer in LaTex format: \\boxed{Your answer}",
                }
            ],
            "ground_truth": "42",
            "dataset": "math",
        },
    )


@dataset("omega_explorative", source=_hosted("explorative", test="test_in", test_out="test_out"))
def omega_explorative(row: Row, index: int) -> Prompt:
    """Tests on harder problems of a skill; `meta["setting_key"]` says which skill."""
    return open_instruct(row, index, keep=("setting_key",))


@dataset("omega_compositional", source=_hosted("compositional"))
def omega_compositional(row: Row, index: int) -> Prompt:
    """Tests on skills combined; `meta["setting_key"]` says which."""
    return open_instruct(row, index, keep=("setting_key",))


@dataset("omega_transformative", source=_hosted("transformative"))
def omega_transformative(row: Row, index: int) -> Prompt:
    """Tests on problems that want a new way to solve them; `meta["setting_key"]` says which skill."""
    return open_instruct(row, index, keep=("setting_key",))
