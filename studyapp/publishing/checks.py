"""What a study needs before it can be published, in words."""

from dataclasses import dataclass
from random import Random

from studyapp import models
from studyapp.bundles.stimuli import reader
from studyapp.core.bundles.bundle import Bundle
from studyapp.core.engine import display_settings, fillings, parameters, sizes
from studyapp.core.engine.kinds import Kind, kind, load
from studyapp.core.engine.particulars import PARTICULARS, unstated
from studyapp.core.engine.questions import text_key
from studyapp.core.heatmaps import displays
from studyapp.core.languages.tags import in_order
from studyapp.core.questionnaires import plans
from studyapp.core.texts import addresses, words
from studyapp.core.variants import places
from studyapp.core.variants.applied import worded

from .definition import definition
from .questionnaires import questionnaire_problems
from .translations import wanting
from .values import parameters_of, texts_of, usual_display_of
from .variants import misplaced, variant_problems

LATER = "They are drawn once the rest is ready."
WORDING = "Wording by condition"


@dataclass(frozen=True)
class Check:
    """One thing a study needs before it can be published: how it stands, and what is to mend, in words.

    `wanting` is what people should not launch without though they can, as for a trial among colleagues.
    """

    title: str
    summary: str
    problems: list[str]
    wanting: str = ""


def checks(study: models.Study) -> list[Check]:
    """Return everything a study needs before it can be published, in the order in which it is set up."""
    found = settings_checks(study)
    if any(check.problems for check in found):
        return [*found, Check("Stimuli", "", [LATER])]
    stimuli = _stimuli_checks(study, kind(study.kind))
    if study.variants and not any(check.problems for check in stimuli):
        record = definition(study)
        worded = Check(WORDING, places.summary(record), misplaced(record) or _unfit_words(record, study))
        found = [worded if check.title == WORDING else check for check in found]
    return [*found, *stimuli]


def settings_checks(study: models.Study) -> list[Check]:
    """Return what is found in what researchers set, without drawing stimuli: quick enough for every page about it."""
    cells = list(study.conditions.all())
    study_kind = kind(study.kind)
    asked = questionnaire_problems(study_kind, study.questionnaires, [cell.name for cell in cells])
    return [
        _bundle_check(study.bundle),
        Check("Conditions", f"{sum(cell.open for cell in cells)} open of {len(cells)}", _cell_problems(cells)),
        Check("Parameters", _edited(study.parameters), _parameter_problems(study, study_kind)),
        *_information_check(study_kind, study),
        _texts_check(study, study_kind),
        *_plan_check(study.analysis_plan),
        Check("Display", _looks(study), _display_problems(study, cells)),
        *([Check("Questionnaires", _counts(study.questionnaires, asked), asked)] if study.questionnaires else []),
        *([Check(WORDING, "", [] if asked else _variant_problems(study, cells))] if study.variants else []),
        *_languages_check(study),
    ]


def _languages_check(study: models.Study) -> list[Check]:
    """Return which languages the study has beside its own, and what is not translated; nothing where it has none."""
    if not study.translations:
        return []
    return [Check("Languages", ", ".join(in_order(study.language, study.translations)), [], wanting(study))]


def problems(study: models.Study) -> list[str]:
    """Return what is missing before the study can be published, one sentence each; empty when it is ready."""
    return [problem for check in checks(study) for problem in check.problems if problem != LATER]


def _information_check(study_kind: Kind, study: models.Study) -> list[Check]:
    """Return whether participants are told who does the study and what becomes of the data."""
    asked = [parameter.name for parameter in study_kind.parameters if parameter.name in PARTICULARS]
    open_ones = unstated(parameters_of(study))
    named = ", ".join(name.replace("_", " ") for name in open_ones)
    wanting = f"Ethics boards want these on the information page: {named}." if open_ones else ""
    return [Check("Information page", f"{len(asked)} particulars stated", [], wanting)] if asked else []


def _bundle_check(bundle: models.Bundle | None) -> Check:
    if bundle is None:
        return Check("Bundle", "", ["No bundle of heatmaps is attached. Load one, then choose it under “Bundle”."])
    return Check("Bundle", f"{bundle.name}, {bundle.n_images} images", [])


def _cell_problems(cells: list[models.Condition]) -> list[str]:
    if not cells:
        return ["There is no condition. Add at least one."]
    return [] if any(cell.open for cell in cells) else ["Every condition is closed: nobody could be assigned."]


def _counts(questionnaires: list[dict], wrong: list[str]) -> str:
    n_items = 0 if wrong else sum(len(one["items"]) for one in questionnaires)
    return "" if wrong else f"{len(questionnaires)}, with {n_items} items"


def _variant_problems(study: models.Study, cells: list[models.Condition]) -> list[str]:
    """Return what is wrong with the wording by condition, as far as it tells without the stimuli."""
    return variant_problems(study, [cell.factors for cell in cells])


def _unfit_words(record: dict, study: models.Study) -> list[str]:
    """Return which words of single conditions don't fit the stimuli, as a screening without its statements."""
    bundle = reader(study.required_bundle)
    found = [(cell["name"], worded(record, cell["factors"])) for cell in record["conditions"]]
    return [
        f"Condition “{name}”: {problem}"
        for name, own in found
        if own["texts"] != record["texts"]
        for problem in _unfit_stimuli(own, bundle)
    ]


def _unfit_stimuli(record: dict, bundle: Bundle) -> list[str]:
    """Return what the kind finds wrong with a study's stimuli, or with what is said and shown around them."""
    check = kind(record["kind"]).own("stimuli:check")
    return check(record, bundle) if check else []


