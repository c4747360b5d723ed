"""Arguments of each constraint of IFEval, IF-RLVR and RLVR-IFeval, a response that follows, one that does not."""

from typing import Any

IFEVAL: dict[str, tuple[dict[str, Any], str, str]] = {
    "keywords:existence": ({"keywords": ["rain", "c++"]}, "Rain, and C++.", "Rain, and C."),
    "keywords:frequency": ({"keyword": "rain", "frequency": 2, "relation": "at least"}, "Rain. Rainy.", "Rain."),
    "keywords:forbidden_words": ({"forbidden_words": ["rain"]}, "Rainy days.", "No RAIN."),
    "keywords:letter_frequency": ({"letter": "#", "let_frequency": 2, "let_relation": "at least"}, "# a #", "# a"),
    "language:response_language": (
        {"language": "de"}, "Das ist ein schöner Tag im Herbst.", "This is a fine day in autumn.",
    ),
    "length_constraints:number_sentences": (
        {"num_sentences": 2, "relation": "less than"}, "Dr. Smith lives in the U.S. now.", "He left. She stayed.",
    ),
    "length_constraints:number_paragraphs": ({"num_paragraphs": 2}, "a\n***\nb", "a\n***\n***\nb"),
    "length_constraints:number_words": ({"num_words": 3, "relation": "at least"}, "Don't go", "Go on"),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Rain"}, "A.\n\n'rain, they say", "A.\n\nThe rain",
    ),
    "detectable_content:number_placeholders": ({"num_placeholders": 2}, "[name] at [place]", "[name] at [\nplace]"),
    "detectable_content:postscript": ({"postscript_marker": "P.P.S"}, "Bye.\np. p. s. more", "Bye.\nP.S. more"),
    "detectable_format:number_bullet_lists": ({"num_bullets": 2}, "* a\n\n  - b\n** c", "* a\n* b\n- c"),
    "detectable_format:constrained_response": ({}, "Well: My answer is maybe.", "Maybe."),
    "detectable_format:number_highlighted_sections": ({"num_highlights": 2}, "*a* and *b*", "*a* and * * and *\n*"),
    "detectable_format:multiple_sections": (
        {"section_spliter": "SECTION", "num_sections": 2}, "SECTION 1\na\nSECTION2\nb", "Section 1\na\nSection 2\nb",
    ),
    "detectable_format:json_format": ({}, '```json\n{"a": [1]}\n```', "{'a': 1}"),
    "detectable_format:title": ({}, "<<a title>>\ntext", "<< >>\ntext"),
    "combination:two_responses": ({}, "one\n******\ntwo", "one\n******\none"),
    "combination:repeat_prompt": ({"prompt_to_repeat": "What is rain?"}, "what is rain? Water.", "Rain is water."),
    "startend:end_checker": ({"end_phrase": "That is all."}, 'Well. "that is ALL."', "That is all. Bye."),
    "startend:quotation": ({}, ' "all of it" ', '"'),
    "change_case:capital_word_frequency": (
        {"capital_frequency": 2, "capital_relation": "at least"}, "NASA and the U.S.", "NASA and Esa",
    ),
    "change_case:english_capital": ({}, "THIS IS A FINE DAY IN AUTUMN.", "This IS A FINE DAY IN AUTUMN."),
    "change_case:english_lowercase": ({}, "this is a fine day in autumn.", "das ist ein schöner tag im herbst."),
    "punctuation:no_comma": ({}, "No comma here.", "A comma, here."),
}  # fmt: skip

