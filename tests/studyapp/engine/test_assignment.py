from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from studyapp.core.engine.assignment import Cell, choose_condition, choose_order

cells = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.none() | st.integers(0, 12), st.booleans()), max_size=6
).map(lambda rows: [Cell(key, *row) for key, row in enumerate(rows)])


@given(cells, st.integers())
def test_the_choice_is_the_emptiest_free_cell(drawn, seed):
    chosen = choose_condition(drawn, Random(seed))
    free = [cell for cell in drawn if cell.free]
    if not free:
        assert chosen is None
        return
    assert drawn[chosen].free
    assert drawn[chosen].load == min(cell.load for cell in free)


def test_a_full_or_closed_cell_is_never_chosen():
    drawn = [Cell(0, 3, 1, quota=4), Cell(1, 0, 0, open=False), Cell(2, 9, 0, quota=10)]
    assert {choose_condition(drawn, Random(seed)) for seed in range(20)} == {2}


def test_ties_fall_to_every_cell():
    drawn = [Cell(0, 2, 0), Cell(1, 1, 1), Cell(2, 2, 0)]
    chosen = Counter(choose_condition(drawn, Random(seed)) for seed in range(600))
    assert set(chosen) == {0, 1, 2}
    assert min(chosen.values()) > 130


def test_the_same_generator_chooses_the_same_cell():
    drawn = [Cell(key, 0, 0) for key in range(6)]
    assert choose_condition(drawn, Random("1:5")) == choose_condition(drawn, Random("1:5"))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers())
def test_the_order_is_one_taken_least_often(counts, seed):
    taken = {order: count for order, count in enumerate(counts) if count}
    assert counts[choose_order(taken, len(counts), Random(seed))] == min(counts)
