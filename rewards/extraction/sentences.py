"""Sentences, and the runs of formulas and numbers in them that make one answer."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from .cues import JOINER, UNIT
from .pieces import (
    MAX_ANSWER,
    NUMBER,
    Extracted,
    Piece,
    formulas,
    numbers,
    prose_words,
    whole_expression,
    with_unit,
)

DECORATION = "*_`\"“”„'’ "


_SENTENCE_END = re.compile(  # one set of characters first, which the search skips to
    r"[\n.!?$。！？।؟](?:(?<=[\n。！？।؟])|(?<=[.!?]\$)\$?(?=\s)|(?<=[.!?])(?=[\s*_`\"”’)]|$)"
    r"(?<!approx\.)(?<!\bca\.)(?<!\bi\.e\.)(?<!\be\.g\.)(?<!\bvs\.)(?<!\bno\.))"
)


def undelimited(answer: Extracted) -> Extracted:
    """The answer without the math delimiters that enclose all of it."""
    pieces = list(formulas(answer.text, 0, len(answer.text)))
    if len(pieces) == 1 and (pieces[0].start, pieces[0].end) == (0, len(answer.text)):
        return Extracted(pieces[0].text, answer.start, answer.end, answer.why)
    return answer


def words_beside(body: str) -> int:
    """Words that are neither in a formula nor a unit nor a part of mathematics written in prose."""
    spans = [(piece.start, piece.end) for piece in formulas(body, 0, len(body))]
    for number in numbers(body, 0, len(body)):
        unit = UNIT.match(body, number.end())
        spans.append((number.start(), unit.end() if unit else number.end()))
    rest = list(body)
    for low, high in spans:
        rest[low:high] = " " * (high - low)
    joined = "".join(rest)
    dense = sum(len(run) // 2 for run in _DENSE.findall(joined))  # scripts that put no spaces between words
    return len(prose_words(joined)) + dense


_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]{3,}")


def sentence_end(text: str, start: int, end: int) -> int:
    """Where the sentence ends that goes on at `start`; formulas in it may hold full stops and line breaks."""
    position = start
    for piece in formulas(text, start, min(end, start + MAX_ANSWER)):
        stop = _SENTENCE_END.search(text, position, piece.start)
        if stop is not None:
            return stop.start()
        position = piece.end
        if text[position - 4 : position].rstrip("$)]\\").endswith("."):
            return position
    stop = _SENTENCE_END.search(text, position, end)
    return stop.start() if stop is not None else end


def list_at(text: str, position: int, stop: int) -> list[Piece]:
    """The formulas or numbers that stand at `position`, joined by commas, "and" and the like."""
    pieces: list[Piece] = []
    while (piece := _piece_at(text, position, stop)) is not None:
        pieces.append(piece)
        gap = JOINER.match(text, _skip(text, piece.end, stop), stop)
        if gap is None:
            break
        position = gap.end()
    return pieces


_BULLET = re.compile(r"[ \t]*(?:[-*•]|\(?\d{1,2}[.)])[ \t]+")


def bullets(text: str, position: int, end: int) -> list[Piece]:
    """The formulas or numbers that the lines of a list begin with; empty unless there are two or more."""
    pieces: list[Piece] = []
    line = text.rfind("\n", 0, position) + 1
    while line and line < end and len(pieces) < 32:
        stop = text.find("\n", line, end)
        stop = end if stop < 0 else stop
        bullet = _BULLET.match(text, line, stop)
        piece = _piece_at(text, bullet.end(), stop) if bullet else None
        if piece is None:
            break
        pieces.append(piece)
        line = stop + 1
    return pieces if len(pieces) > 1 else []


def _skip(text: str, position: int, stop: int) -> int:
    while position < stop and text[position] in '*_`"“”„':
        position += 1
    return position


def _piece_at(text: str, position: int, stop: int) -> Piece | None:
    position = _skip(text, position, stop)
    if text.startswith(("$", "\\"), position):
        piece = next(formulas(text, position, min(len(text), max(stop, position + MAX_ANSWER))), None)
        if piece is not None and piece.start == position:
            return with_unit(text, piece, max(stop, piece.end))
    number = NUMBER.search(text, position, min(stop, position + 120))
    if number is None:
        return None
    piece = whole_expression(text, number, position, stop)
    return with_unit(text, piece, stop) if piece.start == position else None


def of_pieces(text: str, pieces: list[Piece], why: str, stop: int) -> Extracted:
    """One answer made of formulas or numbers; another one offered after an "or" belongs to it."""
    start, end = pieces[0].start, pieces[-1].end
    if (offer := _OFFER.match(text, end, stop)) and (more := next(pieces_in(text, offer.end(), stop), None)):
        return Extracted(text[start : more.end], start, more.end, why)
    if len(pieces) == 1:
        return Extracted(pieces[0].text.strip(), start, end, why)
    values = tuple(dict.fromkeys(piece.text.strip() for piece in pieces))
    if any(piece.formula for piece in pieces) and len(values) > 1:
        return Extracted(", ".join(values), start, end, why, values)
    return Extracted(text[start:end] if len(values) > 1 else values[0], start, end, why)


_OFFER = re.compile(
    r"[*_`]*[\s,(]{1,3}(?:or|oder|ou|o|или|或|أو|या)\b"
    r"(?! (?:in other|equivalently|about|approximately|roughly|simply))",
    re.IGNORECASE,
)


def pieces_in(text: str, start: int, end: int) -> Iterator[Piece]:
    """Formulas and numbers in order; numbers inside formulas do not count."""
    position = start
    for formula in formulas(text, start, end):
        for number in numbers(text, position, formula.start):
            yield Piece(number.start(), number.end(), number[0], False)
        yield formula
        position = formula.end
    for number in numbers(text, position, end):
        yield Piece(number.start(), number.end(), number[0], False)


def sentence_start(text: str, start: int, position: int) -> int:
    low = max(start, text.rfind("\n", start, position) + 1)
    last = deque(_SENTENCE_END.finditer(text, low, position), maxlen=1)
    return last[0].end() if last else low
