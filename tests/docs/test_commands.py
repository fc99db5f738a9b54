"""Every `manage.py` command in the documentation exists, with the options that stand there."""

import re

import pytest
from django.core.management import get_commands, load_command_class

from tests.docs.pages import DOCS

LINE = re.compile(r"(?:^|[\s`])(?:\.venv/bin/)?python manage\.py ([a-z_]+)([^\n`#]*)")
PAGES = [*sorted(DOCS.glob("*.md")), DOCS.parent / "README.md"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_its_commands_and_options_exist(path):
    for name, rest in LINE.findall(path.read_text(encoding="utf-8")):
        assert name in get_commands(), name
        parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        known = {option for action in parser._actions for option in action.option_strings}
        assert set(re.findall(r"(?<!\S)\[?(--[a-z-]+)", rest)) <= known, f"{name}{rest}"
