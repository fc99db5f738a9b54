"""The forms of steps: made from the questions that a page declares, and what a kind's own forms build on.

A form's `cleaned_data` is the answer as it is stored, so it holds JSON types only.
"""

from functools import singledispatch
from typing import Any

from django import forms
from django.core.validators import BaseValidator
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from studyapp.core.engine.questions import (
    Choice,
    Number,
    Question,
    Ranking,
    Scale,
    Several,
    Slider,
    Words,
    YesNo,
    labels_of,
    text_key,
)
from studyapp.core.engine.run import called
from studyapp.core.questionnaires.pages import kind_of
from studyapp.core.texts import asked_in, filled_in

TOO_LONG = gettext_lazy("Please keep it shorter than %(limit_value)d characters.")
TOO_LOW = gettext_lazy("Please enter at least %(limit_value)s.")
TOO_HIGH = gettext_lazy("Please enter at most %(limit_value)s.")
OFF_STEP = gettext_lazy("Please choose a place on the line.")
OF_NUMBERS = {"min_value": TOO_LOW, "max_value": TOO_HIGH, "step_size": OFF_STEP}
TOO_FEW_LETTERS = gettext_lazy("Please write a word: at least %(limit_value)d letters.")


class AtLeastLetters(BaseValidator):
    """Whether an answer in words has so many letters, of whatever script; an empty one isn't asked."""

    message = TOO_FEW_LETTERS

    def compare(self, a: str, b: int) -> bool:
        return sum(map(str.isalpha, a)) < b


Pairs = list[tuple[str, str]]


class DescribedField(forms.BoundField):
    """A field whose control is described by its hint and by the place where its error is told, now or later."""

    @property
    def aria_describedby(self) -> str | None:
        if self.is_hidden or self.field.widget.attrs.get("aria-describedby"):
            return None
        hint = f"{self.auto_id}_helptext " if self.help_text and not self.use_fieldset else ""
        return f"{hint}error-{self.html_name}"


class StepForm(forms.Form):
    """A step's form. It knows its step's `page` and `data`, and the study's frozen definition.

    One that is filled in `in_pages` keeps what it holds in the run's draft while it is turned, see `unfinished`.
    """

    bound_field_class = DescribedField
    use_required_attribute = False
    in_pages = False

    def __init__(self, *args, step: dict, definition: dict, **kwargs):
        self.step, self.definition = step, definition
        options: dict[str, Any] = {**kwargs, "auto_id": "%s"}
        super().__init__(*args, **options)
        self.build()

    def build(self):
        """Add the fields that depend on the step; forms with fixed fields need none."""

    def values(self, answer: dict) -> dict:
        """Return the fields' values that clean to `answer`, for bots; a form that reshapes them says how."""
        return answer

    def unfinished(self) -> list[list[str]] | None:
        """Return, of a form in several pages, the fields to keep while another is turned to; None where it's done."""
        return None


class QuestionForm(StepForm):
    """The questions that the step's page declares; those not asked at this step are stored as missing."""

    def build(self):
        for question in self.asked:
            self.fields[question.name] = self.field(question)

    def clean(self):
        skipped = [question.name for question in self._declared if question not in self.asked]
        return dict.fromkeys(skipped) | {name: self.stored(name) for name in self.cleaned_data}

    def stored(self, name: str):
        """Return what is stored of a field; a question left open is missing, as words left out are none."""
        value = self.cleaned_data[name]
        closed = any(question.name == name and question.closed for question in self._declared)
        return None if closed and value == "" else value

    def field(self, question: Question, label: str = "") -> forms.Field:
        """Return a question's field, worded as the study words it, or by `label`."""
        data = self.step.get("data") or {}
        worded, hint = wording(question, self.step["page"], self.definition, data)
        found = _field(question, question.options(self.definition["parameters"], data))
        found.label, found.help_text, found.required = label or worded, hint, question.required
        return found

    @property
    def asked(self) -> list[Question]:
        data = self.step.get("data")
        return [question for question in self._declared if question.is_asked(data)]

    @property
    def _declared(self) -> tuple[Question, ...]:
        return kind_of(self.definition).page(self.step["page"]).questions


def wording(question: Question, page: str, definition: dict, data: dict) -> tuple[str, str]:
    """Return how a study words a question and its hint, as safe HTML without tags of its own; both empty where its
    page's form does."""
    if not (key := text_key(page, question)):
        return "", ""
    asked, hint = asked_in(definition["texts"][key])
    values = {name: called(definition, data[name]) for name in question.fills if name in data}
    return mark_safe(filled_in(asked, values)), mark_safe(filled_in(hint, values))


