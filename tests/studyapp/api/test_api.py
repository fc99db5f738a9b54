"""The API: keys and roles, pages and whole tables, the export, a document that says it all; and never a 5xx."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from rest_framework.throttling import UserRateThrottle

from studyapp import models
from studyapp.data import exporting
from studyapp.data.rows import TABLES
from studyapp.models.tokens import digest_of
from tests.studyapp.conftest import walk

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]),
    pytest.mark.database,
    pytest.mark.usefixtures("streamed_here"),
]


@pytest.fixture(autouse=True)
def unthrottled():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def key(study):
    """An analyst's key."""
    return key_of("anna", study)


def key_of(name, study, role="analyst") -> str:
    user = User.objects.create_user(name, is_staff=True)
    if study:
        models.Member.objects.create(user=user, study=study, role=role)
    return models.Token.make(user, "notebook")[1]


def get(key, path, **query):
    address = path if path.startswith("http") else f"/api/{path}"
    return Client().get(address, query, headers={"Authorization": f"Token {key}"} if key else {})


def names(response) -> list[str]:
    return [row["slug"] for row in response.json()["results"]]


# Who gets what


def test_a_key_is_shown_once_and_stored_as_a_digest(study):
    user = User.objects.create_user("anna", is_staff=True)
    models.Member.objects.create(user=user, study=study, role="analyst")
    desk = Client()
    desk.force_login(user)
    shown = desk.post(reverse("admin:studyapp_token_add"), {"name": "my notebook"}, follow=True).content.decode()
    key = shown.split("<code>")[1].split("</code>")[0]
    token = models.Token.objects.get()
    assert (token.digest, token.name) == (digest_of(key), "my notebook")
    assert key not in desk.get(reverse("admin:studyapp_token_changelist")).content.decode()
    assert names(get(key, "studies/")) == ["tiny"]


def test_a_deleted_key_and_one_of_a_user_who_left_open_nothing(study, key):
    assert get(key, "studies/").status_code == 200
    User.objects.update(is_active=False)
    assert get(key, "studies/").status_code == 401
    User.objects.update(is_active=True)
    models.Token.objects.all().delete()
    assert get(key, "studies/").status_code == 401


def test_everybody_sees_and_deletes_their_own_keys_alone(study, key):
    ben = User.objects.create_user("ben", is_staff=True)
    models.Member.objects.create(user=ben, study=study, role="analyst")
    desk = Client()
    desk.force_login(ben)
    token = models.Token.objects.get()
    assert token.start not in desk.get(reverse("admin:studyapp_token_changelist")).content.decode()
    desk.post(reverse("admin:studyapp_token_delete", args=[token.pk]), {"post": "yes"})
    assert models.Token.objects.exists()


@pytest.mark.parametrize(
    "path", ["studies/", "studies/tiny/", "studies/tiny/trials/", "studies/tiny/export/", "schema/"]
)
def test_nobody_gets_anything_without_a_key(study, path):
    assert get("", path).status_code == 401
    assert get("wrong", path).status_code == 401


def test_whoever_is_no_staff_gets_nothing(study):
    user = User.objects.create_user("eve")
    assert get(models.Token.make(user, "x")[1], "studies/").status_code == 403


def test_a_study_without_a_role_in_it_is_not_there(study):
    stranger = key_of("ben", None)
    assert names(get(stranger, "studies/")) == []
    for path in ("studies/tiny/", "studies/tiny/trials/", "studies/tiny/trials/columns/", "studies/tiny/export/"):
        assert get(stranger, path).status_code == 404


@pytest.mark.parametrize(("role", "status"), [("analyst", 403), ("editor", 403), ("owner", 200)])
def test_recruitment_ids_are_for_owners_alone(study, start, role, status):
    walk(start("PROLIFIC-7"))
    key = key_of("ben", study, role)
    assert "PROLIFIC-7" not in get(key, "studies/tiny/participants/").content.decode()
    for path in ("studies/tiny/participants/", "studies/tiny/export/"):
        response = get(key, path, ids="true")
        assert response.status_code == status
        response.close()
    if status == 200:
        assert get(key, "studies/tiny/participants/", ids="true").json()["results"][0]["recruitment_id"] == "PROLIFIC-7"
        assert models.Change.objects.filter(action="Exported by API, with recruitment ids.").exists()


# The data


@pytest.fixture
def exported(study, start, tmp_path):
    """Three runs, and their export."""
    for name in ("anna", "bela"):
        walk(start(name))
    walk(start("cora"), upto=5)
    exporting.export(study, tmp_path / "export")
    return tmp_path / "export" / "data"


@pytest.mark.parametrize("table", TABLES)
def test_a_table_as_csv_is_the_exports(study, key, exported, table):
    response = get(key, f"studies/tiny/{table}/", format="csv")
    assert response["Content-Type"].startswith("text/csv")
    assert response.getvalue() == (exported / f"study-tiny_table-{table}_data.csv").read_bytes()


