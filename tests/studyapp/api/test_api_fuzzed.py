"""Whatever is asked of the API, the answer is what its document promises, and never a 5xx."""

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from hypothesis import HealthCheck, given, settings
from rest_framework.throttling import SimpleRateThrottle

from studyapp import models
from studyapp.wsgi import application
from tests.studyapp.conftest import walk

schemathesis = pytest.importorskip("schemathesis")
pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]),
    pytest.mark.database,
    pytest.mark.usefixtures("streamed_here"),
]


def closing(environ, start_response):
    """Answer as a server does: an answer is closed once it is read, which the fuzzer's client leaves out."""
    answer = application(environ, start_response)
    try:
        return [b"".join(answer)]
    finally:
        answer.close()


@pytest.fixture
def document(study, start, monkeypatch):
    """The API's own document, asked for by the owner of a study that two people have done."""
    monkeypatch.setattr(SimpleRateThrottle, "get_rate", lambda throttle: None)
    cache.clear()
    for name in ("anna", "bela"):
        walk(start(name))
    owner = User.objects.create_user("owner", is_staff=True)
    models.Member.objects.create(user=owner, study=study, role="owner")
    key = {"Authorization": f"Token {models.Token.make(owner, 'fuzz')[1]}"}
    found = schemathesis.openapi.from_wsgi("/api/schema/?format=json", closing, headers=key)
    found.config.update(headers=key)
    found.config.generation.update(with_security_parameters=False)
    return found


QUIETLY = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def fuzz(document, check) -> None:
    """Check many requests to each address that the document names."""
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) == 10
    for operation in operations:
        QUIETLY(given(case=operation.as_strategy())(check))()


def test_every_request_gets_an_answer_that_the_document_names(document):
    def ask(case):
        case.call_and_validate()

    fuzz(document, ask)


def test_whoever_asks_for_the_study_that_there_is_gets_no_server_error(document):
    answered = []

    def ask(case):
        if "slug" in case.path_parameters:
            case.path_parameters["slug"] = "tiny"
        answered.append(case.call().status_code)
        assert answered[-1] < 500

    fuzz(document, ask)
    assert answered.count(200) > len(answered) / 4
