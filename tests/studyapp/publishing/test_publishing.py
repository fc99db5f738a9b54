"""A published version stands: edits make a new one, and updates of the software don't break those under way."""

import pytest

from studyapp import models, publishing

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_publishing_unchanged_makes_no_new_version(study):
    first = study.current
    assert publishing.publish(study) == first
    assert not publishing.edited_since(study)


def test_an_edit_makes_a_new_version_and_leaves_the_old_as_it_was(study):
    first = study.current
    study.parameters = {"n_trials": 2}
    assert publishing.edited_since(study)
    second = publishing.publish(study)
    assert (first.number, second.number) == (1, 2)
    assert publishing.frozen(first)["parameters"]["n_trials"] == 5
    assert publishing.frozen(second)["parameters"]["n_trials"] == 2


def test_a_study_just_made_and_the_same_read_back_have_one_hash(draft):
    made = publishing.content_hash(publishing.definition(draft))
    assert publishing.content_hash(publishing.definition(models.Study.objects.get())) == made


def test_a_version_frozen_before_a_parameter_or_text_existed_reads_its_default(study):
    version = study.current
    del version.definition["parameters"]["n_trials"], version.definition["texts"]["entry"]
    version.save()
    publishing.read_version.cache_clear()
    record = publishing.frozen(version)
    assert record["parameters"]["n_trials"] == 5
    assert record["texts"]["entry"]
    publishing.read_version.cache_clear()


def test_every_check_is_told_by_itself(draft):
    assert [check.title for check in publishing.checks(draft)] == [
        "Bundle",
        "Conditions",
        "Parameters",
        "Texts",
        "Display",
        "Stimuli",
    ]
    assert publishing.problems(draft) == []
    draft.parameters = {"n_trials": "many", "colour": "red"}
    draft.conditions.update(open=False)
    assert publishing.problems(draft) == [
        "Every condition is closed: nobody could be assigned.",
        "Parameter “n_trials”: expected a whole number, found 'many'.",
        "Unknown parameter “colour”; expected one of min_height_px, min_width_px, n_trials.",
    ]


def test_pictures_from_elsewhere_are_named_and_links_told(draft):
    picture, film, link = "https://example.org/a.png", "//example.org/b.mp4", "https://ethics.example.org/"
    draft.texts = {
        "entry": f"![a]({picture}) [ours](/s/tiny/) ![b](/static/b.png)",
        "guideline": f'See <a href="{link}">here</a> <video src="{film}" poster="{picture}"></video>',
    }
    found = " ".join(publishing.problems(draft))
    assert all(f"shows {media}" in found for media in (picture, film))
    assert found.count("shows") == 3
    told = next(check.summary for check in publishing.checks(draft) if check.title == "Texts")
    assert told.endswith(f"links lead to {link}")


def test_addresses_in_questionnaires_and_translations_are_told_like_those_in_texts(draft):
    picture, link = "https://example.org/a.png", "https://ethics.example.org/"
    draft.questionnaires = [{"name": "trust", "intro": f"![a]({picture}) [see]({link})", "items": []}]
    draft.translations = {"de": {"texts.entry": {"source": "Come in", "text": f"![b]({picture}) [mehr]({link}de)"}}}
    draft.variants = [{"conditions": [], "texts": {"entry": f"![c]({picture})"}}]
    found = [told.partition(" shows ")[0] for told in publishing.problems(draft) if " shows " in told]
    assert found == [
        "A questionnaire",
        "Wording by condition",
        "The translation into de",
    ]
    told = next(check.summary for check in publishing.checks(draft) if check.title == "Texts")
    assert told.endswith(f"links lead to {link}, {link}de")


def test_only_a_published_study_is_paused(draft):
    with pytest.raises(ValueError, match="never published"):
        publishing.set_status(draft, models.Study.Status.PAUSED)
