"""Responses that IFBench's constraints are easily wrong about: by a prompt's wording they follow, or do not."""

from typing import Any

import pytest

from rlvr.rewards.constraints import CONSTRAINTS, bind
from rlvr.rewards.constraints.lists import CAPITALS
from rlvr.rewards.constraints.syllables import count_syllables
from rlvr.rewards.instructions import follow
from tests.rewards.constraints.benchmark_examples import IFBENCH

_FOUR = IFBENCH["custom:mcq_count_length"][1]
_COUNTRIES = IFBENCH["custom:reverse_newline"][1].split("\n")
_KYIV = [*CAPITALS[:16], "Kyiv", *CAPITALS[16:]]

CASES: list[tuple[str, dict[str, Any], str, bool]] = [
    # Marks that stand alone are no words.
    ("count:unique_word_count", {"N": 2}, "> rain\n> rain", False),
    ("count:words_japanese", {"N": 2}, "> a 日本\n> b かな", True),
    ("count:words_japanese", {"N": 2}, "> a b\n> 日本 c", False),
    ("words:consonants", {}, "* strong winds\n* blow", True),
    ("words:consonants", {}, "* * *", False),
    ("words:start_verb", {}, "> **Consider** the rain.", True),
    ("words:start_verb", {}, "> **The** rain falls.", False),
    # Italics are no part of where a sentence ends.
    ("sentence:increment", {"small_n": 1}, "<i>It fell.</i> Then it rose.", True),
    ("sentence:increment", {"small_n": 1}, "<i>It fell.</i> It rose.", False),
    # The longest run counts, not all runs together.
    ("sentence:alliteration_increment", {}, "Big bears like tall trees. Six small swans sit.", True),
    ("sentence:alliteration_increment", {}, "Six small swans run. Big bears like tall trees.", False),
    # Flags, keycaps, families and tones of skin.
    ("format:emoji", {}, "It sat. 🇫🇷 It ran. 🇯🇵", True),
    ("format:emoji", {}, "It sat 1️⃣. It ran #️⃣.", True),
    ("format:emoji", {}, "It sat. #️⃣ It ran. 👨‍👩‍👧", True),
    ("format:emoji", {}, "It sat. It ran. 🇯🇵", False),
    ("format:line_indent", {}, "a\n\tb\n\t\tc", True),
    ("format:line_indent", {}, "a\n\tb\n\tc", False),
    ("format:quotes", {}, "“a ‘b “c” d’ e”", True),
    ("format:quotes", {}, "“a ‘b’ c”", False),
    ("format:options", {"options": "I know or I don't know"}, "I don’t know", True),
    ("format:options", {"options": "I know or I don't know"}, "I\ndon't\nknow\n", True),
    ("format:options", {"options": "a), b), c), d)"}, "b)\n", True),
    ("format:options", {"options": "a), b), c), d)"}, "b) rain", False),
    ("format:quote_unquote", {}, '"Rain", "snow" is weather.', False),
    ("format:quote_unquote", {}, '"Rain" falls, "snow" too.', True),
    ("format:quote_unquote", {}, 'A 5" nail and "rain" fall.', True),
    ("format:sub-bullets", {}, "* A well-known thing", False),
    ("format:sub-bullets", {}, "* A thing\n\n    - more of it", True),
    ("format:no_bullets_bullets", {}, "It sat. It ran.\n\n* a\n\n* b\n", True),
    ("format:no_bullets_bullets", {}, "It sat. It ran.\n\n* a\n\n* b\n\nc", False),
    ("format:title_case", {}, "The Rain of the North", True),
    ("format:title_case", {}, "Rain Don't Fall. Of Course Not.", True),
    ("format:title_case", {}, "of the Rain", False),
    ("format:title_case", {}, "Rain Falls. the Sun", False),
    ("format:output_template", {}, "My Conclusion: b\nMy Answer: a\nFuture Outlook: c", False),
    ("custom:mcq_count_length", {}, _FOUR.replace("Question 1", "Question").replace("Question 2", "Question")
     .replace("Question 3", "Question").replace("Question 4", "Question"), True),
    ("custom:reverse_newline", {}, "\n".join(f"{n}. {name}" for n, name in enumerate(_COUNTRIES, 1)), True),
    ("custom:word_reverse", {}, "It is the eagle bald", False),
    ("custom:character_reverse", {}, "It is the elgae dlab", False),
    ("custom:european_capitals_sort", {}, ", ".join(_KYIV) + ".", True),
    ("custom:european_capitals_sort", {}, ", ".join([*_KYIV[:15], "Kyiv", "Brussels", *_KYIV[17:]]), False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "text", "follows"), CASES)
def test_the_wording_decides(name: str, arguments: dict[str, Any], text: str, follows: bool) -> None:
    assert follow(text, [bind(name, CONSTRAINTS[name], arguments)]) == [follows]


@pytest.mark.parametrize(
    ("word", "syllables"),
    [("softly", 2), ("steadily", 3), ("gracefully", 3), ("engines", 2), ("vines", 1), ("matches", 2), ("tomatoes", 3),
     ("butterflies", 3), ("typically", 3), ("kindness", 2), ("class", 1), ("self-care", 2), ("r2d2", 0)],
)  # fmt: skip
def test_syllables_of_plurals_and_of_words_with_endings(word: str, syllables: int) -> None:
    assert count_syllables(word) == syllables
