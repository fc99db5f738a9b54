"""A measure by what each participant met several levels of, beside the kind's own design: how heatmaps were drawn."""

from functools import partial
from typing import Any

import pandas as pd

from analysis.reading.plans import Plan
from analysis.reading.study import Measure, Study
from analysis.results import apa
from analysis.results.section import Steps
from analysis.sections import blocks, trials

NO_HEATMAP = "none"  # the trials table's `method` where nothing was shown that could vary


def measures(
    study: Study, answered: pd.DataFrame, name: str, label: str, kind: str, between: list[str], **options: Any
) -> list[Measure]:
    """Return one measure per within-participants factor of the study: the mean of a participant's trials at each level.

    Trials without a heatmap are left out, and so is a factor of which nobody answered at two levels.
    """
    method = answered.get("method", pd.Series("", answered.index))
    shown = answered[method.notna() & (method != NO_HEATMAP)]
    people = study.participants[["participant", *study.factors]]
    own = shown.drop(columns=[factor for factor in study.factors if factor in shown])
    varied = []
    for factor in study.within:
        if shown.groupby("participant")[factor].nunique().max() >= 2:
            by_level = f"{name}_by_{factor}"
            rows = own.rename(columns={name: by_level})
            wording = f"{label} by {apa.words(factor)}"
            varied.append(trials.per_participant(rows, people, by_level, wording, kind, between, [factor], **options))
    return varied


def sections(measures: list[Measure], plan: Plan) -> Steps:
    """Return a section for each of these measures: pairs of levels, Friedman's test, and what stands between people."""
    return [(measure.name, partial(blocks.within, measure, plan)) for measure in measures]