@pytest.mark.parametrize("table", TABLES)
def test_pages_of_whole_runs_hold_every_row_once(study, key, exported, table):
    found, address = [], f"studies/tiny/{table}/?runs=1"
    for _ in range(10):
        page = get(key, address).json()
        assert len({row["participant"] for row in page["results"]}) <= 1
        found += page["results"]
        if page["next"] is None:
            break
        address = page["next"].split("/api/")[1]
    with (exported / f"study-tiny_table-{table}_data.csv").open(newline="", encoding="utf-8") as file:
        wanted = list(csv.DictReader(file))
    assert len(found) == len(wanted)
    for row, cells in zip(found, wanted, strict=True):
        assert list(row) == list(cells)
        assert row["participant"] == cells["participant"]


def test_values_come_with_their_types(study, key, exported):
    row = get(key, "studies/tiny/trials/").json()["results"][0]
    assert (row["correct"], row["number"], row["trial_index"]) == (True, 0, 0)
    assert row["submitted_at"].endswith("Z")


def test_columns_say_what_they_mean(study, key):
    columns = {column["name"]: column for column in get(key, "studies/tiny/trials/columns/").json()}
    assert columns["rt_ms"]["unit"] == "ms"
    assert columns["correct"]["type"] == "boolean"


def test_the_export_is_the_whole_folder(study, key, exported):
    archive = zipfile.ZipFile(io.BytesIO(get(key, "studies/tiny/export/").getvalue()))
    listed = {name.split("/", 1)[1] for name in archive.namelist() if not name.endswith("/")}
    assert {"dataset_description.json", "data/study-tiny_table-wide_data.csv"} <= listed


def test_a_study_tells_where_its_tables_are(study, key):
    found = get(key, "studies/tiny/").json()
    assert found["study_version"] == study.current.label
    assert get(key, found["tables"]["trials"]).status_code == 200
    assert get(key, "studies/tiny/nothing/").status_code == 404


@pytest.mark.parametrize("cursor", ["x", "cD1hYmM="])
def test_a_wrong_cursor_is_told(study, key, cursor):
    response = get(key, "studies/tiny/trials/", cursor=cursor)
    assert (response.status_code, response.json()) == (404, {"detail": "Invalid cursor"})


@pytest.mark.parametrize(("cursor", "rows"), [("cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5", 0), ("\x00", 5)])
def test_a_cursor_past_the_end_is_an_empty_page_and_one_that_says_nothing_the_first(start, key, cursor, rows):
    walk(start("anna"))
    response = get(key, "studies/tiny/trials/", cursor=cursor)
    assert (response.status_code, len(response.json()["results"])) == (200, rows)


def test_too_many_requests_are_asked_to_wait(study, key, monkeypatch):
    monkeypatch.setattr(UserRateThrottle, "rate", "2/min", raising=False)
    answers = [get(key, "studies/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0


# The document, and what it promises


def test_the_document_names_every_address_and_its_failures(study, key):
    document = get(key, "schema/", format="json").json()
    assert sorted(document["paths"]) == [
        "/api/studies/",
        "/api/studies/{slug}/",
        "/api/studies/{slug}/export/",
        "/api/studies/{slug}/prepared/",
        "/api/studies/{slug}/prepared/{job}/",
        "/api/studies/{slug}/prepared/{job}/file/",
        "/api/studies/{slug}/workbook/",
        "/api/studies/{slug}/{table}/",
        "/api/studies/{slug}/{table}/columns/",
    ]
    for path in document["paths"].values():
        assert {"200", "401", "403", "429"} <= set(path["get"]["responses"])
    assert document["components"]["securitySchemes"]["token"]["name"] == "Authorization"


def test_the_document_comes_about_without_a_warning(capsys):
    from django.core.management import call_command

    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


def test_three_lines_bring_a_table_into_pandas(study, key, exported, live_server):
    pandas = pytest.importorskip("pandas")
    text = Path("docs/api.md").read_text(encoding="utf-8")
    lines = text.split("```python")[1].split("```")[0].strip().splitlines()
    assert len(lines) == 3
    code = "\n".join(lines).replace("https://heatwise.example.org", live_server.url).replace("YOUR-KEY", key)
    found = {}
    exec(code.replace("/scenes/", "/tiny/"), found)
    trials = found["trials"]
    assert isinstance(trials, pandas.DataFrame)
    assert len(trials) == 12
    assert trials["correct"].all()


def test_codes_come_as_the_export_has_them(tmp_path):
    from studyapp import publishing
    from studyapp.coding import passages, readings
    from studyapp.simulation import by_functions, simulate
    from tests.studyapp.made.every_kind import make_draft

    study = make_draft("forward_simulation", slug="scenes")
    publishing.publish(study)
    list(simulate(study, 2, by_functions.walk))
    passages.gather(study)
    ears = models.Code.objects.create(study=study, name="=ears")
    key = key_of("anna", study)
    anna = User.objects.get()
    for passage in passages.passages(study, "sensitive_to")[:4]:
        readings.save(study, passage.pk, anna, [ears.pk], done=True)
        readings.resolve(study, passage.pk, anna, [])
    exporting.export(study, tmp_path / "export")
    wanted = (tmp_path / "export" / "data" / "study-scenes_table-codes_data.csv").read_bytes()
    assert get(key, "studies/scenes/codes/", format="csv").getvalue() == wanted
    page = get(key, "studies/scenes/codes/").json()["results"]
    assert sorted((row["code"], row["stage"]) for row in page if row["code"]) == [("=ears", "independent")] * 4
    assert sum(row["stage"] == "resolved" for row in page) == 4
