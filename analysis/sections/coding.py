"""Coded free answers: which features people name, how often, and how far coders agree.

The table `codes` has a row per code that a coder gave to one answer; a row with an empty code says that the coder read
the answer and found nothing. A code is *saliency_feature* (can be pointed at) or *general_attribute*. Where coders
differed and agreed afterwards, rows of the stage *resolved* hold what they agreed on: it takes the place of their own
codes in whatever counts codes, while agreement is of their own alone. Which question's answers
are analysed is for the recipe to say.
"""

from itertools import combinations

import pandas as pd

from analysis.plots import comparisons
from analysis.reading.plans import Plan
from analysis.reading.study import Measure, Study
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.results.section import Figure, Section
from analysis.statistics.agreement.coders import alpha_interval, kappa_interval
from analysis.statistics.effects import newcombe, wilson_clustered

RESOLVED = "resolved"
KINDS = {"saliency_feature": "saliency features", "general_attribute": "general attributes"}
DIFFERENCE_COLUMNS = ("term", "class_name", "a", "b", "share_a", "share_b", "diff", "ci_low", "ci_high")
SHARE_COLUMNS = ("class_name", "condition", "n_responses", "n_with_code", "share", "ci_low", "ci_high")


def read_codes(study: Study, field: str) -> pd.DataFrame | None:
    """Return the codes of the answers in the column `field`, None where nothing was coded."""
    if study.codes is None or study.codes.empty:
        return None
    codes = study.codes
    codes = codes[codes["field"] == field] if "field" in codes else codes
    return None if codes.empty else codes


def independent(codes: pd.DataFrame) -> pd.DataFrame:
    """Return what each coder gave alone."""
    return codes[codes["stage"] != RESOLVED] if "stage" in codes else codes


def settled(codes: pd.DataFrame) -> pd.DataFrame:
    """Return the codes that count: what was agreed on where coders had differed, their own elsewhere."""
    if "stage" not in codes or not (codes["stage"] == RESOLVED).any():
        return codes
    agreed = codes["stage"] == RESOLVED
    keys = ["participant", "trial_index"]
    answers = pd.MultiIndex.from_frame(codes[keys])
    kept = agreed | ~answers.isin(pd.MultiIndex.from_frame(codes.loc[agreed, keys]))
    return codes[kept].assign(coder=lambda rows: rows["coder"].where(rows["stage"] != RESOLVED, RESOLVED))


def saliency_ratio(study: Study, field: str) -> Measure | None:
    """Return saliency codes / all codes of a field per participant, mean over coders; None where nothing was coded."""
    codes = read_codes(study, field)
    if codes is None:
        return None
    given = settled(codes).dropna(subset=["code"])
    saliency = (given["kind"] == "saliency_feature").astype(float)
    per_coder = saliency.groupby([given["participant"], given["coder"]]).mean()
    people = study.participants[["participant", *study.factors]]
    ratio = people["participant"].map(per_coder.groupby(level="participant").mean()).astype(float)
    return Measure("saliency_ratio", "Saliency ratio", "ratio", people.assign(saliency_ratio=ratio), study.tested)


def section(study: Study, plan: Plan, field: str, by: str = "") -> Section:
    """Return code shares by class and condition with intervals, and the coders' agreement on every code.

    Conditions are the levels of the factor `by` where it varies, else of the first factor that does.
    """
    codes = read_codes(study, field)
    if codes is None:
        return Section("Features named", "No answer was coded.")
    own, counted = independent(codes), settled(codes)
    units = coded_units(study, codes)
    factor = by if by in study.tested else next(iter(study.tested), None)
    names = codes.dropna(subset=["code"]).groupby("code")["kind"].first()
    if names.empty:
        return Section("Features named", f"The coders found no feature in any of {len(units)} answers.")
    records = [_shares(code, units, marked(counted, code), factor) for code in names.index]
    if factor:
        records.append(_differences(records))
    coders = sorted(own["coder"].dropna().unique())
    if len(coders) > 1:
        records.append(_agreement({code: marked(own, code) for code in names.index}, coders, plan))
    top = ", ".join(apa.words(code) for code in _most_named(records)[:3])
    sentence = f"Most often named: {top}. {len(coders)} coder{'s' if len(coders) > 1 else ''}, {len(units)} answers."
    figures = [_figure(records, names, kind, class_name) for class_name in sorted(units["class_name"].unique())
               for kind in KINDS if (names == kind).any()]  # fmt: skip
    return Section("Features named", sentence, records, figures, figures_first=len(figures))


def coded_units(study: Study, codes: pd.DataFrame) -> pd.DataFrame:
    """Return one row per coded answer: participant, trial_index, class_name and the factors."""
    keys = ["participant", "trial_index"]
    units = codes[[*keys, *(["class_name"] if "class_name" in codes else [])]].drop_duplicates(keys)
    if "class_name" not in units:
        units = units.merge(study.table("trials")[[*keys, "class_name"]], on=keys, how="left")
    units = units.assign(class_name=units["class_name"].fillna("unknown"))
    return units.merge(study.participants[["participant", *study.factors]], on="participant")


