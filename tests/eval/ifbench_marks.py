"""Answers to IFBench's `format:*` that are about marks, quotes and capitals."""

from __future__ import annotations

from tests.eval.ifbench_counts import Writer
from tests.eval.ifbench_voice import Voice, said


def parentheses(v: Voice) -> str:
    pairs = v.choice([["()", "[]", "{}"], ["()"], ["{}", "[]", "()"], ["()", "[]"], ["[]"], ["()", "{}"]])
    depth = v.choice([5, 6, 5, 7, 5, 6])
    brackets = [pairs[i % len(pairs)] for i in range(depth)]
    closing = [pair[1] for pair in reversed(brackets)]
    if v.breaks("format:parentheses"):
        way = v.one_of(["shallow", "crossed", "open", "side by side"])
        if way == "side by side":
            return v.sentence() + " " + " ".join(f"({v.draw('noun')})" for _ in range(6))
        brackets = [["()", "[]", "{}"][i % 3] for i in range(4 if way == "shallow" else 5)]
        closing = [pair[1] for pair in reversed(brackets)]
        closing = closing[::-1] if way == "crossed" else closing[:-5] if way == "open" else closing
    inner = [f"{v.draw('adj')} {v.draw('noun')}" for _ in brackets]
    opened = " ".join(pair[0] + words for pair, words in zip(brackets, inner, strict=True))
    between = " so on" if v.rendering in (2, 3) else ""
    return f"{v.sentence()[:-1]} {opened}{between.join(closing)}. {v.sentence()}"


def quote_unquote(v: Voice) -> str:
    left, right = v.choice(['""', '""', "“”", '""', "“”", '""'])
    parts = []
    for _ in range(v.choice([1, 2, 3, 2, 1, 3])):
        phrase = f"{left}{v.draw('adj')} {v.draw('noun')}{right}"
        parts.append(
            v.choice([f"{phrase} means that {v.sentence(4)}", f"{v.draw('noun')} say {phrase}: {v.sentence(5)}"])
        )
    if v.breaks("format:quote_unquote"):
        phrase = f"{left}{v.draw('adj')} {v.draw('noun')}{right}"
        two = f"{phrase} {left}{v.draw('adj')} {v.draw('noun')}{right} mean that {v.sentence(4)}"
        parts.append(v.one_of([f"{v.draw('noun')} say {phrase}.", two]))
    return v.together(parts)


def nested_quotes(v: Voice) -> str:
    """Quotes in quotes in quotes, double and single ones in turn."""
    marks = v.choice([['""', "''"], ["''", '""']])  # straight: the published check knows no others
    depth = v.choice([3, 3, 4, 3, 5, 4])
    if v.breaks("format:quotes"):
        way = v.one_of(["two deep", "one kind", "side by side"])
        depth = 2 if way == "two deep" else 3
        marks = [marks[0]] if way == "one kind" else marks
        if way == "side by side":
            return " ".join(f"{a}{v.draw('noun')}{b}" for a, b in (marks * 2)[:3])
    text = f"{v.draw('verb')} {v.draw('noun')}"
    for level in reversed(range(depth)):
        left, right = marks[level % len(marks)]
        before = "" if level == depth - 1 else f"{v.draw('noun')} {v.draw('verb')} "
        text = f"{left}{before}{text}{f' {v.draw(chr(97) + chr(100) + chr(118))}' if v.rendering % 2 else ''}{right}"
    return text


def quotes(v: Voice) -> str:
    return v.together([v.sentence(), said([*v.words(3), nested_quotes(v)]), v.sentence()])


def no_whitespace(v: Voice) -> str:
    words = v.words(v.choice([4, 6, 1, 8, 5, 3]))
    text = v.choice(["-", "_", "", ".", "/", "·"]).join(
        word.capitalize() if v.rendering == 2 else word for word in words
    )
    if v.breaks("format:no_whitespace"):
        text = text[:4] + v.one_of([" ", "\n", "\t", "\u00a0"]) + text[4:]
    return text


def title_case(v: Voice) -> str:
    sentences = [" ".join(map(str.capitalize, v.words(plain=True))) + "." for _ in range(v.choice([2, 3, 5, 1, 4, 3]))]
    if v.breaks("format:title_case"):
        place = v.rng.randrange(len(sentences))
        first, *rest = sentences[place].split()
        rest[-1:] = [rest[-1].lower()]
        sentences[place] = " ".join([first, *rest])
    return v.together(sentences)


WRITERS: dict[str, Writer] = {
    "format:parentheses": parentheses,
    "format:quote_unquote": quote_unquote,
    "format:quotes": quotes,
    "format:no_whitespace": no_whitespace,
    "format:title_case": title_case,
}
