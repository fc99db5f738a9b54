"""The keystroke-level model's seconds, by hand."""

import pytest

from benchmarks.counting.keystrokes import Person, seconds, table


class Target:
    """Whatever is pointed at; it does as it is told and takes no time."""

    def __getattr__(self, name):
        return lambda *args, **options: None


@pytest.fixture
def person():
    return Person(Target())


def test_a_word_typed_into_a_field_is_a_thought_a_click_a_hand_and_its_keys(person):
    with person.part("name"):
        person.type(Target(), "abc")
    counts = person.parts["name"]
    assert {name: counts[name] for name in "MPKH"} == {"M": 1, "P": 1, "K": 1 + 3 + 2, "H": 1}
    assert seconds(counts) - counts["R"] == pytest.approx(1.35 + 1.1 + 6 * 0.28 + 0.4)


def test_hands_move_only_between_mouse_and_keyboard(person):
    with person.part("two fields, a click"):
        person.click(Target())
        person.type(Target(), "a")
        person.type(Target(), "b")
        person.click(Target())
    assert person.counts["H"] == 1 + 2 + 1


def test_parts_add_up_and_each_page_costs_its_reading(person):
    with person.part("one"):
        person.choose(Target(), "x")
        person.read()
    with person.part("two"):
        person.choose_file(Target(), "x.zip")
        person.read(2)
    one, two = person.parts.values()
    assert (one["clicks"], two["clicks"]) == (2, 3)
    assert seconds(two, 10) - two["R"] == pytest.approx(3 * (1.35 + 1.1 + 0.28) + 20)
    *_, total = table(person.parts, 10).splitlines()
    assert total.split("|")[2:5] == [" 5 ", " 0 ", " 3 "]
