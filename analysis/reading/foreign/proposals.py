"""A map proposed from a CSV: who wrote the file, which column is the participant, which are factors and outcomes.

A proposal to be read and changed: what a column means stands in nobody's file. It follows the marks that Qualtrics,
Google Forms, oTree, jsPsych and reVISit leave in their exports, and otherwise what the cells look like.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from analysis.errors import AnalysisError
from analysis.reading.foreign.delimited import LINE, read_table
from analysis.reading.foreign.layout import ROW
from analysis.reading.foreign.reshaping import NUMBER, described_rows
from analysis.reading.foreign.spellings import as_numbers
from analysis.reading.foreign.tables import NOTHING_WORDS, TRUTH

SCALES = tuple(
    tuple(scale.split(" | "))
    for scale in (
        "strongly disagree | disagree | agree | strongly agree",
        "strongly disagree | somewhat disagree | somewhat agree | strongly agree",
        "strongly disagree | somewhat disagree | neither agree nor disagree | somewhat agree | strongly agree",
        "strongly disagree | disagree | neither agree nor disagree | agree | strongly agree",
        "strongly disagree | disagree | neutral | agree | strongly agree",
        "strongly disagree | disagree | undecided | agree | strongly agree",
        "strongly disagree | disagree | somewhat disagree | somewhat agree | agree | strongly agree",
        "strongly disagree | disagree | somewhat disagree | neither agree nor disagree | somewhat agree | agree | "
        "strongly agree",
        "strongly disagree | disagree | somewhat disagree | neutral | somewhat agree | agree | strongly agree",
        "very unlikely | unlikely | neutral | likely | very likely",
        "extremely unlikely | somewhat unlikely | neither likely nor unlikely | somewhat likely | extremely likely",
        "never | rarely | sometimes | often | always",
        "never | sometimes | about half the time | most of the time | always",
        "not at all | slightly | moderately | very | extremely",
        "not at all | a little | somewhat | very much",
        "not at all | a little | moderately | very | extremely",
        "none at all | a little | a moderate amount | a lot | a great deal",
        "poor | fair | good | very good | excellent",
        "very poor | poor | fair | good | very good",
        "very poor | poor | average | good | very good",
        "terrible | poor | average | good | excellent",
        "very low | low | medium | high | very high",
        "very difficult | difficult | neutral | easy | very easy",
        "extremely difficult | somewhat difficult | neither easy nor difficult | somewhat easy | extremely easy",
        "very dissatisfied | dissatisfied | neutral | satisfied | very satisfied",
        "extremely dissatisfied | somewhat dissatisfied | neither satisfied nor dissatisfied | somewhat satisfied | "
        "extremely satisfied",
        "stimme überhaupt nicht zu | stimme eher nicht zu | teils teils | stimme eher zu | stimme voll zu",
        "stimme überhaupt nicht zu | stimme nicht zu | teils teils | stimme zu | stimme voll zu",
        "stimme überhaupt nicht zu | stimme nicht zu | neutral | stimme zu | stimme voll zu",
        "stimme überhaupt nicht zu | stimme nicht zu | stimme eher nicht zu | teils teils | stimme eher zu | "
        "stimme zu | stimme voll zu",
    )
)
PEOPLE = re.compile(
    r"(prolific_?pid|participant(\.code|_?id)?|subject(_?id)?|respons?e_?id|worker_?id|user_?id|uid|pid|id|code|run_?id|vp(_?nr)?)",
    re.IGNORECASE,
)
FACTOR = re.compile(
    r"(condition|group|treatment|method|arm|bedingung|gruppe|version|heatmap|stage|block)", re.IGNORECASE
)
STIMULUS = re.compile(r"(stimulus|image|item|picture|trial_?id|file)s?(_?id|_?name)?", re.IGNORECASE)
ASIDE = re.compile(
    r"(.*date.*|.*time(stamp|_?elapsed|_?started.*)?|zeitstempel|.*ip_?address.*|.*latitude|.*longitude|.*e-?mail.*|.*name|"
    r".*index.*|.*label|.*_url|.*url|.*_version|version|.*hash|.*node_id|.*payoff|.*comment.*|.*language|.*browser.*|"
    r"age|alter|gender|geschlecht|sex|handedness|nationality|.*[ _](first click|last click|page submit|click count)|"
    r"q_(recaptcha|relevantid|totalduration|ballotbox|duplicate|unanswered|ambiguous|straightlining|population).*)",
    re.IGNORECASE,
)
MOST_LEVELS = 12
MOST_POINTS = 11
OTREE = re.compile(r"(?P<app>.+)\.(?P<round>\d+)\.player\.(?P<column>.+)")
NUMBERED = re.compile(r"(?P<column>.+) \((?P<round>\d+)\)", re.DOTALL)
OTREE_OWN = ("id_in_group", "role", "payoff")
JSPSYCH = {"trial_type", "trial_index", "time_elapsed"}
REVISIT = {"participantId", "trialId", "responseId", "answer"}
QUALTRICS = {"ResponseId", "Finished"}


@dataclass
class Proposal:
    """What a map would say, and why; `aside` are columns that it does not use."""

    source: str
    participant: str
    between: list[str] = field(default_factory=list)
    within: list[str] = field(default_factory=list)
    stimulus: str = ""
    wide: str = ""
    keep: list[tuple[str, list[str]]] = field(default_factory=list)
    exclude: list[tuple[str, list[str], str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    outcomes: list[dict[str, object]] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)

    def toml(self, file: str) -> str:
        """Return the proposal as a map with comments, to be read and changed."""
        lines = [f"# Proposed for {file}: {self.source}. Read it and change it: only you know what the columns mean."]
        lines.append(f"participant = {_text(self.participant)}")
        if self.wide:
            lines.append(f"wide = {_text(self.wide)}")
        lines += [f"between = {_list(self.between)}   # constant for a participant",
                  f"within = {_list(self.within)}   # vary inside a participant"]  # fmt: skip
        if self.stimulus:
            lines.append(f"stimulus = {_text(self.stimulus)}   # participants and stimuli become random and crossed")
        if self.missing:
            lines.append(f"missing = {_list(self.missing)}   # cells that mean nothing was answered")
        for column, values in self.keep:
            lines += ["", "[[keep]]", f"column = {_text(column)}", f"values = {_list(values)}"]
        for column, values, reason in self.exclude:
            lines += [
                "",
                "[[exclude]]",
                f"column = {_text(column)}",
                f"values = {_list(values)}",
                f"reason = {_text(reason)}",
            ]
        for outcome in self.outcomes:
            lines += ["", "[[outcomes]]", *(f"{name} = {_value(value)}" for name, value in outcome.items())]
        if self.aside:
            lines += ["", f"# Not used: {', '.join(' '.join(name.split()) for name in self.aside)}"]
        return "\n".join(lines) + "\n"


def propose(path: Path) -> Proposal:
    """Return the map proposed for a CSV; raises `AnalysisError` where nothing in it looks like an answer."""
    table = read_table(path)[0].drop(columns=LINE)
    described = described_rows(table)
    labels = table.iloc[0].to_dict() if described else {}
    table = table[described:].reset_index(drop=True)
    if table.empty:
        raise AnalysisError(f"{path}: holds no row, so that no map can be proposed")
    table = table.apply(lambda cells: cells.str.strip())
    for looks, make in ((_is_otree, _otree), (_is_revisit, _revisit), (_is_jspsych, _jspsych), (
        _is_qualtrics, _qualtrics),
                        (_is_forms, _forms)):  # fmt: skip
        if looks(table):
            try:
                proposal = make(table)
            except AnalysisError as refusal:
                raise AnalysisError(f"{path}: {refusal}") from None
            break
    else:
        proposal = _classified(table, Proposal("by what the cells look like", _person(table)))
    if not proposal.outcomes:
        raise AnalysisError(f"{path}: no column looks like an answer (numbers, yes and no, or a scale of words)")
    for outcome in proposal.outcomes:
        label = labels.get(str(outcome["column"]))
        if isinstance(label, str) and label.strip():
            outcome["label"] = " ".join(label.split())[:80]
    return proposal


def _is_qualtrics(table: pd.DataFrame) -> bool:
    return set(table) >= QUALTRICS


def _qualtrics(table: pd.DataFrame) -> Proposal:
    proposal = Proposal("an export of Qualtrics", "ResponseId")
    unfinished = [value for value in ("False", "FALSE", "0") if (table["Finished"] == value).any()]
    if unfinished:
        proposal.exclude.append(("Finished", unfinished, "did not finish"))
    for column in ("Status", "DistributionChannel"):
        previews = [value for value in ("Survey Preview", "preview", "1") if column in table
                    and (table[column] == value).any() and (column == "Status" or value != "1")]  # fmt: skip
        if previews:
            proposal.exclude.append((column, previews, "a preview by the researchers"))
    own = ("Status", "Progress", "Duration (in seconds)", "Finished", "DistributionChannel", "UserLanguage")
    return _classified(table, proposal, own)


def _is_forms(table: pd.DataFrame) -> bool:
    first = str(table.columns[0])
    return first in ("Timestamp", "Zeitstempel", "Horodateur", "Marca temporal") and PEOPLE.fullmatch(first) is None


def _forms(table: pd.DataFrame) -> Proposal:
    """Return the map of a form: a row per participant, and per repetition where questions share their wording."""
    named = [name for name in table if PEOPLE.fullmatch(name) and table[name].is_unique and table[name].notna().all()]
    proposal = Proposal("an export of Google Forms, a row per participant", named[0] if named else ROW)
    asked = [(fits["column"], fits["round"]) for name in table if (fits := NUMBERED.fullmatch(name))]
    if len({place for _, place in asked}) < 2:
        return _classified(table, proposal)
    proposal.source = "an export of Google Forms, a row per participant; questions of one wording are stacked"
    proposal.wide = "{column} ({round})"
    rest = table[[name for name in table if not NUMBERED.fullmatch(name)]].assign(**{ROW: range(len(table))})
    parts = [rest.assign(**{name: table[f"{name} ({place})"] for name, own in asked if own == place})
             for place in dict.fromkeys(place for _, place in asked)]  # fmt: skip
    long = pd.concat(parts, ignore_index=True)
    return _classified(long.dropna(subset=[*dict(asked)], how="all"), proposal)


def _is_otree(table: pd.DataFrame) -> bool:
    return "participant.code" in table and any(OTREE.fullmatch(name) for name in table)


def _otree(table: pd.DataFrame) -> Proposal:
    """Return the map of `all_apps_wide`: the app with the most rounds is stacked, a row per round."""
    rounds: dict[str, set[str]] = {}
    for name in table:
        fits = OTREE.fullmatch(name)
        if fits:
            rounds.setdefault(fits["app"], set()).add(fits["round"])
    app = max(rounds, key=lambda name: len(rounds[name]))
    proposal = Proposal(
        f"all_apps_wide of oTree; the rounds of {app}", "participant.code", wide=f"{app}.{{round}}.player.{{column}}"
    )
    names = [fits["column"] for name in table if (fits := OTREE.fullmatch(name)) and fits["app"] == app]
    long = pd.concat(
        [pd.DataFrame({"participant.code": table["participant.code"], **{
            name: table.get(f"{app}.{place}.player.{name}") for name in dict.fromkeys(names)}})
         for place in rounds[app]],
        ignore_index=True,
    )  # fmt: skip
    answered = [name for name in dict.fromkeys(names) if name not in OTREE_OWN]
    long = long.dropna(subset=answered, how="all")
    outside = [
        name
        for name in table
        if name.startswith("session.config.") or (name.startswith("participant.") and FACTOR.search(name[12:]))
    ]
    outside = [name for name in outside if 1 < table[name].nunique() <= MOST_LEVELS]
    people = table.set_index("participant.code")
    for name in outside:
        long[name] = long["participant.code"].map(people[name])
    if "participant._is_bot" in table and (table["participant._is_bot"] == "1").any():
        proposal.exclude.append(("participant._is_bot", ["1"], "a bot"))
    proposal = _classified(long, proposal, OTREE_OWN)
    proposal.aside += [f"{other}.…" for other in rounds if other != app]
    return proposal


def _is_jspsych(table: pd.DataFrame) -> bool:
    return set(table) >= JSPSYCH


def _jspsych(table: pd.DataFrame) -> Proposal:
    """Return the map of a jsPsych file: rows of the trials whose answers are right or wrong, else of responses."""
    proposal = Proposal("an export of jsPsych", _person(table))
    if proposal.participant == ROW:
        raise AnalysisError("is a file of jsPsych with no column that names the participant; give every row one, as by "
                            "jsPsych.data.addProperties({participant: …})")  # fmt: skip
    scored = next(
        (name for name in ("correct", "response") if name in table and table[name].notna().any()), "trial_type"
    )
    kind = next((name for name in ("task", "screen", "phase") if name in table), "trial_type")
    trials = table[table[scored].notna() & ~table[scored].isin(["null", ""])]
    named = trials[kind].dropna().value_counts()
    if len(named) and table[kind].nunique() > 1:
        proposal.keep.append((kind, list(named.index[:1])))
        trials = trials[trials[kind] == named.index[0]]
    trials = trials.replace("null", pd.NA)
    own = {*JSPSYCH, kind, "plugin_version", "internal_node_id", *({"response"} if scored == "correct" else ())}
    return _classified(trials, proposal, tuple(own))


def _is_revisit(table: pd.DataFrame) -> bool:
    return set(table) >= REVISIT


def _revisit(table: pd.DataFrame) -> Proposal:
    """Return the map of reVISit's tidy file, which has a row per question: an outcome for each of them."""
    proposal = Proposal("a tidy export of reVISit, a row per question", "participantId")
    if "status" in table and (table["status"] == "rejected").any():
        proposal.exclude.append(("status", ["rejected"], "rejected in reVISit"))
    people = table.groupby("participantId")
    for name in table:
        if (
            name not in REVISIT | {"trialOrder", "correctAnswer", "status"}
            and FACTOR.search(name)
            and (1 < table[name].nunique() <= MOST_LEVELS)
        ):
            (proposal.between if (people[name].nunique() <= 1).all() else proposal.within).append(name)
    proposal.stimulus = "trialId"
    for question, rows in table.dropna(subset=["answer"]).groupby("responseId", sort=False):
        right = "correctAnswer" in rows and rows["correctAnswer"].notna().any()
        guess = {"kind": "binary", "correct": "correctAnswer"} if right else _guess(rows["answer"])
        if guess:
            proposal.outcomes.append(
                {"column": "answer", "name": str(question), **guess, "where": {"responseId": str(question)}}
            )
    proposal.aside = [
        name for name in table if name not in (*REVISIT, *proposal.between, *proposal.within, "correctAnswer", "status")
    ]
    return proposal


