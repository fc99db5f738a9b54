"""What stands beside a test that assumes normal errors: aligned ranks, and permutations where participants are few."""

from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from analysis.errors import NotDefined
from analysis.reading.plans import Plan
from analysis.reading.study import Measure
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.statistics.cells import varying
from analysis.statistics.factorial import aligned, permutation
from analysis.statistics.factorial.within import complete_people

MOST_PEOPLE = 200  # with more, the F distribution is as good


def aligned_ranks(measure: Measure) -> list[Record]:
    """Return the test of a rating's effects and their interactions on aligned ranks; none where one factor varies."""
    if len(varying(measure.data, [*measure.between, *measure.within])) < 2:
        return []
    result = record(
        f"{measure.name}.aligned",
        f"{measure.label}: aligned rank transform",
        partial(aligned.aligned_ranks, measure.data, measure.name, measure.between, measure.within),
        aligned.COLUMNS,
        {"function": "aligned rank transform (Wobbrock et al. 2011), analysis of variance of the ranks", "ss_type": 3,
         "contrasts": "sum-to-zero", "effect_size": "partial η² of the ranks"},
        measure.data["participant"].nunique(),
        0,
        lambda terms: [_sentence(row) + f", ηp² = {apa.bounded(row.eta2p)}" for row in terms.itertuples()],
    )  # fmt: skip
    return [_counted(result, measure)]


def permutations(measure: Measure, plan: Plan) -> list[Record]:
    """Return each effect's F among those of rearranged data; none where participants are many, or no factor varies."""
    people = measure.data.dropna(subset=[measure.name])["participant"].nunique()
    if people > MOST_PEOPLE or not varying(measure.data, [*measure.between, *measure.within]):
        return []
    result = record(
        f"{measure.name}.permutation",
        f"{measure.label}: permutation tests",
        partial(permutation.permutation_anova, measure.data, measure.name, measure.between, measure.within, plan.seed),
        permutation.COLUMNS,
        {"function": "permuted residuals of the model without the effect (Freedman & Lane 1983); conditions rearranged "
         "inside participants", "permutations": permutation.PERMUTATIONS, "seed": plan.seed},
        measure.data["participant"].nunique(),
        0,
        lambda terms: [_sentence(row) for row in terms.dropna(subset="p").itertuples()],
    )  # fmt: skip
    return [_counted(result, measure)]


def _sentence(row: Any) -> str:
    df, df_resid = (apa.degrees(round(getattr(row, name), 2)) for name in ("df", "df_resid"))
    return f"{apa.words(row.term)}: F({df}, {df_resid}) = {apa.number(row.F)}, {apa.p_value(row.p)}"


def _counted(result: Record, measure: Measure) -> Record:
    """Return the record with the number of those it could use."""
    data: pd.DataFrame = measure.data.dropna(subset=[measure.name, *measure.between])
    used = data["participant"].nunique()
    if measure.within:
        try:
            used = len(complete_people(data, measure.name, measure.between, measure.within)[0])
        except NotDefined:
            return result
    return replace(result, n=used, n_excluded=result.n - used)
