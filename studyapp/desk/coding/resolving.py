"""Where coders differ, and what they agree on then."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from studyapp.coding import passages, readings, results

from .pages import context_of, require_column, study_of

RESOLVED_AT_ONCE = 20
UNDECIDED = "Nothing was resolved: tick the codes that you agree on, or “nothing found” alone."


def resolve(model_admin):
    """Return the view of the passages whose coders differ, and what they agree on then."""

    def view(request: HttpRequest, pk: int, column: str) -> HttpResponse:
        study = study_of(request, pk)
        require_column(study, column)
        if request.method == "POST":
            chosen = [int(code) for code in request.POST.getlist("codes") if code.isdecimal()]
            if bool(chosen) == ("nothing" in request.POST):
                model_admin.message_user(request, UNDECIDED, messages.ERROR)
                return redirect(request.path)
            try:
                readings.resolve(study, int(request.POST.get("passage", "0") or 0), request.user, chosen)
            except (readings.Gone, ValueError) as gone:
                model_admin.message_user(request, str(gone), messages.ERROR)
            return redirect(request.path)
        differing = results.disagreements(study, column, results.read(study, column))
        context = context_of(model_admin, request, study, "Where coders differ") | {
            "column": column,
            "question": passages.question_of(study, column),
            "n_left": len(differing),
            "found": [results.side_by_side(row, study) for row in results.with_readings(differing[:RESOLVED_AT_ONCE])],
            "codes": list(study.codes.all()),
        }
        return TemplateResponse(request, "admin/studyapp/coding/resolve.html", context)

    return view
