"""Answers to IFBench's `format:*`: how a response is laid out."""

from __future__ import annotations

import re
from typing import Any

from tests.eval.ifbench_counts import Writer, words_within
from tests.eval.ifbench_marks import nested_quotes
from tests.eval.ifbench_orders import after_another_letter, keyword_at, rising
from tests.eval.ifbench_ratios import equal_sentences, with_stop_words
from tests.eval.ifbench_voice import Voice, said
from tests.eval.ifbench_words import EMOJI


def with_emoji(v: Voice, sentences: list[str]) -> str:
    """The sentences with an emoji at the end of each: after its mark, or before it."""
    emoji = v.choice(EMOJI)
    ended = []
    for sentence in sentences:
        mark = v.rng.choice(emoji)
        ended.append(f"{sentence[:-1]} {mark}{sentence[-1]}" if v.rendering in (2, 4) else f"{sentence} {mark}")
    if v.breaks("format:emoji"):
        place = v.rng.randrange(1, len(sentences))
        first, _, rest = sentences[place].partition(" ")
        ended[place] = v.one_of([sentences[place], f"{first} {emoji[0]} {rest}", f"{sentences[place][:-1]} :-)."])
    return v.together(ended)


def emoji(v: Voice) -> str:
    return with_emoji(v, v.sentences(v.choice([3, 4, 6, 2, 5, 7])))


