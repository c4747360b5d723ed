r"""Templates: the wording around a problem, by name. A recipe chooses one with `data.train.template`.

A template words each kind of task by the verifier that judges it, because a boxed number and a program are asked
for differently; a kind that it does not word is left as it is. Its identity, such as `boxed@1:3f0c11aa`, goes into
every record: scores under different wordings do not compare. Change `version` with any wording.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from rlvr.core import Message, Prompt
from rlvr.errors import UnknownName


@dataclass(frozen=True, slots=True)
class Wording:
    """What stands before and after the problem in the user's turn, and the system prompt."""

    before: str = ""
    after: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """Wordings by verifier, under one name."""

    name: str
    version: int
    wordings: Mapping[str, Wording] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """`name@version:hash`, the hash over every wording."""
        content = json.dumps({name: dataclasses.asdict(w) for name, w in self.wordings.items()}, sort_keys=True)
        return f"{self.name}@{self.version}:{hashlib.blake2b(content.encode(), digest_size=4).hexdigest()}"

    def put_on(self, prompt: Prompt) -> Prompt:
        """The prompt with this wording around its last user turn, and the template's identity in `meta`."""
        wording = next((self.wordings[use.name] for use in prompt.verifiers if use.name in self.wordings), None)
        if wording is None or not prompt.messages:
            return prompt
        meta = {**prompt.meta, "template": self.identity}
        return dataclasses.replace(prompt, messages=_worded(prompt.messages, wording), meta=meta)


def problem_text(prompt: Prompt) -> str:
    """The last user turn without the wording that a template put around it: what the problem itself says."""
    text = prompt.text
    name = str(prompt.meta.get("template", "")).partition("@")[0]
    wordings = TEMPLATES[name].wordings if name in TEMPLATES else {}
    for wording in (wordings[use.name] for use in prompt.verifiers if use.name in wordings):
        return text.removeprefix(wording.before).removesuffix(wording.after)
    return text


def _worded(messages: tuple[Message, ...], wording: Wording) -> tuple[Message, ...]:
    out = list(messages)
    last = max((i for i, m in enumerate(out) if m["role"] == "user"), default=None)
    if last is not None:
        out[last] = {**out[last], "content": f"{wording.before}{out[last]['content'].strip()}{wording.after}"}
    if wording.system and out[0]["role"] == "system":  # the row's own instructions come after ours
        out[0] = {**out[0], "content": f"{wording.system}\n\n{out[0]['content']}"}
    elif wording.system:
        out.insert(0, {"role": "system", "content": wording.system})
    return tuple(out)


#: The wording of Qwen2.5-Math and of DeepSeek-R1's evaluations, so that scores compare with published ones.
BOXED = r"Please reason step by step, and put your final answer within \boxed{}."
LABEL = r"Please reason step by step, and put the label of the right option within \boxed{}."
PROGRAM = "Please reason step by step, and write the whole program in one block that starts with ```python."
#: DeepSeek-R1-Zero's (arXiv:2501.12948, table 1), as a system prompt.
R1 = (
    "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The assistant "
    "first thinks about the reasoning process in the mind and then provides the user with the answer. The reasoning "
    "process and answer are enclosed within <think> </think> and <answer> </answer> tags, respectively, i.e., "
    "<think> reasoning process here </think> <answer> answer here </answer>."
)
#: DAPO's (arXiv:2503.14476), as its published rows have it.
DAPO = Wording(
    before="Solve the following math problem step by step. The last line of your response should be of the form "
    "Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\n",
    after='\n\nRemember to put your answer on its own line after "Answer:".',
)

_CODE = Wording(after=f"\n\n{PROGRAM}")
_TABLE = (
    Template("none", 1),
    Template(
        "boxed",
        1,
        {
            "math": Wording(after=f"\n\n{BOXED}"),
            "reference": Wording(after=f"\n\n{BOXED}"),
            "choice": Wording(after=f"\n\n{LABEL}"),
            "code": _CODE,
        },
    ),
    Template("r1", 1, {name: Wording(system=R1) for name in ("math", "reference", "choice", "code", "instructions")}),
    Template("dapo", 1, {"math": DAPO, "reference": DAPO, "choice": DAPO, "code": _CODE}),
    Template(
        "qwen_math",
        1,
        {
            "math": Wording(system=BOXED),
            "reference": Wording(system=BOXED),
            "choice": Wording(system=LABEL),
            "code": Wording(system=PROGRAM),
        },
    ),
)
#: name -> template; read only.
TEMPLATES: Mapping[str, Template] = {template.name: template for template in _TABLE}


def template_named(name: str) -> Template:
    """The template called `name`. Raises `UnknownName`, which suggests the nearest."""
    if name not in TEMPLATES:
        raise UnknownName("template", name, TEMPLATES)
    return TEMPLATES[name]
