"""Whatever is typed into the desk, and whoever else is at work there: stored, or refused in words; never a fault."""

import hashlib
import io
import json
import tempfile
import zipfile
from pathlib import Path

import pytest
from django import forms
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from studyapp import models, publishing
from studyapp.core.bundles.bundle import BundleError
from studyapp.core.engine.kinds import kinds
from studyapp.core.storable import storable
from studyapp.data import study_files
from studyapp.desk import uploads
from studyapp.desk.study.rows_field import RowsField
from studyapp.run import sessions
from studyapp.simulation import by_functions, simulate
from tests.bundles import picture, write_bundle
from tests.studyapp.made.every_kind import make_draft
from tests.studyapp.researcher import filled, page_of, save, section_of, signed_in, submitted

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HOSTILE = {
    "script": "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>",
    "placeholders": "{reward_base.__class__} {0} {} {{ x }} {% load y %} {unclosed %s %(a)s",
    "formula": "=cmd|' /C calc'!A0",
    "nul": "a\0b",
    "lone half of a pair": "a\ud800b",
    "right to left, combining, emoji": "\u202eabc\u202c a\u0301\u0327 👩🏽‍🔬 \u2028\u2029\x0b",
    "long": "word " * 2_000,
    "markdown": "[x](javascript:alert(1)) ![y](https://elsewhere.example/p.png)\n\n<iframe src=//elsewhere.example>",
}


FORMS = ("basics", "parameters", "particulars", "texts", "payment", "recruitment", "keeping")


@pytest.fixture
def desk():
    return signed_in(User.objects.create_superuser("ada"))


def typed(form, words: str) -> dict:
    """Return a value for each field of a form into which text can be typed."""
    found = {}
    for bound in form:
        if isinstance(bound.field, RowsField):
            found |= {column: [words, words] for column in bound.field.widget.names(bound.html_name)}
        elif isinstance(bound.field.widget, forms.TextInput | forms.Textarea) and bound.html_name != "analysis_plan":
            found[bound.html_name] = words
    return found


def type_everywhere(desk, study, section: str, words: str) -> int:
    """Type words into every field of a section; what is refused is told and left out. Return how many fields it has."""
    page = section_of(study, section)
    opened = desk.get(page)
    fields = typed(opened.context["adminform"].form, words)
    response = desk.post(page, submitted(opened, **fields))
    if response.status_code == 200:
        refused = response.context["adminform"].form.errors
        assert all(refused.values())
        kept = {name: value for name, value in fields.items() if not {name, name.rpartition("__")[0]} & {*refused}}
        response = desk.post(page, submitted(opened, **kept))
    assert response.status_code == 302, response.context["errors"]
    return len(fields)


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", kinds())
def test_hostile_text_in_every_field_is_refused_in_words_or_stored_and_shown_as_text(desk, name, words):
    study = make_draft(name)
    sent = words.encode("utf-8", "replace").decode("utf-8")
    n_typed = sum(type_everywhere(desk, study, section, sent) for section in FORMS)
    assert n_typed > 10
    for page in (page_of(study), *(section_of(study, section) for section in FORMS)):
        text = desk.get(page).content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    study.refresh_from_db()
    assert storable([study.parameters, study.texts]) == [study.parameters, study.texts]
    if not publishing.problems(study):
        publishing.publish(study)
        (run,) = simulate(study, 1, by_functions.walk)
        for position in range(len(sessions.get(run.pk).plan.steps)):
            shown = desk.get(reverse("admin:replay_page", args=[run.pk, position])).content.decode()
            assert "<script>alert" not in shown
            assert "onerror=" not in shown.replace("onerror=alert(1)&gt;", "")
            assert "javascript:" not in shown.split("</head>")[1].replace("(javascript:", "")


def test_a_text_with_hostile_placeholders_previews_as_it_reads(desk, draft):
    shown = json.loads(desk.post(reverse("admin:study_wording", args=[draft.pk]), {"text": HOSTILE["script"]}).content)
    assert "<script" not in shown["html"]
    assert "onerror" not in shown["html"]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)//{code}", "data:text/html,{code}", "//elsewhere.example", "x"]
)
def test_people_are_sent_back_to_a_web_address_or_nowhere(desk, draft, address):
    response = save(desk, draft, "recruitment", return_url=address)
    assert response.context["adminform"].form.errors["return_url"] == [
        "Expected an address that begins with https:// or http://."
    ]
    record = json.dumps(study_files.record(draft) | {"slug": "new", "recruitment": {"return_url": address}})
    assert "recruitment.return_url: Expected an address" in refusal(upload(desk, "study", "s.json", record.encode()))