def emoji_keyword(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    return with_emoji(v, keyword_at(v, **second))


def quotes_emoji(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    return with_emoji(v, [v.sentence(4), said([*v.words(4), nested_quotes(v)]), v.sentence(5)])


def _stairs(v: Voice, lines: list[str]) -> str:
    """Each line a step further to the right."""
    step, start = v.choice([(" ", 0), ("  ", 0), ("    ", 0), (" ", 3), ("   ", 2), ("  ", 0)])
    steps = [start + i for i in range(len(lines))]
    if v.breaks("format:line_indent"):
        place = v.rng.randrange(1, len(lines))
        level = [*steps[:place], steps[place - 1], *steps[place + 1 :]]
        steps = v.one_of([level, steps[::-1], [start] * len(lines)])
    between = "\n\n" if v.rendering == 5 else "\n"
    return between.join(step * n + line for n, line in zip(steps, lines, strict=True))


def line_indent(v: Voice) -> str:
    return _stairs(v, v.sentences(v.choice([4, 3, 6, 5, 7, 3])))


def line_indent_sentences(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    return _stairs(v, equal_sentences(v))


def _items(v: Voice, sep: str, items: list[str]) -> str:
    if v.breaks("format:list"):
        sep = v.one_of(["*", "•", "+", "·"])
    return v.choice(["\n", "\n", "\n\n", "\n", "\n", "\n\n"]).join(f"{sep} {item}" for item in items)


def separated_list(v: Voice, *, sep: str) -> str:
    return _items(v, sep, v.sentences(v.choice([3, 4, 6, 2, 5, 3])))


def list_words(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    names = {"min_words", "max_words"}
    bounds, listed = (first, second) if names <= set(first) else (second, first)
    return _items(v, listed["sep"], v.exactly(words_within(v, bounds["min_words"], bounds["max_words"])))


def list_no_consecutive(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    return _items(v, first["sep"], after_another_letter(v))


def newline(v: Voice) -> str:
    words = [word for sentence in v.sentences(v.choice([2, 3, 4, 2, 3, 2])) for word in sentence.split()]
    if v.rendering == 4:
        words = [f"- {word}" for word in words]
    if v.rendering == 5:
        words = [f"**{word}**" for word in words]
    between = ["\n", "\n", "\n\n", "  \n", "\n", "\n"][v.rendering]
    if not v.breaks("format:newline"):
        return between.join(words)
    place = v.rng.randrange(1, len(words))
    two = between.join(words[:place]) + " " + between.join(words[place:]).removeprefix("- ")
    return v.one_of([two, " ".join(word.removeprefix("- ") for word in words)])


def no_bullets_bullets(v: Voice) -> str:
    sentences, bullets = v.sentences(v.choice([2, 3, 4, 2, 5, 3])), v.sentences(v.choice([2, 4, 3, 2, 3, 5]))
    star, after = "*", v.choice(["\n", "\n\n", "\n", "\n\n", "\n", "\n"])
    between = "\n"
    if v.breaks("format:no_bullets_bullets"):
        way = v.one_of(["one sentence", "one bullet", "bullets first", "dashes"])
        sentences = sentences[:1] if way == "one sentence" else sentences
        bullets = bullets[:1] if way == "one bullet" else bullets
        star = "-" if way == "dashes" else "*"
        if way == "bullets first":
            return between.join(f"* {bullet}" for bullet in bullets) + "\n" + v.together(sentences)
    listed = between.join(f"{star} {bullet}" for bullet in bullets)
    return v.together(sentences) + after + listed


def _option(v: Voice, options: str, *, wrong: bool) -> str:
    offered = _offered(options)
    lettered = offered[0] == "a)"
    if wrong:
        both = f"{offered[0]} and {offered[1]}"
        return v.one_of(
            [both, f"{offered[0]}, because {v.sentence(4)}", "e)" if lettered else "perhaps", v.sentence(3)]
        )
    option = offered[(v.turn + v.rendering) % len(offered)]
    if lettered:
        return option
    return v.choice([option, option + ".", option.capitalize(), f"**{option}**", f"{option.upper()}!", f'"{option}"'])


def options(v: Voice, *, options: str) -> str:
    return _option(v, options, wrong=v.breaks("format:options"))


def impossible(kinds: list[str], arguments: list[dict[str, Any]]) -> str:
    """Why no answer can follow all of the instructions, "" where one can."""
    if kinds != ["format:options", "format:newline"] or any(" " not in o for o in _offered(arguments[0]["options"])):
        return ""
    return "each option has several words, and the published check finds none of them where each is on its own line"


def _offered(options: str) -> list[str]:
    return options.split("/" if "/" in options else " or " if " or " in options else ", ")


def options_newline(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    # The last option: one word could not break the second instruction.
    if v.breaks("format:options"):
        return v.one_of(["I\nreally\ndon't\nknow", "I\nguess", "Nobody\nknows"])
    option = first["options"].split(" or ")[v.turn % 2 if v.broken is None else 1]
    text = (
        option if v.breaks("format:newline") else option.replace(" ", v.choice(["\n", "\n", "\n\n", "\n", "\n", "\n"]))
    )
    return v.choice([text, text + ".", text, text, text + "\n", f"**{text}**"])


def sub_bullets(v: Voice, items: list[str] | None = None) -> str:
    """Bullets with sub-bullets below each, made of the items where some are given.

    No star stands within a bullet: published verdicts do not take bold ones.
    """
    indent, count = v.choice(["  ", "    ", "\t", "  ", "", "  "]), v.choice([3, 2, 4, 2, 3, 2])
    texts = items or v.sentences(3 * count)
    wrong = v.breaks("format:sub-bullets")
    way = v.one_of(["one without", "stars", "no bullets"]) if wrong else ""
    last = v.rng.randrange(count)
    lines = [v.sentence(3)] if v.rendering in (1, 4) and not items else []
    for i in range(count):
        group = texts[i::count]
        head, subs = group[0], group[1 : (2 if v.rendering == 2 else None)] if not items else group[1:]
        lines.append(f"* {head}")
        if i == last and way == "one without":
            lines[-1] += " " + " ".join(subs)
            continue
        lines += [f"{indent or '  '}* {sub}" if way == "stars" else f"{indent}- {sub}" for sub in subs]
    if way == "no bullets":
        lines = [re.sub(r"^\* ", "", line) for line in lines]
    return "\n".join(lines)


def sub_bullets_stop_words(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    return sub_bullets(v, with_stop_words(v, **second))


def _tags(v: Voice) -> tuple[str, str]:
    return v.choice([("<i>", "</i>"), ("<em>", "</em>")])


def with_thesis(v: Voice, sentences: list[str], inside: bool = True) -> str:
    """The first of each half, or of all, in HTML's italics; `inside`: with its full stop."""
    left, right = _tags(v)
    if v.breaks("format:thesis"):
        left, right = v.one_of([("*", "*"), ("_", "_"), ("<b>", "</b>"), (left, "")])
    halves = [sentences]
    if v.rendering in (3, 5) and len(sentences) > 5:
        halves = [sentences[: len(sentences) // 2], sentences[len(sentences) // 2 :]]
    sections = []
    for first, *rest in halves:
        thesis = f"{left}{first}{right}" if inside else f"{left}{first[:-1]}{right}{first[-1]}"
        sections.append(v.together([thesis, *rest]))
    return "\n\n".join(sections)


def thesis(v: Voice) -> str:
    return with_thesis(v, v.sentences(v.choice([3, 4, 5, 6, 2, 8])), inside=v.rendering % 2 == 0)


def thesis_words(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    low, high = second["min_words"], second["max_words"]
    # Tags are no words, but might be counted for two or four: right both ways, or wrong both ways.
    count = (low + high - 4) // 2 if not v.breaks("count:word_count_range") else v.one_of([low - 6, high + 1])
    return with_thesis(v, v.exactly(count))


def increment_thesis(v: Voice, first: dict[str, Any], second: dict[str, Any]) -> str:
    return with_thesis(v, rising(v, **first), inside=False)  # or the tag would be in the way of a sentence's end


def output_template(v: Voice) -> str:
    heads = ["My Answer:", "My Conclusion:", "Future Outlook:"]
    if v.breaks("format:output_template"):
        heads = v.one_of([
            heads[:2], heads[1:], [heads[0], "Conclusion:", heads[2]], [head.lower() for head in heads],
        ])  # fmt: skip
    heads = [v.choice([head, head, head, f"**{head}**", head, f"## {head}"]) for head in heads]
    return v.choice([" ", "\n", "\n\n", "\n", "\n", "\n\n"]).join(
        f"{head} {v.together(v.sentences(2))}" for head in heads
    )


WRITERS: dict[str, Writer] = {
    "format:emoji": emoji,
    "format:emoji sentence:keyword": emoji_keyword,
    "format:line_indent": line_indent,
    "format:line_indent ratio:sentence_words": line_indent_sentences,
    "format:list": separated_list,
    "count:word_count_range format:list": list_words,
    "format:list words:no_consecutive": list_no_consecutive,
    "format:newline": newline,
    "format:no_bullets_bullets": no_bullets_bullets,
    "format:options": options,
    "format:options format:newline": options_newline,
    "format:quotes format:emoji": quotes_emoji,
    "format:sub-bullets": sub_bullets,
    "format:sub-bullets ratio:stop_words": sub_bullets_stop_words,
    "format:thesis": thesis,
    "format:thesis count:word_count_range": thesis_words,
    "sentence:increment format:thesis": increment_thesis,
    "format:output_template": output_template,
}
