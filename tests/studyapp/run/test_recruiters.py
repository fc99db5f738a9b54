"""Recruiters by one table: their links, ids, placeholders and ways back, and what of them is refused."""

from urllib.parse import quote, unquote, urlencode

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp import models
from studyapp.core import recruiters
from studyapp.core.recruiters import RECRUITERS, id_of, is_unfilled, mismatch, problem_with, way_back
from studyapp.run import sessions
from tests.studyapp.conftest import walk

EACH = pytest.mark.parametrize("recruiter", RECRUITERS, ids=lambda recruiter: recruiter.title)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z_]{1,20}", fullmatch=True)
SIGNS = [
    *("{{%{}%}}", "{{{{{}}}}}", "{{% {} %}}", "${{{}}}", "${{e://Field/{}}}", "#{{{}}}", "{{{}}}", "[{}]", "[%{}%]"),
    *(
        "[[{}]]",
        "<{}>",
        "<<{}>>",
        "%{}%",
        "%%{}%%",
        "${}",
        "${}$",
        "#{}#",
        "@{}@",
        "__{}__",
        "({})",
        "|{}|",
        "«{}»",
        ":{}",
    ),
]


@EACH
def test_of_each_recruiter_a_study_knows_parameter_ids_and_way_back(recruiter):
    assert recruiters.recruiter_of(recruiter.id_parameter.upper()) is recruiter
    assert recruiters.recruiter_of(recruiter.id_parameter.lower()) is recruiter
    for placeholder in filter(None, recruiter.link.values()):
        assert is_unfilled(placeholder)
        assert placeholder in recruiter.query
    if recruiter.back:
        assert problem_with(recruiter.back) == ""
        assert mismatch(recruiter.id_parameter, recruiter.back) == ""
        assert "{" not in way_back(recruiter.back, {"code": "C1", "id": "77"})


@EACH
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_ids_in_any_case_are_one_person_and_none_is_taken_for_a_placeholder(recruiter, data):
    found = data.draw(st.from_regex(recruiter.ids, fullmatch=True))
    assert not is_unfilled(found, recruiter.id_parameter)
    spellings = {id_of(spelt, recruiter.id_parameter) for spelt in (found, found.lower(), found.upper())}
    assert spellings == {found}


@given(NAMES, st.sampled_from(SIGNS), st.integers(0, 2), st.sampled_from(["", " "]))
@settings(max_examples=120, deadline=None)
def test_a_placeholder_in_any_signs_and_encoded_again_is_seen(name, signs, encoded, blank):
    value = blank + signs.format(name) + blank
    for _ in range(encoded):
        value = quote(value, safe="")
    assert is_unfilled(value), value


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9@._+-]{2,30}", fullmatch=True))
@settings(max_examples=60, deadline=None)
def test_a_name_of_letters_digits_and_what_mail_addresses_have_is_an_id(value):
    nothing = value.lower() in ("undefined", "null", "none", "nan") or set(value.lower()) == {"x"}
    assert is_unfilled(value, "id") is (nothing or value.lower().startswith("your"))


@given(st.text(max_size=20), st.text(max_size=20))
@settings(max_examples=60, deadline=None)
def test_what_is_filled_into_a_way_back_stays_one_value(code, external):
    filled = way_back("https://a.example/?cc={code}&who={id}", {"code": code, "id": external})
    if not code or not external:
        assert filled == ""
    else:
        first, second = filled.removeprefix("https://a.example/?cc=").split("&who=")
        assert (unquote(first), unquote(second)) == (code, external)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("javascript:alert(1)", "begins with https://"),
        ("https://a.example/?x={PROLIFIC_PID}", "found {PROLIFIC_PID}"),
        ("https://school.sona-systems.com/webstudy_credit.aspx?experiment_id=1&survey_code=XXXX", "write {id}"),
        ("https://a.example/?x={{%PROLIFIC_PID%}}", "expected {code} or {id}"),
        ("https://a.example/?x=${e://Field/pid}", "placeholder of another program"),
    ],
)
def test_a_way_back_that_leads_nowhere_is_refused_in_words(address, said):
    assert said in problem_with(address)


def test_a_way_back_to_another_recruiter_than_the_ids_is_told():
    sona = RECRUITERS[1].back
    assert "SONA" in mismatch("PROLIFIC_PID", sona)
    assert "Prolific" in mismatch("PROLIFIC_PID", sona)
    assert mismatch("PROLIFIC_PID", "https://lab.example/thanks") == ""


pytestmark_db = [pytest.mark.django_db, pytest.mark.database]


class TestAtTheDoor:
    pytestmark = pytestmark_db

    def test_a_study_takes_no_way_back_that_leads_nowhere(self, study):
        study.return_url = "https://a.example/?x={PROLIFIC_PID}"
        with pytest.raises(ValidationError, match="return_url"):
            study.clean()

    @EACH
    def test_what_a_recruiter_left_unfilled_starts_nothing(self, study, recruiter):
        models.Study.objects.update(id_parameter=recruiter.id_parameter)
        placeholders = {recruiter.link[recruiter.id_parameter], recruiter.id_parameter, "undefined"} - {""}
        for placeholder in placeholders:
            page = Client().post(f"/s/tiny/?{urlencode({recruiter.id_parameter: placeholder})}")
            assert page.status_code == 403
            assert "placeholder" in page.content.decode()
        assert Client().post("/s/tiny/?group=%7B%7Bgroup%7D%7D").status_code == 403
        assert not models.Participant.objects.exists()

    def test_somebody_who_only_looks_at_a_task_starts_nothing(self, study):
        page = Client().post("/s/tiny/?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&hitId=3X")
        assert "accept the task first" in page.content.decode()
        assert not models.Participant.objects.exists()

    def test_credit_at_sona_is_granted_to_the_own_id_and_to_nobody_who_left(self, study):
        back = "https://school.sona-systems.com/webstudy_credit.aspx?experiment_id=1&survey_code={id}"
        models.Study.objects.update(id_parameter="id", return_url=back, code_completed="", code_withdrawn="W")
        pages = []
        for external in ("4711", "4712"):
            client = Client()
            client.post(f"/s/tiny/?id={external}")
            run = models.Participant.objects.latest("pk")
            walk(run) if external == "4711" else sessions.withdraw(run.pk, keep=True)
            pages.append(client.get("/s/tiny/run/").content.decode())
        assert (
            'href="https://school.sona-systems.com/webstudy_credit.aspx?experiment_id=1&amp;survey_code=4711"'
            in pages[0]
        )
        assert "sona-systems" not in pages[1]
