"""What a text will look like: Markdown rendered by the very function that renders it for participants."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST

from studyapp import publishing
from studyapp.core.texts import placeholders, render
from studyapp.desk.pages import study_of

MAX_CHARS = 100_000


def urls(model_admin) -> list:
    """Return the address that shows a text as participants will see it."""

    @require_POST
    def rendered(request: HttpRequest, pk: int) -> HttpResponse:
        study = study_of(request, pk)
        text = request.POST.get("text", "")[:MAX_CHARS]
        money = {name: getattr(study, name) for name in ("currency", "reward_base", "reward_bonus", "reward_partial")}
        values = publishing.parameters_of(study) | money
        simple = {name: value for name, value in values.items() if not isinstance(value, dict | list)}
        return JsonResponse({"html": render(text, simple), "later": sorted(placeholders(text) - simple.keys())})

    return [path("<int:pk>/wording/", model_admin.admin_site.admin_view(rendered), name="study_wording")]
