"""The answer in a sentence: after "the answer is", in the conclusion, or last of all."""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterator

from .cues import (
    CONCLUSION,
    CUE,
    CUE_AFTER,
    ENDINGS,
    EXPLAINS,
    FILLER,
    JOINER,
    REMARK,
    RETRACTS,
    UNEQUAL,
    names_an_answer,
    negated,
)
from .marks import found
from .pieces import MARK, MAX_ANSWER, NUMBER, Extracted, Piece, whole_expression, with_unit
from .sentences import (
    DECORATION,
    bullets,
    list_at,
    of_pieces,
    pieces_in,
    sentence_end,
    sentence_start,
    undelimited,
    words_beside,
)

REACH = 10_000  # characters at the end in which cues are looked for
MAX_CUES = 24  # how many cues are tried, from the last one back
MAX_WORDS = 5  # of an answer in words
MAX_DENIED = 50  # how many denied numbers are passed over, from the last one back


class _Denied(Exception):
    """A cue whose sentence says what the answer is not; it ends at the first argument."""


def cued(text: str, start: int, end: int, finished: bool) -> tuple[Extracted | None, int]:
    """What the last usable cue announces, and from where on other rules may look where there is none."""
    for cue, forward in itertools.islice(_cues_from_the_end(text, start, end), MAX_CUES):
        before = text[max(start, cue.start() - 60) : cue.start()]
        if _HYPOTHESIS.search(before):
            continue
        try:
            if _DISBELIEF.search(before) or (forward and negated(cue[0])):
                raise _Denied(sentence_end(text, cue.end(), end))
            if forward and cue["weak"] is None and RETRACTS.match(text, cue.end()):
                raise _Denied(sentence_end(text, cue.end(), end))
            answer = _announced(text, cue.end(), end, finished) if forward else _before(text, start, cue.start())
        except _Denied as denied:
            return None, denied.args[0]
        step = forward and cue["weak"] is not None and answer is not None and _goes_on(text, answer.end, end)
        if answer is not None and not step:
            return answer, start
    return None, start


def _cues_from_the_end(text: str, start: int, end: int) -> Iterator[tuple[re.Match[str], bool]]:
    """The cues, from the last one back, and whether each announces what follows it (or what stands before it)."""
    start = max(start, end - REACH)
    if not names_an_answer(text[start:end]):
        return
    high = end
    while high > start:
        low = max(start, text.rfind("\n", start, high) + 1)
        if names_an_answer(text[low:high]):
            cues = [(cue, True) for cue in CUE.finditer(text, low, min(end, high + 3))]
            cues += [(cue, False) for cue in CUE_AFTER.finditer(text, low, high)]
            yield from sorted(cues, key=lambda pair: pair[0].end(), reverse=True)
        high = low - 1


def _goes_on(text: str, position: int, end: int) -> bool:
    """Whether later sentences have formulas or numbers: then a "result" was that of a step."""
    return next(pieces_in(text, sentence_end(text, position, end), end), None) is not None


_HYPOTHESIS = re.compile(
    r"\b(?:if|whether|suppose|assum(?:e|ing)|unless|why|how|what|were) (?:that )?(?:(?:the|my|our|an?|final) ){0,2}$",
    re.IGNORECASE,
)


_DISBELIEF = re.compile(
    r"(?:n['’]t|\bnot|\bnever|\bcannot) (?:think|believe|say|mean|know|claim|true|the case|sure|clear|certain|"
    r"possible|follow)"
    r"[^.,;:!?\n]{0,30}$",
    re.IGNORECASE,
)


