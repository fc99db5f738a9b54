"""Tables of rows that are edited: each field is named for screen readers, as the column's head doesn't do it."""

from django import forms

from studyapp.core.texts import words


class LabelledFormSet(forms.BaseInlineFormSet):
    """A table's fields, each with a name of its own."""

    def add_fields(self, form, index):
        super().add_fields(form, index)
        for name, field in form.fields.items():
            field.widget.attrs["aria-label"] = field.label or words(name)
