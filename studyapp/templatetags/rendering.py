"""How participants' pages are rendered."""

import json
from hashlib import sha256

from django import template
from django.core.cache import cache
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import get_language

register = template.Library()


@register.tag
def rendered_once(parser, token):
    """Render a part of a step's page once for all to whom it shows the same, and keep it in this process.

    `{% rendered_once NAME %} … {% endrendered_once %}` sees the context's `same` and the empty form alone, and is kept
    under a digest of `same`: nothing of one run can come to stand on another's page. A form that was filled in is
    rendered anew.
    """
    name = token.split_contents()[1]
    nodelist = parser.parse(("endrendered_once",))
    parser.delete_first_token()
    return RenderedOnce(name, nodelist)


class RenderedOnce(template.Node):
    def __init__(self, name: str, nodelist: template.NodeList):
        self.name, self.nodelist = name, nodelist

    def render(self, context) -> str:
        same, form = context["same"], context["form"]
        own = context.new({**same, "form": form})
        if form is not None and form.is_bound:
            return self.compose(own)
        shown = json.dumps([self.name, get_language(), same], cls=DjangoJSONEncoder)
        return cache.get_or_set(sha256(shown.encode()).hexdigest(), lambda: self.compose(own), None)

    def compose(self, own) -> str:
        return self.nodelist.render(own)
