"""Personal links as a table, page by page: thousands of them would fit no form."""

from django.contrib import admin
from django.core.paginator import Page, Paginator

from studyapp import models
from studyapp.desk.by_role import ByRole
from studyapp.desk.labelled import LabelledFormSet

from .links import address

PER_PAGE = 50


def page_of(study: models.Study, number: str) -> Page:
    """Return a page of a study's personal links, the newest first; the nearest there is where it has no such page."""
    return Paginator(study.invitations.order_by("-pk"), PER_PAGE).get_page(number)


class InvitationInline(ByRole, admin.TabularInline):
    """Personal links, one per person invited: those of a page, or those that were sent to be saved."""

    action_by_permission = dict.fromkeys(("view", "add", "change", "delete"), "identities")
    model = models.Invitation
    formset = LabelledFormSet
    extra = 0
    fields = ("note", "group", "link")
    readonly_fields = ("link",)
    ordering = ("-pk",)
    verbose_name, verbose_name_plural = "personal link", "personal links"

    @admin.display(description="Link")
    def link(self, invitation):
        return "made when saved" if invitation.pk is None else address(self.request, invitation)

    def get_queryset(self, request):
        self.request = request
        found = super().get_queryset(request).select_related("study")
        if request.method == "POST":
            sent = [
                value for name, value in request.POST.items() if name.startswith("invitations-") and name[-3:] == "-id"
            ]
            return found.filter(pk__in=[value for value in sent if value.isdecimal()])
        return found.filter(pk__in=[one.pk for one in page_of(request.study, request.GET.get("p", "1"))])
