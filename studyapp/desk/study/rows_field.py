"""A parameter that is a table: rows that are added, removed and put in order, cells typed or chosen."""

from itertools import zip_longest
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting

from studyapp.core.engine.kinds import Column
from studyapp.core.texts import words


class RowsWidget(forms.Widget):
    """Fields of one name for each column, in the order of the rows: moving a row renames nothing."""

    template_name = "admin/studyapp/rows.html"

    def __init__(self, columns: tuple[Column, ...]):
        super().__init__()
        self.columns = columns
        self.choices: dict[str, Any] = {}

    def names(self, name: str) -> list[str]:
        """Return what the fields of each column are called."""
        return [f"{name}__{column.name}" for column in self.columns]

    def value_from_datadict(self, data, files, name) -> list[list[str]]:
        cells = [[cell.strip() for cell in data.getlist(column)] for column in self.names(name)]
        return [list(row) for row in zip_longest(*cells, fillvalue="") if any(row)]

    def value_omitted_from_datadict(self, data, files, name) -> bool:
        return not any(column in data for column in self.names(name))

    def id_for_label(self, id_):
        return f"{id_}_1_1"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        heads = [words(column.name) for column in self.columns]
        shown = [
            [
                {"name": field, "label": head, "value": cell, "choices": self.choices.get(column.name)}
                for field, head, cell, column in zip(self.names(name), heads, row, self.columns, strict=True)
            ]
            for row in _cells(value, len(self.columns))
        ]
        context["widget"] |= {"heads": heads, "rows": shown, "empty": [cell | {"value": ""} for cell in shown[0]]}
        return context

    def render(self, name, value, attrs=None, renderer=None):
        return super().render(name, value, attrs, TemplatesSetting())


def _cells(value: list, width: int) -> list[list[str]]:
    """Return the rows to show, at least one; of one that is no row of the table, as from a file, what there is."""
    rows = [row if isinstance(row, list) else [row] for row in value or [[]]]
    return [[str(cell) for cell in [*row, *[""] * width][:width]] for row in rows]


class RowsField(forms.Field):
    """A list of rows, each a list with a text for each column; rows left empty throughout don't count."""

    def __init__(self, columns: tuple[Column, ...], **options):
        self.columns = columns
        super().__init__(widget=RowsWidget(columns), **options)

    def offer(self, column: str, choices: list[tuple[str, str]]) -> None:
        """Let a column's cells be chosen, each choice with its words, instead of typed."""
        self.widget.choices = self.widget.choices | {column: choices}

    def validate(self, rows):
        for number, row in enumerate(rows, start=1):
            for column, cell in zip(self.columns, row, strict=True):
                choices = self.widget.choices.get(column.name)
                if cell and choices is not None and cell not in dict(choices):
                    raise ValidationError(f"Row {number}: “{cell}” is none of the choices; choose another.")

    def has_changed(self, initial, data):
        return (initial or []) != (data or [])