@singledispatch
def _field(question: Question, options: dict) -> forms.Field:
    raise TypeError(f"no form field for {type(question).__name__}")


@_field.register
def _yes_no(question: YesNo, options):
    found = forms.TypedChoiceField(
        choices=[("yes", _(question.yes)), ("no", _(question.no))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    return _with_messages(found, question, "required", "invalid_choice")


@_field.register
def _choice(question: Choice, options):
    found = forms.ChoiceField(choices=list(options.items()), widget=forms.RadioSelect)
    return _with_messages(found, question, "required", "invalid_choice")


@_field.register
def _several(question: Several, options):
    found = forms.MultipleChoiceField(choices=list(options.items()), widget=forms.CheckboxSelectMultiple)
    return _with_messages(found, question, "required", "invalid_choice")


@_field.register
def _place(question: Ranking, options):
    """Return the field of one option's place, from 1; a form that ranks has one for each."""
    places = [("", "–"), *((place, str(place)) for place in range(1, len(options) + 1))]
    found = forms.TypedChoiceField(choices=places, coerce=int, empty_value=None)
    return _with_messages(found, question, "required", "invalid_choice")


@_field.register
def _scale(question: Scale, options):
    """Return a field that posts a point's place from 1, wherever the stored numbers begin, as pages always have."""
    places = [(point - question.first + 1, label) for point, label in options.items()]
    found = forms.TypedChoiceField(
        choices=places, coerce=lambda place: int(place) + question.first - 1, widget=forms.RadioSelect
    )
    return _with_messages(found, question, "required", "invalid_choice")


@_field.register
def _number(question: Number, options):
    made_of: Any = forms.IntegerField if question.whole else forms.FloatField
    step = {"step_size": question.step} if isinstance(question, Slider) else {}
    found = made_of(min_value=question.minimum, max_value=question.maximum, **step)
    found.error_messages |= {"min_value": TOO_LOW, "max_value": TOO_HIGH}
    for validator in found.validators:
        validator.message = OF_NUMBERS[validator.code]
    return _with_messages(found, question, "required", "invalid")


@_field.register
def _words(question: Words, options):
    found = forms.CharField(
        max_length=question.maximum,
        widget=forms.Textarea(attrs={"rows": question.rows, "maxlength": question.maximum}),
        error_messages={"max_length": TOO_LONG},
        validators=[AtLeastLetters(question.letters)],
    )
    return _with_messages(found, question, "required")


def _with_messages(field: forms.Field, question: Question, *codes: str) -> forms.Field:
    field.error_messages |= dict.fromkeys(codes, _(question.missing))
    return field


class EligibilityForm(QuestionForm):
    """Whether each of the study's criteria is met; stored is only what decides, and what isn't met."""

    def build(self):
        eligible, _unmet = self._declared
        worded = labels_of(self.definition["parameters"]["eligibility"])
        self.criteria = {f"criterion_{number}": criterion for number, criterion in enumerate(worded, start=1)}
        for name, criterion in self.criteria.items():
            self.fields[name] = self.field(eligible, worded[criterion])

    def clean(self):
        unmet = [criterion for name, criterion in self.criteria.items() if self.cleaned_data.get(name) is False]
        return {"eligible": not unmet, "unmet": " | ".join(unmet)}

    def values(self, answer):
        unmet = answer.get("unmet", "").split(" | ")
        return {name: criterion not in unmet for name, criterion in self.criteria.items()}


def submitted(form, answer: dict) -> Pairs:
    """Return a stored answer as the browser submitted it."""
    values = form.values(answer)
    return [pair for name, field in form.fields.items() for pair in _pairs(name, field, values.get(name))]


def _pairs(name: str, field: forms.Field, value) -> Pairs:
    if value is None or value == "":
        return []
    if isinstance(field, forms.BooleanField):
        return [(name, "on")] if value else []
    values = value if isinstance(value, list | tuple) else [value]
    return [(name, _raw(field, item)) for item in values]


def _raw(field: forms.Field, value) -> str:
    coerce = getattr(field, "coerce", str)
    for choice, _label in getattr(field, "choices", ()):
        if choice not in (None, "") and coerce(str(choice)) == value:
            return str(choice)
    return str(value)