# Two people, or two tabs


def test_what_somebody_else_saved_meanwhile_is_not_put_back_unasked(desk, draft):
    bob = User.objects.create_user("bob", is_staff=True)
    models.Member.objects.create(study=draft, user=bob, role="editor")
    mine, theirs = filled(desk, draft, "basics"), filled(signed_in(bob), draft, "basics")
    page = section_of(draft, "basics")
    signed_in(bob).post(page, theirs | {"title": "Bob's title"})
    response = desk.post(page, mine | {"slug": "mine"})
    (said,) = response.context["adminform"].form.non_field_errors()
    assert said.startswith("Since this page was opened, bob changed: Title. To keep that, copy what you have typed")
    draft.refresh_from_db()
    assert (draft.title, draft.slug) == ("Bob's title", "tiny")
    assert desk.post(page, mine | {"slug": "mine", "seen": response.context["seen"]}).status_code == 302
    draft.refresh_from_db()
    assert (draft.title, draft.slug) == (mine["title"], "mine")


@pytest.mark.parametrize("first", FORMS[1:4])
def test_people_who_save_different_sections_lose_nothing_of_each_other_s(desk, first):
    study = make_draft("forward_simulation")
    bob = signed_in(User.objects.create_superuser("bob"))
    changes = {
        "parameters": {"parameter__minutes": "7"},
        "particulars": {"parameter__contact": "ada@heatwise.example"},
        "texts": {"text__entry": "Hello"},
        "conditions": {"conditions-0-quota": "3"},
        "payment": {"reward_base": "2"},
    }
    opened = {name: filled(desk, study, name) for name in changes}
    save(bob, study, first, **changes[first])
    for name in changes.keys() - {first}:
        assert desk.post(section_of(study, name), opened[name] | changes[name]).status_code == 302, name
    study.refresh_from_db()
    assert study.parameters == {"minutes": 7, "contact": "ada@heatwise.example"}
    assert (study.texts, study.conditions.first().quota, study.reward_base) == ({"entry": "Hello"}, 3, 2)


def test_what_is_wrong_in_another_section_is_in_nobodys_way(desk, draft):
    models.Study.objects.update(return_url="javascript:x", notify="nobody", texts={"entry": "{minuts}", "gone": "x"})
    for name in ("basics", "parameters", "payment", "keeping"):
        response = save(desk, draft, name)
        wrong = {} if response.status_code == 302 else response.context["adminform"].form.errors
        assert list(wrong) == (["notify"] if name == "keeping" else []), name
    draft.refresh_from_db()
    assert draft.texts == {"entry": "{minuts}", "gone": "x"}


def test_ones_own_saving_and_deeds_that_edit_nothing_are_in_nobodys_way(desk, draft):
    page, mine = section_of(draft, "basics"), filled(desk, draft, "basics")
    publishing.publish(draft)
    desk.post(reverse("admin:study_pause", args=[draft.pk]))
    assert desk.post(page, mine | {"title": "Once"}).status_code == 302
    assert save(desk, draft, "basics", title="Twice").status_code == 302
    draft.refresh_from_db()
    assert draft.title == "Twice"
    assert desk.post(page, mine | {"seen": "x"}).status_code == 302


def test_hundreds_of_personal_links_are_edited_page_by_page_and_each_page_alone(desk, draft):
    models.Invitation.objects.bulk_create(models.Invitation(study=draft, note=str(n)) for n in range(300))
    last = section_of(draft, "links") + "?p=6"
    sent = filled(desk, draft, "links")
    assert sent["invitations-TOTAL_FORMS"] == 50
    page = desk.get(last)
    shown = [form.instance.note for form in page.context["inline_admin_formsets"][0].formset.initial_forms]
    assert shown == [str(n) for n in range(49, -1, -1)]
    models.Invitation.objects.create(study=draft, note="made meanwhile")
    own = {name: value for name, value in sent.items() if not name.startswith("invitations-0-")}
    first = {"invitations-0-id": sent["invitations-0-id"], "invitations-0-note": "Anna", "invitations-0-group": ""}
    assert desk.post(section_of(draft, "links"), own | first).status_code == 302
    assert models.Invitation.objects.get(pk=sent["invitations-0-id"]).note == "Anna"
    assert draft.invitations.count() == 301


# Files


def upload(desk, what: str, name: str, content: bytes):
    file = SimpleUploadedFile(name, content)
    return desk.post(reverse(f"admin:load_{what}"), {"file": file, "name": ""})


