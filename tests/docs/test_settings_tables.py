"""Each kind's page names all of its parameters and factors."""

import re

import pytest

from studyapp.core.engine.kinds import kinds
from studyapp.core.engine.particulars import PARTICULARS
from tests.docs.pages import DOCS

FRAME = {"minutes", "min_width_px", "min_height_px", *PARTICULARS}


@pytest.mark.parametrize("name", sorted(kinds()))
def test_every_parameter_and_factor_of_a_kind_stands_on_its_page(name):
    study_kind, text = kinds()[name], (DOCS / f"{name}.md").read_text(encoding="utf-8")
    quoted = set(re.findall(r"`([a-z_]+)`", text))
    wanted = {parameter.name for parameter in study_kind.parameters} - FRAME | {
        factor.name for factor in study_kind.factors
    }
    assert wanted - quoted == set()
