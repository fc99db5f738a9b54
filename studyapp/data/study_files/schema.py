"""The JSON Schema of study files, written from what the kinds declare, so that editors complete and check them.

It says what a file may hold, as `parsing` does; what only a bundle or a database can tell is left to loading.
"""

from typing import Any, cast

from django.db import models as fields

from studyapp import models
from studyapp.core.display import CHOICES, RANGES, colour_tables
from studyapp.core.engine.display_settings import LEVEL, MOST_LEVELS
from studyapp.core.engine.kinds import Column, Factor, Kind, Parameter, kinds
from studyapp.core.heatmaps import displays
from studyapp.core.questionnaires import schema as questionnaires
from studyapp.core.variants import schema as variants
from studyapp.core.variants.reading import ENTRY
from studyapp.publishing.translations import MOST_LANGUAGES

from .format import FIELDS, FORMAT, FORMAT_VERSION

DRAFT = "https://json-schema.org/draft/2020-12/schema"
SLUG = "^[-a-zA-Z0-9_]+$"
AMOUNT = r"^[0-9]{1,5}(\.[0-9]{1,2})?$"
ANY_TEXT = {"type": "string", "minLength": 1}


def schema() -> dict:
    """Return the schema of all kinds' files: what they share, then by kind its parameters, texts and conditions."""
    registered = [study_kind for _, study_kind in sorted(kinds().items())]
    sections = {
        name: _object({key: _model_field(field) for key, field in of_section.items()})
        for name, of_section in FIELDS.items()
        if name
    }
    return {
        "$schema": DRAFT,
        "title": "A Heatwise study",
        "description": "A study as one file. What is left out has its default.",
        **_object(
            {
                "$schema": {"type": "string", "description": "where this schema lies, for editors"},
                "format": {"const": FORMAT},
                "format_version": {"const": FORMAT_VERSION},
                "kind": {"enum": [study_kind.name for study_kind in registered]},
                **{key: _model_field(field) for key, field in FIELDS[""].items()},
                "bundle": _bundle(),
                "parameters": {"type": "object", "description": "settings; those left out have their defaults"},
                "texts": {"type": "object", "description": "what participants read, in Markdown"},
                "display": _display(),
                "conditions": {"type": "array", "description": "the cells of the design"},
                "questionnaires": questionnaires.schema(),
                "variants": variants.schema(),
                "translations": _translations(),
                **sections,
                "analysis_plan": {"type": "object", "description": "as `python -m analysis plan` writes it"},
                "stimuli": {"type": "object", "description": "as the study drew them; left out: drawn by the seed"},
            },
            required=["format", "format_version", "kind", "slug", "title"],
        ),
        "allOf": [_of_kind(study_kind) for study_kind in registered],
    }


def _of_kind(study_kind: Kind) -> dict:
    pages = {key: page.name for page in study_kind.pages for key in page.texts}
    texts = {
        key: {"type": "string"} | ({"description": f"on the page “{pages[key]}”"} if key in pages else {})
        for key in study_kind.texts()
    }
    return {
        "if": {"properties": {"kind": {"const": study_kind.name}}, "required": ["kind"]},
        "then": {
            "title": study_kind.title,
            "description": study_kind.summary,
            "properties": {
                "parameters": _object({one.name: _parameter(one) for one in study_kind.parameters}),
                "texts": _object(texts),
                "conditions": {"items": _condition(study_kind.factors)},
                "variants": {"items": {"properties": {"texts": {"propertyNames": {"enum": _varied(study_kind)}}}}},
            },
        },
    }


def _varied(study_kind: Kind) -> list[str]:
    """Return the names of the texts that can have other words by condition: at the front door nobody has one yet."""
    return [key for key in study_kind.texts() if key != ENTRY]


def _condition(factors: tuple[Factor, ...]) -> dict:
    levels = {factor.name: _factor(factor) for factor in factors}
    display = {displays.FACTOR: {"type": "string", "description": "one of the display's levels, where these vary so"}}
    return _object(
        {
            "name": {"type": "string", "pattern": SLUG, "maxLength": 80},
            "factors": _object(levels | display, required=list(levels)),
            "quota": {"type": ["integer", "null"], "minimum": 0, "description": "completed runs wanted; null: any"},
            "open": {"type": "boolean", "description": "whether anybody new is assigned"},
        },
        required=["name", "factors"],
    )


def _factor(factor: Factor) -> dict:
    known = {**ANY_TEXT, "examples": list(factor.levels)} if factor.open else {"enum": list(factor.levels)}
    return known | {"description": factor.description}


