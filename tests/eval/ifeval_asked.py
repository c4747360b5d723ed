"""What a prompt of IFEval asks for, read from its reference as the paper (arXiv:2311.07911) defines each instruction.

`mistaken` changes one thing that is asked for, so that whoever obeys the rest breaks that instruction alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rlvr.core import Prompt
from tests.eval.ifeval_languages import NEIGHBOURS

#: Number of anything that is asked for, from and to.
Range = tuple[int, int]
MANY = 1_000_000
CONSTRAINED = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


@dataclass(frozen=True)
class Asked:
    """What a response is to be. Where "yes" asks for a form, "" is none, and any other text one that only looks it."""

    words: Range = (0, MANY)
    sentences: Range = (0, MANY)
    keywords: Mapping[str, Range] = field(default_factory=dict)
    letters: Mapping[str, Range] = field(default_factory=dict)
    capitals: Range | None = None
    highlights: Range | None = None
    placeholders: Range | None = None
    bullets: Range | None = None
    forbidden: tuple[str, ...] = ()
    mentioned: str = ""  # a forbidden word that is written all the same
    comma: str = "free"  # or "none", or "one"
    case: str = ""  # "upper" or "lower"
    small: bool = False  # one word in the other case
    language: str = "en"
    quoted: str = ""
    title: str = ""
    two: str = ""
    json: str = ""
    repeat: str = ""
    paragraphs: int = 0
    divider: str = "***"
    opening: tuple[int, int, str] | None = None  # so many paragraphs, which of them begins with the word
    sections: tuple[str, int] | None = None
    sections_in_all: bool = False  # of two responses together
    postscript: str = ""
    end: str = ""
    end_first: bool = False  # the end phrase is there, and not at the end
    constrained: str = ""


def both(a: Range | None, b: Range) -> Range:
    """What is in both ranges."""
    return (max(a[0], b[0]), min(a[1], b[1])) if a else b


def compared(relation: str | None, number: int) -> Range:
    """The range that is at least, or less than, a number."""
    return (0, number - 1) if relation == "less than" else (number, MANY)


def asked(prompt: Prompt) -> Asked:
    """Everything that a prompt's reference asks for."""
    known = Asked()
    for name, arguments in instructions(prompt):
        known = _with(known, name, arguments)
    return known


def instructions(prompt: Prompt) -> list[tuple[str, dict[str, Any]]]:
    """Each instruction's name after the colon, and its arguments."""
    given = zip(prompt.answer["instruction_id_list"], prompt.answer["kwargs"], strict=True)
    return [
        (name.split(":")[1], {key: value for key, value in (arguments or {}).items() if value is not None})
        for name, arguments in given
    ]


def _with(known: Asked, name: str, given: dict[str, Any]) -> Asked:
    relation = given.get("relation") or given.get("let_relation") or given.get("capital_relation")
    if name in ("number_words", "number_sentences"):
        what = name.split("_")[1]
        return replace(known, **{what: both(getattr(known, what), compared(relation, given[f"num_{what}"]))})
    if name == "existence":
        wanted = {word.lower(): (1, MANY) for word in given["keywords"]}
        return replace(known, keywords=_merged(known.keywords, wanted))
    if name == "frequency":
        return replace(
            known, keywords=_merged(known.keywords, {given["keyword"].lower(): compared(relation, given["frequency"])})
        )
    if name == "letter_frequency":
        wanted = {given["letter"].lower(): compared(relation, given["let_frequency"])}
        return replace(known, letters=_merged(known.letters, wanted))
    if name == "capital_word_frequency":
        return replace(known, capitals=both(known.capitals, compared(relation, given["capital_frequency"])))
    if name in ("number_highlighted_sections", "number_placeholders"):
        what = "highlights" if "high" in name else "placeholders"
        return replace(known, **{what: (given[f"num_{what}"], MANY)})
    if name == "number_bullet_lists":
        return replace(known, bullets=(given["num_bullets"], given["num_bullets"]))
    return _with_form(known, name, given)


def _with_form(known: Asked, name: str, given: dict[str, Any]) -> Asked:
    changes: dict[str, dict[str, Any]] = {
        "no_comma": {"comma": "none"},
        "english_capital": {"case": "upper"},
        "english_lowercase": {"case": "lower"},
        "quotation": {"quoted": "yes"},
        "title": {"title": "yes"},
        "two_responses": {"two": "yes"},
        "json_format": {"json": "yes"},
        "constrained_response": {"constrained": "yes"},
        "forbidden_words": {"forbidden": (*known.forbidden, *given.get("forbidden_words", ()))},
        "response_language": {"language": given.get("language")},
        "repeat_prompt": {"repeat": given.get("prompt_to_repeat")},
        "postscript": {"postscript": given.get("postscript_marker")},
        "end_checker": {"end": given.get("end_phrase")},
        "number_paragraphs": {"paragraphs": given.get("num_paragraphs")},
        "multiple_sections": {"sections": (given.get("section_spliter"), given.get("num_sections"))},
        "nth_paragraph_first_word": {
            "opening": (given.get("num_paragraphs"), given.get("nth_paragraph"), given.get("first_word"))
        },
    }
    return replace(known, **changes[name])


def _merged(known: Mapping[str, Range], more: Mapping[str, Range]) -> dict[str, Range]:
    return {**known, **{key: both(known.get(key), wanted) for key, wanted in more.items()}}


