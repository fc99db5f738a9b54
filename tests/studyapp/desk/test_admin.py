"""The researcher's desk: set up, check, publish, watch, export; and nobody sees or does more than they may."""

import io
import re
import shutil
import zipfile
from itertools import product

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from studyapp import models, publishing
from studyapp.bundles import stimuli
from studyapp.core.engine.kinds import kinds
from studyapp.data import study_files
from studyapp.run import sessions
from tests.bundles import write_bundle
from tests.studyapp.conftest import submit, walk
from tests.studyapp.researcher import all_of, page_of, save, section_of, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def desk():
    """A signed-in superuser's browser."""
    return signed_in(User.objects.create_superuser("ada"))


@pytest.fixture
def colleague():
    """Sign in somebody with only this role: `colleague(study, "analyst")`; with none: `colleague()`."""

    def sign_in(study=None, role=None):
        user = User.objects.create_user(f"bob-{role}", is_staff=True)
        if study:
            models.Member.objects.create(study=study, user=user, role=role)
        return signed_in(user)

    return sign_in


def test_a_new_study_gets_every_combination_of_its_factors(desk, tiny_kind, bundle):
    new = {"title": "Gulls", "slug": "gulls", "kind": "tiny", "bundle": bundle.pk}
    response = desk.post(reverse("admin:studyapp_study_add"), new)
    study = models.Study.objects.get()
    assert response["Location"] == page_of(study)
    assert [(cell.name, cell.factors) for cell in study.conditions.all()] == [
        ("small", {"size": "small"}),
        ("large", {"size": "large"}),
    ]
    assert publishing.problems(study) == []


def test_the_page_says_in_words_what_is_missing_and_offers_no_publishing(desk, draft):
    draft.conditions.all().delete()
    text = desk.get(page_of(draft)).content.decode()
    assert "There is no condition. Add at least one." in text
    assert reverse("admin:study_publish", args=[draft.pk]) not in text


def test_only_what_differs_from_the_defaults_is_stored(desk, draft):
    assert save(desk, draft, "parameters", parameter__n_trials="3").status_code == 302
    assert save(desk, draft, "texts", text__entry="Hello\r\nyou").status_code == 302
    draft.refresh_from_db()
    assert draft.parameters == {"n_trials": 3}
    assert draft.texts == {"entry": "Hello\nyou"}


def test_saving_unchanged_changes_nothing(desk, study):
    before = publishing.content_hash(publishing.definition(study))
    assert [save(desk, study, name).status_code for name in all_of(study)] == [302] * len(all_of(study))
    study.refresh_from_db()
    assert publishing.content_hash(publishing.definition(study)) == before
    assert (study.parameters, study.texts, study.conditions.count()) == ({}, {}, 2)


def test_stimuli_kept_from_a_file_are_drawn_anew_once_what_they_come_from_changes(desk, draft):
    draft.stimuli = {"images": sorted(draft.bundle.name)}
    draft.save()
    save(desk, draft, "basics", title="Another title")
    draft.refresh_from_db()
    assert draft.stimuli
    save(desk, draft, "parameters", parameter__n_trials="3")
    draft.refresh_from_db()
    assert draft.stimuli is None


def test_a_wrong_parameter_is_refused_beside_its_field(desk, draft):
    response = save(desk, draft, "parameters", parameter__n_trials="many")
    assert response.context["adminform"].form.errors["parameter__n_trials"] == ["Enter a whole number."]


def test_conditions_are_added_and_named_after_their_levels(desk, draft):
    draft.conditions.filter(name="large").delete()
    new = {"conditions-TOTAL_FORMS": 2, "conditions-1-factor__size": "large", "conditions-1-open": "on"}
    response = save(desk, draft, "conditions", **new)
    assert response.status_code == 302, response.context["errors"]
    assert draft.conditions.get(name="large").factors == {"size": "large"}


def test_levels_are_fixed_once_somebody_was_assigned(desk, study, start):
    anna = start("anna")
    index = list(study.conditions.all()).index(anna.condition)
    other = {"small": "large", "large": "small"}[anna.condition.name]
    save(desk, study, "conditions", **{f"conditions-{index}-factor__size": other})
    anna.condition.refresh_from_db()
    assert anna.condition.factors == {"size": anna.condition.name}


def test_publish_pause_resume_close_each_ask_then_act_and_are_on_record(desk, draft):
    for name, status in [("publish", "open"), ("pause", "paused"), ("resume", "open"), ("close", "closed")]:
        before = draft.status
        address = reverse(f"admin:study_{name}", args=[draft.pk])
        assert address in desk.get(page_of(draft)).content.decode()
        assert desk.get(address).status_code == 200
        draft.refresh_from_db()
        assert draft.status == before
        desk.post(address)
        draft.refresh_from_db()
        assert draft.status == status
    history = desk.get(reverse("admin:studyapp_change_changelist")).content.decode()
    assert "Published version 1" in history
    assert "Closed." in history


