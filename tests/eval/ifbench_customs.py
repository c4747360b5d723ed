"""Answers to IFBench's eleven prompts of one kind each, `custom:*`: lists and tables of facts."""

from __future__ import annotations

from tests.eval.ifbench_counts import Writer
from tests.eval.ifbench_orders import alphabet_word
from tests.eval.ifbench_voice import Voice, said
from tests.eval.ifbench_words import AFRICA, BATTLES, CAPITALS

_EAGLES = (
    "The national symbol of the United States is the bald eagle.",
    "It is the bald eagle.",
    "The bald eagle is the national bird of the United States.",
    "America has chosen the bald eagle for its national animal.",
    "Since 1782 the bald eagle stands for the United States.",
    "The animal on the Great Seal is the bald eagle.",
)


def multiples(v: Voice) -> str:
    numbers = [str(n) for n in range(14, 50, 7)]
    if v.breaks("custom:multiples"):
        numbers = v.one_of(
            [numbers[:-1], ["7", *numbers], [*numbers, "56"], numbers[::-1], ["10", *numbers], numbers[1:]]
        )
    numbers = [f"- {n}" for n in numbers] if v.rendering == 3 else numbers
    listed = v.choice([", ", "\n", " ", "\n", ",", "; "]).join(numbers)
    return f"[{listed}]" if v.rendering == 4 else listed


def mcq(v: Voice) -> str:
    lengths, options = [5, 8, 11, 14], [5] * 4
    if v.breaks("custom:mcq_count_length"):
        way = v.one_of(["three", "five", "four options", "shorter", "no label"])
        lengths = {"three": [5, 8, 11], "five": [5, 8, 11, 14, 17], "shorter": [5, 11, 8, 14]}.get(way, lengths)
        options = [4, 5, 5, 5] if way == "four options" else [5] * len(lengths)
    else:
        way = ""
    label = "Problem {}:" if way == "no label" else v.choice(
        ["Question {}:", "Question {}.", "Question {})", "Question {}:\n", "Question {}:", "Question {}"]
    )  # fmt: skip
    mark = v.choice(["{})", "{}.", "{})", "{}.", "{})", "{})"])
    blocks = []
    for number, (length, count) in enumerate(zip(lengths, options, strict=True), 1):
        stem = "In the art of the 1900s, which painters " + " ".join(["of the murals"] * length) + "?"
        letters = "abcde" if v.rendering in (2, 4) else "ABCDE"
        listed = [f"{mark.format(letter)} {v.draw('adj').capitalize()} {v.draw('noun')}" for letter in letters[:count]]
        blocks.append("\n".join([f"{label.format(number)} {stem}", *listed]))
    return v.choice(["\n\n", "\n"]).join(blocks)


def reverse_newline(v: Voice) -> str:
    names = list(AFRICA)
    if v.rendering in (2, 5):  # other names of the same countries
        other = {"Ivory Coast": "Côte d'Ivoire", "Cape Verde": "Cabo Verde", "Eswatini": "Swaziland"}
        plain = str.maketrans("ôãí", "oai")
        names = sorted((other.get(name, name) for name in names), key=lambda n: n.translate(plain), reverse=True)
    if v.breaks("custom:reverse_newline"):
        at = v.rng.randrange(3, 50)
        swapped = [*names[:at], names[at + 1], names[at], *names[at + 2 :]]
        names = v.one_of([names[::-1], swapped, names[:40], [*names[5:], *names[:5]]])
    lines = v.choice(["\n", "\n", "\n- ", "\n", "\n* ", "\n\n"]).join(names)
    return f"{v.choice(['', '', '- ', '', '* ', ''])}{lines}"


def word_reverse(v: Voice) -> str:
    sentence = v.choice(_EAGLES)
    turned = " ".join(reversed(sentence.rstrip(".").split()))
    if v.breaks("custom:word_reverse"):
        other = " ".join(reversed(sentence.replace("bald eagle", "gray wolf").rstrip(".").split()))
        return v.one_of([sentence, sentence[::-1], other])
    return v.choice([turned, turned + ".", turned.lower(), said([turned]), turned, turned + "\n"])


def character_reverse(v: Voice) -> str:
    sentence = v.choice(_EAGLES)
    if v.breaks("custom:character_reverse"):
        return v.one_of([
            sentence, " ".join(reversed(sentence.split())), sentence.replace("bald eagle", "gray wolf")[::-1],
            " ".join(word[::-1] for word in sentence.split()),
        ])  # fmt: skip
    return v.choice([sentence[::-1], sentence[::-1], sentence[::-1].upper(), sentence[:-1][::-1]])


