"""Parts of pages are rendered once for all to whom they show the same, and never hold what is one run's own."""

import pytest
from django import forms
from django.core.cache import caches
from django.template import Context, Engine, Template
from django.utils import translation

from studyapp.templatetags.rendering import RenderedOnce, Shared

PART = "{{ name }}{{ token }}{{ form.x.value|default_if_none:'' }}"
TEMPLATE = "{% load rendering %}{% rendered_once part %}" + PART + "{% endrendered_once %}"


class Asked(forms.Form):
    x = forms.CharField(required=False)


@pytest.fixture
def renderings(monkeypatch):
    """The names of the parts that were rendered, rather than taken from what is kept."""
    seen = []
    compose = RenderedOnce.compose
    monkeypatch.setattr(RenderedOnce, "compose", lambda self, own: seen.append(self.name) or compose(self, own))
    return seen


def shown(same, form=None, **own):
    return Template(TEMPLATE).render(Context({**same, "same": same, "form": form, **own}))


def test_what_is_one_runs_own_does_not_reach_the_shared_part():
    assert shown({"name": "a title"}, token="1-secret") == "a title"


def test_the_same_is_kept_and_anything_else_rendered_anew(renderings):
    names = ["one", "one", "two", "one"]
    assert [shown({"name": name}) for name in names] == names
    assert renderings == ["part"] * 2


def test_what_nobody_asks_for_again_is_the_first_to_go(renderings, monkeypatch):
    kept = caches["default"]
    monkeypatch.setattr(kept, "_max_entries", 10)
    for number in range(100):
        assert shown({"name": "asked for again"}) == "asked for again"
        shown({"name": f"one participant's board {number}"})
    assert len(renderings) == 101
    assert len(kept._cache) <= 10


def test_a_filled_in_form_is_neither_kept_nor_shown_to_anybody_else(renderings):
    assert shown({"name": "asked "}, Asked({"x": "my words"})) == "asked my words"
    assert shown({"name": "asked "}, Asked()) == "asked "
    assert shown({"name": "asked "}, Asked({"x": "my words"})) == "asked my words"
    assert renderings == ["part"] * 3


def test_each_language_has_a_rendering_of_its_own(renderings):
    for language in ("en", "en", "de", "en"):
        with translation.override(language):
            shown({"name": "in words"})
    assert renderings == ["part"] * 2


def shared(**context) -> str:
    template = "{% load rendering %}{% shared card x y %}{{ x.name }}{{ y }}{{ token }}{% endshared %}"
    return Template(template).render(Context(context))


def test_a_shared_part_sees_what_it_names_alone_and_is_rendered_once_for_all_pages(monkeypatch):
    assert shared(x={"name": "a "}, y=1, token="1-secret") == "a 1"
    rendered = []
    compose = Shared.compose
    monkeypatch.setattr(Shared, "compose", lambda self, own: rendered.append(own["y"]) or compose(self, own))
    assert [shared(x={"name": "a "}, y=y, token=token) for y, token in ((1, "2-b"), (2, "3-c"), (2, ""))] == [
        "a 1",
        "a 2",
        "a 2",
    ]
    assert rendered == [2]
    with translation.override("de"):
        assert shared(x={"name": "a "}, y=2) == "a 2"
    assert rendered == [2, 2]


def test_a_part_shared_by_template_shows_what_each_template_fills_in_and_nothing_that_it_does_not_name():
    base = "{% load rendering %}{% shared_by_template head x %}{{ x }}{{ token }}{% block head %}{% endblock %}"
    pages = {
        "base.html": base + "{% endshared_by_template %}",
        "one.html": '{% extends "base.html" %}{% block head %} one{% endblock %}',
        "two.html": '{% extends "base.html" %}{% block head %} two{% endblock %}',
    }
    libraries = {"rendering": "studyapp.templatetags.rendering"}
    engine = Engine(loaders=[("django.template.loaders.locmem.Loader", pages)], libraries=libraries)

    def page(name: str, **context) -> str:
        return engine.get_template(name).render(Context(context))

    for _ in range(2):
        assert page("one.html", x=1, token="1-secret") == "1 one"
        assert page("two.html", x=1) == "1 two"
        assert page("two.html", x=2) == "2 two"