def _parameter(parameter: Parameter) -> dict:
    limits = {"minimum": parameter.minimum, "maximum": parameter.maximum}
    return {
        "description": parameter.description,
        "default": parameter.default,
        **_TYPES[parameter.type](parameter),
        **{name: value for name, value in limits.items() if value is not None},
        **({"enum": list(parameter.choices)} if parameter.choices else {}),
    }


def _list(parameter: Parameter) -> dict:
    return {"type": "array", "items": _row(parameter.columns) if parameter.columns else {"type": "string"}}


def _row(columns: tuple[Column, ...]) -> dict:
    cells = [{"type": "string", "pattern": r"\S", "title": column.name} for column in columns]
    return {"type": "array", "prefixItems": cells, "items": False, "minItems": len(cells)}


def _counts(parameter: Parameter) -> dict:
    return _object({name: {"type": "integer", "minimum": 0} for name in parameter.default})


_TYPES = {
    "text": lambda parameter: {"type": "string"},
    "integer": lambda parameter: {"type": "integer"},
    "number": lambda parameter: {"type": "number"},
    "boolean": lambda parameter: {"type": "boolean"},
    "choice": lambda parameter: {"type": "string"},
    "list": _list,
    "object": _counts,
}


def _display() -> dict:
    """Return how heatmaps look: a display's fields, others for some methods, and several displays as levels."""
    about = {
        "floor": "what is drawn as nothing: the value that means no effect, or the map's lowest",
        "sign": "what lies above the floor, or what lies below it as well",
        "smoothing": "σ of a Gaussian, in percent of the picture's width; left out: 0.8 of pixelwise methods, else 0",
        "scale": "whose peaks the colours' end stands for",
        "percentile": "of a map's magnitude that is its peak",
        "style": "how the map lies on the photograph",
        "colours": "left out: Reds, or RdBu_r with both signs",
        "opacity": "of the colours at the end of the scale",
    }
    known: dict[str, dict] = {name: {"enum": list(choices)} for name, choices in CHOICES.items()}
    known |= {name: {"type": "number", "minimum": low, "maximum": high} for name, (low, high) in RANGES.items()}
    known["colours"] = {"enum": list(colour_tables())}
    own = {name: known[name] | {"description": about[name]} for name in displays.FIELDS}
    by_method = {"type": "object", "additionalProperties": _object(own), "description": "other fields, by method"}
    levels = {
        "type": "object",
        "description": "displays to compare, by name: what differs from the study's",
        "propertyNames": {"pattern": f"^{LEVEL.pattern}$"},
        "additionalProperties": _object(own | {"methods": by_method}),
        "maxProperties": MOST_LEVELS,
    }
    varies = {"enum": [displays.BETWEEN, displays.WITHIN], "description": "whom the levels vary between"}
    display = _object(own | {"methods": by_method, "levels": levels, "varies": varies})
    return display | {"description": "how heatmaps look; what is left out is as usual"}


def _translations() -> dict:
    """Return what a study is in further languages; which keys there are is up to the study's own texts."""
    text = {"type": "string", "pattern": r"\S"}
    earlier = _object({"source": text, "text": text}, required=["source", "text"])
    texts = {
        "type": "object",
        "description": "by text, as in texts.consent, classes.cat or words.Next; with the source that it translates "
        "where this was another one",
        "additionalProperties": {"anyOf": [text, earlier]},
    }
    about = "the study in further languages, by their codes; of its own language what classes and the interface say"
    return {"type": "object", "description": about, "additionalProperties": texts, "maxProperties": MOST_LANGUAGES}


def _bundle() -> dict:
    place = {"type": "string"}
    path = {
        "description": "the bundle's folder, from this file; or each data set's",
        "anyOf": [place, {"type": "object", "minProperties": 1, "additionalProperties": place}],
    }
    return _object({"name": {"type": "string"}, "sha256": {"type": "string"}, "path": path})


def _model_field(name: str) -> dict:
    """Return what a field of a study holds, as its model has it."""
    field = cast("fields.Field[Any, Any]", models.Study._meta.get_field(name))
    about = {"description": str(field.help_text)} if field.help_text else {}
    match field:
        case fields.SlugField():
            return about | {"type": "string", "pattern": SLUG, "maxLength": field.max_length}
        case fields.CharField():
            shortest = {} if field.blank else {"minLength": 1}
            return about | {"type": "string", "maxLength": field.max_length} | shortest
        case fields.DecimalField():
            amounts = [{"type": "number", "minimum": 0}, {"type": "string", "pattern": AMOUNT}]
            return about | {"anyOf": amounts}
        case fields.BooleanField():
            return about | {"type": "boolean"}
    lowest = {"minimum": 0} if isinstance(field, fields.PositiveIntegerField) else {}
    return about | {"type": ["integer", "null"] if field.null else "integer"} | lowest


def _object(properties: dict, required: list[str] | None = None) -> dict:
    found = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": required} if required else {})
