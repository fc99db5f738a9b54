"""Every link and picture in the documentation leads somewhere, and the index leads to every page."""

import re

import pytest

from tests.docs.pages import DOCS

LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
PAGES = sorted(DOCS.glob("*.md"))


def links(path) -> list[str]:
    without_code = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [target for target in LINK.findall(without_code) if not re.match(r"[a-z]+:", target)]


@pytest.mark.parametrize("path", [*PAGES, DOCS.parent / "README.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    assert [target for target in links(path) if not (path.parent / target).exists()] == []


def test_the_index_leads_to_every_page():
    assert {path.name for path in PAGES} - {"index.md"} <= set(links(DOCS / "index.md"))
