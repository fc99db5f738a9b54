"""The forms of clustering."""

from django import forms
from django.utils.translation import gettext_lazy as _

from studyapp.core.texts import plain
from studyapp.forms import QuestionForm, StepForm

from .groups import group_names, picture_names

MAX_MOVES = 9999


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


class AgentsForm(QuestionForm):
    """A rating of each stage's agent, in the order in which they were met, and what was thought of it."""

    def build(self):
        rating, thoughts = self.asked
        for number, agent in enumerate(self.step["data"]["agents"], start=1):
            described = plain(self.definition["texts"][f"agent_{agent['help']}"], agent)
            question = _("Part %(part)s: %(agent)s") % {"part": agent["part"], "agent": described}
            self.fields[f"rating_{number}"] = self.field(rating, question)
            self.fields[f"thoughts_{number}"] = self.field(thoughts)

    def clean(self):
        given = {name: self._of_each(name) for name in ("rating", "thoughts")}
        words = {stage: value for stage, value in given["thoughts"].items() if value}
        return {"ratings": given["rating"], "thoughts": words}

    def values(self, answer):
        rated, words = answer["ratings"], answer.get("thoughts") or {}
        return {
            name: value
            for number, agent in enumerate(self.step["data"]["agents"], start=1)
            for name, value in (
                (f"rating_{number}", rated[agent["stage"]]),
                (f"thoughts_{number}", words.get(agent["stage"], "")),
            )
        }

    def _of_each(self, name: str) -> dict:
        agents = enumerate(self.step["data"]["agents"], start=1)
        return {agent["stage"]: self.cleaned_data.get(f"{name}_{number}") for number, agent in agents}
