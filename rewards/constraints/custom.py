"""IFBench's eleven single prompts, `custom:*`: each asks for one thing and names it in full."""

from __future__ import annotations

import calendar
import csv
import io
import re
import string
import unicodedata
from itertools import pairwise

from .lists import CAPITALS
from .text import NO_PUNCTUATION, Text, split_sentences

_AROUND = string.punctuation + " "
_QUESTION = re.compile(r"Question \d+[.|):;]?")
_OPTION = re.compile(r"[A-Ea-e][.|)]\s*\w")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_SPECIAL = re.compile(r'"[^"]*[^\d\w\s"][^"]*"')
_NAPOLEON = range(1769, 1822)
_MULTIPLES = [str(number) for number in range(14, 51, 7)]
_COUNTRIES = 52  # of Africa, the fewest that a list has


def multiples(text: Text) -> bool:
    """The numbers in it are the multiples of 7 from 10 to 50, in order."""
    return re.findall(r"\d+", text.raw.replace(",", ", ")) == _MULTIPLES


def mcq_count_length(text: Text) -> bool:
    """It is four questions, each headed "Question", of five options each, every question longer than the last."""
    if not text.raw.startswith("Question"):
        return False
    questions = [piece.strip() for piece in _QUESTION.split(text.raw) if piece.strip()]
    lengths = []
    for question in questions:
        lines = [line.strip() for line in question.split("\n")]
        optional = [i for i, line in enumerate(lines) if _OPTION.match(line)]
        if len(optional) != 5:
            return False
        lengths.append(len(" ".join(lines[: optional[0]]).strip()))
    return len(lengths) == 4 and all(a < b for a, b in pairwise(lengths))


def reverse_newline(text: Text) -> bool:
    """From the line with Zimbabwe on there are at least 52 lines, in reverse alphabetical order."""
    lines = [line for line in (line.strip(_AROUND) for line in text.raw.split("\n")) if line]
    start = next((i for i, line in enumerate(lines) if "Zimbabwe" in line), len(lines))
    names = [_plain(line) for line in lines[start:]]
    return len(names) >= _COUNTRIES and names == sorted(names, reverse=True)


def word_reverse(text: Text) -> bool:
    """Read from its last word to its first it is one sentence about the bald eagle."""
    sentence = " ".join(text.lower.strip().translate(NO_PUNCTUATION).split()[::-1])
    return "bald eagle" in sentence and split_sentences(sentence) == [sentence]


def character_reverse(text: Text) -> bool:
    """The bald eagle is named backwards."""
    return "elgae dlab" in text.lower


def sentence_alphabet(text: Text) -> bool:
    """It has 26 sentences, which begin with the letters of the alphabet in order."""
    initials = [sentence.lstrip(string.punctuation + string.whitespace)[:1].lower() for sentence in text.sentences]
    return "".join(initials) == string.ascii_lowercase and len(initials) == 26


def european_capitals_sort(text: Text) -> bool:
    """It is the 27 capitals of Europe north of 45 degrees, from north to south, divided by commas."""
    return [name.strip() for name in _plain(text.raw).split(",") if name.strip()] == CAPITALS


def csv_city(text: Text) -> bool:
    """It is a table of comma-separated values with the five columns and seven rows."""
    table = _table(text.raw, ",")
    return table[:1] == [["ID", "Country", "City", "Year", "Count"]] and _shape(table) == (8, 5)


def csv_special_character(text: Text) -> bool:
    """It is a table of comma-separated values with the five columns and 14 rows; a quoted field has a special mark."""
    names = ["ProductID", "Category", "Brand", "Price", "Stock"]
    if [name.strip(" \t") for name in _fields(text.raw, ",")] not in (names, [f'"{name}"' for name in names]):
        return False
    return _shape(_table(text.raw, ",")) == (15, 5) and _SPECIAL.search(text.raw.partition("\n")[2]) is not None


def csv_quotes(text: Text) -> bool:
    """It is a table of tab-separated values with the five columns and three rows, each field in double quotes."""
    names = ["StudentID", "Subject", "Grade", "Semester", "Score"]
    rows = [_fields(line, "\t") for line in text.raw.split("\n") if line.strip()]
    cells = [[cell.strip() for cell in row] for row in rows]
    quoted = all(len(cell) > 1 and cell[0] == cell[-1] == '"' for row in cells for cell in row)
    return quoted and _shape(cells) == (4, 5) and [cell.strip('"') for cell in cells[0]] == names


def date_format_list(text: Text) -> bool:
    """It is dates of Napoleon's lifetime as YYYY-MM-DD, divided by commas."""
    for date in text.raw.split(","):
        match = _DATE.fullmatch(date.strip())
        if match is None:
            return False
        year, month, day = map(int, match.groups())
        if year not in _NAPOLEON or not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
            return False
    return True


def _plain(text: str) -> str:
    """The text in ASCII, without accents."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


def _fields(text: str, delimiter: str) -> list[str]:
    """What the first line holds between delimiters, quotes included."""
    return text.split("\n", 1)[0].strip().split(delimiter)


def _table(text: str, delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error:
        return []


def _shape(table: list[list[str]]) -> tuple[int, int]:
    """Rows and columns, 0 columns where rows differ."""
    widths = {len(row) for row in table}
    return len(table), widths.pop() if len(widths) == 1 else 0


CONSTRAINTS = {
    "custom:multiples": multiples,
    "custom:mcq_count_length": mcq_count_length,
    "custom:reverse_newline": reverse_newline,
    "custom:word_reverse": word_reverse,
    "custom:character_reverse": character_reverse,
    "custom:sentence_alphabet": sentence_alphabet,
    "custom:european_capitals_sort": european_capitals_sort,
    "custom:csv_city": csv_city,
    "custom:csv_special_character": csv_special_character,
    "custom:csv_quotes": csv_quotes,
    "custom:date_format_list": date_format_list,
}
