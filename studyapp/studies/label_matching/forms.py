"""The forms of label matching."""

from functools import partial

from django import forms
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from studyapp.core.engine.run import called
from studyapp.core.texts import kept
from studyapp.forms import QuestionForm, StepForm

from .boxes import box_names, letter

MAX_MOVES = 9999


class ChooseForm(QuestionForm):
    """Which of the two pairs comes first, each by its labels."""

    def build(self):
        super().build()
        name_of = partial(called, self.definition)
        labels = {pair["name"]: map(name_of, pair["labels"]) for pair in self.definition["stimuli"]["pairs"]}
        self.fields["first"].choices = [(name, _pair(*labels[name])) for name in self.step["data"]["pairs"]]


class GuessForm(StepForm):
    """One label for each box, from left to right; stored with the number of moves it took, where scripts ran."""

    moves = forms.IntegerField(required=False, min_value=0, max_value=MAX_MOVES, widget=forms.HiddenInput)

    def build(self):
        tray = self.step["data"]["tray_order"]
        for number, name in enumerate(box_names(tray), start=1):
            empty = _("Box %(letter)s needs a label. Unsure? Pick any.")
            self.fields[name] = forms.ChoiceField(
                label=_("Label for heatmap %(letter)s") % {"letter": letter(number)},
                choices=[("", _("No label yet")), *((label, called(self.definition, label)) for label in tray)],
                error_messages={"required": empty % {"letter": letter(number)}},
                widget=forms.Select(attrs={"translate": "no"}),
            )

    def clean(self):
        boxes = {name: self.cleaned_data.get(name) for name in box_names(self.step["data"]["tray_order"])}
        seen = set()
        for name, label in boxes.items():
            if label in seen:
                self.add_error(
                    name,
                    _("“%(label)s” is in two boxes; each label fits one.") % {"label": called(self.definition, label)},
                )
            seen.update([label] if label else [])
        return {"response": list(boxes.values()), "moves": self.cleaned_data.get("moves")}

    def values(self, answer):
        boxes = box_names(answer["response"])
        return dict(zip(boxes, answer["response"], strict=True)) | {"moves": answer["moves"]}


def _pair(first: str, second: str) -> str:
    return mark_safe(_("“%(first)s” and “%(second)s”") % {"first": kept(first), "second": kept(second)})
