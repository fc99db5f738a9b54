"""Who does a study and what becomes of its data: what ethics boards want the information page to say, part by part.

After the information sheet in appendix A1 of the multi-scale occlusion study in `shared/papers`, in its order.
"""

from typing import Any

from .kinds import Parameter
from .run import Run, to_say

PARTICULARS = {
    "researchers": (to_say("Who does this study"), "Who does the study: names, and who leads it."),
    "institution": (to_say("Institution"), "The institution at which the study is done, with its address."),
    "legal_basis": (
        to_say("Legal basis"),
        "The legal basis on which personal data are processed, as in “a task in the public interest”.",
    ),
    "data_controller": (
        to_say("Data controller"),
        "Who is answerable for the data, and how their data protection officer is reached.",
    ),
    "withdrawal": (
        to_say("Withdrawing your answers later"),
        "Until when, and how, answers can be withdrawn after the study is completed.",
    ),
    "contact": (to_say("Questions"), "Who answers questions about the study, and how they are reached."),
    "complaints": (to_say("Complaints"), "Whom participants can turn to with a complaint, independent of the study."),
    "ethics_number": (to_say("Ethics approval"), "The ethics board that approved the study, and the number it gave."),
}


def particular_parameters() -> tuple[Parameter, ...]:
    """Return a text parameter for each of the particulars, empty until the researchers fill it in."""
    return tuple(Parameter(name, "text", "", words, spoken="shown") for name, (_, words) in PARTICULARS.items())


def particulars(run: Run) -> list[dict[str, str]]:
    """Return those of the particulars that a study states, in order, each with its heading in the study's language."""
    stated = {name: run.parameters.get(name, "").strip() for name in PARTICULARS}
    return [{"heading": run.say(PARTICULARS[name][0]), "words": words} for name, words in stated.items() if words]


def unstated(parameters: dict[str, Any]) -> list[str]:
    """Return which of the particulars a study with these parameters leaves open; none where its kind has no such."""
    return [name for name in PARTICULARS if name in parameters and not parameters[name].strip()]