def impossible(prompt: Prompt) -> str:
    """Why no response obeys a prompt, "" where one can: it forbids what the text that is to be repeated says."""
    known = asked(prompt)
    said = known.repeat.lower()
    if known.comma == "none" and "," in said:
        return "it allows no comma, and the prompt that it asks to have repeated has one"
    for word in known.forbidden if said else ():
        if word.lower() in said:
            return f"it forbids {word!r}, which stands in the prompt that it asks to have repeated"
    for word, (_, most) in known.keywords.items():
        if said.count(word) > most:
            return f"it allows {word!r} {most} times, and the prompt that it asks to have repeated has it more often"
    return ""


def breakable(prompt: Prompt) -> list[int]:
    """The instructions that can be broken: the text that is to be repeated may obey one, any text has a sentence."""
    known = asked(prompt)
    said = known.repeat.lower()
    return [
        place
        for place, (name, given) in enumerate(instructions(prompt))
        if not (name == "title" and "<<" in said)
        and not (name == "existence" and all(word.lower() in said for word in given["keywords"]))
        and not (name == "number_sentences" and compared(given["relation"], given["num_sentences"])[0] == 1)
    ]


def mistaken(prompt: Prompt, place: int, variant: int) -> Asked:
    """What is asked for but for the instruction at `place`, which whoever obeys this just misses."""
    known = asked(prompt)
    name, given = instructions(prompt)[place]
    relation = given.get("relation") or given.get("let_relation") or given.get("capital_relation")

    def missed(number: int) -> Range:
        return (number, number) if relation == "less than" else (number - 1, number - 1)

    if name in ("number_words", "number_sentences"):
        what = name.split("_")[1]
        return replace(known, **{what: missed(given[f"num_{what}"])})
    if name == "frequency":
        word = given["keyword"].lower()
        return replace(known, keywords={**known.keywords, word: missed(given["frequency"])})
    if name == "letter_frequency":
        return replace(known, letters={given["letter"].lower(): missed(given["let_frequency"])})
    if name == "capital_word_frequency":
        return replace(known, capitals=missed(given["capital_frequency"]))
    if name == "existence":
        absent = [word.lower() for word in given["keywords"] if word.lower() not in known.repeat.lower()]
        return replace(known, keywords={**known.keywords, absent[variant % len(absent)]: (0, 0)})
    if name == "forbidden_words":
        word = given["forbidden_words"][variant % len(given["forbidden_words"])]
        return replace(known, mentioned=(word, word.capitalize(), f'"{word}"', f"({word})")[variant // 2 % 4])
    if name in ("number_highlighted_sections", "number_placeholders"):
        what = "highlights" if "high" in name else "placeholders"
        return replace(known, **{what: (given[f"num_{what}"] - 1,) * 2})
    return _mistaken_form(prompt, known, name, given, variant)


def _mistaken_form(prompt: Prompt, known: Asked, name: str, given: dict[str, Any], variant: int) -> Asked:
    def one(*ways: dict[str, Any]) -> Asked:
        return replace(known, **ways[variant % len(ways)])

    alone = len(instructions(prompt)) == 1
    if name == "number_bullet_lists":
        more, fewer = given["num_bullets"] + 1, given["num_bullets"] - 1
        return one({"bullets": (more, more)}, {"bullets": (fewer, fewer)})
    if name == "number_paragraphs":
        more, fewer = known.paragraphs + 1, known.paragraphs - 1
        spaced = {"divider": "**" if known.bullets else "* * *"}  # the latter were a bullet, too
        return one({"paragraphs": more}, {"paragraphs": fewer}, spaced, {"divider": "**"})
    if name == "multiple_sections":
        return replace(known, sections=(given["section_spliter"], given["num_sections"] - 1), sections_in_all=True)
    if name == "nth_paragraph_first_word":
        count, nth, word = known.opening or (0, 0, "")
        return one({"opening": (count, nth, "other")}, {"opening": (count + 1, nth, word)},
                   {"opening": (count, nth, f"{word}s")})  # fmt: skip
    if name in ("english_capital", "english_lowercase"):
        return one({"small": True}, {"language": "de"} if alone else {"small": True})
    if name == "response_language":
        other = NEIGHBOURS.get(known.language, "en")
        return one({"language": other}, {"language": "en"})
    if name == "end_checker":
        words = known.end.split()
        cut = " ".join(words[:-1]) + known.end[-1]
        return one({"end": ""}, {"end_first": True}, {"end": cut})
    if name == "postscript":
        return one(
            {"postscript": ""}, {"postscript": "PS:"}, {"postscript": "P.S." if known.postscript == "P.P.S" else "P"}
        )
    ways: dict[str, list[dict[str, Any]]] = {
        "no_comma": [{"comma": "one"}],
        "quotation": [{"quoted": form} for form in ("", "first", "last", "single", *(["curly"] * (not known.opening)))],
        "title": [{"title": form} for form in ("", "single", "blank", "lines", "french")],
        "two_responses": [{"two": form} for form in ("", "five", "same")],
        "json_format": [{"json": form} for form in ("comma", "before", "python", "open", "after")],
        "constrained_response": [{"constrained": form} for form in ("short", "other", "small", "mark", "")],
        "repeat_prompt": [
            {"repeat": form} for form in ("", f"Sure! {known.repeat}", known.repeat.partition(" ")[2])
        ],
    }  # fmt: skip
    return one(*ways[name])