def _looks(study: models.Study) -> str:
    levels = displays.level_names(study.display) if isinstance(study.display, dict) else []
    if levels:
        return f"{', '.join(levels)}: {displays.varies(study.display)} participants"
    return ", ".join(display_settings.in_words(study.display).get("Display", "").split(", ")[:3]) or "as usual"


def _display_problems(study: models.Study, cells: list[models.Condition]) -> list[str]:
    """Return what is wrong with how the study's maps look: its settings, methods unknown, conditions without one."""
    study_kind, settings = kind(study.kind), study.display
    usual = usual_display_of(study)
    if found := display_settings.problems(settings, usual):
        return found
    known = reader(study.bundle).methods if study.bundle else None
    layers = [settings, *settings.get("levels", {}).values()]
    foreign = [name for one in layers for name in one.get("methods", {}) if known is not None and name not in known]
    problems = [
        f"Display of “{name}”: the bundle has no such method; it has {', '.join(known or ())}."
        for name in dict.fromkeys(foreign)
    ]
    levels = next(
        (one.levels for one in display_settings.factors(study_kind, settings) if one.name == displays.FACTOR), ()
    )
    for cell in cells:
        level = cell.factors.get(displays.FACTOR)
        if levels and level not in levels:
            problems.append(
                f"Condition “{cell.name}”: expected the display {' or '.join(levels)}, found {level or 'none'}."
            )
        elif level and not levels:
            problems.append(
                f"Condition “{cell.name}”: it has the display “{level}”, but displays don't vary between participants."
            )
    return problems


def _stimuli_checks(study: models.Study, study_kind: Kind) -> list[Check]:
    """Return what the stimuli lack, and how large they and the windows that hold them are."""
    drawn = "drawn by the study's seed"
    try:
        record = definition(study)
        if study.questionnaires:
            for cell in study.conditions.all():
                plans.build(record, cell.name, cell.factors, 0, Random(0))
    except ValueError as error:
        return [Check("Stimuli", drawn, [str(error)])]
    bundle = reader(study.required_bundle)
    wanting = load(study_kind.wanting)(record) if study_kind.wanting else ""
    found = [Check("Stimuli", drawn, _unfit_stimuli(record, bundle), wanting)]
    if study_kind.windows is None or found[0].problems:
        return found
    needed = sizes.windows(study_kind, record, bundle)
    return [*found, Check("Sizes", sizes.in_words(record["parameters"], needed, bundle), [])]


def _parameter_problems(study: models.Study, study_kind: Kind) -> list[str]:
    """Return what is wrong with the parameters, or else which questions they leave without answers."""
    if found := parameters.problems(study_kind, study.parameters):
        return found
    values = parameters_of(study)
    asked = [question for page in study_kind.pages for question in page.questions]
    return list(dict.fromkeys(problem for question in asked if (problem := question.problem(values))))


def _texts_check(study: models.Study, study_kind: Kind) -> Check:
    written = _written(study)
    found = _unknown_texts(study.texts, study_kind.texts()) + _foreign_media(written)
    found += [f"Text “{words(key)}”: {one}" for key, one in fillings.problems(study_kind, study.texts).items()]
    links = sorted({link for _, text in written for link in addresses(text)[0]})
    told = _edited(study.texts) + (f"; links lead to {', '.join(links)}" if links else "")
    return Check("Texts", told, [*found, *_wordless(study, study_kind)])


def _edited(settings: dict) -> str:
    return f"{len(settings)} edited" if settings else "all by default"


def _wordless(study: models.Study, study_kind: Kind) -> list[str]:
    """Return which questions have no words."""
    texts = texts_of(study)
    keys = dict.fromkeys(text_key(page.name, question) for page in study_kind.pages for question in page.questions)
    return [
        f"Text “{key}” is empty; expected the words of a question." for key in keys if key and not texts[key].strip()
    ]


def _plan_check(plan) -> list[Check]:
    """Return whether the analysis plan can be one; nothing where there is none."""
    if not plan and isinstance(plan, dict):
        return []
    wrong = [] if isinstance(plan, dict) else ["It is no JSON object; write one with `python -m analysis plan`."]
    return [Check("Analysis plan", "frozen with each version", wrong)]


def _written(study: models.Study) -> list[tuple[str, str]]:
    """Return whatever its researchers wrote of a study, in all of its languages, after where it stands."""
    places = {
        **{f"Text “{name}”": text for name, text in study.texts.items()},
        "A questionnaire": study.questionnaires,
        WORDING: study.variants,
        **{f"The translation into {language}": own for language, own in study.translations.items()},
    }
    return [(where, text) for where, content in places.items() for text in _strings(content)]


def _strings(content: object) -> list[str]:
    if isinstance(content, dict):
        return [text for one in content.values() for text in _strings(one)]
    if isinstance(content, list):
        return [text for one in content for text in _strings(one)]
    return [content] if isinstance(content, str) else []


def _foreign_media(written: list[tuple[str, str]]) -> list[str]:
    """Return which texts show what no participant would see: their browsers load nothing from elsewhere."""
    found = dict.fromkeys((where, media) for where, text in written for media in sorted(addresses(text)[1]))
    return [
        f"{where} shows {media}, which participants' browsers don't load, so that nobody learns who takes part. "
        "Name one that this server serves, by its path, or leave it out."
        for where, media in found
    ]


def _unknown_texts(edited: dict, known: dict) -> list[str]:
    return [
        f"Unknown text “{name}”; expected one of {', '.join(sorted(known))}." for name in edited if name not in known
    ]
