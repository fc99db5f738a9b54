"""The data dictionary is what the code declares now, and names every column that an export can have."""

from studyapp.core.engine.kinds import kinds
from studyapp.core.export.columns import columns
from studyapp.management.commands.data_dictionary import PAGE, page


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python manage.py data_dictionary"


def test_every_column_of_every_kind_is_named_with_its_sentence():
    text = PAGE.read_text(encoding="utf-8")
    for study_kind in kinds().values():
        for fields in columns(study_kind).values():
            for field in fields:
                assert f"| `{field.name}` |" in text
                assert field.description.replace("|", "\\|") in text
