"""The forms of clustering."""

from django import forms
from django.utils.translation import gettext_lazy as _

from studyapp.core.texts import plain
from studyapp.forms import CHOOSE, StepForm, free_text, likert

from .groups import group_names, picture_names

MAX_MOVES = 9999
QUESTIONS = {
    "gender": (_("What is your gender?"), "genders"),
    "age": (_("How old are you?"), "ages"),
    "computing_courses": (_("How many courses in computing have you taken?"), "courses"),
    "ai_courses": (_("How many courses in artificial intelligence have you taken?"), "courses"),
}


class DemographicsForm(StepForm):
    """Who the participant is, in four questions."""

    def build(self):
        for name, (question, options) in QUESTIONS.items():
            self.fields[name] = forms.ChoiceField(
                label=question,
                choices=[(option, option) for option in self.definition["parameters"][options]],
                widget=forms.RadioSelect,
                error_messages={"required": CHOOSE, "invalid_choice": CHOOSE},
            )


class SortForm(StepForm):
    """A group for each picture; stored with the number of moves it took, where scripts ran."""

    moves = forms.IntegerField(required=False, min_value=0, max_value=MAX_MOVES, widget=forms.HiddenInput)

    def build(self):
        groups = [(name, _("Group %(name)s") % {"name": name}) for name in group_names(self.definition)]
        for number, name in enumerate(self._names.values(), start=1):
            self.fields[name] = forms.ChoiceField(
                label=_("Group of picture %(number)s") % {"number": number},
                choices=[("", _("No group yet")), *groups],
                error_messages={"required": _("No group yet")},
            )

    def clean(self):
        placement = {image_id: self.cleaned_data.get(name) for image_id, name in self._names.items()}
        missing = set(group_names(self.definition)) - set(placement.values())
        if missing and all(placement.values()) and self.definition["parameters"]["require_all_groups"]:
            self.add_error(None, _("Every group needs a picture; group %(name)s has none.") % {"name": min(missing)})
        return {"placement": placement, "moves": self.cleaned_data.get("moves")}

    def values(self, answer):
        placed = {name: answer["placement"][image_id] for image_id, name in self._names.items()}
        return placed | {"moves": answer["moves"]}

    @property
    def _names(self) -> dict[str, str]:
        return picture_names(self.step["data"]["images"])


class ConfidenceForm(StepForm):
    """How sure the participant is of the groups just made."""

    def build(self):
        question = plain(self.definition["texts"]["confidence"], {})
        self.fields["level"] = likert(self.definition["parameters"]["confidence_labels"], question)


class AgentsForm(StepForm):
    """A rating of each stage's agent, in the order in which they were met."""

    def build(self):
        labels = self.definition["parameters"]["rating_labels"]
        for number, agent in enumerate(self.step["data"]["agents"], start=1):
            described = plain(self.definition["texts"][f"agent_{agent['help']}"], agent)
            question = _("Part %(part)s: %(agent)s") % {"part": agent["part"], "agent": described}
            field = likert(labels[::-1], question)
            field.choices = field.choices[::-1]
            self.fields[f"rating_{number}"] = field

    def clean(self):
        names = {f"rating_{number}": agent["stage"] for number, agent in enumerate(self.step["data"]["agents"], 1)}
        return {"ratings": {stage: self.cleaned_data.get(name) for name, stage in names.items()}}

    def values(self, answer):
        agents = enumerate(self.step["data"]["agents"], start=1)
        return {f"rating_{number}": answer["ratings"][agent["stage"]] for number, agent in agents}


class ClosingForm(StepForm):
    """How difficult it was, and what else there is to say."""

    difficulty = likert(
        [_("0, not at all"), *map(str, range(1, 7)), _("7, extremely")],
        _("How difficult was it to group the pictures?"),
    )
    comments = free_text(_("Is there anything you would like to tell us?"), help_text=_("Optional"), rows=4)

    def build(self):
        self.fields["comments"].required = False

    def clean(self):
        point = self.cleaned_data.get("difficulty")
        return self.cleaned_data | {"difficulty": None if point is None else point - 1}

    def values(self, answer):
        return answer | {"difficulty": answer["difficulty"] + 1}
