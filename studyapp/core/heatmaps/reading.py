"""How a display's heatmaps are to be read, in words that participants understand; they follow the display.

Sentences are English, given as constants that a page's `say` translates. What a colour table's ends are called stands
here too; of a diverging one, the low end is against and the high end for.
"""

from collections.abc import Callable
from dataclasses import dataclass

from studyapp.core.display import Display

Say = Callable[[str], str]
READING = "{reading}"  # where texts have these sentences


def to_say(sentence: str) -> str:
    """Mark a constant that `say` will translate, so that the translators' catalogue has it."""
    return sentence


@dataclass(frozen=True)
class Names:
    """What people call a table's ends; `hue` where all of its colours are of one."""

    low: str
    high: str
    hue: str = ""


RED, BLUE, GREY, ORANGE, PURPLE = to_say("red"), to_say("blue"), to_say("grey"), to_say("orange"), to_say("purple")
DARK_RED, DARK_BLUE, DARK_PURPLE = to_say("dark red"), to_say("dark blue"), to_say("dark purple")
BLACK, YELLOW, WHITE = to_say("black"), to_say("yellow"), to_say("near white")
NAMES = {
    "Reds": Names(WHITE, DARK_RED, RED),
    "Blues": Names(WHITE, DARK_BLUE, BLUE),
    "Greys": Names(WHITE, BLACK, GREY),
    "viridis": Names(DARK_PURPLE, YELLOW),
    "inferno": Names(BLACK, YELLOW),
    "magma": Names(BLACK, to_say("pale yellow")),
    "cividis": Names(DARK_BLUE, YELLOW),
    "turbo": Names(DARK_BLUE, DARK_RED),
    "RdBu_r": Names(BLUE, RED),
    "PuOr_r": Names(PURPLE, ORANGE),
    "coolwarm": Names(BLUE, RED),
}

DARKER = to_say("**The darker the %(hue)s, the more that part spoke for the label “%(label)s”.**")
DARKER_COUNTED = to_say("**The darker the %(hue)s, the more that part counted.**")
NEARER = to_say(
    "Colours go from %(low)s to %(high)s: **the nearer to %(high)s, the more that part spoke for the label "
    "“%(label)s”.**"
)
NEARER_COUNTED = to_say("Colours go from %(low)s to %(high)s: **the nearer to %(high)s, the more that part counted.**")
BOTH = to_say(
    "**The stronger the %(high)s, the more that part spoke for the label “%(label)s”; the stronger the %(low)s, the "
    "more it spoke against it.**"
)
BOTH_COUNTED = to_say(
    "**The stronger the %(high)s, the more that part counted in favour; the stronger the %(low)s, the more it counted "
    "against.**"
)
LINES = to_say(
    "**Lines run round the parts that spoke most for the label “%(label)s”**: the innermost one round the strongest "
    "twentieth of the picture, the middle one round a tenth, the outermost one round a fifth."
)
LINES_COUNTED = to_say(
    "**Lines run round the parts that counted most**: the innermost one round the strongest twentieth of the picture, "
    "the middle one round a tenth, the outermost one round a fifth."
)
LINES_SIDES = to_say("Lines in %(high)s are round what was in favour, lines in %(low)s round what was against.")
REVEALED = to_say(
    "**What is in colour and sharp, up to a fifth of the picture, spoke most for the label “%(label)s”.** The rest is "
    "grey and blurred."
)
REVEALED_COUNTED = to_say(
    "**What is in colour and sharp, up to a fifth of the picture, counted most.** The rest is grey and blurred."
)
REVEALED_BOTH = to_say(
    "**What is in colour and sharp, up to a fifth of the picture, counted most, in favour or against.** The rest is "
    "grey and blurred."
)
CLEAR_LEAST = to_say("Parts without colour counted least.")
CLEAR_NOTHING = to_say("Parts without colour made little difference.")
CLEAR_AGAINST = to_say("Parts without colour made little difference, or spoke against it.")
LOW_LEAST = to_say("What is %(low)s counted least.")
LOW_NOTHING = to_say("What is %(low)s made little difference.")
LOW_AGAINST = to_say("What is %(low)s made little difference, or spoke against it.")
PALE_NOTHING = to_say("What is pale made little difference.")
OWN_SCALE = to_say("Each heatmap has a scale of its own: its strongest colour marks its own strongest place.")
PICTURES_SCALE = to_say("Colours mean the same in all heatmaps of one picture.")


def reading(display: Display, say: Say, *, signed: bool = False, label: str = "") -> str:
    """Return how to read a display's heatmaps, as Markdown; without a `label`, of maps whose label isn't told.

    `signed` says that the method's maps tell evidence against as well, which `positive` leaves without colour.
    """
    both = display.sign == "both"
    if display.style == "contours":
        sentences = [LINES if label and not both else LINES_COUNTED, *([LINES_SIDES] if both else [])]
    elif display.style == "reveal":
        sentences = [REVEALED_BOTH if both else REVEALED if label else REVEALED_COUNTED]
    else:
        sentences = [*_colours(display, both, bool(label)), _least(display, both, signed), *_scale(display)]
    return " ".join(_filled(sentence, display, say, label) for sentence in sentences)


def _colours(display: Display, both: bool, labelled: bool) -> list[str]:
    if both:
        return [BOTH if labelled else BOTH_COUNTED]
    if NAMES[display.colours].hue:
        return [DARKER if labelled else DARKER_COUNTED]
    return [NEARER if labelled else NEARER_COUNTED]


def _least(display: Display, both: bool, signed: bool) -> str:
    """Return what the colours' low end means, or their middle where both signs are drawn."""
    alone = display.style == "map"
    if display.floor == "minimum":
        return LOW_LEAST if alone else CLEAR_LEAST
    if both:
        return PALE_NOTHING if alone else CLEAR_NOTHING
    if signed:
        return LOW_AGAINST if alone else CLEAR_AGAINST
    return LOW_NOTHING if alone else CLEAR_NOTHING


def _scale(display: Display) -> list[str]:
    return {"map": [OWN_SCALE], "image": [PICTURES_SCALE]}.get(display.scale, [])


def _filled(sentence: str, display: Display, say: Say, label: str) -> str:
    names = NAMES[display.colours]
    hue, low, high = (say(one) if one else "" for one in (names.hue, names.low, names.high))
    return say(sentence) % {"hue": hue, "low": low, "high": high, "label": label}
