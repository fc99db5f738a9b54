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


EXAMPLES = "tests/analysis/report/test_examples.py::test_every_function_has_an_example_that_comes_out_so"


def statistics(source: str, *tests: str) -> tuple[str, tuple[str, ...]]:
    """Return one line of the set of statistics: its docstrings' examples, then its tests.

    Tests are named as `room/name`, or `name` in the source's own room.
    """
    own = f"statistics/{source}".rpartition("/")[0]
    placed = [test.rpartition("/") for test in tests]
    return f"analysis/statistics/{source}.py", (
        f"{EXAMPLES}[analysis.statistics.{source.replace('/', '.')}]",
        *(f"tests/analysis/{room or own}/test_{name}.py" for room, _, name in placed),
    )


def studyapp(source: str, *tests: str) -> tuple[str, tuple[str, ...]]:
    """Return one line of a set of the app's, by its tests as `room/name`."""
    return f"studyapp/{source}.py", tuple(
        f"tests/studyapp/{room}/test_{name}.py" for room, name in (test.split("/") for test in tests)
    )


def metrics(source: str, *tests: str) -> tuple[str, tuple[str, ...]]:
    """Return one line of the set of metrics, by the names of its tests; each is held to its values by hand."""
    named = ("metric_values", "metrics", *tests)
    return f"explainers/metrics/{source}.py", tuple(f"tests/explainers/metrics/test_{test}.py" for test in named)


DJANGO = ("django.contrib.admin", "django.test", "rest_framework", "numpy", "PIL.Image", "hypothesis")
SETS = {
    "statistics": Set(
        dict([
            statistics("cells", "cells", *(f"statistics/factorial/{name}" for name in ("anova", "ranks", "posthoc"))),
            statistics("effects", "effects", "statistics/factorial/anova"),
            statistics("descriptives", "statistics/factorial/ranks"),
            statistics("multiplicity", "multiplicity", "statistics/factorial/posthoc", "statistics/factorial/ranks"),
            statistics("bootstrap", "multiplicity", "sections/prediction"),
            statistics("power", "planning/power"),
            statistics("power_crossed", "planning/power"),
            statistics("means", "means"),
            statistics("bayes", "bayes"),
            statistics("judgement", "judgement"),
            statistics("reliability", "reliability"),
            statistics("factorial/anova", "anova"),
            statistics("factorial/assumptions", "assumptions"),
            statistics("factorial/posthoc", "posthoc"),
            statistics("factorial/welch", "posthoc"),
            statistics("factorial/ranks", "ranks"),
            statistics("factorial/within", "within"),
            statistics("factorial/aligned", "rearranged"),
            statistics("factorial/permutation", "rearranged"),
            statistics("comparisons/paired", "repeated"),
            statistics("comparisons/friedman", "repeated"),
            statistics("comparisons/unpaired", "unpaired"),
            statistics("comparisons/equivalence", "equivalence"),
            statistics("comparisons/against_chance", "against_chance"),
            statistics("comparisons/binary", "binary"),
            statistics("regression/design", "wald", "logistic", "statistics/comparisons/repeated"),
            statistics("regression/logistic", "wald", "logistic", "crossed"),
            statistics("regression/gee", "wald", "logistic"),
            statistics("regression/mixed", "wald", "statistics/comparisons/repeated", "crossed"),
            statistics("regression/ordinal", "wald", "statistics/comparisons/repeated"),
            statistics("regression/cumulative", "crossed"),
            statistics("regression/groups", "crossed"),
            statistics("regression/odds", "wald", "logistic"),
            statistics("regression/once", "statistics/comparisons/binary"),
            statistics("agreement/coders", "statistics/agreement"),
            statistics("agreement/clusters", "statistics/clusters"),
            statistics("association/contingency", "statistics/association"),
            statistics("association/rank_correlation", "sections/prediction"),
            statistics("association/people", "statistics/reliability"),
        ]),
        warm=("pandas", "scipy.stats", "scipy.optimize", "statsmodels.api", "statsmodels.formula.api",
              "statsmodels.miscmodels.ordinal_model", "sklearn.metrics", "django.test"),
    ),
    "scoring": Set(
        dict([
            studyapp("studies/forward_simulation/scoring", "studies/scoring", "studies/forward_simulation_plan"),
            studyapp("studies/clustering/scoring", "studies/scoring", "studies/clustering_plan", "engine/quality"),
            studyapp("studies/label_matching/scoring", "studies/scoring", "studies/label_matching_plan",
                     "engine/quality"),
            studyapp("core/engine/answers", "studies/scoring", "engine/questions", "studies/every_kind"),
            studyapp("core/engine/flow", "engine/flow"),
            studyapp("core/engine/payment", "studies/scoring", "studies/forward_simulation_pages"),
            studyapp("core/engine/quality", "engine/quality"),
        ]),
        warm=DJANGO,
    ),
    "sessions": Set(
        dict([
            studyapp("run/sessions/answering", "run/sessions", "run/events", "run/drafts", "run/going_back",
                     "questionnaires/questionnaires"),
            studyapp("run/sessions/drawing", "run/sessions", "studies/every_kind"),
            studyapp("run/sessions/ending", "run/endings", "run/sessions", "run/drafts"),
            studyapp("run/sessions/limits", "run/places"),
            studyapp("run/sessions/places", "run/sessions", "run/endings", "run/places"),
            studyapp("run/sessions/runs", "run/sessions", "run/endings", "run/drafts"),
            studyapp("run/sessions/starting", "run/sessions", "run/places"),
        ]),
        warm=DJANGO,
    ),
    "metrics": Set(
        dict([
            metrics("cauc", "cauc"),
            *(metrics(name) for name in ("confidence", "deletion", "iou", "road", "sanity")),
            *(metrics(name, "infidelity_and_sensitivity") for name in ("infidelity", "max_sensitivity", "sparseness")),
            metrics("keep_and_inpaint", "keep_and_inpaint"),
            *(metrics(name, "xnn_metrics") for name in ("faithfulness", "locality", "orthogonality")),
        ]),
        warm=("torch", "numpy", "scipy.sparse", "skimage", "PIL.Image", "hypothesis"),
    ),
    "assignment": Set(
        dict([
            studyapp("core/engine/assignment", "engine/assignment"),
            studyapp("run/sessions/starting", "run/sessions", "run/places"),
        ]),
        warm=DJANGO,
    ),
}  # fmt: skip
