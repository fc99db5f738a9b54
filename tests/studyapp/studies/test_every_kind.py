"""What holds for every registered kind of study."""

import importlib
import subprocess
import sys

import pytest
from django.http import QueryDict

from studyapp.core.engine.answers import skills_of
from studyapp.core.engine.kinds import kinds, load
from studyapp.simulation.answering import submitted

each_kind = pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
WITHOUT_DJANGO = """
import sys
from studyapp.core.engine.contexts import context_of
from studyapp.core.engine.kinds import kinds
for kind in kinds().values():
    for part in ("scoring:score", "bots:answer", "plan:build", "stimuli:draw"):
        kind.part(part)
    for page in kind.pages:
        context_of(kind, page)
sys.exit("django" in sys.modules)
"""


@each_kind
def test_what_bots_answer_is_what_the_forms_would_clean(kind, tmp_path):
    made = importlib.import_module(f"tests.studyapp.made.{kind.name}")
    definition = made.make_definition(made.make_bundle(tmp_path))
    for skill in (*skills_of(kind), "p=0.6"):
        for answered in made.answer_all(made.make_plan(definition), definition, skill):
            if not (form := kind.page(answered.step["page"]).form):
                continue
            data = QueryDict(mutable=True)
            data.update(submitted(load(form)(step=answered.step, definition=definition), answered.answer))
            filled = load(form)(data, step=answered.step, definition=definition)
            assert filled.is_valid(), filled.errors
            assert filled.cleaned_data == answered.answer


@each_kind
def test_every_text_a_page_names_exists_and_none_is_left_over(kind):
    named = {text for page in kind.pages for text in page.texts}
    endings = {"completed", "no_consent", "withdrawn", "expired"}
    if "screening_policy" in kind.defaults():
        endings.add("screened_out")
    assert named | {"entry", *(f"ending_{status}" for status in endings)} == set(kind.texts())


def test_the_kinds_their_scoring_and_their_bots_need_no_django():
    assert subprocess.run([sys.executable, "-c", WITHOUT_DJANGO], check=False).returncode == 0
