"""The forms of forward simulation."""

from django.utils.translation import gettext_lazy as _

from studyapp.forms import StepForm, free_text, likert, yes_no

USEFUL = {
    "outcomes": _("The outcomes: recognised correctly, missed, false alarm"),
    "heatmaps": _("The heatmaps"),
    "scores": _("The scores"),
}


class ScreeningForm(StepForm):
    """Two statements about a worked example."""

    def build(self):
        for number, statement in enumerate(self.step["data"]["statements"], start=1):
            self.fields[f"statement_{number}"] = yes_no(statement["text"], yes=_("True"), no=_("Not true"))


class TrialForm(StepForm):
    """What the system goes by, what it will say, and how sure the participant is."""

    sensitive_to = free_text(_("What does it go by?"), help_text=_("Two or three features"))
    ignores = free_text(_("What does it ignore?"), help_text=_("Features without effect"))
    response = yes_no(missing=_("Please choose Yes or No."))

    def build(self):
        name = self.step["data"]["class_name"]
        self.fields["response"].label = _("Will the system say “%(name)s”?") % {"name": name}
        labels = self.definition["parameters"]["confidence_labels"]
        self.fields["confidence"] = likert(
            labels, _("How confident are you?"), missing=_("Please choose how confident you are.")
        )


class ClosingForm(StepForm):
    """Which information helped, and what was learned."""

    def build(self):
        for part in self.step["data"]["asked"]:
            self.fields[f"useful_{part}"] = yes_no(USEFUL[part])
        self.fields["learned"] = free_text(_("What have you learned about how the system decides?"), rows=4)

    def clean(self):
        return {f"useful_{part}": None for part in USEFUL} | self.cleaned_data