def test_an_edited_study_can_be_published_again_as_a_new_version(desk, study):
    publish = reverse("admin:study_publish", args=[study.pk])
    assert publish not in desk.get(page_of(study)).content.decode()
    save(desk, study, "basics", title="A better title")
    assert publish in desk.get(page_of(study)).content.decode()
    desk.post(publish)
    study.refresh_from_db()
    assert study.current.number == 2


def test_an_unready_study_is_not_published(desk, draft):
    models.Study.objects.filter(pk=draft.pk).update(parameters={"n_trials": 0})
    response = desk.post(reverse("admin:study_publish", args=[draft.pk]), follow=True)
    assert "There is no trial." in response.content.decode()
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_live_numbers_count_people_alone(desk, study, start):
    walk(start("anna"))
    start("bela")
    sessions.start(study.pk, None, bot="oracle")
    sessions.start_preview(study.current, study.conditions.first())
    numbers = {row["label"]: row["value"] for row in desk.get(page_of(study)).context["numbers"]}
    assert (numbers["Completed"], numbers["Active now"], numbers["Bots"]) == (1, 1, 1)


def test_a_preview_starts_from_the_page_in_one_click(desk, draft):
    text = desk.get(page_of(draft)).content.decode()
    address = reverse("preview", args=["tiny", "small"])
    assert f'formaction="{address}"' in text
    assert desk.post(address)["Location"] == reverse("run", args=["tiny"])
    assert models.Participant.objects.get().preview


def test_a_participant_is_shown_step_by_step_and_cannot_be_edited(desk, start):
    anna = start("anna")
    walk(anna, upto=3)
    submit(anna, 7, timing={"rt_ms": 1234, "input_mode": "touch"})
    address = reverse("admin:studyapp_participant_change", args=[anna.pk])
    text = desk.get(address).content.decode()
    for shown in ("trial-0", "1.2 s", "touch", "✗ wrong", "/stimuli/", "started"):
        assert shown in text
    assert desk.post(address, {"status": "completed"}).status_code == 403


def test_participants_are_listed_with_their_progress(desk, start):
    anna, bela = start("anna"), walk(start("bela"))
    walk(anna, upto=4)
    text = desk.get(reverse("admin:studyapp_participant_changelist")).content.decode()
    assert "4 of 8" in text
    assert "8 of 8" in text
    people = desk.get(reverse("admin:studyapp_participant_changelist"), {"who": "bots"}).content.decode()
    assert bela.code not in people


def test_a_list_of_one_studys_runs_does_not_name_it_in_each_row(desk, study, start):
    start("anna")
    everywhere = desk.get(reverse("admin:studyapp_participant_changelist"))
    narrowed = desk.get(reverse("admin:studyapp_participant_changelist"), {"study__id__exact": study.pk})
    assert "study_slug" in everywhere.context["cl"].list_display
    assert "study_slug" not in narrowed.context["cl"].list_display
    assert narrowed.context["cl"].result_count == 1


def test_erasing_asks_first_and_leaves_a_tombstone(desk, start):
    anna = walk(start("anna"))
    chosen = {"action": "erase_selected", "_selected_action": [anna.pk]}
    asked = desk.post(reverse("admin:studyapp_participant_changelist"), chosen)
    assert asked["Location"].endswith(f"?codes={anna.code}")
    assert anna.code in desk.get(asked["Location"]).content.decode()
    assert anna.responses.exists()
    desk.post(asked["Location"])
    anna.refresh_from_db()
    assert (anna.status, anna.responses.count()) == ("erased", 0)
    assert not models.Identity.objects.exists()


@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
def test_the_export_button_gives_the_folder_as_a_zip(desk, study, start, streamed_here):
    walk(start("anna"))
    response = desk.get(reverse("admin:study_export", args=[study.pk]))
    names = zipfile.ZipFile(io.BytesIO(response.getvalue())).namelist()
    assert re.fullmatch(r'attachment; filename="tiny-\d{4}-\d\d-\d\d.zip"', response["Content-Disposition"])
    for ending in ("dataset_description.json", "README.md", "CHANGES.md", "data/study-tiny_table-wide_data.csv"):
        assert any(name.endswith(ending) for name in names)


def test_the_study_goes_out_as_one_file(desk, study):
    response = desk.get(reverse("admin:study_study-file", args=[study.pk]))
    assert "study.json" in zipfile.ZipFile(io.BytesIO(response.getvalue())).namelist()


