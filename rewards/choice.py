"""The `choice` verifier: which option of a multiple-choice question did the completion choose?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rlvr.core import Completion, Prompt, Verdict
from rlvr.registry import verifier

from .choice_options import Options, refused
from .copying import copies
from .extraction.cues import CUE, RETRACTS, names_an_answer, negated
from .extraction.extract import answer_bounds
from .extraction.letters import extract_choice
from .extraction.marks import boxed, hashes, tagged
from .extraction.pieces import Extracted
from .extraction.sentences import sentence_end

REACH = 6_000  # characters at the end in which cues and lines are looked for
MAX_CUES = 8  # cues that are tried, from the last one back
MAX_LINE = 1_500  # characters of a line that may name an option
MAX_LINES = 200
#: From a cue to the next line that is not blank, into a code block of no language.
_BELOW = re.compile(r"[ *:_]{0,20}\n\s{0,20}(?:`{3,}[ \t]*(?:text|plaintext|txt)?[ \t]*\n\s{0,20})?")
_VERB = re.compile(r"\b(?:is|are|was|est|sont|es|son|ist|sind|lautet|é|è|sono)\b|[:：]", re.IGNORECASE)


@verifier(
    "choice",
    example={
        "prompt": "Which of these is a city in Italy?\nA. Paris\nB. Rome\nC. Madrid",
        "completion": "The answer is B.",
        "answer": "B",
        "meta": {"choices": [{"label": "A", "text": "Paris"}, {"label": "B", "text": "Rome"},
                             {"label": "C", "text": "Madrid"}]},
    },
)  # fmt: skip
def choice(prompt: Prompt, completion: Completion) -> Verdict:
    """Compares the chosen option with the reference, a label or an option's text.

    `meta["choices"]` lists `{"label", "text"}`; without it the labels are A to J. A choice is a label, an option's
    text or value, in a box or tags, after "the answer is" in many languages, or on a line of its own. Statuses:
    `correct`, `wrong`, `unparsable` (no option, several, or a negation), `error` (no such option as the reference).
    """
    options = Options.of(prompt.meta.get("choices"))
    if options is None:
        return Verdict(None, "error", reason='meta["choices"] is not a list of {"label", "text"} with distinct labels')
    gold = options.gold(str(prompt.answer)) if prompt.answer is not None else None
    if gold is None:
        return Verdict(None, "error", reason=f"the reference {str(prompt.answer)[:80]!r} is none of the options")
    if copies(prompt, completion.text):
        return Verdict(0.0, "unparsable", reason="the prompt again")
    for label, why in _chosen(completion.text, options, completion.finish_reason != "length"):
        if label is None:
            break
        right = label == gold
        return Verdict(float(right), "correct" if right else "wrong", label, f"{why}: option {label}")
    return Verdict(0.0, "unparsable", reason="no single option found")


def _chosen(text: str, options: Options, finished: bool) -> Iterator[tuple[str | None, str]]:
    """The option that the first rule with a say finds, and the rule; None where that rule finds no single one."""
    bounds = answer_bounds(text)
    if bounds is None:
        return
    start, end = bounds
    if (marked := _marked(text, start, end, finished)) is not None:
        yield options.named(marked.text, alone=True) or _by_value(marked.text, options), marked.why
        return
    if finished and (label := options.named(text[start:end].strip(), alone=True)):
        yield label, "nothing else"
        return
    spoken = False
    for cue in _cues(text, max(start, end - REACH), end):
        below = _BELOW.match(text, cue.end(), end)  # the answer stands on a line of its own
        place = below.end() if below else cue.end()
        stop = text.find("\n", place, end)
        stop = end if stop < 0 else stop
        asked = text[cue.end() : stop].rstrip().endswith(("?", "？"))
        if (asked and not options.questions) or (stop == end and not finished):
            continue
        spoken = True
        verb = _VERB.search(cue[0])  # the cue itself may go on to a verb within an option's text
        begin = max(cue.start() + verb.end() if verb else cue.end(), below.end() if below else 0)
        if negated(text[cue.start() : begin]) or RETRACTS.match(text, begin):
            break
        said = text[begin : min(stop, begin + MAX_LINE)]
        sentence = text[begin : min(sentence_end(text, begin, stop), begin + MAX_LINE)]
        if label := options.named(said, alone=False) or options.named(sentence, alone=False):
            yield label, "answer is"
            return
    if spoken or not finished:
        return
    yield from _by_lines(text, max(start, end - REACH), end, options)
    found = extract_choice(text, finished)
    if found is None or found.why != "choice" or found.text not in options.texts or '{"' in text[start:end]:
        return
    if not options.several(text[start:end]) and not refused(text, found.end):
        yield found.text, "choice"


def _marked(text: str, start: int, end: int, finished: bool) -> Extracted | None:
    """A box or an `<answer>`, whichever is later, or what follows `####`."""
    box, tag = boxed(text, start, end, finished), tagged(text, start, end, finished)
    if box is not None and tag is not None:
        return box if box.end > tag.start else tag
    return box or tag or hashes(text, start, end, finished)


def _cues(text: str, start: int, end: int) -> list[re.Match[str]]:
    """Where the answer is announced, from the last place back."""
    if not names_an_answer(text[start:end]):
        return []
    return list(CUE.finditer(text, start, end))[: -MAX_CUES - 1 : -1]


def _by_lines(text: str, start: int, end: int, options: Options) -> Iterator[tuple[str | None, str]]:
    """ "(C)" on the last line, or "B) because ..." on the first; nothing where lines list several options."""
    lines = [line for line in text[start:end].splitlines() if line.strip()][-MAX_LINES:]
    if not lines:
        return
    if len({label for line in lines if (label := options.listed(line))}) > 1 and options.listed(lines[-1]):
        yield None, "several options"
        return
    for line, why in ((lines[-1], "last line"), (lines[0], "first line")):
        if len(line) <= MAX_LINE and (label := options.named(line, alone=False)):
            if why == "first line" and len({found for other in lines if (found := options.listed(other))}) > 1:
                break
            yield label, why
            return


def _by_value(text: str, options: Options) -> str | None:
    """The one option that equals the answer as mathematics: 0.5 where an option is 1/2."""
    from .math_answer import math_answer

    if len(text) > 200 or not any(map(str.isdigit, text)):
        return None
    answer = Completion.of_text(rf"\boxed{{{text}}}")
    equal = [
        label
        for label, option in options.texts.items()
        if any(map(str.isdigit, option)) and math_answer(Prompt(label, (), option), answer).status == "correct"
    ]
    return equal[0] if len(equal) == 1 else None
