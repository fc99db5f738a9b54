"""The form of a questionnaire: all its items at once, or page by page, some asked on others' answers alone."""

import json
from functools import cached_property
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.utils.translation import gettext as _

from studyapp.core.engine.questions import Question, Ranking, Slider, Words
from studyapp.core.questionnaires.items import Item, shown
from studyapp.core.questionnaires.pages import of_step
from studyapp.core.texts import plain
from studyapp.forms import QuestionForm

MAX_SPENT = 40_000
AT, TURN, SEEN, SPENT = "at", "turn", "seen", "spent"


class QuestionnaireForm(QuestionForm):
    """A questionnaire's items in the step's order, each `item-<code>`; a ranking has a field for each option's place.

    Its pages are turned by posting it: `at` is the page that was filled in, from 1, and `turn` whether to go back.
    Without `at` it is answered as a whole. `seen` lists the items that a page without scripts showed; where an answer
    makes others follow that weren't among them, they are shown before the page is left.
    """

    in_pages = True

    def __init__(self, data=None, *args, **kwargs):
        if data is not None:
            data = data.copy()
            for name in [name for name in data if name.startswith("item-")]:
                data.setlist(name, [value for value in data.getlist(name) if value != ""])
        super().__init__(data, *args, **kwargs)

    def build(self):
        self.questionnaire = of_step(self.definition, self.step)
        self.items: dict[str, Item] = {item["code"]: item for item in self.questionnaire["items"]}
        asked = {question.name: question for question in self._declared}
        self.questions: dict[str, Question] = {code: asked[code] for code in self.items}
        for question in self.questions.values():
            self.fields |= self._fields_of(question)
        self.fields[SEEN] = forms.CharField(required=False, widget=forms.HiddenInput)

    def _fields_of(self, question: Question) -> dict[str, forms.Field]:
        item = self.items[question.name]
        label, hint = plain(item["text"], {}), plain(item["hint"], {})
        if not isinstance(question, Ranking):
            fields = {f"item-{question.name}": self.field(question, label)}
        else:
            places = {option: self.field(question, words) for option, words in question.options({}).items()}
            fields = {f"item-{question.name}-{n}": field for n, field in enumerate(places.values(), start=1)}
            for field in fields.values():
                field.widget.attrs["aria-describedby"] = f"error-{next(iter(fields))}"
        for field in fields.values():
            field.required, field.help_text = False, hint
            if isinstance(question, Words) and question.rows == 1:
                field.widget = forms.TextInput(attrs={"maxlength": question.maximum})
            if isinstance(question, Slider):
                field.widget.attrs |= {"data-slider": "", "data-low": question.low, "data-high": question.high}
        return fields

    # Pages

    @property
    def pages(self) -> list[list[str]]:
        """The items' codes, page by page."""
        codes, size = list(self.items), self.questionnaire["per_page"] or len(self.items)
        return [codes[start : start + size] for start in range(0, len(codes), size)]

    @property
    def at(self) -> int:
        """The page that is shown, from 1; 0 where all of them are at once."""
        if not self.is_bound:
            return 1 if len(self.pages) > 1 else 0
        given = str(self.data.get(AT, ""))
        return min(int(given), len(self.pages)) if given.isdecimal() and len(given) < 4 else 0

    @property
    def here(self) -> list[str]:
        """The codes of the page that is shown."""
        return self.pages[self.at - 1] if self.at else list(self.items)

    @property
    def answers(self) -> dict[str, Any]:
        """What is answered so far, as far as it can be read."""
        if not self.is_bound:
            return {}
        found = {}
        for name, field in self.fields.items():
            try:
                found[name] = field.clean(field.widget.value_from_datadict(self.data, {}, name))
            except forms.ValidationError:
                found[name] = None
        return {code: self._stored(code, found) for code in self.items}

    def _stored(self, code: str, found: dict[str, Any]) -> Any:
        """Return what is stored of an item's fields; None where it was left open."""
        question = self.questions[code]
        if not isinstance(question, Ranking):
            value = found.get(f"item-{code}")
            return None if value in ("", []) else value
        options = list(question.options({}))
        places = [found.get(f"item-{code}-{number}") for number in range(1, len(options) + 1)]
        placed = sorted((place, number) for number, place in enumerate(places) if place)
        return [options[number] for _, number in placed] if len({*places}) == len(options) == len(placed) else None

    def clean(self):
        answers = {code: self._stored(code, self.cleaned_data) for code in self.items}
        asked = shown([*self.items.values()], answers)
        for code in self.items:
            if code not in asked:
                for name in self._names(code):
                    self.errors.pop(name, None)
                answers[code] = None
            elif answers[code] is None and not any(name in self.errors for name in self._names(code)):
                self._require(code)
        self.elsewhere = [code for code in self.items if code not in self.here and self._is_wrong(code)]
        for name in [name for code in self.elsewhere for name in self._names(code)]:
            self.errors.pop(name, None)
        self.asked_codes = asked
        return answers

    def _is_wrong(self, code: str) -> bool:
        return any(name in self.errors for name in self._names(code))

    def unfinished(self):
        """Return what is kept while another page is turned to; None where this one was the last, or is to be mended."""
        following = self._turned_to()
        if following is None:
            return None
        kept = [[name, value] for name in self.fields if name != SEEN for value in self._given(name)]
        return [[AT, str(following)], [SPENT, self.data.get(SPENT, "")[:MAX_SPENT]], *kept]

    def _turned_to(self) -> int | None:
        if not self.at:
            return None
        with_items = [number for number, codes in enumerate(self.pages, start=1) if {*codes} & {*self.asked_codes}]
        if self.data.get(TURN) == "previous":
            return max([number for number in with_items if number < self.at], default=1)
        if self.errors:
            return None
        later = [number for number in with_items if number > self.at]
        wrong = [number for number, codes in enumerate(self.pages, start=1) if {*codes} & {*self.elsewhere}]
        return later[0] if later else wrong[0] if wrong else None

    def quiet(self):
        """Show what was kept of it without judging it, and return the form."""
        self._errors, self.cleaned_data = ErrorDict(), {}
        return self

    def values(self, answer):
        """Return the fields' values that clean to `answer`."""
        found: dict[str, Any] = {SEEN: " ".join(self.items)}
        for code, question in self.questions.items():
            value, names = answer.get(code), self._names(code)
            if isinstance(question, Ranking):
                places = {option: place for place, option in enumerate(value or (), start=1)}
                found |= {name: places.get(option) for name, option in zip(names, question.options({}), strict=True)}
            else:
                found[names[0]] = value
        return found

    # What the page shows

    @property
    def part(self) -> dict[str, int] | None:
        """Which page of how many it is; None where there is one."""
        return {"number": self.at, "of": len(self.pages)} if self.at and len(self.pages) > 1 else None

    @property
    def carried(self) -> list[tuple[str, str]]:
        """What other pages' fields hold, as hidden fields."""
        names = [name for code in self.items if code not in self.here for name in self._names(code)]
        return [(name, value) for name in names for value in self._given(name) or [""]]

    def _given(self, name: str) -> list[str]:
        held: Any = self.data  # a QueryDict
        return held.getlist(name) if self.is_bound else []

    @property
    def seen(self) -> str:
        return " ".join(code for code in self.here if code in self._asked_now)

    @property
    def spent(self) -> str:
        return self.data.get(SPENT, "")[:MAX_SPENT] if self.is_bound else ""

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The items shown, those that follow one another with the same labels as one matrix."""
        found: list[dict[str, Any]] = []
        for code in self.here:
            item, row = self.items[code], self._row(code)
            labels = item.get("labels")
            if labels and found and found[-1]["labels"] == labels:
                found[-1]["rows"].append(row)
            else:
                found.append({"type": item["type"], "labels": labels, "rows": [row]})
        return found

    def _row(self, code: str) -> dict[str, Any]:
        item, names = self.items[code], self._names(code)
        return {
            "code": code,
            "item": item,
            "field": self[names[0]],
            "fields": [self[name] for name in names],
            "hidden": code not in self._asked_now,
            "condition": json.dumps(self._posted(item["show_if"])) if item["show_if"] else "",
            "label": plain(item["text"], {}),
            "hint": plain(item["hint"], {}),
        }

    def _posted(self, condition: dict[str, Any]) -> dict[str, Any]:
        """Return a condition in terms of what the form posts: the fields that it is about, and their values."""
        about, names = self.items[condition["item"]], self._names(condition["item"])
        wanted = condition.get("is", [])
        wanted = wanted if isinstance(wanted, list) else [wanted]
        if about["type"] == "ranking":
            options = zip(names, self.questions[about["code"]].options({}), strict=True)
            first = [name for name, option in options if option in wanted]
            return {"item": about["code"], "fields": first, "is": ["1"]}
        shift = about["first"] - 1 if about["type"] == "likert" else 0
        bounds: dict[str, Any] = {
            name: condition[name] - shift for name in ("at_least", "at_most") if name in condition
        }
        values = {"is": [str(one - shift if shift else one) for one in wanted]} if wanted else {}
        return {"item": about["code"], "fields": names, **bounds, **values}

    @cached_property
    def _asked_now(self) -> list[str]:
        return shown([*self.items.values()], self.answers)

    def _require(self, code: str) -> None:
        question, names = self.questions[code], self._names(code)
        begun = isinstance(question, Ranking) and any(self.data.get(name) for name in names)
        seen = self.data.get(SEEN)
        if question.required or begun:
            self.add_error(names[0], _(question.missing))
        elif seen and code in self.here and code not in seen.split():
            self.add_error(names[0], _("This question follows from your answers."))

    def _names(self, code: str) -> list[str]:
        n = len(self.questions[code].options({})) if isinstance(self.questions[code], Ranking) else 0
        return [f"item-{code}-{number}" for number in range(1, n + 1)] or [f"item-{code}"]