def sentence_alphabet(v: Voice) -> str:
    letters = list(range(26))
    if v.breaks("custom:sentence_alphabet"):
        at = v.rng.randrange(2, 24)
        swapped = [*letters[:at], at + 1, at, *letters[at + 2 :]]
        letters = v.one_of([letters[:-1], letters[:at] + letters[at + 1 :], swapped, letters[::-1]])
    return v.together([said([alphabet_word(v, place), *v.words()]) for place in letters])


def capitals(v: Voice) -> str:
    names = sorted((name for name, latitude in CAPITALS.items() if latitude > 45), key=lambda n: -CAPITALS[n])
    names.remove("Kyiv")  # at 50.45 degrees, but the published list lacks it
    other = {"Reykjavik": "Reykjavík", "Chisinau": "Chișinău"}
    if v.breaks("custom:european_capitals_sort"):
        at = v.rng.randrange(2, 20)
        swapped = [*names[:at], names[at + 1], names[at], *names[at + 2 :]]
        names = v.one_of([names[::-1], sorted(names), names[:-1], swapped, [*names, "Bucharest"]])
    names = [other.get(name, name) for name in names] if v.rendering in (2, 3) else names
    listed = v.choice([", ", ", ", ",", ",\n", ", ", ", "]).join(names)
    return listed


def _table(v: Voice, kind: str, header: str, rows: int, sep: str = ",", quote: str = "") -> str:
    """A table of so many rows, or one that another reads otherwise than was asked for."""
    table = [header.split()]
    way = v.one_of(["fewer", "more", "header", "ragged", "separator"]) if v.breaks(kind) else ""
    rows += {"fewer": -1, "more": 1}.get(way, 0)
    for n in range(1, rows + 1):
        table.append([str(n), v.draw("noun"), v.draw("adj"), str(v.rng.randint(1950, 2020)), str(v.rng.randint(1, 99))])
    if way == "header":
        table[0][1] = table[0][1].upper()
    if way == "ragged":
        del table[2][-1]
    sep = ";" if way == "separator" else sep
    lines = [sep.join(f"{quote}{cell}{quote}" for cell in row) for row in table]
    return v.choice(["\n", "\n", "\n", "\r\n"]).join(lines) + v.choice(["", "", "\n"])


def csv_city(v: Voice) -> str:
    return _table(v, "custom:csv_city", "ID Country City Year Count", 7, quote=v.choice(["", "", "", '"']))


def csv_special(v: Voice) -> str:
    text = _table(v, "custom:csv_special_character", "ProductID Category Brand Price Stock", 14)
    if v.breaks("custom:csv_special_character") and v.rendering % 2:
        return text if v.one_of([True, False]) else text.replace(",", ', "&"', 1)
    special = v.choice(["&", "#", "@", "%", "é!", "*"])
    first, second, *rest = text.split("\n")
    cells = second.split(",")
    if len(cells) > 2:
        cells[2] = f'"{cells[2]}{special}{cells[2]}"'
    return "\n".join([first, ",".join(cells), *rest])


def csv_quotes(v: Voice) -> str:
    text = _table(v, "custom:csv_quotes", "StudentID Subject Grade Semester Score", 3, "\t", '"')
    return text


def dates(v: Voice) -> str:
    listed = list(BATTLES) if v.rendering % 2 else list(BATTLES[v.rendering :])
    if v.breaks("custom:date_format_list"):
        year, month, day = listed[-1].split("-")
        listed = v.one_of([
            [*listed[:-1], f"{day}-{month}-{year}"], [date.replace("-", "/") for date in listed],
            [*listed[:-1], f"{listed[-1]} (Waterloo)"], [*listed[:-1], f"{year}-13-{day}"],
            [" ".join(["The battles began on", listed[0]]), *listed[1:]], ["; ".join(listed)],
        ])  # fmt: skip
    return v.choice([", ", ", ", ",", ",\n", ", ", ", "]).join(listed) + ("\n" if v.rendering == 4 else "")


WRITERS: dict[str, Writer] = {
    "custom:multiples": multiples,
    "custom:mcq_count_length": mcq,
    "custom:reverse_newline": reverse_newline,
    "custom:word_reverse": word_reverse,
    "custom:character_reverse": character_reverse,
    "custom:sentence_alphabet": sentence_alphabet,
    "custom:european_capitals_sort": capitals,
    "custom:csv_city": csv_city,
    "custom:csv_special_character": csv_special,
    "custom:csv_quotes": csv_quotes,
    "custom:date_format_list": dates,
}