def _announced(text: str, start: int, end: int, finished: bool) -> Extracted | None:
    """The answer in the sentence that goes on after a cue. Raises _Denied where it says what the answer is not."""
    position = start
    while (filler := FILLER.match(text, position, end)) and filler.end() > position:
        position = filler.end()
    if (block := _BLOCK.match(text, position, end)) and words_beside(block[1]) <= MAX_WORDS:
        return undelimited(Extracted(block[1].strip(), block.start(1), block.end(1), "answer is"))
    stop = sentence_end(text, position, end)
    if text.startswith(("?", "？", "؟"), stop) or (stop == end and not finished):
        return None
    following = next(pieces_in(text, position, stop), None)
    before = text[position : following.start] if following else re.split(r"[,;(.]", text[position : position + 12])[0]
    if negated(before):
        raise _Denied(stop)
    if text.startswith("!", stop) and stop - position < 200 and _FACTORIAL.search(text, max(start - 2, 0), stop):
        stop += 1
    if pieces := bullets(text, position, end):
        return of_pieces(text, pieces, "answer is", pieces[-1].end)
    if (plain := _plain_phrase(text, position, stop)) is not None:
        return plain
    if pieces := list_at(text, position, stop):
        return of_pieces(text, pieces, "answer is", stop)
    return _phrase(text, position, stop)


#: One line, or one environment, in a code block of no programming language.
_BLOCK = re.compile(
    r"`{3,}[ \t]*(?:text|txt|plain|plaintext|math|latex|tex|markdown)?[ \t]*\n[ \t]*"
    r"(\S[^`\n]{0,400}|\\begin\{[^`]{1,400}\})[ \t]*\n[ \t]*`{3,}"
)
#: "Answer: 7!" and "3n!" are factorials, "the answer is 7!" is an exclamation.
_FACTORIAL = re.compile(r"[:：=][*_ ]{0,4}[^:：=]*[\w)]$|(?<![^\W\d_])[a-z)]$")


def _plain_phrase(text: str, start: int, stop: int) -> Extracted | None:
    """All of a phrase that is mathematics written without delimiters; after a number one word may follow, its unit."""
    if stop - start > 200:
        return None
    explained = EXPLAINS.search(text, start, stop)
    short = found(text, start, explained.start() if explained else stop, "answer is", DECORATION + ".,;:")
    short = short and _bare(short)
    if short is None or MARK.search(short.text) or "\n" in short.text or not any(c.isalnum() for c in short.text):
        return None
    words = words_beside(short.text)
    return short if words == 0 or (words == 1 and NUMBER.match(short.text)) else None


def _bare(answer: Extracted) -> Extracted | None:
    """The answer without the verb at its end and without the end of an emphasis that began before it."""
    text = ENDINGS.sub("", answer.text)
    text = re.sub(r"\*\*(?=[\s.,;:]|$)", "", text, count=1)
    return Extracted(text, answer.start, answer.end, answer.why) if text.strip() else None


def _phrase(text: str, start: int, stop: int) -> Extracted | None:
    """An answer that begins with neither a number nor a formula: `x = 5`, `the largest n is 5`, `a circle`."""
    explained = EXPLAINS.search(text, start, stop)
    short = found(text, start, explained.start() if explained else stop, "answer is", DECORATION + ".,;:")
    short = short and _bare(short)
    if short is None or REMARK.match(short.text):
        return None
    words = words_beside(short.text)
    if words == 0 and "\n" not in short.text:
        return undelimited(short)
    if pieces := _after_copula(text, start, stop):
        return of_pieces(text, pieces, "answer is", stop)
    if words <= MAX_WORDS:
        return short
    return _in_sentence(text, start, stop)


_COPULA = re.compile(
    r"\b(?:is|are|was|were|be|equals?|becomes?|gives?|get|obtain|have|makes?|totals?|est|sont|vaut|ist|sind|"
    r"beträgt|es|son|é|são|è|sono|"
    r"равен|равна|равно|составляет)\b|[=：]|:(?=\s)|是|为|等于|は|هو|है",
    re.IGNORECASE,
)


def _after_copula(text: str, start: int, stop: int) -> list[Piece]:
    """The formulas or numbers right after the last "is" of a stretch that has some there."""
    for copula in reversed(list(_COPULA.finditer(text, start, stop))[-8:]):
        filler = FILLER.match(text, copula.end(), stop)
        pieces = list_at(text, filler.end() if filler else copula.end(), stop)
        if pieces and not negated(text[copula.start() : pieces[0].start]):
            return pieces
    return []


