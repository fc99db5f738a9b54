"""Form fields for what a kind declares: one field per parameter, with its help, default and limits."""

from math import ceil, floor
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting

from studyapp.core.engine.kinds import Parameter
from studyapp.core.engine.parameters import in_words, problem
from studyapp.core.storable import storable
from studyapp.core.texts import words

from .rows_field import RowsField


def parameter_field(parameter: Parameter) -> forms.Field:
    """Return the field that edits a parameter; what it cleans to fits the parameter."""
    field = _FIELDS[parameter.type](parameter)
    field.label = words(parameter.name)
    field.help_text = f"{parameter.description} Default: {_shown(parameter)}."
    if parameter.marked:
        field.help_text += f' <a href="../../marks/{parameter.name}/">Draw them on the pictures</a>.'
    field.validators.append(_Fits(parameter))
    return field


class _Fits:
    """Validate what a field cleaned to against the parameter's declaration."""

    def __init__(self, parameter: Parameter):
        self.parameter = parameter

    def __call__(self, value):
        if expected := problem(self.parameter, value):
            raise ValidationError(f"Expected {expected}.")
        if storable(value) != value:
            raise ValidationError("Null characters are not allowed.")


class LinesField(forms.CharField):
    """A list of texts, one per line."""

    widget = forms.Textarea

    def to_python(self, value) -> Any:
        """Return the texts as a list, where CharField's value is one text."""
        lines = value.splitlines() if isinstance(value, str) else value or []
        return [line.strip() for line in lines if line.strip()]

    def prepare_value(self, value):
        return "\n".join(value) if isinstance(value, list) else value

    def has_changed(self, initial, data):
        return self.to_python(initial) != self.to_python(data)


class CountsWidget(forms.MultiWidget):
    """One small number field per name."""

    template_name = "admin/studyapp/counts.html"

    def __init__(self, names):
        self.names = names
        super().__init__(dict.fromkeys(names, forms.NumberInput))

    def decompress(self, value):
        return [(value or {}).get(name) for name in self.names]

    def render(self, name, value, attrs=None, renderer=None):
        return super().render(name, value, attrs, TemplatesSetting())

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        for label, widget in zip(self.names, context["widget"]["subwidgets"], strict=True):
            widget["label"] = label
        return context


class CountsField(forms.MultiValueField):
    """A whole number for each of some fixed names."""

    def __init__(self, names, **options):
        self.names = list(names)
        fields = [forms.IntegerField(min_value=0) for _ in self.names]
        super().__init__(fields, widget=CountsWidget(self.names), **options)

    def compress(self, values) -> dict[str, int]:
        return dict(zip(self.names, values, strict=True)) if values else {}


def _integer(parameter: Parameter) -> forms.Field:
    lowest = None if parameter.minimum is None else ceil(parameter.minimum)
    highest = None if parameter.maximum is None else floor(parameter.maximum)
    return forms.IntegerField(min_value=lowest, max_value=highest)


def _number(parameter: Parameter) -> forms.Field:
    return forms.FloatField(min_value=parameter.minimum, max_value=parameter.maximum)


def _choice(parameter: Parameter) -> forms.Field:
    return forms.ChoiceField(choices=[(value, words(value)) for value in parameter.choices])


def _list(parameter: Parameter) -> forms.Field:
    if parameter.columns:
        return RowsField(parameter.columns, required=False)
    rows = max(2, min(8, len(parameter.default) + 1))
    return LinesField(required=False, widget=forms.Textarea(attrs={"rows": rows}))


_FIELDS = {
    "text": lambda parameter: forms.CharField(required=False),
    "integer": _integer,
    "number": _number,
    "boolean": lambda parameter: forms.BooleanField(required=False),
    "choice": _choice,
    "list": _list,
    "object": lambda parameter: CountsField(parameter.default),
}


def _shown(parameter: Parameter) -> str:
    if parameter.choices:
        return words(parameter.default)
    return in_words(parameter.default) or "empty"
