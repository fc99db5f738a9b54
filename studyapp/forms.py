"""Forms that kinds share: fields for common questions, and the pages that most studies have.

A form's `cleaned_data` is the answer as it is stored, so it holds JSON types only.
"""

from django import forms
from django.utils.translation import gettext_lazy as _

MAX_TEXT = 2000
YES, NO = _("Yes"), _("No")
CHOOSE, WRITE = _("Please choose one."), _("Please write a few words.")


class StepForm(forms.Form):
    """A step's form. It knows its step's `page` and `data`, and the study's frozen definition."""

    use_required_attribute = False

    def __init__(self, *args, step: dict, definition: dict, **kwargs):
        self.step, self.definition = step, definition
        super().__init__(*args, auto_id="%s", **kwargs)
        self.build()

    def build(self):
        """Add the fields that depend on the step; forms with fixed fields need none."""

    def values(self, answer: dict) -> dict:
        """Return the fields' values that clean to `answer`, for bots; a form that reshapes them says how."""
        return answer


def yes_no(label: str = "", *, yes=YES, no=NO, missing=CHOOSE) -> forms.TypedChoiceField:
    """Return a question with two answers, stored as true and false."""
    return forms.TypedChoiceField(
        label=label,
        choices=[("yes", yes), ("no", no)],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": missing, "invalid_choice": missing},
    )


def likert(labels: list[str], label: str = "", *, missing=CHOOSE) -> forms.TypedChoiceField:
    """Return a scale of labelled points, stored as 1, 2, 3, … in the order of the labels; none is chosen at first."""
    return forms.TypedChoiceField(
        label=label,
        choices=list(enumerate(labels, start=1)),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": missing, "invalid_choice": missing},
    )


def free_text(label: str, *, help_text: str = "", rows: int = 2, missing=WRITE):
    """Return a question answered in the participant's own words."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": rows, "maxlength": MAX_TEXT}),
        error_messages={
            "required": missing,
            "max_length": _("Please keep it shorter than %(limit_value)d characters."),
        },
    )


class EligibilityForm(StepForm):
    """Whether each of the study's criteria is met; stored is only what decides, and what isn't met."""

    def build(self):
        for number, criterion in enumerate(self.definition["parameters"]["eligibility"], start=1):
            self.fields[f"criterion_{number}"] = yes_no(criterion)

    def clean(self):
        criteria = self.definition["parameters"]["eligibility"]
        unmet = [
            criterion
            for number, criterion in enumerate(criteria, start=1)
            if self.cleaned_data.get(f"criterion_{number}") is False
        ]
        return {"eligible": not unmet, "unmet": " | ".join(unmet)}

    def values(self, answer):
        unmet = answer["unmet"].split(" | ")
        return {name: field.label not in unmet for name, field in self.fields.items()}


class ConsentForm(StepForm):
    """Whether the participant agrees to take part."""

    consent = yes_no(
        _("Would you like to take part?"), yes=_("Yes, I agree to take part"), no=_("No, I’d rather not take part")
    )


class AttentionForm(StepForm):
    """One answer of a scale, named on the page."""

    def build(self):
        self.fields["choice"] = likert(self.step["data"]["labels"], _("Your answer"))
