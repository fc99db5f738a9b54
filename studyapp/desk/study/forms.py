"""The forms of a study: what is asked when it is added, and all of it afterwards."""

from functools import cache
from itertools import product

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils.html import format_html

from studyapp import models
from studyapp.bundles.pairing import pairs_of
from studyapp.bundles.stimuli import reader
from studyapp.core.bundles.pairs import labels_of
from studyapp.core.engine import fillings
from studyapp.core.engine.kinds import METHODS, Kind, Parameter, Start, kind, kinds
from studyapp.core.languages import tags
from studyapp.core.texts import words
from studyapp.data import audit
from studyapp.models.studies import require_currency, require_language

from .parameter_fields import parameter_field
from .rows_field import RowsField
from .sections import PARAMETER, TEXT, Section

EVERYBODY = "everybody"
SHORT_NAME = "Short name"


class AddStudyForm(forms.ModelForm):
    """A new study: its name, what it starts from, and its bundle; a kind or one of its starts fills in the rest."""

    kind = forms.ChoiceField(label="Start from", widget=forms.RadioSelect)

    class Meta:
        model = models.Study
        fields = ("title", "slug", "kind", "bundle")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["slug"].label = SHORT_NAME
        self.fields["bundle"].help_text = format_html(
            '<a href="{}">Load one</a>, or choose it later', reverse("admin:load_bundle")
        )
        self.fields["kind"].choices = [start for study_kind in kinds().values() for start in _starts(study_kind)]

    def clean_kind(self) -> str:
        name, _, start = self.cleaned_data["kind"].partition(":")
        self.start = next((found for found in kind(name).starts if found.name == start), None)
        return name

    def conditions(self) -> list[dict]:
        """Return the new study's conditions: those of its start, or every combination of its factors' levels.

        Those that show a method which the bundle lacks are left out, as `instance.left_out`, unless none would remain.
        """
        study_kind, bundle = kind(self.instance.kind), self.instance.bundle
        own = self.start.conditions if self.start else ()
        cells = [dict(cell) for cell in own] or crossed_conditions(study_kind)
        methods = reader(bundle).offered(METHODS) if bundle else ()
        shown = [factor for factor in study_kind.factors if factor.offered == METHODS and bundle]
        kept = [cell for cell in cells if all(cell["factors"][one.name] in (*methods, *one.choices) for one in shown)]
        self.instance.left_out = [cell["name"] for cell in cells if cell not in kept] if kept else []
        return kept or cells

    def save(self, commit=True):
        if self.start:
            self.instance.parameters, self.instance.texts = dict(self.start.parameters), dict(self.start.texts)
        return super().save(commit)


def _starts(study_kind: Kind) -> list[tuple[str, str]]:
    """Return what one can start a kind's study from, each with its words: its starts, or its defaults."""
    if not study_kind.starts:
        return [(study_kind.name, _choice_label(study_kind))]
    return [(f"{study_kind.name}:{found.name}", _choice_label(found)) for found in study_kind.starts]


def _choice_label(start: Kind | Start) -> str:
    return format_html("<span><strong>{}.</strong> {}</span>", start.title, start.summary)


class StudyForm(forms.ModelForm):
    """A section of a study, with a field for each of its parameters and texts; what differs from defaults is stored.

    What other sections edit stays as it is, and mistakes in it are told on their own pages.
    """

    study_kind: Kind
    section: Section

    def __init__(self, *args, instance, **kwargs):
        parameters = self.study_kind.defaults(instance.language) | instance.parameters
        texts = self.study_kind.texts(instance.language) | instance.texts
        initial = {f"{PARAMETER}{name}": value for name, value in parameters.items()}
        initial |= {f"{TEXT}{key}": text.strip() for key, text in texts.items()}
        super().__init__(*args, instance=instance, **kwargs | {"initial": initial | (kwargs.get("initial") or {})})
        if "language" in self.fields:
            self.fields["language"].help_text = "of its texts: a code such as en, de, fr or pt-br"
            self.fields["language"].widget = forms.TextInput(attrs={"size": 12})
        for parameter in self.study_kind.parameters:
            name, present = f"{PARAMETER}{parameter.name}", parameters[parameter.name]
            if parameter.offered and name in self.fields:
                self.fields[name] = _chosen(parameter, self.fields[name], instance.bundle, present)
            if parameter.columns and name in self.fields:
                _offer(parameter, self.fields[name], instance.bundle, present)
        if "slug" in self.fields:
            self.fields["slug"].label = SHORT_NAME
        if "seed" in self.fields:
            self.fields["seed"].show_hidden_initial = False

    def clean_language(self):
        require_language(self.cleaned_data["language"])
        return tags.canonical(self.cleaned_data["language"])

    def clean_currency(self):
        require_currency(self.cleaned_data["currency"])
        return self.cleaned_data["currency"]

    def clean_analysis_plan(self):
        return self.cleaned_data["analysis_plan"] or {}

    def clean(self):
        cleaned = super().clean()
        concerned = self.section.concerns(self.study_kind)
        if meanwhile := audit.edited_since(self.instance, self.data.get("seen", ""), concerned):
            raise forms.ValidationError(
                f"Since this page was opened, {meanwhile}. To keep that, copy what you have typed and load the page "
                "anew. Saving once more puts what stands here in its place."
            )
        language = self.instance.language  # the one that the form was filled with: what stayed as it was isn't stored
        defaults, texts = self.study_kind.defaults(language), self.study_kind.texts(language)
        self.instance.parameters = self._differing(cleaned, PARAMETER, defaults, self.instance.parameters)
        self.instance.texts = self._differing(cleaned, TEXT, texts, self.instance.texts)
        for key, problem in fillings.problems(self.study_kind, self.instance.texts).items():
            if f"{TEXT}{key}" in self.fields:
                self.add_error(f"{TEXT}{key}", problem)
        if any(name.startswith(PARAMETER) or name in ("bundle", "seed") for name in self.changed_data):
            self.instance.stimuli = None
        return cleaned

    def add_error(self, field, error):
        """Leave out what is wrong with a field that another section has."""
        if hasattr(error, "error_dict"):
            error.error_dict = {name: found for name, found in error.error_dict.items() if name in self._own_fields}
        super().add_error(field, error)

    @property
    def _own_fields(self) -> set[str]:
        return {*self.fields, NON_FIELD_ERRORS}

    def _differing(self, cleaned: dict, prefix: str, defaults: dict, stored: dict) -> dict:
        """Return what to store: of what this section edits that which differs from the defaults, all else as it was."""
        edited = {name for name in defaults if prefix + name in self.fields}
        given = {name: _plain(cleaned[prefix + name]) for name in edited if prefix + name in cleaned}
        kept = {name: value for name, value in stored.items() if name not in edited}
        found = kept | {name: value for name, value in given.items() if value != _plain(defaults[name])}
        return {name: found[name] for name in [*defaults, *kept] if name in found}


