"""A bot's skill is one of its kind's names or a chance."""

import pytest

from studyapp.core.engine.answers import skills_of
from studyapp.core.engine.kinds import kinds
from studyapp.core.engine.skills import chance, check
from studyapp.desk.results.bots import BotsForm


def test_a_chance_is_read_and_a_name_has_its_own():
    assert [chance(skill, 0.25) for skill in ("random", "careless", "oracle", "p=0.7", 0.4)] == [
        0.25,
        0.25,
        1,
        0.7,
        0.4,
    ]


@pytest.mark.parametrize("skill", ["genius", "p=1.5", "p=", "", "p=nan", -1])
def test_anything_else_is_refused_with_what_is_expected(skill):
    with pytest.raises(ValueError, match="expected random, oracle, careless or p=0…1"):
        check(skill)


def test_every_kind_has_the_common_skills():
    for kind in kinds().values():
        assert {"random", "oracle", "careless"} <= set(skills_of(kind))


def test_the_desk_says_what_bots_of_each_skill_do():
    for kind in kinds().values():
        said = BotsForm(named=skills_of(kind), room=None).fields["skill"].help_text
        assert said.endswith(", or the chance of a right answer, as p=0.7")
        assert all(does and f"{name} ({does})" in said for name, does in skills_of(kind).items())
