"""A researcher at the desk: signed in, on a study's pages, with the forms of *Set up* filled in and sent."""

from django.test import Client
from django.urls import reverse

from studyapp.core.engine.kinds import kind
from studyapp.desk.study.rows_field import RowsField
from studyapp.desk.study.sections import EDITED_TOGETHER, SECTIONS


def signed_in(user) -> Client:
    """Return a browser in which somebody has signed in."""
    client = Client()
    client.force_login(user)
    return client


def page_of(study) -> str:
    """Return the address of a study's page."""
    return reverse("admin:studyapp_study_change", args=[study.pk])


def section_of(study, name: str) -> str:
    """Return the address of a section."""
    return reverse("admin:study_section", args=[study.pk, name])


def all_of(study) -> list[str]:
    """Return the names of the sections that a study has."""
    return [one.name for one in SECTIONS if one.fields(kind(study.kind)) or one.name in EDITED_TOGETHER]


def filled(desk, study, name: str, **changes) -> dict:
    """Return what a section's page would submit, with some fields changed; a field that is None is left out."""
    return submitted(desk.get(section_of(study, name)), **changes)


def submitted(response, **changes) -> dict:
    """Return what a section's page as it was opened would submit."""
    found = {"seen": response.context["seen"]}
    for form in [response.context["adminform"].form, *_inline_forms(response)]:
        for bound in form:
            value = bound.value()
            if hasattr(bound.field.widget, "decompress"):
                parts = bound.field.widget.decompress(value)
                names = bound.field.widget.names
                found |= {f"{bound.html_name}_{name}": part for name, part in zip(names, parts, strict=True)}
            elif isinstance(bound.field, RowsField):
                columns = bound.field.widget.names(bound.html_name)
                found |= {name: [row[place] for row in value] for place, name in enumerate(columns)}
            elif value is not None and value is not False:
                found[bound.html_name] = value
    return {name: value for name, value in (found | changes).items() if value is not None}


def save(desk, study, section: str, **changes):
    """Send a section's page with some fields changed, and return the answer."""
    return desk.post(section_of(study, section), filled(desk, study, section, **changes))


def _inline_forms(response):
    for inline in response.context["inline_admin_formsets"]:
        yield inline.formset.management_form
        yield from inline.formset.forms
