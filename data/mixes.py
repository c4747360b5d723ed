"""Published mixes of prompts by name: `data.train: {mix: olmo3_think}`.

Counts as OLMo 3 drew them for its Think and Instruct models (Ai2, 2025, arXiv:2512.13961). Where it names OMEGA alone,
its three families share the number equally.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rlvr.errors import UnknownName


def _omega(count: int) -> dict[str, int]:
    names = ("omega_explorative", "omega_compositional", "omega_transformative")
    return {name: count // 3 + (i < count % 3) for i, name in enumerate(names)}


_THINK = {
    "if_rlvr": 30_186,
    "open_reasoner_zero": 3_000,
    "dapo_math": 2_584,
    "acereason_math": 6_602,
    "klear_math": 3_000,
    **_omega(15_000),
    "acecode": 9_767,
    "klear_code": 8_040,
    "nemotron_code": 2_303,
    "synthetic_2": 3_000,
    "tulu_3_sft": 7_129,
    "wildchat": 7_129,
    "multi_subject": 7_129,
}
_INSTRUCT = {
    "if_rlvr": 38_000,
    "open_reasoner_zero": 14_000,
    "dapo_math": 7_000,
    "polaris": 14_000,
    "klear_math": 9_000,
    **_omega(20_000),
    "acecode": 20_000,
    "tulu_3_sft": 18_955,
    "wildchat": 18_761,
    "multi_subject": 12_234,
}
#: mix -> data set -> prompts drawn from it; read only.
MIXES: Mapping[str, Mapping[str, int]] = MappingProxyType({"olmo3_think": _THINK, "olmo3_instruct": _INSTRUCT})


def mix_named(name: str) -> Mapping[str, int]:
    """The counts of a mix by data set. Raises `UnknownName`, which suggests the nearest."""
    if name not in MIXES:
        raise UnknownName("mix", name, MIXES)
    return MIXES[name]
