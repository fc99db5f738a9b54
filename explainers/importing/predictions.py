"""Predictions as other tools leave them: a CSV with a row per photograph and class."""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from explainers.errors import UserError
from explainers.importing.maps import class_index

_TRUTH = {"true": True, "1": True, "false": False, "0": False, "": None}


@dataclass
class Prediction:
    class_name: str
    score: float
    threshold: float | None
    truth: bool | None
    predicted: bool | None


@dataclass
class Predicted:
    """All predictions: `files` in the table's order, `classes` in the model's, `scores` by (file, class index)."""

    classes: list[str]
    files: dict[str, list[Prediction]] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    splits: dict[str, str] = field(default_factory=dict)
    scores: dict[tuple[str, int], float] = field(default_factory=dict)

    def of(self, file: str) -> list[Prediction]:
        """Return a photograph's predictions, in the order of the classes."""
        return sorted(self.files[file], key=lambda one: self.classes.index(one.class_name))


def read_predictions(path: Path, classes: list[str] | None, multilabel: bool) -> Predicted:
    """Return the predictions of a CSV with `file, class, score` and, where known, `threshold, truth, predicted, split`.

    The classes are those given, or in the order in which they first stand there. What is predicted, where it isn't
    said: what is above its threshold, else the photograph's highest class (`multilabel`: what is above one half).
    """
    rows = list(_rows(path))
    known = Predicted(classes or list(dict.fromkeys(row["class"] for _, row in rows)))
    for line, row in rows:
        where = f"{path}, row {line}"
        index = class_index(row["class"], known.classes, where)
        name = known.classes[index]
        if (row["file"], index) in known.scores:
            raise UserError(f"{where}: {row['file']} has two predictions of {name!r}.")
        score, threshold = _number(row["score"], f"{where}: score"), None
        if row.get("threshold"):
            threshold = _number(row["threshold"], f"{where}: threshold")
            if known.thresholds.setdefault(name, threshold) != threshold:
                raise UserError(f"{where}: threshold: {name!r} has {known.thresholds[name]} in an earlier row.")
        truth, predicted = (_flag(row.get(key) or "", f"{where}: {key}") for key in ("truth", "predicted"))
        known.scores[row["file"], index] = score
        known.files.setdefault(row["file"], []).append(Prediction(name, score, threshold, truth, predicted))
        if row.get("split"):
            known.splits[row["file"]] = row["split"]
    for predictions in known.files.values():
        highest = max(predictions, key=lambda one: one.score)
        for one in predictions:
            if one.predicted is None:
                limit = 0.5 if multilabel and one.threshold is None else one.threshold
                one.predicted = one is highest if limit is None else one.score > limit
    return known


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in ("file", "class", "score") if name not in (reader.fieldnames or ())]
            if missing:
                raise UserError(f"{path}: expected the columns file, class and score; {missing[0]} is missing.")
            empty = True
            for row in reader:
                empty = False
                if None in row or None in row.values():
                    raise UserError(f"{path}, row {reader.line_num}: expected {len(reader.fieldnames or ())} cells.")
                yield reader.line_num, row
            if empty:
                raise UserError(f"{path}: holds no prediction.")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: expected a CSV with the columns file, class and score ({error}).") from None


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{where}: expected a finite number, found {text!r}.")
    return value


def _flag(text: str, where: str) -> bool | None:
    if text.lower() not in _TRUTH:
        raise UserError(f"{where}: expected true, false or nothing, found {text!r}.")
    return _TRUTH[text.lower()]
