"""The page on which a study's people get their roles."""

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from studyapp import models
from studyapp.access import roles
from studyapp.data.audit import record
from studyapp.desk.pages import page_context, study_of


class MemberForm(forms.ModelForm):
    """Somebody who gets a role in a study."""

    class Meta:
        model = models.Member
        fields = ("user", "role")

    def __init__(self, *args, study: models.Study, **kwargs):
        super().__init__(*args, **kwargs)
        free = User.objects.filter(is_staff=True, is_active=True, is_superuser=False)
        self.fields["user"].queryset = free.exclude(pk__in=study.members.values("user")).order_by("username")
        self.fields["user"].label = "Person"
        self.fields["role"].initial = models.Member.Role.ANALYST


def make_owner(user, study: models.Study) -> None:
    """Make whoever brought a study in its owner."""
    models.Member.objects.create(user=user, study=study, role=models.Member.Role.OWNER)


def view(model_admin):
    """Return the view of a study's people: who has which role; owners give and take them."""

    def people(request: HttpRequest, pk: int) -> HttpResponse:
        study = study_of(request, pk)
        may_change = roles.may(request.user, "members", study)
        form = MemberForm(request.POST if "add" in request.POST else None, study=study)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            if _changed(model_admin, request, study, form):
                return redirect(request.path)
        context = {
            **page_context(model_admin, request, "People and roles", study),
            "members": study.members.select_related("user"),
            "roles": models.Member.Role.choices,
            "form": form,
            "may_change": may_change,
        }
        return TemplateResponse(request, "admin/studyapp/study/people.html", context)

    return people


def _changed(model_admin, request: HttpRequest, study: models.Study, form: MemberForm) -> bool:
    """Do what the page was sent for; False where the form has errors to show."""
    with transaction.atomic():
        models.Study.objects.select_for_update().get(pk=study.pk)
        if "add" in request.POST:
            if not form.is_valid():
                return False
            form.instance.study = study
            action, row = "Gave a role.", [str(form.save().user), None, form.instance.role]
        else:
            member = get_object_or_404(study.members, pk=request.POST.get("member"))
            role = None if "remove" in request.POST else request.POST.get("role")
            if role not in (None, *models.Member.Role.values):
                raise BadRequest(f"expected one of {', '.join(models.Member.Role.values)}, found {role!r}")
            if _last_owner(study, member) and role != models.Member.Role.OWNER:
                model_admin.message_user(request, "A study keeps at least one owner.", messages.ERROR)
                return True
            action, row = _given(member, role)
        record(request.user, study, action, [row])
    model_admin.message_user(request, f"{action} {row[0]}: {row[2] or 'none'}.", messages.SUCCESS)
    return True


def _given(member: models.Member, role: str | None) -> tuple[str, list]:
    row = [str(member.user), member.role, role]
    if role is None:
        member.delete()
        return "Took a role away.", row
    member.role = role
    member.save()
    return "Changed a role.", row


def _last_owner(study: models.Study, member: models.Member) -> bool:
    owners = study.members.filter(role=models.Member.Role.OWNER)
    return list(owners) == [member]