def refusal(response) -> str:
    assert response.status_code == 200
    return " ".join(response.context["form"].errors["file"])


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def damaged(packed: bytes) -> bytes:
    """Return a zip whose packed data are not what its directory says."""
    start = packed.index(b"study.json") + len(b"study.json")
    return packed[:start] + bytes(20) + packed[start + 20 :]


def locked(packed: bytes) -> bytes:
    """Return a zip that says of its files that they are encrypted."""
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = packed.index(signature) + flags
        packed = packed[:place] + bytes([packed[place] | 1]) + packed[place + 1 :]
    return packed


A_STUDY = zipped({"study.json": json.dumps({"format": "heatwise-study", "texts": {"entry": "word " * 500}}).encode()})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("photo.json", b"\xff\xd8\xff\xe0 a photograph", "photo.json: expected JSON"),
        ("empty.json", b"", "empty.json: expected JSON"),
        ("deep.json", b"[" * 100_000, "deep.json: expected JSON"),
        ("digits.json", b"9" * 5000, "digits.json: expected JSON"),
        ("nul.json", rb'{"format": "heatwise-study", "title": "a\u0000"}', "holds what no database stores"),
        ("half.json", rb'{"format": "heatwise-study", "title": "a\ud800"}', "holds what no database stores"),
        ("nan.json", rb'{"format": "heatwise-study", "seed": NaN}', "holds what no database stores"),
        ("damaged.zip", damaged(A_STUDY), "damaged.zip: expected a zip that can be unpacked"),
        ("locked.zip", locked(A_STUDY), "locked.zip: expected a zip that can be unpacked"),
        ("cut.zip", A_STUDY[:100], "cut.zip: expected JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_study_is_refused_in_words(desk, name, content, said):
    if name == "empty.json":
        said = "The submitted file is empty."
    assert said in refusal(upload(desk, "study", name, content))
    assert not models.Study.objects.exists()


def test_a_zip_that_would_fill_the_disk_or_holds_endless_folders_is_refused_before_it_is_unpacked(desk, monkeypatch):
    deep = zipped({"a/" * 900 + "manifest.json": b"{}"})
    assert "more than 20 deep" in refusal(upload(desk, "bundle", "deep.zip", deep))
    monkeypatch.setattr(study_files.zips, "MAX_FILES", 3)
    many = zipped({f"{number}": b"" for number in range(4)})
    assert "more than 3 files in it" in refusal(upload(desk, "bundle", "many.zip", many))
    bomb = zipped({"zeros": bytes(5 * 2**20)})
    assert len(bomb) < 10_000
    monkeypatch.setattr(study_files.zips, "MAX_BYTES", 4 * 2**20)
    assert "GiB in it" in refusal(upload(desk, "bundle", "bomb.zip", bomb))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("{}/tmpab_1/birds.zip: no zip", "birds.zip: no zip"),
        ("found 1 in {}/tmpab_1", "found 1 in the file"),
        ("{}/tmpab_1/x/images.csv: in {}/tmpcd2/y", "x/images.csv: in y"),
    ],
)
def test_a_scratch_folder_is_in_no_words(said, shown):
    scratch = tempfile.gettempdir()
    refused = uploads.UploadForm({"name": ""}, {})
    refused.is_valid()

    def load(path, name):
        raise BundleError(said.replace("{}", scratch))

    assert uploads._loaded(refused, "name", load, Path("x"), "") == (None, [])
    assert refused.errors["name"] == [shown]


@pytest.mark.parametrize("name", ["../../climbed", "/climbed", "a/../../climbed", "..\\climbed", "C:/climbed"])
def test_a_zip_whose_files_lead_out_of_its_folder_is_refused(desk, name):
    assert "leads out of it" in refusal(upload(desk, "bundle", "climbing.zip", zipped({name: b"x"})))


def test_a_zip_with_a_link_is_refused(desk, tmp_path):
    folder = write_bundle(tmp_path / "source")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        link = zipfile.ZipInfo("manifest.json")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(folder / "manifest.json"))
    assert "is a link" in refusal(upload(desk, "bundle", "link.zip", packed.getvalue()))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": ["tiny"]}, "kind: unknown study kind"),
        ({"conditions": [{"name": "a", "factors": {"heatmap": ["lrp"], "scores": "shown"}}]}, "expected a text"),
        ({"bundle": {"path": "../../../../etc", "sha256": "0"}}, "bundle.path: leads out of the uploaded file"),
        ({"bundle": {"path": {"a": "/etc"}, "sha256": "0"}}, "bundle.path: leads out of the uploaded file"),
        ({"stimuli": {"classes": 5}}, "stimuli: expected what this kind of study draws"),
        ({"stimuli": {"nonsense": {}}}, "stimuli: expected what this kind of study draws"),
    ],
)
def test_a_study_file_that_would_break_a_page_or_read_the_server_is_refused(desk, change, said):
    study = make_draft("forward_simulation")
    record = json.loads(json.dumps(study_files.record(study))) | change
    models.Study.objects.all().delete()
    assert said in refusal(upload(desk, "study", "wrong.json", json.dumps(record).encode()))
    assert not models.Study.objects.exists()


