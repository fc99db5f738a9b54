"""*Set up*: an overview of the study, and a page for each of its sections."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse

from studyapp import models, publishing
from studyapp.access import roles
from studyapp.core import recruiters
from studyapp.core.engine.kinds import kind
from studyapp.data import audit
from studyapp.desk.pages import page_context, study_of
from studyapp.desk.people import invitations, links
from studyapp.desk.results import downloads
from studyapp.desk.stimuli import audits

from . import fits, numbers, sections, shown, transitions
from .advice import Advice, advice, is_open_to_anybody

OVERVIEW = "admin/studyapp/study/overview.html"
SHOWN = "admin/studyapp/study/section_shown.html"


def urls(model_admin) -> list:
    """Return the addresses of a study's sections; the overview is at the admin's own."""
    page = model_admin.admin_site.admin_view(_section(model_admin))
    return [path("<int:pk>/change/<slug:section>/", page, name="study_section")]


def overview(model_admin, request: HttpRequest, study: models.Study) -> HttpResponse:
    """Return the page on which a study is met: where it stands, what comes next, its conditions, link and data."""
    may_change = roles.may(request.user, "change", study)
    checks, advised = publishing.checks(study), advice(study)
    context = {
        **page_context(model_admin, request, study.title, study),
        "original": study,
        "study_kind": kind(study.kind),
        "role": roles.role_of(request.user, study),
        "sections": sections.index(study, request.user, checks, advised),
        "numbers": numbers.of(study),
        "checks": [(check, sections.place_of(study, check.title)) for check in checks],
        **fits.offered(study, checks, may_change),
        "parameters_at": sections.address(study, "parameters"),
        "audit": audits.on_checklist(request, study, [one for check in checks for one in check.problems]),
        "advice": [(one.words, _place(study, one)) for one in advised],
        "versions": study.versions.exclude(number=0),
        "transitions": transitions.possible(study) if may_change else [],
        **transitions.under_way(request, study),
        "conditions": shown.conditions(study),
        "may_delete": roles.may(request.user, "delete", study),
        "downloads": downloads.allowed(request.user, study),
        **_link(request, study),
    }
    return TemplateResponse(request, OVERVIEW, context)


def _place(study: models.Study, one: Advice) -> str:
    return sections.address(study, one.section) + (f"#{one.field}" if one.field else "")


def _link(request: HttpRequest, study: models.Study) -> dict:
    return {
        "link": request.build_absolute_uri(reverse("entry", args=[study.slug])),
        "next_person": request.build_absolute_uri(reverse("next_person", args=[study.slug])),
        "recruiter": recruiters.recruiter_of(study.id_parameter),
        "open_to_anybody": is_open_to_anybody(study),
        "sees_links": roles.may(request.user, "identities", study),
        "links_at": sections.address(study, sections.LINKS),
        "require_id_at": sections.address(study, "recruitment") + "#id_require_id",
    }


def _section(model_admin):
    def page(request, pk: int, section: str) -> HttpResponse:
        """Show a section, and save it: a form for those who may edit the study, else what it says."""
        study = study_of(request, pk)
        offered = sections.of(study, request.user)
        shown = next((one for one in offered if one.name == section), None)
        if shown is None:
            raise Http404(f"{section} is no section of this study")
        if not roles.may(request.user, "change", study):
            if request.method == "POST":
                raise PermissionDenied
            return TemplateResponse(request, SHOWN, _read_only(model_admin, request, study, shown))
        request.section, request.study = shown, study  # for the admin's own methods
        with transaction.atomic():
            if request.method == "POST":  # what others save meanwhile of the same columns is not to be lost
                models.Study.objects.select_for_update().get(pk=pk)
            return model_admin.changeform_view(request, str(pk), "", _around(request, study, shown, offered))

    return page


def _around(
    request: HttpRequest, study: models.Study, section: sections.Section, offered: list[sections.Section]
) -> dict:
    """Return what stands around a section: the index, what is to be mended in it, and which section comes next."""
    index = sections.index(study, request.user, publishing.settings_checks(study), advice(study), section.name)
    place = offered.index(section)
    return {
        "title": f"{section.title}: {study.title}",
        "subtitle": None,
        "section": section,
        "sections": index,
        "here": index[place],
        "next": offered[place + 1] if place + 1 < len(offered) else None,
        "seen": audit.latest(study),
        **(_links(request, study) if section.name == sections.LINKS else {}),
    }


def _links(request: HttpRequest, study: models.Study) -> dict:
    return {
        "links_form": links.LinksForm(),
        "links_page": invitations.page_of(study, request.GET.get("p", "1")),
    }


def _read_only(model_admin, request: HttpRequest, study: models.Study, section: sections.Section) -> dict:
    is_cells = section.name == sections.CONDITIONS
    return {
        **page_context(model_admin, request, f"{section.title}: {study.title}", study),
        "original": study,
        "section": section,
        "sections": sections.index(study, request.user, publishing.settings_checks(study), advice(study), section.name),
        "conditions": shown.conditions(study) if is_cells else None,
        "settings": shown.settings(study, section),
        "is_text": section.name == sections.TEXTS,
    }
