"""Codes are suggested by the words that earlier codings of the same coder have in common with a text."""

from studyapp.core.coding.suggestions import suggest, words

NAMED = {1: "ears", 2: "tail", 3: "image quality"}


def test_words_are_lower_case_and_without_the_plural():
    assert words("The LEGS, and a leg; glass 3x") == {"the", "leg", "and", "glass"}


def test_a_code_whose_name_stands_in_the_text_comes_first():
    assert suggest("Its ear and the tail", [], NAMED) == [1, 2]
    assert suggest("quality", [], NAMED) == []
    assert suggest("the quality of the image", [], NAMED) == [3]


def test_a_word_that_went_with_a_code_suggests_it():
    read = [("pointy shapes", {1}), ("pointy things", {1}), ("long shapes", {2}), ("blurred", {3})]
    assert suggest("something pointy", read, NAMED) == [1]


def test_a_word_that_stands_everywhere_suggests_nothing():
    read = [("the system sees it", {1}), ("the system looks there", {2}), ("the system", set())] * 10
    assert suggest("the system", read, NAMED) == []


def test_nothing_read_suggests_nothing():
    assert suggest("whiskers", [], NAMED) == []
