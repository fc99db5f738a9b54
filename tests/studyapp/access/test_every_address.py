"""Every address of the app, found in its own list: who is let in there, to look and to send."""

import re

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from studyapp import models, publishing
from studyapp.bundles import masks, stimuli
from studyapp.coding import passages
from studyapp.data import reporting
from studyapp.jobs.files import folder_of
from studyapp.run import sessions
from studyapp.simulation import by_functions, simulate
from tests.studyapp.made.asked import TRUST
from tests.studyapp.made.every_kind import make_draft

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]),
    pytest.mark.database,
    pytest.mark.usefixtures("streamed_here"),
]
# Addresses for everybody: a participant's own are told apart by the cookie. Home leads to signing in.
OPEN = re.compile(
    r"s/<slug:slug>/(next/|unsuitable/|run/((state|events|draft|guide|leave|back)/)?)?|sizes/.*|stimuli/.*|health/|admin/login/|"
)
# Where anybody of the staff is let in, with a role in a study or without one, and what stands there names no study.
STAFF = re.compile(r"api/(schema|studies)/|admin/((two-factor|password_change(/done)?|jsi18n|studyapp/bundle)/)?")
LEFT_OUT = re.compile(
    r".*<path:object_id>/|admin/logout/|admin/studyapp/study/|admin/r/.*|.*\$"
)  # lead elsewhere, or to nothing
ROLES = ("outsider", "staff", "analyst", "editor", "owner", "superuser")
# The lowest role that may look, and send, where it isn't the analyst for both; None for nobody below superusers.
STUDY, BUNDLE, RUN = "admin/studyapp/study/<int:pk>/", "admin/studyapp/bundle/<int:pk>/", "admin/studyapp/participant/"
EDITORS = {"publish/", "pause/", "resume/", "close/", "bonus/", "links/"}
HIGHER = {
    **{STUDY + end: ("editor", "editor") for end in EDITORS},
    **{STUDY + end: ("analyst", "editor") for end in ("bots/", "display/", "fit/", "questionnaires/", "stimuli/")},
    STUDY + "questionnaires/<int:place>/": ("analyst", "editor"),
    STUDY + "variants/text/<str:text_key>/": ("analyst", "editor"),
    STUDY + "variants/questionnaire/<str:questionnaire>/": ("analyst", "editor"),
    STUDY + "marks/<str:parameter>/": ("analyst", "editor"),
    **{STUDY + f"languages/{end}": ("analyst", "editor") for end in ("", "<slug:code>/", "<slug:code>/upload/")},
    STUDY + "people/": ("analyst", "owner"),
    "admin/studyapp/study/<path:object_id>/change/": ("analyst", None),
    STUDY + "change/<slug:section>/": ("analyst", "editor"),
    "admin/studyapp/study/<path:object_id>/history/": ("editor", "editor"),
    "admin/studyapp/study/<path:object_id>/delete/": ("owner", "owner"),
    **{f"admin/studyapp/study/{end}/": (None, None) for end in ("add", "load")},
    **{f"{BUNDLE}masks/{end}": ("editor", "editor") for end in ("", "download/", "<str:image_id>/")},
    f"{BUNDLE}masks/<str:image_id>/png/": ("editor", "editor"),
    f"{BUNDLE}pairs/record/": (None, None),
    f"{BUNDLE}pairs/drawn/<slug:slug>/": (None, None),  # this kind of study has none
    "admin/studyapp/bundle/": ("staff", "staff"),
    "admin/studyapp/bundle/<path:object_id>/change/": ("analyst", None),
    **{f"admin/studyapp/bundle/{end}/": (None, None) for end in ("add", "load", "<path:object_id>/delete")},
    RUN + "<path:object_id>/change/": ("analyst", None),
    RUN + "<path:object_id>/delete/": (None, None),
    RUN + "add/": (None, None),
    RUN + "erase/": ("owner", "owner"),
    **{f"admin/studyapp/change/{end}": ("editor", "editor") for end in ("", "<path:object_id>/history/")},
    "admin/studyapp/change/<path:object_id>/change/": ("editor", None),
    **{f"admin/studyapp/change/{end}/": (None, None) for end in ("add", "<path:object_id>/delete")},
}


def addresses(resolver=None, before: str = "") -> list[str]:
    """Return the pattern of every address that the app answers at."""
    found = []
    for pattern in (resolver or get_resolver()).url_patterns:
        whole = before + str(pattern.pattern)
        found += addresses(pattern, whole) if hasattr(pattern, "url_patterns") else [whole]
    return [pattern for pattern in found if not LEFT_OUT.fullmatch(pattern)]


@pytest.fixture
def study(tmp_path, settings):
    """A study that has everything that an address may name."""
    cache.clear()
    settings.DATA_DIR = tmp_path / "data"
    study = make_draft("forward_simulation", slug="hidden-study")
    models.Study.objects.update(title="Hidden study")
    publishing.publish(study)
    simulate(study, 1, by_functions.walk)
    sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", "SECRET-ID"))
    passages.gather(study)
    models.Invitation.objects.create(study=study, note="SECRET-NAME")
    models.Code.objects.create(study=study, name="ears", key="e")
    models.Study.objects.update(questionnaires=[TRUST])
    models.Change.objects.create(study=study, slug=study.slug, action="Something.")
    report = models.Job.objects.create(kind="report", study=study, outcome="done")
    (folder_of(report) / "report").mkdir(parents=True)
    (folder_of(report) / "report" / reporting.PAGE).write_text("<p>")
    export = models.Job.objects.create(
        kind="export", study=study, outcome="done", ended_at=timezone.now(), result={"name": "a.zip"}
    )
    folder_of(export).mkdir(parents=True)
    (folder_of(export) / "a.zip").write_bytes(b"PK")
    image_id = next(iter(stimuli.reader(study.bundle).images))
    masks.save(masks.path_of(study.bundle, image_id, None), b"\xff" * 512, 64, 64)
    for role in ROLES[1:]:
        user = User.objects.create_user(role, is_staff=True, is_superuser=role == "superuser")
        if role in models.Member.Role.values:
            models.Member.objects.create(study=study, user=user, role=role)
    study.words, study.rows, study.cookies = words(study), rows(study), cookies()
    yield study
    cache.clear()


