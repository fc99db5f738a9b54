"""From files to a report in memory: load, select the sample, compute every section."""

from pathlib import Path

from analysis import prediction, recipes, sensitivity
from analysis.foreign import read_foreign
from analysis.load import read_export, read_json, with_metrics
from analysis.plan import read_plan
from analysis.report import Report
from analysis.samples import select


def analyse(export: Path | None, csv: Path | None = None, map_file: Path | None = None, plan_file: Path | None = None,
            bundle: Path | None = None, progress=iter) -> Report:  # fmt: skip
    """Return the report of an export folder, or of a foreign CSV with its map.

    `bundle` is the folder whose `metrics.csv` is compared with people; `progress` wraps the sections.
    """
    study = read_export(export) if csv is None else read_foreign(csv, map_file)
    if bundle is not None:
        study = with_metrics(study, bundle / "metrics.csv")
    recipe = recipes.find(study.kind)
    plan = recipe.PLAN
    if plan_file is not None:
        plan = read_plan(read_json(plan_file), plan, str(plan_file), "given")
    elif study.plan is not None:
        plan = read_plan(study.plan, plan, "analysis_plan.json", "frozen")
    sample = select(study, plan)
    steps = [*recipe.sections(sample.study, plan), ("metrics", lambda: prediction.section(sample.study, plan))]
    steps += [("sensitivity", lambda: sensitivity.section(recipe, sample, plan))]
    sections = [section for _, compute in progress(steps) if (section := compute()) is not None]
    return Report(study.name, sample, plan, sections, sensitivity.remarks(sample.study))
