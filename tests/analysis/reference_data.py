"""The made-up data and R's answers about them, as fixtures read them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent / "reference"
R = json.loads((FOLDER / "r_reference.json").read_text())
MORE = json.loads((FOLDER / "more_reference.json").read_text())  # reference/more.R
MODELS = json.loads((FOLDER / "models_reference.json").read_text())  # reference/models.R
SCALES = json.loads((FOLDER / "scales_reference.json").read_text())  # reference/scales.R
REARRANGED = json.loads((FOLDER / "rearranged_reference.json").read_text())  # reference/rearranged.R
LEVELS = {"heatmap": ["none", "static", "interactive"], "score": ["absent", "present"]}


def frame(name: str) -> pd.DataFrame:
    """Return a reference data set with its factors in R's level order."""
    data = pd.read_csv(FOLDER / f"{name}.csv", keep_default_na=False, na_values=[""])
    for factor, levels in LEVELS.items():
        if factor in data:
            data[factor] = pd.Categorical(data[factor], levels)
    return data


def rows(table: list[dict], key: str = "term") -> dict[str, dict]:
    """Return R's rows by their term."""
    return {row[key]: row for row in table}


def trials(thin: bool = False) -> pd.DataFrame:
    """Return `trials_long.csv`, or its unbalanced part as `more.R` thins it: unequal cells, unequal participants."""
    data = frame("trials_long")
    data = data.assign(method=pd.Categorical(data["method"]), group=pd.Categorical(data["group"]))
    row = np.arange(len(data))
    return data[(row % 7 != 0) & ~((data["group"] == "expert") & (row % 3 == 0))] if thin else data
