"""Made-up exports, written as the study app writes them: a seed gives the same files every time."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

HEATMAPS = ("none", "lrp", "multiscale_occlusion")
SCORES = ("shown", "hidden")
EFFECT = {"none": 0.0, "lrp": 0.10, "multiscale_occlusion": 0.06}
OUTCOMES = ("TP", "TP", "TP", "FN", "FN", "FP", "FP")
EASE = {"TP": 0.75, "FN": 0.45, "FP": 0.45}
CODES = {"ears": "saliency_feature", "legs": "saliency_feature", "background": "general_attribute",
         "image quality": "general_attribute"}  # fmt: skip
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def forward_simulation(folder: Path, n: int = 48, seed: int = 1, bots: bool = False, codes: bool = True) -> Path:
    """Write the export of a forward-simulation study with n participants over 3 × 2 cells, and return its folder."""
    rng = np.random.default_rng(seed)
    people, trials = [], []
    for i in range(n):
        heatmap, scores = HEATMAPS[i % 3], SCORES[i // 3 % 2]
        own = [_trial(rng, i, heatmap, scores, index) for index in range(14)]
        trials += own
        people.append(_participant(rng, i, heatmap, scores, own, bots))
    write(folder, "participants", people)
    write(folder, "trials", trials)
    if codes:
        write(folder, "codes", [code for trial in trials for code in _codes(rng, trial)])
    describe(folder, "forward_simulation", {"heatmap": HEATMAPS, "scores": SCORES}, levels={"confidence": CONFIDENCE})
    return folder


def metrics(export: Path) -> None:
    """Write a bundle's metrics of every stimulus of forward simulation into its export."""
    rows = [(f"img{j:02d}", method, "cat", "road", (j * 7 % 14) / 14)
            for j in range(14) for method in ("lrp", "multiscale_occlusion")]  # fmt: skip
    with open(export / "metrics.csv", "w", newline="") as file:
        csv.writer(file).writerows([("image_id", "method", "target", "metric", "value"), *rows])


def _participant(rng, i: int, heatmap: str, scores: str, trials: list[dict], bots: bool) -> dict:
    start = START + timedelta(minutes=7 * i)
    seconds = round(float(rng.uniform(700, 1500)), 3)
    return {
        "study": "demo", "study_version": "1", "participant": f"p{i:05d}", "condition": f"{heatmap}-{scores}",
        "factor_heatmap": heatmap, "factor_scores": scores, "status": "completed", "bot": truth(bots),
        "started_at": start.isoformat(), "finished_at": (start + timedelta(seconds=seconds)).isoformat(),
        "duration_s": seconds, "n_trials": len(trials),
        "n_correct": sum(trial["correct"] == "true" for trial in trials), "reward": "8.00",
    }  # fmt: skip


def _trial(rng, i: int, heatmap: str, scores: str, index: int) -> dict:
    outcome = OUTCOMES[index % 7]
    right = rng.random() < EASE[outcome] + EFFECT[heatmap] + 0.15 * np.sin(i)
    assigned = outcome in ("TP", "FP")
    return {
        "study": "demo", "study_version": "1", "participant": f"p{i:05d}", "condition": f"{heatmap}-{scores}",
        "factor_heatmap": heatmap, "factor_scores": scores, "block": index // 7, "phase": "main",
        "step_index": index + 8, "trial_index": index, "stimulus": f"img{index:02d}", "method": heatmap,
        "class_name": "cat" if index < 7 else "horse", "outcome": outcome, "response": truth(assigned == right),
        "correct": truth(right), "confidence": int(rng.integers(1, 5)), "sensitive_to": "'- ears, legs",
        "ignores": "background", "rt_ms": round(float(rng.lognormal(10, 0.4)), 1), "hidden_ms": 0,
        "shown_at": START.isoformat(), "submitted_at": START.isoformat(),
    }  # fmt: skip


def _codes(rng, trial: dict) -> list[dict]:
    """Return two coders' codes of one answer; heatmaps make people name what can be pointed at."""
    lift = 0.25 if trial["factor_heatmap"] != "none" else 0.0
    named = [code for code, kind in CODES.items() if rng.random() < (0.3 + lift if "saliency" in kind else 0.4 - lift)]
    rows = []
    for coder in ("anna", "ben"):
        seen = [code for code in named if rng.random() < 0.9] or [""]
        rows += [{"study": "demo", "participant": trial["participant"], "trial_index": trial["trial_index"],
                  "step_index": trial["step_index"], "class_name": trial["class_name"], "field": "sensitive_to",
                  "coder": coder, "code": code, "kind": CODES.get(code, "")} for code in seen]  # fmt: skip
    return rows


def truth(value) -> str:
    """Return `true` or `false`."""
    return "true" if value else "false"