def with_manifest(folder: Path, **changes) -> dict[str, bytes]:
    """Return a bundle's files with its manifest changed, and hashes that fit whatever was changed before."""
    manifest = json.loads((folder / "manifest.json").read_text())
    files = {name: (folder / name).read_bytes() for name in manifest["files"]}
    manifest["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return files | {"manifest.json": json.dumps(manifest | changes).encode()}


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("images.csv", ",8,8", ",wide,8", "row 2, column 'width': expected a whole number, found 'wide'"),
        ("images.csv", "images/", "../../../secret_", "row 2, column 'file': expected a file that the manifest lists"),
        ("nodes.csv", "maps/", "/etc/", "row 2, column 'map_file': expected a file that the manifest lists"),
        ("nodes.csv", ",lrp,0,", ",lrp,99,", "row 2, column 'target': expected a class of the manifest's 2"),
        ("predictions.csv", "\r\n", "\r\nstranger", "row 2, column 'image_id': expected an image of images.csv"),
    ],
)
def test_a_bundle_whose_tables_lie_is_refused_in_words(desk, tmp_path, table, old, new, said):
    folder = write_bundle(tmp_path / "source")
    text = (folder / table).read_bytes().decode()
    old = old if old in text else old.replace("\r\n", "\n")
    assert old in text
    head, _, rest = text.partition(old)
    (folder / table).write_bytes((head + new + rest).encode())
    response = upload(desk, "bundle", "lying.zip", zipped(with_manifest(folder)))
    assert said in refusal(response)
    assert not models.Bundle.objects.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<script src=/stimuli/aa/code.js></script>"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("code.js", b"alert(1)"),
        ("page.webp", b"<!doctype html><script>alert(1)</script>"),
        ("pixel.html", picture()),
        ("pixel", picture()),
        ("empty.png", b""),
    ],
)
def test_what_is_shown_is_a_picture_by_its_name_and_by_its_content(desk, tmp_path, name, content):
    folder = write_bundle(tmp_path / "source")
    _, first, *_ = (folder / "images.csv").read_text().split("\n")[1].split(",")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"files": manifest["files"] | {f"images/{name}": ""}}))
    (folder / "images" / name).write_bytes(content)
    table = (folder / "images.csv").read_bytes().replace(first.encode(), f"images/{name}".encode())
    (folder / "images.csv").write_bytes(table)
    response = upload(desk, "bundle", "odd.zip", zipped(with_manifest(folder)))
    assert f"images/{name}: expected " in refusal(response)
    assert not models.Bundle.objects.exists()


@pytest.mark.parametrize("changes", [{"files": []}, {"model": []}, {"methods": {}}, {"methods": [5]}, {"model": {}}])
def test_a_bundle_whose_manifest_is_shaped_otherwise_is_refused_in_words(desk, tmp_path, changes):
    folder = write_bundle(tmp_path / "source")
    assert refusal(upload(desk, "bundle", "odd.zip", zipped(with_manifest(folder, **changes))))
    assert refusal(upload(desk, "bundle", "list.zip", zipped({"manifest.json": b"[1, 2]"})))
    assert not models.Bundle.objects.exists()


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "stimuli/../../static/evil", "a.b", "n" * 81])
def test_a_bundles_name_in_a_study_file_leads_nowhere_else_on_the_server(desk, tmp_path, settings, name):
    record = study_files.record(make_draft("forward_simulation")) | {"bundle": {"name": name}}
    models.Study.objects.all().delete()
    models.Bundle.objects.all().delete()
    settings.BUNDLES_ROOT = tmp_path / "data" / "app" / "bundles"
    folder = write_bundle(tmp_path / "source")
    files = {f"bundle/{file}": content for file, content in with_manifest(folder).items()}
    response = upload(desk, "study", "evil.zip", zipped(files | {"study.json": json.dumps(record).encode()}))
    assert "a bundle's name: expected letters, digits, - and _" in refusal(response)
    assert not models.Bundle.objects.exists()
    assert not list((tmp_path / "data").rglob("*evil*"))
