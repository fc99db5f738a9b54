"""What only a mouse shows: nothing of the desk stands in a `title` alone."""

import re

import pytest
from django.conf import settings

TEMPLATES = settings.APP_DIR / "desk" / "templates"
INSIDE = r"(?:\{\{[^}]*\}\}|\{%.*?%\}|[^<>{])"  # no text can be read in two ways, or long tags take minutes
TAG = re.compile(rf"""<(\w+)({INSIDE}*?\stitle="[^"]*"{INSIDE}*)>""")
TITLE = re.compile(r'\stitle="([^"]*)"')
VALUE = re.compile(r"\{\{ *([\w.]+)")


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.relative_to(TEMPLATES).as_posix()
)
def test_nothing_stands_in_a_title_alone(path):
    text = path.read_text(encoding="utf-8")
    elsewhere = VALUE.findall(TITLE.sub("", text))
    for tag, rest in TAG.findall(text):
        if tag == "iframe" or " pattern=" in rest:
            continue  # its name; what the browser says of what does not fit
        (title,) = TITLE.findall(rest)
        named = VALUE.findall(title)
        assert named, title
        assert set(named) <= set(elsewhere), title
