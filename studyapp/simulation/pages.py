"""Read the form of a page as a browser would."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from .answering import Pairs, SimulationError

CHOSEN = ("radio", "checkbox")


@dataclass
class Control:
    """One named control: its type, and the values that can be chosen where it is a choice."""

    type: str
    offered: set[str] = field(default_factory=set)


@dataclass
class PageForm:
    """A form's controls by name, and what it submits unasked."""

    controls: dict[str, Control] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)

    def filled(self, pairs: Pairs) -> Pairs:
        """Return what the form submits with `pairs` filled in; a pair that the page has no place for is an error."""
        for name, value in pairs:
            control = self.controls.get(name)
            if control is None:
                raise SimulationError(f"the page has no field {name!r}; it has {', '.join(self.controls) or 'none'}")
            if control.offered and value not in control.offered:
                raise SimulationError(f"field {name!r}: {value!r} is not offered; {sorted(control.offered)} are")
        named = {name for name, _ in pairs}
        return [(name, value) for name, value in self.hidden.items() if name not in named] + pairs


def form_with(html: str, name: str) -> PageForm:
    """Return the page's form that has a field of that name."""
    parser = _Forms()
    parser.feed(html)
    for form in parser.forms:
        if name in form.hidden or name in form.controls:
            return form
    raise SimulationError(f"the page has no form with a field {name!r}")


class _Forms(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms: list[PageForm] = []
        self.select: Control | None = None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        name = given.get("name")
        if tag == "form":
            self.forms.append(PageForm())
        elif not self.forms:
            return
        elif tag == "option" and self.select:
            self.select.offered.add(given.get("value") or "")
        elif not name:
            return
        elif tag == "input" and given.get("type") == "hidden":
            self.forms[-1].hidden[name] = given.get("value") or ""
            self.forms[-1].controls.setdefault(name, Control("hidden"))
        elif tag in ("input", "select", "textarea"):
            self._add(tag, name, given)

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None

    def _add(self, tag: str, name: str, given: dict) -> None:
        kind = (given.get("type") or "text") if tag == "input" else tag
        control = self.forms[-1].controls.setdefault(name, Control(kind))
        if kind in CHOSEN:
            control.offered.add(given.get("value") or "on")
        if tag == "select":
            self.select = control