def _person(table: pd.DataFrame) -> str:
    """Return the column that names participants: by its name, the one with the most values; else rows are people."""
    named = [name for name in table if PEOPLE.fullmatch(str(name)) and table[name].notna().all()]
    best = max(named, key=lambda name: (table[name].nunique() > 1, -list(table).index(name)), default="")
    return best or ROW


def _classified(table: pd.DataFrame, proposal: Proposal, own: tuple[str, ...] = ()) -> Proposal:
    """Sort a table's columns into factors, the stimulus, outcomes and what is left aside."""
    alone = proposal.participant == ROW and ROW not in table
    rows = table.assign(**{ROW: range(len(table))}) if alone else table
    people = rows.groupby(proposal.participant)
    several = len(rows) > people.ngroups
    for name in table:
        if name == proposal.participant or name in own or any(name == rule[0] for rule in proposal.exclude):
            continue
        cells = table[name].dropna()
        if name.startswith("#") or cells.nunique() < 2:
            proposal.aside.append(name)
            continue
        constant = bool((people[name].nunique() <= 1).all())
        guess = None if ASIDE.fullmatch(name) else _guess(cells)
        nothing = cells[cells.str.lower().isin(NOTHING_WORDS)]
        if guess is None and len(nothing) and not ASIDE.fullmatch(name):
            cells = cells.drop(nothing.index)
            guess = _guess(cells) if cells.nunique() > 1 else None
            proposal.missing += [word for word in nothing.unique() if guess and word not in proposal.missing]
        words = not cells.str.fullmatch(NUMBER).all() and not cells.str.lower().isin(TRUTH).all()
        levels = cells.nunique() <= MOST_LEVELS and cells.nunique() * 2 <= len(cells)
        if several and STIMULUS.fullmatch(name) and not constant and not proposal.stimulus:
            proposal.stimulus = name
        elif (
            levels
            and (FACTOR.search(name.rsplit(".", 1)[-1]) or (words and guess is None))
            and not ASIDE.fullmatch(name)
        ):
            (proposal.between if constant else proposal.within).append(name)
        elif guess:
            outcome = {"column": name, **_named(name), **guess}
            proposal.outcomes.append(outcome)
        else:
            proposal.aside.append(name)
    taken = [str(outcome.get("name", outcome["column"])) for outcome in proposal.outcomes]
    for place, outcome in enumerate(proposal.outcomes):
        if taken.count(taken[place]) > 1 or taken[place] in (*proposal.between, *proposal.within, "participant"):
            outcome["name"] = f"{taken[place]}_{place + 1}"
    return proposal


