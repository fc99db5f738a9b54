"""How participants' pages are rendered."""

import json
from hashlib import sha256

from django import template
from django.core.cache import cache
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.safestring import mark_safe

from studyapp.core import texts
from studyapp.core.languages import tags
from studyapp.speaking import spoken

register = template.Library()


@register.filter
def kept(name: str) -> str:
    """Show a name that a browser's translation is to leave as it is."""
    return mark_safe(texts.kept(str(name)))


@register.filter
def direction(language: str) -> str:
    """Return in which direction a page's language is written."""
    return tags.direction(language)


@register.filter
def inline(html: str) -> str:
    """Show a rendered text within a line, as a heading."""
    return mark_safe(texts.inline(html))


@register.tag
def rendered_once(parser, token):
    """Render a part of a step's page once for all to whom it shows the same, and keep it in this process.

    `{% rendered_once NAME %} … {% endrendered_once %}` sees the context's `same` and the empty form alone, and is kept
    under a digest of `same`: nothing of one run can come to stand on another's page. What is asked for again stays;
    what is not, as a board in one participant's own order, is the first to go (`CACHES`). A form that was filled in is
    rendered anew, as are other pages, without `same`, and those that are kept whole (`run/frames.py`).
    """
    name = token.split_contents()[1]
    nodelist = parser.parse(("endrendered_once",))
    parser.delete_first_token()
    return RenderedOnce(name, nodelist)


class RenderedOnce(template.Node):
    def __init__(self, name: str, nodelist: template.NodeList):
        self.name, self.nodelist = name, nodelist

    def render(self, context) -> str:
        if "same" not in context:
            return self.nodelist.render(context)
        own = {**context["same"], "form": context["form"]}
        if getattr(own["form"], "is_bound", False) or own.get("kept_as"):
            return self.compose(context.new(own))
        key = f"{self.name}-{digest(context)}"
        if kept := cache.get(key):
            return kept
        shown = self.compose(context.new(own))
        cache.set(key, shown, None)
        return shown

    def compose(self, own) -> str:
        return self.nodelist.render(own)


@register.tag
def shared(parser, token):
    """Render a part that many pages share once, and keep it in this process.

    `{% shared NAME variable … %} … {% endshared %}` sees these variables of the context alone, JSON all of them, and
    is kept under a digest of them: a card that stands on the pages of many pictures is made once for all.

    `{% shared_by_template NAME variable … %} … {% endshared_by_template %}` has blocks in it, which each page's
    template fills in its own way.
    """
    tag, name, *variables = token.split_contents()
    nodelist = parser.parse((f"end{tag}",))
    parser.delete_first_token()
    return Shared(name, variables, nodelist, by_template=tag == "shared_by_template")


register.tag("shared_by_template", shared)


class Shared(template.Node):
    def __init__(self, name: str, variables: list[str], nodelist: template.NodeList, *, by_template: bool):
        self.name, self.variables, self.nodelist, self.by_template = name, variables, nodelist, by_template

    def render(self, context) -> str:
        own = {name: context.get(name) for name in self.variables}
        page = context.template.name if self.by_template else ""
        shaped_by = json.dumps([spoken(), page, own], cls=DjangoJSONEncoder)
        key = f"{self.name}-{sha256(shaped_by.encode()).hexdigest()}"
        if (kept := cache.get(key)) is None:
            kept = self.compose(context.new(own))
            cache.set(key, kept, None)
        return kept

    def compose(self, own) -> str:
        return self.nodelist.render(own)


def digest(context) -> str:
    """Return a digest of what shapes the page, taken once a rendering."""
    taken = context.render_context
    if (known := taken.get(RenderedOnce)) is None:
        shown = json.dumps([spoken(), context["same"]], cls=DjangoJSONEncoder)
        known = taken[RenderedOnce] = sha256(shown.encode()).hexdigest()
    return known
