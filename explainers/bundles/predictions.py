"""Scores, thresholds, outcomes and the classes to explain, from the model's logits (N, K). NumPy only."""

from collections.abc import Sequence
from typing import Any

import numpy as np

KEPT_CLASSES = 10


def scores_of(logits: np.ndarray, multilabel: bool) -> np.ndarray:
    """Return probabilities (N, K), float64: a sigmoid per class, or the softmax over classes."""
    logits = logits.astype(np.float64)
    if multilabel:
        return np.asarray(np.exp(-np.logaddexp(0, -logits)))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def best_f1_threshold(scores: np.ndarray, truth: np.ndarray) -> float:
    """Return the threshold (decision: score > threshold) with the highest F1 over labelled images.

    Candidates lie halfway between neighbouring scores; of equally good ones the nearest to 0.5. A class without
    positive images keeps 0.5.
    """
    if not truth.any():
        return 0.5
    levels = np.unique(scores)
    candidates = np.concatenate([[levels[0] / 2], (levels[:-1] + levels[1:]) / 2])
    order = np.argsort(scores)
    positives_from = np.concatenate([np.cumsum(truth[order][::-1])[::-1], [0]])
    start = np.searchsorted(scores[order], candidates, side="right")
    true_positives, predicted = positives_from[start], len(scores) - start
    f1 = 2 * true_positives / (predicted + truth.sum())
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    return float(candidates[best[np.argmin(np.abs(candidates[best] - 0.5))]])


def thresholds_of(scores: np.ndarray, labels: Sequence[tuple[int, ...] | None]) -> list[float]:
    """Return a threshold per class; 0.5 when no image is labelled."""
    labelled = {index: own for index, own in enumerate(labels) if own is not None}
    if not labelled:
        return [0.5] * scores.shape[1]
    truth = np.zeros((len(labelled), scores.shape[1]), dtype=bool)
    for row, own in enumerate(labelled.values()):
        truth[row, list(own)] = True
    return [best_f1_threshold(scores[list(labelled), k], truth[:, k]) for k in range(scores.shape[1])]


def outcome(truth: bool | None, predicted: bool) -> str | None:
    """Return TP, FP, FN or TN; None when the truth is not known."""
    if truth is None:
        return None
    return ("TP" if truth else "FP") if predicted else ("FN" if truth else "TN")


def prediction_rows(
    image_id: str,
    scores: np.ndarray,
    labels: tuple[int, ...] | None,
    classes: Sequence[str],
    thresholds: Sequence[float] | None,
    explained: Sequence[int],
) -> list[dict[str, Any]]:
    """Return one image's rows: every class of a multi-label model (thresholds given) or of a small one.

    Of a larger single-label model the `KEPT_CLASSES` highest, the true and the explained classes.
    """
    by_score = np.argsort(-scores, kind="stable")
    if thresholds is not None or len(classes) <= 100:
        kept = list(range(len(classes)))
    else:
        kept = sorted({*by_score[:KEPT_CLASSES].tolist(), *(labels or ()), *explained})
    rows = []
    for k in kept:
        predicted = bool(scores[k] > thresholds[k]) if thresholds is not None else k == int(by_score[0])
        truth = None if labels is None else k in labels
        rows.append(
            {
                "image_id": image_id,
                "class_index": k,
                "class_name": classes[k],
                "score": float(scores[k]),
                "threshold": None if thresholds is None else thresholds[k],
                "truth": truth,
                "predicted": predicted,
                "outcome": outcome(truth, predicted),
            }
        )
    return rows


def classes_to_explain(
    scores: np.ndarray, labels: tuple[int, ...] | None, fixed: list[int], truth: bool, top: int | None
) -> list[int]:
    """Return the class indices to explain for one image: the fixed ones, the true ones, the highest `top`."""
    highest = np.argsort(-scores, kind="stable")[: top or 0].tolist()
    return list(dict.fromkeys([*fixed, *((labels or ()) if truth else ()), *highest]))
