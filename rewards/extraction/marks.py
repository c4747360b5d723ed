"""Answers that are marked as such: boxes, `<answer>` tags and `####`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .cues import JOINER, UNIT
from .pieces import MAX_ANSWER, NUMBER, Extracted

MAX_BOXES = 32  # how many boxes are looked at from the end: an unclosed one is passed over
MAX_GAP = 80  # characters between two boxes of one answer

_BOX = re.compile(r"\\(?:boxed|fbox|framebox|beginboxed|begin\{boxed\}|cbox)(?![a-zA-Z])")
_BARE = re.compile(r"(?:\\[a-zA-Z]+(?:\{[^{}]*\})*|[^\s$\\])+")
_LABEL = re.compile(r"[A-Za-z](?:_\{?\w{1,3}\}?|')?\s*(?:=|\\approx|\\in|:)\s*$")
#: What may stand between the boxes of one list besides the words that join.
_DELIMITERS = re.compile(
    r"[\s$.,;:&*()\[\]|~–—-]+|\\[\[\]()]|\\\\|\\(?:quad|qquad|left|right|displaystyle|[,;:! ])|<br ?/?>"
)


def trim(text: str, start: int, end: int, decoration: str = "") -> tuple[int, int]:
    """The bounds without white space and `decoration` at both ends."""
    if not decoration:
        start += len(body := text[start:end]) - len(body.lstrip())
        return start, max(start, end - len(body) + len(body.rstrip()))
    while start < end and (text[start].isspace() or text[start] in decoration):
        if text[start] == "." and text[start + 1 : start + 2].isdigit():
            break  # .5 is a number
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in decoration):
        end -= 1
    return start, end


def found(text: str, start: int, end: int, why: str, decoration: str = "") -> Extracted | None:
    """The answer `text[start:end]`, None where nothing is left of it or it is too long for an answer."""
    start, end = trim(text, start, end, decoration)
    return Extracted(text[start:end], start, end, why) if 0 < end - start <= MAX_ANSWER else None


def boxed(text: str, start: int, end: int, finished: bool) -> Extracted | None:
    """The last box, together with the boxes right before it: only joined by white space, punctuation, "and", "or"."""
    boxes: list[tuple[Extracted, int]] = []  # from the last one back: the contents and where the box begins
    for mark in _from_the_end(text, start, end):
        box = _contents(text, mark, end, finished)
        if box is None or (boxes and box[1] > boxes[-1][1]):  # not closed, or around the one that follows
            continue
        if boxes and not _neighbours(text, box[1], boxes[-1][1]):
            break
        boxes.append((box[0], mark.start()))
    if not boxes:
        return None
    if len(boxes) == 1:
        return boxes[0][0]
    boxes.reverse()
    values = _labelled(text, start, boxes)
    distinct = {re.sub(r"\s", "", value): value for value in reversed(values)}
    parts = tuple(reversed(distinct.values()))
    last = boxes[-1][0]
    if len(parts) == 1:
        return last
    return Extracted(", ".join(parts), boxes[0][0].start, last.end, "boxed", parts)


def _from_the_end(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """The box commands, from the last one back."""
    position, count = end, 0
    while count < MAX_BOXES and (position := text.rfind("box", start, position)) >= 0:
        command = text.rfind("\\", max(start, position - 7), position)  # \boxed, \fbox, \framebox, \beginboxed
        if command >= 0 and (mark := _BOX.match(text, command, end)):
            count += 1
            yield mark


def _contents(text: str, mark: re.Match[str], end: int, finished: bool) -> tuple[Extracted, int] | None:
    """What stands in a box and where the box ends, with a unit right after it."""
    opened = mark.end()
    while opened < end and text[opened] in " \t\n":
        opened += 1
    if mark[0].endswith("}"):  # \begin{boxed} 5 \end{boxed}
        closed = text.find("\\end{boxed}", opened, opened + 2 * MAX_ANSWER)
        box = found(text, opened, closed, "boxed") if closed >= 0 else None
        return (box, closed + len("\\end{boxed}")) if box else None
    if text.startswith("{", opened):
        closed = closing(text, opened, end)
        box = found(text, opened + 1, closed, "boxed", "$") if closed > 0 else None
        if box is None:
            return None
        unit = (
            UNIT.match(text, closed + 1, min(end, closed + 60)) if text[closed + 1 : closed + 2] not in _ENDS else None
        )
        if unit is None or any(c.isalpha() for c in box.text[-3:]):
            return box, closed + 1
        gap = "" if unit[0].startswith(("^", "%", "\\%")) else " "
        return Extracted(f"{box.text}{gap}{unit[0].strip()}", box.start, unit.end(), "boxed"), unit.end()
    bare = _BARE.match(text, opened, end)
    if bare is None or (opened == mark.end() and text[opened] != "\\") or (bare.end() == end and not finished):
        return None
    stop = opened + len(bare[0].rstrip(".,;:"))
    box = found(text, opened, stop, "boxed")
    return (box, stop) if box else None


_ENDS = frozenset(["", ".", "$", "\n", ",", ")", ";", "]"])  # after these no unit can follow


def closing(text: str, opened: int, end: int) -> int:
    """Where the brace that opens at `opened` closes, -1 where it does not within an answer's length."""
    depth, position = 0, opened
    end = min(end, opened + 2 * MAX_ANSWER)
    while position < end:
        character = text[position]
        if character == "\\":
            position += 1  # \{ and \} are no braces
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    return -1


def _neighbours(text: str, low: int, high: int) -> bool:
    """Whether nothing but delimiters, joining words and a label (`y =`) stands between two boxes."""
    if high - low > MAX_GAP:
        return False
    gap = _LABEL.sub("", text[low:high])
    position = 0
    while position < len(gap):
        step = _DELIMITERS.match(gap, position) or JOINER.match(gap, position)
        if step is None:
            return False
        position = step.end()
    return True


def _labelled(text: str, start: int, boxes: list[tuple[Extracted, int]]) -> list[str]:
    """The contents; with `x =` in front where each of several boxes has such a label outside."""
    labels = [_LABEL.search(text, max(start, begin - 12), begin) for _, begin in boxes]
    if not all(labels):
        return [box.text for box, _ in boxes]
    return [f"{label[0].strip()} {box.text}" for label, (box, _) in zip(labels, boxes, strict=True) if label]


def tagged(text: str, start: int, end: int, finished: bool) -> Extracted | None:
    """What stands in the last `<answer>`; one that was never closed counts only where the completion was finished."""
    closed = text.rfind("</answer>", start, end)
    opened = text.rfind("<answer>", start, closed if closed >= 0 else end)
    if opened < 0 or (closed < 0 and not finished):
        return None
    return found(text, opened + len("<answer>"), closed if closed >= 0 else end, "<answer>", "*_`")


def hashes(text: str, start: int, end: int, finished: bool) -> Extracted | None:
    """What follows the last `####` on its line, unless that is a heading."""
    position = text.rfind("####", start, end)
    if position < 0:
        return None
    begin = position + 4
    stop = text.find("\n", begin, end)
    if stop < 0 and not finished:
        return None
    stop = end if stop < 0 else stop
    if text[stop:end].strip() and not NUMBER.fullmatch(text[begin:stop].strip()[:100]):
        return None  # a heading of Markdown
    return found(text, begin, stop, "####", "*_`:")