def test_an_analyst_looks_but_changes_nothing_and_sees_no_ids(colleague, study, start):
    anna = walk(start("SECRET-ID"))
    bob = colleague(study, "analyst")
    seen = [
        bob.get(page_of(study)),
        bob.get(reverse("admin:studyapp_participant_change", args=[anna.pk])),
        bob.get(reverse("admin:studyapp_participant_changelist")),
    ]
    for response in seen:
        assert response.status_code == 200
        assert "SECRET-ID" not in response.content.decode()
    assert bob.post(section_of(study, "basics"), {"title": "Mine"}).status_code == 403
    refused = [
        bob.post(reverse("admin:study_pause", args=[study.pk])),
        bob.get(reverse("admin:study_bonus", args=[study.pk])),
        bob.post(reverse("admin:participant_erase") + f"?codes={anna.code}"),
        bob.get(reverse("admin:studyapp_identity_changelist")),
    ]
    assert [response.status_code for response in refused] == [403] * 4
    study.refresh_from_db()
    assert (study.status, anna.responses.count()) == ("open", 7)


def test_nobody_gets_in_unsigned(client, study):
    for name in ("publish", "export", "bonus"):
        assert client.get(reverse(f"admin:study_{name}", args=[study.pk])).status_code == 302


def test_every_page_obeys_the_content_security_policy(desk, study, start):
    anna = walk(start("anna"))
    addresses = [
        reverse("admin:index"),
        page_of(study),
        reverse("admin:studyapp_study_add"),
        reverse("admin:studyapp_participant_changelist"),
        reverse("admin:gallery", args=[study.bundle_id]),
        reverse("admin:studyapp_participant_change", args=[anna.pk]),
        reverse("admin:study_pause", args=[study.pk]),
    ]
    for address in addresses:
        text = desk.get(address).content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", text), address
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"", text), address


def test_from_each_page_of_a_study_all_others_are_one_click_away(desk, study, start):
    anna = walk(start("anna"))
    pages = [reverse(f"admin:{name}", args=[study.pk]) for name in ("study_stimuli", "study_bots", "study_dashboard")]
    pages += [page_of(study), *(reverse(f"admin:{name}", args=[study.pk]) for name in ("coding", "reports"))]
    pages += [reverse(f"admin:study_{name}", args=[study.pk]) for name in ("people", "comments")]
    lists = [reverse(f"admin:studyapp_{name}_changelist") for name in ("participant", "change")]
    pages += [f"{address}?study__id__exact={study.pk}" for address in lists]
    actions = [reverse(f"admin:study_{name}", args=[study.pk]) for name in ("publish", "pause", "close")]
    own = f"{reverse('two_factor')}?study__id__exact={study.pk}"
    asked = [f"{reverse('admin:participant_erase')}?codes={anna.code}", f"{pages[1]}?discard"]
    within = [*actions, own, *asked, reverse("admin:studyapp_participant_change", args=[anna.pk])]
    assert all(own in desk.get(address).content.decode() for address in (*pages, *within))
    for address in [*pages, *within]:
        text = desk.get(address).content.decode()
        assert [other for other in pages if f'href="{other}"' not in text] == [], address
    for address in pages:
        assert f'href="{address}" aria-current="page"' in desk.get(address).content.decode()


def test_the_desk_s_first_page_lists_studies_newest_first(desk, study, bundle):
    models.Study.objects.create(slug="later", title="A later study", kind="tiny", bundle=bundle)
    text = desk.get(reverse("admin:index")).content.decode()
    assert text.index("A later study") < text.index(study.title)
    assert desk.get(reverse("admin:studyapp_study_changelist"))["Location"] == reverse("admin:index")


def test_a_list_narrowed_to_something_that_is_no_study_belongs_to_none(desk, study):
    runs = reverse("admin:studyapp_participant_changelist")
    for asked in ("x", "999"):
        text = desk.get(f"{runs}?study__id__exact={asked}").content.decode()
        assert "The study's pages" not in text


def test_the_desk_speaks_english_whatever_the_browser_asks_for(desk, study):
    text = desk.get(page_of(study), headers={"accept-language": "de"}).content.decode()
    assert '<html lang="en"' in text
    assert "Log out" in text


def test_a_checklist_leads_to_where_each_of_its_points_is_seen_to(desk, draft):
    text = desk.get(page_of(draft)).content.decode()
    places = re.findall(r'<strong><a href="([^"#]+)(?:#([^"]+))?"', text)
    assert len(places) >= 4
    shown = [(desk.get(address).content.decode(), field) for address, field in places]
    assert [field for page, field in shown if field and f'id="{field}"' not in page] == []


def test_what_the_bundle_cannot_give_is_asked_for_under_parameters(desk, draft):
    models.Study.objects.filter(pk=draft.pk).update(parameters={"n_trials": 0})
    text = desk.get(page_of(draft)).content.decode()
    (place,) = re.findall(r'under <a href="([^"]+)">Parameters</a>', text)
    assert 'name="parameter__n_trials"' in desk.get(place).content.decode()
    assert "chosen under “Set up”" in desk.get(reverse("admin:study_stimuli", args=[draft.pk])).content.decode()


