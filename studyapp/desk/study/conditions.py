"""A study's conditions as a table edited in place, with live numbers and previews."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from studyapp import models
from studyapp.bundles.stimuli import reader
from studyapp.core.engine import display_settings
from studyapp.core.engine.kinds import METHODS, Factor, kind
from studyapp.core.texts import words
from studyapp.desk.by_role import ByRole
from studyapp.desk.labelled import LabelledFormSet

from .forms import condition
from .numbers import counted

FACTOR = "factor__"


def condition_form(study: models.Study) -> type[forms.ModelForm]:
    """Return the form of one condition: a choice per factor of the study's kind."""
    factors = display_settings.factors(kind(study.kind), study.display)
    methods = reader(study.bundle).titles("methods") if study.bundle else {}
    fields = {f"{FACTOR}{factor.name}": _factor_field(factor, methods) for factor in factors}
    return type("KindConditionForm", (ConditionForm,), {"factors": factors, **fields})


class ConditionForm(forms.ModelForm):
    """A condition; its levels are fixed once somebody was assigned to it."""

    factors: tuple[Factor, ...] = ()

    def __init__(self, *args, instance=None, **kwargs):
        levels = {f"{FACTOR}{name}": level for name, level in (instance.factors if instance else {}).items()}
        super().__init__(*args, instance=instance, **kwargs | {"initial": levels | (kwargs.get("initial") or {})})
        self.fields["name"].required = False
        self.fields["name"].help_text = "left empty: named after its levels"
        for name, level in levels.items():
            if name not in self.fields:  # a display that the study no longer varies
                continue
            self._offer(name, level)
            self.fields[name].disabled = bool(instance.pk and instance.participants.exists())

    def clean(self):
        cleaned = super().clean()
        levels = {factor.name: cleaned.get(f"{FACTOR}{factor.name}") for factor in self.factors}
        if None not in levels.values():
            self.instance.factors = levels
            cleaned["name"] = cleaned.get("name") or condition(levels)["name"]
        return cleaned

    def _offer(self, name: str, level: str) -> None:
        field = cast(forms.ChoiceField, self.fields[name])
        choices: list[Any] = list(cast("Iterable[Any]", field.choices))
        if level not in dict(choices):
            field.choices = [*choices, (level, words(level))]


class ConditionInline(ByRole, admin.TabularInline):
    action_by_permission = {"view": "view", "add": "change", "change": "change", "delete": "change"}
    model = models.Condition
    formset = LabelledFormSet
    template = "admin/studyapp/study/conditions.html"
    extra = 0
    readonly_fields = ("completed", "active", "preview")

    def get_queryset(self, request):
        return counted(super().get_queryset(request))

    def get_formset(self, request, obj=None, **kwargs):
        fields = ["name", *_factor_fields(obj), "quota", "open"]
        return super().get_formset(request, obj, form=condition_form(obj), fields=fields, **kwargs)

    def get_fields(self, request, obj=None):
        return ["name", *_factor_fields(obj), "quota", "open", *self.readonly_fields]

    @admin.display(description="Completed")
    def completed(self, cell):
        if cell.pk is None:
            return ""
        if not cell.quota:
            return cell.n_completed
        return format_html(
            '<meter min="0" max="{}" value="{}"></meter> {} of {}',
            cell.quota,
            cell.n_completed,
            cell.n_completed,
            cell.quota,
        )

    @admin.display(description="Active")
    def active(self, cell):
        return "" if cell.pk is None else cell.n_active

    @admin.display(description="")
    def preview(self, cell):
        if cell.pk is None:
            return ""
        address = reverse("preview", args=[cell.study.slug, cell.name])
        return format_html(
            '<button type="submit" form="preview-form" formaction="{}" class="hw-small">Preview</button>', address
        )


def _factor_fields(study: models.Study) -> list[str]:
    return [f"{FACTOR}{factor.name}" for factor in display_settings.factors(kind(study.kind), study.display)]


def _factor_field(factor: Factor, methods: dict[str, str]) -> forms.ChoiceField:
    levels = dict.fromkeys([*factor.levels, *(methods if factor.offered == METHODS else [])])
    choices = [(level, methods.get(level) or words(level)) for level in levels]
    return forms.ChoiceField(label=words(factor.name), help_text=factor.description, choices=choices)