def _chosen(parameter: Parameter, typed: forms.Field, bundle: models.Bundle | None, present: list) -> forms.Field:
    """Return the field in which values of the bundle are ticked; while there is none, the one in which they are typed.

    Those chosen come first, in their order, so that saving keeps it; one that the bundle lacks is said to be missing.
    """
    if bundle is None:
        typed.help_text += f" Choose a bundle and save: then its {parameter.offered} can be ticked here."
        return typed
    counts = _offered(parameter.offered, bundle, present)
    outcomes = _outcomes(bundle) if parameter.offered == "classes" else {}
    words = {name: f"{name} ({n} image{pluralize(n)}{outcomes.get(name, '')})" for name, n in counts.items()}
    lacking = {name: f"{name} (not in this bundle)" for name in present if name not in counts}
    ordered = dict.fromkeys([*present, *counts])
    return forms.MultipleChoiceField(
        label=typed.label,
        help_text=typed.help_text,
        required=False,
        choices=[(name, (words | lacking)[name]) for name in ordered],
        widget=forms.CheckboxSelectMultiple,
        validators=typed.validators,
    )


def _outcomes(bundle: models.Bundle) -> dict[str, str]:
    """Return how many images of each class the model recognised, missed and falsely reported, in words."""
    counts = reader(bundle).outcome_counts()
    return {
        name: f": {', '.join(f'{n[outcome]} {outcome}' for outcome in ('TP', 'FN', 'FP'))}"
        for name, n in counts.items()
        if n
    }


def _offered(what: str, bundle: models.Bundle, present: list) -> dict[str, int]:
    """Return what the bundle has, each with the number of its images; a pair's labels are in the study's order."""
    if what != "pairs":
        return reader(bundle).offered(what)
    written = {frozenset(labels_of(name, reader(bundle).classes)): name for name in present}
    return {written.get(frozenset(one.labels), one.name): len(one.images) for one in pairs_of(bundle, 1)}


def _offer(parameter: Parameter, field: RowsField, bundle: models.Bundle | None, present: list) -> None:
    """Let the cells of a table be chosen from what the bundle has; while there is none, they are typed."""
    for place, column in enumerate(parameter.columns):
        if not column.offered:
            continue
        if bundle is None:
            field.help_text += f" Choose a bundle and save: then its {column.offered} can be chosen here."
            continue
        choices = {name: words(name) for name in column.choices}
        choices |= reader(bundle).titles(column.offered)
        used = [row[place] for row in present if isinstance(row, list) and len(row) > place]
        lacking = {name: f"{name} (not in this bundle)" for name in used if name and name not in choices}
        field.offer(column.name, list((choices | lacking).items()))


def _plain(value):
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


@cache
def study_form(name: str, section: Section) -> type[StudyForm]:
    """Return the form of a section of a kind's studies."""
    study_kind = kind(name)
    shown, texts = section.fields(study_kind), study_kind.texts()
    fields: dict[str, forms.Field] = {
        f"{PARAMETER}{one.name}": parameter_field(one)
        for one in study_kind.parameters
        if f"{PARAMETER}{one.name}" in shown
    }
    fields |= {f"{TEXT}{key}": _text_field(key, text) for key, text in texts.items() if f"{TEXT}{key}" in shown}
    return type("SectionForm", (StudyForm,), {"study_kind": study_kind, "section": section, **fields})


def _text_field(key: str, text: str) -> forms.CharField:
    rows = max(3, min(16, text.count("\n") + len(text) // 90 + 2))
    return forms.CharField(label=words(key), required=False, widget=forms.Textarea(attrs={"rows": rows}))


def crossed_conditions(study_kind: Kind) -> list[dict]:
    """Return every combination of the levels that a kind's factors propose, each with a name."""
    names = [factor.name for factor in study_kind.factors]
    combinations = product(*(factor.levels for factor in study_kind.factors))
    return [condition(dict(zip(names, levels, strict=True))) for levels in combinations]


def condition(factors: dict) -> dict:
    """Return a condition named after its levels."""
    return {"name": "-".join(factors.values()) or EVERYBODY, "factors": factors}
