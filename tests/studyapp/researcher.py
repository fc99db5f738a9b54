"""A researcher at the desk: signed in, on a study's page, with its form filled in."""

from django.test import Client
from django.urls import reverse

from studyapp.desk.study.rows_field import RowsField


def signed_in(user) -> Client:
    """Return a browser in which somebody has signed in."""
    client = Client()
    client.force_login(user)
    return client


def page_of(study) -> str:
    """Return the address of a study's page."""
    return reverse("admin:studyapp_study_change", args=[study.pk])


def filled(desk, study, **changes) -> dict:
    """Return what the study's page would submit, with some fields changed."""
    response = desk.get(page_of(study))
    found = {}
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


def _inline_forms(response):
    for inline in response.context["inline_admin_formsets"]:
        yield inline.formset.management_form
        yield from inline.formset.forms