def _before(text: str, start: int, stop: int) -> Extracted | None:
    """The formula or number that ends where "is the answer" begins."""
    low = max(start, stop - MAX_ANSWER)
    last = deque(pieces_in(text, low, stop), maxlen=1)
    if not last or text[last[0].end : stop].strip(DECORATION):
        return None
    if last[0].formula:
        return Extracted(last[0].text, last[0].start, last[0].end, "answer is")
    return _number_in(text, last[0], sentence_start(text, low, last[0].start), stop, "answer is")


def _number_in(text: str, piece: Piece, low: int, high: int, why: str) -> Extracted | None:
    number = NUMBER.match(text, piece.start, high)
    if number is None:
        return None
    whole = with_unit(text, whole_expression(text, number, low, high), high)
    return Extracted(whole.text.strip(), whole.start, whole.end, why)


def concluded(text: str, start: int, end: int) -> Extracted | None:
    """The conclusion of the last paragraph, else the last formula or number that is neither denied nor asked for."""
    denied: set[str] = set()
    bound = end
    for piece in itertools.islice(_from_the_end(text, start, end), MAX_DENIED):
        low = sentence_start(text, start, piece.start)
        high = sentence_end(text, piece.end, end)
        if text.startswith(("?", "？", "؟"), high) or _denies(text[max(low, piece.start - 12) : piece.start]):
            denied.add(piece.text.strip())
            bound = piece.start
        elif piece.text.strip() not in denied:
            line = max(start, text.rfind("\n", start, low) + 1)
            checked = _in_conclusion(text, start, line - 1) if line > start and _CHECK.match(text, line) else None
            high = min(high, bound)
            return checked or _in_conclusion(text, start, high) or _in_sentence(text, low, high)
    return None


#: A paragraph that goes over an answer once more.
_CHECK = re.compile(
    r"\W{0,6}(?:now,? )?(?:let me |let's |let us |we can |to |i'll |quick )?"
    r"(?:verify|check|double-check|confirm|verification)",
    re.IGNORECASE,
)


def _from_the_end(text: str, start: int, end: int) -> Iterator[Piece]:
    """The formulas and numbers from the last one back, line by line where no displayed formula goes over lines."""
    if any(text.find(mark, start, end) >= 0 for mark in ("$$", "\\[", "\\begin", "$\n", "\n$.", "\\(\n")):
        yield from reversed(list(pieces_in(text, start, end)))
        return
    while end > start:
        low = max(start, text.rfind("\n", start, end) + 1)
        if _FIGURE.search(text, low, end):
            yield from reversed(list(pieces_in(text, low, end)))
        end = low - 1


_FIGURE = re.compile(r"[\d$\\√π∞½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")


def _denies(before: str) -> bool:
    return negated(before) or UNEQUAL.search(before) is not None


def _in_conclusion(text: str, start: int, stop: int) -> Extracted | None:
    """What the last "therefore" of the last paragraph arrives at; remarks may follow it."""
    stop = start + len(text[start:stop].rstrip())
    paragraph = max(start, text.rfind("\n", start, stop) + 1)
    last = deque(CONCLUSION.finditer(text, paragraph, stop), maxlen=1)
    return _in_sentence(text, last[0].end(), sentence_end(text, last[0].end(), stop)) if last else None


def _in_sentence(text: str, start: int, stop: int) -> Extracted | None:
    """What a sentence arrives at: what follows its last "is", else its last formulas, else its last number."""
    pieces = list(pieces_in(text, start, stop))
    if not pieces:
        return None
    equal = _after_copula(text, start, stop)
    if equal and equal[-1].end >= pieces[-1].end:
        return of_pieces(text, equal, "last formula" if any(p.formula for p in equal) else "last number", stop)
    last = pieces[-1]
    written = [piece for piece in pieces if piece.formula and not _SYMBOL.fullmatch(piece.text)]
    if not written and not last.formula:
        return _number_in(text, last, start, stop, "last number")
    run = [written[-1] if written else last]
    for piece in reversed(written[:-1]):
        gap = text[piece.end : run[0].start]
        if len(gap) > 40 or (gap and JOINER.fullmatch(gap) is None):
            break
        run.insert(0, piece)
    run[-1] = with_unit(text, run[-1], stop)
    return of_pieces(text, run, "last formula", stop)


_SYMBOL = re.compile(r"\\?[A-Za-z]+'?(?:_\{?\w\}?)?")