IF_RLVR: dict[str, tuple[dict[str, Any], str, str]] = {
    "keywords:word_once": ({"keyword": "cat"}, "A cat and a category.", "A cat and a cat."),
    "keywords:word_count_different_numbers": (
        {"keyword": "cat", "frequency": 2, "relation": "less than"}, "Cat, cat.", "Cat, cat, cat.",
    ),
    "keywords:exclude_word_harder": ({"keyword": "cat"}, "A category.", "A cat, a dog."),
    "keywords:no_adjacent_consecutive": ({}, "a cat eats", "a big cat"),
    "keywords:palindrome": ({}, "He is at noon.", "I am a man."),
    "keywords:keyword_specific_position": ({"keyword": ["cat"], "n": 2, "m": 2}, "Hi! A cat sat.", "A cat. A dog."),
    "keywords:start_end": ({}, "Rain is rain", "Rain is rain."),
    "letters:letter_counting": ({"N": 4, "relation": "less than"}, "a1b2c3", "abcd"),
    "letters:letter_counting2": ({"letter": "a", "let_frequency": 2, "let_relation": "at least"}, "A a", "a b"),
    "paragraphs:paragraphs": ({}, "a\n***\nb", "a\n***\nb\n***\nc"),
    "paragraphs:paragraphs2": ({}, "a\n\nb\n\n", "a\nb"),
    "first_word:first_word_sent": ({"first_word": "rain"}, "Rain falls. Rain stops.", "Rain falls. It stops."),
    "first_word:first_word_answer": ({"first_word": "rain"}, '"Rain," he said.', "The rain."),
    "last_word:last_word_sent": ({"last_word": "rain"}, "It is rain. I like rain!", "It is rain. I go."),
    "last_word:last_word_answer": ({"last_word": "rain"}, "I like rain!", "Rain it is."),
    "detectable_format:sentence_hyphens": ({}, "A well-known cat.-It sat.", "A cat. It sat."),
    "detectable_format:square_brackets": ({}, "[a] [cat.]", "[a] cat"),
    "detectable_format:bigram_wrapping": ({}, "<<I am>> <<at home>> now", "I am at home"),
    "copy:copy": ({"prompt_to_repeat": "What is rain?"}, "what is rain? ", "What is rain? Water."),
    "copy:copying_simple": ({"prompt_to_repeat": "What is rain?"}, "What is rain?", "Rain?"),
    "copy:copying_multiple": ({"prompt_to_repeat": "Hi there", "N": 2}, "Hi there\n******\nhi there", "Hi there"),
    "copy:repeat_phrase": (
        {"phrase": "All that glitters is not gold", "small_n": 2},
        "All that shimmers is not gold. All that glitters was not gold!", "All that glitters is not gold, twice.",
    ),
    "new:copy_span_idx": ({"prompt_to_repeat": "A small bird", "n_start": 2, "n_end": 6}, "Small", "small bird"),
    "punctuation:punctuation_dot": ({}, "No dot", "A dot."),
    "punctuation:punctuation_exclamation": ({}, "Calm.", "Wow!"),
    "count:count_increment_word": ({"keyword1": "cat", "keyword2": "dog"}, "dog cat dog", "dog cat"),
    "count:count_unique": ({}, "One cat, one-eyed, sat.", "The cat saw the dog."),
    "count:lowercase_counting": ({"N": 1}, "ONE two THREE", "one two"),
    "count:counting_composition": (
        {"n_sent": 1, "n_words": 2}, "Cats sat.\n* * *\nDogs ran.\n* * *\nBirds flew.", "Cats sat.\n* * *\nDogs ran.",
    ),
}  # fmt: skip

TULU: dict[str, tuple[dict[str, Any], str, str]] = {
    f"open_instruct:{name}": example
    for name, example in {
        "verify_keywords": ({"keyword_list": ["rain"]}, "Rainy.", "Dry."),
        "verify_keyword_frequency": ({"word": "rain", "N": 1}, "Rain, rainy.", "Rain, rain."),
        "validate_forbidden_words": ({"forbidden_words": ["rain"]}, "Dry.", "Rainy."),
        "verify_letter_frequency": ({"letter": "a", "N": 1}, "Aa", "aa"),
        "validate_response_language": ({"language": "en"}, "This is a fine day.", "Das ist ein schöner Tag."),
        "verify_paragraph_count": ({"N": 2}, "a\n* * *\nb", "a\n* * *"),
        "validate_word_constraint": ({"N": 5, "quantifier": "around"}, "a b c d", "a b c"),
        "verify_sentence_constraint": ({"N": 2, "quantifier": "at most"}, "A cat. A dog.", "It sat. It ran. It hid."),
        "validate_paragraphs": ({"N": 2, "first_word": "Rain", "i": 2}, "A.\n\nRain falls.", "Rain.\n\nA."),
        "verify_postscript": ({"postscript_marker": "P.S."}, "Bye. P.S. more", "Bye. P.S. "),
        "validate_placeholders": ({"N": 1}, "[name]", "name"),
        "verify_bullet_points": ({"N": 2}, "* a\n- b", "* a"),
        "validate_title": ({}, "<<title>>", "title"),
        "validate_choice": ({"options": ["yes", "no"]}, "yes", "perhaps"),
        "validate_highlighted_sections": ({"N": 2}, "*a* *b*", "*a* b*"),
        "validate_sections": ({"N": 2, "section_splitter": "Section"}, "Section 1 a section 2 b", "Section one"),
        "validate_json_format": ({}, '{"a": 1}', "```{}```"),
        "validate_repeat_prompt": ({"original_prompt": "Hi?"}, "Hi? Yes.", "hi? Yes."),
        "validate_two_responses": ({}, "a ****** b", "a ****** a"),
        "validate_uppercase": ({}, "ALL 3", "All 3"),
        "validate_lowercase": ({}, "all 3", "123"),
        "validate_frequency_capital_words": ({"N": 1, "quantifier": "at least"}, "NASA said", "Nasa said"),
        "validate_end": ({"end_phrase": "Bye."}, "Well. Bye.", "Bye. Well."),
        "validate_quotation": ({}, '"all"', '"all" of it'),
        "validate_no_commas": ({}, "none", "one, two"),
    }.items()
}
