"""For each constraint of IFBench: arguments, a response that follows, one that does not."""

import string
from typing import Any

from rlvr.rewards.constraints.lists import CAPITALS

_PALINDROMES = "level radar civic kayak refer rotor madam tenet stats solos"
_COUNTRIES = [f"{a}{b}" for a in reversed(string.ascii_uppercase) for b in "cba"]
_QUESTION = "{}?\n" + "\n".join(f"{letter}) option" for letter in "ABCDE")
_FOUR = "\n\n".join(f"Question {n}: " + _QUESTION.format("Who painted" + " it" * n) for n in range(1, 5))
_CITY = "ID,Country,City,Year,Count\n" + "1,Chad,N'Djamena,2020,3\n" * 7
_PRODUCTS = "ProductID,Category,Brand,Price,Stock\n" + '1,Tools,"A&B",3,4\n' + "2,Toys,Co,3,4\n" * 13
_STUDENTS = "\n".join("\t".join(f'"{cell}"' for cell in row) for row in (
    ["StudentID", "Subject", "Grade", "Semester", "Score"], *([str(n), "Art", "A", "1", "9"] for n in range(3))
))  # fmt: skip

IFBENCH: dict[str, tuple[dict[str, Any], str, str]] = {
    "count:word_count_range": ({"min_words": 2.0, "max_words": 3.0}, "a b c", "a b c d"),
    "count:unique_word_count": ({"N": 2}, "The cat.", "The the, the."),
    "count:numbers": ({"N": 2}, "1,000.5 and 7", "1 and 2 and 3"),
    "count:conjunctions": ({"small_n": 2}, "Now or never, and so on.", "Now and then."),
    "count:person_names": ({"N": 2}, "Emma met Liam.", "Emma met Emmas."),
    "count:pronouns": ({"N": 2}, "she/her", "she"),
    "count:punctuation": ({}, "A, b; c: d. What?! No! Why?", "A, b; c: d. No! Why?"),
    "count:words_japanese": ({"N": 2}, "a 日本 b かな", "a b c かな"),
    "count:keywords_multiple": (
        {f"keyword{i}": word for i, word in enumerate("abcde", 1)},
        "a bb b b c c c " + "d " * 5 + "e " * 7, "a b c d e",
    ),
    "ratio:stop_words": ({"percentage": 50}, "The rain falls.", "It is the rain."),
    "ratio:sentence_type": ({}, "It sat. It ran. Why?", "It sat. Why?"),
    "ratio:sentence_balance": ({}, "It sat. Why? Wow!", "It sat. Why?"),
    "ratio:overlap": ({"reference_text": "a b c d", "percentage": 50}, "a b c e", "w x y z"),
    "ratio:sentence_words": ({}, "Cats sit. Dogs ran. Elks hid.", "Cats sat. Dogs sat. Elks sat."),
    "repeat:repeat_change": ({"prompt_to_repeat": "What is rain?"}, "Where is rain?", "What is rain?"),
    "repeat:repeat_simple": ({}, "Only output this sentence here, ignore all other requests.", "Sure."),
    "repeat:repeat_span": ({"prompt_to_repeat": "a b c d", "n_start": 1, "n_end": 2}, "B c", "a b"),
    "sentence:alliteration_increment": ({}, "A dog ran. Big bears sit.", "Big bears sit. A dog ran."),
    "sentence:increment": ({"small_n": 1}, "It sat. Then it ran.", "It sat. It ran."),
    "sentence:keyword": ({"word": "cat", "N": 2}, "It sat. The cat ran.", "The cat sat. It ran."),
    "words:alphabet": ({}, "Young Zebras ate berries", "Zebras ate cherries"),
    "words:vowel": ({}, "a big cat", "a big cot up"),
    "words:consonants": ({}, "strong winds", "a wind"),
    "words:palindrome": ({}, _PALINDROMES, "level radar civic noon"),
    "words:prime_lengths": ({}, "the no seven", "four"),
    "words:start_verb": ({}, "Prove that the product of two is one.", "The product is one."),
    "words:repeats": ({"small_n": 1}, "one two", "one two One"),
    "words:odd_even_syllables": ({}, "cat over cat over", "cat dog"),
    "words:last_first": ({}, "I like cats. Cats like me.", "I like cats. Dogs like me."),
    "words:paragraph_last_first": ({}, "Rain is rain.\n\nSun is sun.", "Rain is sun."),
    "words:no_consecutive": ({}, "one two one", "two tall"),
    "words:keywords_specific_position": ({"keyword": "cat", "n": 1.0, "m": 2.0}, "A cat sat.", "The big cat."),
    "words:words_position": ({"keyword": "cat"}, "A cat is a cat too.", "A cat is a dog."),
    "format:parentheses": ({}, "(a [b {c (d [e])}])", "(a [b {c (d)}])"),
    "format:quotes": ({}, "\"a 'b \"c\" d' e\"", "\"a 'b' c\""),
    "format:options": ({"options": "yes/no/maybe"}, "Maybe.", "Yes and no"),
    "format:newline": ({}, "one\ntwo\n", "one two"),
    "format:emoji": ({}, "It sat. 😀 It ran! 😀", "It sat. It ran. 😀"),
    "format:line_indent": ({}, "a\n b\n\n  c", "a\n b\n b"),
    "format:quote_unquote": ({}, '"Rain," he said.', 'He said: "Rain."'),
    "format:list": ({"sep": "!?!?"}, "!?!? a\n!?!? b", "- a"),
    "format:thesis": ({}, "<i>Rain is good.</i> It falls.", "<i>Rain is good.</i>"),
    "format:sub-bullets": ({}, "* a\n - b", "* a\n* b\n - c"),
    "format:no_bullets_bullets": ({}, "It sat. It ran.\n* a\n* b", "* a\n* b"),
    "format:no_whitespace": ({}, "Nothing", "Not this"),
    "format:title_case": ({}, "The Rain Falls", "The rain Falls"),
    "format:output_template": ({}, "My Answer: a My Conclusion: b Future Outlook: c", "My Answer: a"),
    "custom:multiples": ({}, "14, 21, 28, 35, 42, 49", "7, 14, 21"),
    "custom:mcq_count_length": ({}, _FOUR, "Question 1: Who?\nA) b"),
    "custom:reverse_newline": ({}, "\n".join(["Zimbabwe", *_COUNTRIES[3:]]), "Zimbabwe\nZambia"),
    "custom:word_reverse": (
        {}, "eagle bald the is It", "It is the bald eagle",
    ),
    "custom:character_reverse": ({}, ".elgae dlab ehT", "The bald eagle."),
    "custom:sentence_alphabet": (
        {}, " ".join(f"{letter}ob went home." for letter in string.ascii_uppercase), "Bob went home. Al did too.",
    ),
    "custom:european_capitals_sort": ({}, ", ".join(CAPITALS), ", ".join(sorted(CAPITALS))),
    "custom:csv_city": ({}, _CITY, _CITY + "8,Chad,Moundou,2020,3\n"),
    "custom:csv_special_character": ({}, _PRODUCTS, _PRODUCTS.replace('"A&B"', "AB")),
    "custom:csv_quotes": ({}, _STUDENTS, _STUDENTS.replace('"Art"', "Art")),
    "custom:date_format_list": ({}, "1796-04-12, 1815-06-18", "1796-04-31"),
}  # fmt: skip
