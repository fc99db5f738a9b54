"""From files to a report in memory: load, select the sample, compute every section."""

import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from analysis import recipes
from analysis.errors import AnalysisError, NotDefined
from analysis.papers.reading import Paper
from analysis.reading.exports import read_export, with_metrics
from analysis.reading.files import read_json
from analysis.reading.foreign.tables import read_foreign
from analysis.reading.hypotheses import check_against
from analysis.reading.plans import Plan, read_plan
from analysis.reading.samples import select
from analysis.reading.study import Measure, Study
from analysis.report.content import Report
from analysis.report.remarks import remarks
from analysis.results import apa
from analysis.results.records import fault, in_words
from analysis.results.section import Progress, Section
from analysis.sections import against as comparing
from analysis.sections import prediction, sensitivity


def analyse(export: Path | None, csv: Path | None = None, map_file: Path | None = None, plan_file: Path | None = None,
            bundle: Path | None = None, against: Path | None = None, progress: Progress = iter,
            paper: Paper | None = None) -> Report:  # fmt: skip
    """Return the report of an export folder, or of a foreign CSV with its map.

    `bundle` is the folder whose `metrics.csv` is compared with people; `against` the export of another study of the
    same kind, with other people; `progress` wraps the sections; `paper` refuses a study of another kind than its own.
    """
    if export is not None:
        study = read_export(export)
    elif csv is not None and map_file is not None:
        study = read_foreign(csv, map_file)
    else:
        raise AnalysisError("found neither an export folder nor a CSV with its map")
    if paper is not None:
        paper.check_kind(study.kind)
    if bundle is not None:
        study = with_metrics(study, bundle / "metrics.csv")
    with apa.calling(study.titles):
        return _analysed(study, plan_file, against, progress)


def _analysed(study: Study, plan_file: Path | None, against: Path | None, progress: Progress) -> Report:
    other = None if against is None else _of_the_same_kind(read_export(against), study)
    recipe = recipes.find(study.kind)
    plan = recipe.PLAN
    if plan_file is not None:
        plan = read_plan(read_json(plan_file), plan, str(plan_file), "given")
    elif study.plan is not None:
        plan = read_plan(study.plan, plan, "analysis_plan.json", "frozen")
    sample = select(study, plan)
    measures, unmeasured = _measured(recipe, sample.study)
    if plan.source != "default" and not unmeasured:
        planned = {listed.partition(".")[0] for listed in (*recipe.PLAN.primary, *recipe.PLAN.secondary)}
        where = str(plan_file) if plan_file is not None else "analysis_plan.json"
        check_against(plan.hypotheses, measures, planned, where)
    note = getattr(recipe, "METRICS_NOTE", "")
    steps = [*recipe.sections(sample.study, plan), ("metrics", lambda: prediction.section(sample.study, plan, note))]
    if other is not None:
        steps.append(("comparison", lambda: _comparison(recipe, sample.study, other, plan)))
    steps += [("sensitivity", lambda: sensitivity.section(recipe, sample, plan))]
    computed = [_computed(name, compute) for name, compute in progress(steps)]
    sections = [section for section in computed if section is not None]
    aside = [sample.aside] if sample.aside else []
    report_remarks = [*aside, *remarks(sample.study), *unmeasured, *_missing(sections, plan)]
    return Report(study.name, sample, plan, sections, report_remarks, measures)


def _measured(recipe: ModuleType, study: Study) -> tuple[list[Measure], list[str]]:
    """Return the study's outcomes; where a fault of ours kept them from being measured, none and the remark."""
    try:
        return recipe.measures(study), []
    except AnalysisError:
        raise
    except Exception as error:
        return [], [fault(error)]


def _computed(name: str, compute: Callable[[], Section | None]) -> Section | None:
    """Return a section with every warning that none of its records has kept.

    This is the one place where what a section as a whole cannot do becomes its paragraph, and the others go on. An
    `AnalysisError` says that the input is malformed, and ends the report.
    """
    title = apa.opening(apa.words(name))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            section = compute()
        except NotDefined as refusal:
            section = Section(title, f"{title} could not be analysed: {refusal.reason_with(apa.words)}.")
        except AnalysisError:
            raise
        except Exception as error:
            section = Section(title, f"{title} could not be analysed.", warnings=[fault(error)])
    if section is not None:
        section.warnings += in_words(caught)
    return section


def _missing(sections: list[Section], plan: Plan) -> list[str]:
    """Return the remark that analyses stand in a plan made for this study and not in its report."""
    ids = [record.id for section in sections for record in section.records]
    missing = [listed for listed in (*plan.primary, *plan.secondary)
               if not any(id == listed or id.startswith(f"{listed}.") for id in ids)]  # fmt: skip
    if plan.source == "default" or not missing:
        return []
    return [f"Planned, and not part of this report because the data hold nothing for it: {apa.listing(missing)}."]


def _of_the_same_kind(other: Study, own: Study) -> Study:
    """Return the study to compare with; raise where it is of another kind, before anything is computed."""
    if other.kind != own.kind:
        raise AnalysisError(f"--against: found a {other.kind} study, expected one of {own.kind} as the first")
    return other


def _comparison(recipe: ModuleType, own: Study, other: Study, plan: Plan) -> Section:
    measures = recipe.measures(select(other, plan).study)
    return comparing.section(own.name, recipe.measures(own), other.name, measures, plan)