def upload(path, **fields):
    return {"file": SimpleUploadedFile(path.name, path.read_bytes()), **fields}


def test_a_study_comes_in_as_the_file_that_went_out(desk, draft, tmp_path):
    draft.refresh_from_db()
    before = study_files.record(draft)
    study_files.dump_study(draft, tmp_path / "tiny.zip")
    draft.delete()
    response = desk.post(reverse("admin:load_study"), upload(tmp_path / "tiny.zip"))
    loaded = models.Study.objects.get()
    assert response["Location"] == page_of(loaded)
    assert study_files.record(loaded) == before


def test_a_wrong_file_is_refused_with_its_reason(desk, draft, tmp_path):
    (tmp_path / "wrong.json").write_text("{")
    study_files.dump_study(draft, tmp_path / "again.json")
    for name, address, reason in [
        ("wrong.json", "load_study", "wrong.json: expected JSON"),
        ("again.json", "load_study", "again.json: slug: a study"),
        ("again.json", "load_bundle", "again.json: expected a zip"),
    ]:
        response = desk.post(reverse(f"admin:{address}"), upload(tmp_path / name))
        assert response.context["form"].errors["file"][0].startswith(reason)


def test_a_bundle_comes_in_as_a_zip_of_its_folder(desk, tmp_path):
    write_bundle(tmp_path / "source" / "gulls")
    shutil.make_archive(str(tmp_path / "gulls"), "zip", tmp_path / "source")
    response = desk.post(reverse("admin:load_bundle"), upload(tmp_path / "gulls.zip"))
    bundle = models.Bundle.objects.get()
    assert (bundle.name, bundle.n_images) == ("gulls", 64)
    assert response["Location"] == reverse("admin:gallery", args=[bundle.pk])


def test_a_bundle_comes_in_as_a_folder_on_the_server_inside_the_inbox_alone(desk, tmp_path, settings):
    settings.BUNDLES_INBOX = tmp_path / "inbox"
    write_bundle(tmp_path / "inbox" / "gulls")
    write_bundle(tmp_path / "outside")
    load = reverse("admin:load_bundle")
    for folder, reason in [("../outside", "Expected a folder inside"), ("nothing", "There is no folder")]:
        assert desk.post(load, {"folder": folder}).context["form"].errors["folder"][0].startswith(reason)
    assert "one of the two" in desk.post(load, {"name": ""}).content.decode()
    (tmp_path / "inbox" / "empty").mkdir()
    assert "manifest.json: missing" in desk.post(load, {"folder": "empty"}).content.decode()
    response = desk.post(load, {"folder": "gulls"})
    assert response["Location"] == reverse("admin:gallery", args=[models.Bundle.objects.get(name="gulls").pk])


def test_only_who_may_add_loads_files(colleague):
    bob = colleague()
    for name in ("load_study", "load_bundle"):
        assert bob.get(reverse(f"admin:{name}")).status_code == 403


def test_conditions_whose_method_the_bundle_lacks_are_left_out_and_named(desk, tmp_path):
    bundle = stimuli.load_bundle(write_bundle(tmp_path / "source", methods=("lrp",)), "lrp-only")
    new = {"title": "A", "slug": "a", "kind": "forward_simulation:heatmaps", "bundle": bundle.pk}
    added = desk.post(reverse("admin:studyapp_study_add"), new, follow=True)
    assert "Left out, for the bundle has no maps for them: multiscale_occlusion." in added.content.decode()
    assert list(models.Condition.objects.values_list("name", flat=True)) == ["none", "lrp"]
    whole = {"title": "B", "slug": "b", "kind": "label_matching:asked", "bundle": bundle.pk}
    assert "Left out" not in desk.post(reverse("admin:studyapp_study_add"), whole, follow=True).content.decode()
    assert models.Condition.objects.filter(study__slug="b").count() == 3


def test_a_study_starts_from_any_variant_of_any_kind_with_its_conditions_and_parameters(desk):
    for study_kind in kinds().values():
        for variant in study_kind.starts:
            slug = f"{study_kind.name}-{variant.name}".replace("_", "-")
            new = {"title": slug, "slug": slug, "kind": f"{study_kind.name}:{variant.name}"}
            response = desk.post(reverse("admin:studyapp_study_add"), new)
            assert response.status_code == 302, response.context["errors"]
            study = models.Study.objects.get(slug=slug)
            assert (study.kind, study.parameters, study.texts) == (study_kind.name, variant.parameters, variant.texts)
            names = [cell["name"] for cell in variant.conditions] or [
                "-".join(levels) for levels in product(*(factor.levels for factor in study_kind.factors))
            ]
            assert [cell.name for cell in study.conditions.all()] == names
            assert desk.get(page_of(study)).status_code == 200