def write(folder: Path, name: str, rows: list[dict]) -> Path:
    """Write one table of an export."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"study-demo_table-{name}_data.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def rewrite(folder: Path, name: str, change) -> None:
    """Change the rows of a table in place: `change` gets the list of rows and returns the new one."""
    path = folder / f"study-demo_table-{name}_data.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    header = rows[0].keys()
    rows = change(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys() if rows else header)
        writer.writeheader()
        writer.writerows(rows)


def describe(folder: Path, kind: str, factors: dict, parameters: dict | None = None,
             levels: dict[str, dict] | None = None) -> None:  # fmt: skip
    """Write `dataset_description.json`; `levels` names the stored values of some columns."""
    measured = [{"@type": "PropertyValue", "name": name, "description": "", "unitText": "",
                 "levels": {str(code): text for code, text in known.items()}}
                for name, known in (levels or {}).items()]  # fmt: skip
    content = {"name": "Demo study", "kind": kind, "study_version": "1", "parameters": parameters or {},
               "factors": {name: list(names) for name, names in factors.items()},
               "variableMeasured": measured}  # fmt: skip
    (folder / "dataset_description.json").write_text(json.dumps(content), encoding="utf-8")


CONFIDENCE = {1: "extremely unconfident", 2: "slightly unconfident", 3: "slightly confident", 4: "extremely confident"}
SORTED = {1: "Zero", 2: "Very Low", 3: "Low", 4: "Mediocre", 5: "High", 6: "Very High", 7: "100%"}
RATINGS = dict(enumerate(("Very Poor", "Poor", "Slightly Poor", "Neutral or N/A", "Slightly Good", "Good", "Very Good"),
                         start=1))  # fmt: skip
DIFFICULTY = {0: "not difficult at all", 7: "extremely difficult"}
METHODS = ("cwox_2s", "cwox_1s")
STAGES = ("NoVis", "1-Heatmap", "XNN")
QUESTIONS = ("step_index", "page", "trial_index", "confidence_level", "agents_ratings", "closing_difficulty",
             "closing_comments", "demographics_gender", "demographics_age")  # fmt: skip
BATCH = [0, 0, 0, 1, 1, 1, 2, 2, 3, 3]


def label_matching(folder: Path, n: int = 24, seed: int = 1) -> Path:
    """Write the export of a label-matching study: method between subjects, two groups, two rounds of 4 + 6 trials."""
    rng = np.random.default_rng(seed)
    people, trials = [], []
    for i in range(n):
        method, group = METHODS[i % 2], ("expert", "nonexpert")[i // 2 % 2]
        base = {"study": "demo", "study_version": "1", "participant": f"p{i:05d}", "condition": method,
                "factor_method": method}  # fmt: skip
        people.append({**base, "group": group, "status": "completed", "bot": "false"})
        for index in range(20):
            phase = "training" if index % 10 < 4 else "evaluation"
            chance = 0.55 + 0.04 * (index % 10) + 0.1 * (method == "cwox_2s")
            trials.append({**base, "block": index // 10, "phase": phase, "step_index": index, "trial_index": index,
                           "stimulus": f"img{index}", "correct": truth(rng.random() < chance), "moves": 2,
                           "rt_ms": round(float(rng.lognormal(9, 0.4)), 1)})  # fmt: skip
    write(folder, "participants", people)
    write(folder, "trials", trials)
    describe(folder, "label_matching", {"method": METHODS})
    return folder


def clustering(folder: Path, n: int = 20, seed: int = 1, stages: tuple = STAGES) -> Path:
    """Write the export of a clustering study: three stages by two data sets within participants, and agent ratings."""
    rng = np.random.default_rng(seed)
    people, trials, steps = [], [], []
    for i in range(n):
        base = {"study": "demo", "study_version": "1", "participant": f"p{i:05d}", "condition": "main"}
        asked = {"participant": base["participant"], **dict.fromkeys(QUESTIONS, "")}
        people.append({**base, "status": "completed", "bot": "false"})
        for index, (stage, dataset) in enumerate((s, d) for s in stages for d in ("cells", "gulls")):
            care = 0.35 + 0.2 * STAGES.index(stage) if stage in STAGES else 0.4
            groups = [c if rng.random() < care else int(rng.integers(4)) for c in BATCH]
            images = [f"{dataset}{k}" for k in range(10)]
            trials.append({**base, "step_index": index, "trial_index": index, "stage": stage, "dataset": dataset,
                           "placement": json.dumps(dict(zip(images, groups, strict=True))),
                           "prediction": json.dumps(dict(zip(images, BATCH, strict=True))),
                           "rt_ms": 60000})  # fmt: skip
            steps.append({**asked, "step_index": 10 + index, "page": "confidence", "trial_index": index,
                          "confidence_level": int(rng.integers(2, 6))})  # fmt: skip
        ratings = {"1-Heatmap": int(rng.integers(2, 6)), "XNN": int(rng.integers(4, 8))}
        steps.append({**asked, "step_index": 20, "page": "agents", "agents_ratings": json.dumps(ratings)})
        steps.append({**asked, "step_index": 21, "page": "closing", "closing_difficulty": int(rng.integers(2, 7)),
                      "closing_comments": "Hard to tell" if i % 2 else ""})  # fmt: skip
        steps.append({**asked, "step_index": 1, "page": "demographics",
                      "demographics_gender": ("Male", "Female")[i % 2],
                      "demographics_age": "18–30" if i % 4 else "31–40"})  # fmt: skip
    write(folder, "participants", people)
    write(folder, "trials", trials)
    write(folder, "steps", steps)
    describe(folder, "clustering", {}, {"stages": [[stage, "method"] for stage in stages]},
             {"confidence_level": SORTED, "agents_ratings": RATINGS, "closing_difficulty": DIFFICULTY})  # fmt: skip
    return folder