def _guess(cells: pd.Series) -> dict[str, object] | None:
    """Return kind (and levels) of an outcome whose cells these are, None where they are no answers of a known sort."""
    given = cells.dropna()
    if given.empty:
        return None
    if given.str.lower().isin(TRUTH).all() and given.nunique() > 1:
        return {"kind": "binary"}
    try:
        plain = as_numbers(given, "ordinal", "")[0]
    except AnalysisError:  # as points they can't be read; they may be shares
        return {"kind": "fraction"} if _are_shares(given) else None
    if plain.str.fullmatch(NUMBER).all():
        values = pd.to_numeric(plain.str.replace(",", "."))
        whole, low, high = bool((values % 1 == 0).all()), float(values.min()), float(values.max())
        if whole and low >= 0 and high <= MOST_POINTS and high > low:
            return {"kind": "ordinal"}
        return {"kind": "fraction" if low >= 0 and high <= 1 else "ratio"}
    return _words(given)


def _are_shares(given: pd.Series) -> bool:
    try:
        return bool(as_numbers(given, "fraction", "")[0].str.fullmatch(NUMBER).all())
    except AnalysisError:
        return False


def _words(given: pd.Series) -> dict[str, object] | None:
    """Return an ordinal outcome with all points of its scale in words, lowest first, where a known scale holds them.

    It is the scale with the fewest points beside those given. None where two have as few: which one was shown decides
    what the given points are worth.
    """
    by_spelling = {
        " ".join(value.lower().replace("/", " ").replace(",", " ").split()): value for value in given.unique()
    }
    fitting = [scale for scale in SCALES if set(by_spelling) <= set(scale)] if len(by_spelling) > 1 else []
    fewest = min(map(len, fitting), default=0)
    shortest = [scale for scale in fitting if len(scale) == fewest]
    if len(shortest) != 1:
        return None
    return {"kind": "ordinal", "levels": [by_spelling.get(point, point.capitalize()) for point in shortest[0]]}


def _named(name: str) -> dict[str, str]:
    """Return the name and the label of an outcome whose column's own name no id can begin with."""
    short = _short(name)
    return {} if short == name else {"name": short, "label": " ".join(name.split())[:80]}


def _short(name: str) -> str:
    """Return a column's name as one that ids can begin with."""
    return re.sub(r"\W+", "_", name.strip()).strip("_").lower()[:40] if re.search(r"[^\w.]", name) else name


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _list(values: list[str]) -> str:
    return "[" + ", ".join(map(_text, values)) + "]"


def _value(value: object) -> str:
    if isinstance(value, list):
        return _list([str(entry) for entry in value])
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_text(str(entry))}" for key, entry in value.items()) + "}"
    return _text(str(value))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)
