"""Which sources are mutated by which name, and the tests nearest to each: add a set, or a line to one.

`warm` names the libraries that a worker imports once before the first mutant; every mutant's tests are then run in a
fork of it, which saves the seconds that these take to load. None of our own packages may stand there.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Set:
    """Sources with their tests, as paths from the project's root; a test may be a file, a folder or `file::name`."""

    sources: dict[str, tuple[str, ...]]
    warm: tuple[str, ...] = ()


def statistics(source: str, *tests: str) -> tuple[str, tuple[str, ...]]:
    """Return one line of the set of statistics, by the names of its tests."""
    return f"analysis/statistics/{source}.py", tuple(f"tests/analysis/test_{test}.py" for test in tests)


SETS = {
    "statistics": Set(
        dict([
            statistics("cells", "cells", "anova", "ranks", "posthoc"),
            statistics("effects", "effects", "anova"),
            statistics("descriptives", "ranks"),
            statistics("multiplicity", "multiplicity", "posthoc", "ranks"),
            statistics("bootstrap", "multiplicity", "prediction"),
            statistics("power", "power"),
            statistics("factorial/anova", "anova"),
            statistics("factorial/assumptions", "assumptions"),
            statistics("factorial/posthoc", "posthoc"),
            statistics("factorial/welch", "posthoc"),
            statistics("factorial/ranks", "ranks"),
            statistics("comparisons/paired", "repeated"),
            statistics("comparisons/friedman", "repeated"),
            statistics("comparisons/unpaired", "unpaired"),
            statistics("comparisons/equivalence", "equivalence"),
            statistics("comparisons/against_chance", "against_chance"),
            statistics("regression/design", "wald", "logistic", "repeated"),
            statistics("regression/logistic", "wald", "logistic"),
            statistics("regression/gee", "wald", "logistic"),
            statistics("regression/mixed", "wald", "repeated"),
            statistics("regression/ordinal", "wald", "repeated"),
            statistics("agreement/coders", "agreement"),
            statistics("agreement/clusters", "clusters"),
            statistics("association/contingency", "association"),
            statistics("association/rank_correlation", "prediction"),
        ]),
        warm=("pandas", "scipy.stats", "scipy.optimize", "statsmodels.api", "statsmodels.formula.api",
              "statsmodels.miscmodels.ordinal_model", "sklearn.metrics", "django.test"),
    ),
}  # fmt: skip
