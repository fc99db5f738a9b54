"""The audit of a study's stimuli: on its checklist, and on a page of its own with the heatmaps concerned."""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path

from studyapp import jobs, models, publishing
from studyapp.bundles.drawing import heatmap_url
from studyapp.bundles.stimuli import reader, stimulus_url
from studyapp.core.audit import Finding, Report
from studyapp.core.audit.findings import LEVELS
from studyapp.core.heatmaps.displays import display_of, rendering_of
from studyapp.desk.pages import page_context, study_of
from studyapp.desk.results import jobs as shown_jobs
from studyapp.publishing.audits import level_of

TITLES = {
    "blank": "Blank heatmaps",
    "one_colour": "One colour",
    "shortcut": "Shortcuts",
    "repeats": "Repeats",
    "guessing": "Guessing",
}
ON_THE_CHECKLIST, ON_THE_PAGE = 4, 48  # pictures of a finding
MAKING = "admin/studyapp/study/_auditing.html"


def urls(model_admin) -> list:
    """Return the addresses of the audit, and of how far it is."""
    signed_in = model_admin.admin_site.admin_view
    return [
        path("<int:pk>/audit/", signed_in(_page(model_admin)), name="study_audit"),
        path("<int:pk>/audit/progress/", signed_in(_progress), name="study_auditing"),
    ]


def on_checklist(request: HttpRequest, study: models.Study, problems: list[str]) -> dict:
    """Return what the checklist shows of the audit; where it isn't there yet, it is asked for and its job shown."""
    if problems:
        return {}
    found = publishing.kept_audit(study)
    if found is None:
        return {"making": _asked(request, study)}
    checks = _by_check(found, study, ON_THE_CHECKLIST)
    return {"level": found.level, "checks": sorted(checks, key=lambda check: -LEVELS.index(check["level"]))}


def _asked(request: HttpRequest, study: models.Study) -> dict:
    """Return the state of the job that makes the audit, asked for unless the last one failed and nothing changed."""
    last = jobs.of(study, "audit").first()
    seen = {"after": study.changes.order_by("-pk").values_list("pk", flat=True).first()}
    if last is None or not (last.is_under_way or (last.outcome == "failed" and last.parameters == seen)):
        last = jobs.ask("audit", study=study, parameters=seen, slot=f"audit {study.pk}")
    return shown_jobs.state(request, last)


def _page(model_admin):
    def page(request: HttpRequest, pk: int) -> HttpResponse:
        study = study_of(request, pk)
        problems = publishing.problems(study)
        found = None if problems else publishing.kept_audit(study)
        context = {
            **page_context(model_admin, request, "Audit", study),
            "problems": problems,
            "making": None if problems or found else _asked(request, study),
            "checks": _by_check(found, study, ON_THE_PAGE) if found else [],
        }
        return TemplateResponse(request, "admin/studyapp/study/audit.html", context)

    return page


def _progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Return how far the audit is, for `jobs.js`."""
    study = study_of(request, pk)
    last = jobs.of(study, "audit").first()
    context = {"making": shown_jobs.state(request, last)} if last else {}
    return shown_jobs.answer(request, MAKING, context, [last] if last else [])


def _by_check(found: Report, study: models.Study, most: int) -> list[dict]:
    """Return the findings by what was looked at, each with up to `most` of its pictures."""
    record = publishing.definition(study)
    checks: dict[str, list[Finding]] = {name: [] for name in TITLES}
    for one in found.findings:
        checks[one.check].append(one)
    return [
        {
            "title": TITLES[name],
            "level": findings[0].level,
            "findings": [{"finding": one, **_pictures(one, study.required_bundle, record, most)} for one in findings],
        }
        for name, findings in checks.items()
        if findings
    ]


def _pictures(finding: Finding, bundle: models.Bundle, record: dict, most: int) -> dict:
    read = reader(bundle)
    level, shown = level_of(record, read, finding.where), []
    for image_id, method, target, key in finding.maps[:most]:
        node = next(one for one in read.nodes[image_id, method, target] if one.node == key)
        label = node.label or read.method_title(method)
        shown.append(
            {
                "url": heatmap_url(bundle, node, display_of(record, method, level), rendering_of(record)),
                "label": label,
                "id": image_id,
            }
        )
    shown += [
        {"url": stimulus_url(bundle, read.image_file(image_id)), "label": "", "id": image_id}
        for image_id in finding.images[: most - len(shown)]
    ]
    return {"pictures": shown, "more": len(finding.maps) + len(finding.images) - len(shown)}
