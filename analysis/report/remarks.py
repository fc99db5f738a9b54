"""What readers must know about the tables before they believe a number."""

from analysis.reading.study import Study
from analysis.results import apa


def remarks(study: Study) -> list[str]:
    """Return what reading found odd, several versions, and totals that differ from the trials."""
    recorded = [*_versions(study), *_totals(study)] if study.recorded else []
    return [*study.remarks, *recorded]


def _versions(study: Study) -> list[str]:
    if "study_version" not in study.participants:
        return []
    counts = study.participants["study_version"].value_counts(sort=False)
    listed = apa.listing([f"{version} ({n})" for version, n in counts.items()])
    return [f"The participants followed {len(counts)} versions of the study: {listed}."] if len(counts) > 1 else []


def _totals(study: Study) -> list[str]:
    if study.trials is None or "n_correct" not in study.participants or "correct" not in study.trials:
        return []
    counted = study.trials.groupby("participant")["correct"].sum()
    stored = study.participants.set_index("participant")["n_correct"].dropna().astype(float)
    differing = stored.index[(counted.reindex(stored.index).astype(float) - stored).fillna(0) != 0]
    if not len(differing):
        return []
    return [f"n_correct differs from the trials for {len(differing)} participants; the trials were used."]
