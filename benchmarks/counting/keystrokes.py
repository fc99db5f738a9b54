"""How long a person would take at a page, by the keystroke-level model, counted while a browser does what is said.

Card, Moran and Newell 1980, The keystroke-level model for user performance time with interactive systems,
Communications of the ACM 23 (7), figure 1: K = 0.28 s for a typist of 40 words a minute, P = 1.1 s, H = 0.4 s,
M = 1.35 s; R is what the system takes, measured. Every action has an M of its own, where the paper's rules would delete
some: people meet the pages for the first time. Reading isn't in the model: `READING_S` a page met is an assumption.
"""

import time
from collections import Counter
from contextlib import contextmanager

from playwright.sync_api import Locator, Page

SECONDS = {"K": 0.28, "P": 1.1, "H": 0.4, "M": 1.35}
READING_S = 15


class Person:
    """Somebody at a page; `counts` holds operators, `clicks`, `keys` and `pages` by the part under way."""

    def __init__(self, page: Page):
        self.page = page
        self.parts: dict[str, Counter] = {}
        self.hand = "mouse"

    @contextmanager
    def part(self, name: str):
        """Count what follows under a name; what the system took meanwhile is R."""
        self.counts = self.parts.setdefault(name, Counter())
        self.waited = 0.0
        yield
        self.counts["R"] += self.waited

    def click(self, target: Locator) -> None:
        """Point at something and press the button, then wait until whatever page comes is there."""
        self._take("mouse")
        self.counts.update({"M": 1, "P": 1, "K": 1, "clicks": 1})
        self._wait(target.click)

    def type(self, target: Locator, text: str) -> None:
        """Click into a field, take all that is in it, and type."""
        self.click(target)
        self._take("keyboard")
        presses = len(text) + 2  # Ctrl and A
        self.counts.update({"K": presses, "keys": presses})
        target.fill(text)

    def choose(self, target: Locator, label: str) -> None:
        """Open a list and choose: two clicks."""
        self._take("mouse")
        self.counts.update({"M": 1, "P": 2, "K": 2, "clicks": 2})
        target.select_option(label=label)

    def choose_file(self, target: Locator, path: str) -> None:
        """Open the system's dialogue, find the file among others, and take it: three clicks, a thought each."""
        self._take("mouse")
        self.counts.update({"M": 3, "P": 3, "K": 3, "clicks": 3})
        target.set_input_files(path)

    def write(self, texts: list[str]) -> None:
        """Go to cells of a spreadsheet, one after the other, and type a text into each: an arrow key and Enter."""
        self._take("keyboard")
        presses = sum(len(text) + 2 for text in texts)
        self.counts.update({"M": len(texts), "K": presses, "keys": presses})

    def read(self, n: int = 1) -> None:
        """Read a page that is met, or `n` at once."""
        self.counts["pages"] += n

    def wait_for(self, target: Locator, **options) -> None:
        """Wait until the page shows something."""
        self._wait(lambda: target.wait_for(**options))

    def _take(self, hand: str) -> None:
        if self.hand != hand:
            self.counts["H"] += 1
        self.hand = hand

    def _wait(self, action) -> None:
        began = time.perf_counter()
        action()
        self.page.wait_for_load_state()
        self.waited += time.perf_counter() - began


def seconds(counts: Counter, reading_s: float = READING_S) -> float:
    """Return what a part takes in all."""
    return sum(each * counts[name] for name, each in SECONDS.items()) + counts["R"] + reading_s * counts["pages"]


def table(parts: dict[str, Counter], reading_s: float = READING_S) -> str:
    """Return a table with a row for each part and one for all, in Markdown."""
    total = sum(parts.values(), Counter())
    rows = [
        f"| {name} | {counts['clicks']} | {counts['keys']} | {counts['pages']} | {counts['R']:.0f} | "
        f"{seconds(counts, 0) - counts['R']:.0f} | {seconds(counts, reading_s) / 60:.1f} |"
        for name, counts in [*parts.items(), ("**all**", total)]
    ]
    head = "| part | clicks | keys | pages | system, s | by hand, s | with reading, min |"
    return "\n".join([head, "|---|" + "---:|" * 6, *rows])