def marked(codes: pd.DataFrame, code: str) -> pd.DataFrame:
    """Return answers × coders: 1 where the coder gave the code, 0 where not, NaN where the coder did not read it."""
    keys = ["participant", "trial_index", "coder"]
    given = (codes["code"] == code).astype(float).groupby([codes[key] for key in keys]).max()
    return given.unstack("coder")


def _shares(code: str, units: pd.DataFrame, marks: pd.DataFrame, factor: str | None) -> Record:
    """Return the share of answers with a code per class and condition; half of an answer's coders suffice.

    The interval allows for the dependence of a participant's answers.
    """
    chosen = (marks.mean(axis=1) >= 0.5).rename("chosen").reset_index()
    table = units.merge(chosen, on=["participant", "trial_index"])
    table = table.assign(condition=table[factor].astype(str) if factor else "everybody")
    order = [str(level) for level in table[factor].cat.categories] if factor else ["everybody"]
    rows = []
    for class_name in sorted(table["class_name"].unique()):
        for condition in order:
            cell = table[(table["class_name"] == class_name) & (table["condition"] == condition)]
            people = cell.groupby("participant")["chosen"].agg(["sum", "size"])
            if len(people):
                k, n = int(people["sum"].sum()), int(people["size"].sum())
                limits = wilson_clustered(people["sum"].to_numpy(float), people["size"].to_numpy(float))
                rows.append((class_name, condition, n, k, k / n, *limits))
    return record(
        f"coding.{code}",
        f"Answers naming “{apa.words(code)}”",
        lambda: pd.DataFrame(rows, columns=SHARE_COLUMNS),
        SHARE_COLUMNS,
        {
            "function": "share of the coded answers; Wilson interval at the effective sample size",
            "rule": "given by at least half of the coders",
        },
        len(table),
    )


def _differences(shares: list[Record]) -> Record:
    """Return the difference of every code's share between every two conditions, with its interval."""
    rows = []
    for share in shares:
        for class_name, cells in share.terms.groupby("class_name"):
            for a, b in combinations(cells.itertuples(), 2):
                limits = newcombe((a.share, a.ci_low, a.ci_high), (b.share, b.ci_low, b.ci_high))
                code = share.id.removeprefix("coding.")
                rows.append((code, class_name, a.condition, b.condition, a.share, b.share, a.share - b.share, *limits))
    return record(
        "coding.differences",
        "Codes: differences between conditions",
        lambda: pd.DataFrame(rows, columns=DIFFERENCE_COLUMNS),
        DIFFERENCE_COLUMNS,
        {"function": "difference of shares a − b, Newcombe's interval from both shares' own", "direction": "a − b"},
        shares[0].n,
    )


def _agreement(marks: dict[str, pd.DataFrame], coders: list[str], plan: Plan) -> Record:
    rows = []
    for code, table in marks.items():
        rows.append((code, "krippendorff_alpha", apa.listing(coders), *alpha_interval(table, seed=plan.seed)))
        for a, b in [(a, b) for i, a in enumerate(coders) for b in coders[i + 1 :]]:
            rows.append((code, "cohen_kappa", f"{a}, {b}", *kappa_interval(table[a], table[b], seed=plan.seed)))
    columns = ("term", "measure", "coders", "n", "value", "ci_low", "ci_high", "reason")
    return record(
        "coding.agreement",
        "Agreement of the coders",
        lambda: pd.DataFrame(rows, columns=columns),
        columns[:-1],
        {"function": "Krippendorff α (nominal), Cohen κ; percentile bootstrap over answers", "seed": plan.seed,
         "n_coders": len(coders)},
        len(next(iter(marks.values()))),
    )  # fmt: skip


def _most_named(records: list[Record]) -> list[str]:
    totals = {record.id.removeprefix("coding."): record.terms["n_with_code"].sum()
              for record in records if "n_with_code" in record.terms}  # fmt: skip
    return sorted(totals, key=lambda code: -totals[code])


def _figure(records: list[Record], names: pd.Series, kind: str, class_name: str) -> Figure:
    """Return one panel of the source's figures 27 and 28: code shares of one class, by condition."""
    codes = [code for code in _most_named(records) if names[code] == kind]
    by_id = {record.id: record.terms for record in records}
    parts = [by_id[f"coding.{code}"].assign(x=code, mean=lambda rows: rows["share"]) for code in codes]
    table = pd.concat(parts, ignore_index=True)
    table = table[table["class_name"] == class_name].rename(columns={"condition": "series"})
    shares = "; ".join(
        f"{apa.words(code)} "
        + ", ".join(f"{apa.words(row.series)} {apa.percent(row.share)}" for row in rows.itertuples())
        for code, rows in table.groupby("x", sort=False)
    )
    return Figure(
        f"codes-{class_name}-{kind}",
        f"{apa.opening(apa.words(class_name))}: {KINDS[kind]} named",
        "Share of the answers that name the feature, with 95% intervals over participants.",
        f"Shares by condition of the answers about {apa.words(class_name)} that name a feature: {shares}.",
        lambda: comparisons.dots(table, "code", "share of answers", "fraction"),
        table[["x", "series", "share", "ci_low", "ci_high"]].rename(columns={"x": "code", "series": "condition"}),
    )