def words(study) -> dict:
    """Return what the study has for each part of an address."""
    bundle = stimuli.reader(study.bundle)
    image_id = next(iter(bundle.images))
    _, _, folder, name = stimuli.stimulus_url(study.bundle, bundle.image_file(image_id)).split("/")
    found = {"slug": study.slug, "folder": folder, "name": name, "table": "trials", "stage": "classes"}
    found |= {"condition": study.conditions.first().name, "column": next(iter(passages.free_fields(study)))}
    found |= {"id": 1, "section": "basics", "position": 0, "place": 0, "image_id": image_id}
    found |= {"parameter": "screening_frames", "text_key": "information", "questionnaire": TRUST["name"], "code": "en"}
    found |= {"code_pk": study.codes.get().pk, "report_pk": study.jobs.get(kind="report").pk}
    return found | dict.fromkeys(("job", "job_pk"), study.jobs.get(kind="export").pk)


def rows(study) -> dict:
    """Return a row of each model that the desk has pages of."""
    change, identity = study.changes.first(), models.Identity.objects.get()
    run = study.participants.first()
    return {"study": study, "bundle": study.bundle, "participant": run, "change": change, "identity": identity}


def cookies() -> dict:
    """Return the cookies of a browser in which somebody of each role has signed in."""
    signed = {user.username: Client() for user in User.objects.all()}
    for user in User.objects.all():
        signed[user.username].force_login(user)
    return {role: client.cookies.output(header="", sep=";") for role, client in signed.items()}


def address(study, pattern: str) -> str:
    """Return the address that a pattern stands for, of what the study has."""
    run, bundle, image_id = study.rows["participant"], stimuli.reader(study.bundle), study.words["image_id"]
    its_model = pattern.split("/")[2] if pattern.startswith("admin/studyapp/") else ""
    pk = study.rows[its_model].pk if its_model in study.rows else 1
    words = {**study.words, "pk": pk, "object_id": pk}
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(words[part[1]]), f"/{pattern}")
    if pattern.endswith("/gallery/map/"):
        (_, method, target), (node, *_) = next(item for item in bundle.nodes.items() if item[0][0] == image_id)
        return f"{path}?image={image_id}&method={method}&class={target}&node={node.node}"
    return f"{path}?codes={run.code}" if pattern.endswith("/erase/") else path


def answer(study, role: str, method: str, pattern: str):
    """Return what somebody gets at an address; whatever a POST does is undone."""
    client = Client()
    client.cookies.load(study.cookies.get(role, ""))
    with transaction.atomic():
        response = getattr(client, method)(address(study, pattern), {"add": ""} if method == "post" else None)
        response.body = response.getvalue()
        transaction.set_rollback(method == "post")
    return response


def let_in(response) -> bool:
    leads = response.get("Location", "")
    led_away = leads.startswith("/admin/login/") or leads == reverse("admin:index")
    return response.status_code not in (401, 403, 404, 405) and not led_away


def lowest(study, method: str, pattern: str, roles) -> str | None:
    return next((role for role in roles if let_in(answer(study, role, method, pattern))), None)


def test_without_signing_in_only_participants_addresses_answer(study):
    closed = [pattern for pattern in addresses() if not OPEN.fullmatch(pattern)]
    assert len(closed) > 100
    for pattern in closed:
        for method in ("get", "post", "put", "delete", "head"):
            assert not let_in(answer(study, "outsider", method, pattern)), (method, pattern)


def test_whoever_has_no_role_is_let_in_nowhere_that_names_the_study(study):
    for pattern in addresses():
        if OPEN.fullmatch(pattern):
            continue
        for method in ("get", "post"):
            response = answer(study, "staff", method, pattern)
            assert STAFF.fullmatch(pattern) or not let_in(response), (method, pattern)
            for secret in (b"Hidden", b"hidden-study", b"SECRET", study.participants.first().code.encode()):
                assert secret not in response.body, (method, pattern)


def test_each_role_is_let_in_as_far_as_is_written_here_and_no_farther(study):
    models_of_ours = ("study", "bundle", "participant", "change")
    ours = [
        pattern for pattern in addresses() if pattern.startswith(tuple(f"admin/studyapp/{m}/" for m in models_of_ours))
    ]
    assert set(HIGHER) <= set(ours)
    for pattern in ours:
        for method, expected in zip(("get", "post"), HIGHER.get(pattern, ("analyst", "analyst")), strict=True):
            if answer(study, "owner", method, pattern).status_code == 405:
                continue
            assert lowest(study, method, pattern, ROLES[1:-1]) == expected, (method, pattern)


def test_accounts_second_factors_and_recruitment_ids_are_for_superusers(study):
    for pattern in addresses():
        if pattern.startswith(("admin/auth/", "admin/otp_", "admin/studyapp/identity/")):
            for method in ("get", "post"):
                assert not let_in(answer(study, "owner", method, pattern)), (method, pattern)
    assert b"SECRET-ID" in answer(study, "superuser", "get", "admin/studyapp/identity/").body
